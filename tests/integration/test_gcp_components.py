"""Google Cloud's components with the real engine, the gcp stand-in, a cluster's own tokens and the laptop's fake."""

from __future__ import annotations

import base64
import ssl
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from local.google import account
from local.google.project import NUMBER, PROJECT
from tests.fakes.issuer import Issuer
from tests.integration.real_parts import ApiServer, Stack
from tests.local.google.running import Running, running
from tests.local.google.test_account import exchange, read

NAMESPACES = ("gcp-test", "gcp-prod")
SECRETS = [f"{prefix}/key" for prefix in (*NAMESPACES, "gcp-test-eu", "gcp-testing")]
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/blue"
AUDIENCE = f"https://iam.googleapis.com/{POOL}/providers/cluster"

PROGRAM = """
import pulumi, pulumi_gcp as gcp, pulumi_kubernetes as k8s
from secret_access import GcpClusterTrust, GcpSecretAccess

apis = ("resource_manager", "iam", "iam_beta", "secret_manager", "secret_manager_regional")
project = gcp.Provider(
    "gcp",
    project="my-project",
    access_token={token!r},
    **{{f"{{api}}_custom_endpoint": "{url}/v1/" for api in apis}},
)
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
both = pulumi.ResourceOptions(providers=[project, cluster])
of_project = {{"project": "my-project", "project_number": "123456789012"}}
trust = GcpClusterTrust(
    "blue", {{**of_project, "issuer": "https://127.0.0.1", "pool_id": "blue", "jwks_json": {keys!r}}}, both
)
for namespace, changed in {changed!r}.items():
    given = {{"namespace": namespace, "sidecar_image": "registry.example/sidecar:1", **of_project, **changed}}
    given |= {{"workload_identity_provider": trust.workload_identity_provider}}
    pulumi.export(namespace, GcpSecretAccess(namespace, given, both).identity)
"""


@pytest.fixture
def google(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A project with secrets and nothing that grants access to them; the cluster's namespaces."""
    api_server.open_keys()
    for namespace in NAMESPACES:
        if api_server.client.get(f"/api/v1/namespaces/{namespace}") is None:
            api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    with running(tmp_path_factory.mktemp("google"), Issuer()) as found:
        account.wait()
        account.seed(SECRETS)
        yield found


def program(google: Running, api_server: ApiServer, changed: dict[str, dict[str, Any]]) -> str:
    """The whole: a trust, and an identity for each namespace."""
    cluster = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with urllib.request.urlopen(f"{cluster['server']}/openid/v1/jwks", context=context) as answer:  # noqa: S310  the API server
        keys = answer.read().decode()
    return PROGRAM.format(
        url=google.url,
        token=account.owner_token(),
        kubeconfig=api_server.kubeconfig.read_text(),
        keys=keys,
        changed=changed,
    )


def login(google: Running, api_server: ApiServer, asker: str, audience: str = AUDIENCE) -> tuple[int, dict[str, Any]]:
    """What Google gives for a token that the API server makes."""
    path = f"/api/v1/namespaces/{asker}/serviceaccounts/secret-access/token"
    made = api_server.client.request("POST", path, {"spec": {"audiences": [audience], "expirationSeconds": 600}})
    return exchange(google, made["status"]["token"], POOL)


def seen(google: Running, api_server: ApiServer) -> dict[str, set[str]]:
    """What each namespace reads; another answer than a refusal for lack of rights is an error."""
    found = {}
    for asker in NAMESPACES:
        token = login(google, api_server, asker)[1]["access_token"]
        answers = {name: read(google, token, name) for name in SECRETS}
        assert set(answers.values()) <= {200, 403}
        found[asker] = {name for name, status in answers.items() if status == 200}
    return found


OWN = {asker: {f"{asker}/key"} for asker in NAMESPACES}
CHANGED: list[dict[str, dict[str, Any]]] = [
    {asker: {"grant": "prefix"} for asker in NAMESPACES},
    {asker: {"secrets": ["key"], "exclusive": True} for asker in NAMESPACES},
]


@pytest.mark.parametrize("changed", CHANGED, ids=["prefix", "exclusive"])
def test_who_may_read_what_and_what_is_widened_by_hand(
    google: Running, api_server: ApiServer, stack: Stack, changed: dict[str, dict[str, Any]]
) -> None:
    """From preview to destroy: each cell right, turned by hand, found by refresh alone, and repaired by up."""
    stack.program(program(google, api_server, changed))
    principals = {
        asker: f"principal://iam.googleapis.com/{POOL}/subject/system:serviceaccount:{asker}:secret-access"
        for asker in NAMESPACES
    }
    shown = stack.pulumi("preview", "--diff")
    assert [principal for principal in principals.values() if principal not in shown] == []
    assert google.project.pools == {}
    stack.up()
    assert stack.outputs() == principals
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    assert seen(google, api_server) == OWN
    assert login(google, api_server, "gcp-test", "sts.amazonaws.com")[0] == 400

    for binding in [*google.project.bindings, *(google.project.secret_bindings.get("gcp-test--key") or [])]:
        if principals["gcp-test"] in binding["members"]:
            binding["members"].append(principals["gcp-prod"])
    assert seen(google, api_server) == {**OWN, "gcp-prod": {"gcp-prod/key", "gcp-test/key"}}
    stack.pulumi("preview", "--expect-no-changes")  # it is refresh that asks Google
    assert "1 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert seen(google, api_server) == OWN

    google.project.bindings = []
    google.project.secret_bindings = {}
    assert seen(google, api_server) == {asker: set() for asker in NAMESPACES}
    assert "2 created" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert seen(google, api_server) == OWN
    stack.pulumi("destroy", "--yes")
    assert (google.project.bindings, [*google.project.secret_bindings.values()]) in (([], []), ([], [[], []]))


def test_a_secret_that_is_not_there_is_named(google: Running, api_server: ApiServer, stack: Stack) -> None:
    """A binding on a secret wants it to exist; one on the project does not."""
    stack.program(program(google, api_server, {"gcp-test": {"secrets": ["missing"]}}))
    assert "secrets/gcp-test--missing" in stack.up(fails=True)
    stack.program(program(google, api_server, {"gcp-test": {"grant": "prefix", "secrets": ["missing"]}}))
    stack.up()
    stack.pulumi("destroy", "--yes")


def test_a_service_account_stands_between(google: Running, api_server: ApiServer, stack: Stack) -> None:
    """Its policy names the principal, and the binding names it alone."""
    changed = {"gcp-test": {"grant": "prefix", "google_service_account_id": "gcp-test-secrets"}}
    stack.program(program(google, api_server, changed))
    stack.up()
    email = f"gcp-test-secrets@{PROJECT}.iam.gserviceaccount.com"
    assert stack.outputs() == {"gcp-test": email}
    (binding,) = google.project.bindings
    assert binding["members"] == [f"serviceAccount:{email}"]
    (policy,) = google.project.account_bindings[email]
    assert policy["members"] == [
        f"principal://iam.googleapis.com/{POOL}/subject/system:serviceaccount:gcp-test:secret-access"
    ]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")
    assert google.project.accounts == {}
