"""The components with arguments that work, for tests to change one of."""

from typing import Any, cast

import pulumi
import pulumi_vault

from secret_access import VaultClusterTrust, VaultClusterTrustArgs, VaultSecretAccess, VaultSecretAccessArgs
from tests.infra.components import Program
from tests.infra.engine import outputs_in

ADDRESS = "https://vault.example:8200"
ISSUER = "https://oidc.example/id/blue"
POLICY = "vault:index/policy:Policy"
ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
AUTH = "vault:jwt/authBackend:AuthBackend"


def vault_access(provider: dict[str, Any] | None = None, /, called: str = "test", **changed: Any) -> Program:
    """A program that makes a VaultSecretAccess; None leaves an argument out."""
    args = {
        "namespace": "test",
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "address": ADDRESS,
        **changed,
    }
    given = {name: value for name, value in args.items() if value is not None}
    return lambda: VaultSecretAccess(called, cast("VaultSecretAccessArgs", outputs_in(given)), _options(provider))


def vault_trust(provider: dict[str, Any] | None = None, /, **changed: Any) -> Program:
    """A program that makes a VaultClusterTrust."""
    given = {"issuer": ISSUER, **changed}
    return lambda: VaultClusterTrust("blue", cast("VaultClusterTrustArgs", outputs_in(given)), _options(provider))


def _options(provider: dict[str, Any] | None) -> pulumi.ResourceOptions | None:
    if provider is None:
        return None
    return pulumi.ResourceOptions(providers=[pulumi_vault.Provider("vault", **outputs_in(provider))])
