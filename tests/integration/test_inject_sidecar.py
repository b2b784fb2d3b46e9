"""The resource transform with the real engine and API server: every kind, a chart, Outputs, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from secret_access.pods.injection import inject
from tests.infra.pods.templates import access, template
from tests.integration import rollouts
from tests.integration.pods import Pod, comparable, created
from tests.integration.real_parts import ApiServer, Stack

CHART = Path(__file__).parents[1] / "charts" / "shop"
HEAD = """
import json
import pulumi, pulumi_kubernetes as k8s
from pulumi.runtime import register_resource_transform
from secret_access import inject_sidecar

GIVEN = json.loads({given!r})
provider = k8s.Provider("cluster", kubeconfig=GIVEN["kubeconfig"], namespace="default")
outside = pulumi.ResourceOptions(provider=provider)
namespace = k8s.core.v1.Namespace("namespace", metadata={{"name": GIVEN["namespace"]}}, opts=outside)
account = k8s.core.v1.ServiceAccount(
    "account", metadata={{"name": "secret-access", "namespace": namespace.metadata.name}}, opts=outside
)
# What only the cloud knows, as a role's ARN: a first preview does not
later = account.metadata.uid
access = {{
    **GIVEN["access"],
    "service_account_name": account.metadata.name,
    "sidecar": later.apply(lambda _: GIVEN["access"]["sidecar"]),
}}
template = GIVEN["template"]


def metadata(name="shop", **more):
    return {{"name": name, "namespace": GIVEN["namespace"], "annotations": {{"pulumi.com/skipAwait": "true"}}, **more}}


opts = pulumi.ResourceOptions(provider=provider, transforms=[inject_sidecar(access)])
"""
EVERY_KIND = """
secret = {"name": "COLOR", "value": pulumi.Output.secret("hunter2")}
app = {**template["spec"]["containers"][0], "image": later.apply(lambda _: "shop:1"), "env": [secret]}
template = {**template, "spec": {**template["spec"], "containers": [app]}}
once = {**template, "spec": {**template["spec"], "restart_policy": "Never"}}
selector = {"match_labels": {"app": "shop"}}
several = {"selector": selector, "replicas": 0, "template": template}
apps, batch, core = k8s.apps.v1, k8s.batch.v1, k8s.core.v1
apps.Deployment("deployment", metadata=metadata(), spec=several, opts=opts)
apps.StatefulSet("statefulset", metadata=metadata(), spec={**several, "service_name": "shop"}, opts=opts)
apps.ReplicaSet("replicaset", metadata=metadata("other"), spec=several, opts=opts)
apps.DaemonSet(
    "daemonset",
    metadata=metadata(),
    spec=later.apply(lambda _: {"selector": {"matchLabels": {"app": "shop"}}, "template": template}),
    opts=opts,
)
batch.Job("job", metadata=metadata(), spec={"template": once, "suspend": True}, opts=opts)
nightly = {"schedule": "0 3 * * *", "job_template": {"spec": {"template": once}}}
batch.CronJob("cronjob", metadata=metadata(), spec=nightly, opts=opts)
core.Pod("pod", metadata=metadata(labels={"app": "alone"}), spec=template["spec"], opts=opts)
core.ConfigMap("settings", metadata=metadata(), data={"a": "b"}, opts=opts)
custom = {"api_version": "rollouts.example/v1", "kind": "Rollout", "metadata": metadata()}
k8s.apiextensions.CustomResource("rollout", **custom, spec={"template": template}, opts=opts)
"""
KINDS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments/shop",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets/shop",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets/other",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets/shop",
    "Job": "/apis/batch/v1/namespaces/{}/jobs/shop",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs/shop",
    "Pod": "/api/v1/namespaces/{}/pods/shop",
    "Rollout": "/apis/rollouts.example/v1/namespaces/{}/rollouts/shop",
}
LABELS = {"app": "shop"}


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


@pytest.fixture
def namespace(kubernetes_plugin: Choice, request: pytest.FixtureRequest) -> str:
    """One for each test and plugin."""
    return f"{request.node.originalname[5:40].replace('_', '-')}-{'real' if kubernetes_plugin.real else 'standin'}"


def write(stack: Stack, api_server: ApiServer, namespace: str, text: str, **given: Any) -> None:
    """Write a program about the namespace."""
    values = {
        "kubeconfig": str(api_server.kubeconfig),
        "namespace": namespace,
        "access": access(namespace=namespace),
        "template": template(metadata={"labels": LABELS}),
        "chart": str(CHART),
        **given,
    }
    stack.program(HEAD.format(given=json.dumps(values)) + text)


def template_of(kind: str, found: dict[str, Any]) -> Pod:
    """The pod template in an object, or the object where it is a pod."""
    if kind == "Pod":
        return found
    template: Pod = found["spec"]["jobTemplate"]["spec"]["template"] if kind == "CronJob" else found["spec"]["template"]
    return template


def expected_pod(api_server: ApiServer, namespace: str, **given: Any) -> Pod:
    """The pod that the pure function makes of a template."""
    labelled = template(metadata={"labels": LABELS}, **given)
    return comparable(created(api_server.client, namespace, inject(labelled, access(namespace=namespace))))


def test_every_kind_gets_the_sidecar(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """The same pod of each, whatever of it or of the access is known later; secret values stay secret."""
    client = api_server.client
    rollouts.define(client)
    write(stack, api_server, namespace, EVERY_KIND)
    assert "hunter2" not in stack.pulumi("preview")
    stack.up()
    env = [{"name": "COLOR", "value": "hunter2"}]
    for kind, path in KINDS.items():
        found = template_of(kind, client.request("GET", path.format(namespace)))
        restart = {"restartPolicy": "Never"} if kind in ("Job", "CronJob") else {}
        expected = expected_pod(api_server, namespace, container={"env": env}, **restart)
        pod = comparable(found if kind == "Pod" else created(client, namespace, found))
        pod["metadata"]["annotations"].pop("pulumi.com/skipAwait", None)
        assert pod["metadata"].pop("labels")["team"] == expected["metadata"].pop("labels")["team"] == "a"
        assert pod == expected, kind
    assert client.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/shop")["data"] == {"a": "b"}
    assert "hunter2" not in "".join(file.read_text() for file in (stack.folder / "state").rglob("*.json"))
    depending = {name for name, entry in stack.state().items() if "::account" in str(entry.get("dependencies"))}
    assert depending >= {"deployment", "daemonset", "pod", "rollout"}, "deleted before the account"
    stack.pulumi("preview", "--expect-no-changes")


CHARTS = """
def chart(name, opts, **more):
    values = {"annotations": {"pulumi.com/skipAwait": "true"}, **more}
    k8s.helm.v4.Chart(name, chart=GIVEN["chart"], namespace=namespace.metadata.name, values=values, opts=opts)


chart("shop", opts)
register_resource_transform(inject_sidecar(access, labelled=True))
chart("asking", outside, podLabels={"secret-access/inject": "true"})
chart("plain", outside)
"""


def test_what_a_chart_makes_gets_the_sidecar(
    stack: Stack, api_server: ApiServer, namespace: str, kubernetes_plugin: Choice
) -> None:
    """By the chart's option, or for the whole program where pods ask; the stand-in of the plugin renders no charts."""
    write(stack, api_server, namespace, CHARTS)
    if not kubernetes_plugin.real:
        assert "plugins that can construct components must support secrets" in stack.pulumi("up", "--yes", fails=True)
        return
    stack.up()
    client = api_server.client
    for kind, path in {
        "Deployment": "apps/v1/{}/deployments/{}-web",
        "CronJob": "batch/v1/{}/cronjobs/{}-report",
    }.items():

        def made(release: str, kind: str = kind, path: str = path) -> Pod:
            found = client.request("GET", "/apis/" + path.format(f"namespaces/{namespace}", release))
            without_release: Pod = json.loads(json.dumps(template_of(kind, found)).replace(f"{release}-", ""))
            return without_release

        plain = made("plain")
        assert "initContainers" not in plain["spec"]
        expected = comparable(created(client, namespace, inject(plain, access(namespace=namespace))))
        for release in ("shop", "asking"):
            assert comparable(created(client, namespace, made(release))) == expected
