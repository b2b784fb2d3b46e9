"""Which managed identity or application a caller is: no token says it, so it is written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import secret_names

FORM = (
    "NAMESPACE=CLIENT or NAMESPACE/SERVICEACCOUNT=CLIENT with commas between them, such as "
    "'blue=11111111-2222-3333-4444-555555555555'"
)
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def check_client_id(text: str) -> str:
    """Return a client's id, or raise ValueError with the form expected."""
    if not GUID.fullmatch(text):
        raise ValueError("a client id, such as '11111111-2222-3333-4444-555555555555'")
    return text


@dataclass(frozen=True)
class ClientIds:
    """Client ids by namespace, or by namespace and ServiceAccount, which comes first."""

    by_caller: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> ClientIds:
        """Return what a setting says, or raise ValueError with the entry that is wrong and the form expected."""
        found: dict[str, str] = {}
        for entry in (entry.strip() for entry in text.split(",")):
            if not entry:
                continue
            caller, _, client = (part.strip() for part in entry.partition("="))
            namespace, slash, account = caller.partition("/")
            try:
                secret_names.default_prefix(namespace)
                check_client_id(client)
            except ValueError as error:
                raise ValueError(f"{FORM}; {entry!r} is none: {error}") from None
            if slash and not _SERVICE_ACCOUNT.fullmatch(account):
                raise ValueError(f"{FORM}; {entry!r} has no ServiceAccount's name after '/'")
            if caller in found:
                raise ValueError(f"{FORM}; {caller!r} is there twice")
            found[caller] = client
        return cls(found)

    def find(self, namespace: str, service_account: str) -> str | None:
        """Return a caller's client id, or None if there is none for it."""
        return self.by_caller.get(f"{namespace}/{service_account}") or self.by_caller.get(namespace)
