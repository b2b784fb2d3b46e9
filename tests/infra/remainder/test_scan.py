"""Who can still obtain an identity: each way with and without its rights, the limits of rights, and who is who."""

import time
from typing import Any

import pytest

from secret_access.remainder.opening import Identity, OpenWay
from secret_access.remainder.rules import Right
from secret_access.remainder.ways import WAYS, Way
from tests.infra.remainder.objects import (
    SHOP,
    Object,
    account,
    binding,
    group,
    names_for,
    one_of_each,
    role,
    scanned,
    user,
)

PODS, EXEC = Right("create", "", "pods"), Right("create", "", "pods/exec")
TOKEN = Right("create", "", "serviceaccounts/token")
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


def opened(way: Way, *objects: Object, **more: Any) -> list[OpenWay]:
    """What a scan finds but for ways over the node: who acts as a group has to act as a user too, a way of its own."""
    besides = ("impersonate users", "impersonate serviceaccounts") if way.name.startswith("impersonate groups") else ()
    found = scanned(*objects, minor=0, **more)
    return [each for each in found if each.way not in besides and "privileged" not in each.way]


@EACH_WAY
def test_each_right_of_a_way_opens_it_and_no_other(way: Way) -> None:
    """Whichever right of a clause it is; in the cluster, and where a RoleBinding can give it, in the namespace."""
    for number, clause in enumerate(way.clauses):
        for right in clause.rights:
            rights = [*one_of_each(way)[:number], right, *one_of_each(way)[number + 1 :]]
            found = opened(way, role("r", *rights), binding("b", "r", user("ann")))
            assert [(each.way, each.namespace) for each in found] == [(way.name, "*")], right
            assert set(found[0].rights) == set(map(str, rights))
            inside = opened(way, role("r", *rights), binding("b", "r", user("ann"), namespace="shop"))
            expected = [] if any(each.of_cluster for each in way.clauses) else [(way.name, "shop")]
            assert [(each.way, each.namespace) for each in inside] == expected, right


@EACH_WAY
def test_without_one_of_its_rights_a_way_is_closed(way: Way) -> None:
    """So is it where the right is of a namespace without an identity."""
    for number in range(len(way.clauses)):
        rights = [right for index, right in enumerate(one_of_each(way)) if index != number]
        assert opened(way, role("r", *rights), binding("b", "r", user("ann"))) == []
    everything = role("r", *one_of_each(way))
    assert opened(way, everything, binding("b", "r", user("ann"), namespace="other")) == []


@EACH_WAY
def test_a_limit_of_names_opens_a_way_only_where_the_name_fits(way: Way) -> None:
    """A request to create has no name, so such a rule allows nothing."""
    for number, clause in enumerate(way.clauses):
        rest = [right for index, right in enumerate(one_of_each(way)) if index != number]
        limited = clause.rights[0]

        def found(names: tuple[str, ...], rest: list[Right] = rest, limited: Right = limited) -> set[str]:
            objects = [role("r", *rest), role("limited", limited, names=names)]
            bindings = [binding("b", "r", user("ann")), binding("c", "limited", user("ann"))]
            return {each.way for each in opened(way, *objects, *bindings)}

        fitting = tuple(names_for(clause))
        assert found(fitting or ("x",)) == ({way.name} if fitting else set())
        if clause.named.name in ("ACCOUNT", "SIGNER"):
            assert found(("x",)) == set()


@pytest.mark.parametrize("way", [way for way in WAYS if way.until_minor], ids=lambda way: way.name)
def test_a_way_that_newer_versions_close_is_open_before(way: Way) -> None:
    """And where the version is not known."""
    objects = role("r", *one_of_each(way)), binding("b", "r", user("ann"))
    assert way.until_minor
    assert [bool(scanned(*objects, minor=minor)) for minor in (0, way.until_minor - 1, way.until_minor)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("way", [way for way in WAYS if way.since_minor], ids=lambda way: way.name)
def test_a_way_of_newer_versions_is_closed_before(way: Way) -> None:
    """An older API server does not know its verbs."""
    objects = role("r", *one_of_each(way)), binding("b", "r", user("ann"))
    before, since = way.since_minor - 1, way.since_minor
    assert [bool(scanned(*objects, minor=minor)) for minor in (0, before, since)] == [True, False, True]


def test_an_answer_names_subject_binding_role_and_limit() -> None:
    """As people look for them."""
    (found,) = scanned(
        role("debug", EXEC, namespace="shop", names=["app-0"]),
        binding("devs", "debug", account("ci", "deployer"), namespace="shop", kind="Role"),
    )
    assert (found.subject, found.namespace, found.service_accounts) == (
        "ServiceAccount ci/deployer",
        "shop",
        ("secret-access",),
    )
    assert (found.way, found.by) == ("pods/exec", "RoleBinding shop/devs of Role debug (for app-0)")
    assert found.mend


def test_a_token_right_of_one_account_reaches_that_account_alone() -> None:
    """Of several identities of a namespace."""
    both = [SHOP, Identity("shop", "batch")]
    limited = role("r", TOKEN, names=["batch", "default"])
    (found,) = scanned(limited, binding("b", "r", user("ann"), namespace="shop"), identities=both)
    assert found.service_accounts == ("batch",)
    (found,) = scanned(role("r", TOKEN), binding("b", "r", user("ann"), namespace="shop"), identities=both)
    assert found.service_accounts == ("batch", "secret-access")


def test_rights_of_two_bindings_and_of_groups_that_are_known_add_up() -> None:
    """Every user is in system:authenticated, every ServiceAccount in the groups of its namespace."""
    bind, write = (
        Right("bind", "rbac.authorization.k8s.io", "clusterroles"),
        Right("create", "rbac.authorization.k8s.io", "rolebindings"),
    )
    roles = role("binds", bind), role("writes", write)
    own = binding("a", "binds", user("ann"), account("ci", "deployer"), namespace="shop")

    def subjects(*groups: str) -> list[tuple[str, str]]:
        found = scanned(*roles, own, binding("b", "writes", *map(group, groups)))
        return [(each.subject, each.by) for each in found if each.way == "bind roles"]

    by = "ClusterRoleBinding b of ClusterRole writes; RoleBinding shop/a of ClusterRole binds"
    assert subjects("dev", "system:serviceaccounts:shop") == []
    assert subjects("system:authenticated") == [("ServiceAccount ci/deployer", by), ("User ann", by)]
    assert subjects("system:serviceaccounts:ci") == [("ServiceAccount ci/deployer", by)]


def test_who_acts_as_a_group_needs_the_right_in_the_whole_cluster() -> None:
    """And as whom besides, in the namespace at least."""
    groups, accounts = Right("impersonate", "", "groups"), Right("impersonate", "", "serviceaccounts")
    objects = role("g", groups), role("a", accounts), binding("b", "a", user("ann"), namespace="shop")
    in_cluster = scanned(*objects, binding("c", "g", user("ann")))
    names = ["impersonate serviceaccounts", "impersonate groups, as a ServiceAccount"]
    assert [each.way for each in in_cluster] == names
    in_namespace = scanned(*objects, binding("c", "g", user("ann"), namespace="shop"))
    assert [each.way for each in in_namespace] == ["impersonate serviceaccounts"]


def test_an_account_named_as_a_user_is_the_same_account() -> None:
    """Kubernetes takes both spellings."""
    (found,) = scanned(role("r", EXEC), binding("b", "r", user("system:serviceaccount:ci:deployer"), namespace="shop"))
    assert found.subject == "ServiceAccount ci/deployer"


def test_a_binding_of_a_role_that_does_not_exist_gives_nothing() -> None:
    """Nor does one of another namespace's role."""
    elsewhere = role("r", EXEC, namespace="other")
    assert scanned(elsewhere, binding("b", "r", user("ann"), namespace="shop", kind="Role")) == []
    assert scanned(binding("b", "r", user("ann"), namespace="shop")) == []


def test_pods_of_a_namespace_without_pod_security_reach_every_identity() -> None:
    """Through the node; a namespace that enforces it is closed, unless the same person may change its labels."""
    objects = [role("r", PODS), binding("b", "r", user("ann"), namespace="other")]
    (found,) = scanned(*objects, enforced=["shop"])
    assert (found.way, found.namespace) == ("create pods (privileged), in other", "*")
    assert scanned(*objects) == []
    labels = role("l", Right("patch", "", "namespaces")), binding("c", "l", user("ann"), namespace="other")
    (found,) = scanned(*objects, *labels)
    assert (found.way, found.rights) == (
        "create pods (privileged), in other",
        ("create pods", "patch namespaces"),
    )


def test_kubernetes_own_controllers_are_told_apart() -> None:
    """Only those that Kubernetes bound itself: whoever is added to them, or bound beside them, is not."""
    default: Any = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    name = "system:controller:deployment-controller"
    controller = account("kube-system", "deployment-controller")

    def own(*subjects: Object, of: str = name, **metadata: Any) -> list[bool]:
        bound = binding(of, of, *subjects)
        bound["metadata"] |= metadata
        return [way.is_own for way in scanned(role(of, PODS), bound)]

    assert own(controller, **default) == [True]
    assert own(group("system:masters"), of="cluster-admin", **default) == [True]
    assert own(controller) == [False]
    assert own(account("kube-system", "tiller"), **default) == [False]
    assert own(user("ann"), of="cluster-admin", **default) == [False]
    assert own(account("kube-system", "deployment-controller"), of="cluster-admin", **default) == [False]


def test_without_an_identity_there_is_no_way() -> None:
    """Nothing to obtain."""
    assert scanned(role("r", PODS), binding("b", "r", user("ann")), identities=[]) == []


def test_two_hundred_namespaces_take_seconds() -> None:
    """Ten bindings in each, of a role with every right."""
    namespaces = [f"n-{number}" for number in range(200)]
    edit = role("edit", *(right for way in WAYS for right in way.rights))
    objects = [
        binding(f"b-{number}", "edit", user(f"u-{number}"), group(f"g-{namespace}"), namespace=namespace)
        for namespace in namespaces
        for number in range(10)
    ]
    began = time.process_time()
    found = scanned(edit, *objects, identities=[Identity(each, "a") for each in namespaces], enforced=namespaces)
    assert time.process_time() - began < 60
    assert len({way.subject for way in found}) == 210
