"""Workload identity federation: a ServiceAccount's token becomes one of Google's, and maybe a service account's.

Sources: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token (RFC 8693),
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import is_passing
from secret_sidecar.vaults.gcp.errors import DENIED_BY_IAM, PASSING, detail_of, status_of
from secret_sidecar.vaults.gcp.external_account import Exchange
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.expiry import ends_at
from secret_sidecar.vaults.identity.identity_service import FORM, Token

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SCOPE_TO_BECOME = "https://www.googleapis.com/auth/iam"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a type, no token)
_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 — a name
_PASSING = PASSING | {"server_error", "temporarily_unavailable"}
# https://cloud.google.com/iam/docs/access-change-propagation
_NEW = {"invalid_target", "PERMISSION_DENIED", "NOT_FOUND"}
_MAYBE_NEW = "; if the pool, its provider or the binding is new, it takes some minutes to act"
_NO_KEYS = "Error connecting to the given credential's issuer"
_POOL = "//iam.googleapis.com/"
_GKE = "identitynamespace:"


class Federation:
    """Exchanges what `token` gives, at `sts`, and at `iam` if there is a service account to become."""

    def __init__(self, account: Exchange, token: Token, sts: Client, iam: Client | None) -> None:
        self._account = account
        self._token = token
        self._identity = account.identity
        self._sts = sts
        self._iam = iam

    async def obtain(self, deadline: float) -> Bearer:
        """Return a fresh access token, or raise IdentityUnavailable."""
        return await retrying(lambda: self._obtain(deadline), deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._sts.close()
        if self._iam is not None:
            await self._iam.close()

    async def _obtain(self, deadline: float) -> Bearer:
        federated = await self._exchange(self._token(), deadline)
        return federated if self._iam is None else await self._become(self._iam, federated, deadline)

    async def _exchange(self, token: str, deadline: float) -> Bearer:
        account = self._account
        form = urlencode({
            "grant_type": _TOKEN_EXCHANGE,
            "audience": account.audience,
            "scope": SCOPE if self._iam is None else _SCOPE_TO_BECOME,
            "requested_token_type": _ACCESS_TOKEN,
            "subject_token": token,
            "subject_token_type": account.token_type,
        }).encode()  # fmt: skip
        target = account.token_url.target
        answer = await identity_service.ask(
            "Google's STS", self._sts, "POST", target, (FORM,), form, deadline, self._identity
        )
        document = json_object(answer) or {}
        bearer = identity_service.bearer(document, principal(account.audience, token))
        if answer.status == 200 and bearer is not None:
            return bearer
        raise self._refusal(f"Google's STS refused the token for {account.audience}", answer, document)

    async def _become(self, client: Client, federated: Bearer, deadline: float) -> Bearer:
        account = self._account
        assert account.service_account_url is not None  # noqa: S101
        headers = (("Authorization", f"Bearer {federated.token}"), ("Content-Type", "application/json"))
        body = json.dumps({"scope": [SCOPE], "lifetime": f"{account.lifetime}s"}).encode()
        target = account.service_account_url.target
        answer = await identity_service.ask(
            "Google's IAM", client, "POST", target, headers, body, deadline, self._identity
        )
        document = json_object(answer) or {}
        bearer = _service_account_token(document, answer, self._identity)
        if answer.status == 200 and bearer is not None:
            return bearer
        detail = f"Google's IAM did not let {federated.identity} impersonate {self._identity}"
        raise self._refusal(detail, answer, document)

    def _refusal(self, detail: str, answer: Answer, document: dict[str, Any]) -> IdentityUnavailable:
        status = status_of(answer)
        code = status.get("status") if status else document.get("error")
        code = code if isinstance(code, str) else None
        passing = code in _PASSING or is_passing(answer.status) or _is_unreachable(document)
        kind = IdentityDelayed if passing else IdentityUnavailable
        reason = detail_of(status, "ErrorInfo", "reason")
        shown = (code or f"HTTP {answer.status}") + (f" ({reason})" if reason else "")
        hint = _MAYBE_NEW if code in _NEW and reason in {None, DENIED_BY_IAM} else ""
        return kind(f"{detail}: {shown}{hint}", code=code, identity=self._identity)


def principal(audience: str, token: str) -> str:
    """Return the principal that a token becomes, as an IAM binding spells it.

    For a pool's provider that is so where it maps google.subject to the token's subject, as everybody does.
    """
    subject = identity_service.subject(token)
    if audience.startswith(_POOL):
        pool = audience.removeprefix(_POOL).partition("/providers/")[0]
        return f"principal://iam.googleapis.com/{pool}/subject/{subject}"
    if audience.startswith(_GKE):
        pool = audience.removeprefix(_GKE).partition(":https://")[0]
        account = subject.removeprefix("system:serviceaccount:").replace(":", "/")
        return f"serviceAccount:{pool}[{account}]"
    return f"{subject} of {audience}"


def _is_unreachable(document: dict[str, Any]) -> bool:
    """Return whether Google could not fetch the issuer's keys, for which it has no code of its own.

    Source: https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
    """
    return str(document.get("error_description")).startswith(_NO_KEYS)


def _service_account_token(document: dict[str, Any], answer: Answer, identity: str) -> Bearer | None:
    match document:
        case {"accessToken": str(token), "expireTime": str(expires)} if identity_service.is_token(token):
            try:
                return Bearer(token, ends_at(expires, answer), identity)
            except (ValueError, OverflowError):
                return None
    return None
