"""Rights that come together over the groups that Kubernetes itself gives, and names that limit nothing."""

import pytest

from secret_access.remainder.rules import Right
from tests.infra.remainder.objects import account, binding, group, role, scanned, user

RBAC = "rbac.authorization.k8s.io"
BIND, WRITE = Right("bind", RBAC, "clusterroles"), Right("create", RBAC, "rolebindings")
ROLES = role("binds", BIND), role("writes", WRITE)


def found(*bindings: dict[str, object]) -> list[tuple[str, str]]:
    opened = scanned(*ROLES, *bindings)
    return [(each.subject, each.namespace) for each in opened if each.way == "bind roles"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("dev", "system:authenticated", "Group dev"),
        ("system:serviceaccounts:ci", "system:serviceaccounts", "Group system:serviceaccounts:ci"),
        ("system:serviceaccounts", "system:authenticated", "Group system:serviceaccounts"),
        ("dev", "system:serviceaccounts", ""),
        ("dev", "ops", ""),
        ("dev", "system:unauthenticated", ""),
        ("system:unauthenticated", "system:authenticated", ""),
    ],
)
def test_every_member_of_a_group_is_in_the_groups_that_hold_it(one: str, other: str, expected: str) -> None:
    """Whoever is in `dev` is authenticated; who else is in it, only the identity provider knows."""
    bound = binding("a", "binds", group(one), namespace="shop"), binding("b", "writes", group(other), namespace="shop")
    assert found(*bound) == ([(expected, "shop")] if expected else [])


@pytest.mark.parametrize(
    "subject", [user("ann"), account("ci", "deployer"), group("dev")], ids=["user", "account", "group"]
)
def test_a_right_of_the_cluster_and_a_groups_right_of_a_namespace_add_up(subject: dict[str, object]) -> None:
    """The subject itself has no binding in the namespace."""
    bound = (
        binding("a", "binds", subject),
        binding("b", "writes", group("system:authenticated"), namespace="shop"),
    )
    assert [namespace for _, namespace in found(*bound)] == ["shop"]


def test_what_is_open_in_the_whole_cluster_is_not_said_again_for_each_namespace_of_a_group() -> None:
    bound = (
        binding("a", "binds", user("ann")),
        binding("b", "writes", group("system:authenticated")),
        binding("c", "writes", group("system:authenticated"), namespace="shop"),
    )
    assert found(*bound) == [("User ann", "*")]


@pytest.mark.parametrize(("names", "is_open"), [(("",), True), (("x", ""), True), (("x",), False)])
def test_a_limit_to_the_empty_name_lets_everything_be_created(names: tuple[str, ...], is_open: bool) -> None:
    """A request to create has no name, and the empty name is equal to it."""
    limited = role("r", Right("create", "", "pods"), names=names)
    opened = scanned(limited, binding("b", "r", user("ann"), namespace="shop"))
    assert [each.way for each in opened] == (["create pods"] if is_open else [])


def test_kubelets_with_rights_of_a_binding_are_listed() -> None:
    """The Node authorizer gives each the tokens of its own pods; a binding of old clusters, all Secrets."""
    bound = binding("system:node", "system:node", group("system:nodes"))
    bound["metadata"]["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    (found,) = scanned(role("system:node", Right("get", "", "secrets")), bound)
    assert (found.subject, found.is_own) == ("Group system:nodes", False)
