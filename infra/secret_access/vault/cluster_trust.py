"""Vault's trust in a cluster: JWT auth by which it verifies the tokens of the cluster's API server."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_vault as vault

from ..arguments import Arguments
from ..inputs import children_of, lift
from . import checks
from .provider_namespace import in_provider

ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"]
"""With which API servers sign; Vault's own default is the first (Kubernetes, pkg/serviceaccount/jwt.go)."""


class VaultClusterTrustArgs(TypedDict):
    """Arguments of VaultClusterTrust."""

    issuer: pulumi.Input[str]
    """The URL that the cluster's tokens carry in `iss`; Vault fetches the keys below it, unless told otherwise.
    Example: `https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    auth_path: NotRequired[pulumi.Input[str]]
    """Where JWT auth is mounted, one path per cluster. Default: `jwt`. Example: `clusters/blue`."""
    jwks_url: NotRequired[pulumi.Input[str]]
    """Where Vault fetches the keys if it does not reach the issuer. Default: it asks the issuer.
    Example: `https://10.0.0.1:6443/openid/v1/jwks`."""
    ca_pem: NotRequired[pulumi.Input[str]]
    """Certificates of the authorities that Vault trusts when it fetches the keys, in PEM. Default: the system's.
    Example: the file `ca.crt` of a kubeconfig."""
    public_keys: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The cluster's public keys, in PEM, for a Vault that reaches neither; new keys of the cluster have to be added
    before they sign. Default: none, keys are fetched. Example: `["-----BEGIN PUBLIC KEY-----…"]`."""
    vault_namespace: NotRequired[pulumi.Input[str]]
    """Vault's own namespace, from the root: it must be the Pulumi provider's. Default: none, the root namespace.
    Example: `admin/team`."""


class VaultClusterTrust(pulumi.ComponentResource):
    """The trust of a Vault in a Kubernetes cluster: JWT auth that accepts the tokens of its issuer, and no role.

    Keep it in a stack of its own, so that destroying one environment breaks no other.
    """

    auth_path: pulumi.Output[str]
    """Where JWT auth is mounted."""
    issuer: pulumi.Output[str]
    """The issuer's URL."""

    def __init__(self, name: str, args: VaultClusterTrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"VaultClusterTrust {name!r}", args, VaultClusterTrustArgs, example='{"issuer": "https://…"}')
        issuer = given.take("issuer", checks.issuer)
        auth_path = given.take("auth_path", checks.auth_path, "jwt")
        jwks_url = given.optional("jwks_url", checks.jwks_url)
        ca_pem = given.optional("ca_pem", checks.ca_pem)
        public_keys = given.optional("public_keys", checks.public_keys)
        own_namespace = given.take("vault_namespace", checks.vault_namespace)
        given.check(checks.sources, *(name in given for name in ("jwks_url", "public_keys", "ca_pem")))
        super().__init__("secret-access:index:VaultClusterTrust", name, {}, opts)

        provider = self.get_provider("vault:jwt/authBackend:AuthBackend")
        in_explicit = provider.namespace if isinstance(provider, vault.Provider) else None
        own_namespace = in_provider(given, own_namespace, in_explicit)
        auth_path = lift(_first, auth_path, own_namespace)  # nothing is created before both are known
        fetched = jwks_url is None and public_keys is None
        backend = vault.jwt.AuthBackend(
            f"{name}-auth",
            type="jwt",
            path=auth_path,
            description=lift(_description, issuer),
            bound_issuer=issuer,
            jwt_supported_algs=ALGORITHMS,
            oidc_discovery_url=issuer if fetched else None,
            oidc_discovery_ca_pem=ca_pem if fetched else None,
            jwks_url=jwks_url,
            jwks_ca_pem=None if jwks_url is None else ca_pem,
            jwt_validation_pubkeys=public_keys,
            opts=children_of(self, opts),
        )
        complete = pulumi.Output.all(auth_path, backend.id)
        self.auth_path = complete.apply(lambda known: str(known[0]))
        self.issuer = pulumi.Output.from_input(issuer)
        self.register_outputs({"authPath": self.auth_path, "issuer": self.issuer})


def _first(path: str, _: object) -> str:
    return path


def _description(issuer: str) -> str:
    return f"Tokens of the cluster {issuer}"
