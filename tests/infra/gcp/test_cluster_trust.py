"""What GcpClusterTrust asks of Google Cloud."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from secret_access import GcpClusterTrust, GcpClusterTrustArgs, GcpSecretAccess, InvalidArgument
from tests.infra.components import GKE_CLUSTER, GKE_PROVIDER, POOL_PROVIDER, PROJECT, gcp_args, gcp_cluster_trust
from tests.infra.engine import ISSUER_HOST, PROJECT_NUMBER, Later, World, outputs_in, run
from tests.infra.gcp.component import EMAIL, PRINCIPAL, SECRET_MEMBER

POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
KEYS = '{"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}'


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_cluster_gets_a_pool_of_its_own(delay: object) -> None:
    """One provider in it, whose subject is the token's and whose audience is its own name."""
    assert callable(delay)
    world = run(
        gcp_cluster_trust(issuer=delay(f"https://{ISSUER_HOST}"), pool_id=delay("blue"), project=delay(PROJECT))
    )
    assert world.one(POOL).inputs == {"project": PROJECT, "workloadIdentityPoolId": "blue"}
    provider = world.one(PROVIDER)
    assert (provider.name, provider.parent) == ("blue-provider", "blue")
    assert provider.inputs == {
        "project": PROJECT,
        "workloadIdentityPoolId": "blue",
        "workloadIdentityPoolProviderId": "cluster",
        "attributeMapping": {"google.subject": "assertion.sub"},
        "oidc": {"issuerUri": f"https://{ISSUER_HOST}"},
    }
    assert world.outputs["blue"] == {"workloadIdentityProvider": POOL_PROVIDER, "issuer": f"https://{ISSUER_HOST}"}


def test_keys_are_given_where_google_cannot_reach_the_issuer() -> None:
    """They are public, and stand in the pool's provider."""
    assert run(gcp_cluster_trust(jwks_json=KEYS)).one(PROVIDER).inputs["oidc"]["jwksJson"] == KEYS


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_gkes_pool_is_there_already(delay: object) -> None:
    """Nothing is made, and the outputs name the cluster."""
    assert callable(delay)
    world = run(gcp_cluster_trust(issuer=None, pool_id=None, gke_cluster=delay(GKE_CLUSTER)))
    assert [asked.type for asked in world.asked] == ["secret-access:index:GcpClusterTrust"]
    assert world.outputs["blue"] == {
        "workloadIdentityProvider": GKE_PROVIDER,
        "issuer": f"https://container.googleapis.com/v1/{GKE_CLUSTER}",
    }


@pytest.mark.parametrize(
    "issuer",
    [
        "https://westeurope.oic.prod-aks.azure.com/2d3a0b0e-1111-2222-3333-444455556666/0a1b2c3d-0000-1111/",
        "https://issuer.example/",
        "https://10.78.0.1:6443",
        f"https://container.googleapis.com/v1/{GKE_CLUSTER}",
    ],
)
def test_issuers_are_taken_as_they_spell_themselves(issuer: str) -> None:
    """Google compares them with `iss` as texts, closing slash and all."""
    assert run(gcp_cluster_trust(issuer=issuer)).one(PROVIDER).inputs["oidc"]["issuerUri"] == issuer


AKS = "https://westeurope.oic.prod-aks.azure.com/2d3a0b0e-1111-2222-3333-444455556666/0a1b2c3d-0000-1111"
MISTAKES = [
    ({"project": "123456789012"}, ["project is a number", "my-project"]),
    ({"project": "My_Project"}, ["project: given 'My_Project'"]),
    ({"project": "projects/my-project"}, ["project is a resource name", "write my-project"]),
    ({"issuer": None}, ["no cluster is named", "issuer, or gke_cluster"]),
    ({"gke_cluster": GKE_CLUSTER}, ["both clusters are named", "remove one"]),
    ({"issuer": AKS}, ["lost its closing /", f"write {AKS}/"]),
    ({"issuer": ISSUER_HOST}, ["issuer is a host", f"write https://{ISSUER_HOST}"]),
    ({"issuer": f"http://{ISSUER_HOST}"}, ["issuer is plain http"]),
    ({"issuer": "arn:aws:iam::1:oidc-provider/x"}, ["issuer is a host"]),
    ({"issuer": "https://x/a b"}, ["issuer is not a URL"]),
    ({"pool_id": None}, ["pool_id is missing", "such as blue-cluster"]),
    ({"pool_id": "gcp-blue"}, ["begins with gcp-"]),
    ({"pool_id": "b"}, ["pool_id: given 'b'", "4 to 32"]),
    ({"pool_id": "Blue_Cluster"}, ["pool_id: given 'Blue_Cluster'"]),
    ({"jwks_json": "{}"}, ["jwks_json", "keys"]),
    ({"jwks_json": "[]"}, ["jwks_json", "keys"]),
    ({"jwks_json": '{"keys": []}'}, ["jwks_json", "keys"]),
    ({"jwks_json": '{"keys": [{"kty": "RSA", "d": "s3cr3t"}]}'}, ["jwks_json holds a private key"]),
    ({"issuer": None, "gke_cluster": GKE_CLUSTER}, ["pool_id beside gke_cluster"]),
    (
        {"issuer": None, "pool_id": None, "gke_cluster": GKE_CLUSTER, "jwks_json": KEYS},
        ["jwks_json beside gke_cluster"],
    ),
    (
        {"issuer": None, "pool_id": None, "gke_cluster": GKE_CLUSTER, "project": "their-project"},
        ["gke_cluster is of another project", "correct project"],
    ),
    (
        {"issuer": None, "pool_id": None, "gke_cluster": f"https://container.googleapis.com/v1/{GKE_CLUSTER}"},
        [f"write {GKE_CLUSTER}"],
    ),
    ({"issuer": None, "pool_id": None, "gke_cluster": "blue"}, ["gke_cluster", "a cluster's full name such as"]),
    (
        {"issuer": None, "pool_id": None, "gke_cluster": GKE_CLUSTER, "project_number": "1"},
        ["project_number beside gke_cluster"],
    ),
    ({"tags": {}}, ["tags is unknown"]),
]


@pytest.mark.parametrize(("changed", "message"), MISTAKES)
@pytest.mark.parametrize("later", [False, True])
def test_a_mistake_stops_the_program_before_anything_is_made(
    changed: dict[str, str | None], message: list[str], later: bool
) -> None:
    """Whether the value is known to the program or only later; what is secret is not shown."""
    world = World()
    given = {name: Later(value) if later and value is not None else value for name, value in changed.items()}
    with pytest.raises(InvalidArgument) as error:
        run(gcp_cluster_trust(**given), world)
    assert not [part for part in message if part not in str(error.value)], str(error.value)
    assert "s3cr3t" not in str(error.value)
    assert not world.of(PROVIDER)
    assert later or world.asked == []


def with_namespaces(number: object, *namespaces: str, **changed: Any) -> Callable[[], None]:
    """A program with a trust, whose project has this number or none is given, and the accesses of namespaces."""

    def program() -> None:
        args = {"project": PROJECT, "issuer": f"https://{ISSUER_HOST}", "pool_id": "blue", "project_number": number}
        trust = GcpClusterTrust("blue", cast("GcpClusterTrustArgs", outputs_in(args)))
        for namespace in namespaces:
            provider = trust.workload_identity_provider
            GcpSecretAccess(namespace, gcp_args(namespace=namespace, workload_identity_provider=provider, **changed))

    return program


@pytest.mark.parametrize("number", [PROJECT_NUMBER, Later(PROJECT_NUMBER), None])
def test_a_preview_knows_the_principals_of_a_pool_that_is_not_made_yet(number: object) -> None:
    """With the project's number; its provider's name depends on nothing else that Google makes."""
    assert run(with_namespaces(number, "test")).one(SECRET_MEMBER).inputs["member"] == PRINCIPAL
    world = run(with_namespaces(number, "test"), World(preview=True))
    assert (world.one(SECRET_MEMBER).inputs.get("member") == PRINCIPAL) is (number == PROJECT_NUMBER)


def test_a_preview_refuses_one_identity_in_a_pool_that_is_not_made_yet() -> None:
    """As it does where the pool is there; without the project's number `up` does."""
    preview = World(preview=True)
    with pytest.raises(InvalidArgument, match="are one identity"):
        run(with_namespaces(PROJECT_NUMBER, "test", "prod", google_service_account=EMAIL), preview)
    with pytest.raises(InvalidArgument, match="are one identity"):
        run(with_namespaces(None, "test", "prod", google_service_account=EMAIL))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize("number", ["42", PROJECT])
def test_another_projects_number_stops_before_a_right_is_granted(number: str, delay: Callable[[str], object]) -> None:
    """A preview would have shown rights of principals that do not exist."""
    world = World()
    with pytest.raises(InvalidArgument, match=f"GcpClusterTrust 'blue': project_number.*given '{number}'"):
        run(with_namespaces(delay(number), "test"), world)
    assert not world.of(SECRET_MEMBER)
