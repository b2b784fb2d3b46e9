"""`secret-access prove` on a real API server, which has no node: Jobs and pods are made, and none starts."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.progress import wait_for
from local.standins.errors import ApiError
from secret_access.cli import prove as command
from secret_access.cli.main import cli
from secret_access.cli.prove import UNDECIDED
from secret_access.injection import admission_policy
from secret_access.kubectl import Kubectl
from secret_access.pods.injection import inject
from secret_access.probe import job
from secret_access.probe.cluster import with_pods
from secret_access.probe.identities import identities
from secret_access.probe.plan import plan
from tests.infra.pods.templates import access, template
from tests.infra.probe.pods import env, settings_of
from tests.integration import pods
from tests.integration.real_parts import ApiServer

NAMES = ("proven-test", "proven-prod")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
SECURE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def access_of(namespace: str) -> dict[str, Any]:
    """What the component of a namespace gives to its workloads."""
    given = access(namespace=namespace)
    return {**given, "sidecar": {**given["sidecar"], "env": env(**settings_of(namespace))}}


@pytest.fixture(scope="module")
def namespaces(api_server: ApiServer) -> ApiServer:
    """Two namespaces under the Pod Security Standard `restricted`, each with a pod that has the sidecar."""
    client = api_server.client
    for name in NAMES:
        client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": RESTRICTED}})
        accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
        client.request("POST", accounts, {"metadata": {"name": "secret-access"}})
        wait_for("the default account", partial(client.get, f"{accounts}/default"))
        app = inject(template(container={"image": "shop:1", "securityContext": SECURE}), access_of(name))
        app["metadata"] = {**app.get("metadata", {}), "name": "app"}
        client.request("POST", f"/api/v1/namespaces/{name}/pods", app)
    return api_server


@pytest.fixture
def kubectl(namespaces: ApiServer, kubectl_command: str) -> Kubectl:
    return Kubectl(kubeconfig=str(namespaces.kubeconfig), command=kubectl_command)


@pytest.fixture
def run(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command on this API server."""
    monkeypatch.setattr(command, "Kubectl", lambda **_: kubectl)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["prove", *(f"--namespace={name}" for name in NAMES), *arguments])

    return run


def jobs(api_server: ApiServer) -> list[str]:
    return [
        each["metadata"]["name"]
        for name in NAMES
        for each in api_server.client.request("GET", f"/apis/batch/v1/namespaces/{name}/jobs")["items"]
        if "deletionTimestamp" not in each["metadata"]
    ]


def test_a_stored_pod_gives_back_the_identity(kubectl: Kubectl) -> None:
    """With what the API server has added to it: what the Job's pod gets is what the component gave."""
    found = identities(with_pods(kubectl, NAMES))
    assert [(each.namespace, each.service_account, each.names) for each in found] == [
        (name, "secret-access", (f"{name}/database-password",)) for name in sorted(NAMES)
    ]
    for identity in found:
        given = access_of(identity.namespace)
        mounts = [
            {key: mount[key] for key in ("name", "mountPath", "readOnly")}
            for mount in identity.access["sidecar"]["volumeMounts"]
        ]
        assert mounts == given["sidecar"]["volumeMounts"]
        assert [volume["name"] for volume in identity.access["volumes"]] == [each["name"] for each in given["volumes"]]
        assert identity.access["url"] == given["url"]


def test_the_jobs_pods_are_admitted_under_the_standard_restricted(namespaces: ApiServer, kubectl: Kubectl) -> None:
    """The API server takes the Job, the CronJob and the pod; with one that may gain privileges it would not."""
    for probe in plan(identities(with_pods(kubectl, NAMES))).probes:
        name = probe.identity.namespace
        for made, kind in ((job.job(probe, 60), "jobs"), (job.cron_job(probe, 60, "0 3 * * *"), "cronjobs")):
            namespaces.client.request("POST", f"/apis/batch/v1/namespaces/{name}/{kind}", made, dryRun="All")
        pod = job.job(probe, 60)["spec"]["template"]
        pods.created(namespaces.client, name, pod)
        pod["spec"]["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": True}
        with pytest.raises(ApiError, match="violates PodSecurity"):
            pods.created(namespaces.client, name, pod)


def test_where_every_pod_gets_the_sidecar_the_probes_pod_stays_as_it_is(
    namespaces: ApiServer, kubectl: Kubectl
) -> None:
    """An admission policy leaves it alone, though its sidecar has other settings than the applications'."""
    (probe, *_) = plan(identities(with_pods(kubectl, NAMES))).probes
    name = probe.identity.namespace
    metadata = {"name": admission_policy.policy_name("secret-access", name)}
    for kind, spec, more in (
        ("mutating", admission_policy.injection(access_of(name), None), {}),
        ("validating", admission_policy.refusal(access_of(name), None), {"validationActions": ["Deny"]}),
    ):
        binding = {"policyName": metadata["name"], **more}
        for resource, body in (("policies", spec), ("policybindings", binding)):
            namespaces.client.request(
                "POST", f"{ADMISSION}/{kind}admission{resource}", {"metadata": metadata, "spec": body}
            )
    plain = template(container={"image": "shop:1", "securityContext": SECURE})

    def acts() -> bool:
        try:
            made = pods.created(namespaces.client, name, plain)
        except ApiError:
            return False
        return "initContainers" in made["spec"]

    wait_for("the policy", acts)
    made = pods.created(namespaces.client, name, job.job(probe, 60)["spec"]["template"])
    asked = probe.identity.access["sidecar"]["env"]
    assert [each["name"] for each in made["spec"]["initContainers"][0]["env"]] == [each["name"] for each in asked]
    assert [container["name"] for container in made["spec"]["containers"]] == ["ask"]
    assert "team" not in made["metadata"]["labels"]  # the applications' label


def test_jobs_whose_pods_never_start_are_told_of_and_deleted(
    namespaces: ApiServer, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time limit each cell is undecided: why no pod is made is in the cluster's words.

    In one namespace a quota is used up; in the other there is a pod, and neither node nor scheduler.
    """
    monkeypatch.setattr(job, "START_SECONDS", 10)
    quota = {"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "1"}}}
    quotas = f"/api/v1/namespaces/{NAMES[0]}/resourcequotas"
    namespaces.client.request("POST", quotas, quota)
    wait_for("the quota", lambda: (namespaces.client.get(f"{quotas}/no-pods") or {})["status"].get("used"))
    try:
        result = run("--timeout", "5", "--json")
    finally:
        namespaces.client.request("DELETE", f"{quotas}/no-pods")
    assert result.exit_code == UNDECIDED, result.output
    found = json.loads(result.output)
    assert [(cell["status"], cell["decided_by"]) for cell in found["cells"]] == [(None, "nobody")] * 4
    of_quota, of_none = ({cell["detail"] for cell in found["cells"] if cell["from"] == name} for name in NAMES)
    (detail,) = of_quota
    assert detail.startswith("the Job did not end within 15 s: FailedCreate Error creating: pods")
    assert "exceeded quota: no-pods" in detail
    assert of_none == {"the Job did not end within 15 s: nobody says why"}
    assert jobs(namespaces) == []


def test_printed_jobs_are_what_kubectl_applies_and_collect_looks_for(
    namespaces: ApiServer, run: Any, kubectl: Kubectl, tmp_path: Path
) -> None:
    """Nothing else is needed to run them from Git."""
    file = tmp_path / "jobs.json"
    file.write_text(run("--print-jobs").output)
    kubectl.run("apply", f"--filename={file}")
    try:
        result = run("--collect")
        assert result.exit_code == UNDECIDED
        assert "no pod has asked: create the Job secret-access-probe-" in result.output
        assert len(jobs(namespaces)) == len(NAMES)
    finally:
        kubectl.run("delete", f"--filename={file}", "--wait=false")
