"""The command `secret-access rbac`: what people and programs get of it; a script stands in for kubectl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.rbac import CLOSED, EXIT_CODES, OPEN, UNUSABLE
from secret_access.remainder.rules import Right
from secret_access.report.findings import answer
from secret_access.rights import guard_policy
from tests.infra.remainder.objects import Object, account, binding, group, role

EXEC = Right("create", "", "pods/exec")
ANNOTATED = {"metadata": {"name": "app", "namespace": "shop", "annotations": {"secret-access/role-arn": "arn:x"}}}
PLAIN = {"metadata": {"name": "default", "namespace": "shop"}}
ENFORCED = {"metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
MASTERS = binding("cluster-admin", "debug", group("system:masters"))
MASTERS["metadata"]["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults"}
CONTROLLER = binding("system:controller:job", "system:controller:job", account("kube-system", "job"))
CONTROLLER["metadata"]["labels"] = MASTERS["metadata"]["labels"]
DEVELOPERS = binding("dev", "debug", group("dev"), namespace="shop")


def pod(namespace: str, name: str, *volumes: str) -> Object:
    volume_list = [{"name": each} for each in volumes]
    return {
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"serviceAccountName": name, "volumes": volume_list},
    }


class Cluster:
    """What a kubectl of a script answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lists: dict[str, Sequence[Mapping[str, Any]]] = {
            "namespaces": [ENFORCED],
            "serviceaccounts": [ANNOTATED, PLAIN],
            "pods": [],
            "roles": [],
            "clusterroles": [role("debug", EXEC)],
            "rolebindings": [DEVELOPERS],
            "clusterrolebindings": [MASTERS],
            "validatingadmissionpolicies": [],
            "validatingadmissionpolicybindings": [],
            "customresourcedefinitions": [],
        }
        self.groups: list[str] = []
        self.version = {"major": "1", "minor": "36+", "gitVersion": "v1.36.3"}

    def run(self, *arguments: str, **more: Any) -> Result:
        for name, items in self.lists.items():
            (self.folder / name).write_text(json.dumps({"items": items, "metadata": {}}))
        (self.folder / "apis").write_text(json.dumps({"groups": [{"name": name} for name in self.groups]}))
        (self.folder / "version").write_text(json.dumps(self.version))
        path = self.folder / "kubectl"
        path.write_text(
            f"""#!/bin/sh
echo "$@" >> {self.folder}/asked
for last; do :; done
case "$last" in
  --raw=*) name=${{last%%\\?*}}; cat {self.folder}/"${{name##*/}}" ;;
  *) printf blue ;;
esac
"""
        )
        path.chmod(0o700)
        return CliRunner().invoke(cli, ["rbac", "--kubectl", str(path), *arguments], **more)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_who_can_obtain_an_identity_is_said_with_binding_and_mend(cluster: Cluster) -> None:
    """What Kubernetes itself needs stands apart in one line, and so does what RBAC cannot show."""
    result = cluster.run()
    assert result.exit_code == OPEN, result.output
    assert result.output.splitlines()[:6] == [
        "Group dev",
        "  in shop: pods/exec",
        "    by RoleBinding shop/dev of ClusterRole debug",
        "",
        "pods/exec: take the right away: inside the pod, or at its ports, are its secrets",
        "",
    ]
    assert "Expected: Group system:masters\n" in result.output
    assert "OPEN to 1 subject: 1 identity in 1 namespace of blue" in result.output
    assert "Not seen: who is in a group" in result.output


def test_json_has_all_of_it(cluster: Cluster) -> None:
    """For programs; the same exit code."""
    result = cluster.run("--json")
    found = json.loads(result.output)
    assert result.exit_code == OPEN
    assert found["cluster"] == "blue"
    assert found["identities"] == [{"namespace": "shop", "service_account": "app"}]
    (way,) = found["ways"]
    assert {key: way[key] for key in ("subject", "namespace", "way", "by")} == {
        "subject": "Group dev",
        "namespace": "shop",
        "way": "pods/exec",
        "by": "RoleBinding shop/dev of ClusterRole debug",
    }
    assert way["mend"]
    assert found["expected"] == {"Group system:masters": 1}
    assert answer("rbac", result.output.encode()) == found


def test_who_is_trusted_stands_apart(cluster: Cluster) -> None:
    """So that a pipeline fails for everybody else."""
    result = cluster.run("--trusted", "Group dev")
    assert result.exit_code == CLOSED
    assert "Expected: Group dev, Group system:masters\n" in result.output
    assert cluster.run("--trusted", "User dev").exit_code == OPEN


def test_what_a_guard_refuses_does_not_count(cluster: Cluster) -> None:
    """It is said in a line of its own, and JSON has each."""
    guard = {"metadata": {"name": "guard"}}
    spec = guard_policy.policy(["app"], ["deployer"], [], "secret-access/inject", False)
    cluster.lists["validatingadmissionpolicies"] = [{**guard, "spec": spec}]
    cluster.lists["validatingadmissionpolicybindings"] = [{**guard, "spec": guard_policy.binding("guard", "shop")}]
    result = cluster.run()
    assert result.exit_code == CLOSED, result.output
    assert "Refused by the guard guard, but to its deployers: Group dev\n" in result.output
    found = json.loads(cluster.run("--json").output)
    assert found["ways"] == []
    assert [(way["subject"], way["way"], way["refused_by"]) for way in found["refused"]] == [
        ("Group dev", "pods/exec", "guard")
    ]


def test_controllers_of_kubernetes_are_one_line(cluster: Cluster) -> None:
    """JSON names each."""
    cluster.lists["clusterroles"] = [role("debug", EXEC), role("system:controller:job", EXEC)]
    cluster.lists["clusterrolebindings"] = [MASTERS, CONTROLLER]
    assert "Expected: Group system:masters, 1 controller of kube-system\n" in cluster.run().output
    found = json.loads(cluster.run("--json").output)
    assert found["expected"] == {"Group system:masters": 1, "ServiceAccount kube-system/job": 1}


def test_a_cluster_that_gives_nobody_the_right_is_closed(cluster: Cluster) -> None:
    """Said in one line."""
    cluster.lists["rolebindings"] = []
    result = cluster.run()
    assert result.exit_code == CLOSED
    assert "closed: 1 identity in 1 namespace of blue" in result.output


def test_identities_are_found_by_annotation_and_by_sidecar(cluster: Cluster) -> None:
    """Or given, and then no other counts."""
    cluster.lists["pods"] = [pod("pay", "web", "secret-access-token"), pod("shop", "default", "cache")]
    found = json.loads(cluster.run("--json").output)["identities"]
    assert [f"{each['namespace']}/{each['service_account']}" for each in found] == ["pay/web", "shop/app"]
    found = json.loads(cluster.run("--json", "--identity", "shop/b").output)["identities"]
    assert found == [{"namespace": "shop", "service_account": "b"}]


def test_identities_are_found_by_the_audience_of_a_token(cluster: Cluster) -> None:
    """As EKS Pod Identity and other operators of a cloud have pods without an annotation."""

    def with_token(namespace: str, audience: str | None) -> Object:
        token = {"path": "token", **({"audience": audience} if audience else {})}
        made = pod(namespace, "web")
        made["spec"]["volumes"] = [{"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}]
        return made

    clouds = {
        "eks": "pods.eks.amazonaws.com",
        "irsa": "sts.amazonaws.com",
        "azure": "api://AzureADTokenExchange",
        "gcp": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
        "vault": "https://vault.example.com",
    }
    others = {"mesh": "istio-ca", "api": None, "near": "sts.amazonaws.com.example"}
    cluster.lists["pods"] = [with_token(*each) for each in {**clouds, **others}.items()]
    found = json.loads(cluster.run("--json").output)["identities"]
    assert {each["namespace"] for each in found} == {*clouds, "shop"}


def test_operators_are_found_by_their_group_and_by_their_schemas(cluster: Cluster) -> None:
    """A custom resource with containers makes pods; one of a known operator does whatever its schema says."""
    containers: dict[str, Any] = {"items": {"properties": {"image": {}}}}
    schema = {"properties": {"spec": {"properties": {"containers": containers, "serviceAccountName": {}}}}}
    versions = [{"schema": {"openAPIV3Schema": schema}}]
    cluster.groups = ["argoproj.io"]
    cluster.lists["customresourcedefinitions"] = [
        {"spec": {"group": "example.com", "names": {"plural": "runners"}, "versions": versions}},
        {"spec": {"group": "example.com", "names": {"plural": "plain"}, "versions": [{}]}},
    ]
    rights = ("argoproj.io", "workflows"), ("example.com", "runners"), ("example.com", "plain")
    cluster.lists["clusterroles"] = [role("debug", *(Right("create", *each) for each in rights))]
    (way,) = json.loads(cluster.run("--json").output)["ways"]
    assert way["rights"] == ["create workflows.argoproj.io", "create runners.example.com"]


def test_the_users_of_eks_are_a_way_where_they_are_in_a_config_map(cluster: Cluster) -> None:
    """Asked of EKS alone."""
    cluster.lists["clusterroles"] = [role("debug", Right("patch", "", "configmaps"))]
    cluster.lists["rolebindings"] = [binding("b", "debug", group("dev"), namespace="kube-system")]
    assert cluster.run().exit_code == CLOSED
    assert "aws-auth" not in (cluster.folder / "asked").read_text()
    cluster.version["gitVersion"] = "v1.33.1-eks-595af52"
    (cluster.folder / "aws-auth").write_text("{}")
    (way,) = json.loads(cluster.run("--json").output)["ways"]
    assert (way["way"], way["namespace"]) == ("change aws-auth", "*")


def test_pods_that_reach_their_node_count(cluster: Cluster) -> None:
    """Who enters them reaches every identity there."""
    reaches = pod("ci", "default")
    reaches["spec"]["hostPID"] = True
    cluster.lists["pods"] = [reaches]
    cluster.lists["rolebindings"] = [binding("b", "debug", group("dev"), namespace="ci")]
    (way,) = json.loads(cluster.run("--json").output)["ways"]
    assert way["way"] == "pods/exec (into a privileged pod), in ci"


def test_an_identity_of_a_namespace_that_does_not_exist_is_refused(cluster: Cluster) -> None:
    """Nobody has a way to it, and that is no answer."""
    result = cluster.run("--identity", "shp/app")
    assert result.exit_code == UNUSABLE
    assert "no namespace 'shp' in the cluster" in result.stderr


@pytest.mark.parametrize("answer", ["<html>a proxy</html>", "{}", "[]", '{"kind": "Status"}', ""])
def test_what_is_no_list_is_not_taken_for_an_empty_one(cluster: Cluster, answer: str) -> None:
    """A cluster without bindings would be closed."""
    cluster.run()
    script = (cluster.folder / "kubectl").read_text()
    broken = script.replace("case", f"case \"$last\" in --raw=*rolebindings*) echo '{answer}'; exit ;; esac\ncase", 1)
    (cluster.folder / "kubectl").write_text(broken)
    result = CliRunner().invoke(cli, ["rbac", "--kubectl", str(cluster.folder / "kubectl")])
    assert result.exit_code == UNUSABLE, result.output
    assert result.stderr.startswith("secret-access: kubectl get --raw=")


def test_a_list_of_nothing_may_be_null(cluster: Cluster) -> None:
    """As Go writes it."""
    cluster.lists["rolebindings"] = None  # type: ignore[assignment]
    assert cluster.run().exit_code == CLOSED


def test_names_cannot_write_on_the_terminal(cluster: Cluster) -> None:
    """A user may be called anything, such as what hides a line, or looks like another."""
    name = "ann\x1b[8m\r\nclosed: 1 identity\u202e"
    cluster.lists["rolebindings"] = [binding("dev", "debug", group(name), namespace="shop")]
    lines = cluster.run(color=True).output.splitlines()
    assert "Group ann\\x1b[8m\\r\\nclosed: 1 identity\\u202e" in lines[0]
    assert json.loads(cluster.run("--json").output)["ways"][0]["subject"] == f"Group {name}"


def test_no_secret_is_read(cluster: Cluster) -> None:
    """Its value would be in the memory of whoever asks."""
    cluster.run()
    asked = (cluster.folder / "asked").read_text()
    assert "/pods" in asked
    assert "secrets" not in asked


def test_two_hundred_namespaces_are_a_few_lines(cluster: Cluster) -> None:
    """The same binding in each is said once."""
    names = [f"n-{number}" for number in range(200)]
    cluster.lists["serviceaccounts"] = [
        {"metadata": {**ANNOTATED["metadata"], "namespace": namespace}} for namespace in names
    ]
    subject = account("ci", "deployer")
    cluster.lists["rolebindings"] = [binding("ci", "debug", subject, namespace=namespace) for namespace in names]
    lines = cluster.run().output.splitlines()
    assert lines[:3] == [
        "ServiceAccount ci/deployer",
        "  in n-0, n-1, n-10 and 197 namespaces more: pods/exec",
        "    by RoleBinding n-0/ci of ClusterRole debug, and 199 like it",
    ]
    assert len(lines) < 20


def test_ways_over_nodes_from_two_hundred_namespaces_are_a_few_lines(cluster: Cluster) -> None:
    """And in what to do, too."""
    cluster.lists["clusterroles"] = [role("debug", Right("create", "", "pods"), Right("patch", "apps", "deployments"))]
    names = [f"n-{number}" for number in range(200)]
    cluster.lists["rolebindings"] = [binding("b", "debug", group("dev"), namespace=each) for each in names]
    lines = cluster.run().output.splitlines()
    assert lines[:3] == [
        "Group dev",
        "  to every identity, from n-0, n-1, n-10 and 197 namespaces more: create pods (privileged), change workloads",
        "    (privileged)",
    ]
    assert len(lines) < 20


def test_without_an_identity_the_command_says_how_to_name_one(cluster: Cluster) -> None:
    """Nothing to obtain is not the same as nobody who may."""
    cluster.lists["serviceaccounts"] = [PLAIN]
    result = cluster.run()
    assert result.exit_code == UNUSABLE
    assert "--identity NAMESPACE/SERVICEACCOUNT" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("--identity", "shop"), ("--identity", "a/b/c"), ("--trusted", "dev"), ("--trusted", "Team dev")]
)
def test_wrong_arguments_are_refused(cluster: Cluster, arguments: tuple[str, ...]) -> None:
    """With what was expected."""
    result = cluster.run(*arguments)
    assert result.exit_code == UNUSABLE
    assert arguments[-1] in result.stderr


def test_a_kubectl_that_fails_is_one_sentence() -> None:
    """Without a stack trace."""
    result = CliRunner().invoke(cli, ["rbac", "--kubectl", "no-such-kubectl"])
    assert result.exit_code == UNUSABLE
    assert result.stderr.startswith("secret-access: cannot run 'no-such-kubectl'")


def test_colours_are_for_terminals_alone(cluster: Cluster) -> None:
    """A file or a pipe gets none."""
    assert "\x1b[" not in cluster.run().output
    assert "\x1b[31m" in cluster.run(color=True).output


def test_the_help_teaches() -> None:
    """Every exit code has its meaning."""
    result = CliRunner().invoke(cli, ["rbac", "--help"])
    for code in (CLOSED, OPEN, UNUSABLE):
        assert f"  {code}  " in EXIT_CODES
        assert f"  {code}  " in result.output
    assert "secret-access rbac --context blue" in result.output
