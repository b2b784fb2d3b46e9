"""Stacks on HashiCorp Vault or OpenBao: their settings, the provider for their server, and their components."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

import pulumi
import pulumi_vault as vault
from pulumi_vault import generic

from secret_access import (
    SecretAccess,
    VaultClusterTrust,
    VaultClusterTrustArgs,
    VaultSecretAccess,
    VaultSecretAccessArgs,
    checks,
)
from secret_access.vault import checks as vault_checks
from secret_access.vault.environment import BACKEND
from section import Section

from .cloud import Arguments, Cloud, ClusterOutputs, identity_name
from .credentials import ask

OWN_TOKEN = "auth/token/lookup-self"  # noqa: S105  a path


@dataclass(frozen=True)
class Vault(Cloud):
    """The server, and its namespace, that a stack is for."""

    address: str
    namespace: str = ""
    """Vault's own; empty: the root namespace."""

    name = "vault"
    backend = BACKEND
    same = ("address", "namespace")
    needed = ("auth_path",)

    def cluster_arguments(self, top: Section) -> Arguments:
        arguments = {
            "issuer": top.checked(
                "issuer", vault_checks.issuer, top.take("issuer", example="https://oidc.example/id/1")
            ),
            **top.given(
                {
                    "auth_path": vault_checks.auth_path,
                    "jwks_url": vault_checks.jwks_url,
                    "ca_pem": vault_checks.ca_pem,
                    "public_keys": vault_checks.public_keys,
                }
            ),
        }
        top.checked(
            "", lambda given: vault_checks.sources(*map(given.get, ("jwks_url", "public_keys", "ca_pem"))), arguments
        )
        return arguments

    def environment_arguments(self, top: Section) -> Arguments:
        return top.given({"audience": vault_checks.audience})

    def namespace_arguments(self, section: Section, shared: Arguments) -> Arguments:
        del shared
        return section.given(
            {
                "mount": vault_checks.mount,
                "role_name": vault_checks.role_name,
                "token_ttl": vault_checks.token_ttl,
                "events": partial(checks.flag, "events"),
            }
        )

    def provider(self) -> vault.Provider:
        """Return the provider for one server and namespace, after asking it about the token at hand.

        The server is known by its address and its certificate, so a token of another server is refused that answer.
        """
        provider = vault.Provider("vault", address=self.address, namespace=self.namespace or None)
        ask(
            lambda: generic.get_secret(path=OWN_TOKEN, opts=pulumi.InvokeOptions(provider=provider)),
            cloud="Vault",
            where=self.address,
            expected=f"a token of the stack's vault.address {self.address!r}",
            fix="run `vault login` there, set VAULT_TOKEN, or choose another stack",
        )
        return provider

    def trust(self, name: str, arguments: Arguments, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[str]]:
        trust = VaultClusterTrust(name, cast("VaultClusterTrustArgs", {**arguments, **self._namespace()}), opts)
        return {"issuer": trust.issuer, "auth_path": trust.auth_path}

    def access(
        self, name: str, arguments: Arguments, cluster: pulumi.Output[ClusterOutputs], opts: pulumi.ResourceOptions
    ) -> SecretAccess:
        args = {
            "role_name": cluster.apply(lambda known: identity_name(known.name, name)),
            **arguments,
            **self._namespace(),
            "address": self.address,
            "auth_path": cluster.apply(lambda known: known.own["auth_path"]),
        }
        return VaultSecretAccess(name, cast("VaultSecretAccessArgs", args), opts)

    def _namespace(self) -> dict[str, str]:
        return {"vault_namespace": self.namespace} if self.namespace else {}


def read(section: Section) -> Vault:
    """Return the settings under the key `vault`."""
    given = section.given({"namespace": vault_checks.vault_namespace})
    settings = Vault(
        address=section.checked(
            "address", vault_checks.address, section.take("address", example="https://vault.example:8200")
        ),
        **given,
    )
    section.close()
    return settings
