"""What DeveloperAccess and ServiceAccountGuard ask of Kubernetes, and what they refuse."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from secret_access import (
    DeveloperAccess,
    DeveloperAccessArgs,
    InvalidArgument,
    ServiceAccountGuard,
    ServiceAccountGuardArgs,
)
from tests.infra.components import Program
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
POLICY_BINDING = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
DELAYS = [lambda value: value, Later]


def developers(**changed: Any) -> Program:
    args = {"namespace": "test", "groups": ["team-a"], **changed}
    given = cast("DeveloperAccessArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: DeveloperAccess("test", outputs_in(given))


def guard(**changed: Any) -> Program:
    args = {"namespace": "test", "deployer_groups": ["deployers"], **changed}
    given = cast("ServiceAccountGuardArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: ServiceAccountGuard("test", outputs_in(given))


def written(world: World) -> set[tuple[str, str]]:
    """What the Role lets developers change, as verb and resource."""
    rules = world.one(ROLE).inputs["rules"]
    allowed = {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule["resources"]}
    return {(verb, resource) for verb, resource in allowed if verb not in ("get", "list", "watch")}


@pytest.mark.parametrize("delay", DELAYS)
def test_developers_look_and_change_nothing(delay: Callable[[Any], Any]) -> None:
    """By default the Role has three verbs, spells out each resource, and no Secret is among them."""
    world = run(developers(namespace=delay("test"), groups=delay(["team-a"]), users=["ann@example.com"]))
    role = world.one(ROLE)
    assert (role.name, role.parent) == ("test-role", "test")
    metadata = {"name": "secret-access-developers", "namespace": "test", "labels": {}}
    assert role.inputs["metadata"] == metadata
    assert written(world) == set()
    resources = {resource for rule in role.inputs["rules"] for resource in rule["resources"]}
    assert "pods/log" in resources
    assert not {"secrets", "pods/exec", "serviceaccounts/token", "*"} & resources
    assert "*" not in json.dumps(role.inputs["rules"])

    group = "rbac.authorization.k8s.io"
    binding = world.one(BINDING).inputs
    assert binding["metadata"] == metadata
    assert binding["roleRef"] == {"apiGroup": group, "kind": "Role", "name": "secret-access-developers"}
    assert binding["subjects"] == [
        {"apiGroup": group, "kind": "User", "name": "ann@example.com"},
        {"apiGroup": group, "kind": "Group", "name": "team-a"},
    ]
    assert world.outputs["test"] == {"namespace": "test", "roleName": "secret-access-developers"}


def test_each_right_is_given_by_name() -> None:
    """Pods are deleted, replicas set; templates are written only beside a guard."""
    assert written(run(developers(rights=["restart"]))) == {("delete", "pods"), ("create", "pods/eviction")}
    scales = {f"{kind}/scale" for kind in ("deployments", "statefulsets")}
    assert written(run(developers(rights=["scale"]))) == {(verb, of) for verb in ("patch", "update") for of in scales}
    deploy = written(run(developers(rights=["deploy"], guarded_namespace="test")))
    assert {resource for _, resource in deploy} == {"cronjobs", "deployments", "jobs", "statefulsets"}


def test_the_guard_waits_until_it_is_there() -> None:
    """What takes its output, such as the right to deploy, is made after its binding; deployers are in its condition."""
    world = run(guard(labels={"team": "a"}))
    policy, binding = world.one(POLICY), world.one(POLICY_BINDING)
    assert policy.inputs["metadata"] == {"name": "secret-access-guard-test", "labels": {"team": "a"}}
    assert '"deployers"' in policy.inputs["spec"]["matchConditions"][0]["expression"]
    assert '["secret-access"]' in json.dumps(policy.inputs["spec"]["variables"]).replace('\\"', '"')
    assert binding.waits_for >= {"test-policy"}
    assert binding.inputs["spec"]["validationActions"] == ["Deny"]
    assert world.outputs["test"] == {"namespace": "test", "policyName": "secret-access-guard-test"}

    def both() -> None:
        made = ServiceAccountGuard("guard", {"namespace": "test", "deployer_groups": ["deployers"]})
        DeveloperAccess(
            "team",
            {"namespace": "test", "groups": ["a"], "rights": ["deploy"], "guarded_namespace": made.namespace},  # type: ignore[list-item]
        )

    assert "guard-binding" in run(both).one(ROLE).waits_for


NO_DEVELOPERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"namespace": "*"}, ["namespace: given '*'", "expected one Kubernetes namespace"]),
    ({"groups": None}, ["nobody is named in users and groups", "name groups"]),
    ({"groups": []}, ["nobody is named in users and groups"]),
    ({"groups": "team-a"}, ["groups: given 'team-a'", "write ['team-a']"]),
    ({"groups": ["a", "a"]}, ["groups", "twice"]),
    ({"groups": ["team-*"]}, ["groups holds a *", "spell it out"]),
    ({"groups": [" team-a"]}, ["groups: given ' team-a'"]),
    ({"groups": ["system:authenticated"]}, ["groups holds a name of Kubernetes' own", "name the team's group"]),
    ({"users": ["system:serviceaccount:test:default"]}, ["users holds a name of Kubernetes' own"]),
    ({"rights": ["exec"]}, ["rights: given 'exec'", "restart, scale, deploy"]),
    ({"rights": ["scale", "scale"]}, ["rights", "twice"]),
    ({"rights": "scale"}, ["rights: given 'scale'", "write ['scale']"]),
    ({"rights": ["deploy"]}, ["rights holds deploy", "would get the namespace's identity", "ServiceAccountGuard"]),
    ({"rights": ["deploy"], "guarded_namespace": "prod"}, ["rights holds deploy", "given 'prod'", "'test'"]),
    ({"role_name": "Developers"}, ["role_name: given 'Developers'", "leave it out for secret-access-developers"]),
    ({"labels": {"a b": "c"}}, ["labels: given 'a b'"]),
]
NO_GUARD: list[tuple[dict[str, Any], list[str]]] = [
    ({"deployer_groups": None}, ["nobody is named in deployer_users and deployer_groups", "name deployer_groups"]),
    ({"deployer_groups": ["system:authenticated"]}, ["deployer_groups holds a group that developers' pods are in"]),
    ({"deployer_groups": ["system:serviceaccounts:test"]}, ["deployer_groups holds a group that developers' pods"]),
    ({"deployer_users": ["system:serviceaccount:test:ci"]}, ["a ServiceAccount of the guarded namespace"]),
    ({"deployer_users": "ci"}, ["deployer_users: given 'ci'", "write ['ci']"]),
    ({"namespace": "*"}, ["namespace: given '*'", "expected one Kubernetes namespace"]),
    ({"deployer_groups": ["system:unauthenticated"]}, ["deployer_groups holds a group that developers' pods are in"]),
    ({"deployer_groups": ["system:serviceaccounts"]}, ["deployer_groups holds a group that developers' pods are in"]),
    ({"deployer_groups": ["ci", "ci"]}, ["deployer_groups", "twice"]),
    ({"service_account_names": "app"}, ["service_account_names: given 'app'", "write ['app']"]),
    ({"service_account_names": ["app", "app"]}, ["service_account_names", "twice"]),
    ({"labels": {"a b": "c"}}, ["labels: given 'a b'"]),
    ({"service_account_names": []}, ["service_account_names: given []", "leave it out for secret-access"]),
    ({"service_account_names": ["*"]}, ["service_account_names: given '*'"]),
    ({"injection_label": "a b"}, ["injection_label: given 'a b'", "secret-access/inject"]),
    ({"all_pods": "yes"}, ["all_pods: given 'yes'", "true or false"]),
    ({"policy_name": "A"}, ["policy_name: given 'A'"]),
]


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(("changed", "message"), NO_DEVELOPERS)
def test_a_mistake_about_developers_is_named_and_nothing_is_made(
    changed: dict[str, Any], message: list[str], delay: Callable[[Any], Any]
) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(developers(**{name: value if value is None else delay(value) for name, value in changed.items()}), world)
    assert_all_in(["DeveloperAccess 'test'", *message], error)
    assert world.of(BINDING) == []


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(("changed", "message"), NO_GUARD)
def test_a_mistake_about_deployers_is_named_and_nothing_is_made(
    changed: dict[str, Any], message: list[str], delay: Callable[[Any], Any]
) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(guard(**{name: value if value is None else delay(value) for name, value in changed.items()}), world)
    assert_all_in(["ServiceAccountGuard 'test'", *message], error)
    assert world.of(POLICY_BINDING) == []


def test_a_pipelines_account_of_another_namespace_may_deploy() -> None:
    """It is where no developer of this namespace may act as it."""
    world = run(
        guard(deployer_users=["system:serviceaccount:ci:deployer"], deployer_groups=["system:serviceaccounts:ci"])
    )
    condition = world.one(POLICY).inputs["spec"]["matchConditions"][0]["expression"]
    assert '"system:serviceaccount:ci:deployer"' in condition
    assert '"system:serviceaccounts:ci"' in condition


def test_a_name_is_a_text_of_the_expression_whatever_it_holds() -> None:
    """Names of users may hold any character: none ends the text that it stands in."""
    world = run(guard(deployer_users=['x"] || true || "" in ["', "a\\", "ü"]))
    condition = world.one(POLICY).inputs["spec"]["matchConditions"][0]["expression"]
    assert r'"x\"] || true || \"\" in [\""' in condition
    assert r'"a\\"' in condition
    assert '"ü"' in condition
