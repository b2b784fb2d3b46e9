"""Settings of the rules, and of a pack that a platform team writes itself."""

from typing import Any

import pytest
from pulumi_policy import EnforcementLevel

from secret_access import InvalidArgument
from secret_access.policy import isolation, pack, policy_pack
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.evaluation import evaluate
from secret_access.proof.isolation import Verdict
from tests.infra.policy.cases.case import Program, one, resources
from tests.infra.policy.cases.isolation import secrets_of
from tests.infra.policy.cases.pods import APP, IN_PODS
from tests.infra.policy.cases.rbac import CI, DEVELOPERS, bound, core

BREACHED = {**secrets_of("breaches", "breaches/*", "shared/*"), **secrets_of("breached", "breached/*")}


def found(rule: str, program: Program, **settings: Any) -> list[str]:
    """What a rule with settings has against a program."""
    options = {rule: settings}
    return [
        each.found.what for each in violations([each for each in RULES if each.id == rule], resources(program), options)
    ]


@pytest.mark.parametrize(
    ("image", "is_found"),
    [
        ("registry.example/shop:1.4.2", False),
        ("registry.example/shop", True),
        ("registry.example.org/shop:1.4.2", True),
        ("other.example/shop:1.4.2", True),
    ],
)
def test_a_registry_whose_tags_never_move_may_have_tags(image: str, is_found: bool) -> None:
    """An image without any is still the newest of tomorrow."""
    program = one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec={"containers": [{**APP, "image": image}]})
    assert bool(found("image-by-tag", program, immutable=["registry.example/"])) == is_found


def test_a_registry_without_its_slash_excepts_nothing() -> None:
    """`registry.example` would be the beginning of others' names too."""
    image = {**APP, "image": "registry.example/shop:1"}
    program = one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec={"containers": [image]})
    assert found("image-by-tag", program, immutable=["registry.example"]) != []


def test_a_namespace_that_is_listed_counts_wherever_something_makes_secrets_in_all() -> None:
    """The program that makes it is another."""
    everywhere = one("kubernetes:external-secrets.io/v1:ClusterExternalSecret", spec={"namespaceSelector": {}})
    assert found("secret-in-etcd", everywhere) == []
    (said,) = found("secret-in-etcd", everywhere, namespaces=["shop"])
    assert said.endswith("in the namespace shop")


@pytest.mark.parametrize(
    ("rule", "subject", "cluster", "called"),
    [
        ("rbac-across-namespaces", DEVELOPERS, True, "Group team-a"),
        ("rbac-across-namespaces", CI, False, "ServiceAccount ci/deployer"),
        ("rbac-in-namespace", DEVELOPERS, False, "Group team-a"),
    ],
)
def test_who_is_trusted_may(rule: str, subject: dict[str, Any], cluster: bool, called: str) -> None:
    """By the name that the rule prints; others may not, be they in the same binding."""
    program = bound(core("pods/exec", "create"), "it", subject, cluster=cluster)
    assert called in found(rule, program)[0]
    assert found(rule, program, trusted=[called]) == []
    assert found(rule, program, trusted=[f"{called}s"]) != []
    type_, given = program["it"]
    both = {**program, "it": (type_, {**given, "subjects": [subject, {**subject, "name": "other"}]})}
    (said,) = found(rule, both, trusted=[called])
    assert "other" in said
    assert called not in said


def test_the_proof_runs_once_for_both_of_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when something else is asked."""
    asked: list[object] = []

    def counted(*given: Any) -> list[Verdict]:
        asked.append(given)
        return evaluate(*given)

    monkeypatch.setattr(isolation, "evaluate", counted)
    isolation.forget()
    proof = [rule for rule in RULES if rule.id in ("isolation", "not-judged")]
    for options, times in (({}, 1), ({"isolation": {"shared": ["shared/"]}}, 2), ({}, 3)):
        violations(proof, resources(BREACHED), options)
        assert len(asked) == times


def test_a_packs_own_settings_are_taken_with_each_rules_level() -> None:
    """A level alone, settings alone, and both."""
    given = pack.initial(
        {
            "image-by-tag": "mandatory",
            "isolation": {"shared": ["shared/"]},
            "rbac-in-namespace": {"enforcementLevel": "disabled", "trusted": ["Group platform"]},
        }
    )
    assert given == {
        "image-by-tag": {"enforcementLevel": EnforcementLevel.MANDATORY},
        "isolation": {"enforcementLevel": EnforcementLevel.MANDATORY, "shared": ["shared/"]},
        "rbac-in-namespace": {"enforcementLevel": EnforcementLevel.DISABLED, "trusted": ["Group platform"]},
    }


def test_a_wrong_setting_ends_the_pack_with_one_sentence() -> None:
    """Pulumi prints it: a stack trace would hide it."""
    with pytest.raises(SystemExit, match=r"^error: policy_pack: a rule: given 'image-by-tags', expected one of "):
        policy_pack({"image-by-tags": "advisory"})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"image-by-tags": "advisory"}, "a rule: given 'image-by-tags', expected one of wildcard-principal, "),
        ({"image-by-tag": "error"}, "image-by-tag: its level: given 'error', expected one of advisory, mandatory"),
        (
            {"isolation": {"share": []}},
            "isolation: a setting: given 'share', expected one of enforcementLevel, prefixes",
        ),
        ({"isolation": {"shared": "a/"}}, "isolation: shared: given 'a/', expected a list of texts"),
        ({"isolation": {"shared": ["a"]}}, "isolation: shared: given 'a', expected a prefix that ends in /"),
        (
            {"isolation": {"prefixes": {"shop": "a"}}},
            "isolation: prefixes: given 'a', expected a prefix that ends in /",
        ),
        (
            {"image-by-tag": {"immutable": ["a"]}},
            "image-by-tag: immutable: given 'a', expected a prefix that ends in /",
        ),
    ],
)
def test_wrong_settings_are_refused(wrong: Any, says: str) -> None:
    """Before Pulumi sees them, with what is right."""
    with pytest.raises(InvalidArgument) as error:
        pack.initial(wrong)
    assert str(error.value).startswith(f"policy_pack: {says}")
