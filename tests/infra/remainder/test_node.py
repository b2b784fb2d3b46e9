"""Ways over a node: from a namespace without an identity to every identity with a pod on the node."""

from typing import Any

import pytest

from secret_access.remainder.node import reaches_node
from secret_access.remainder.rules import Right
from tests.infra.remainder.objects import Object, binding, group, role, scanned, user

RBAC = "rbac.authorization.k8s.io"
CREATE, PATCH = Right("create", "", "pods"), Right("patch", "", "pods")
LABEL = Right("patch", "", "namespaces")
MAKING = {
    "create pods": [CREATE],
    "create workloads": [Right("create", "batch", "jobs")],
    "change workloads": [Right("patch", "apps", "deployments")],
    "pods/ephemeralcontainers": [Right("patch", "", "pods/ephemeralcontainers")],
}
BIND = [Right("create", RBAC, "rolebindings"), Right("bind", RBAC, "clusterroles")]
WIDEN = [Right("update", RBAC, "roles"), Right("escalate", RBAC, "roles")]


def found(*rights: Right, **more: Any) -> list[str]:
    """The ways to every identity of who has rights in a namespace that has none."""
    opened = scanned(role("r", *rights), binding("b", "r", user("ann"), namespace="ci"), **more)
    assert {each.namespace for each in opened} <= {"*"}
    return [each.way for each in opened]


@pytest.mark.parametrize("way", MAKING)
def test_a_container_of_ones_own_is_privileged_where_pod_security_does_not_refuse_it(way: str) -> None:
    """It is refused in an enforced namespace, unless the same person may change its labels."""
    name = f"{way} (privileged), in ci"
    assert found(*MAKING[way]) == [name]
    assert found(*MAKING[way], enforced=["ci"]) == []
    assert found(*MAKING[way], LABEL, enforced=["ci"]) == [name]


@pytest.mark.parametrize(("way", "rights"), [("bind roles", BIND), ("widen roles", WIDEN)])
def test_who_gives_all_rights_of_a_namespace_also_changes_its_labels(way: str, rights: list[Right]) -> None:
    """So Pod Security is no obstacle."""
    assert found(*rights) == [f"{way} (privileged), in ci"]
    assert found(*rights, enforced=["ci"]) == [f"{way} (privileged), in ci"]


@pytest.mark.parametrize(("name", "is_open"), [("cluster-admin", True), ("view", False)])
def test_in_an_enforced_namespace_only_a_role_of_all_rights_changes_the_labels(name: str, is_open: bool) -> None:
    objects = role("w", BIND[0]), role("b", BIND[1], names=[name])
    bound = [binding(each, each, user("ann"), namespace="ci") for each in ("w", "b")]
    opened = scanned(*objects, *bound, enforced=["ci"])
    assert [each.way for each in opened] == (["bind roles (privileged), in ci"] if is_open else [])


def test_a_server_side_apply_creates_the_pod_whose_name_the_limit_has() -> None:
    """It has a name in its path, as no other request to create has; it takes both verbs."""
    both = role("c", CREATE, names=["x"]), role("p", PATCH, names=["x"])
    bound = [binding(each, each, user("ann"), namespace="ci") for each in ("c", "p")]
    assert [each.way for each in scanned(*both, *bound)] == ["apply pods (privileged), in ci"]
    assert scanned(*both, bound[0]) == []
    assert found(CREATE, PATCH) == ["create pods (privileged), in ci"]


PRIVILEGED = {"containers": [{"securityContext": {"privileged": True}}]}


@pytest.mark.parametrize(
    "right", [Right("create", "", "pods/exec"), Right("create", "", "pods/attach"), PATCH], ids=str
)
def test_who_enters_a_pod_that_reaches_its_node_has_the_tokens_there(right: Right) -> None:
    """Or puts another image into it; pods of other namespaces do not matter."""
    (way,) = found(right, on_node=["ci"])
    assert way.endswith(" (into a privileged pod), in ci")
    assert found(right, on_node=["other"]) == []


@pytest.mark.parametrize(
    "spec",
    [
        PRIVILEGED,
        {"containers": [{}], "initContainers": PRIVILEGED["containers"]},
        {"containers": [{}], "hostPID": True},
        *(
            {"containers": [{}], "volumes": [{"name": "v", "hostPath": {"path": path}}]}
            for path in (
                "/",
                "/var",
                "/var/lib/kubelet",
                "/var/lib/kubelet/pods",
                "/run/containerd",
                "/etc/",
                "/dev/sda",
            )
        ),
    ],
)
def test_a_pod_with_its_nodes_disk_processes_or_devices_reaches_the_node(spec: Object) -> None:
    assert reaches_node(spec)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": [{"securityContext": {"privileged": False}}], "hostNetwork": True},
        {"containers": [{}], "volumes": [{"name": "v", "hostPath": {"path": "/opt/data"}}, {"name": "w"}]},
    ],
)
def test_an_ordinary_pod_does_not(spec: Object) -> None:
    assert not reaches_node(spec)


@pytest.mark.parametrize(
    ("right", "names", "is_open"),
    [
        (Right("patch", "", "configmaps"), (), True),
        (Right("update", "", "configmaps"), ("aws-auth",), True),
        (Right("update", "", "configmaps"), ("coredns",), False),
        (Right("get", "", "configmaps"), (), False),
    ],
)
def test_who_changes_the_users_of_eks_reaches_everything(right: Right, names: tuple[str, ...], is_open: bool) -> None:
    """In its namespace, and in the whole cluster; not where there is no such ConfigMap, nor in others."""
    given = role("r", right, names=names)
    inside = binding("b", "r", user("ann"), namespace="kube-system")
    opened = [(each.way, each.namespace) for each in scanned(given, inside, has_aws_auth=True)]
    assert opened == ([("change aws-auth", "*")] if is_open else [])
    assert len(scanned(given, binding("b", "r", user("ann")), has_aws_auth=True)) == is_open
    assert scanned(given, inside) == []
    assert scanned(given, binding("b", "r", user("ann"), namespace="shop"), has_aws_auth=True) == []


@pytest.mark.parametrize(
    ("signer", "is_open"),
    [
        ("kubernetes.io/kube-apiserver-client-kubelet", True),
        ("kubernetes.io/kube-apiserver-client", True),
        ("kubernetes.io/kubelet-serving", False),
    ],
)
def test_who_approves_a_kubelets_certificate_becomes_the_node(signer: str, is_open: bool) -> None:
    """Its identity gets the tokens of all pods there; that of a server does not."""
    certificates = "certificates.k8s.io"
    update = role("u", Right("update", certificates, "certificatesigningrequests/approval"))
    approve = role("a", Right("approve", certificates, "signers"), names=[signer])
    opened = scanned(update, approve, binding("b", "u", user("ann")), binding("c", "a", user("ann")))
    assert [each.way for each in opened] == (["approve certificates"] if is_open else [])


def test_who_creates_secrets_in_kube_system_becomes_a_node_where_bootstrap_tokens_do() -> None:
    """A Secret there is such a token; nowhere else, and not where nodes join in another way."""
    certificates = "certificates.k8s.io"
    create, nodeclient = (
        Right("create", certificates, f"certificatesigningrequests{each}") for each in ("", "/nodeclient")
    )
    joining = role("j", create, nodeclient), binding("j", "j", group("system:bootstrappers:kubeadm:default-node-token"))
    secrets = role("s", Right("create", "", "secrets"))

    def found(*objects: Object) -> list[str]:
        return [each.way for each in scanned(secrets, *objects) if each.subject == "User ann"]

    inside = binding("b", "s", user("ann"), namespace="kube-system")
    assert found(*joining, inside) == ["create bootstrap tokens"]
    assert found(*joining, binding("b", "s", user("ann"))) == ["create bootstrap tokens"]
    assert found(*joining, binding("b", "s", user("ann"), namespace="shop")) == []
    assert found(inside) == []
    assert found(role("j", create), joining[1], inside) == []


@pytest.mark.parametrize(
    ("name", "is_open"),
    [
        ("v1.", True),
        ("v1.apps", True),
        ("v1.rbac.authorization.k8s.io", True),
        ("v1beta1.external.metrics.k8s.io", False),
        ("v1beta1.metrics.k8s.io", False),
        ("v1.packages.example.com", False),
    ],
)
def test_who_registers_an_api_of_kubernetes_own_tells_controllers_what_to_run(name: str, is_open: bool) -> None:
    """An operator's own API, such as that of metrics, tells them nothing."""
    given = role("r", Right("patch", "apiregistration.k8s.io", "apiservices"), names=[name])
    opened = scanned(given, binding("b", "r", user("ann")))
    assert [each.way for each in opened] == (["change API services"] if is_open else [])
