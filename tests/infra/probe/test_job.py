"""The Job that asks: the identity's own sidecar, and nothing else of the pod that it was read from."""

import json
from typing import Any

import pytest

from secret_access.errors import SecretAccessError
from secret_access.probe import asking, job
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


def test_one_pod_asks_in_all_places() -> None:
    """However many Key Vaults or regions there are: with each one's settings, and the own identity."""
    (probe,) = [each for each in probes(AWS_REGION="us-east-1") if each.identity.namespace == "test"]
    made = spec_of(job.job(probe, 60))
    (asker,), (sidecar,) = made["containers"], made["initContainers"]
    here, there = asking.places(asker["args"][2:])
    assert here == {"place": "aws eu-west-1", "own": 1, "names": ["test/database-password"]}
    assert there == {
        "place": "aws us-east-1",
        "own": 0,
        "names": ["prod/database-password"],
        "settings": {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": None, "SECRETS_AWS_REPLICA_REGIONS": None},
    }
    assert asker["volumeMounts"] == sidecar["volumeMounts"]
    assert [each for each in asker["env"] if each["name"] != "SECRETS_URL"] == sidecar["env"]
    assert asker["resources"] == sidecar["resources"]
    assert next(each["value"] for each in asker["env"] if each["name"] == "AWS_ROLE_ARN").endswith("role/test")


def test_the_time_grows_with_the_places() -> None:
    """Kubernetes ends the Job after its program's own limit."""
    (probe,) = [each for each in probes(AWS_REGION="us-east-1") if each.identity.namespace == "test"]
    assert job.job(probe, 60)["spec"]["activeDeadlineSeconds"] == 190


def test_a_name_is_asked_for_as_it_is() -> None:
    """Kubernetes would replace a variable's name in the arguments."""
    (probe,) = [each for each in probes(names="exact:a$(AWS_REGION)$") if each.identity.namespace == "prod"]
    (asker,) = spec_of(job.job(probe, 60))["containers"]
    assert "exact:a$$(AWS_REGION)$$" in asker["args"]


def test_pods_of_other_settings_or_names_have_another_digest() -> None:
    """So what an earlier one was answered is not taken for theirs."""
    (test, *_) = (each for each in probes() if each.identity.namespace == "test")
    same, names, role = (
        next(each for each in probes(**more) if each.identity.namespace == "prod")
        for more in ({}, {"names": "other"}, {"AWS_SESSION_DURATION": "900"})
    )
    assert job.digest(same) == job.digest(next(each for each in probes() if each.identity.namespace == "prod"))
    assert len({job.digest(each) for each in (test, same, names, role)}) == 4
    assert same.key == names.key


def test_the_container_that_asks_has_names_and_no_more() -> None:
    """The sidecar's image, the program in plain sight, the address, the seconds and the names."""
    (asker,) = spec_of(job.job(probes()[0], 60))["containers"]
    assert asker["image"] == "registry/secret-sidecar:1"
    url, seconds, at, place, *names = asker["args"]
    assert (url, seconds, at) == ("http://localhost:8080", "60", asking.AT)
    assert json.loads(place) == {"place": "aws eu-west-1", "own": 1}
    assert names == ["prod/database-password", "test/database-password"]
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
