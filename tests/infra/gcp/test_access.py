"""What GcpSecretAccess asks of Google Cloud and Kubernetes, and what it tells."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
import pytest

from secret_access import GcpSecretAccess, GcpSecretAccessArgs
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.gcp.settings import GcpSettings
from tests.infra.components import GKE_PROVIDER, POOL_PROVIDER, PROJECT, environment, gcp_access, gcp_args
from tests.infra.engine import PROJECT_NUMBER, Later, World, run
from tests.infra.gcp.component import (
    ACCOUNT,
    ACCOUNT_MEMBER,
    ACCOUNT_POLICY,
    EMAIL,
    FLEET_PROVIDER,
    PLAIN,
    PRINCIPAL,
    SECRET_MEMBER,
    SERVICE_ACCOUNT,
    token,
)


def test_on_gke_the_pool_of_the_project_names_the_principal() -> None:
    """The token's audience is the pool, and the subject is spelled GKE's way."""
    world = run(gcp_access(workload_identity_provider=GKE_PROVIDER))
    pool = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/{PROJECT}.svc.id.goog"
    member = f"principal://iam.googleapis.com/{pool}/subject/ns/test/sa/secret-access"
    assert world.one(SECRET_MEMBER).inputs["member"] == member
    assert token(world)["audience"] == f"{PROJECT}.svc.id.goog"
    assert environment(world)["GCP_WORKLOAD_IDENTITY_PROVIDER"] == GKE_PROVIDER


def test_a_cluster_of_another_project_has_that_ones_pool() -> None:
    """GKE's provider does not say the number of its project."""
    provider = GKE_PROVIDER.replace(PROJECT, "their-project")
    world = run(gcp_access(workload_identity_provider=provider, pool_project_number="999"))
    assert (
        world.one(SECRET_MEMBER)
        .inputs["member"]
        .startswith(
            "principal://iam.googleapis.com/projects/999/locations/global/workloadIdentityPools/their-project.svc.id.goog/"
        )
    )


@pytest.mark.parametrize(
    ("provider", "impersonator"),
    [(POOL_PROVIDER, PRINCIPAL), (GKE_PROVIDER, f"serviceAccount:{PROJECT}.svc.id.goog[test/secret-access]")],
)
def test_a_service_account_is_created_for_the_namespace_alone(provider: str, impersonator: str) -> None:
    """Its policy is owned whole: nobody but the namespace's ServiceAccount may impersonate it by it."""
    world = run(gcp_access(workload_identity_provider=provider, google_service_account_id="test-secrets"))
    assert world.one(ACCOUNT).inputs == {
        "accountId": "test-secrets",
        "project": PROJECT,
        "displayName": "Secrets of the namespace test",
    }
    policy = world.one(ACCOUNT_POLICY).inputs
    assert policy["serviceAccountId"] == f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
    assert json.loads(policy["policyData"]) == {
        "bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [impersonator]}]
    }
    assert world.one(SECRET_MEMBER).inputs["member"] == f"serviceAccount:{EMAIL}"
    assert environment(world)["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"] == EMAIL
    assert world.outputs["test"]["identity"] == EMAIL


def test_an_existing_service_account_gets_one_more_member() -> None:
    """Who else may impersonate it is its owner's business."""
    world = run(gcp_access(google_service_account=EMAIL))
    assert world.of(ACCOUNT) == []
    assert world.one(ACCOUNT_MEMBER).inputs == {
        "serviceAccountId": f"projects/{PROJECT}/serviceAccounts/{EMAIL}",
        "role": "roles/iam.workloadIdentityUser",
        "member": PRINCIPAL,
    }
    assert world.one(SECRET_MEMBER).inputs["member"] == f"serviceAccount:{EMAIL}"


@pytest.mark.parametrize("extra", [{}, {"grant": "prefix"}, {"google_service_account_id": "test-secrets"}])
def test_pods_wait_until_the_rights_are_complete(extra: dict[str, Any]) -> None:
    """The ServiceAccount is made last, with the identity in its annotation; no pod gets a token by default."""
    world = run(gcp_access(events=True, **extra))
    account = world.one(SERVICE_ACCOUNT)
    made = {asked.name for asked in world.asked if asked.type.startswith("gcp:")}
    assert account.waits_for >= made
    assert account.inputs == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "automountServiceAccountToken": False,
        "metadata": {
            "name": "secret-access",
            "namespace": "test",
            "annotations": {"secret-access/google-identity": world.outputs["test"]["identity"]},
        },
    }


def test_the_outputs_are_those_of_every_cloud() -> None:
    """The ten outputs that DESIGN gives every access component, with Google's values."""
    outputs = run(gcp_access(labels={"team": "a"})).outputs["test"]
    sidecar = outputs.pop("sidecar")
    assert sidecar["name"] == "secrets"
    assert sidecar["volumeMounts"] == [
        {"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access/gcp", "readOnly": True}
    ]
    projected = {"audience": f"https:{POOL_PROVIDER}", "expirationSeconds": 3600, "path": "token"}
    assert outputs == {
        "namespace": "test",
        "serviceAccountName": "secret-access",
        "subject": "system:serviceaccount:test:secret-access",
        "identity": PRINCIPAL,
        "secretPrefix": "test/",
        "podLabels": {"team": "a"},
        "podAnnotations": {},
        "volumes": [{"name": "secret-access-token", "projected": {"sources": [{"serviceAccountToken": projected}]}}],
        "url": "http://localhost:8080",
    }


def test_the_sidecar_is_told_whose_secrets_it_serves() -> None:
    """The environment is the sidecar's contract; what is not set is left out."""
    assert environment(run(gcp_access())) == {
        "SECRETS_BACKEND": "gcp",
        "SECRETS_NAMESPACE": "test",
        "SECRETS_PREFIX": "test/",
        "SECRETS_NAMES": "database-password",
        "SECRETS_PORT": "8080",
        "SECRETS_HEALTH_PORT": "8081",
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GCP_WORKLOAD_IDENTITY_PROVIDER": POOL_PROVIDER,
        "GCP_TOKEN_FILE": "/var/run/secrets/secret-access/gcp/token",
        "SECRETS_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
    }


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"project": "example.com:my-shop", "google_service_account_id": "test-secrets"},
        {"workload_identity_provider": GKE_PROVIDER, "google_service_account": EMAIL},
        {"workload_identity_provider": GKE_PROVIDER.replace("europe-west3", "europe-west3-a")},
        {"workload_identity_provider": FLEET_PROVIDER},
        {"location": "northamerica-northeast1", "access": "read_write", "endpoint_url": "http://[fd00::1]:4570/"},
        {"secrets": ["exact:test--Key_1"], "port": 8200},
    ],
)
def test_the_sidecar_takes_what_it_is_told(changed: dict[str, Any]) -> None:
    """Nothing that the component accepts keeps the sidecar from starting."""
    told = {name: value for name, value in environment(run(gcp_access(**changed))).items() if isinstance(value, str)}
    settings = Settings.from_environment(told, Path("/nonexistent"))
    settings.vault_as(GcpSettings).check_own_identity()


def test_an_endpoint_replaces_all_of_googles() -> None:
    """Secret Manager, the token exchange and impersonation; each may be replaced alone through sidecar_env."""
    names = {"SECRETMANAGER", "STS", "IAMCREDENTIALS"}
    told = environment(run(gcp_access(endpoint_url="http://10.78.0.1:4570")))
    assert {told[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}"] for name in names} == {"http://10.78.0.1:4570"}
    told = environment(run(gcp_access(sidecar_env={"CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": "https://sts.example"})))
    assert {name for name in told if name.startswith("CLOUDSDK")} == {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STS"}


def test_an_existing_provider_may_expect_an_audience_of_its_own() -> None:
    """The token carries that one, and the exchange still names the provider."""
    world = run(gcp_access(token_audience="secrets.example"))
    assert token(world)["audience"] == "secrets.example"
    assert environment(world)["GCP_WORKLOAD_IDENTITY_PROVIDER"] == POOL_PROVIDER


def test_an_existing_service_account_is_read_and_left_as_it_is() -> None:
    """One that carries the annotation is taken, not made."""
    annotations = {"secret-access/google-identity": PRINCIPAL.replace("secret-access", "shop")}
    world = World(found={"test/shop": {"metadata": {"name": "shop", "annotations": annotations}}})
    run(gcp_access(existing_service_account=True, service_account_name="shop"), world)
    assert (world.one(SERVICE_ACCOUNT).read, world.one(SERVICE_ACCOUNT).inputs) == (True, {"id": "test/shop"})


INPUTS = {
    "service_account_name": "shop",
    "secret_prefix": "team/test/",
    "token_expiration_seconds": 600,
    "port": 8200,
    "labels": {"team": "a"},
    "sidecar_env": {"SECRETS_CACHE_TTL": "10"},
    "sidecar_resources": {"limits": {"memory": "1Gi"}},
    "sidecar_user": 1000,
    "sidecar_files": {"/etc/ca": {"configMap": {"name": "ca"}}},
    "metrics_namespaces": ["monitoring"],
    "image_pull_policy": "Always",
    "image_pull_secrets": ["registry"],
    "pool_project_number": PROJECT_NUMBER,
    "google_service_account_id": "test-secrets",
    "events_role": f"projects/{PROJECT}/roles/secretVersionWatcher",
    "write_role": f"projects/{PROJECT}/roles/secretWriter",
    "token_audience": "secrets.example",
    "endpoint_url": "http://10.78.0.1:4570",
}


@pytest.mark.parametrize("grant", ["secrets", "prefix"])
@pytest.mark.parametrize("existing", [False, True])
def test_outputs_as_arguments_ask_for_the_same(grant: str, existing: bool) -> None:
    """Every argument that may be known later makes the same resources as a plain one."""
    args: dict[str, Any] = dict(gcp_args(**INPUTS))
    args = {name: value for name, value in args.items() if name not in PLAIN}
    assert {*args, *PLAIN, "google_service_account"} == set(GcpSecretAccessArgs.__annotations__)
    if existing:
        args["google_service_account"] = EMAIL
        del args["google_service_account_id"]
    plain = {**PLAIN, "grant": grant}
    known, later = (
        run(gcp_access(**plain, **({"google_service_account_id": None} if existing else {}) | given))
        for given in (args, {name: Later(value) for name, value in args.items()})
    )
    assert {asked.name: asked.inputs for asked in later.asked} == {asked.name: asked.inputs for asked in known.asked}
    assert later.outputs == known.outputs


def test_the_callers_providers_make_everything() -> None:
    """The component builds no provider, and hands those it got to its children."""
    world = World()

    def program() -> None:
        cloud = gcp.Provider("cloud", project=PROJECT)
        cluster = k8s.Provider("cluster", context="blue")
        opts = pulumi.ResourceOptions(providers=[cloud, cluster])
        GcpSecretAccess("test", gcp_args(google_service_account_id="test-secrets"), opts)

    run(program, world)
    for asked in world.asked:
        if asked.type.startswith(("gcp:", "kubernetes:")):
            assert asked.provider == ("cloud" if asked.type.startswith("gcp:") else "cluster")
    assert world.calls == []
