"""The shared service on two nodes with a real network: by its name, behind its NetworkPolicy, and through drains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local import host
from local.aws import account
from local.progress import wait_for
from tests.e2e import cluster_network, second_node
from tests.e2e.cluster_network import NODES
from tests.e2e.conftest import Environment
from tests.e2e.shared_caller import ASK, Caller, manifest, reading
from tests.e2e.shared_environment import Service, apply, running

TEST, PROD = "test/database-password", "prod/database-password"
BY_NAME = ""
UNREACHED = ("ConnectionRefusedError", "TimeoutError")
"""What a NetworkPolicy makes of a connection: it is refused, or nothing answers."""
LET_IN = "/spec/ingress/0/from/0/namespaceSelector/matchExpressions/0/values"
CALLERS = ["prod", "stranger", "test"]
"""The namespaces that the stack lets in, and where its NetworkPolicy has them."""
TO_STATUS = """
import contextlib, io, json, sys, time
program, status = sys.argv.pop(1), 0
while not status:
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        exec(program)
    status = json.loads(said.getvalue())["status"]
    time.sleep(0 if status else 0.1)
with open("/dev/termination-log", "w") as log:
    log.write(str(status))
"""
"""A program's answer without the secret, in the pod's status: the API server does not exec into pods of that node.

A NetworkPolicy that lets a namespace in reaches a node some time after a new pod of it has started, so it asks until
something answers (https://kubernetes.io/docs/concepts/services-networking/network-policies/#pod-lifecycle).
"""


@pytest.fixture(scope="module")
def service(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Up on two nodes before the first test, gone after the last; its callers are on the first node."""
    with (
        cluster_network.running(environment, tmp_path_factory.mktemp("network")),
        running(environment, tmp_path_factory.mktemp("authority")) as service,
    ):
        let_in = [service.callers[namespace] for namespace in ("test", "prod")]
        wait_for(
            "names, the rules of kube-proxy and those of kube-router",
            lambda: all(caller.ask(BY_NAME, TEST).status for caller in let_in),
            still_possible=host.why_not_running,
        )
        yield service


def test_its_pods_are_on_different_nodes(service: Service) -> None:
    """So that no node takes both along."""
    assert {pod["spec"]["nodeName"] for pod in service.pods()} == set(NODES)


@pytest.mark.parametrize(("caller", "own", "others"), [("test", TEST, PROD), ("prod", PROD, TEST)])
def test_callers_reach_it_by_its_name(service: Service, caller: str, own: str, others: str) -> None:
    """CoreDNS and kube-proxy lead there, and the cloud decides as ever."""
    asked = service.callers[caller]
    answers = [(asked.ask(BY_NAME, own).status, asked.ask(BY_NAME, others).status) for _ in range(3)]
    assert answers == [(200, 403)] * 3


def test_a_workload_without_a_sidecar_reads_its_own_secret_by_the_name(service: Service) -> None:
    """SecretWorkload's `caller`: one container, which has all that it needs."""
    listed = service.environment.kubectl("get", "pods", "-n", "test", "-l", "app.kubernetes.io/name=caller", "-o=json")
    (pod,) = json.loads(listed)["items"]
    assert [container["name"] for container in pod["spec"]["containers"]] == ["app"]
    assert "initContainers" not in pod["spec"]
    caller = Caller(service.environment, "test", pod["metadata"]["name"])
    answer = caller.ask(BY_NAME, "database-password")
    assert (answer.status, answer.body["value"]) == (200, account.value(TEST))
    refused = caller.ask(BY_NAME, PROD)
    assert (refused.status, refused.body["code"]) == (403, "AccessDeniedException")
    assert refused.body["identity"].endswith(f"/test.{pod['metadata']['name']}")


def test_a_pod_on_the_other_node_reaches_it_by_its_name(service: Service) -> None:
    """With the DNS that the kubelet gives every pod."""
    more = {"nodeSelector": {"kubernetes.io/hostname": second_node.NODE.name}, "restartPolicy": "Never"}
    kubectl = service.environment.kubectl
    for name, status in ((TEST, "200"), (PROD, "403")):
        pod = manifest(service.caller_access, "test", "other-node", "secret-access", more)
        pod["spec"]["containers"][0]["command"] = ["python3", "-c", TO_STATUS, ASK, BY_NAME, f"/v1/secrets/{name}", ""]
        apply(service.environment, pod)
        try:
            kubectl(
                "wait", "pod/other-node", "-n", "test", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s"
            )
            found = json.loads(kubectl("get", "pod", "other-node", "-n", "test", "-o", "json"))
        finally:
            kubectl("delete", "pod", "other-node", "-n", "test")
        assert found["status"]["containerStatuses"][0]["state"]["terminated"].get("message") == status


def test_a_stranger_is_kept_out_by_the_network_policy_until_it_is_widened(service: Service) -> None:
    """With the policy widened it gets through, and the cloud refuses it."""
    outsider = service.callers["outsider"]
    addresses = [BY_NAME, *service.addresses()]

    def reached() -> list[bool]:
        return [outsider.ask(address, TEST).body.get("error") not in UNREACHED for address in addresses]

    def is_kept_out() -> bool:
        return not any(reached())

    def set_namespaces(names: list[str]) -> None:
        change = [{"op": "replace", "path": LET_IN, "value": names}]
        policy = ("networkpolicy", "secrets", "-n", "platform")
        service.environment.kubectl("patch", *policy, "--type=json", f"--patch={json.dumps(change)}")

    wait_for("the rules of kube-router", is_kept_out, still_possible=host.why_not_running)
    assert service.callers["test"].ask(BY_NAME, TEST).status == 200
    set_namespaces([*CALLERS, "outsider"])
    try:
        wait_for("the policy's widening", lambda: all(reached()), still_possible=host.why_not_running)
        assert outsider.ask(BY_NAME, TEST).status == 403
    finally:
        set_namespaces(CALLERS)
    wait_for("the policy as it was", is_kept_out, still_possible=host.why_not_running)


@contextmanager
def drained(service: Service, node: str) -> Iterator[None]:
    """Without the service's pods, which may not come back; its callers stay."""
    kubectl = service.environment.kubectl
    try:
        kubectl("drain", node, "--pod-selector=app.kubernetes.io/name=secrets", "--timeout=120s")
        service.settled()
        yield
    finally:
        kubectl("uncordon", node)


def test_draining_one_node_after_the_other_loses_no_read(service: Service) -> None:
    """The second time both pods are on the node: the budget lets one go, and the other once there is a new one."""
    with reading(service.callers["test"], TEST) as load:
        for node in NODES:
            with drained(service, node):
                assert {pod["spec"]["nodeName"] for pod in service.pods()} == set(NODES) - {node}
    print(f"{load.reads} reads")
    assert load.lost == []
    assert load.reads > 100


def test_pods_that_end_at_once_lose_reads(service: Service) -> None:
    """The control: without the time in which the Service stops routing to a pod, reads are lost."""
    kubectl = service.environment.kubectl
    kubectl("set", "env", "deployment/secrets", "-n", "platform", "SECRETS_SHARED_SHUTDOWN_DELAY=0")
    kubectl("rollout", "status", "deployment/secrets", "-n", "platform", "--timeout=120s")
    service.settled()
    with reading(service.callers["test"], TEST) as load:
        for node in NODES:
            with drained(service, node):
                pass
    assert load.lost
