"""IsolationProbe: the CronJobs that `prove --print-jobs --cron` would print, made by the program itself."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from secret_access import InvalidArgument, IsolationProbe, IsolationProbeArgs
from secret_access.probe import job
from secret_access.probe.identities import identities
from secret_access.probe.plan import plan
from tests.infra.argument_values import access_of
from tests.infra.components import Program
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

CRON_JOB = "kubernetes:batch/v1:CronJob"


def accesses(**changed: Any) -> dict[str, Any]:
    """Those of two namespaces; `changed` are settings of the second's sidecar."""
    found = {name: access_of(name) for name in ("test", "prod")}
    env = [each for each in found["prod"]["sidecar"]["env"] if each["name"] not in changed]
    env += [{"name": name, "value": value} for name, value in changed.items() if value is not None]
    found["prod"]["sidecar"] = {**found["prod"]["sidecar"], "env": env}
    return found


def probe(**given: Any) -> Program:
    args = {"accesses": accesses(), **given}
    return lambda: IsolationProbe("nightly", cast("IsolationProbeArgs", outputs_in(args)))


def pod_of(access: Mapping[str, Any]) -> dict[str, Any]:
    """A pod with that access, as the cluster has it."""
    return {
        "metadata": {"namespace": access["namespace"], "name": "app", "labels": access["pod_labels"]},
        "spec": {
            "serviceAccountName": access["service_account_name"],
            "initContainers": [access["sidecar"]],
            "volumes": access["volumes"],
        },
    }


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_it_makes_the_cron_jobs_that_prove_collects(delay: Any) -> None:
    """One for each access, whose labels and program are those that the command looks for."""
    found = accesses()
    world = run(probe(accesses={name: delay(access) for name, access in found.items()}))
    made = {each.inputs["metadata"]["namespace"]: each.inputs for each in world.of(CRON_JOB)}
    read = plan(identities([pod_of(access) for access in found.values()])).probes
    wanted = {each.identity.namespace: job.cron_job(each, 60, "0 3 * * *") for each in read}
    assert set(made) == set(wanted) == {"test", "prod"}
    for namespace, inputs in made.items():
        assert inputs["metadata"] == wanted[namespace]["metadata"]
        spec, other = (
            each["jobTemplate"]["spec"]["template"]["spec"] for each in (inputs["spec"], wanted[namespace]["spec"])
        )
        assert spec["containers"] == other["containers"]
        assert spec["initContainers"] == other["initContainers"]
    assert world.outputs["nightly"]["cronJobNames"] == {
        name: wanted[name]["metadata"]["name"] for name in ("test", "prod")
    }


def test_it_asks_when_and_as_long_as_it_is_told() -> None:
    """Numbers come as floats from other languages."""
    for each in run(probe(schedule="30 5 * * 1", seconds=120.0)).of(CRON_JOB):
        assert each.inputs["spec"]["schedule"] == "30 5 * * 1"
        (asker,) = each.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert asker["args"][1] == "120"


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"accesses": {}}, ["accesses", "two or more"]),
    ({"accesses": {"test": access_of("test")}}, ["accesses", "two or more"]),
    ({"accesses": [access_of("test"), access_of("prod")]}, ["accesses", "two or more"]),
    (
        {"accesses": {"a": access_of("test"), "b": access_of("test")}},
        ["accesses", "no namespace was asked for another's"],
    ),
    (
        {"accesses": {**accesses(), "again": access_of("test")}},
        ["accesses", "['again', 'prod', 'test']", "each identity once"],
    ),
    ({"accesses": accesses(SECRETS_NAMES=None)}, ["accesses", "prod on aws: no secret of it is known"]),
    ({"accesses": accesses(SECRETS_PREFIX="test/")}, ["accesses", "have one prefix: 'test/'"]),
    ({"accesses": accesses(AWS_ENDPOINT_URL="https://other.example")}, ["accesses", "did not ask for the secrets in"]),
    ({"accesses": accesses(SECRETS_BACKEND=None)}, ["accesses of 'prod'", "a sidecar without a vault"]),
    ({"accesses": {**accesses(), "prod": {"namespace": "prod"}}}, ["accesses", "'prod'", "workload_access"]),
    ({"schedule": "nightly"}, ["schedule", "'nightly'", "'0 3 * * *'"]),
    ({"schedule": "0 3 * *"}, ["schedule", "'0 3 * *'"]),
    ({"schedule": 3}, ["schedule", "3"]),
    ({"seconds": 4}, ["seconds", "4", "5 to 3600"]),
    ({"seconds": 3601}, ["seconds", "3601"]),
    ({"seconds": 60.5}, ["seconds", "60.5"]),
]


def _later(value: Any, delay: Any) -> Any:
    """The same, known later; which accesses there are is known at once."""
    if isinstance(value, dict):
        return {name: delay(each) for name, each in value.items()}
    return value if isinstance(value, list) else delay(value)


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_would_prove_nothing_is_refused(given: dict[str, Any], said: list[str], delay: Any) -> None:
    """Before any CronJob is made: its logs would be judged as undecided, night after night."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(probe(**{name: _later(value, delay) for name, value in given.items()}), world)
    assert_all_in(["IsolationProbe 'nightly'", *said], error)
    assert world.of(CRON_JOB) == []
