"""Workloads of each kind on a real API server: pods are admitted, and refused where there are no native sidecars."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from local.progress import wait_for
from local.standins.errors import ApiError
from tests.integration.real_parts import ApiServer, Stack

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from secret_access import SecretWorkload
from secret_access.pods import sidecar_container

provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r})
opts = pulumi.ResourceOptions(providers=[provider])
sidecar = sidecar_container.container(image="sidecar", env=[], token_folder="/var/run/secrets/secret-access/aws")
access = {{
    "namespace": "{namespace}",
    "service_account_name": "default",
    "sidecar": sidecar,
    "volumes": [sidecar_container.token_volume("sts.amazonaws.com", 3600)],
    "pod_labels": {{"team": "a"}},
    "pod_annotations": {{"eks.amazonaws.com/skip-containers": "app,secrets"}},
    "url": "http://localhost:8080",
}}
probe = {{"httpGet": {{"path": "/healthz", "port": 3000}}, "periodSeconds": 5}}
pod = {{
    "metadata": {{"labels": {{"tier": "front"}}, "annotations": {{"example.com/a": "b"}}}},
    "spec": {{
        "containers": [
            {{
                "name": "app",
                "command": ["serve"],
                "envFrom": [{{"configMapRef": {{"name": "settings", "optional": True}}}}],
                "readinessProbe": probe,
                "volumeMounts": [{{"name": "cache", "mountPath": "/cache"}}],
            }},
            {{"name": "worker", "image": "shop:1", "args": ["work"]}},
        ],
        "initContainers": [{{"name": "migrate", "image": "shop:1"}}],
        "volumes": [{{"name": "cache", "emptyDir": {{}}}}],
        "nodeSelector": {{"disk": "fast"}},
        "imagePullSecrets": [{{"name": "registry"}}],
        "securityContext": {{"runAsUser": 1000, "fsGroup": 2000}},
    }},
}}
SPECS = {{
    "Deployment": {{"strategy": {{"type": "Recreate"}}}},
    "StatefulSet": {{"serviceName": "stateful", "podManagementPolicy": "Parallel"}},
    "Job": {{"backoffLimit": 1, "ttlSecondsAfterFinished": 3600}},
    "CronJob": {{"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {{"spec": {{"backoffLimit": 1}}}}}},
}}
for kind in {kinds}:
    args = {{"access": access, "kind": kind, "image": "shop:1", "pod": pod, "spec": SPECS[kind], "ports": [3000]}}
    SecretWorkload(kind.lower(), args, opts)
"""
PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments/deployment",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets/statefulset",
    "Job": "/apis/batch/v1/namespaces/{}/jobs/job",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs/cronjob",
}
KINDS = list(PATHS)
CONTAINERS = ["secrets", "migrate", "app", "worker"]
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
DONE = {"phase": "Succeeded"}
POLICIES = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


def made_namespace(api_server: ApiServer, name: str, **labels: str) -> str:
    """A namespace in which only pods fit for the Pod Security Standard `restricted` may run."""
    enforced = {"pod-security.kubernetes.io/enforce": "restricted", **labels}
    api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": enforced}})
    return name


def pods(api_server: ApiServer, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api_server.client.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return found


def settled(api_server: ApiServer, namespace: str) -> None:
    """Say of each pod, as a kubelet would, that it is ready, or done if it is a Job's."""
    for pod in pods(api_server, namespace):
        of_job = pod["metadata"]["ownerReferences"][0]["kind"] == "Job"
        path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/status"
        try:
            api_server.client.request("PUT", path, {**pod, "status": DONE if of_job else READY})
        except ApiError as error:
            if error.status not in (404, 409):  # a controller was faster
                raise


def job_of(cron_job: dict[str, Any]) -> dict[str, Any]:
    """A Job of a CronJob, as `kubectl create job --from` makes it."""
    return {"metadata": {"name": "cronjob-now"}, "spec": cron_job["spec"]["jobTemplate"]["spec"]}


def test_the_pods_of_each_kind_are_admitted_where_only_restricted_ones_are(
    stack: Stack, api_server: ApiServer, kubernetes_plugin: Choice
) -> None:
    """Each field that was given is in the pods, the sidecar is first, and a Job ends with its app."""
    name = made_namespace(api_server, "kinds-by-real" if kubernetes_plugin.real else "kinds-by-standin")
    stack.program(PROGRAM.format(kubeconfig=str(api_server.kubeconfig), namespace=name, kinds=KINDS))
    running = stack.start("up", "--yes", "--skip-preview")

    def ended() -> bool:
        settled(api_server, name)
        return running.poll() is not None

    wait_for("pulumi up", ended)
    printed = running.communicate()[0]
    assert running.returncode == 0, printed
    live = {kind: api_server.client.request("GET", path.format(name)) for kind, path in PATHS.items()}
    assert live["Job"]["status"]["succeeded"] == 1
    assert live["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    assert live["StatefulSet"]["spec"]["podManagementPolicy"] == "Parallel"
    api_server.client.request("POST", f"/apis/batch/v1/namespaces/{name}/jobs", job_of(live["CronJob"]))
    admitted = wait_for("a pod of each", lambda: found if len(found := pods(api_server, name)) == len(KINDS) else None)
    for pod in admitted:
        spec = pod["spec"]
        containers = [*spec["initContainers"], *spec["containers"]]
        assert [container["name"] for container in containers] == CONTAINERS
        assert spec["initContainers"][0]["restartPolicy"] == "Always"
        told = [(container["name"], container["env"][0]) for container in containers[1:]]
        assert told == [(one, {"name": "SECRETS_URL", "value": "http://localhost:8080"}) for one in CONTAINERS[1:]]
        app = containers[2]
        assert app["envFrom"] == [{"configMapRef": {"name": "settings", "optional": True}}]
        assert (app["command"], app["ports"][0]["containerPort"]) == (["serve"], 3000)
        assert app["readinessProbe"]["httpGet"]["path"] == "/healthz"
        assert [volume["name"] for volume in spec["volumes"]] == ["cache", "secret-access-token"]
        assert (spec["nodeSelector"], spec["imagePullSecrets"]) == ({"disk": "fast"}, [{"name": "registry"}])
        assert (spec["securityContext"]["runAsUser"], spec["securityContext"]["fsGroup"]) == (1000, 2000)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert pod["metadata"]["annotations"]["example.com/a"] == "b"
        skipped = pod["metadata"]["annotations"]["eks.amazonaws.com/skip-containers"]
        assert sorted(skipped.split(",")) == sorted(CONTAINERS)
        assert {"team": "a", "tier": "front"}.items() <= pod["metadata"]["labels"].items()
    assert sorted(pod["spec"]["restartPolicy"] for pod in admitted) == ["Always", "Always", "Never", "Never"]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")


@pytest.fixture
def without_native_sidecars(api_server: ApiServer, kubernetes_plugin: Choice) -> str:
    """A namespace whose Deployments lose the sidecar's `restartPolicy`, as an API server of 1.28 drops it."""
    name = made_namespace(api_server, "old-by-real" if kubernetes_plugin.real else "old-by-standin", old="true")
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    patch = '[JSONPatch{op: "remove", path: "/spec/template/spec/initContainers/0/restartPolicy"}]'
    policy = {
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {"old": "true"}}},
            "matchConditions": [
                {"name": "kept", "expression": "has(object.spec.template.spec.initContainers[0].restartPolicy)"}
            ],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        },
    }
    api_server.client.request("POST", POLICIES, policy)
    api_server.client.request(
        "POST", f"{POLICIES.removesuffix('ies')}ybindings", {"metadata": {"name": name}, "spec": {"policyName": name}}
    )
    deployment = PATHS["Deployment"].format(name)
    app = {
        "metadata": {"name": "probe"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "initContainers": [{"name": "secrets", "image": "x", "restartPolicy": "Always"}],
                    "containers": [{"name": "a", "image": "x"}],
                },
            },
        },
    }

    def drops() -> bool:
        path = f"{deployment.rpartition('/')[0]}?dryRun=All"
        answer = api_server.client.request("POST", path, app)
        return "restartPolicy" not in answer["spec"]["template"]["spec"]["initContainers"][0]

    wait_for("the policy", drops)
    return name


def test_a_cluster_that_drops_native_sidecars_refuses_them_in_the_preview(
    stack: Stack, api_server: ApiServer, without_native_sidecars: str
) -> None:
    """The app would wait for ever behind an init container that never ends; elsewhere the same preview passes."""
    namespace = without_native_sidecars
    program = {"kubeconfig": str(api_server.kubeconfig), "kinds": ["Deployment"]}
    stack.program(PROGRAM.format(namespace=namespace, **program))
    printed = " ".join(stack.pulumi("preview", fails=True).split())
    assert "initContainers[0].livenessProbe: Forbidden" in printed
    assert "may not be set for init containers without restartPolicy=Always" in printed
    assert "Traceback" not in printed
    assert api_server.client.get(PATHS["Deployment"].format(namespace)) is None
    stack.program(PROGRAM.format(namespace="default", **program))
    stack.pulumi("preview")
