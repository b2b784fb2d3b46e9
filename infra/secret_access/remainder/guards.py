"""ServiceAccountGuards of a cluster: what RBAC allows, and admission refuses. Pure.

A guard is recognized only where it is, to the letter, what the component makes: a policy that somebody changed guards
nothing here.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..rights import guard_policy
from .grants import ACCOUNT_USER, Subject

Manifest = Mapping[str, Any]
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
DEFAULTS: Mapping[str, Any] = {"matchPolicy": "Equivalent", "scope": "*", "namespaceSelector": {}, "objectSelector": {}}
"""What the API server adds to a policy."""
_LISTS = re.compile(r"username in (\[.*?\])\) && .*group in (\[.*\])\)\)$", re.DOTALL)
_ACCOUNTS = re.compile(r"request\.name in (\[.*\])\)$", re.DOTALL)
_LABEL = re.compile(r'metadata\.labels\[\?("(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True)
class Guard:
    """A guard in force in one namespace."""

    name: str
    namespace: str
    accounts: frozenset[str]
    """The ServiceAccounts whose identity it keeps."""
    users: frozenset[str]
    groups: frozenset[str]
    """Those whom it lets through."""

    def lets_through(self, subject: Subject) -> bool:
        """Tell whether a subject is a deployer, as far as its groups are known here."""
        name = f"{ACCOUNT_USER}{subject.namespace}:{subject.name}" if subject.namespace else subject.name
        own = {group.name for group in (subject, *subject.groups) if group.kind == "Group"}
        return (subject.kind != "Group" and name in self.users) or not own.isdisjoint(self.groups)


def guards(policies: Iterable[Manifest], bindings: Iterable[Manifest]) -> Iterator[Guard]:
    """Yield the guards among admission policies, by their bindings."""
    by_name = {policy["metadata"]["name"]: policy["spec"] for policy in policies}
    for binding in bindings:
        spec = binding["spec"]
        name = spec.get("policyName", "")
        selector = ((spec.get("matchResources") or {}).get("namespaceSelector") or {}).get("matchLabels") or {}
        namespace = selector.get(NAMESPACE_LABEL, "")
        if name in by_name and _is(guard_policy.binding(name, namespace), spec):
            yield from _guard(name, namespace, by_name[name])


def _guard(name: str, namespace: str, spec: Manifest) -> Iterator[Guard]:
    try:
        lists = _LISTS.search(spec["matchConditions"][0]["expression"])
        accounts = _ACCOUNTS.search(spec["validations"][1]["expression"])
        label = _LABEL.search(spec["variables"][2]["expression"])
        if not (lists and accounts and label):
            return
        users, groups, named = (frozenset(json.loads(each)) for each in (lists[1], lists[2], accounts[1]))
        spelled = json.loads(label[1])
    except (KeyError, IndexError, TypeError, ValueError):
        return  # another policy than a guard's
    if any(_is(guard_policy.policy(named, users, groups, spelled, all_pods), spec) for all_pods in (False, True)):
        yield Guard(name, namespace, named, users, groups)


def _is(expected: Any, live: Any) -> bool:
    """Tell whether an object is what was expected, with what the API server adds."""
    if isinstance(expected, dict) and isinstance(live, Mapping):
        added = {key: live[key] for key in live.keys() - expected.keys()}
        return all(DEFAULTS.get(key) == value and key in DEFAULTS for key, value in added.items()) and all(
            key in live and _is(expected[key], live[key]) for key in expected
        )
    if isinstance(expected, list) and isinstance(live, list):
        return len(expected) == len(live) and all(map(_is, expected, live))
    return bool(expected == live)
