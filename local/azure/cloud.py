"""Azure as the laptop environment's commands see it."""

from __future__ import annotations

import sys

from local import config
from local.azure import account
from local.azure.server import TRAIL
from local.azure.service import READ
from local.cloud import Cloud
from local.isolation import Question
from local.services import Keys, Service
from local.trail import Call


def _services(keys: Keys) -> list[Service]:
    certificate = keys.authority.server("azure", addresses=[config.ADDRESS], hosts=[], common_name="azure")
    files = (keys.authority.cert, certificate.cert, certificate.key, account.make_password())
    return [Service("azure", [sys.executable, "-m", "local.azure.server", *map(str, files)])]


def _is_of_asker(call: Call, question: Question) -> bool:
    """Whether the call came from the pod's address, with a token that its ServiceAccount's was exchanged for."""
    _, found, subject = call.identity.partition("system:serviceaccount:")
    return bool(found) and subject.partition(":")[0] == question.asker and call.client == question.address


AZURE = Cloud(
    name="azure",
    title="Azure",
    decider="a fake of this project",
    url=config.AZURE_URL,
    stack="local-azure",
    variables=("AZURE_", "ARM_"),
    services=_services,
    account=account,
    trail=TRAIL,
    read=READ,
    is_of_asker=_is_of_asker,
)
