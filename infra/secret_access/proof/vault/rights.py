"""What a token with some policies may do to values, and by which path. Pure.

Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2: values of version 2 are at `data/`; they are
removed and brought back at `delete/`, `undelete/`, `destroy/` and `metadata/` too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..strings import ANYTHING, StringSet, union
from .mounts import Mounts
from .policies import VALUES, WRITES, Path, allowed, statement
from .taking import taking

_KINDS = ("delete", "undelete", "destroy", "metadata")
_REMOVES = WRITES | {"delete"}


@dataclass(frozen=True)
class Rights:
    """The rights of a token. `allowed` and `taken` raise Undecided."""

    paths: tuple[Path, ...]
    mounts: Mounts

    @cached_property
    def allowed(self) -> StringSet:
        """The paths of values that it may use: all where it may take every right."""
        if self.taken is not None:
            return ANYTHING
        return union(allowed(paths, capabilities) for paths, capabilities in self._ways)

    def why(self, path: str) -> str:
        """Return the policy's path that lets a path of `allowed` through."""
        if self.taken is not None:
            return statement(self.paths, self.taken)
        return next(statement(paths, path) for paths, can in self._ways if path in allowed(paths, can))

    @cached_property
    def taken(self) -> str | None:
        """A path by which it may take every right."""
        return taking(self.paths, self.mounts.known)

    @cached_property
    def _ways(self) -> list[tuple[Sequence[Path], frozenset[str]]]:
        """The paths of values, and those by which versions are removed as paths of values, each with what it takes."""
        mounts = [mount for mount, versions in self.mounts.versions.items() if 2 in versions]
        removing = [list(_as_values(self.paths, mounts, kind)) for kind in _KINDS]
        return [(self.paths, VALUES), *((paths, _REMOVES) for paths in removing if paths)]


def _as_values(paths: Sequence[Path], mounts: Sequence[str], kind: str) -> Iterator[Path]:
    """Yield the paths at MOUNT/KIND/ as ones at MOUNT/data/; none where these remove nothing."""
    if not any(each.capabilities & _REMOVES for each in paths):
        return
    for mount in mounts:
        head = f"{mount}/{kind}/"
        for each in paths:
            named = f'{each.policy} ("{each.path}" removes versions)'
            if each.path.endswith("*") and head.startswith(each.path[:-1]):
                covers = f"{mount}/data/".startswith(each.path[:-1])
                yield replace(each, policy=named, path=each.path if covers else f"{mount}/*")
            elif (rest := _behind(each.path, head)) is not None:
                yield replace(each, policy=named, path=f"{mount}/data/{rest}")


def _behind(path: str, head: str) -> str | None:
    """Return what follows a head in a policy's path, where `+` stands for any segment; None where it has another."""
    wanted, segments = head.split("/")[:-1], path.split("/")
    first, rest = segments[: len(wanted)], segments[len(wanted) :]
    if rest and all(segment in (want, "+") for segment, want in zip(first, wanted, strict=True)):
        return "/".join(rest)
    return None
