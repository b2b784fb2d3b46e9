"""Each rule with a defect put back misses a mistake: the mistakes are there for what they find."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from secret_access.policy import (
    further_policies,
    identities,
    images,
    isolation,
    prefixes,
    rbac,
    secrets_in_etcd,
    sidecars,
    trust,
    wildcards,
)
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import resources

DEFECTS: list[tuple[str, ModuleType, str, Any]] = [
    ("wildcard-principal", wildcards, "EVERYBODY", ()),
    ("wildcard-resource", wildcards, "_is_wild", lambda arn: arn == "*"),
    ("wildcard-resource", wildcards, "_is_bare", lambda path: path.path == "*"),
    ("trust-without-audience", trust, "_is_exact", lambda _: True),
    ("trust-by-pattern", trust, "_is_exact", lambda condition: "Like" not in condition.operator),
    ("shared-identity", identities, "ANNOTATIONS", ()),
    ("shared-identity", identities, "_associated", lambda *_: ()),
    ("covering-prefixes", prefixes, "covered", lambda _: ()),
    ("widened-identity", further_policies, "OF_EVERY_SECRET", ("AdministratorAccess",)),
    ("widened-identity", further_policies, "ESCALATING", ()),
    ("widened-identity", further_policies, "AZURE_ROLES", {}),
    ("secret-in-etcd", secrets_in_etcd, "_MAKE_SECRETS", ("Secret",)),
    ("rbac-across-namespaces", rbac, "_is_foreign", lambda *_: False),
    ("rbac-across-namespaces", rbac, "VIEW", "none"),
    ("rbac-in-namespace", rbac, "BUILT_IN", {}),
    ("sidecar-beyond-localhost", sidecars, "_is_on_the_node", lambda *_: False),
    ("token-in-application", sidecars, "audiences_of", lambda _: ()),
    ("token-in-application", sidecars, "AZURE_LABEL", "none"),
    ("image-by-tag", images, "is_by_tag", lambda image, _: image.endswith(":latest")),
    ("isolation", isolation, "evaluate", lambda *_: []),
    ("not-judged", isolation, "evaluate", lambda *_: []),
]


def missed(rule: str) -> list[str]:
    """The mistakes of a rule that no rule of its id finds."""
    isolation.forget()
    return [
        case.name
        for case in CASES
        if case.rule == rule and not any(each.rule.id == rule for each in violations(RULES, resources(case.wrong)))
    ]


@pytest.mark.parametrize(
    ("rule", "module", "name", "defect"),
    DEFECTS,
    ids=lambda value: getattr(value, "__name__", value) if isinstance(value, (str, ModuleType)) else "",
)
def test_a_rule_with_a_defect_misses_a_mistake(
    rule: str, module: ModuleType, name: str, defect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missed(rule) == []
    monkeypatch.setattr(module, name, defect)
    assert missed(rule) != []


def test_every_rule_was_seen_to_miss_something() -> None:
    assert {rule for rule, *_ in DEFECTS} == {rule.id for rule in RULES}
