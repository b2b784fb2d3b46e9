"""Callers as AWS knows them: each token is exchanged for its namespace's role, whose trust policy decides.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
"""

from __future__ import annotations

from secret_sidecar.errors import Denied, SettingsError, TokenRefused
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws import sts
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.errors import VAULT
from secret_sidecar.vaults.aws.settings import CA_BUNDLE, AwsSettings
from secret_sidecar.vaults.aws.signing_clock import SigningClock
from secret_sidecar.vaults.aws.store import AwsStore
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from secret_sidecar.vaults.exchange.caller_credentials import CallerCredentials
from secret_sidecar.vaults.exchange.clients import CONNECTIONS, Clients
from secret_sidecar.vaults.exchange.reach import reach
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.exchange.token_exchange import RefusedAs, exchange, forbid_own_identity

_REFUSED_AS: dict[str | None, RefusedAs] = {
    "ExpiredTokenException": TokenRefused,
    "IDPRejectedClaim": TokenRefused,
    "InvalidIdentityToken": TokenRefused,
    "AccessDenied": Denied,
}


class AwsTokenExchange:
    """Assumes roles for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        aws = settings.vault_as(AwsSettings)
        self._role_arn = aws.shared_role_arn
        self._region = aws.region
        self._sts, self._vault = aws.origin("sts"), aws.origin("secretsmanager")
        self._clients = Clients(settings.network, (self._sts, self._vault), aws.ca_bundle, CA_BUNDLE)
        self._probing = self._clients.client(self._vault)
        self._clock = SigningClock()

    async def open(self, token: str, claims: Claims, deadline: float) -> AwsStore:
        """Return a store with the credentials of the caller's role."""
        credentials = await self._assume(token, claims, deadline)
        return AwsStore(
            self._clients.client(self._vault, CONNECTIONS), CallerCredentials(credentials), self._region, self._clock
        )

    async def probe(self, deadline: float) -> None:
        """Return if Secrets Manager answered an unsigned request."""
        await reach(VAULT, self._probing, "/", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()

    async def _assume(self, token: str, claims: Claims, deadline: float) -> Credentials:
        session = sts.session_name(claims.namespace, claims.pod or claims.service_account)
        role = claims.fill(self._role_arn)
        identity = WebIdentity(self._clients.client(self._sts), role, lambda: token, session)
        return await exchange(identity, _REFUSED_AS.get, deadline)


def open_token_exchange(settings: Settings) -> AwsTokenExchange:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    aws = settings.vault_as(AwsSettings)
    if not aws.shared_role_arn:
        raise SettingsError(
            "SECRETS_SHARED_ROLE_ARN is not set: expected each caller's role, such as "
            "'arn:aws:iam::111122223333:role/blue-{namespace}', as SECRETS_MODE='shared'"
        )
    forbid_own_identity(
        (
            ("AWS_ROLE_ARN", aws.role_arn),
            ("AWS_ACCESS_KEY_ID", aws.access_key_id),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_credentials_full_uri),
        )
    )
    for variable, given in (
        ("SECRETS_AWS_REPLICA_REGIONS", aws.replica_regions),
        ("SECRETS_AWS_SESSION_DURATION", aws.session_duration),
    ):
        if given:
            raise SettingsError(f"{variable} is set: expected it in the sidecar alone, as SECRETS_MODE='shared'")
    return AwsTokenExchange(settings)
