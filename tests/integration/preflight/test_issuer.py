"""The issuer of a real API server's tokens, served over HTTPS on the loopback: each fault is made, and found."""

from __future__ import annotations

import time
from datetime import timedelta
from email.utils import formatdate
from typing import Any

import pytest

from tests.integration.preflight.scene import DISCOVERY, KEYS, Scene, only

ISSUER_FAULTS: dict[str, tuple[str, str]] = {
    "gone": ("issuer-document", "404"),
    "another issuer": ("issuer-document", "is of issuer 'https://other.example', the cluster's tokens are of"),
    "keys behind a sign-in": ("issuer-keys", "401"),
    "keys by http": ("issuer-document", "expected an https:// URL"),
    "other keys": ("issuer-keys", "not published"),
    "a key changed under its name": ("issuer-keys", "not published"),
    "no keys": ("issuer-keys", "not published"),
    "an untrusted certificate": ("issuer-document", "certificate verify failed"),
    "an expired certificate": ("issuer-document", "certificate has expired"),
}


@pytest.mark.parametrize("fault", ISSUER_FAULTS)
def test_faults_of_the_issuer_are_found(scene: Scene, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Each is an error with what to do, and no other is found."""
    documents, good_keys = dict(scene.answers.documents), scene.answers.documents[KEYS]
    document: Any = documents[DISCOVERY]
    (key,) = good_keys["keys"]  # type: ignore[index]
    changes: dict[str, dict[str, Any]] = {
        "gone": {DISCOVERY: 404},
        "another issuer": {DISCOVERY: document | {"issuer": "https://other.example"}},
        "keys behind a sign-in": {KEYS: 401},
        "keys by http": {DISCOVERY: document | {"jwks_uri": "http://127.0.0.1/jwks"}},
        "other keys": {KEYS: {"keys": [key | {"kid": "other"}]}},
        "a key changed under its name": {KEYS: {"keys": [key | {"n": key["n"][::-1]}]}},
        "no keys": {KEYS: {"keys": []}},
    }
    certificates = {"an untrusted certificate": scene.stranger, "an expired certificate": scene.expired}
    monkeypatch.setattr(scene.answers, "documents", documents | changes.get(fault, {}))
    monkeypatch.setattr(scene.answers, "certificate", certificates.get(fault, scene.answers.certificate))
    found = scene.of_issuer()
    check, text = ISSUER_FAULTS[fault]
    errors = [each for several in found.values() for each in several if each.severity != "ok"]
    assert [(each.id, each.severity) for each in errors] == [(check, "error")]
    assert text in errors[0].found
    assert errors[0].mend


def test_a_key_that_the_cluster_no_longer_has_is_a_warning(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever kept it signs tokens that the cloud accepts."""
    (key,) = scene.answers.documents[KEYS]["keys"]  # type: ignore[index]
    monkeypatch.setitem(scene.answers.documents, KEYS, {"keys": [key, key | {"kid": "old"}]})
    found = only(scene.of_issuer(), "issuer-keys")
    assert (found.severity, found.found) == ("warning", "published, and not the cluster's: old")


@pytest.mark.parametrize(
    ("late", "severity"), [(timedelta(seconds=30), "warning"), (timedelta(minutes=-5), "error"), (timedelta(), "ok")]
)
def test_clocks_that_differ_are_found(scene: Scene, late: timedelta, severity: str) -> None:
    """Of the API server, which tokens have, and this machine; the issuer's server agrees with the cluster."""
    found = scene.of_issuer(late)
    assert only(found, "clock").severity == severity
    assert only(found, "issuer-clock").severity == "ok"


def test_the_time_of_a_kept_answer_is_that_of_now(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content delivery network says when it fetched the document, and how long ago that was."""
    hour_ago = formatdate(time.time() - 3600, usegmt=True)
    monkeypatch.setattr(scene.answers, "headers", {"Date": hour_ago})
    assert only(scene.of_issuer(), "issuer-clock").severity == "error"
    monkeypatch.setattr(scene.answers, "headers", {"Date": hour_ago, "Age": "3600"})
    assert only(scene.of_issuer(), "issuer-clock").severity == "ok"
