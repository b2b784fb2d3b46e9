"""Paths of Vault by which a token takes more rights than its policies have. Pure.

Sources: https://developer.hashicorp.com/vault/docs/concepts/policies (root-protected paths),
https://developer.hashicorp.com/vault/api-docs/auth/token (`sudo` on auth/token/create lifts the limit to one's own
policies), https://developer.hashicorp.com/vault/api-docs/system.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ..emptiness import member
from ..strings import StringSet, glob, intersection, union
from .policies import WRITES, Path, allowed

ROOTS = ("sys", "auth", "identity", "cubbyhole")
"""Where Vault mounts nothing of anybody's."""
_BY_WRITING = (
    "sys/policies/acl/*",
    "sys/policy/*",
    "sys/auth/*",
    "sys/audit/*",
    "sys/plugins/*",
    "sys/raw/*",
    "sys/remount",
    "sys/storage/raft/snapshot*",
    "sys/sync/*",
    "auth/*/role/*",
    "auth/*/roles/*",
    "auth/*/users/*",
    "auth/*/groups/*",
    "auth/*/certs/*",
    "auth/*/map/*",
    "auth/*/config*",
    "identity/entity*",
    "identity/group*",
    "identity/alias*",
    "identity/persona*",
)
_BY_DELETING = ("sys/mounts/*", "sys/namespaces/*")
"""All values below go with them."""
_RAW = "sys/raw/*"
"""Of the root namespace alone: storage as it is kept, which may be read, too."""
_WITH_SUDO = ("auth/token/create", "auth/token/create-orphan")


def taking(found: Sequence[Path], mounts: Collection[str]) -> str | None:
    """Return a path by which a token with these policies may take every right; `mounts` are engines' own.

    Raises Undecided.
    """
    about = [each for each in found if _may_be_about_rights(each.path.removeprefix(each.where), mounts)]
    for where in dict.fromkeys(each.where for each in about):
        inside = [replace(each, path=each.path.removeprefix(where)) for each in about if each.where == where]
        if (path := member(_taking(inside))) is not None:
            return f"{where}{path}"
    return None


def is_below(path: str, mounts: Iterable[str]) -> bool:
    """Return whether all that a policy's path matches is below one of these mounts."""
    return any(path.startswith(f"{mount}/") for mount in mounts)


def _taking(about: Sequence[Path]) -> StringSet:
    may_write = allowed(about, WRITES)
    return union(
        [
            may_write & _paths(_BY_WRITING),
            allowed(about, frozenset({"delete"})) & _paths(_BY_DELETING),
            allowed(about, frozenset({"read"})) & glob(_RAW),
            intersection([allowed(about, frozenset({"sudo"})), may_write, _paths(_WITH_SUDO)]),
        ]
    )


def _may_be_about_rights(path: str, mounts: Collection[str]) -> bool:
    """Whether a path's own text reaches Vault's system paths: the rest behind a secret's prefix is no such path."""
    if is_below(path, [*mounts, "cubbyhole"]):
        return False
    first, *more = path.removesuffix("*").split("/")
    return not more or any(segment == "+" or segment in ROOTS for segment in (first, *more))


def _paths(texts: Iterable[str]) -> StringSet:
    """The paths, in a Vault namespace and in those below it."""
    below = union(glob(f"*/{text}") for text in texts) - union(glob(f"{root}/*") for root in ROOTS)
    return union([*map(glob, texts), below])
