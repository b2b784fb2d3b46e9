"""The kubernetes plugin, stand-in and real one, with the real engine and a real API server with its controllers."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest

from local.plugins import Choice
from local.standins.errors import Refused
from local.standins.kubernetes import Kubernetes
from tests.integration.kubernetes_program import SETTINGS, annotated, deployment, found, program
from tests.integration.real_parts import ApiServer, Stack


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


def test_objects_live_from_preview_to_destroy(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """Previewed with unknowns and without their namespace, made, unchanged, changed, and gone when destroy returns."""
    stack.program(program(api_server, SETTINGS, name=namespace))
    stack.pulumi("preview")
    assert api_server.client.get(f"/api/v1/namespaces/{namespace}") is None

    stack.up()
    name = stack.outputs()["settings"]
    assert name.startswith("settings-")
    settings = found(api_server, f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    assert settings["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    password = found(api_server, f"/api/v1/namespaces/{namespace}/secrets/password")
    assert base64.b64decode(password["data"]["of"]).decode() == settings["metadata"]["uid"]
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    stack.program(program(api_server, SETTINGS.replace("COLOR", "blue"), name=namespace, team="b"))
    printed = stack.up()
    assert "1 updated" in printed
    assert "2 replaced" in printed, "contents are fixed, as with the real provider"
    renewed = stack.outputs()["settings"]
    assert renewed.startswith("settings-")
    settings = found(api_server, f"/api/v1/namespaces/{namespace}/configmaps/{renewed}")
    assert settings["data"] == {"color": "blue"}
    assert api_server.client.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}") is None
    password = found(api_server, f"/api/v1/namespaces/{namespace}/secrets/password")
    assert base64.b64decode(password["data"]["of"]).decode() == settings["metadata"]["uid"]
    assert found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]["team"] == "b"

    stack.pulumi("destroy", "--yes")
    assert api_server.client.get(f"/api/v1/namespaces/{namespace}") is None


def test_the_values_of_a_secret_are_in_no_state_and_no_output(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """Neither as written nor as the API server encodes them, whether or not the program calls them secret."""
    called_secret = SETTINGS.replace('"COLOR"', 'pulumi.Output.secret("crimson")')
    stack.program(program(api_server, called_secret, name=namespace))
    shown = stack.up() + stack.pulumi("refresh", "--yes", "--diff") + stack.pulumi("stack", "output")
    remembered = stack.pulumi("stack", "export")
    encoded = base64.b64encode(b"hunter2").decode()
    assert encoded not in shown + remembered
    assert "crimson" not in shown + remembered
    assert stack.outputs()["password"]["password"] == encoded


def test_drift_is_found_and_repaired(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """What the program manages is followed, what others add is not; forced, since another manager took it over."""
    text = program(api_server, SETTINGS, deployment(seconds=1), name=namespace)
    text = annotated(text, "pulumi.com/skipAwait", "pulumi.com/patchForce")
    stack.program(text)
    stack.up()
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    apps = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    live = found(api_server, apps)
    live["metadata"]["labels"] = {"added": "by-others"}
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "app:hacked"
    del live["metadata"]["managedFields"]
    api_server.client.request("PUT", apps, live, fieldManager="somebody")
    name = stack.outputs()["settings"]
    api_server.client.request("DELETE", f"/api/v1/namespaces/{namespace}/configmaps/{name}")

    printed = stack.pulumi("refresh", "--yes", "--diff")
    assert "app:hacked" in printed
    assert "by-others" not in printed.partition("template")[0].partition("metadata")[0]
    assert "1 created" in stack.up()
    live = found(api_server, apps)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "app:1"
    assert live["metadata"]["labels"] == {"added": "by-others"}


def test_a_field_that_somebody_else_manages_is_not_taken_by_default(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """The conflict names the manager, at the preview already; a stack that forces, as ours do, takes the field over."""
    stack.program(program(api_server, name=namespace))
    stack.up()
    patch = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"team": "theirs"}}}
    api_server.client.request("PATCH", f"/api/v1/namespaces/{namespace}", patch, fieldManager="somebody", force="true")
    stack.program(program(api_server, name=namespace, team="b"))
    for printed in (stack.pulumi("preview", fails=True), stack.up(fails=True)):
        assert "Server-Side Apply field conflict detected" in printed
        assert 'had an apply conflict: Apply failed with 1 conflict: conflict with "somebody"' in printed
    assert found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]["team"] == "theirs"
    forced = replace(stack, env={**stack.env, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"})
    forced.up()
    assert found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]["team"] == "b"


def test_the_provider_can_force_too(
    api_server: ApiServer, stack: Stack, namespace: str, kubernetes_plugin: Choice
) -> None:
    """By `enable_patch_force`, which our stacks set; the real plugin has it since 4.29, and the one here is 4.25."""
    stack.program(program(api_server, name=namespace, settings=", enable_patch_force=True"))
    stack.up()
    patch = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"team": "theirs"}}}
    api_server.client.request("PATCH", f"/api/v1/namespaces/{namespace}", patch, fieldManager="somebody", force="true")
    stack.program(program(api_server, name=namespace, team="b", settings=", enable_patch_force=True"))
    stack.up(fails=kubernetes_plugin.real is not None)


def test_each_resource_has_a_field_manager_of_its_own(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """What one resource no longer says is taken away, and what another says of the same object stays."""
    stack.program(program(api_server, name=namespace))
    stack.up()
    manager = stack.state()["namespace"]["outputs"]["__fieldManager"]
    live = found(api_server, f"/api/v1/namespaces/{namespace}")
    assert manager in {entry["manager"] for entry in live["metadata"]["managedFields"]}
    stack.program(program(api_server, name=namespace).replace('"labels": {"team": "a"}', '"labels": {"other": "b"}'))
    stack.up()
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    labels = found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": namespace, "other": "b"}
    assert stack.state()["namespace"]["outputs"]["__fieldManager"] == manager


def test_what_exists_is_not_overwritten(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """Where it is another's and different; the real plugin takes over what is equal, up to 4.28."""
    body = {"metadata": {"name": namespace, "labels": {"team": "theirs"}}}
    api_server.client.request("POST", "/api/v1/namespaces", body)
    stack.program(program(api_server, name=namespace))
    stack.up(fails=True)
    assert found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]["team"] == "theirs"


def test_what_exists_is_imported(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """By id alone, as it is; and then it is the stack's."""
    body = {"metadata": {"name": namespace, "labels": {"team": "a"}}}
    api_server.client.request("POST", "/api/v1/namespaces", body)
    whole = program(api_server, name=namespace)
    stack.program(whole[: whole.index("namespace = ")])
    stack.up()
    provider = stack.state()["cluster"]
    stack.pulumi(
        "import", "kubernetes:core/v1:Namespace", "namespace", namespace, "--yes", "--generate-code=false",
        "--protect=false", "--provider", f"cluster={provider['urn']}",
    )  # fmt: skip
    inputs = stack.state()["namespace"]["inputs"]
    assert inputs["metadata"]["labels"]["team"] == "a"
    assert "uid" not in inputs["metadata"]
    stack.program(whole)
    stack.up()
    stack.pulumi("destroy", "--yes")
    assert api_server.client.get(f"/api/v1/namespaces/{namespace}") is None


def test_a_field_that_kubernetes_does_not_have_is_dropped(
    stack: Stack, api_server: ApiServer, namespace: str, kubernetes_plugin: Choice
) -> None:
    """Neither the preview nor the update fails; the stand-in warns, and the real plugin says nothing."""
    text = program(api_server, deployment(), name=namespace)
    text = annotated(text, "pulumi.com/skipAwait")
    stack.program(text.replace('"name": "app",\n', '"name": "app", "imagePulPolicy": "Never",\n'))
    for printed in (stack.pulumi("preview"), stack.up()):
        if not kubernetes_plugin.real:
            assert "unknown property 'imagePulPolicy'; did you mean 'imagePullPolicy'?" in printed
            assert "spec.template.spec.containers[0].imagePulPolicy" in printed
    live = found(api_server, f"/apis/apps/v1/namespaces/{namespace}/deployments/app")
    assert live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    stack.pulumi("refresh", "--yes", "--expect-no-changes")


def test_what_the_api_server_refuses_is_refused_at_the_preview(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """The dry run says so where the SDK has no objection, and nothing is changed."""
    stack.program(program(api_server, name=namespace))
    stack.up()
    stack.program(program(api_server, name=namespace, team="not a label!"))
    printed = stack.pulumi("preview", fails=True)
    assert f'Namespace "{namespace}" is invalid' in printed
    assert "not a label!" in printed
    assert found(api_server, f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]["team"] == "a"


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
