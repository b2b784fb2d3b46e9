"""SecretWorkload as a Deployment, a StatefulSet, a Job and a CronJob."""

import re
from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.pods.kinds import WorkloadKind
from tests.infra.components import workload
from tests.infra.engine import Later, World, run

TYPES = {
    "Deployment": "kubernetes:apps/v1:Deployment",
    "StatefulSet": "kubernetes:apps/v1:StatefulSet",
    "Job": "kubernetes:batch/v1:Job",
    "CronJob": "kubernetes:batch/v1:CronJob",
}
NEEDED: dict[str, dict[str, Any]] = {"CronJob": {"schedule": "0 3 * * *"}}
"""What a kind cannot do without in its spec."""


def spec(kind: str, **changed: Any) -> dict[str, Any]:
    """The workload's spec; what is given as `spec` goes over what the kind needs."""
    given = {**NEEDED.get(kind, {}), **changed.pop("spec", {})}
    asked: dict[str, Any] = run(workload(kind=kind, spec=given, **changed)).one(TYPES[kind]).inputs["spec"]
    return asked


def template(kind: str, **changed: Any) -> dict[str, Any]:
    asked = spec(kind, **changed)
    found: dict[str, Any] = (asked["jobTemplate"]["spec"] if kind == "CronJob" else asked)["template"]
    return found


def refused(kind: str, **changed: Any) -> str:
    """What a workload is refused with, before it is made."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(workload(kind=kind, **changed), world)
    assert [asked for kind in TYPES.values() for asked in world.of(kind)] == []
    return str(error.value)


@pytest.mark.parametrize("kind", TYPES)
def test_the_pods_of_each_kind_have_the_sidecar(kind: str) -> None:
    """The same pod as a Deployment's, but for when its containers are started again."""
    pod, deployed = template(kind), template("Deployment")
    assert pod["metadata"] == deployed["metadata"]
    policy = {"restartPolicy": "Never"} if kind in ("Job", "CronJob") else {}
    assert pod["spec"] == {**deployed["spec"], **policy}
    assert pod["spec"]["initContainers"][0]["name"] == "secrets"


@pytest.mark.parametrize("kind", TYPES)
def test_each_kind_has_its_name_and_its_labels(kind: str) -> None:
    """Under the component, in the namespace of the access."""
    asked = run(workload(kind=WorkloadKind(kind), spec=NEEDED.get(kind, {}))).one(TYPES[kind])
    names = {"StatefulSet": "stateful-set", "CronJob": "cron-job"}
    assert (asked.name, asked.parent) == (f"shop-{names.get(kind, kind.lower())}", "shop")
    labels = {"app.kubernetes.io/name": "shop"}
    assert asked.inputs["metadata"] == {"name": "shop", "namespace": "test", "labels": labels}


def test_what_runs_all_the_time_has_a_number_of_pods_and_selects_them() -> None:
    """Those that end have neither."""
    for kind in ("Deployment", "StatefulSet"):
        asked = spec(kind, replicas=3)
        assert (asked["replicas"], asked["selector"]) == (3, {"matchLabels": {"app.kubernetes.io/name": "shop"}})
        assert "replicas" not in spec(kind, replicas="autoscaled")
    assert set(spec("Job")) == {"template"}
    assert spec("CronJob") == {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template("CronJob")}}}


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_the_workloads_own_spec_is_kept(delay: Any) -> None:
    """Whatever a kind has beside its pod template, also as an Output."""
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    asked = run(workload(kind="StatefulSet", spec=delay({"serviceName": "shop", "volumeClaimTemplates": [claim]})))
    made = asked.one(TYPES["StatefulSet"]).inputs["spec"]
    assert (made["serviceName"], made["volumeClaimTemplates"]) == ("shop", [claim])
    assert made["template"] == template("StatefulSet")
    job = {"backoffLimit": 2, "ttlSecondsAfterFinished": 60}
    assert {**spec("Job", spec=job), "template": None} == {**job, "template": None}
    cron = {"schedule": "@daily", "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": job}}
    asked = run(workload(kind="CronJob", spec=delay(cron)))
    made = asked.one(TYPES["CronJob"]).inputs["spec"]["jobTemplate"]
    assert made["metadata"] == {"labels": {"a": "b"}}
    assert {**made["spec"], "template": None} == {**job, "template": None}


@pytest.mark.parametrize(
    ("kind", "changed", "reason"),
    [
        ("DaemonSet", {}, "kind: given 'DaemonSet', expected one of Deployment, StatefulSet, Job, CronJob"),
        ("CronJob", {}, "spec.schedule of a CronJob: given None"),
        ("CronJob", {"spec": {"schedule": "@daily"}, "workload_name": "a" * 53}, "workload_name: given 'aaa"),
        ("StatefulSet", {"workload_name": "a" * 53}, "workload_name: given 'aaa.* up to 52"),
        ("CronJob", {"spec": {"schedule": "@daily", "template": {}}}, "unknown field of spec: given 'template'"),
        ("Job", {"replicas": 2}, "replicas of a Job: given 2, expected no replicas; set parallelism"),
        ("Job", {"spec": {"manualSelector": True}}, "spec.manualSelector"),
        ("Job", {"pod": {"spec": {"restartPolicy": "Always"}}}, "restartPolicy of a Job: given 'Always'"),
        ("Deployment", {"spec": {"selector": {}}}, "spec.selector"),
        (
            "Deployment",
            {"spec": {"template": {"spec": {}}}},
            "spec.template: .*; give the pod template as the argument",
        ),
        ("StatefulSet", {"spec": {"replicas": 2}}, "spec.replicas: .*; use the argument replicas"),
        ("Deployment", {"pod": {"spec": {"restartPolicy": "Never"}}}, "restartPolicy of a Deployment: given 'Never'"),
        ("Deployment", {"spec": {"backoffLimit": 2}}, "unknown field of spec: given 'backoffLimit'"),
        ("Deployment", {"spec": ["paused"]}, r"spec: given \['a text'\], expected a mapping"),
        (
            "StatefulSet",
            {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "secret-access-token"}}]}},
            "volumeClaimTemplates: given 'secret-access-token'",
        ),
    ],
)
def test_what_a_kind_does_not_have_is_refused(kind: str, changed: dict[str, Any], reason: str) -> None:
    """Kubernetes would refuse it later or drop it."""
    said = refused(kind, **changed)
    assert re.search(reason, said), said


def test_a_name_that_a_cron_job_cannot_have_is_fine_for_the_others() -> None:
    """Only a CronJob's Jobs add to it."""
    assert run(workload(kind="Job", workload_name="a" * 63)).one(TYPES["Job"]).inputs["metadata"]["name"] == "a" * 63
    refused("Job", workload_name="a" * 64)
