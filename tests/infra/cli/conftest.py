"""What the tests of `secret-access prove` share."""

import pytest

from secret_access.cli import prove as command
from secret_access.probe import running
from tests.infra.probe.pods import FakeCluster, pod


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """One with the namespaces test and prod, which a cloud keeps apart."""
    there = FakeCluster([pod("test"), pod("prod")])
    monkeypatch.setattr(command, "Kubectl", lambda **_: there)
    monkeypatch.setattr(running, "PAUSE", 0.001)
    return there
