"""Whether a cloud can check the cluster's tokens: by the issuer's address, and by the keys published there. Pure.

https://openid.net/specs/openid-connect-discovery-1_0.html and
https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .check import Check, Severity

Document = Mapping[str, Any]
DOCUMENT, KEYS = "the issuer's document", "the issuer's keys"
MATERIAL = ("kty", "n", "e", "crv", "x", "y")
"""What makes a public key (RFC 7518, section 6); names and uses beside it may differ."""
INSIDE = (".svc", ".cluster.local", ".local", ".internal", "localhost")
"""Endings of hosts that nobody outside resolves."""
PUBLIC = (
    "give the API server --service-account-issuer=https://… that the vault reaches, and serve both documents there "
    "(on AKS: az aks update --enable-oidc-issuer)"
)
SAME_KEYS = "publish what `kubectl get --raw /openid/v1/jwks` prints at the issuer's jwks_uri"


def discovery_url(issuer: str) -> str:
    """Return where the issuer's document is."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def address(issuer: str) -> Check:
    """Judge the issuer's URL."""
    what = "the issuer's address"
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname:
        return Check("issuer-address", Severity.ERROR, what, f"{issuer!r} is no https:// URL", PUBLIC)
    if parts.query or parts.fragment:
        return Check("issuer-address", Severity.ERROR, what, f"{issuer!r} has a query or a fragment", PUBLIC)
    if parts.hostname.endswith(INSIDE):
        return Check("issuer-address", Severity.ERROR, what, f"{issuer!r} is a name inside the cluster", PUBLIC)
    return Check("issuer-address", Severity.OK, what, issuer)


def published(issuer: str, document: Document) -> Check:
    """Judge the document that is served at the issuer."""
    what, where = DOCUMENT, discovery_url(issuer)
    said = document.get("issuer")
    if said != issuer:
        found = f"{where} is of issuer {said!r}, the cluster's tokens are of {issuer!r}"
        return Check("issuer-document", Severity.ERROR, what, found, "serve the cluster's own document, to the letter")
    uri = document.get("jwks_uri")
    if not isinstance(uri, str) or urlsplit(uri).scheme != "https":
        found = f"{where} has jwks_uri {uri!r}, expected an https:// URL"
        return Check("issuer-document", Severity.ERROR, what, found, "give the API server --service-account-jwks-uri")
    return Check("issuer-document", Severity.OK, what, f"served at {where}")


def keys(of_cluster: Document, of_issuer: Document) -> Check:
    """Hold the keys that are published against those that the cluster signs with."""
    what = KEYS
    ours, theirs = _materials(of_cluster), _materials(of_issuer)
    missing = sorted(name for name in ours if ours[name] != theirs.get(name))
    if missing or not ours:
        found = f"not published: {', '.join(missing)}" if ours else "the cluster has no key"
        return Check("issuer-keys", Severity.ERROR, what, found, SAME_KEYS)
    more = sorted(theirs.keys() - ours.keys())
    if more:
        found = f"published, and not the cluster's: {', '.join(more)}"
        mend = "remove them, unless keys are being changed just now: whoever has one signs tokens for every identity"
        return Check("issuer-keys", Severity.WARNING, what, found, mend)
    return Check("issuer-keys", Severity.OK, what, f"published: {', '.join(sorted(ours))}")


def _materials(document: Document) -> dict[str, tuple[Any, ...]]:
    return dict(_material(key) for key in document.get("keys") or ())


def _material(key: Document) -> tuple[str, tuple[Any, ...]]:
    return str(key.get("kid", "")), tuple(key.get(part) for part in MATERIAL)


def not_served(what: str, url: str, reason: str) -> Check:
    """Judge that a document was not read at its place."""
    found = f"{url} was not read from here: {reason}"
    mend = (
        "let the vault read it without signing in, and with a certificate that it trusts; where only this machine "
        "cannot, ask from another"
    )
    return Check("issuer-keys" if what == KEYS else "issuer-document", Severity.ERROR, what, found, mend)
