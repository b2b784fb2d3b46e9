"""A cloud's SDK is imported by its own package alone, so that one extra is enough to install."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import secret_access

INFRA = Path(secret_access.__file__).parents[1]
SDKS = {"pulumi_aws": "aws", "pulumi_gcp": "gcp", "pulumi_azure_native": "azure", "pulumi_vault": "vault"}
"""The SDK of each cloud, and the package and extra that are named after the cloud."""
CLASSES = {
    module.partition(".")[0]: name
    for module, names in secret_access._MODULES_OF_CLOUDS.items()
    for name in names
    if name.endswith("SecretAccess")
}
"""The access component of each cloud."""
MAKERS = ("access", "association", "audit_trail", "cluster_trust", "role", "shared_role", "target_role")
"""Modules of a cloud that make resources."""


def modules() -> list[Path]:
    """Every module of the components and of the program."""
    return sorted([*INFRA.glob("*.py"), *INFRA.glob("clouds/*.py"), *INFRA.glob("secret_access/**/*.py")])


def imports(path: Path) -> Iterator[str]:
    """What a module imports when it runs, not for the type checker: dotted names below `secret_access` begin with ."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    package = path.relative_to(INFRA).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join(filter(None, (*start, node.module)))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def cloud_of(path: Path) -> str:
    """The cloud whose module this is; empty for the others."""
    parts = path.relative_to(INFRA).with_suffix("").parts
    named = parts[1] if parts[0] in ("secret_access", "clouds") and len(parts) > 1 else ""
    return named if named in SDKS.values() else ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(INFRA)))
def test_a_clouds_sdk_is_imported_by_its_own_modules_alone(path: Path) -> None:
    """Of those, by the ones that make resources: documents, checks and settings are pure."""
    for imported in imports(path):
        cloud = SDKS.get(imported.partition(".")[0])
        if cloud:
            assert cloud_of(path) == cloud, f"imports {imported}"
            assert path.parent.name == "clouds" or path.stem in MAKERS, f"imports {imported}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(INFRA)))
def test_no_cloud_knows_another(path: Path) -> None:
    """What two clouds share is in secret_access itself."""
    own = cloud_of(path)
    for imported in imports(path):
        parts = imported.split(".")
        other = parts[1] if parts[0] == "secret_access" and len(parts) > 1 else ""
        if own and other in SDKS.values():
            assert other == own, f"imports {imported}"


def test_what_a_pod_is_made_of_does_not_know_how_pods_of_others_get_it() -> None:
    """`injection/` stands above `pods/`."""
    for path in INFRA.glob("secret_access/pods/*.py"):
        assert [name for name in imports(path) if name.startswith("secret_access.injection")] == [], path.name


def python(program: str) -> str:
    """What a program prints in a Python that does not have the SDKs of the clouds but AWS's."""
    blocked = [sdk for sdk, cloud in SDKS.items() if cloud != "aws"]
    finder = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""
    ran = subprocess.run([sys.executable, "-c", finder + program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_no_sdk_is_imported_before_a_class_of_its_cloud_is_used() -> None:
    """`import secret_access` works with one extra, whichever, and costs nobody the start of another cloud's SDK."""
    loaded = python(f"import secret_access; print([sdk for sdk in {list(SDKS)} if sdk in sys.modules])")
    assert loaded.strip() == "[]"


def test_with_one_extra_the_other_clouds_say_which_they_need() -> None:
    """AWS's classes work with AWS's extra alone; each class of another cloud names the extra that brings its SDK."""
    program = """
import secret_access
print(secret_access.AwsSecretAccess.__name__, secret_access.ClusterTrust.__name__)
for module, names in secret_access._MODULES_OF_CLOUDS.items():
    for name in names:
        try:
            getattr(secret_access, name)
        except ImportError as error:
            print(module.partition(".")[0], error)
"""
    first, *others = python(program).splitlines()
    assert first == "AwsSecretAccess ClusterTrust"
    for line in others:
        cloud, _, message = line.partition(" ")
        assert f"install secret-access[{cloud}], or secret-access[all]" in message
    missing = {module.partition(".")[0] for module in secret_access._MODULES_OF_CLOUDS} - {"aws"}
    assert {line.partition(" ")[0] for line in others} == missing


def test_the_command_starts_without_pulumi() -> None:
    """None of its commands needs Pulumi, whose import takes longer than what they do."""
    program = f"""
import sys
from secret_access.cli.main import COMMANDS, cli
for name in COMMANDS:
    assert cli.get_command(None, name).name == name
print([name for name in ("pulumi", "pulumi_kubernetes", {", ".join(map(repr, SDKS))}, "grpc") if name in sys.modules])
"""
    assert python(program).strip() == "[]"


def test_a_command_starts_without_what_others_import() -> None:
    """Here without the client of TLS servers and the templates of reports."""
    program = """
import sys
from secret_access.cli.main import cli
cli.get_command(None, "evaluate")
print([name for name in ("jinja2", "http.client", "ssl", "secret_access.cli.prove") if name in sys.modules])
"""
    assert python(program).strip() == "[]"


def test_every_public_name_is_there() -> None:
    """Each is imported when it is first used, and a missing one would be seen then alone."""
    for name in secret_access.__all__:
        assert getattr(secret_access, name).__name__ == name
