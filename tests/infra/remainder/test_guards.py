"""What a ServiceAccountGuard refuses of what RBAC allows; a policy that is no guard refuses nothing here."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from secret_access.remainder.grants import Subject
from secret_access.remainder.guards import Guard, guards
from secret_access.remainder.opening import Identity
from secret_access.remainder.scan import Cluster, scan
from secret_access.remainder.ways import DIRECT, WAYS
from secret_access.rights import guard_policy
from tests.infra.remainder.objects import SHOP, Object, account, binding, group, rbac, role, user

ODD = ['x"] || true || "" in ["', "back\\slash", "ü😀", "system:serviceaccount:ci:deployer"]


def made(all_pods: bool = False) -> tuple[Object, Object]:
    """A policy and its binding, as the API server gives them back."""
    spec: Any = guard_policy.policy(["secret-access"], ODD, ["deployers"], "secret-access/inject", all_pods)
    spec = copy.deepcopy(spec)
    spec["matchConstraints"] |= {"namespaceSelector": {}, "objectSelector": {}}
    for rule in spec["matchConstraints"]["resourceRules"]:
        rule["scope"] = "*"
    bound: Any = guard_policy.binding("guard", "shop")
    bound["matchResources"] |= {"matchPolicy": "Equivalent", "objectSelector": {}}
    return {"metadata": {"name": "guard"}, "spec": spec}, {"metadata": {"name": "guard"}, "spec": bound}


@pytest.mark.parametrize("all_pods", [False, True])
def test_a_guard_is_recognized(all_pods: bool) -> None:
    """With whom it lets through, however they are called."""
    policy, bound = made(all_pods)
    (guard,) = guards([policy], [bound])
    assert (guard.name, guard.namespace) == ("guard", "shop")
    assert guard.accounts == {"secret-access"}
    assert guard.users == {*ODD, *guard_policy.SYSTEM_USERS}
    assert guard.groups == {"deployers", *guard_policy.SYSTEM_GROUPS}


CHANGES: dict[str, Callable[[Any, Any], object]] = {
    "audit alone": lambda _, bound: bound.update(validationActions=["Audit"]),
    "another namespace's label": lambda _, bound: bound["matchResources"]["namespaceSelector"].update(
        matchLabels={"team": "shop"}
    ),
    "some objects alone": lambda _, bound: bound["matchResources"].update(objectSelector={"matchLabels": {"a": "b"}}),
    "a rule left out": lambda _, bound: bound["matchResources"].update(
        excludeResourceRules=[{"resources": ["pods/exec"]}]
    ),
    "a resource less": lambda policy, _: policy["matchConstraints"]["resourceRules"][0]["resources"].pop(),
    "a validation less": lambda policy, _: policy["validations"].pop(),
    "a validation that is always true": lambda policy, _: policy["validations"][0].update(expression="true"),
    "one more condition": lambda policy, _: policy["matchConditions"].append({"name": "x", "expression": "false"}),
    "another condition": lambda policy, _: policy["matchConditions"][0].update(
        expression=f"false && {policy['matchConditions'][0]['expression']}"
    ),
    "failures ignored": lambda policy, _: policy.update(failurePolicy="Ignore"),
    "another policy": lambda policy, _: policy.update(matchConditions=[], validations=[], variables=[]),
    "no policy": lambda _, bound: bound.update(policyName="gone"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_policy_that_was_changed_is_no_guard(change: str) -> None:
    """Whatever was changed."""
    policy, bound = made()
    CHANGES[change](policy["spec"], bound["spec"])
    assert list(guards([policy], [bound])) == []


@pytest.mark.parametrize(
    ("subject", "passes"),
    [
        (Subject("User", "back\\slash"), True),
        (Subject("User", "ann"), False),
        (Subject("User", "deployers"), False),
        (Subject("Group", "deployers"), True),
        (Subject("Group", "back\\slash"), False),
        (Subject("ServiceAccount", "deployer", "ci"), True),
        (Subject("ServiceAccount", "deployer", "other"), False),
        (Subject("ServiceAccount", "operator", "kube-system"), True),
    ],
    ids=str,
)
def test_deployers_are_let_through(subject: Subject, passes: bool) -> None:
    """By name, and by the groups that Kubernetes gives."""
    (guard,) = guards(*([each] for each in made()))
    assert guard.lets_through(subject) == passes


GUARD = Guard("guard", "shop", frozenset({"secret-access"}), frozenset(), frozenset({"deployers"}))


def refused(*identities: Identity, namespace: str = "shop") -> dict[str, set[str]]:
    """The ways that are refused to each who has every right there is."""
    everything = role("all", *(right for way in WAYS for right in way.rights))
    subjects = [user("ann"), group("deployers"), account("ci", "deployer")]
    cluster = Cluster(
        rbac(everything, binding("b", "all", *subjects, namespace=namespace)),
        identities,
        frozenset({"shop", "pay"}),
        36,
        (GUARD,),
    )
    found: dict[str, set[str]] = {}
    for way in scan(cluster):
        found.setdefault(way.subject, set()).update({way.way} if way.refused_by else set())
    return found


def test_a_guard_refuses_what_leads_to_the_identity_at_once() -> None:
    """To all but its deployers; not what takes a detour, and nothing of other namespaces or ServiceAccounts."""
    direct = {way.name for way in DIRECT if way.is_in(36)}
    assert refused(SHOP) == {"User ann": direct, "Group deployers": set(), "ServiceAccount ci/deployer": direct}
    other = refused(SHOP, Identity("shop", "other"))
    assert not any(other.values())
    assert not any(refused(Identity("pay", "secret-access"), namespace="pay").values())
