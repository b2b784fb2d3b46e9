"""The kubernetes plugin, stand-in and real one, with the real engine and a real API server with its controllers."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from local.progress import wait_for
from local.standins.errors import ApiError, Refused
from local.standins.kubernetes import Kubernetes
from tests.integration.real_parts import ApiServer, Stack

PROVIDER = """
import pulumi, pulumi_kubernetes as k8s

provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r}{settings})
opts = pulumi.ResourceOptions(provider=provider)
namespace = k8s.core.v1.Namespace("namespace", metadata={{"name": "{name}", "labels": {{"team": "{team}"}}}}, opts=opts)
"""

SETTINGS = """
settings = k8s.core.v1.ConfigMap(
    "settings", metadata={"namespace": namespace.metadata.name}, data={"color": "COLOR"}, opts=opts
)
password = k8s.core.v1.Secret(
    "password",
    metadata={"name": "password", "namespace": namespace.metadata.name},
    string_data={"password": "hunter2", "of": settings.metadata.uid},
    opts=opts,
)
pulumi.export("settings", settings.metadata.name)
pulumi.export("password", password.data)
"""

DEPLOYMENT = """
timeouts = pulumi.CustomTimeouts(create="SECONDSs", update="SECONDSs")
labels = {"app": "LABEL"}
app = k8s.apps.v1.Deployment(
    "app",
    metadata={"name": "app", "namespace": namespace.metadata.name},
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "app:IMAGE",
                        "ports": [{"container_port": 8080}],
                        "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}},
                        "volume_mounts": [{"name": "scratch", "mount_path": "/tmp", "read_only": False}],
                    }
                ],
                "volumes": [{"name": "scratch", "empty_dir": {}}],
            },
        },
    },
    opts=pulumi.ResourceOptions(provider=provider, custom_timeouts=timeouts),
)
"""


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
WITHOUT_IMAGE = {
    "phase": "Pending",
    "conditions": [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
    ],
    "containerStatuses": [
        {
            "name": "app",
            "image": "app:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "ErrImageNeverPull", "message": "app:1 is not here"}},
        }
    ],
}


@pytest.fixture(scope="module")
def api_server(tools: Path, kubernetes_plugin: Choice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One for each plugin, so that neither finds what the other has made."""
    del kubernetes_plugin
    with ApiServer.running(tools, tmp_path_factory.mktemp("kubernetes")) as running:
        yield running


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


def program(api_server: ApiServer, *parts: str, name: str, team: str = "a", settings: str = "") -> str:
    """A program of a provider, a namespace and further parts."""
    head = PROVIDER.format(kubeconfig=str(api_server.kubeconfig), name=name, team=team, settings=settings)
    return "\n".join((head, *parts))


def deployment(image: str = "1", label: str = "app", seconds: int = 300) -> str:
    """A Deployment of two replicas."""
    return DEPLOYMENT.replace("IMAGE", image).replace("LABEL", label).replace("SECONDS", str(seconds))


def annotated(text: str, *annotations: str) -> str:
    """The program with annotations of the Deployment set to true."""
    of_deployment = dict.fromkeys(annotations, "true")
    return text.replace('"name": "app", "namespace"', f'"name": "app", "annotations": {of_deployment}, "namespace"')


def found(api_server: ApiServer, path: str) -> dict[str, Any]:
    """An object that is there."""
    live = api_server.client.get(path)
    assert live is not None, path
    return live


def test_objects_live_from_preview_to_destroy(stack: Stack, api_server: ApiServer) -> None:
    """Previewed with unknowns and without their namespace, made, unchanged, changed, and gone when destroy returns."""
    stack.program(program(api_server, SETTINGS, name="life"))
    stack.pulumi("preview")
    assert api_server.client.get("/api/v1/namespaces/life") is None

    stack.up()
    name = stack.outputs()["settings"]
    assert name.startswith("settings-")
    settings = found(api_server, f"/api/v1/namespaces/life/configmaps/{name}")
    assert settings["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    password = found(api_server, "/api/v1/namespaces/life/secrets/password")
    assert base64.b64decode(password["data"]["of"]).decode() == settings["metadata"]["uid"]
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    stack.program(program(api_server, SETTINGS.replace("COLOR", "blue"), name="life", team="b"))
    printed = stack.up()
    assert "1 updated" in printed
    assert "2 replaced" in printed, "contents are fixed, as with the real provider"
    renewed = stack.outputs()["settings"]
    assert renewed.startswith("settings-")
    settings = found(api_server, f"/api/v1/namespaces/life/configmaps/{renewed}")
    assert settings["data"] == {"color": "blue"}
    assert api_server.client.get(f"/api/v1/namespaces/life/configmaps/{name}") is None
    password = found(api_server, "/api/v1/namespaces/life/secrets/password")
    assert base64.b64decode(password["data"]["of"]).decode() == settings["metadata"]["uid"]
    assert found(api_server, "/api/v1/namespaces/life")["metadata"]["labels"]["team"] == "b"

    stack.pulumi("destroy", "--yes")
    assert api_server.client.get("/api/v1/namespaces/life") is None


def test_the_values_of_a_secret_are_in_no_state_and_no_output(stack: Stack, api_server: ApiServer) -> None:
    """Neither as written nor as the API server encodes them, whether or not the program calls them secret."""
    called_secret = SETTINGS.replace('"COLOR"', 'pulumi.Output.secret("crimson")')
    stack.program(program(api_server, called_secret, name="hidden"))
    shown = stack.up() + stack.pulumi("refresh", "--yes", "--diff") + stack.pulumi("stack", "output")
    remembered = stack.pulumi("stack", "export")
    encoded = base64.b64encode(b"hunter2").decode()
    assert encoded not in shown + remembered
    assert "crimson" not in shown + remembered
    assert stack.outputs()["password"]["password"] == encoded


def test_drift_is_found_and_repaired(stack: Stack, api_server: ApiServer) -> None:
    """What the program manages is followed, what others add is not; forced, since another manager took it over."""
    text = program(api_server, SETTINGS, deployment(seconds=1), name="drift")
    text = annotated(text, "pulumi.com/skipAwait", "pulumi.com/patchForce")
    stack.program(text)
    stack.up()
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    apps = "/apis/apps/v1/namespaces/drift/deployments/app"
    live = found(api_server, apps)
    live["metadata"]["labels"] = {"added": "by-others"}
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "app:hacked"
    del live["metadata"]["managedFields"]
    api_server.client.request("PUT", apps, live, fieldManager="somebody")
    name = stack.outputs()["settings"]
    api_server.client.request("DELETE", f"/api/v1/namespaces/drift/configmaps/{name}")

    printed = stack.pulumi("refresh", "--yes", "--diff")
    assert "app:hacked" in printed
    assert "by-others" not in printed.partition("template")[0].partition("metadata")[0]
    assert "1 created" in stack.up()
    live = found(api_server, apps)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "app:1"
    assert live["metadata"]["labels"] == {"added": "by-others"}


def test_a_field_that_somebody_else_manages_is_not_taken_by_default(stack: Stack, api_server: ApiServer) -> None:
    """The conflict names the manager, at the preview already; a stack that forces, as ours do, takes the field over."""
    stack.program(program(api_server, name="conflict"))
    stack.up()
    patch = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "conflict", "labels": {"team": "theirs"}}}
    api_server.client.request("PATCH", "/api/v1/namespaces/conflict", patch, fieldManager="somebody", force="true")
    stack.program(program(api_server, name="conflict", team="b"))
    for printed in (stack.pulumi("preview", fails=True), stack.up(fails=True)):
        assert "Server-Side Apply field conflict detected" in printed
        assert 'had an apply conflict: Apply failed with 1 conflict: conflict with "somebody"' in printed
    assert found(api_server, "/api/v1/namespaces/conflict")["metadata"]["labels"]["team"] == "theirs"
    forced = replace(stack, env={**stack.env, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"})
    forced.up()
    assert found(api_server, "/api/v1/namespaces/conflict")["metadata"]["labels"]["team"] == "b"


def test_the_provider_can_force_too(api_server: ApiServer, stack: Stack, kubernetes_plugin: Choice) -> None:
    """By `enable_patch_force`, which our stacks set; the real plugin has it since 4.29, and the one here is 4.25."""
    stack.program(program(api_server, name="forced", settings=", enable_patch_force=True"))
    stack.up()
    patch = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "forced", "labels": {"team": "theirs"}}}
    api_server.client.request("PATCH", "/api/v1/namespaces/forced", patch, fieldManager="somebody", force="true")
    stack.program(program(api_server, name="forced", team="b", settings=", enable_patch_force=True"))
    stack.up(fails=kubernetes_plugin.real is not None)


def test_each_resource_has_a_field_manager_of_its_own(stack: Stack, api_server: ApiServer) -> None:
    """What one resource no longer says is taken away, and what another says of the same object stays."""
    stack.program(program(api_server, name="managed"))
    stack.up()
    manager = stack.state()["namespace"]["outputs"]["__fieldManager"]
    live = found(api_server, "/api/v1/namespaces/managed")
    assert manager in {entry["manager"] for entry in live["metadata"]["managedFields"]}
    stack.program(program(api_server, name="managed").replace('"labels": {"team": "a"}', '"labels": {"other": "b"}'))
    stack.up()
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    labels = found(api_server, "/api/v1/namespaces/managed")["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": "managed", "other": "b"}
    assert stack.state()["namespace"]["outputs"]["__fieldManager"] == manager


def test_what_exists_is_not_overwritten(stack: Stack, api_server: ApiServer) -> None:
    """Where it is another's and different; the real plugin takes over what is equal, up to 4.28."""
    body = {"metadata": {"name": "old", "labels": {"team": "theirs"}}}
    api_server.client.request("POST", "/api/v1/namespaces", body)
    stack.program(program(api_server, name="old"))
    stack.up(fails=True)
    assert found(api_server, "/api/v1/namespaces/old")["metadata"]["labels"]["team"] == "theirs"


def test_what_exists_is_imported(stack: Stack, api_server: ApiServer) -> None:
    """By id alone, as it is; and then it is the stack's."""
    body = {"metadata": {"name": "imported", "labels": {"team": "a"}}}
    api_server.client.request("POST", "/api/v1/namespaces", body)
    whole = program(api_server, name="imported")
    stack.program(whole[: whole.index("namespace = ")])
    stack.up()
    provider = stack.state()["cluster"]
    stack.pulumi(
        "import", "kubernetes:core/v1:Namespace", "namespace", "imported", "--yes", "--generate-code=false",
        "--protect=false", "--provider", f"cluster={provider['urn']}",
    )  # fmt: skip
    inputs = stack.state()["namespace"]["inputs"]
    assert inputs["metadata"]["labels"]["team"] == "a"
    assert "uid" not in inputs["metadata"]
    stack.program(whole)
    stack.up()
    stack.pulumi("destroy", "--yes")
    assert api_server.client.get("/api/v1/namespaces/imported") is None


def test_a_rollout_is_awaited(stack: Stack, api_server: ApiServer) -> None:
    """`up` ends when the pods are available, and not before."""
    stack.program(program(api_server, deployment(), name="rollout"))
    running = stack.start("up", "--yes", "--skip-preview")
    path = "/apis/apps/v1/namespaces/rollout/deployments/app"
    made(api_server, "rollout", pods=2)
    prints(running, "Waiting for app ReplicaSet to be available (0/2 Pods available)")
    api_server.say_of_pods("rollout", READY)
    printed = running.communicate()[0]
    assert running.returncode == 0, printed
    assert stack.state()["app"]["outputs"]["status"]["availableReplicas"] == 2
    assert found(api_server, path)["status"]["availableReplicas"] == 2
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    stack.program(program(api_server, deployment(label="other"), name="rollout"))
    running = stack.start("up", "--yes", "--skip-preview")
    made(api_server, "rollout", pods=2, label="other")
    api_server.say_of_pods("rollout", READY)
    printed = running.communicate()[0]
    assert running.returncode == 0, printed
    assert "1 replaced" in printed


def test_a_rollout_that_fails_says_why_and_is_taken_up_again(stack: Stack, api_server: ApiServer) -> None:
    """The resource is remembered, so that the next update waits for it and does not make it twice."""
    stack.program(program(api_server, deployment(seconds=1), name="failing"))
    printed = stack.up(fails=True)
    assert "failed to fully initialize or become live: 'app' timed out waiting to be Ready" in printed
    assert "[MinimumReplicasUnavailable] Deployment does not have minimum availability." in printed
    assert "'app' timed out waiting to be Ready" in stack.state()["app"]["initErrors"][0]

    made(api_server, "failing", pods=2)
    api_server.say_of_pods("failing", WITHOUT_IMAGE)
    printed = stack.up(fails=True)
    assert "[ErrImageNeverPull] app:1 is not here" in printed
    shown = stack.pulumi("refresh", "--yes")
    assert "Resource 'app' was created but failed to initialize" in shown
    assert "[ErrImageNeverPull] app:1 is not here" in shown

    api_server.say_of_pods("failing", READY)
    stack.program(program(api_server, deployment(), name="failing"))
    assert "1 updated" in stack.up()
    assert "initErrors" not in stack.state()["app"]


def test_waiting_ends_when_the_person_says_so(stack: Stack, api_server: ApiServer) -> None:
    """An interrupt ends the wait, and the state remembers what was made."""
    stack.program(program(api_server, deployment(), name="cancelled"))
    running = stack.start("up", "--yes", "--skip-preview")
    made(api_server, "cancelled", pods=2)
    running.send_signal(signal.SIGINT)
    printed = running.communicate()[0]
    assert 'Resource operation was cancelled for "app"' in printed
    assert stack.state()["app"]["id"] == "cancelled/app"


def test_a_field_that_kubernetes_does_not_have_is_dropped(
    stack: Stack, api_server: ApiServer, kubernetes_plugin: Choice
) -> None:
    """Neither the preview nor the update fails; the stand-in warns, and the real plugin says nothing."""
    text = program(api_server, deployment(), name="wrong")
    text = annotated(text, "pulumi.com/skipAwait")
    stack.program(text.replace('"name": "app",\n', '"name": "app", "imagePulPolicy": "Never",\n'))
    for printed in (stack.pulumi("preview"), stack.up()):
        if not kubernetes_plugin.real:
            assert "unknown property 'imagePulPolicy'; did you mean 'imagePullPolicy'?" in printed
            assert "spec.template.spec.containers[0].imagePulPolicy" in printed
    live = found(api_server, "/apis/apps/v1/namespaces/wrong/deployments/app")
    assert live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    stack.pulumi("refresh", "--yes", "--expect-no-changes")


def test_what_the_api_server_refuses_is_refused_at_the_preview(stack: Stack, api_server: ApiServer) -> None:
    """The dry run says so where the SDK has no objection, and nothing is changed."""
    stack.program(program(api_server, name="rehearsed"))
    stack.up()
    stack.program(program(api_server, name="rehearsed", team="not a label!"))
    printed = stack.pulumi("preview", fails=True)
    assert 'Namespace "rehearsed" is invalid' in printed
    assert "not a label!" in printed
    assert found(api_server, "/api/v1/namespaces/rehearsed")["metadata"]["labels"]["team"] == "a"


def prints(running: subprocess.Popen[str], words: str) -> None:
    """Wait until pulumi says it."""
    seen = []
    for line in running.stdout or ():
        if words in line:
            return
        seen.append(line)
    pytest.fail(f"pulumi ended without {words!r}:\n{''.join(seen)}")


def made(api_server: ApiServer, namespace: str, *, pods: int, label: str = "app") -> None:
    """Wait until the controllers have made the pods."""

    def there() -> bool:
        try:
            found = api_server.client.request(
                "GET", f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"app={label}"
            )
        except ApiError:
            return False
        return len(found["items"]) == pods

    wait_for(f"{pods} pods in {namespace}", there)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("kubernetes:apps/v1:Deploymnt", "did you mean 'kubernetes:apps/v1:Deployment'?"),
        ("kubernetes:app/v1:Deployment", "did you mean 'kubernetes:apps/v1:Deployment'?"),
        ("kubernetes:helm.sh/v3:Release", "the kubernetes stand-in does not do 'kubernetes:helm.sh/v3:Release'"),
        (
            "kubernetes:core/v1:ConfigMapPatch",
            "the kubernetes stand-in does not do 'kubernetes:core/v1:ConfigMapPatch'",
        ),
    ],
)
def test_types_that_are_not_there_are_refused(token: str, words: str) -> None:
    """The nearest type that there is is named."""
    with pytest.raises(Refused) as refused:
        Kubernetes().check(f"urn:pulumi:only::inline::{token}::x", {}, {}, lambda: "0" * 8)
    assert words in str(refused.value)
