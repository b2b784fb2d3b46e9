"""A vault as the External Secrets Operator reaches it with one namespace's identity."""

from typing import Any, TypedDict

import pulumi


class ExternalStore(TypedDict):
    """The output `external_store` of an access component: the vault, and the identity by which it is read."""

    namespace: pulumi.Input[str]
    """The namespace. Example: `test`."""
    service_account_name: pulumi.Input[str]
    """The ServiceAccount whose tokens the operator asks for. Example: `secret-access`."""
    secret_prefix: pulumi.Input[str]
    """The prefix of the namespace's secrets. Example: `test/`."""
    backend: pulumi.Input[str]
    """The vault: `aws`, `gcp`, `azure` or `vault`. Example: `aws`."""
    provider: pulumi.Input[dict[str, Any]]
    """`spec.provider` of the SecretStore, as in a manifest."""
