"""Statements of IAM policies, read from JSON. Pure.

Sources: IAM User Guide, "IAM JSON policy element reference"; there "Version" (without it, a document is of 2008, and
`${…}` are characters like others), "Variables and tags" (`${*}`, `${?}` and `${$}` are the characters themselves) and
"Resource" (an ARN without its last fields has `*` in each of them).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DocumentError
from ..preview import object_of
from ..strings import NOTHING, Pattern, StringSet, complement, glob, literal, sequence, union

_ELEMENTS = frozenset(
    {"Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal", "Resource", "Sid"}
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPED = {each: each for each in "*?$"}
_COLONS = 5
"""In an ARN, at least."""
WITH_VARIABLES, _VERSIONS = "2012-10-17", ("2008-10-17", "2012-10-17")


@dataclass(frozen=True)
class Condition:
    """One operator, key and its values: the condition holds where one value matches."""

    operator: str
    key: str
    values: tuple[str, ...]
    has_variables: bool
    """Whether `${…}` in the values are variables."""


@dataclass(frozen=True)
class Statement:
    """A statement of a policy; `source` says where it stands, for people."""

    source: str
    sid: str
    is_allow: bool
    actions: StringSet
    """Of lowercase actions: IAM compares them without regard to case."""
    resources: tuple[str, ...]
    are_excluded: bool
    """Whether `resources` are those of NotResource."""
    principals: Mapping[str, tuple[str, ...]]
    """By kind: `AWS`, `Federated`, `Service`. Empty for policies of an identity."""
    is_not_principal: bool
    conditions: tuple[Condition, ...]
    has_variables: bool
    """Whether `${…}` in the resources are variables."""

    @property
    def name(self) -> str:
        """What people find it by."""
        return f"{self.source}, statement {self.sid}"


def statements(source: str, text: object) -> tuple[Statement, ...]:
    """Return the statements of a document, JSON text or the object; raises DocumentError."""
    try:
        document = json.loads(text, object_pairs_hook=object_of) if isinstance(text, str) else text
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{source} is not JSON: {error}; expected a policy document") from None
    if not isinstance(document, Mapping) or "Statement" not in document:
        raise DocumentError(f"{source} has no Statement; expected a policy document")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise DocumentError(f"{source} has the Version {version!r}; expected one of {', '.join(_VERSIONS)}")
    found = document["Statement"]
    each = found if isinstance(found, list) else [found]
    has_variables = version == WITH_VARIABLES
    return tuple(_statement(source, number, one, has_variables) for number, one in enumerate(each, 1))


def pattern(text: str, variables: Mapping[str, str], unknown: Pattern | None) -> StringSet:
    """Return what a pattern of a policy with variables matches, these filled in.

    `unknown` stands for a variable without a known value; with None, the pattern matches nothing.
    """
    parts: list[Pattern] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found, variables)
        filler = unknown if value is None else literal(value)
        if filler is None:
            return NOTHING
        parts += [glob(text[end : found.start()]), filler]
        end = found.end()
    return glob(text) if not parts else sequence(*parts, glob(text[end:]))


def filled(text: str, variables: Mapping[str, str]) -> str | None:
    """Return a text with its variables filled in, None where a value is not known."""
    values = [_value(found, variables) for found in _VARIABLE.finditer(text)]
    return None if None in values else _VARIABLE.sub(lambda found: _value(found, variables) or "", text)


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str | None:
    key = found[1].strip().lower()
    return _ESCAPED.get(key, variables.get(key))


def _statement(source: str, number: int, given: object, has_variables: bool) -> Statement:
    if not isinstance(given, Mapping) or given.get("Effect") not in ("Allow", "Deny"):
        raise DocumentError(f"{source}: statement {number} has no Effect; expected Allow or Deny")
    if unknown := sorted(map(str, set(given) - _ELEMENTS)):
        raise DocumentError(
            f"{source}: statement {number} has {', '.join(unknown)}; expected of {', '.join(sorted(_ELEMENTS))}"
        )
    is_allow, not_action, not_resource = given["Effect"] == "Allow", "NotAction" in given, "NotResource" in given
    actions = union(glob(each.lower()) for each in _texts(given.get("NotAction" if not_action else "Action")))
    principals = given.get("NotPrincipal") if "NotPrincipal" in given else given.get("Principal")
    return Statement(
        source=source,
        sid=str(given.get("Sid") or number),
        is_allow=is_allow,
        actions=complement(actions) if not_action else actions,
        resources=tuple(
            arn
            for each in _texts(given.get("NotResource" if not_resource else "Resource"))
            for arn in _completed(each, has_variables, or_as_given=is_allow is not not_resource)
        ),
        are_excluded=not_resource,
        principals=_principals(principals),
        is_not_principal="NotPrincipal" in given,
        conditions=_conditions(f"{source}: statement {number}", given.get("Condition"), has_variables),
        has_variables=has_variables,
    )


def _completed(arn: str, has_variables: bool, *, or_as_given: bool) -> list[str]:
    """Return an ARN with `*` in each field that it lacks; and as given too, where a wildcard may stand for fields."""
    fields = _VARIABLE.sub("", arn) if has_variables else arn
    missing = _COLONS - fields.count(":")
    if not arn.startswith("arn:") or missing <= 0:
        return [arn]
    return [arn + ":*" * missing, *([arn] if or_as_given and set(arn) & set("*?$") else [])]


def _principals(given: object) -> dict[str, tuple[str, ...]]:
    if given == "*":
        return {"AWS": ("*",), "Federated": ("*",), "Service": ("*",)}
    return {str(kind): _texts(names) for kind, names in given.items()} if isinstance(given, Mapping) else {}


def _conditions(statement: str, given: object, has_variables: bool) -> tuple[Condition, ...]:
    if not isinstance(given, Mapping):
        return ()
    for operator, keys in given.items():
        if not isinstance(keys, Mapping):
            raise DocumentError(f"{statement}: its condition {operator} is {keys!r}; expected values by condition key")
    return tuple(
        Condition(str(operator), str(key), _texts(values), has_variables)
        for operator, keys in given.items()
        for key, values in keys.items()
    )


def _texts(given: object) -> tuple[str, ...]:
    each = given if isinstance(given, list) else [] if given is None else [given]
    return tuple(str(text).lower() if isinstance(text, bool) else str(text) for text in each)
