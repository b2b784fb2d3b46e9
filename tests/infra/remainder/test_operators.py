"""Custom resources from which an operator makes pods."""

import pytest

from secret_access.remainder.operators import APPLY, INJECT, RUN, Operators, has_containers
from secret_access.remainder.rules import Right
from tests.infra.remainder.objects import Object, binding, role, scanned, user

ARGO = Operators(["argoproj.io"])


def definition(schema: Object) -> Object:
    return {"spec": {"versions": [{"name": "v1"}, {"name": "v2", "schema": {"openAPIV3Schema": schema}}]}}


def nested(**properties: Object) -> Object:
    """Below a list and a map, as schemas have them."""
    inner = {"type": "object", "properties": properties}
    return {"properties": {"spec": {"properties": {"groups": {"items": {"additionalProperties": inner}}}}}}


CONTAINERS = {"type": "array", "items": {"properties": {"name": {}, "image": {}}}}


def test_a_schema_with_containers_and_a_service_account_makes_pods() -> None:
    """However deep, in whichever version."""
    assert has_containers(definition(nested(containers=CONTAINERS, serviceAccountName={"type": "string"})))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        nested(containers=CONTAINERS),
        nested(serviceAccountName={}),
        nested(containers={"type": "array", "items": {"type": "string"}}, serviceAccountName={}),
        {"properties": {"spec": {"additionalProperties": True}}},
    ],
)
def test_another_schema_does_not(schema: Object) -> None:
    assert not has_containers(definition(schema))


@pytest.mark.parametrize("group", RUN)
def test_who_writes_custom_resources_of_a_known_operator_makes_pods(group: str) -> None:
    """Where the operator is in the cluster, and nowhere else."""
    right = Right("create", group, next(iter(RUN[group])))
    objects = role("r", right), binding("b", "r", user("ann"), namespace="shop")
    assert [each.way for each in scanned(*objects, operators=Operators([group]))] == ["create custom workloads"]
    assert scanned(*objects) == []


def test_who_writes_custom_resources_with_containers_makes_pods() -> None:
    """Of an operator that nobody here has heard of; a limit of names allows to change, not to create."""
    own = Operators(resources=[("example.com", "runners")])

    def found(verb: str, *names: str) -> list[str]:
        limited = role("r", Right(verb, "example.com", "runners"), names=names)
        return [each.way for each in scanned(limited, binding("b", "r", user("ann"), namespace="shop"), operators=own)]

    assert found("create") == ["create custom workloads"]
    assert found("create", "x") == []
    assert found("patch", "x") == ["change custom workloads"]
    assert found("get") == []


@pytest.mark.parametrize("group", APPLY)
def test_who_writes_what_an_operator_applies_reaches_every_identity_from_any_namespace(group: str) -> None:
    """The operator has rights of its own."""
    objects = role("r", Right("create", group, APPLY[group][0])), binding("b", "r", user("ann"), namespace="ci")
    (found,) = scanned(*objects, operators=Operators([group]))
    assert (found.namespace, found.way) == ("*", "apply manifests by an operator, in ci")
    assert scanned(*objects) == []
    everywhere = scanned(objects[0], binding("b", "r", user("ann")), operators=Operators([group]))
    assert "apply manifests by an operator, in any namespace" in [each.way for each in everywhere]


@pytest.mark.parametrize("group", INJECT)
def test_who_writes_what_an_operator_injects_reaches_every_identity(group: str) -> None:
    """Such as a ClusterPolicy of Kyverno; only in the whole cluster."""
    given = role("r", Right("patch", group, INJECT[group][0]))
    (found,) = scanned(given, binding("b", "r", user("ann")), operators=Operators([group]))
    assert (found.namespace, found.way) == ("*", "change what operators inject")
    assert scanned(given, binding("b", "r", user("ann"), namespace="shop"), operators=Operators([group])) == []


def test_a_rollout_is_a_step_to_another_service_account() -> None:
    """As a Deployment is."""
    makes = role("r", Right("create", "argoproj.io", "rollouts"))
    enters = role("e", Right("create", "", "pods/exec"))
    deployer: Object = {"kind": "ServiceAccount", "namespace": "ci", "name": "deployer"}
    found = scanned(
        makes,
        enters,
        binding("a", "r", user("ann"), namespace="ci"),
        binding("b", "e", deployer, namespace="shop"),
        operators=ARGO,
    )
    assert {each.subject: each.way for each in found} == {
        "User ann": "create custom workloads in ci, as ci/deployer",
        "ServiceAccount ci/deployer": "pods/exec",
    }
