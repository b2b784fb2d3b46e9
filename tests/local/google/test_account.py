"""The laptop's Google Cloud: its owner's side, who may read what, and what its trail says of each call."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from local.google import account
from local.google.cloud import GOOGLE
from local.google.project import PROJECT
from local.isolation import Question, judge
from local.trail import Call
from secret_access.probe.matrix import DENIED
from tests.fakes.issuer import Issuer
from tests.local.google.conftest import ACCESSOR, FOREIGN, OWN, POOL, POOLS, PRINCIPAL, PROVIDER, bind, condition
from tests.local.google.running import Running

SUBJECT, AUDIENCE = "system:serviceaccount:test:app", f"https:{PROVIDER}"


def exchange(google: Running, token: str, pool: str = POOL) -> tuple[int, dict[str, Any]]:
    """What STS makes of a cluster's token."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": f"//iam.googleapis.com/{pool}/providers/cluster",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }
    return _ask(f"{google.url}/v1/token", urllib.parse.urlencode(form).encode(), {})


def read(google: Running, token: str, name: str) -> int:
    """The status of a read with an access token."""
    path = f"/v1/projects/{PROJECT}/secrets/{name.replace('/', '--')}/versions/latest:access"
    return _ask(f"{google.url}{path}", None, {"Authorization": f"Bearer {token}"})[0]


def _ask(url: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (our own URL)
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 — our own URL
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def token(google: Running, issuer: Issuer) -> str:
    """What a pod of namespace test gets for its token."""
    return str(exchange(google, issuer.token(SUBJECT, AUDIENCE))[1]["access_token"])


def test_the_owner_knows_each_value(google: Running) -> None:
    """Each is another random one, the same after a second `make up`; only root may read the owner's token."""
    values = account.values()
    assert sorted(values) == [FOREIGN, OWN]
    assert len(set(values.values())) == 2
    account.wait()
    account.seed(values)
    assert account.values() == values
    assert account.OWNER_TOKEN.stat().st_mode & 0o777 == 0o600
    assert account.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"] == account.owner_token()


def test_a_prefix_decides_until_the_condition_is_wider(google: Running, token: str) -> None:
    """Own secrets are read, others refused; nothing but the condition stood in the way."""
    assert (read(google, token, OWN), read(google, token, FOREIGN)) == (200, 403)
    bind({"role": ACCESSOR, "members": [PRINCIPAL], "condition": {**condition(), "expression": "true"}})
    assert (read(google, token, OWN), read(google, token, FOREIGN)) == (200, 200)
    bind()
    assert (read(google, token, OWN), read(google, token, FOREIGN)) == (403, 403)


@pytest.mark.parametrize(
    ("subject", "audience", "lifetime", "issuer_url"),
    [
        (SUBJECT, "sts.amazonaws.com", 600, None),
        (SUBJECT, AUDIENCE, -60, None),
        (SUBJECT, AUDIENCE, 600, "https://elsewhere.example/"),
    ],
)
def test_a_wrong_token_is_not_exchanged(
    google: Running, issuer: Issuer, subject: str, audience: str, lifetime: int, issuer_url: str | None
) -> None:
    """Meant for another cloud, expired, or of another issuer."""
    token = issuer.token(subject, audience, lifetime=lifetime, issuer=issuer_url)
    assert exchange(google, token) == (400, {"error": "invalid_grant", "error_description": _any()})


def test_a_forged_token_is_not_exchanged(google: Running) -> None:
    """Signed by somebody else in the issuer's name."""
    status, answer = exchange(google, Issuer().token(SUBJECT, AUDIENCE))
    assert (status, answer["error"]) == (400, "invalid_grant")


def test_a_deleted_provider_or_pool_takes_no_token(google: Running, issuer: Issuer) -> None:
    """And the id of the pool stays taken, as it does for 30 days at Google's."""
    account.call("DELETE", f"{POOLS}/local")
    assert exchange(google, issuer.token(SUBJECT, AUDIENCE))[1]["error"] == "invalid_target"
    with pytest.raises(account.AnswerError, match="409"):
        account.call("POST", f"{POOLS}?workloadIdentityPoolId=local", {})


def test_keys_may_be_given_in_place_of_the_issuers_own(google: Running, issuer: Issuer) -> None:
    """For an issuer that Google cannot reach: without keys, its tokens are refused."""
    other = Issuer("https://unreachable.example")
    for keys, status in ((None, 400), (json.dumps(issuer.jwks), 400), (json.dumps(other.jwks), 200)):
        oidc = {"issuerUri": other.url, **({"jwksJson": keys} if keys else {})}
        account.call("PATCH", f"{POOLS}/local/providers/cluster?updateMask=oidc", {"oidc": oidc})
        assert exchange(google, other.token(SUBJECT, AUDIENCE))[0] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ":setIamPolicy"),
        ("POST", ":getIamPolicy"),
        ("GET", "/secrets"),
        ("POST", "/secrets/test--database-password:setIamPolicy"),
        ("POST", "/serviceAccounts"),
        ("GET", "/locations/global/workloadIdentityPools/local"),
        ("PATCH", "/locations/global/workloadIdentityPools/local/providers/cluster"),
    ],
)
def test_a_pod_changes_no_policy(google: Running, token: str, method: str, path: str) -> None:
    """What the owner does by hand, and Pulumi by its stand-in, is refused to everybody else."""
    url = f"{google.url}/v1/projects/{PROJECT}{path}"
    body = json.dumps({"policy": {"bindings": []}}).encode() if method != "GET" else None
    for bearer, status in ((token, 403), ("ya29.guessed", 401)):
        request = urllib.request.Request(url, body, {"Authorization": f"Bearer {bearer}"}, method=method)  # noqa: S310 — our own URL
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)  # noqa: S310 — our own URL
        assert refused.value.code == status
        refused.value.close()


def test_the_trail_tells_who_read_what_and_how_it_ended(google: Running, token: str) -> None:
    """One line for each call: the principal, the address, the secret, and a refusal in Google's words, no value."""
    for name, status, code in ((OWN, 200, ""), (FOREIGN, 403, "PERMISSION_DENIED"), ("test/none", 404, "NOT_FOUND")):
        mark = google.trail.length()
        assert read(google, token, name) == status
        (call,) = google.trail.since(mark)
        expected = Call(call.time, "", "127.0.0.1", GOOGLE.read, PRINCIPAL, name, status, code)
        assert call == expected
        assert call.time.startswith(time.strftime("%Y-%m-%dT", time.gmtime()))
    written = google.trail.path.read_text()
    secrets = [*account.values().values(), token, account.owner_token()]
    assert not [secret for secret in secrets if secret in written]


def test_a_refusal_in_the_trail_is_googles(google: Running, token: str) -> None:
    """Google's refusals have no id: it is the pod's own last read, from its address, as its ServiceAccount."""
    mark = google.trail.length()
    read(google, token, FOREIGN)
    seen = google.trail.since(mark)
    body = {"type": DENIED, "backend": "gcp", "status": 403, "detail": "refused", "code": "PERMISSION_DENIED"}
    answer = {"status": 403, "content_type": "application/problem+json", "body": body}
    question = Question(GOOGLE, "test", "test/", FOREIGN, "app-1", address="127.0.0.1")
    assert judge(question, answer, seen, "x").right
    for other in (
        Question(GOOGLE, "test", "test/", FOREIGN, "app-1", address="10.77.0.9"),
        Question(GOOGLE, "tes", "test/", FOREIGN, "app-1", address="127.0.0.1"),
    ):
        assert not judge(other, answer, seen, "x").right


class _any(str):  # noqa: N801 — reads as a word
    """Equal to every text."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)
