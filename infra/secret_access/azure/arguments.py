"""The arguments of AzureSecretAccess, and what they ask for once they are checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NotRequired

import pulumi

from .. import checks
from ..access import CommonArguments, SecretAccessArgs, common_arguments
from ..arguments import Arguments, shown
from ..checks import Access, invalid
from ..inputs import lift
from ..owners import OWNERS, Owner
from ..pods import checks as pod_checks
from ..pods import sidecar_container
from . import authorities, documents, external_store
from . import checks as azure_checks
from . import issuers as issuer_checks
from .documents import ResourceId
from .environment import BACKEND, PROXY_CA, PROXY_CA_FOLDER
from .program_credentials import AKS, CREDENTIALS

POD_IDENTITY_LABEL = "aadpodidbinding"
Files = dict[str, dict[str, Any]]
OF_CREATED = ("resource_group", "location", "tags")
"""Arguments that say something of what is created alone."""


class AzureSecretAccessArgs(SecretAccessArgs):
    """Arguments of AzureSecretAccess."""

    tenant_id: pulumi.Input[str]
    """The Entra tenant of identity and vault. Example: `11111111-2222-3333-4444-555555555555`."""
    issuers: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Issuers of the clusters whose ServiceAccount may become the identity, by a name of your own for each cluster; at
    most 20. An AKS issuer ends in `/`. Default: none, where an identity binding is used.
    Example: `{"blue": "https://westeurope.oic.prod-aks.azure.com/TENANT/CLUSTER/"}`."""
    resource_group: NotRequired[pulumi.Input[str]]
    """The resource group of what is created. Default: none; required unless identity and vault exist already, and then
    refused.
    Example: `secrets`."""
    location: NotRequired[pulumi.Input[str]]
    """The region of what is created. Default: none; required unless identity and vault exist already, and then refused.
    Example: `westeurope`."""
    identity_name: NotRequired[pulumi.Input[str]]
    """Name of the managed identity that is created, at most 128 characters. Default: `secret-access-` and the
    namespace. Example: `secret-access-blue-test`."""
    identity_id: NotRequired[pulumi.Input[str]]
    """Resource id of a user-assigned identity that exists already; give its `client_id` and `principal_id` too.
    Default: none, one is created."""
    client_id: NotRequired[pulumi.Input[str]]
    """Client id of the existing identity. Default: that of the identity that is created."""
    principal_id: NotRequired[pulumi.Input[str]]
    """Principal id of the existing identity. Default: that of the identity that is created."""
    vault_name: NotRequired[pulumi.Input[str]]
    """Name of the namespace's own vault, which is created: unique in all of Azure, at most 24 characters, and taken
    until a deleted one of that name is purged. Default: the namespace, `-` and 8 digits of a digest of tenant, resource
    group and namespace. Example: `secrets-of-shop`."""
    recover_vault: NotRequired[pulumi.Input[bool]]
    """The vault was deleted and is recovered with its secrets; take it out again afterwards. Default: false, and a
    deleted vault of that name stops the deployment."""
    purge_protection: NotRequired[pulumi.Input[bool]]
    """The vault and its secrets cannot be purged before their 90 days are over; cannot be switched off again.
    Default: true."""
    vault_id: NotRequired[pulumi.Input[str]]
    """Resource id of a vault that exists already, which must authorize by Azure RBAC. Default: none, one is created.
    Example: `/subscriptions/ID/resourceGroups/secrets/providers/Microsoft.KeyVault/vaults/secrets-of-team-a`."""
    shared_vault: NotRequired[bool]
    """The existing vault has other namespaces' secrets too: each name in `secrets` gets a role assignment of its own.
    With false, one assignment covers the whole vault. Default: true."""
    vault_url: NotRequired[pulumi.Input[str]]
    """Address of the vault for the sidecar. Default: as Azure says for a vault that is created; for an existing one
    `https://NAME.vault.azure.net`, or its like in the cloud of `authority_host`, and required if that is not Azure's
    own. Example: `https://secrets-of-team-a.vault.usgovcloudapi.net`."""
    assign_roles: NotRequired[bool]
    """Make the role assignments; false where another component or program of yours has made them, such as that of
    another cluster with the same identity. Default: true."""
    write_role_id: NotRequired[pulumi.Input[str]]
    """Resource id of the role for `access: read_write`, such as a custom one that does not purge, back up and restore.
    Default: Key Vault Secrets Officer.
    Example: `/providers/Microsoft.Authorization/roleDefinitions/11111111-2222-3333-4444-555555555555`."""
    authority_host: NotRequired[pulumi.Input[str]]
    """Entra's address in another cloud than the public one. Default: none.
    Example: `https://login.microsoftonline.us`."""
    identity_binding_cluster_id: NotRequired[pulumi.Input[str]]
    """Resource id of the AKS cluster, which is given an identity binding in place of a federated credential in
    `issuers`; needs `token_proxy_url` and `token_proxy_sni_name` too. Default: none."""
    token_proxy_url: NotRequired[pulumi.Input[str]]
    """With an identity binding: the address of AKS's token proxy, that of the API server. Default: none.
    Example: `https://blue-dns-a1b2c3d4.hcp.westeurope.azmk8s.io`."""
    token_proxy_sni_name: NotRequired[pulumi.Input[str]]
    """With an identity binding: the name of AKS's token proxy in TLS. Default: none. Example: `a1b2c3.ests.aks`."""
    app_containers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Names of the other containers in pods that get `pod_annotations` by hand, so that AKS's webhook gives them no
    token where a pod has the label `azure.workload.identity/use`. Default: `["app"]`."""
    aad_pod_identity_binding: NotRequired[pulumi.Input[str]]
    """Value of the label `aadpodidbinding` of pods, for containers that still use aad-pod-identity, which is retired:
    there is a warning. Default: none, no such label."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of what is created in Azure; refused where identity and vault exist already. Default: none.
    Example: `{"team": "a"}`."""


class Asked:
    """The arguments, checked; some may be known only later."""

    def __init__(self, given: Arguments, where: str) -> None:
        self.has_identity = "identity_id" in given
        self.has_vault = "vault_id" in given
        self.has_binding = any(name in given for name in issuer_checks.BINDING)
        self.credentials = CREDENTIALS.get()
        self.common: CommonArguments = common_arguments(given, BACKEND)
        self.tenant_id = given.take("tenant_id", azure_checks.tenant_id)
        issuers = given.plain("issuers", issuer_checks.by_cluster, {}, by_name=True)
        given.check(issuer_checks.trust, bool(issuers), [name for name in issuer_checks.BINDING if name in given])
        self.issuers = _by_name(issuers, given.check(issuer_checks.distinct, list(issuers.values())))
        self._take_identity(given)
        self._take_vault(given)
        self.roles = given.plain("assign_roles", partial(checks.flag, "assign_roles"), True)
        self.role = self._role(given)
        is_shared = given.plain("shared_vault", partial(checks.flag, "shared_vault"), True)
        self.has_shared_vault = self.has_vault and is_shared
        self.shared_secrets: dict[str, pulumi.Input[str]] = {}
        if self.has_shared_vault and self.roles:
            declared = given.plain("secrets", _plain_secrets, [])
            spelled = given.check(azure_checks.shared_secrets, declared, self.common.prefix)
            names = checks.as_resources(BACKEND.spelling, declared, self.common.prefix)
            self.shared_secrets = _by_name(names, spelled)
        self._own(given, where)
        self.authority_host = _url(given, "authority_host", "https://login.microsoftonline.us")
        if self.has_vault:
            self.existing_url = given.check(authorities.vault_url, self.vault_url, self.vault, self.authority_host)
        if self.common.external:
            given.check(external_store.environment, self.authority_host)
            for name in issuer_checks.BINDING:
                if name in given:
                    given.check(external_store.no_binding, shown(given.get(name)))
        self.tags = given.take("tags", checks.tags)
        self.pod_annotations = given.take("app_containers", _pod_annotations, ["app"])
        self.pod_labels = given.take("aad_pod_identity_binding", _pod_labels)
        self.cluster = given.optional("identity_binding_cluster_id", azure_checks.cluster_id)
        self.proxy_url = _url(given, "token_proxy_url", "https://blue-dns-a1b2c3d4.hcp.westeurope.azmk8s.io")
        self.proxy_sni_name = given.optional("token_proxy_sni_name", azure_checks.sni_name)
        if self.has_binding:
            self.files = given.check(_beside_proxy_ca, self.common.files)
        self.accepted = self._of_the_program(given, where) if self.has_identity else []

    def _take_identity(self, given: Arguments) -> None:
        self.identity: Any = None
        if not self.has_identity:
            _refuse_without(given, ("client_id", "principal_id"), "identity_id", "set identity_id too")
            self.identity_name = given.check(_identity_name, self.common.namespace, given.get("identity_name"))
        else:
            _refuse_beside(given, ("identity_name",), "identity_id", "leave it out")
            self.identity = given.take("identity_id", azure_checks.identity_id)
            self.client_id = given.take("client_id", azure_checks.client_id)
            self.principal_id = given.check(azure_checks.principal_id, given.get("principal_id"), self.client_id)
        if self.has_identity and self.has_vault:
            fix = "leave it out: neither identity nor vault is created"
            _refuse_beside(given, OF_CREATED, "identity_id and vault_id", fix)
        else:
            self.resource_group = given.take("resource_group", azure_checks.resource_group)
            self.location = given.take("location", azure_checks.location)

    def _take_vault(self, given: Arguments) -> None:
        if not self.has_vault:
            _refuse_without(given, ("shared_vault",), "vault_id", "set vault_id, or leave it out")
            name, namespace = given.get("vault_name"), self.common.namespace
            self.vault_name = given.check(_vault_name, name, namespace, self.resource_group, self.tenant_id)
            self.purge_protection = given.named("purge_protection", checks.flag, True)
            self.recover = given.named("recover_vault", checks.flag, False)
        else:
            created = ("vault_name", "recover_vault", "purge_protection")
            _refuse_beside(given, created, "vault_id", "leave it out: an existing vault is never changed")
            self.vault = given.take("vault_id", azure_checks.vault_id)
        self.vault_url = _url(given, "vault_url", "https://secrets-of-team-a.vault.azure.net")

    def _own(self, given: Arguments, where: str) -> None:
        """Refuse an identity, and a vault that is taken whole, that another namespace of the program has too."""
        known = (self.common.namespace, self.common.prefix)
        if self.has_identity:
            fix = "name an identity of the namespace alone, or leave it out to have one created"
            self.identity = given.check(_owned(where, "identity_id", True, fix), self.identity, *known)
        if self.has_vault and self.roles:
            fix = "keep a vault that has several namespaces' secrets shared: leave shared_vault out"
            self.vault = given.check(_owned(where, "vault_id", not self.has_shared_vault, fix), self.vault, *known)

    def own_created(
        self, given: Arguments, where: str, identity_id: pulumi.Input[str], vault_id: pulumi.Input[str]
    ) -> list[pulumi.Input[str]]:
        """Refuse another namespace's component that takes what this one creates, once its id is known."""
        known, owners = (self.common.namespace, self.common.prefix), OWNERS.get()

        def own(what: str, fix: str, created: str, namespace: str, prefix: str) -> str:
            return owners.own(what, created, Owner(where, namespace, prefix), fix)

        owned: list[pulumi.Input[str]] = []
        if not self.has_identity:
            fix = "leave identity_id out of the other component, to have an identity created for it"
            owned.append(given.check(partial(own, "the identity", fix), identity_id, *known))
        if not self.has_vault:
            fix = "give both components a vault that neither creates"
            owned.append(given.check(partial(own, "the vault", fix), vault_id, *known))
        return owned

    def _role(self, given: Arguments) -> pulumi.Input[str]:
        """Return the role that is assigned."""
        if "write_role_id" not in given:
            return lift(documents.role_of, self.common.access)
        if not self.roles:
            _refuse_beside(given, ("write_role_id",), "assign_roles: false", "leave out one of the two")
        return given.check(_write_role, given.get("write_role_id"), self.common.access)

    def _of_the_program(self, given: Arguments, where: str) -> list[pulumi.Input[None]]:
        """Check what the program writes for the identity, this component's part included."""
        seen, subject = self.credentials, self.common.subject
        if self.has_binding:
            counted = given.check(seen.count, self.identity, AKS, 1)
            return [counted, given.check(seen.bind_once, self.identity, self.cluster, where)]
        counted = given.check(seen.count, self.identity, where, len(self.issuers))
        once = (given.check(seen.trust_once, self.identity, issuer, subject, where) for issuer in self.issuers.values())
        return [counted, *once]

    def follow(self, writes: Sequence[pulumi.Resource]) -> pulumi.Input[pulumi.Resource | None]:
        """Return what Azure has to have written for the identity before the component's `writes`; None for nothing."""
        return self.credentials.follow(self.identity, writes) if self.has_identity else None


def _owned(where: str, argument: str, alone: bool, fix: str) -> Callable[[ResourceId, str, str], ResourceId]:
    owners = OWNERS.get()

    def owned(resource: ResourceId, namespace: str, prefix: str) -> ResourceId:
        owners.own(argument, resource.text, Owner(where, namespace, prefix, alone), fix)
        return resource

    return owned


def _by_name(names: Iterable[str], values: pulumi.Input[list[str]]) -> dict[str, pulumi.Input[str]]:
    """Return each value by its name; how many there are decides what is made, so the names are known."""
    return {name: lift(itemgetter(number), values) for number, name in enumerate(names)}


def _url(given: Arguments, argument: str, example: str) -> pulumi.Input[str | None]:
    return given.take(argument, partial(azure_checks.https_url, argument, example=example))


def _refuse_beside(given: Arguments, names: Sequence[str], other: str, fix: str) -> None:
    for name in names:
        if name in given:
            given.check(_refuse, f"{name} beside {other}", shown(given.get(name)), f"no {name}", fix)


def _refuse_without(given: Arguments, names: Sequence[str], other: str, fix: str) -> None:
    for name in names:
        if name in given:
            given.check(_refuse, f"{name} without {other}", shown(given.get(name)), f"{other} beside it", fix)


def _refuse(what: str, value: object, expected: str, fix: str) -> None:
    raise invalid(what, value, expected, fix)


def _write_role(given: object, access: Access) -> str:
    role = azure_checks.write_role(given)
    if access is Access.READ_WRITE:
        return role
    raise invalid(
        "write_role_id without access: read_write", given, "access: read_write beside it", "set access, or leave it out"
    )


def _plain_secrets(declared: object) -> list[str]:
    return checks.texts("secrets", declared, '["database-password"]')


def _identity_name(namespace: str, name: object) -> str:
    return azure_checks.identity_name(f"secret-access-{namespace}" if name is None else name)


def _vault_name(name: object, namespace: str, resource_group: str, tenant_id: str) -> str:
    if name is None:
        name = documents.default_vault_name(namespace, resource_group, tenant_id)
    return azure_checks.vault_name(name)


def _beside_proxy_ca(files: Files) -> Files:
    """Return the sidecar's files, and the certificates of the token proxy."""
    pod_checks.clear_of(files, PROXY_CA_FOLDER, "the certificates of the token proxy are")
    return {**files, PROXY_CA_FOLDER: PROXY_CA}


def _pod_annotations(app_containers: object) -> dict[str, str]:
    """Return the annotation that keeps AKS's webhook from giving containers a token for the identity."""
    annotation = pod_checks.AZURE_SKIP_ANNOTATION
    names = [*pod_checks.app_containers(app_containers), sidecar_container.CONTAINER]
    return {annotation: pod_checks.BETWEEN_SKIPPED[annotation].join(names)}


def _pod_labels(binding: object) -> dict[str, str]:
    return {} if binding is None else {POD_IDENTITY_LABEL: azure_checks.pod_identity(binding)}
