"""Ways over another ServiceAccount: who obtains one that has a way has the way too."""

import itertools

import pytest

from secret_access.remainder.guards import Guard
from secret_access.remainder.opening import Identity, OpenWay
from secret_access.remainder.rules import Right
from secret_access.remainder.scan import Cluster, scan
from tests.infra.remainder.objects import SHOP, Object, account, binding, rbac, role, scanned, user

EXEC, TOKEN = Right("create", "", "pods/exec"), Right("create", "", "serviceaccounts/token")
CREATE, READ = Right("create", "", "pods"), Right("get", "", "secrets")
IMPERSONATE = Right("impersonate", "", "serviceaccounts")
CONTROLLER = "system:controller:daemon-set-controller"


def controller() -> tuple[Object, Object]:
    """Kubernetes' own, which makes pods everywhere and is not counted."""
    bound = binding(CONTROLLER, CONTROLLER, account("kube-system", "daemon-set-controller"))
    bound["metadata"]["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    return role(CONTROLLER, CREATE), bound


def others(found: list[OpenWay]) -> list[OpenWay]:
    return [each for each in found if not each.is_own]


@pytest.mark.parametrize("right", [TOKEN, READ, IMPERSONATE, Right("create", "", "pods/portforward")], ids=str)
def test_who_obtains_a_controller_of_kubernetes_is_listed(right: Right) -> None:
    """The controller itself is expected; who gets its token is not."""
    bound = binding("b", "r", user("ann"), namespace="kube-system")
    (found,) = others(scanned(role("r", right), bound, *controller()))
    assert (found.subject, found.namespace) == ("User ann", "*")
    assert found.through == ("kube-system/daemon-set-controller",)
    assert found.way.endswith(" in kube-system, as kube-system/daemon-set-controller")
    assert found.by == "RoleBinding kube-system/b of ClusterRole r"


def test_who_acts_as_a_controller_for_one_purpose_is_listed() -> None:
    """Since Kubernetes 1.35; another ServiceAccount's name is no limit that matters."""
    acts = Right("impersonate:serviceaccount", "authentication.k8s.io", "serviceaccounts")
    on = Right("impersonate-on:serviceaccount:create", "", "pods")
    bound = [binding(each, each, user("ann"), namespace="kube-system") for each in ("a", "o")]
    objects = [role("o", on), *bound, *controller()]
    (found,) = others(scanned(role("a", acts), *objects))
    assert found.way == "impersonate:serviceaccount in kube-system, as kube-system/daemon-set-controller"
    assert others(scanned(role("a", acts, names=["own"]), *objects)) == []
    assert others(scanned(role("a", acts), *objects, minor=34)) == []


@pytest.mark.parametrize("right", [TOKEN, READ, IMPERSONATE], ids=str)
def test_a_limit_to_other_names_does_not_lead_to_it(right: Right) -> None:
    """Such as an add-on's Secret of its own in `kube-system`."""
    bound = binding("b", "r", user("ann"), namespace="kube-system")
    assert others(scanned(role("r", right, names=["own"]), bound, *controller())) == []


def test_a_limit_to_its_name_does() -> None:
    """Also in the whole cluster."""
    (found,) = others(
        scanned(role("r", TOKEN, names=["daemon-set-controller"]), binding("b", "r", user("ann")), *controller())
    )
    assert found.way == "create serviceaccounts/token, as kube-system/daemon-set-controller"


def chain(*namespaces: str) -> list[Object]:
    """A ServiceAccount in each namespace that may enter the pods of the next; ann those of the first."""
    objects = [role("r", EXEC), binding("b", "r", user("ann"), namespace=namespaces[0])]
    for one, following in itertools.pairwise(namespaces):
        objects.append(binding(f"b-{one}", "r", account(one, "app"), namespace=following))
    return objects


def test_a_way_may_have_many_steps() -> None:
    """Each of them is listed with where it leads."""
    found = {each.subject: each for each in scanned(*chain("a", "b", "c", "shop"))}
    assert set(found) == {"User ann", *(f"ServiceAccount {each}/app" for each in "abc")}
    assert {each.namespace for each in found.values()} == {"shop"}
    assert found["User ann"].through == ("a/app",)
    assert found["User ann"].service_accounts == ("secret-access",)


def test_steps_in_a_circle_end() -> None:
    circle = binding("back", "r", account("c", "app"), namespace="a")
    assert len(scanned(*chain("a", "b", "c", "shop"), circle)) == 4


def test_a_chain_that_ends_nowhere_is_no_way() -> None:
    assert scanned(*chain("a", "b", "c")) == []


def test_what_a_subject_has_at_once_is_not_said_again() -> None:
    """Over an identity that itself leads no further, or to where the subject is."""
    at_once = binding("shop", "r", user("ann"), namespace="shop")
    ways = [each.way for each in scanned(*chain("a", "shop"), at_once) if each.subject == "User ann"]
    assert ways == ["pods/exec"]


def test_an_identity_may_lead_to_another() -> None:
    both = [SHOP, Identity("pay", "app")]
    objects = [role("r", EXEC), binding("b", "r", user("ann"), namespace="pay")]
    objects.append(binding("c", "r", account("pay", "app"), namespace="shop"))
    found = [(each.namespace, each.way) for each in scanned(*objects, identities=both) if each.subject == "User ann"]
    assert found == [("pay", "pods/exec"), ("shop", "pods/exec in pay, as pay/app")]


def test_what_a_guard_refuses_is_no_step() -> None:
    """The guard keeps the ServiceAccount in between."""
    guard = Guard("guard", "a", frozenset({"app"}), frozenset(), frozenset())
    cluster = Cluster(rbac(*chain("a", "shop")), [SHOP], ("shop", "a"), 36, [guard])
    assert [each.subject for each in scan(cluster)] == ["ServiceAccount a/app"]


def test_a_service_account_does_not_obtain_itself() -> None:
    """Where it is the only identity of its namespace."""
    bound = binding("b", "r", account("shop", "secret-access"), namespace="shop")
    assert scanned(role("r", EXEC), bound) == []
    found = scanned(role("r", EXEC), bound, identities=[SHOP, Identity("shop", "batch")])
    assert [each.service_accounts for each in found] == [("batch",)]
