"""One cluster for all tests of preflight: each makes its faults in namespaces of its own, and takes others back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.preflight.scene import Scene


@pytest.fixture(scope="session")
def scene(tools: Path, kubectl_command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Nothing is wrong with it."""
    with Scene.running(tools, kubectl_command, tmp_path_factory.mktemp("preflight")) as running:
        yield running
