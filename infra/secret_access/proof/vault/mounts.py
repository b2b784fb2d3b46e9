"""Where secrets engines are mounted, and how the names of KV's secrets are spelled there. Pure.

Sources: https://developer.hashicorp.com/vault/api-docs/system/mounts (`kv` is version 1 unless its options say 2; a
mount has none below it), https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.
"""

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..declared import settings
from ..isolation import Spelling
from ..preview import UNKNOWN, Resource
from ..strings import (
    ANYTHING,
    NOTHING,
    Pattern,
    StringSet,
    complement,
    glob,
    intersection,
    literal,
    sequence,
    some,
    union,
)
from .policies import VALUES, Path, allowed
from .taking import ROOTS, is_below

MOUNT = "vault:index/mount:Mount"
_OTHER_ENGINE = re.compile(
    r"vault:(?!kv/)\w+/(secretBackend|secretsMount|backend):\w+|vault:index/nomadSecretBackend:\w+"
)
_KEPT_IN = {"vault:kv/secretV2:SecretV2": "mount", "vault:kv/secretBackendV2:SecretBackendV2": "mount"}
_DATA, _BY_DEFAULT = "/data/", "secret"
_CHARS = string.ascii_letters + string.digits + "_+=.@-"
_REST = Pattern(ANYTHING.parts)
"""KV takes names of any characters."""
_ANY_MOUNT = sequence(some(_CHARS), some(_CHARS + "/", 0, more=True))
ANOTHER = "another-namespace/"
"""Stands for the prefixes of namespaces that nobody declared."""


@dataclass
class Mounts:
    """The engines that the stack makes, or that its policies and pods name, each path from the root namespace."""

    versions: dict[str, frozenset[int]]
    """Of KV, by path: both where nobody knows."""
    others: frozenset[str]
    """Paths of engines that keep no secrets by name."""

    @property
    def known(self) -> list[str]:
        """All paths."""
        return sorted({*self.versions, *self.others})


def mounts(
    resources: Sequence[Resource], policies: Iterable[Path], where: Callable[[Resource], str], undecided: list[str]
) -> Mounts:
    """Return what is mounted where; `where` tells the Vault namespace of a resource."""
    made: dict[str, frozenset[int]] = {}
    others: set[str] = set()
    for each in resources:
        if each.type == MOUNT or _OTHER_ENGINE.fullmatch(each.type):
            versions = _versions(each) if each.type == MOUNT else frozenset()
            path = each.text("path") or each.text("backend")
            if path is None and (versions or each.is_pending("path")):
                undecided.append(f"the path of the mount {each.name} is known only after `pulumi up`")
            elif path is not None and versions:
                made[f"{where(each)}{path.strip('/')}"] = versions
            elif path is not None:
                others.add(f"{where(each)}{path.strip('/')}")
        elif each.type in _KEPT_IN and (path := each.text(_KEPT_IN[each.type])) is not None:
            made.setdefault(f"{where(each)}{path.strip('/')}", frozenset({2}))
    for mount in (*_told(resources), *_named(policies)):
        if not is_below(f"{mount}/", (*made, *others)):
            made.setdefault(mount, frozenset({2}))
    return Mounts(made or {_BY_DEFAULT: frozenset({2})}, frozenset(others))


def _versions(mount: Resource) -> frozenset[int]:
    """The versions of KV that a mount may be; none for another engine."""
    kind, options = mount.text("type"), mount.inputs.get("options")
    if kind in ("kv-v2", "kv-v1", "generic"):
        return frozenset({2 if kind == "kv-v2" else 1})
    if kind is None:
        return frozenset({1, 2})
    if kind != "kv":
        return frozenset()
    version = options.get("version", 1) if isinstance(options, Mapping) else 1 if options is None else UNKNOWN
    return frozenset({int(version)}) if str(version) in ("1", "2") else frozenset({1, 2})


def _told(resources: Sequence[Resource]) -> Iterable[str]:
    """Yield the mounts that pods are told to read."""
    for _, each in settings(resources, "vault"):
        mount, namespace = each.get("SECRETS_VAULT_MOUNT", _BY_DEFAULT), each.get("VAULT_NAMESPACE")
        if isinstance(mount, str) and UNKNOWN not in f"{mount}{namespace}":
            yield f"{namespace.strip('/')}/{mount}" if isinstance(namespace, str) and namespace else mount


def _named(policies: Iterable[Path]) -> Iterable[str]:
    """Yield the mounts that policies name by the path of version 2's values."""
    for each in policies:
        mount, found, _ = each.path.partition(_DATA)
        if found and not set(mount) & set("+*{"):
            yield mount


def spelling(found: Mounts) -> Spelling:
    """Return how names are spelled: `MOUNT/data/NAME`, and `MOUNT/NAME` in version 1."""
    heads = [
        f"{mount}{_DATA if version == 2 else '/'}"
        for mount in sorted(found.versions)
        for version in (2, 1)
        if version in found.versions[mount]
    ]

    def under(prefix: str) -> StringSet:
        return union(sequence(literal(f"{head}{prefix}"), _REST) for head in heads)

    def name_of(path: str) -> str:
        return path.removeprefix(max((head for head in heads if path.startswith(head)), key=len, default=""))

    return Spelling(under=under, spelled=lambda name: f"{heads[0]}{name}", name_of=name_of)


def on_unknown_engine(
    found: Sequence[Path], known: Mounts, own: str | None, prefixes: Iterable[str], shared: Iterable[str]
) -> StringSet:
    """Return the paths of others' names that a token may use where nobody says which engine is mounted.

    `own` is the namespace's prefix, `prefixes` are all that are declared, `shared` are everybody's.
    """
    loose = [each for each in found if not is_below(each.path, [*known.known, *ROOTS]) and each.capabilities & VALUES]
    if not loose:
        return NOTHING
    others = union(_anywhere(prefix, (_DATA, "/")) for prefix in (*prefixes, ANOTHER) if prefix != own)
    mine = union(_anywhere(prefix, (_DATA,)) for prefix in (own, *shared) if prefix is not None)
    elsewhere = union(glob(f"{mount}/*") for mount in [*known.known, *ROOTS])
    return intersection([allowed(found), others, complement(mine), complement(elsewhere)])


def _anywhere(prefix: str, heads: Iterable[str]) -> StringSet:
    """The names under a prefix, on any mount."""
    return union(sequence(_ANY_MOUNT, literal(f"{head}{prefix}"), _REST) for head in heads)
