"""The shared mode on Google Cloud: principals, service accounts that they become, and what Google's codes mean."""

from __future__ import annotations

from typing import Any

import pytest

from secret_sidecar.errors import SettingsError
from tests.fakes.google import GKE_POOL, GKE_PROVIDER, PROJECT, PROVIDER, members
from tests.fakes.server import Reply
from tests.sidecar.shared.clouds import GoogleCloud
from tests.sidecar.shared.conftest import Launch, Running

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"
TEMPLATE = f"blue-{{namespace}}@{PROJECT}.iam.gserviceaccount.com"


def account(namespace: str) -> str:
    """A namespace's service account."""
    return TEMPLATE.replace("{namespace}", namespace)


@pytest.fixture
async def becoming(launch: Launch) -> Running:
    """A service whose callers become service accounts: who may read are these, and no principal."""
    running = await launch(GoogleCloud, SECRETS_SHARED_SERVICE_ACCOUNT=TEMPLATE)
    for namespace in ("test", "prod"):
        (principal,) = members(PROVIDER, f"system:serviceaccount:{namespace}:app")
        for binding in running.cloud.fake.bindings:
            if binding["members"] == [principal]:
                binding["members"] = [f"serviceAccount:{account(namespace)}"]
        policy = [{"role": "roles/iam.workloadIdentityUser", "members": [principal]}]
        running.cloud.fake.account_bindings[account(namespace)] = policy
    return running


async def test_each_caller_becomes_its_own_service_account(becoming: Running) -> None:
    """And is refused as that one."""
    for namespace, other in (("test", "prod"), ("prod", "test")):
        given = becoming.cloud.token(namespace)
        assert (await becoming.service.ask(NAME, given)).json["value"] == f"{namespace}-0"
        got = await becoming.service.ask(f"/v1/secrets/{other}/database-password", given)
        assert (got.status, got.json["identity"], got.json["code"]) == (403, account(namespace), "PERMISSION_DENIED")


async def test_who_may_not_become_it_is_a_403(becoming: Running) -> None:
    """By the service account's own policy, and naming the caller in it is what lets it in."""
    policy = becoming.cloud.fake.account_bindings[account("test")][0]
    (principal,) = members(PROVIDER, "system:serviceaccount:test:other")
    for number, named in ((1, False), (2, True)):
        if named:
            policy["members"].append(principal)
        got = await becoming.service.ask(NAME, becoming.cloud.token("test", number, account="other"))
        assert got.status == (200 if named else 403)
        if not named:
            assert (got.json["identity"], got.json["code"]) == (account("test"), "PERMISSION_DENIED")
            assert f"did not let {principal} impersonate {account('test')}" in got.json["detail"]


async def test_a_service_account_by_namespace_and_name(becoming: Running, launch: Launch) -> None:
    template = f"{{namespace}}-{{service_account}}@{PROJECT}.iam.gserviceaccount.com"
    running = await launch(GoogleCloud, SECRETS_SHARED_SERVICE_ACCOUNT=template)
    got = await running.service.ask(NAME, running.cloud.token("test", account="job"))
    assert (got.status, got.json["identity"]) == (403, f"test-job@{PROJECT}.iam.gserviceaccount.com")


async def test_gkes_own_pool(launch: Launch) -> None:
    """Its tokens have the pool as their audience."""
    running = await launch(GoogleCloud, GCP_WORKLOAD_IDENTITY_PROVIDER=GKE_PROVIDER)
    member = f"serviceAccount:{GKE_POOL}[test/app]"
    running.cloud.fake.bindings[0]["members"].append(member)
    given = running.cloud.token("test", audience=GKE_POOL)
    assert (await running.service.ask(NAME, given)).json["value"] == "test-0"
    got = await running.service.ask("/v1/secrets/prod/database-password", given)
    assert (got.status, got.json["identity"]) == (403, member)
    assert (await running.service.ask(NAME, running.cloud.token("test"))).status == 401


def sts(code: str, description: str = "s3cr3t") -> Reply:
    """An error of Google's STS."""
    return Reply({"error": code, "error_description": description}, 400)


def iam(http: int, code: str, reason: str | None = None) -> Reply:
    """An error of Google's IAM."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    details = [{"@type": kind, "reason": reason}] if reason else []
    return Reply({"error": {"code": http, "status": code, "message": "s3cr3t", "details": details}}, http)


@pytest.mark.parametrize(
    ("path", "fault", "status", "word"),
    [
        ("/v1/token", sts("invalid_grant"), 401, "invalid_grant"),
        ("/v1/token", sts("unauthorized_client"), 403, "unauthorized_client"),
        ("/v1/token", sts("invalid_target"), 503, "invalid_target"),
        ("/v1/token", sts("invalid_request"), 503, "invalid_request"),
        ("/v1/token", Reply(b"<html>", 404), 503, "HTTP 404"),
        ("Account", iam(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"), 403, "PERMISSION_DENIED"),
        ("Account", iam(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), 403, "PERMISSION_DENIED (SERVICE_DISABLED)"),
        ("Account", iam(404, "NOT_FOUND"), 403, "NOT_FOUND"),
        ("Account", iam(401, "UNAUTHENTICATED"), 503, "UNAUTHENTICATED"),
        ("Account", iam(400, "INVALID_ARGUMENT"), 503, "INVALID_ARGUMENT"),
    ],
)
async def test_googles_code_decides(path: str, fault: Reply, status: int, word: str, becoming: Running) -> None:
    """Whether the token is invalid, not allowed, or unknown; for a while without another call."""
    server = becoming.cloud.fake.server
    server.is_faulty = lambda asked: path in asked
    server.faults.append(fault)
    given = becoming.cloud.token("test")
    for _ in range(2):
        got = await becoming.service.ask(NAME, given)
        assert got.status == status
        assert word in got.json["detail"]
        assert "s3cr3t" not in got.body.decode()
        assert ("www-authenticate" in got.headers) == (status == 401)
    assert becoming.cloud.exchanges == 1


async def test_an_issuer_that_google_could_not_reach(becoming: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the message says so, the code is that of an invalid token: it is transient, and not the token's fault."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    await becoming.sidecar.readiness.wait()
    unreachable = sts("invalid_grant", "Error connecting to the given credential's issuer.")
    becoming.cloud.fake.server.faults.extend([unreachable] * 3)
    assert (await becoming.service.ask(NAME, becoming.cloud.token("test"))).status == 200
    becoming.cloud.fake.server.faults.extend([unreachable] * 4)
    got = await becoming.service.ask(NAME, becoming.cloud.token("test", 2))
    assert (got.status, got.json["code"]) == (503, "invalid_grant")


SETTINGS: list[tuple[dict[str, str], str]] = [
    (
        {"GCP_WORKLOAD_IDENTITY_PROVIDER": ""},
        "GCP_WORKLOAD_IDENTITY_PROVIDER is not set: expected '//iam.goo",
    ),
    ({"GCP_TOKEN_FILE": "/t"}, "GCP_TOKEN_FILE is set: expected no identity of its own, as SECRETS_MODE='shared'"),
    ({"GOOGLE_APPLICATION_CREDENTIALS": "/c"}, "GOOGLE_APPLICATION_CREDENTIALS is set: expected no identity of its"),
    ({"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": account("x")}, "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT is set: expected no"),
    ({"GCE_METADATA_HOST": "metadata"}, "GCE_METADATA_HOST is set: expected no identity of its own"),
    ({"SECRETS_SHARED_SERVICE_ACCOUNT": account("x")}, "email with {namespace}, such as 'blue-{namespace}@my-project"),
    ({"SECRETS_SHARED_SERVICE_ACCOUNT": "blue-{namespace}"}, "='blue-{namespace}': expected a service account's email"),
    ({"SECRETS_SHARED_SERVICE_ACCOUNT": "{pod}" + TEMPLATE}, "expected a service account's email with {namespace}"),
]


@pytest.mark.parametrize(("variables", "message"), SETTINGS)
async def test_what_is_wrong_is_told(variables: dict[str, Any], message: str, launch: Launch) -> None:
    """Before anything is served."""
    with pytest.raises(SettingsError) as error:
        await launch(GoogleCloud, **variables)
    assert message in str(error.value)
