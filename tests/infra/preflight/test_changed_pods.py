"""What admission put into a pod with the sidecar is told by what came back."""

from copy import deepcopy
from typing import Any

import pytest

from secret_access.preflight import admission

SENT = admission.pod("shop", "sidecar")


def token(**of: object) -> dict[str, Any]:
    return {"name": "injected", "projected": {"sources": [{"serviceAccountToken": {"path": "token", **of}}]}}


def changed(field: str, added: dict[str, Any]) -> list[tuple[str, str]]:
    """What is found of a pod that has more."""
    admitted: dict[str, Any] = deepcopy(SENT)
    admitted["spec"].setdefault(field, []).append(added)
    return [(str(check.severity), check.found) for check in admission.changed("shop", SENT, admitted)]


@pytest.mark.parametrize(
    ("of", "audience"), [({"audience": "sts.amazonaws.com"}, "sts.amazonaws.com"), ({}, "the cluster")]
)
def test_a_token_of_another_identity_is_an_error(of: dict[str, object], audience: str) -> None:
    """Whichever service it is for; without an audience it is the API server's."""
    assert changed("volumes", token(**of)) == [("error", f"admission adds a token for injected ({audience})")]


@pytest.mark.parametrize("field", ["containers", "initContainers"])
def test_a_container_more_is_a_warning(field: str) -> None:
    """It reaches the sidecar as the application does."""
    assert changed(field, {"name": "proxy"}) == [("warning", "admission adds the container proxy")]


def test_what_gives_no_identity_is_not_mentioned() -> None:
    """Volumes without a token, the pod as it was sent, and the sidecar's own token."""
    assert changed("volumes", {"name": "certificates", "configMap": {"name": "ca"}}) == []
    assert changed("volumes", {"name": "ca", "projected": {"sources": [{"configMap": {"name": "ca"}}]}}) == []
    assert changed("volumes", {"name": "empty", "projected": {"sources": None}}) == []
    assert list(admission.changed("shop", SENT, SENT)) == []
