"""A namespace's identity in Vault: a role of JWT auth for one ServiceAccount, with access to one prefix of secrets."""

from dataclasses import replace
from functools import partial
from typing import NotRequired

import pulumi
import pulumi_vault as vault

from .. import checks
from ..access import SecretAccess, SecretAccessArgs, common_arguments
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, lift
from . import checks as vault_checks
from . import documents, external_store
from .environment import BACKEND, variables
from .provider_namespace import in_provider
from .role_names import ROLE_NAMES

ROLE_ANNOTATION = "secret-access/vault-role"
"""Of the ServiceAccount, for people; no part of the cluster goes by it."""


class VaultSecretAccessArgs(SecretAccessArgs):
    """Arguments of VaultSecretAccess."""

    address: pulumi.Input[str]
    """Vault's address, as the pods reach it. Example: `https://vault.example:8200`."""
    vault_namespace: NotRequired[pulumi.Input[str]]
    """Vault's own namespace, from the root: it must be the Pulumi provider's, in which the role is created.
    Default: none, the root namespace. Example: `admin/team`."""
    auth_path: NotRequired[pulumi.Input[str]]
    """Where JWT auth for the cluster's tokens is mounted: the output of VaultClusterTrust. Default: `jwt`.
    Example: `clusters/blue`."""
    mount: NotRequired[pulumi.Input[str]]
    """Where the KV engine of version 2 is mounted, which must exist. Default: `secret`. Example: `team/kv`."""
    audience: NotRequired[pulumi.Input[str]]
    """The audience of the pods' tokens, which the role demands: one for this Vault alone. Default: `vault`.
    Example: `https://vault.example:8200`."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the role and of its policy, which must be unique in Vault's namespace. Default: `secret-access-` and the
    namespace. Example: `secret-access-blue-test`."""
    token_ttl: NotRequired[pulumi.Input[int]]
    """Lifetime of Vault's tokens, which the sidecar replaces in time: 60 to 86400 seconds. Default: 3600."""
    events: NotRequired[pulumi.Input[bool]]
    """The role may read the secrets' metadata too, which the sidecar's events need. Default: false."""


class VaultSecretAccess(SecretAccess):
    """A namespace's identity in HashiCorp Vault or OpenBao, which may use the secrets under one prefix and no others.

    Creates a role of JWT auth that only the namespace's ServiceAccount can log in to, its policy, and the
    ServiceAccount, and returns the sidecar that serves the secrets on localhost. It owns the role's policies and the
    policy's text: what is changed by hand shows at `pulumi refresh`, and `pulumi up --refresh` undoes it. The
    output `identity` is the role's path in Vault's API.
    """

    def __init__(self, name: str, args: VaultSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"VaultSecretAccess {name!r}", args, VaultSecretAccessArgs)
        common = common_arguments(given, BACKEND)
        address = given.take("address", vault_checks.address)
        own_namespace = given.take("vault_namespace", vault_checks.vault_namespace)
        auth_path = given.take("auth_path", vault_checks.auth_path, "jwt")
        mount = given.take("mount", vault_checks.mount, "secret")
        audience = given.take("audience", vault_checks.audience, documents.AUDIENCE)
        role_name = given.check(_role_name, common.namespace, given.get("role_name"))
        token_ttl = given.take("token_ttl", vault_checks.token_ttl, 3600)
        events = given.named("events", checks.flag, False)
        exact_names = given.check(vault_checks.exact_names, common.declared, common.prefix)
        settings = given.check(vault_checks.client_certificate, common.settings, address)
        super().__init__("secret-access:index:VaultSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        provider = self.get_provider("vault:index/policy:Policy")
        in_explicit = provider.namespace if isinstance(provider, vault.Provider) else None
        own_namespace = in_provider(given, own_namespace, in_explicit)
        # Nothing is created before both are known
        take = partial(ROLE_NAMES.get().take, component=self)
        role_name = given.check(take, role_name, own_namespace, None if provider is None else provider.urn)
        policy = vault.Policy(
            f"{name}-policy",
            name=role_name,
            policy=lift(_grant, mount, common.prefix, common.access, events, exact_names, common.external),
            opts=child,
        )
        role = vault.jwt.AuthBackendRole(
            f"{name}-role",
            backend=auth_path,
            role_name=role_name,
            **documents.role(common.subject, audience, policy.name, token_ttl),
            opts=child,
        )
        complete = pulumi.Output.all(policy.id, role.id)
        identity = complete.apply(lambda _: lift(_identity, own_namespace, auth_path, role_name))
        external = None
        if common.external:
            external = lift(
                external_store.provider,
                common.account_name,
                address=address,
                vault_namespace=own_namespace,
                mount=mount,
                auth_path=auth_path,
                role_name=role.role_name,
                audience=audience,
            )
        self._serve(
            name,
            replace(common, settings=settings),
            child,
            identity=identity,
            audience=audience,
            variables=lift(
                variables,
                address=address,
                vault_namespace=own_namespace,
                mount=mount,
                auth_path=auth_path,
                role_name=role.role_name,
            ),
            account_annotations={ROLE_ANNOTATION: identity},
            external_provider=external,
        )


def _role_name(namespace: str, name: object) -> str:
    return vault_checks.role_name(f"secret-access-{namespace}" if name is None else name)


def _grant(mount: str, prefix: str, access: Access, events: bool, exact_names: list[str], external: bool) -> str:
    return documents.render(
        documents.secrets_policy(mount, prefix, access, events=events, exact_names=exact_names, external=external)
    )


def _identity(own_namespace: str | None, auth_path: str, role_name: str) -> str:
    """Return the role's path in Vault's API, as the sidecar's errors and logs name it."""
    return "/".join([*([own_namespace] if own_namespace else []), "auth", auth_path, "role", role_name])
