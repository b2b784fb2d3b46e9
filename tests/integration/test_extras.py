"""The clouds' SDKs as they are installed: one extra alone, and the program's environment with all."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.infra.test_layers import CLASSES, SDKS
from tools import setup


def environment(folder: Path, *arguments: str) -> Path:
    """Make an environment of the distribution secret-access, as locked; return its Python."""
    env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    env |= {"UV_SYSTEM_CERTS": "1", "UV_PROJECT_ENVIRONMENT": str(folder)}
    subprocess.run([setup.find_uv(), "sync", "--frozen", "--quiet", *arguments], cwd=setup.PROGRAM, env=env, check=True)
    return folder / "bin" / "python"


def printed(python: Path, program: str) -> str:
    ran = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def answers(python: Path, name: str) -> str:
    """The class that `secret_access` has under a name, or why it has none."""
    program = f"""
import secret_access
try:
    print(secret_access.{name}.__name__)
except ImportError as error:
    print(error)
"""
    return printed(python, program).strip()


@pytest.mark.parametrize(("sdk", "extra"), [(sdk, cloud) for sdk, cloud in SDKS.items() if cloud in CLASSES])
def test_one_extra_is_enough(tmp_path: Path, sdk: str, extra: str) -> None:
    """`import secret_access` works, so do the classes of its cloud; those of others say which extra to install."""
    python = environment(tmp_path, "--no-default-groups", "--extra", extra)
    assert answers(python, CLASSES[extra]) == CLASSES[extra]
    for other in CLASSES.keys() - {extra}:
        assert f"install secret-access[{other}], or secret-access[all]" in answers(python, CLASSES[other])
    installed = f"import importlib.util as i; print([s for s in {list(SDKS)} if i.find_spec(s)])"
    assert printed(python, installed).strip() == str([sdk])


def test_the_program_has_the_sdks_of_all_clouds(tmp_path: Path) -> None:
    """Pulumi's language host makes its environment with `uv sync` in the program's folder, and no argument."""
    python = environment(tmp_path)
    for sdk in SDKS:
        printed(python, f"import importlib.util; assert importlib.util.find_spec({sdk!r})")
