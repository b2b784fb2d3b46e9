"""A request falls straight down: server, api, reading, vaults, http_client. No module imports from a layer above."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import secret_sidecar

PACKAGE = Path(secret_sidecar.__file__).parent
VAULTS = ("aws", "gcp", "azure", "hashicorp", "password_store")
LAYERS = (
    {"__main__"},
    {"server"},
    {"shared"},
    {"app"},
    {"api"},
    {"reading"},
    {"settings", "vaults"},
    {"http_client"},
    {"retry", "env_fields", "errors", "file_state", "problems", "flat_json", "logs"},
)
"""From the top; `http_server` stands beside them, and imports only from the last."""


def imports(path: Path) -> set[str]:
    """What a module imports of this package, but for the type checker: dotted names below `secret_sidecar`."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "secret_sidecar":
            base = node.module.removeprefix("secret_sidecar").removeprefix(".")
            found |= {".".join(filter(None, (base, alias.name))) for alias in node.names}
    return found


def modules() -> list[tuple[str, Path]]:
    """Every module's dotted name below `secret_sidecar`."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(".".join(path.relative_to(PACKAGE).with_suffix("").parts), path) for path in paths]


def layer(name: str) -> int | None:
    top = name.partition(".")[0]
    return next((number for number, tops in enumerate(LAYERS) if top in tops), None)


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_no_module_imports_from_above(name: str, path: Path) -> None:
    """What a module uses is in its own layer or below."""
    own = layer(name)
    for imported in imports(path):
        other = layer(imported)
        if own is not None and other is not None:
            assert other >= own, f"{name} imports {imported}"


def test_a_vault_is_named_by_its_own_package_and_where_it_is_opened() -> None:
    """Nothing else imports one of the five: adding a vault is a package and a case in vaults/open.py."""
    for name, path in modules():
        for imported in imports(path):
            vault = imported.split(".")[1] if imported.startswith("vaults.") else ""
            if vault in VAULTS:
                assert name == "vaults.open" or name.startswith(f"vaults.{vault}."), f"{name} imports {imported}"


def test_the_http_server_and_the_http_client_know_nothing_of_secrets() -> None:
    """Either could be another project's."""
    for name, path in modules():
        package = name.partition(".")[0]
        if package in {"http_server", "http_client"}:
            for imported in imports(path):
                assert imported.partition(".")[0] in {package, *LAYERS[-1]}, f"{name} imports {imported}"
