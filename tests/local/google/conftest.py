"""A Google Cloud with a cluster's pool, whose namespace test may read what starts with `test--`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.google import account
from local.google.project import NUMBER, PROJECT
from tests.fakes.issuer import Issuer
from tests.local.google.running import Running, running

POOLS = f"/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/local"
PROVIDER = f"//iam.googleapis.com/{POOL}/providers/cluster"
PRINCIPAL = f"principal://iam.googleapis.com/{POOL}/subject/system:serviceaccount:test:app"
OIDC = {"attributeMapping": {"google.subject": "assertion.sub"}}
ACCESSOR = "roles/secretmanager.secretAccessor"
OWN, FOREIGN = "test/database-password", "prod/database-password"


def condition(prefix: str = "test--") -> dict[str, str]:
    """A condition as our infrastructure writes it."""
    expression = f'resource.name.startsWith("projects/{NUMBER}/secrets/{prefix}")'
    return {"title": "Secrets of the namespace test", "expression": expression}


def bind(*bindings: dict[str, object]) -> None:
    """Set the project's policy, as its owner."""
    policy = account.call("POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})
    new = {"version": 3, "etag": policy["etag"], "bindings": list(bindings)}
    account.call("POST", f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": new})


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """The cluster's issuer."""
    return Issuer()


@pytest.fixture
def google(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Running]:
    """Made by its owner's calls."""
    with running(tmp_path_factory.mktemp("google"), issuer) as found:
        account.wait()
        account.seed([OWN, FOREIGN])
        account.call("POST", f"{POOLS}?workloadIdentityPoolId=local", {})
        provider = {**OIDC, "oidc": {"issuerUri": issuer.url}}
        account.call("POST", f"{POOLS}/local/providers?workloadIdentityPoolProviderId=cluster", provider)
        bind({"role": ACCESSOR, "members": [PRINCIPAL], "condition": condition()})
        yield found
