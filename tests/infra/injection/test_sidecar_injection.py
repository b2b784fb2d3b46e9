"""SidecarInjection: what it makes in which order, what it refuses, and what it says on an older cluster."""

import itertools
from typing import Any

import pulumi
import pytest

from secret_access import InvalidArgument, SidecarInjection
from secret_access.injection import sidecar_injection
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.pods.templates import access

POLICIES = "kubernetes:admissionregistration.k8s.io/v1:"


def made(**args: Any) -> World:
    """What a program with a SidecarInjection asks for."""
    world = World()
    given = {"access": access(), **args}
    run(lambda: SidecarInjection("test", outputs_in(given)), world)
    return world


def test_pods_are_injected_only_once_those_that_cannot_be_are_refused() -> None:
    """And an older cluster refuses the first, before any of them acts."""
    world = made()
    order = ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
    kinds = [*order, "MutatingAdmissionPolicyBinding"]
    found = [world.one(f"{POLICIES}{kind}") for kind in kinds]
    for before, after in itertools.pairwise(found):
        assert before.name in after.waits_for
    assert {asked.inputs["metadata"]["name"] for asked in found} == {"secret-access.test"}


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_all_of_the_access_may_be_one_output(delay: Any) -> None:
    """As from another stack."""
    (policy,) = made(access=delay(access())).of(f"{POLICIES}MutatingAdmissionPolicy")
    assert "registry.example/secret-sidecar:1" in str(policy.inputs["spec"])


def test_the_label_is_an_output() -> None:
    """For the pods; with `all_pods` none has to ask."""
    assert made().outputs["test"]["podLabels"] == {"secret-access/inject": "true"}
    assert made(label_value="aws").outputs["test"]["podLabels"] == {"secret-access/inject": "aws"}
    assert made(all_pods=True).outputs["test"]["podLabels"] == {}


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"label_value": "false"}, "label_value: given 'false'"),
        ({"label_value": "a b"}, "label_value: given 'a b'"),
        ({"label_value": ""}, "label_value: given ''"),
        ({"label_value": "aws", "all_pods": True}, "label_value beside all_pods: given 'aws'"),
        ({"all_pods": "yes"}, "all_pods: given 'yes'"),
        ({"access": {"namespace": "test"}}, "access has no"),
        ({"access": access(volumes=[])}, "no volume with the sidecar's token"),
        ({"access": access(service_account_name="a" * 250)}, "service_account_name of access: given 'aaa"),
    ],
)
def test_what_cannot_work_is_refused(args: dict[str, Any], reason: str) -> None:
    """Before anything is made."""
    world = World()
    with pytest.raises(InvalidArgument, match=f"SidecarInjection 'test': .*{reason}"):
        run(lambda: SidecarInjection("test", outputs_in({"access": access(), **args})), world)
    assert world.of(f"{POLICIES}MutatingAdmissionPolicy") == []


@pytest.mark.parametrize(
    ("error", "is_explained"), [("no matches for kind MutatingAdmissionPolicy", True), ("no", False)]
)
def test_an_older_cluster_is_named(monkeypatch: pytest.MonkeyPatch, error: str, is_explained: bool) -> None:
    """With the way out; the plugin's own message asks for a CRD."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    failed = pulumi.ErrorHookArgs("urn", "", "test", "type", errors=[error])
    assert sidecar_injection.explain(failed) is False
    assert said == ([sidecar_injection.OLDER_CLUSTER] if is_explained else [])
