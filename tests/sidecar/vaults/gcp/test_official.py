"""Google's own clients judge the fake, and so whatever reads by it: what they are given and refused, we are too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

import google.auth.exceptions
import pytest
from google.api_core.exceptions import Conflict, Forbidden
from google.api_core.exceptions import NotFound as OfficialNotFound
from google.auth import identity_pool
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport
from google.iam.v1.policy_pb2 import Binding  # type: ignore[import-untyped]  # ships no types

from secret_sidecar.errors import Denied, IdentityUnavailable, NotFound
from secret_sidecar.vaults.gcp.store import open_store
from tests.fakes.google import NUMBER, PROJECT, PROVIDER, Provider, Stored, members
from tests.fakes.issuer import Issuer
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.gcp.conftest import ACCOUNT, SUBJECT, Pod

pytestmark = pytest.mark.anyio

OWN, FOREIGN, MISSING = "test/database-password", "prod/database-password", "test/missing"


async def by_googles_client(pod: Pod, name: str, location: str = "") -> str:
    """Read as an application with the client library would."""
    return await asyncio.to_thread(_official, pod, name, location)


def client_of(pod: Pod) -> SecretManagerServiceClient:
    """Google's client with the pod's identity."""
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = identity_pool.Credentials.from_file(str(pod.configuration), scopes=scopes)  # type: ignore[no-untyped-call]
    transport = SecretManagerServiceRestTransport(
        host=f"localhost:{pod.google.server.port}", url_scheme="http", credentials=credentials
    )
    return SecretManagerServiceClient(transport=transport)


def _official(pod: Pod, name: str, location: str) -> str:
    with client_of(pod) as client:
        parent = f"projects/{PROJECT}" + (f"/locations/{location}" if location else "")
        resource = f"{parent}/secrets/{name.replace('/', '--')}/versions/latest"
        try:
            value: bytes = client.access_secret_version(name=resource, retry=None, timeout=60).payload.data
            return value.decode()
        except Forbidden:
            return "denied"
        except OfficialNotFound:
            return "not found"
        except google.auth.exceptions.GoogleAuthError:
            return "no identity"


async def by_ours(pod: Pod, name: str, location: str = "") -> str:
    """Read as the sidecar does."""
    region = {"SECRETS_GCP_LOCATION": location} if location else {}
    store = open_store(pod.settings(GOOGLE_APPLICATION_CREDENTIALS=str(pod.configuration), **region))
    try:
        return (await store.get(name, soon())).value
    except Denied:
        return "denied"
    except NotFound:
        return "not found"
    except IdentityUnavailable:
        return "no identity"
    finally:
        await store.close()


class Read(Protocol):
    """A way to read a secret, of a region or none."""

    def __call__(self, pod: Pod, name: str, location: str = "") -> Awaitable[str]:
        """Read it."""


both = pytest.mark.parametrize("read", [by_googles_client, by_ours])


@both
@pytest.mark.parametrize("identity", ["federated", "GKE", "service account"])
async def test_own_secrets_are_read_and_others_refused(identity: str, read: Read, pod: Pod, issuer: Issuer) -> None:
    """Whichever way the pod came to its identity, the binding's condition decides, and hides what does not exist."""
    if identity == "GKE":
        pod.on_gke(issuer)
    if identity == "service account":
        pod.configure(account=ACCOUNT)
    assert await read(pod, OWN) == "hunter2-test"
    assert await read(pod, FOREIGN) == "denied"
    assert await read(pod, "prod/missing") == "denied"
    assert await read(pod, MISSING) == "not found"


@both
async def test_what_is_refused_is_given_once_the_condition_is_wider(read: Read, pod: Pod) -> None:
    """The negative control: nothing but the condition stood in the way."""
    pod.google.bindings[0]["condition"]["expression"] = 'resource.name.startsWith("projects/")'
    assert await read(pod, FOREIGN) == "hunter2-prod"


@both
async def test_a_condition_by_project_id_covers_nothing(read: Read, pod: Pod) -> None:
    """resource.name has the number of the project: a condition by its name would refuse everything."""
    condition = pod.google.bindings[0]["condition"]
    condition["expression"] = f'resource.name.startsWith("projects/{PROJECT}/secrets/test--")'
    assert await read(pod, OWN) == "denied"


@both
async def test_a_prefix_does_not_cover_another_that_begins_like_it(read: Read, pod: Pod) -> None:
    """`test--` is not `test-eu--`; `test-` would be."""
    pod.google.secrets["test-eu--database-password"] = pod.google.secrets["prod--database-password"]
    assert await read(pod, "test-eu/database-password") == "denied"
    condition = pod.google.bindings[0]["condition"]
    condition["expression"] = condition["expression"].replace("test--", "test-")
    assert await read(pod, "test-eu/database-password") == "hunter2-prod"


@both
async def test_a_binding_on_one_secret_covers_that_one(read: Read, pod: Pod) -> None:
    """Where a project has too many conditional bindings, each declared secret has its own."""
    binding = pod.google.bindings[0]
    pod.google.bindings.clear()
    pod.google.secret_bindings["test--database-password"] = [{"role": binding["role"], "members": binding["members"]}]
    assert await read(pod, OWN) == "hunter2-test"
    assert await read(pod, "test/key") == "denied"


@both
async def test_a_regions_secrets_are_covered_by_a_clause_of_their_own(read: Read, pod: Pod) -> None:
    """A condition on the global prefix does not cover them, nor one on another region's."""
    pod.google.secrets["europe-west3/test--key"] = Stored([b"regional"])
    pod.google.secrets["europe-west3/prod--key"] = Stored([b"foreign"])
    assert await read(pod, "test/key", "europe-west3") == "denied"
    condition = pod.google.bindings[0]["condition"]
    for regions, seen in ((["/locations/europe-west1"], "denied"), (["", "/locations/europe-west3"], "regional")):
        clauses = (f'resource.name.startsWith("projects/{NUMBER}{region}/secrets/test--")' for region in regions)
        condition["expression"] = " || ".join(clauses)
        assert await read(pod, "test/key", "europe-west3") == seen
        assert await read(pod, "prod/key", "europe-west3") == "denied"
    assert await read(pod, OWN) == "hunter2-test"


async def test_googles_client_writes_policies(pod: Pod) -> None:
    """And reads them: a condition needs version 3, and a policy that was changed in between is refused."""
    (direct,) = members(PROVIDER, SUBJECT)
    pod.google.owners = frozenset({direct})
    await asyncio.to_thread(_write_policies, pod, direct)


def _write_policies(pod: Pod, member: str) -> None:
    binding = Binding(role="roles/secretmanager.viewer", members=[member])
    with client_of(pod) as client:
        secret = f"projects/{PROJECT}/secrets/test--key"
        policy = client.get_iam_policy({"resource": secret, "options": {"requested_policy_version": 3}})
        assert list(policy.bindings) == []
        stale = policy.etag
        written = client.set_iam_policy({"resource": secret, "policy": {"bindings": [binding], "etag": stale}})
        assert pod.google.secret_bindings["test--key"] == [{"role": binding.role, "members": [member]}]
        assert client.get_iam_policy({"resource": secret}) == written
        with pytest.raises(Conflict):
            client.set_iam_policy({"resource": secret, "policy": {"bindings": [], "etag": stale}}, retry=None)


@dataclass(frozen=True)
class Wrong:
    """A token that is wrong in one way, and the provider that would take it."""

    subject: str = SUBJECT
    audience: str = f"https:{PROVIDER}"
    lifetime: int = 600
    issuer: str | None = None
    forged: bool = False


WRONG = {
    "signed by somebody else": Wrong(forged=True),
    "meant for AWS": Wrong(audience="sts.amazonaws.com"),
    "of another issuer": Wrong(issuer="https://elsewhere.example/"),
    "expired": Wrong(lifetime=-60),
}


@both
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_wrong_token_gives_no_identity(
    wrong: Wrong, read: Read, pod: Pod, issuer: Issuer, forger: Issuer
) -> None:
    """Signature, audience, issuer and time are verified; a provider that takes the token proves each to be why."""
    signer = forger if wrong.forged else issuer
    token = signer.token(wrong.subject, wrong.audience, lifetime=wrong.lifetime, issuer=wrong.issuer)
    pod.token_file.write_text(token)
    assert await read(pod, OWN) == "no identity"
    if wrong.lifetime < 0:
        pod.token_file.write_text(signer.token(wrong.subject, wrong.audience))
    else:
        provider = Provider(wrong.issuer or issuer.url, signer.jwks, (wrong.audience,))
        pod.google.providers[PROVIDER] = provider
    assert await read(pod, OWN) == "hunter2-test"


@both
@pytest.mark.parametrize("subject", ["system:serviceaccount:prod:app", "system:serviceaccount:test:other"])
async def test_another_service_account_is_somebody_else(subject: str, read: Read, pod: Pod, issuer: Issuer) -> None:
    """Its token is exchanged, for that is no secret, and the binding does not name it, until it does."""
    pod.token_file.write_text(issuer.token(subject, f"https:{PROVIDER}"))
    assert await read(pod, OWN) == "denied"
    pod.google.bindings[0]["members"].append(pod.google.bindings[0]["members"][0].replace(SUBJECT, subject))
    assert await read(pod, OWN) == "hunter2-test"


@both
async def test_only_who_is_named_becomes_the_service_account(read: Read, pod: Pod, issuer: Issuer) -> None:
    """Its policy decides, and naming the other ServiceAccount in it is what lets that one in."""
    subject = "system:serviceaccount:prod:app"
    pod.configure(account=ACCOUNT)
    pod.token_file.write_text(issuer.token(subject, f"https:{PROVIDER}"))
    assert await read(pod, OWN) == "no identity"
    policy = pod.google.account_bindings[ACCOUNT][0]
    policy["members"].append(policy["members"][0].replace(SUBJECT, subject))
    assert await read(pod, OWN) == "hunter2-test"
