"""What the rights in a namespace lead to, asked of a real API server: DeveloperAccess and ServiceAccountGuard."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.progress import wait_for
from local.standins.kube_client import Client
from secret_access.kubectl import Kubectl
from secret_access.remainder.live import read
from secret_access.remainder.opening import Identity
from secret_access.remainder.scan import scan
from tests.integration import ways
from tests.integration.guarded_namespaces import (
    ALL,
    ALL_PODS,
    DEPLOYERS,
    GUARDED,
    PLAIN,
    PROGRAM,
    bind,
    furnish,
    somebody_with,
    succeeds,
)
from tests.integration.real_parts import ApiServer, Stack
from tests.integration.ways import ACCOUNT, APPS, CORE, MERGE, STRATEGIC, ask


@pytest.fixture(scope="module")
def reached(api_server: ApiServer) -> Iterator[list[str]]:
    """What has reached the node."""
    with ways.kubelet(api_server) as paths:
        yield paths


@pytest.fixture(scope="module", autouse=True)
def made(api_server: ApiServer, reached: list[str], tools: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two namespaces, and the rights that the components make in each by the real engine."""
    del reached
    for namespace in (PLAIN, GUARDED, ALL_PODS):
        furnish(api_server, namespace)
    stack = Stack.made(tools, tmp_path_factory.mktemp("rights") / "stack", os.environ)
    stack.program(PROGRAM.format(kubeconfig=str(api_server.kubeconfig), deployers=DEPLOYERS))
    stack.up()
    bind(api_server, GUARDED, "ClusterRole", "edit", "editor")
    bind(api_server, PLAIN, "ClusterRole", "edit", "editor")
    bind(api_server, GUARDED, "ClusterRole", "admin", "deployer")
    editor = api_server.user("editor")

    bind(api_server, ALL_PODS, "ClusterRole", "edit", "editor")

    def guards() -> bool:
        return all(ways.USES["token"].ask(editor, namespace)[0] == 403 for namespace in (GUARDED, ALL_PODS))

    wait_for("the guard to act", guards)
    stack.pulumi("preview", "--refresh", "--expect-no-changes")


@pytest.fixture(scope="module")
def developer(api_server: ApiServer) -> Client:
    """Somebody of the team."""
    return api_server.user("ann", "team-a")


@pytest.mark.parametrize("name", ALL)
def test_no_way_leads_developers_to_an_identity(
    api_server: ApiServer, developer: Client, reached: list[str], name: str
) -> None:
    """Who has one right more goes that way, and no other has led there."""
    way = ALL[name]
    assert not succeeds(way, name, developer, PLAIN)
    assert 'User "ann" cannot' in json.loads(way.ask(developer, PLAIN)[1])["message"]
    if way.is_stream:
        assert not reached
        assert replace(way, method="GET").ask(developer, PLAIN)[0] == 403  # enough before Kubernetes 1.35

    user = somebody_with(api_server, name, PLAIN)
    assert succeeds(way, name, api_server.user(user, "team-a"), PLAIN)
    assert len(reached) == way.is_stream
    reached.clear()


@pytest.mark.parametrize("name", [*ways.STREAMS, *ways.USES])
def test_the_guard_keeps_the_identity_from_who_has_the_right(
    api_server: ApiServer, reached: list[str], name: str
) -> None:
    """RBAC lets them, admission does not; deployers with the same right do it."""
    user = somebody_with(api_server, name, GUARDED)
    status, answer = ALL[name].ask(api_server.user(user), GUARDED)
    assert (status, "ValidatingAdmissionPolicy 'secret-access-guard-rights-guarded'" in answer) == (403, True), answer
    assert "only those whom its ServiceAccountGuard names as deployers may" in answer
    assert not reached

    bind(api_server, GUARDED, "Role", user, "deployer")
    assert succeeds(ALL[name], name, api_server.user("deployer"), GUARDED)
    reached.clear()


LEFT_OPEN = {
    "annotation of the ServiceAccount",
    "acting as the ServiceAccount",
    "reading a Secret",
    "listing Secrets",
    "Secret with a token",
    "file that a pod reads",
    "metrics through a pod's proxy",
    "a Service's proxy",
}
"""What docs/developers.md says that a guard leaves to those with the role `edit`."""


def test_what_edit_gives_with_and_without_a_guard(api_server: ApiServer, reached: list[str]) -> None:
    """Without one, nearly every way to the identity; with one, none, and what the page says is left."""
    editor = api_server.user("editor")
    without = {name for name, way in ALL.items() if succeeds(way, name, editor, PLAIN)}
    guarded = {name for name, way in ALL.items() if succeeds(way, name, editor, GUARDED)}
    assert without - guarded == {*ways.STREAMS, *ways.USES} - {"ephemeral container", "ControllerRevision"}
    assert guarded == LEFT_OPEN
    reached.clear()


def test_the_scan_of_rights_knows_what_a_guard_refuses(api_server: ApiServer, kubectl_command: str) -> None:
    """As it was asked above: of what `edit` gives, the guard leaves what takes a detour, and to deployers all."""
    kubectl = Kubectl(kubeconfig=str(api_server.kubeconfig), command=kubectl_command)
    found = scan(read(kubectl, [Identity(namespace, ACCOUNT) for namespace in (PLAIN, GUARDED, ALL_PODS)]))

    def opened(subject: str, namespace: str) -> set[str]:
        of = [way for way in found if (way.subject, way.namespace) == (subject, namespace)]
        return {way.way for way in of if not way.refused_by}

    detours = {"read Secrets", "impersonate serviceaccounts"}
    assert opened("User editor", GUARDED) == opened("User editor", ALL_PODS) == detours
    assert {"create pods", "pods/exec", "create serviceaccounts/token"} < opened("User editor", PLAIN)
    assert {"create pods", "pods/exec", "create serviceaccounts/token"} < opened("User deployer", GUARDED)


def patched(client: Client, path: str, body: Any, kind: str = MERGE) -> int:
    return ask(client, "PATCH", path, json.dumps(body), {"Content-Type": kind})[0]


def inside(api: str, path: str) -> str:
    return f"{api}/namespaces/{GUARDED}/{path}"


def test_developers_look_restart_and_scale(api_server: ApiServer, developer: Client) -> None:
    """What they are for: the rights are not so few that nobody works with them."""
    for path in ("pods", "pods/app", "events", "services", "configmaps", "serviceaccounts"):
        assert ask(developer, "GET", f"{CORE}/namespaces/{PLAIN}/{path}")[0] == 200, path
    for api, path in ((APPS, "deployments/app"), (APPS, "replicasets"), (ways.BATCH, "cronjobs"), (ways.BATCH, "jobs")):
        assert ask(developer, "GET", f"{api}/namespaces/{PLAIN}/{path}")[0] == 200, path
    assert ask(developer, "GET", f"{CORE}/namespaces/{PLAIN}/pods/app/log")[0] == 200
    scale = f"{APPS}/namespaces/{PLAIN}/deployments/app/scale"
    assert patched(developer, scale, {"spec": {"replicas": 1}}) == 200
    assert patched(developer, scale, {"spec": {"replicas": 0}}) == 200
    assert ask(developer, "DELETE", f"{CORE}/namespaces/{PLAIN}/pods/app?dryRun=All")[0] == 200
    eviction = {"metadata": {"name": "app"}, "deleteOptions": {"dryRun": ["All"]}}
    assert ask(developer, "POST", f"{CORE}/namespaces/{PLAIN}/pods/app/eviction", json.dumps(eviction))[0] == 201
    assert ask(developer, "GET", f"{CORE}/namespaces/default/pods")[0] == 403


def deploy(client: Client, body: Any, path: str = "deployments", api: str = APPS) -> tuple[int, str]:
    return ask(client, "POST", inside(api, f"{path}?dryRun=All"), json.dumps(body))


def test_developers_who_deploy_use_no_identity(developer: Client) -> None:
    """However a template asks for it; workloads without it are theirs."""
    assert deploy(developer, ways.workload("Deployment", "own", "default"))[0] == 201
    assert deploy(developer, ways.workload("CronJob", "own", "default"), "cronjobs", ways.BATCH)[0] == 201
    old_spelling = ways.workload("Deployment", "own", "default")
    del old_spelling["spec"]["template"]["spec"]["serviceAccountName"]
    assert deploy(developer, old_spelling)[0] == 201
    old_spelling["spec"]["template"]["spec"]["serviceAccount"] = ACCOUNT
    assert deploy(developer, old_spelling)[0] == 403
    injected = ways.workload("Deployment", "own", "default")
    for value, status in (("true", 403), ("team-b", 403), ("false", 201)):
        injected["spec"]["template"]["metadata"]["labels"]["secret-access/inject"] = value
        assert deploy(developer, injected)[0] == status, value


def test_developers_who_deploy_change_nothing_that_runs_as_the_identity(
    api_server: ApiServer, developer: Client
) -> None:
    """What is around the template is theirs to change; the template is not, not even to another account."""
    own = inside(APPS, "deployments/own")
    assert (
        ask(
            developer,
            "POST",
            inside(APPS, "deployments"),
            json.dumps(ways.workload("Deployment", "own", "default", replicas=0)),
        )[0]
        == 201
    )
    assert patched(developer, own, ways.IMAGE, STRATEGIC) == 200
    identity = {"spec": {"template": {"spec": {"serviceAccountName": ACCOUNT}}}}
    assert patched(developer, own, identity, STRATEGIC) == 403
    app = inside(APPS, "deployments/app")
    changes: list[dict[str, Any]] = [{"metadata": {"labels": {"a": "b"}}}, {"spec": {"replicas": 0, "paused": False}}]
    for change in changes:
        assert patched(developer, app, change) == 200
    for change in (
        {"metadata": {"annotations": {"eks.amazonaws.com/skip-containers": ""}}},
        {"spec": {"serviceAccountName": "default"}},
        {"spec": {"containers": [{"name": "more", "image": "x"}]}},
    ):
        assert patched(developer, app, {"spec": {"template": change}}, STRATEGIC) == 403
    assert patched(developer, inside(ways.BATCH, "cronjobs/app"), {"spec": {"suspend": True}}) == 200
    api_server.client.request("DELETE", own, propagationPolicy="Foreground")


def test_a_guarded_secret_of_kubernetes_is_open_to_who_deploys(developer: Client) -> None:
    """As docs/developers.md says: a pod may mount any Secret of its namespace."""
    mounts = ways.workload("Deployment", "mounts", "default")
    mounts["spec"]["template"]["spec"]["volumes"] = [{"name": "s", "secret": {"secretName": "app"}}]
    assert deploy(developer, mounts)[0] == 201


def test_where_every_pod_is_injected_developers_deploy_those_that_are_not(developer: Client) -> None:
    """A template says so by the label; whoever leaves the label out is refused."""
    made = ways.workload("Deployment", "own", "default")
    labels = made["spec"]["template"]["metadata"]["labels"]
    path = f"{APPS}/namespaces/{ALL_PODS}/deployments?dryRun=All"
    for value, status in ((None, 403), ("true", 403), ("false", 201)):
        if value:
            labels["secret-access/inject"] = value
        assert ask(developer, "POST", path, json.dumps(made))[0] == status, value
    app = f"{APPS}/namespaces/{ALL_PODS}/deployments/app"
    assert patched(developer, app, {"metadata": {"labels": {"a": "b"}}}) == 200
    assert patched(developer, app, ways.IMAGE, STRATEGIC) == 403


def test_what_deployers_make_runs(api_server: ApiServer) -> None:
    """The controllers make its ReplicaSet and its pods, and a rollout replaces them."""
    deployer = api_server.user("deployer")
    made = ways.workload("Deployment", "deployed", replicas=1)
    assert ask(deployer, "POST", inside(APPS, "deployments"), json.dumps(made))[0] == 201

    def images() -> set[str]:
        pods = api_server.client.request("GET", inside(CORE, "pods"))["items"]
        return {
            pod["spec"]["containers"][0]["image"] for pod in pods if pod["metadata"]["name"].startswith("deployed-")
        }

    wait_for("the pod", lambda: images() == {"app"})
    assert patched(deployer, inside(APPS, "deployments/deployed"), ways.IMAGE, STRATEGIC) == 200
    wait_for("the pod of the rollout", lambda: "other" in images())
    assert ask(deployer, "DELETE", inside(APPS, "deployments/deployed?propagationPolicy=Foreground"))[0] in (200, 202)


def test_a_label_lets_nobody_past_the_guard_who_may_not_inject(api_server: ApiServer, developer: Client) -> None:
    """A policy that makes labelled pods run as the identity acts after their template was judged."""
    expression = 'Object{spec: Object.spec{serviceAccountName: "secret-access"}}'
    for kind, spec in (
        (
            "mutatingadmissionpolicies",
            {
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": {
                    "resourceRules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                    ]
                },
                "matchConditions": [
                    {
                        "name": "asked",
                        "expression": "['secret-access/inject', 'other/inject'].exists(name, "
                        "name in object.metadata.?labels.orValue({}))",
                    }
                ],
                "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
            },
        ),
        ("mutatingadmissionpolicybindings", {"policyName": "injects"}),
    ):
        api_server.client.request("POST", f"{ways.ADMISSION}/{kind}", {"metadata": {"name": "injects"}, "spec": spec})
    try:
        made = ways.workload("Deployment", "labelled", "default", replicas=1)
        labels = made["spec"]["template"]["metadata"]["labels"]
        labels["secret-access/inject"] = "true"
        assert deploy(developer, made)[0] == 403

        del labels["secret-access/inject"]
        labels["other/inject"] = "true"  # one that this guard was not told of

        def account() -> str | None:
            made["metadata"]["name"] = f"labelled-{len(tried)}"
            tried.append(ask(developer, "POST", inside(APPS, "deployments"), json.dumps(made))[0])
            selector = "labelSelector=other/inject%3Dtrue"
            pods = api_server.client.request("GET", f"{inside(CORE, 'pods')}?{selector}")["items"]
            return next(
                (pod["spec"]["serviceAccountName"] for pod in pods if pod["spec"]["serviceAccountName"] == ACCOUNT),
                None,
            )

        tried: list[int] = []
        assert wait_for("a pod with the identity", account) == ACCOUNT
    finally:
        for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
            api_server.client.request("DELETE", f"{ways.ADMISSION}/{kind}/injects")


def test_the_api_server_takes_the_policy_of_what_pods_reach(api_server: ApiServer) -> None:
    """It refuses exceptions that are not within their range; developers cannot take the policy away."""
    path = f"/apis/networking.k8s.io/v1/namespaces/{PLAIN}/networkpolicies/secret-access-egress"
    made = api_server.client.request("GET", path)
    assert "169.254.0.0/16" in made["spec"]["egress"][0]["to"][0]["ipBlock"]["except"]
    assert ask(api_server.user("ann-2", "team-a"), "GET", path)[0] == 200
    assert ask(api_server.user("ann-3", "team-a"), "DELETE", path)[0] == 403


def test_the_page_has_every_way() -> None:
    """docs/developers.md names each right that was asked for here."""
    page = (Path(__file__).parents[2] / "docs" / "developers.md").read_text()
    table = page.partition("| way |")[2].partition("\n\n")[0]
    for way in ALL.values():
        for _, of, verbs in way.rules:
            for verb in verbs:
                row = next((row for row in table.splitlines() if f"`{verb} {of}`" in row), None)
                assert row or any(f"`{verb}` of" in row and f"`{of}`" in row for row in table.splitlines()), (verb, of)
