"""Azure's own clients judge the fake, and so whatever reads by it: what they are given and refused, we are too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient

from local.azure.directory import TENANT, FederatedCredential, RoleAssignment
from secret_sidecar.errors import Denied, IdentityUnavailable, NotFound
from secret_sidecar.vaults.azure.store import open_store
from tests.fakes.issuer import Issuer
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.azure.conftest import AUDIENCE, CLIENT, SUBJECT, Pod

pytestmark = pytest.mark.anyio

OWN, FOREIGN = ("localhost", "test/database-password"), ("127.0.0.1", "prod/database-password")
Secret = tuple[str, str]


async def by_azures_client(pod: Pod, secret: Secret) -> str:
    """Read as an application with the client library would."""
    return await asyncio.to_thread(_official, pod, secret)


def _official(pod: Pod, secret: Secret) -> Any:
    host, name = secret
    with (
        WorkloadIdentityCredential(
            tenant_id=TENANT,
            client_id=pod.client,
            token_file_path=str(pod.token_file),
            authority=pod.azure.server.url,
            disable_instance_discovery=True,
            retry_total=0,
        ) as credential,
        SecretClient(pod.vault_url(host), credential, verify_challenge_resource=False, retry_total=0) as client,
    ):
        try:
            return f"{client.get_secret(name.replace('/', '--')).value}"
        except ClientAuthenticationError as error:
            return re.findall(r"AADSTS\d+", str(error)).pop()
        except ResourceNotFoundError:
            return "not found"
        except HttpResponseError as error:
            return str(error.error and error.error.innererror["code"])


async def by_ours(pod: Pod, secret: Secret) -> str:
    """Read as the sidecar does."""
    host, name = secret
    store = open_store(pod.settings(host))
    try:
        return (await store.get(name, soon())).value
    except NotFound:
        return "not found"
    except (Denied, IdentityUnavailable) as error:
        return str(error.code)
    finally:
        await store.close()


Read = Callable[[Pod, Secret], Awaitable[str]]
both = pytest.mark.parametrize("read", [by_azures_client, by_ours])


@both
async def test_own_secrets_are_read_and_others_refused(read: Read, pod: Pod) -> None:
    """The role assignment decides, and hides what does not exist; in one's own vault that is told."""
    assert await read(pod, OWN) == "hunter2-test"
    assert await read(pod, FOREIGN) == "ForbiddenByRbac"
    assert await read(pod, ("127.0.0.1", "prod/missing")) == "ForbiddenByRbac"
    assert await read(pod, ("localhost", "test/missing")) == "not found"


@both
async def test_what_is_refused_is_given_once_the_scope_is_wider(read: Read, pod: Pod) -> None:
    """The negative control: nothing but the assignment's scope stood in the way."""
    scope = pod.azure.assignments[0].scope.rpartition("/providers/")[0]
    pod.azure.assignments[0] = RoleAssignment(CLIENT, "Key Vault Secrets User", scope)
    assert await read(pod, FOREIGN) == "hunter2-prod"


@both
async def test_a_role_on_one_secret_covers_that_one(read: Read, pod: Pod) -> None:
    """Where two namespaces share a vault, each declared secret has an assignment of its own."""
    scope = f"{pod.azure.assignments[0].scope}/secrets/test--database-password"
    pod.azure.assignments[0] = RoleAssignment(CLIENT, "Key Vault Secrets User", scope)
    assert await read(pod, OWN) == "hunter2-test"
    assert await read(pod, ("localhost", "test/other")) == "ForbiddenByRbac"


@both
async def test_a_role_that_reads_no_values_reads_none(read: Read, pod: Pod) -> None:
    """A Key Vault Reader sees metadata alone."""
    pod.azure.assignments[0] = RoleAssignment(CLIENT, "Key Vault Reader", pod.azure.assignments[0].scope)
    assert await read(pod, OWN) == "ForbiddenByRbac"


@both
@pytest.mark.parametrize("code", ["ForbiddenByFirewall", "ForbiddenByConnection"])
async def test_the_network_that_a_vault_does_not_know(code: str, read: Read, pod: Pod) -> None:
    """Told apart from a denial of the identity, and gone with the rule."""
    pod.azure.vaults["localhost"].firewall = code
    assert await read(pod, OWN) == code
    pod.azure.vaults["localhost"].firewall = None
    assert await read(pod, OWN) == "hunter2-test"


@dataclass(frozen=True)
class Wrong:
    """A token that is wrong in one way, and Entra's code for it."""

    code: str
    subject: str = SUBJECT
    audience: str = AUDIENCE
    lifetime: int = 600
    issuer: str | None = None
    forged: bool = False


WRONG = {
    "signed by somebody else": Wrong("AADSTS700027", forged=True),
    "meant for AWS": Wrong("AADSTS700212", audience="sts.amazonaws.com"),
    "of another issuer": Wrong("AADSTS700211", issuer="https://elsewhere.example/"),
    "of an issuer without its slash": Wrong("AADSTS700211", issuer="https://issuer.example"),
    "of another namespace": Wrong("AADSTS700213", subject="system:serviceaccount:prod:app"),
    "of another ServiceAccount": Wrong("AADSTS700213", subject="system:serviceaccount:test:other"),
    "expired": Wrong("AADSTS700024", lifetime=-60),
}


@both
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_wrong_token_gives_no_identity(
    wrong: Wrong, read: Read, pod: Pod, issuer: Issuer, forger: Issuer
) -> None:
    """Signature, issuer, subject, audience and time are verified; a credential that fits proves each to be why."""
    signer = forger if wrong.forged else issuer
    pod.token_file.write_text(signer.token(wrong.subject, wrong.audience, lifetime=wrong.lifetime, issuer=wrong.issuer))
    assert await read(pod, OWN) == wrong.code
    if wrong.lifetime < 0:
        pod.token_file.write_text(signer.token(wrong.subject, wrong.audience))
    url = wrong.issuer or issuer.url
    pod.azure.keys[url] = signer.jwks
    pod.azure.federated[CLIENT].append(FederatedCredential(url, wrong.subject, wrong.audience))
    assert await read(pod, OWN) == "hunter2-test"


@both
async def test_another_client_is_not_to_be_had(read: Read, pod: Pod) -> None:
    """Its federated credentials name others, until they name this ServiceAccount."""
    pod.client = CLIENT.replace("3", "4")
    pod.azure.assignments.append(RoleAssignment(pod.client, "Key Vault Secrets User", pod.azure.assignments[0].scope))
    assert await read(pod, OWN) == "AADSTS700016"
    mine = pod.azure.federated[CLIENT][0]
    pod.azure.federated[pod.client] = [FederatedCredential(mine.issuer, "system:serviceaccount:prod:app")]
    assert await read(pod, OWN) == "AADSTS700213"
    pod.azure.federated[pod.client].append(mine)
    assert await read(pod, OWN) == "hunter2-test"
