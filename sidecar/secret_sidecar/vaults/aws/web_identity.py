"""A role assumed with the pod's own ServiceAccount token (IRSA)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.http_client.http import Client
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.aws import sts
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.errors import passes
from secret_sidecar.vaults.identity.identity_service import FORM, Token, ask, token_of_file

_ISSUER_UNREACHABLE = "IDPCommunicationError"
# STS says this too where it could not fetch the issuer's keys, beside a code that blames the token:
# https://repost.aws/knowledge-center/iam-sts-invalididentitytoken
_NO_KEYS = "retrieve verification key"

_SEEN_LATE = {"AccessDenied": "; a new role, or a change of its trust, takes some seconds to be seen"}
"""IAM is eventually consistent, and STS refuses alike whom a role does not trust yet, or will never."""


class WebIdentity:
    """Exchanges the token for the role's credentials; a file is read anew each time, for the kubelet rotates it."""

    def __init__(
        self, client: Client, role_arn: str, token_file: Path | Token, session: str, duration: int | None = None
    ) -> None:
        self._client = client
        self._role_arn = role_arn
        self._token = partial(token_of_file, token_file, role_arn) if isinstance(token_file, Path) else token_file
        self._session = session
        self._duration = duration

    async def obtain(self, deadline: float) -> Credentials:
        """Return fresh credentials, or raise IdentityUnavailable."""
        return await retrying(lambda: self._exchange(deadline), deadline)

    async def close(self) -> None:
        """Close connections to STS."""
        await self._client.close()

    async def _exchange(self, deadline: float) -> Credentials:
        body = sts.form(self._role_arn, self._session, self._token(), self._duration)
        answer = await ask("STS", self._client, "POST", "/", (FORM,), body, deadline, self._role_arn)
        try:
            texts = sts.texts(answer.body)
            if answer.status == 200:
                return sts.credentials(texts, answer)
        except (ValueError, OverflowError) as error:
            if not passes(answer, None):
                detail = f"STS: HTTP {answer.status} with an unusable answer: {error}"
                raise IdentityUnavailable(detail, identity=self._role_arn) from None
            texts = {}
        code = texts.get("Code")
        passing = passes(answer, code) or code == _ISSUER_UNREACHABLE or _NO_KEYS in texts.get("Message", "")
        kind = IdentityDelayed if passing else IdentityUnavailable
        raise kind(
            f"STS refused role {self._role_arn}: {code or f'HTTP {answer.status}'}{_SEEN_LATE.get(code or '', '')}",
            code=code,
            request_id=answer.headers.get("x-amzn-requestid") or texts.get("RequestId"),
            identity=self._role_arn,
        )
