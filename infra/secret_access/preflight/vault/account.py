"""A Vault or OpenBao, asked with the token of `vault login` or VAULT_TOKEN. It reads, and no more."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import SecretAccessError
from ...vault import checks as vault_checks
from .. import clock
from ..api import REFUSALS, Api, NotAnswered, Refused
from ..check import Check, Severity
from ..stack import Stack, asked, without_issuer
from . import judging

TOKEN = re.compile(r"[A-Za-z0-9._-]+")
Now = Callable[[], datetime]


class BadToken(SecretAccessError):
    """A token that cannot be sent; the message does not show it."""


@dataclass(frozen=True)
class Vault:
    """Where a stack's secrets and logins are."""

    address: str
    auth_path: str = "jwt"
    mount: str = "secret"


def checks(stack: Stack, vault: Vault, now: Now, environment: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Yield what each check found. Raise InvalidArgument for an address or a path that cannot be.

    `environment` has VAULT_TOKEN, VAULT_NAMESPACE and VAULT_CACERT, as Vault's own command reads them.
    """
    address = vault_checks.address(vault.address)
    auth_path, mount = vault_checks.auth_path(vault.auth_path), vault_checks.mount(vault.mount)
    authorities = environment.get("VAULT_CACERT") or None
    healthy, *clocks = _health(Api(f"{address}/v1", {}, authorities), address, now)
    yield healthy
    yield from clocks
    if healthy.severity is not Severity.OK:
        return
    token = _token(environment)
    if not token:
        mend = f"vault login, with VAULT_ADDR={address}, or set VAULT_TOKEN"
        yield Check("vault-token", Severity.ERROR, judging.TOKEN, "there is none", mend)
        return
    namespace = environment.get("VAULT_NAMESPACE", "")
    headers = {"X-Vault-Token": token, **({"X-Vault-Namespace": namespace} if namespace else {})}
    api = Api(f"{address}/v1", headers, authorities)
    known = _known(api)
    yield known
    if known.severity is not Severity.OK:
        return
    ask = partial(asked, refusals=REFUSALS)
    yield from ask("vault-rights", judging.RIGHTS, ask=lambda: [_rights(api, stack, auth_path)])
    yield from ask("vault-trust", judging.TRUST, ask=lambda: _trust(api, stack, auth_path))
    (engine,) = ask("vault-kv", judging.SECRETS, ask=lambda: [judging.engine(mount, _engine(api, mount))])
    yield engine
    if engine.severity is Severity.ERROR:
        return
    for namespace in stack.namespaces:
        what, of_prefix = f"secrets under {mount}/{namespace}/", partial(_secrets, api, mount, f"{namespace}/")
        yield from ask("vault-secrets", what, ask=of_prefix)


def _token(environment: Mapping[str, str]) -> str:
    """Return the token as `vault` finds it; raise BadToken for one with characters that no header takes."""
    given = environment.get("VAULT_TOKEN", "")
    file = Path(environment.get("HOME") or Path.home()) / ".vault-token"
    if not given and file.is_file():
        given = file.read_text(errors="replace").strip()
    if given and not TOKEN.fullmatch(given):
        expected = "expected letters, digits, `.`, `-` and `_`"
        raise BadToken(f"the token of Vault has a character that none has: {expected}; run `vault login` again")
    return given


def _health(api: Api, address: str, now: Now) -> Iterator[Check]:
    codes = {"standbyok": "true", "perfstandbyok": "true", "sealedcode": "200", "uninitcode": "200"}
    before = now()
    try:
        said = api.get("/sys/health", **codes)
    except REFUSALS as error:
        mend = "check the address, the network and VAULT_CACERT"
        yield Check("vault-health", Severity.ERROR, judging.SERVER, f"{address} was not reached: {error}", mend)
        return
    after = now()
    yield judging.health(said, address)
    if "server_time_utc" in said:
        ahead = clock.ahead(datetime.fromtimestamp(said["server_time_utc"], UTC), before, after)
        yield clock.judged("vault-clock", "Vault's clock", ahead, "this machine's")


def _known(api: Api) -> Check:
    try:
        return judging.token(_data(api, "/auth/token/lookup-self"))
    except Refused as error:
        mend = "run `vault login` there, or set VAULT_TOKEN and VAULT_NAMESPACE"
        return Check("vault-token", Severity.ERROR, judging.TOKEN, f"Vault does not take it: {error}", mend)
    except NotAnswered as error:
        return Check("vault-token", Severity.UNKNOWN, judging.TOKEN, str(error), "ask again")


def _rights(api: Api, stack: Stack, auth_path: str) -> Check:
    wanted = judging.needed(stack, auth_path)
    return judging.rights(wanted, _data_of(api.post("/sys/capabilities-self", {"paths": list(wanted)})))


def _trust(api: Api, stack: Stack, auth_path: str) -> Iterator[Check]:
    if stack.issuer is None:
        yield without_issuer("vault-trust", judging.TRUST)
        return
    found = list(judging.mounted(stack, auth_path, _data(api, "/sys/auth")))
    yield from found
    if not found:
        yield judging.trust(stack, auth_path, _config(api, auth_path))


def _config(api: Api, auth_path: str) -> Mapping[str, Any]:
    """Return the settings of JWT auth; nothing where none were written yet."""
    try:
        return _data(api, f"/auth/{auth_path}/config")
    except Refused as error:
        if error.status == 404:
            return {}
        raise


def _engine(api: Api, mount: str) -> Mapping[str, Any] | None:
    """Return the engine at a path; None where there is none, which only a list of all can tell from a refusal."""
    try:
        return _data(api, f"/sys/internal/ui/mounts/{mount}")
    except Refused as error:
        if error.status != 403:
            raise
    return _data(api, "/sys/mounts").get(f"{mount}/")


def _secrets(api: Api, mount: str, prefix: str) -> Iterator[Check]:
    try:
        count = len(_data(api, f"/{mount}/metadata/{prefix}", list="true").get("keys") or ())
    except Refused as error:
        if error.status != 404:
            raise
        count = 0
    yield judging.secrets(mount, prefix, count)


def _data(api: Api, path: str, **query: str) -> dict[str, Any]:
    return _data_of(api.get(path, **query))


def _data_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    data = answer.get("data")
    if not isinstance(data, dict):
        raise NotAnswered("the answer has no `data`, which all of Vault's have")
    return data
