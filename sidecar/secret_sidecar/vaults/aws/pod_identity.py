"""Credentials from an agent beside the workload, as EKS Pod Identity and ECS have one.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html,
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.files import read_file
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.errors import passes
from secret_sidecar.vaults.identity.expiry import ends_at
from secret_sidecar.vaults.identity.identity_service import ask

_FORM = (
    "https://…, or http:// with a loopback address or an agent's own (169.254.170.2, 169.254.170.23, [fd00:ec2::23]), "
    "such as 'http://169.254.170.23/v1/credentials'"
)
_AGENTS = {ip_address(address) for address in ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")}
_TARGET = re.compile(r"/[!-~]*")
_TOKEN = re.compile(r"[ -~]+")
_TOKEN_SIZE = 64 << 10
# Pod Identity's agent quotes the error of EKS Auth in its text: "…: (AccessDeniedException): …".
_QUOTED_CODE = re.compile(rb"\((\w{1,80}Exception)\)")

# EKS Auth's refusals, which the agent may answer with HTTP 500:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html
_REFUSALS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidParameterException",
    "InvalidRequestException",
    "InvalidTokenException",
    "ResourceNotFoundException",
}
_NOT_SEEN_YET = {"AccessDenied", "AccessDeniedException", "ResourceNotFoundException"}
"""How an association or a role is refused that was made a moment ago: EKS and IAM are eventually consistent."""


@dataclass(frozen=True)
class AgentUrl:
    """Where an agent answers."""

    origin: Origin
    target: str

    @classmethod
    def parse(cls, url: str) -> AgentUrl:
        """Return the parts of a URL, or raise ValueError: in plain text, only this machine may be asked for keys."""
        try:
            parts = urlsplit(url)
            origin = Origin.parse(f"{parts.scheme}://{parts.netloc}")
        except ValueError:
            raise ValueError(_FORM) from None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if (origin.scheme == "http" and not _is_an_agents(origin.host)) or not _TARGET.fullmatch(target):
            raise ValueError(_FORM)
        return cls(origin, target)


def _is_an_agents(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address in _AGENTS


class PodIdentity:
    """Asks the agent; the token file is read anew each time, for the kubelet rotates it."""

    def __init__(self, client: Client, url: AgentUrl, token_file: Path | None, token: str) -> None:
        self._client = client
        self._target = url.target
        self._token_file = token_file
        self._given = token
        self._agent = f"the agent at {url.origin}"

    async def obtain(self, deadline: float) -> Credentials:
        """Return the role's credentials, or raise IdentityUnavailable."""
        return await retrying(lambda: self._ask(deadline), deadline)

    async def close(self) -> None:
        """Close connections to the agent."""
        await self._client.close()

    async def _ask(self, deadline: float) -> Credentials:
        headers = [("Accept", "application/json")]
        if token := self._token():
            headers.append(("Authorization", token))
        answer = await ask(self._agent, self._client, "GET", self._target, headers, b"", deadline, self._agent)
        document = _object(answer.body)
        if answer.status != 200:
            code = _code(answer, document)
            passing = passes(answer, code) and code not in _REFUSALS
            kind = IdentityDelayed if passing else IdentityUnavailable
            reason = code or f"HTTP {answer.status}"
            seen = "; a new association or role takes some seconds to be seen" if code in _NOT_SEEN_YET else ""
            raise kind(f"{self._agent} gave no credentials: {reason}{seen}", code=code, identity=self._agent)
        try:
            return _credentials(document, answer, self._agent)
        except (LookupError, TypeError, ValueError, OverflowError):
            detail = f"{self._agent} answered with something other than credentials"
            raise IdentityUnavailable(detail, identity=self._agent) from None

    def _token(self) -> str:
        if self._token_file is None:
            return self._given
        try:
            token = read_file(self._token_file, _TOKEN_SIZE).decode("latin-1").strip()
        except OSError as error:
            detail = f"token file {self._token_file}: {error.strerror}"
            raise IdentityUnavailable(detail, identity=self._agent) from None
        if not _TOKEN.fullmatch(token):
            raise IdentityUnavailable(f"token file {self._token_file}: expected one token", identity=self._agent)
        return token


def _object(body: bytes) -> dict[str, Any]:
    """Return the object that a body is, whatever its type is said to be; an empty one if it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _credentials(document: dict[str, Any], answer: Answer, agent: str) -> Credentials:
    key, secret, token = (document[member] for member in ("AccessKeyId", "SecretAccessKey", "Token"))
    if not all(isinstance(text, str) and _TOKEN.fullmatch(text) for text in (key, secret, token)):
        raise ValueError
    expires = ends_at(document["Expiration"], answer)
    account = f" of account {document['AccountId']}" if document.get("AccountId") else ""
    return Credentials(key, secret, token, expires, f"access key {key}{account} from {agent}")


def _code(answer: Answer, document: dict[str, Any]) -> str | None:
    code = document.get("code") or document.get("Code")
    if isinstance(code, str):
        return code[:80]
    quoted = _QUOTED_CODE.search(answer.body)
    return quoted[1].decode() if quoted else None
