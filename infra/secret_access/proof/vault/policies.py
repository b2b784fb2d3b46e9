"""What Vault's policies allow, as sets of paths. Pure.

Source: https://developer.hashicorp.com/vault/docs/concepts/policies: of all paths that match a request, the most
specific one alone decides; where several policies have it, their capabilities add up, and `deny` prevails.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..errors import DocumentError
from ..preview import object_of
from ..strings import ANYTHING, Part, Pattern, StringSet, glob, literal, sequence, some, union

VALUES = frozenset({"read", "create", "update", "patch", "delete", "recover"})
"""The capabilities on KV's data paths that give values away, replace or remove them."""
WRITES = frozenset({"create", "update", "patch"})
_BLOCK = re.compile(r'\s*path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}')
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL)
"""Or a string, in which nothing is a comment."""
_TEMPLATE = re.compile(r"\{\{[^}]*\}\}")
_ALIAS = re.compile(r"\{\{\s*identity\.entity\.aliases\.[^.}]+\.metadata\.(?P<key>[^}\s]+)\s*\}\}")
"""A template for metadata of the caller's alias: https://developer.hashicorp.com/vault/docs/concepts/policies."""
_IN_SEGMENT = frozenset(map(chr, range(0x21, 0x7F))) - {"/"}


@dataclass(frozen=True)
class Path:
    """A path of a policy and its capabilities."""

    policy: str
    path: str
    capabilities: frozenset[str]
    where: str = ""
    """The policy's Vault namespace, with which the path begins."""

    @property
    def pattern(self) -> Pattern:
        """The requests' paths that it matches: `+` is one segment, `*` at the end any rest."""
        is_prefix = self.path.endswith("*")
        segments = self.path.removesuffix("*").split("/")
        parts: list[Pattern] = []
        for number, segment in enumerate(segments):
            parts += [literal("/")] if number else []
            parts.append(some(_IN_SEGMENT, more=True) if segment == "+" else _in_template(segment))
        return sequence(*parts, *([Pattern(ANYTHING.parts)] if is_prefix else []))

    @property
    def priority(self) -> tuple[bool, int, bool, int, int, str]:
        """Which path decides: the one with the greatest (the page's five rules, in their order)."""
        wild = [place for sign in "+*" if (place := self.path.find(sign)) >= 0]
        return (
            not wild,
            min(wild, default=0),
            not self.path.endswith("*"),
            -self.path.count("+"),
            len(self.path),
            self.path,
        )


def paths(policy: str, text: str) -> list[Path]:
    """Return the paths of a policy, JSON or HCL of plain path blocks; raises DocumentError."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text, object_pairs_hook=object_of).get("path", {})
            return [Path(policy, path.removeprefix("/"), _capabilities(rule)) for path, rule in found.items()]
        except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
            raise DocumentError(
                f"policy {policy} is no JSON of paths with capabilities: {error!r}; expected a policy of Vault"
            ) from None
    left = _COMMENT.sub(lambda found: found[1] or "", text)
    blocks = _BLOCK.findall(left)
    if _BLOCK.sub("", left).strip():
        raise DocumentError(
            f"policy {policy} has more than paths with capabilities: {_BLOCK.sub('', left).strip()[:60]!r}; "
            "expected such alone, or JSON"
        )
    return [
        Path(policy, path.removeprefix("/"), frozenset(re.findall(r'"([a-z]+)"', listed))) for path, listed in blocks
    ]


def of_caller(found: Sequence[Path], keys: Collection[str], namespace: str) -> list[Path]:
    """Return the paths with a caller's namespace in the place of the templates for these metadata of its alias."""
    return [replace(each, path=_ALIAS.sub(partial(_filled, keys, namespace), each.path)) for each in found]


def _filled(keys: Collection[str], namespace: str, template: re.Match[str]) -> str:
    return namespace if template["key"] in keys else template[0]


def allowed(found: Sequence[Path], capabilities: frozenset[str] = VALUES) -> StringSet:
    """Return the paths on which a token with these policies has one of the capabilities."""
    return union(granted for _, granted in _granted(found, capabilities))


def statement(found: Sequence[Path], path: str) -> str:
    """Return the policy's path that lets a request through."""
    decisive = next(one for one, granted in _granted(found, VALUES) if path in granted)
    names = sorted({each.policy for each in found if each.path == decisive})
    return f'policy {" and ".join(names)}, path "{decisive}"'


def _granted(found: Sequence[Path], capabilities: frozenset[str]) -> list[tuple[str, StringSet]]:
    rules: Mapping[str, list[Path]] = {
        path: [each for each in found if each.path == path] for path in sorted({each.path for each in found})
    }
    ranked = sorted((each[0] for each in rules.values()), key=lambda path: path.priority, reverse=True)
    granted: list[tuple[str, StringSet]] = []
    decided: list[StringSet] = []
    for path in ranked:
        both = frozenset().union(*(each.capabilities for each in rules[path.path]))
        if "deny" not in both and both & capabilities:
            granted.append((path.path, path.pattern - union(decided)))
        if not _TEMPLATE.search(path.path):
            decided.append(path.pattern)
    return granted


def _capabilities(rule: Mapping[str, object]) -> frozenset[str]:
    listed = rule["capabilities"]
    if "policy" in rule:
        raise TypeError(f"a rule has capabilities alone: {rule!r}")
    if not isinstance(listed, list):
        raise TypeError(f"capabilities are a list: {listed!r}")
    return frozenset(map(str, listed))


def _in_template(segment: str) -> Pattern:
    """A segment as it is; what a template of Vault's will hold, nobody knows: it may be anything."""
    parts: list[Pattern] = []
    for number, text in enumerate(_TEMPLATE.split(segment)):
        parts += [Pattern((Part(None, many=True),))] if number else []
        parts.append(literal(text))
    return sequence(*parts) if parts else glob(segment)
