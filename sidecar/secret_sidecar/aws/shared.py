"""Callers as AWS knows them: each token is exchanged for its namespace's role, whose trust policy decides.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
"""

from __future__ import annotations

import ssl

from secret_sidecar.aws import sts
from secret_sidecar.aws.credentials import Credentials
from secret_sidecar.aws.errors import VAULT
from secret_sidecar.aws.settings import AwsSettings
from secret_sidecar.aws.store import AwsStore
from secret_sidecar.aws.web_identity import WebIdentity
from secret_sidecar.client import tls
from secret_sidecar.client.http import Client
from secret_sidecar.client.origin import Origin
from secret_sidecar.errors import Denied, IdentityUnavailable, SettingsError, TokenRefused
from secret_sidecar.settings import Settings
from secret_sidecar.shared.fixed import Fixed
from secret_sidecar.shared.reach import reach
from secret_sidecar.shared.token import Claims

CONNECTIONS = 16
"""Connections to the vault that one caller has at a time."""
_REFUSED = {"ExpiredTokenException", "IDPRejectedClaim", "InvalidIdentityToken"}


class AwsBackend:
    """Assumes roles for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        aws: AwsSettings = settings.vault
        self._role_arn = aws.shared_role_arn
        self._region = aws.region
        self._proxies = settings.proxies
        self._sts, self._vault = aws.origin("sts"), aws.origin("secretsmanager")
        self._tls: dict[str, ssl.SSLContext | None] = {}
        for origin in (self._sts, self._vault):
            if origin.scheme not in self._tls:
                self._tls[origin.scheme] = tls.context_for(origin, aws.ca_bundle)
        self._probing = self._client(self._vault, 1)

    async def open(self, token: str, claims: Claims, deadline: float) -> AwsStore:
        """Return a store with the credentials of the caller's role."""
        credentials = await self._assume(token, claims, deadline)
        return AwsStore(self._client(self._vault, CONNECTIONS), Fixed(credentials), self._region)

    async def probe(self, deadline: float) -> None:
        """Return if Secrets Manager answered an unsigned request."""
        await reach(VAULT, self._probing, "/", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()

    async def _assume(self, token: str, claims: Claims, deadline: float) -> Credentials:
        role = self._role_arn.replace("{namespace}", claims.namespace)
        role = role.replace("{service_account}", claims.service_account)
        session = sts.session_name(claims.namespace, claims.pod or claims.service_account)
        identity = WebIdentity(self._client(self._sts, 1), role, lambda: token, session)
        try:
            return await identity.obtain(deadline)
        except IdentityUnavailable as error:
            raise _meaning(error) from None
        finally:
            await identity.close()

    def _client(self, origin: Origin, connections: int) -> Client:
        proxy = self._proxies.for_origin(origin)
        return Client(origin, self._tls[origin.scheme], connections=connections, proxy=proxy)


def _meaning(error: IdentityUnavailable) -> IdentityUnavailable | Denied:
    """Return what STS's refusal means for a caller: its token is none, or its role is not for it."""
    kind: type[TokenRefused | Denied]
    if error.code in _REFUSED:
        kind = TokenRefused
    elif error.code == "AccessDenied":
        kind = Denied
    else:
        return error
    return kind(str(error), code=error.code, request_id=error.request_id, identity=error.identity)


def open_backend(settings: Settings) -> AwsBackend:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    aws: AwsSettings = settings.vault
    if not aws.shared_role_arn:
        raise SettingsError(
            "SECRETS_SHARED_ROLE_ARN is not set: expected each caller's role, such as "
            "'arn:aws:iam::111122223333:role/blue-{namespace}', as SECRETS_MODE='shared'"
        )
    for variable, given in (
        ("AWS_ROLE_ARN", aws.role_arn),
        ("AWS_ACCESS_KEY_ID", aws.access_key_id),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_credentials_full_uri),
    ):
        if given:
            raise SettingsError(f"{variable} is set: expected no identity of its own, as SECRETS_MODE='shared'")
    return AwsBackend(settings)
