"""Each module of the laptop environment can be imported first: none needs another to be loaded before it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["aws.cloud", "azure.cloud", "google.cloud", "vault.cloud", "machine", "host"])
def test_a_module_can_be_imported_first(name: str) -> None:
    ran = subprocess.run([sys.executable, "-c", f"import local.{name}"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
