"""The parts of the stand-ins that need neither engine nor API."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from local.standins import live_inputs, rollout
from local.standins.changes import Change, answer, changes, under
from local.standins.errors import KubeconfigError, RolloutFailed, UnknownType
from local.standins.kube_objects import manager_of, state_of, without
from local.standins.kubeconfig import access
from local.standins.protocol import SECRET, SIGNATURE, UNKNOWN, as_secret, from_struct, has_unknown, to_struct, type_of
from local.standins.schema import Sdk


def test_properties_cross_the_wire_as_they_were() -> None:
    """Whole numbers stay integers, and secrets arrive unwrapped."""
    sent = {"a": 1, "b": 1.5, "c": [True, None, {"d": "e"}], "f": as_secret({"g": 2})}
    assert from_struct(to_struct(sent)) == {"a": 1, "b": 1.5, "c": [True, None, {"d": "e"}], "f": {"g": 2}}
    assert sent["f"] == {SIGNATURE: SECRET, "value": {"g": 2}}


def test_an_unknown_is_found_however_deep() -> None:
    """In lists and objects alike."""
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})


def test_the_type_of_a_child_is_its_own() -> None:
    """A URN holds the types of the parents too."""
    assert type_of("urn:pulumi:s::p::my:own:Component$aws:iam/role:Role::name::with::colons") == "aws:iam/role:Role"


def test_changes_are_as_small_as_can_be() -> None:
    """Each with the path that Pulumi shows, keys with dots quoted, the provider's notes left out."""
    old = {"metadata": {"annotations": {"a.b/c": "1"}}, "ports": [{"port": 1}, {"port": 2}], "__defaults": ["x"]}
    new = {"metadata": {"annotations": {"a.b/c": "2"}}, "ports": [{"port": 3}], "added": True, "__defaults": []}
    assert list(changes(old, new)) == [
        Change("added", "ADD"),
        Change('metadata.annotations["a.b/c"]', "UPDATE"),
        Change("ports[0].port", "UPDATE"),
        Change("ports[1]", "DELETE"),
    ]


def test_a_change_of_what_is_fixed_replaces() -> None:
    """The old one goes first where both would bear the same name."""
    diff = answer(
        {"spec": {"selector": {"a": "1"}}},
        {"spec": {"selector": {"a": "2"}}},
        replaces=under("spec.selector"),
        delete_first=True,
    )
    assert list(diff.replaces) == ["spec.selector.a"]
    assert diff.deleteBeforeReplace
    assert not under("spec.selector")("spec.selectors")


def test_live_inputs_follow_what_the_program_manages() -> None:
    """Defaults and other people's additions are left alone; a quantity that is spelled otherwise is the same."""
    container = {"name": "app", "image": "a:1", "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}}}
    ours = {"metadata": {"name": "x"}, "spec": {"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]}}
    found = {**container, "image": "a:2", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}, "tty": False}
    live = {
        "kind": "Pod",
        "metadata": {"name": "x", "uid": "1"},
        "spec": {"containers": [{"name": "injected"}, found], "volumes": [{"name": "v"}], "dnsPolicy": "Default"},
    }
    drifted = live_inputs.managed(ours, live)
    assert drifted["spec"]["containers"] == [{**container, "image": "a:2"}]
    assert list(changes(ours, drifted)) == [Change("spec.containers[0].image", "UPDATE")]


def test_what_kubernetes_does_not_have_is_left_out() -> None:
    """However deep, and nothing else is changed."""
    containers = [{"name": "a"}, {"name": "b", "imagePulPolicy": "Never"}]
    given = {"metadata": {"label": {}}, "spec": {"containers": containers}}
    assert without(given, "metadata.label")["metadata"] == {}
    left = without(given, "spec.containers[1].imagePulPolicy")
    assert left == {"metadata": {"label": {}}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    assert containers[1]["imagePulPolicy"] == "Never"


def test_the_state_has_what_the_real_plugin_goes_on_from() -> None:
    """The copy of the inputs is secret as a whole: which of them are, only the engine knows."""
    inputs = {"apiVersion": "v1", "data": {"a": "b"}, "__note": 1}
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "managedFields": []}, "data": {"a": "b"}}
    manager = manager_of({})
    assert re.fullmatch(r"pulumi-kubernetes-[0-9a-f]{8}", manager)
    state = state_of(inputs, live, manager)
    assert manager_of(state) == manager
    assert state["__inputs"] == as_secret({"apiVersion": "v1", "data": {"a": "b"}})
    assert state["__initialApiVersion"] == "v1"


def test_a_list_without_keys_is_one_value() -> None:
    """Arguments added by hand are drift."""
    ours = {"args": ["a"]}
    assert live_inputs.managed(ours, {"kind": "Pod", "args": ["a", "b"]}) == {"args": ["a", "b"]}


def test_a_secret_is_followed_by_what_it_decodes_to() -> None:
    """`stringData` is never in the live object."""
    ours = {"stringData": {"password": "old"}}
    assert live_inputs.managed(ours, {"kind": "Secret", "data": {"password": "bmV3"}}) == {
        "stringData": {"password": "new"}
    }


WAITING = "Waiting for app ReplicaSet to be available ({}/2 Pods available)"


@pytest.mark.parametrize(
    ("status", "lacking"),
    [
        ({"observedGeneration": 1}, "waiting for the deployment to be observed"),
        ({"observedGeneration": 2}, WAITING.format(0)),
        ({"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 1}, WAITING.format(1)),
        ({"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, "replicas": 3}, "1 old pods to end"),
        ({"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, "replicas": 2}, None),
    ],
)
def test_a_deployment_lacks_what_kubectl_rollout_status_would_wait_for(status: Any, lacking: str | None) -> None:
    """Old pods included."""
    live = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}}
    assert rollout.missing({**live, "status": status}) == lacking


def test_a_deployment_that_gave_up_is_not_waited_for() -> None:
    """The controller's own words are the error."""
    gave_up = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    live = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 1}, "spec": {}}
    with pytest.raises(RolloutFailed, match="timed out"):
        rollout.missing({**live, "status": {"observedGeneration": 1, "conditions": [gave_up]}})


def test_the_sdk_is_read_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the user's cache folder, by the SDK's version."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    sdk = Sdk("aws")
    assert sdk.failures("aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": UNKNOWN}) == []
    kept = tmp_path / "secret-access" / "sdk-types" / f"pulumi-aws-{sdk.version}"
    assert [path.name for path in kept.iterdir()] == ["aws_iam_rolePolicy.json"]


def test_the_types_of_a_cloud_s_kinds_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is asked for starts the one process; what is kept already is not read again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tokens = (
        "vault:index/policy:Policy",
        "vault:jwt/authBackend:AuthBackend",
        "vault:jwt/authBackendRole:AuthBackendRole",
    )
    assert Sdk("vault", tokens).failures("pulumi:providers:vault", {}) == []
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    sdk = Sdk("vault", tokens)
    assert sdk.failures(tokens[0], {"policy": ""}) == []
    assert [failure.path for failure in sdk.failures(tokens[2], {})] == ["roleName", "userClaim"]
    with pytest.raises(FileNotFoundError):
        sdk.failures("vault:index/mount:Mount", {})


@pytest.mark.parametrize(
    ("package", "token", "inputs", "words"),
    [
        ("aws", "aws:iam/rolePolicy:RolePolicy", {"rol": "r", "policy": "{}"}, "did you mean 'role'?"),
        (
            "gcp",
            "gcp:secretmanager/secretIamMember:SecretIamMember",
            {"secretId": "s", "role": "r", "membr": "m"},
            "did you mean 'member'?",
        ),
        (
            "azure-native",
            "azure-native:authorization:RoleAssignment",
            {"principalId": "p", "roleDefinitionId": "r", "scop": "/"},
            "did you mean 'scope'?",
        ),
        (
            "vault",
            "vault:jwt/authBackendRole:AuthBackendRole",
            {"roleName": "r", "userClaim": "sub", "boundAudience": ["a"]},
            "did you mean 'boundAudiences'?",
        ),
    ],
)
def test_each_cloud_s_pinned_sdk_is_read(package: str, token: str, inputs: dict[str, Any], words: str) -> None:
    """Its resources, its provider's own inputs, and the nearest spelling for what it does not have."""
    sdk = Sdk(package)
    assert any(words in failure.reason for failure in sdk.failures(token, inputs))
    assert sdk.failures(f"pulumi:providers:{package}", {"regoin": "x"})[0].reason.startswith("unknown property")
    with pytest.raises(UnknownType, match="did you mean"):
        sdk.failures(f"{token}s", {})


@pytest.mark.parametrize(
    ("kubeconfig", "words"),
    [
        ("contexts: []\ncurrent-context: a\n", "kubeconfig has no 'a' in contexts; it has none"),
        ("- a\n- b\n", "it is no YAML mapping"),
        ("/no/such/file", "No such file or directory"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(kubeconfig: str, words: str) -> None:
    """Contents and paths alike."""
    with pytest.raises(KubeconfigError, match=words):
        access(kubeconfig)
