"""A namespace's identity on Azure: a managed identity for one ServiceAccount, with access to its own secrets."""

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi_azure_native import authorization, config, containerservice, keyvault, managedidentity

from ..access import SecretAccess
from ..arguments import Arguments
from ..inputs import children_of, lift, once_accepted, or_default
from . import checks as azure_checks
from . import documents, external_store
from .arguments import POD_IDENTITY_LABEL, Asked, AzureSecretAccessArgs
from .documents import ResourceId
from .environment import variables
from .subscription import subscription_of

CLIENT_ANNOTATION = "secret-access/client-id"
POD_IDENTITY_RETIRED = (
    "aad-pod-identity is archived and gets no fixes (https://github.com/Azure/aad-pod-identity): the sidecar does not "
    f"use it, and the label {POD_IDENTITY_LABEL} serves other containers of the pod alone"
)


Made = list[pulumi.CustomResource]


class AzureSecretAccess(SecretAccess):
    """A namespace's identity on Azure, which may use the namespace's secrets and nothing else.

    Creates a user-assigned managed identity that only the namespace's ServiceAccount can become, a vault of its own
    (or takes a shared one, with access secret by secret), the role assignments, and the ServiceAccount, and returns the
    sidecar that serves the secrets on localhost. Azure has no way for one program to own all role assignments
    of an identity: one added elsewhere is neither seen nor removed. The output `identity` is the client
    id.
    """

    identity_id: pulumi.Output[str]
    """Resource id of the identity, known once it is complete, for the component of another cluster."""
    principal_id: pulumi.Output[str]
    """Principal id of the identity, known once it is complete, for the component of another cluster."""
    vault_id: pulumi.Output[str]
    """Resource id of the vault, for an AzureAuditTrail."""
    vault_url: pulumi.Output[str]
    """Address of the vault, for those who create the secrets."""

    def __init__(self, name: str, args: AzureSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"AzureSecretAccess {name!r}"
        given = Arguments(where, args, AzureSecretAccessArgs)
        asked = Asked(given, where)
        common = asked.common
        super().__init__("secret-access:index:AzureSecretAccess", name, {}, opts)
        accepted: list[Any] = [*asked.accepted, *_in_subscription(given, asked, self)]
        child = once_accepted(children_of(self, opts), accepted)
        if "aad_pod_identity_binding" in given:
            pulumi.log.warn(POD_IDENTITY_RETIRED, self)

        identity = _identity_of(name, asked, child)
        vault_id, vault_url = _vault_of(name, asked, child)
        credentials, bound = _trust(name, asked, identity, child)
        made = [*credentials, *bound, *_assign_roles(name, asked, identity.principal_id, vault_id, child)]
        ids: list[Any] = [resource.id for resource in made]
        ids += asked.own_created(given, where, identity.id, vault_id)
        same = azure_checks.same_subscription
        if asked.has_identity:
            ids += [given.check(same, "identity_id", asked.identity, one.id) for one in credentials]
        ids += [given.check(same, "identity_binding_cluster_id", asked.cluster, one.id) for one in bound[:1]]
        complete = pulumi.Output.all(identity.client_id, identity.id, identity.principal_id, *ids)
        client_id = complete.apply(lambda known: str(known[0]))
        self.identity_id = complete.apply(lambda known: str(known[1]))
        self.principal_id = complete.apply(lambda known: str(known[2]))
        self.vault_id = pulumi.Output.from_input(vault_id)
        self.vault_url = pulumi.Output.from_input(vault_url)
        external = None
        if common.external:
            where_and_who = (vault_url, asked.tenant_id, asked.authority_host)
            external = lift(external_store.provider, common.account_name, *where_and_who)
        self._serve(
            name,
            replace(common, files=asked.files) if asked.has_binding else common,
            child,
            identity=client_id,
            audience=documents.BINDING_AUDIENCE if asked.has_binding else documents.AUDIENCE,
            variables=lift(
                variables,
                vault_url=vault_url,
                client_id=client_id,
                tenant_id=asked.tenant_id,
                authority_host=asked.authority_host,
                token_proxy_url=asked.proxy_url,
                token_proxy_sni_name=asked.proxy_sni_name,
            ),
            account_annotations=_account_annotations(client_id, common.external),
            pod_annotations=asked.pod_annotations,
            pod_labels=asked.pod_labels,
            external_provider=external,
            outputs={
                "identityId": self.identity_id,
                "principalId": self.principal_id,
                "vaultId": self.vault_id,
                "vaultUrl": self.vault_url,
            },
        )


def _in_subscription(given: Arguments, asked: Asked, component: pulumi.Resource) -> list[pulumi.Input[ResourceId]]:
    """Check that what exists is where the provider makes things: before, as group and name mean another one there."""
    if not (asked.has_binding or asked.has_identity):
        return []
    argument, there = "identity_id", asked.identity
    if asked.has_binding:
        argument, there = "identity_binding_cluster_id", asked.cluster
    configured = config.subscription_id  # type: ignore[attr-defined]  # the types spell it as Pulumi's schema does
    provided = subscription_of(component, configured, authorization.get_client_config_output)
    return [given.check(azure_checks.in_subscription, argument, there, provided)]


@dataclass(frozen=True)
class _Identity:
    """A managed identity, created or found."""

    id: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    name: pulumi.Input[str]
    client_id: pulumi.Input[str]
    principal_id: pulumi.Input[str]


def _identity_of(name: str, asked: Asked, child: pulumi.ResourceOptions) -> _Identity:
    """Create the identity, or take the existing one."""
    if asked.has_identity:
        return _Identity(
            lift(attrgetter("text"), asked.identity),
            lift(attrgetter("resource_group"), asked.identity),
            lift(attrgetter("name"), asked.identity),
            asked.client_id,
            asked.principal_id,
        )
    made = managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_group_name=asked.resource_group,
        location=asked.location,
        resource_name_=asked.identity_name,
        tags=asked.tags,
        opts=child,
    )
    return _Identity(made.id, asked.resource_group, made.name, made.client_id, made.principal_id)


def _trust(name: str, asked: Asked, identity: _Identity, child: pulumi.ResourceOptions) -> tuple[Made, Made]:
    """Make the federated credentials, or the identity binding and its rights in the cluster, after those of others.

    Azure refuses two writes at a time to one identity, whichever component of the program has them made.
    """
    writes: Made = []
    before = asked.follow(writes)
    first = child if before is None else _after([before], child)
    if asked.has_binding:
        bound = _bind(name, asked, identity, first, child)
        writes += bound[:1]
        return [], bound
    _federate(name, asked, identity, first, writes)
    return writes, []


def _after(before: Any, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=before))


def _federate(name: str, asked: Asked, identity: _Identity, first: pulumi.ResourceOptions, made: Made) -> None:
    """Make the federated credentials one after the other."""
    for cluster, issuer in asked.issuers.items():
        made.append(
            managedidentity.FederatedIdentityCredential(
                f"{name}-credential/{cluster}",
                resource_group_name=identity.resource_group,
                resource_name_=identity.name,
                federated_identity_credential_resource_name=lift(
                    documents.credential_name, issuer, asked.common.subject
                ),
                issuer=issuer,
                subject=asked.common.subject,
                audiences=[documents.AUDIENCE],
                opts=_after(made[-1:], first),
            )
        )


def _bind(
    name: str, asked: Asked, identity: _Identity, first: pulumi.ResourceOptions, child: pulumi.ResourceOptions
) -> Made:
    """Bind the identity to the AKS cluster, and allow the ServiceAccount to use it there."""
    common, full_name = asked.common, lift(_role_name, asked.common.namespace, asked.common.account_name)
    binding = containerservice.IdentityBinding(
        f"{name}-binding",
        resource_group_name=lift(attrgetter("resource_group"), asked.cluster),
        resource_name_=lift(attrgetter("name"), asked.cluster),
        identity_binding_name=lift(documents.binding_name, identity.id),
        properties={"managed_identity": {"resource_id": identity.id}},
        opts=first,
    )
    rule: Any = lift(documents.binding_rule, identity.client_id)
    role = k8s.rbac.v1.ClusterRole(
        f"{name}-binding-role",
        metadata={"name": full_name},
        rules=[rule],
        opts=child,
    )
    account: Any = {"kind": "ServiceAccount", "name": common.account_name, "namespace": common.namespace}
    allowed = k8s.rbac.v1.ClusterRoleBinding(
        f"{name}-binding-role-binding",
        metadata={"name": full_name},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": full_name},
        subjects=[account],
        opts=_after([role], child),
    )
    return [binding, allowed]


def _role_name(namespace: str, account_name: str) -> str:
    return f"secret-access:{namespace}:{account_name}"


def _vault_of(name: str, asked: Asked, child: pulumi.ResourceOptions) -> tuple[pulumi.Input[str], pulumi.Input[str]]:
    """Return the vault's resource id and its address."""
    if asked.has_vault:
        return lift(attrgetter("text"), asked.vault), asked.existing_url
    made = keyvault.Vault(
        f"{name}-vault",
        resource_group_name=asked.resource_group,
        location=asked.location,
        vault_name=asked.vault_name,
        properties=lift(
            documents.vault_properties,
            asked.tenant_id,
            purge_protection=asked.purge_protection,
            recover=asked.recover,
        ),
        tags=asked.tags,
        opts=child,
    )
    return made.id, lift(or_default, asked.vault_url, made.properties.apply(attrgetter("vault_uri")))


def _assign_roles(
    name: str,
    asked: Asked,
    principal_id: pulumi.Input[str],
    vault_id: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> Made:
    """Assign the role on the namespace's own vault, or on each declared secret of a shared one."""
    if not asked.roles:
        return []
    scopes: dict[str, pulumi.Input[str]] = {f"{name}-role": vault_id}
    if asked.has_shared_vault:
        scopes = {
            f"{name}-role/{secret}": lift(documents.secret_scope, vault_id, spelled)
            for secret, spelled in asked.shared_secrets.items()
        }
    return [
        authorization.RoleAssignment(
            resource,
            role_assignment_name=lift(documents.assignment_name, scope, principal_id, asked.role),
            scope=scope,
            principal_id=principal_id,
            # Otherwise Azure looks the principal up, and has not heard yet of one that was just created
            principal_type="ServicePrincipal",
            role_definition_id=lift(documents.role_definition_id, scope, asked.role),
            opts=child,
        )
        for resource, scope in scopes.items()
    ]


def _account_annotations(client_id: pulumi.Input[str], external: bool) -> dict[str, pulumi.Input[str]]:
    """Return a ServiceAccount's annotations: for people, and for the External Secrets Operator where it may be used.

    AKS's webhook goes by the second too, on pods that carry its label, which ours do not.
    """
    return {CLIENT_ANNOTATION: client_id, **({external_store.CLIENT_ID_ANNOTATION: client_id} if external else {})}
