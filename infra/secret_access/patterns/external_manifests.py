"""Specs of a SecretStore and of ExternalSecrets, and checks that they are one namespace's own. Pure.

https://external-secrets.io/latest/api/secretstore/, https://external-secrets.io/latest/api/externalsecret/
"""

import base64
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from secret_names import vaults
from secret_names.vaults import EXACT, Spelling

from ..checks import invalid, named, unknown, whole_number
from ..program_errors import InvalidArgument
from .secret_type import SecretType

API_VERSION = "external-secrets.io/v1"
Manifest = dict[str, Any]
SPELLINGS: Mapping[str, tuple[str, Spelling]] = {
    "aws": ("aws", vaults.AWS),
    "gcp": ("gcpsm", vaults.GOOGLE),
    "azure": ("azurekv", vaults.AZURE),
    "vault": ("vault", vaults.VAULT),
}
"""By backend, the operator's name of the provider, and how the vault spells names."""
FIX = "pass the output external_store of the namespace's access component, which has external_secrets: True"
KEY_EXAMPLE = '{"name": "database-password"}'
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


class DeletionPolicy(StrEnum):
    """What becomes of a Secret when the secret in the vault is deleted."""

    DELETE = "Delete"
    """The Secret is deleted."""
    RETAIN = "Retain"
    """The Secret keeps the last value."""


def own_store(form: Mapping[str, Any], given: object) -> dict[str, Any]:
    """Return a store that is bound to the namespace's own identity, and refuse every other."""
    if isinstance(given, Mapping) and ("kind" in given or "name" in given):
        raise invalid(
            "store refers to a store that exists",
            dict(given),
            "a SecretStore of the component's own: a ClusterSecretStore reads with one identity for all namespaces, "
            "and the API server does not check who refers to it",
            FIX,
        )
    if not isinstance(given, Mapping):
        raise invalid("store", given, "the vault and the identity by which it is read", FIX)
    for name in given:
        if name not in form:
            raise InvalidArgument(f"store: {unknown(str(name), form)}")
    if missing := [name for name in form if given.get(name) is None]:
        raise invalid(f"store has no {missing[0]}", sorted(given), f"all of {', '.join(form)}", FIX)
    if given["backend"] not in SPELLINGS:
        raise invalid("backend of store", given["backend"], f"one of {', '.join(SPELLINGS)}", FIX)
    _check_identity(given["backend"], given["provider"], given["service_account_name"])
    return dict(given)


def _check_identity(backend: str, provider: object, account_name: str) -> None:
    """Refuse a provider that would read with another identity than the namespace's.

    Without a reference to a ServiceAccount the operator uses its own identity; a reference to a Secret is a credential
    that is in etcd, and a reference with a namespace is to another namespace's ServiceAccount.
    """
    kind = SPELLINGS[backend][0]
    if not isinstance(provider, Mapping) or set(provider) != {kind}:
        raise invalid("provider of store", sorted(provider) if isinstance(provider, Mapping) else provider, kind, FIX)
    found = list(_references(provider))
    if not found:
        expected = f"a serviceAccountRef with {account_name}: without one, the operator reads with its own identity"
        raise invalid("provider of store names no ServiceAccount", sorted(provider[kind]), expected, FIX)
    for key, reference in found:
        if key != "serviceAccountRef" or reference != {"name": account_name}:
            expected = f"serviceAccountRef: {{'name': {account_name!r}}}, the namespace's own, and no other reference"
            what = f"provider of store has a {key} that is not the namespace's identity"
            raise invalid(what, reference, expected, FIX)


def _references(part: object) -> Iterator[tuple[str, object]]:
    """Yield what a provider refers to: fields that end in `Ref`, at any depth, as the operator's API names them."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key.endswith("Ref"):
                yield key, value
            else:
                yield from _references(value)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _references(item)


def store_spec(store: Mapping[str, Any], ca_bundle: str | None) -> Manifest:
    """Return `spec` of the SecretStore."""
    if ca_bundle is None:
        return {"provider": store["provider"]}
    if store["backend"] != "vault":
        expected = "a ca_bundle beside Vault alone: clouds have certificates that every system trusts"
        raise invalid("ca_bundle", "certificates", expected, "leave it out")
    if not isinstance(ca_bundle, str) or not ca_bundle.lstrip().startswith(_CERTIFICATE) or "PRIVATE KEY" in ca_bundle:
        expected = f"certificates in PEM, beginning with {_CERTIFICATE}, and no private key"
        raise invalid("ca_bundle", "a value that is not shown", expected, "give the certificates of Vault's authority")
    encoded = base64.b64encode(ca_bundle.encode()).decode()
    return {"provider": {"vault": {**store["provider"]["vault"], "caBundle": encoded}}}


def source(store: Mapping[str, Any], given: object) -> tuple[str, str | None]:
    """Return where a key has its value from: the secret as the vault spells it, and its field."""
    if not isinstance(given, Mapping) or not set(given) <= {"name", "field"}:
        raise invalid("keys", given, f"a name, and perhaps a field, such as {KEY_EXAMPLE}", "correct it")
    return _remote_key(store, given.get("name")), _field(store, given.get("field"))


def _remote_key(store: Mapping[str, Any], name: object) -> str:
    """Return a secret's name as the vault spells it; one outside the namespace's prefix is refused."""
    spelling, prefix = SPELLINGS[store["backend"]][1], store["secret_prefix"]
    full = named(partial(spelling.full_name, prefix=prefix), "name", name)
    if full.startswith(EXACT) or not full.startswith(prefix):
        raise invalid(
            "name outside the namespace's prefix, which its identity may not read",
            name,
            f"a name under {prefix}",
            f"leave it out, or store the secret as {prefix}{full.removeprefix(EXACT).rpartition('/')[2]}",
        )
    return spelling.spelled(full)


def _field(store: Mapping[str, Any], given: object) -> str | None:
    """Return the field of a secret that a key takes; Vault's secrets are maps, with `value` where they have one."""
    if given is None:
        return "value" if store["backend"] == "vault" else None
    if isinstance(given, str) and given:
        return given
    raise invalid("field", given, "a field of the secret, such as password", "leave it out for the whole secret")


def secret_spec(
    *,
    store_name: str,
    name: str,
    kind: SecretType,
    keys: Mapping[str, tuple[str, str | None]],
    refresh_seconds: int,
    deletion: DeletionPolicy,
) -> Manifest:
    """Return `spec` of an ExternalSecret; `keys` has, by key, the secret in the vault and its field."""
    return {
        "refreshInterval": f"{refresh_seconds}s",
        "secretStoreRef": {"kind": "SecretStore", "name": store_name},
        "target": {
            "name": name,
            "creationPolicy": "Owner",  # what is taken out of the program goes from etcd too
            "deletionPolicy": str(deletion),
            **({} if kind is SecretType.OPAQUE else {"template": {"type": str(kind)}}),
        },
        "data": [
            {"secretKey": key, "remoteRef": {"key": remote, **({} if part is None else {"property": part})}}
            for key, (remote, part) in keys.items()
        ],
    }


def refresh_seconds(given: object) -> int:
    """Return seconds between two reads of the vault: each costs a call for each key."""
    fix = "leave it out for 300; 0 would never bring a rotation"
    return whole_number("refresh_seconds", given, "a whole number from 10 to 86400", fix, least=10, most=86400)


def deletion_policy(given: object) -> DeletionPolicy:
    """Return what becomes of the Secret when the vault's secret is deleted."""
    try:
        return DeletionPolicy(str(given))
    except ValueError:
        raise invalid("deletion_policy", given, "Delete or Retain", "leave it out for Delete") from None
