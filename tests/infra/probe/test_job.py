"""The Job that asks: the identity's own sidecar, and nothing else of the pod that it was read from."""

import json
from typing import Any

import pytest

from secret_access.errors import SecretAccessError
from secret_access.probe import job
from secret_access.probe.identities import identities
from secret_access.probe.plan import Probe, plan
from tests.infra.probe.pods import pod


def probes(**settings: str) -> list[Probe]:
    return list(plan(identities([pod("test"), pod("prod", **settings)])).probes)


def spec_of(made: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = made["spec"]["template"]["spec"]
    return spec


def test_the_pod_is_one_of_the_identitys() -> None:
    """Its ServiceAccount, sidecar, token, and the labels and annotations that concern the identity; no others."""
    made = job.job(probes()[1], 60)
    template, spec = made["spec"]["template"], spec_of(made)
    assert made["metadata"]["namespace"] == "test"
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("secret-access", False)
    (sidecar,) = spec["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("secrets", "Always")
    assert [volume["name"] for volume in spec["volumes"]] == ["secret-access-token"]
    assert [mount["name"] for mount in sidecar["volumeMounts"]] == ["secret-access-token"]
    # Not the application's name: a Service of theirs would send requests to the probe
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "secret-access-probe"
    assert template["metadata"]["labels"]["secret-access/sidecar"] == "secret-access"
    assert template["metadata"]["annotations"] == {"eks.amazonaws.com/skip-containers": "ask,secrets"}
    assert (spec["nodeSelector"], spec["tolerations"]) == ({"disk": "fast"}, [{"key": "spot", "operator": "Exists"}])
    assert "hostname" not in spec


def test_the_sidecar_reads_and_serves_the_probe_alone() -> None:
    """Each time from the vault, without the applications' token, and never a write."""
    dropped = {
        "SECRETS_CACHE_TTL": "60",
        "SECRETS_STALE_IF_ERROR": "60",
        "SECRETS_ACCESS": "read_write",
        "SECRETS_TOKEN_FILE": "/etc/token",
    }
    (probe,) = [each for each in probes(**dropped) if each.identity.namespace == "prod"]
    names = {each["name"] for each in spec_of(job.job(probe, 60))["initContainers"][0]["env"]}
    assert not names & set(dropped)
    assert {"SECRETS_BACKEND", "AWS_ROLE_ARN", "SECRETS_POD_NAME"} <= names


def test_it_asks_where_the_secret_is() -> None:
    """With the other's region and the own role."""
    (probe,) = [
        each for each in probes(AWS_REGION="us-east-1") if each.identity.namespace == "test" and "prod" in each.names[0]
    ]
    made = spec_of(job.job(probe, 60))["initContainers"][0]["env"]
    env = {each["name"]: each.get("value") for each in made}
    assert env["AWS_REGION"] == "us-east-1"
    assert env["AWS_ROLE_ARN"].endswith("role/test")
    assert len(env) == len(made)


def test_the_container_that_asks_has_names_and_no_more() -> None:
    """The sidecar's image, the program in plain sight, the address, the seconds and the names."""
    (asker,) = spec_of(job.job(probes()[0], 60))["containers"]
    assert asker["image"] == "registry/secret-sidecar:1"
    assert asker["args"] == ["http://localhost:8080", "60", "prod/database-password", "test/database-password"]
    assert "volumeMounts" not in asker
    assert asker["securityContext"]["runAsNonRoot"] is True
    # Kubernetes replaces $(NAME) in a command
    assert "$(" not in json.dumps(asker)


def test_a_job_is_gone_some_time_after_it_has_ended_whatever_happens() -> None:
    """Also where whoever made it was killed."""
    made = job.job(probes()[0], 60, run="abc")
    assert made["spec"]["backoffLimit"] == 0
    assert made["spec"]["activeDeadlineSeconds"] == 180
    assert made["spec"]["ttlSecondsAfterFinished"] == 600
    assert made["metadata"]["name"].endswith("-abc")


def test_a_cron_job_keeps_its_name_and_its_last_log() -> None:
    """Whatever names there are: Git and the cluster agree on it, and `--collect` reads the log."""
    first, second = (job.cron_job(probes(names=names)[0], 60, "0 3 * * *") for names in ("a", "a,b"))
    assert first["metadata"] == second["metadata"]
    assert len(first["metadata"]["name"]) <= 52
    assert "ttlSecondsAfterFinished" not in first["spec"]["jobTemplate"]["spec"]
    assert first["spec"]["successfulJobsHistoryLimit"] == 1
    assert job.PROBE_LABEL in first["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]


def test_a_pod_without_its_token_is_refused_as_everywhere() -> None:
    """The function that makes every pod with a sidecar makes this one."""
    without = pod("test")
    without["spec"]["volumes"] = []
    (probe, _) = plan(identities([without, pod("prod")])).probes[::-1]
    with pytest.raises(SecretAccessError, match="the pod has no volume with the sidecar's token"):
        job.job(probe, 60)
