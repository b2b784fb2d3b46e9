"""The messages of the real Kubernetes plugin: a search for one of them finds its explanation."""

from __future__ import annotations

_GUIDE = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources"
)
_NOT_LIVE = "the Kubernetes API server reported that {} failed to fully initialize or become live: {}"


def not_made(urn: str, why: str) -> str:
    """The API server did not take a new object."""
    return f'resource "{urn}" was not successfully created by the Kubernetes API server: {why}'


def made_but_not_live(urn: str, why: str) -> str:
    """A new object did not become ready."""
    return f'resource "{urn}" was successfully created, but ' + _NOT_LIVE.format("it", why)


def not_live(identity: str, why: str) -> str:
    """An object was not changed, or did not become ready afterwards."""
    return _NOT_LIVE.format(f'"{identity}"', why)


def unhealthy(name: str) -> str:
    """An object that is read is not ready."""
    return f"Resource '{name}' was created but failed to initialize"


def timed_out(name: str) -> str:
    """An object was not ready in time."""
    return f"'{name}' timed out waiting to be Ready"


def cancelled(name: str) -> str:
    """The person interrupted the waiting."""
    return f'Resource operation was cancelled for "{name}"'


def conflict(manager: str, why: str) -> str:
    """Somebody else manages a field that is to change."""
    return (
        f"Server-Side Apply field conflict detected. See {_GUIDE} for troubleshooting help.\n"
        f'The resource managed by field manager "{manager}" had an apply conflict: {why}'
    )
