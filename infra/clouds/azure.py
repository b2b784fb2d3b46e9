"""Stacks on Azure: their settings, the provider for their subscription, and their components."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pulumi
import pulumi_azure_native as azure
from pulumi_azure_native import resources

from secret_access import AzureSecretAccess, AzureSecretAccessArgs, SecretAccess, checks
from secret_access.azure import checks as azure_checks
from secret_access.azure import issuers
from secret_access.azure.arguments import OF_CREATED
from secret_access.azure.environment import BACKEND
from secret_access.pods import checks as pod_checks
from section import Section

from .cloud import Arguments, Cloud, ClusterOutputs, identity_name, later
from .credentials import ask

AUTHORITIES = {
    "usgovernment": "https://login.microsoftonline.us",
    "china": "https://login.partner.microsoftonline.cn",
}
"""Entra in Azure's other clouds, by the provider's name for them."""
ENVIRONMENTS = ("public", *AUTHORITIES)
BINDING = ("identity_binding_cluster_id", "token_proxy_url", "token_proxy_sni_name")
"""What a cluster's file and its outputs say of AKS's identity bindings, where it has them."""


@dataclass(frozen=True)
class Azure(Cloud):
    """The subscription and resource group that a stack is for."""

    tenant_id: str
    subscription_id: str
    resource_group: str
    location: str
    environment: str = "public"
    authority_host: str | None = None
    """Entra in another of Azure's clouds than the public one."""
    metadata_host: str | None = None
    """Host that says where Azure's services are, in place of Azure's own (the laptop environment)."""

    name = "azure"
    backend = BACKEND
    same = ("tenant_id",)
    needed = ("issuer",)
    optional = BINDING

    def cluster_arguments(self, top: Section) -> Arguments:
        issuer = top.checked("issuer", issuers.issuer, top.take("issuer", example=issuers.EXAMPLE_ISSUER))
        binding = top.given(
            {
                "identity_binding_cluster_id": _cluster_id,
                "token_proxy_url": _url("token_proxy_url", "https://blue-dns-a1b2c3d4.hcp.westeurope.azmk8s.io"),
                "token_proxy_sni_name": azure_checks.sni_name,
            }
        )
        if binding:
            top.checked("", partial(issuers.trust, False), list(binding))
        return {"issuer": issuer, **binding}

    def environment_arguments(self, top: Section) -> Arguments:
        return {"tags": top.mapping("tags", "team: platform")}

    def namespace_arguments(self, section: Section, shared: Arguments) -> Arguments:
        del shared
        return section.given(
            {
                "issuers": _issuers,
                "identity_binding": partial(checks.flag, "identity_binding"),
                "identity_name": azure_checks.identity_name,
                "identity_id": _identity_id,
                "client_id": azure_checks.client_id,
                "principal_id": partial(azure_checks.principal_id, client=""),
                "vault_name": azure_checks.vault_name,
                "recover_vault": partial(checks.flag, "recover_vault"),
                "purge_protection": partial(checks.flag, "purge_protection"),
                "vault_id": _vault_id,
                "shared_vault": partial(checks.flag, "shared_vault"),
                "vault_url": _url("vault_url", "https://secrets-of-team-a.vault.azure.net"),
                "assign_roles": partial(checks.flag, "assign_roles"),
                "write_role_id": _write_role_id,
                "app_containers": pod_checks.app_containers,
                "aad_pod_identity_binding": azure_checks.pod_identity,
            }
        )

    def provider(self) -> azure.Provider:
        """Return the provider for one tenant and subscription, after asking for the resource group there.

        Credentials of another tenant, or without rights in the subscription, are refused that answer.
        """
        provider = azure.Provider(
            "azure",
            environment=self.environment,
            metadata_host=self.metadata_host,
            subscription_id=self.subscription_id,
            tenant_id=self.tenant_id,
        )
        ask(
            lambda: resources.get_resource_group(self.resource_group, opts=pulumi.InvokeOptions(provider=provider)),
            cloud="Azure",
            where=self.metadata_host or "Azure Resource Manager",
            expected=f"the resource group {self.resource_group!r} in the stack's azure.subscription_id "
            f"{self.subscription_id!r} of the tenant {self.tenant_id!r}",
            fix="run `az login --tenant` for that tenant, create the group, or choose another stack",
        )
        return provider

    def trust(self, name: str, arguments: Arguments, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[str]]:
        """Return the issuer: Azure has no resource for a cluster, since each identity names its issuers."""
        del name, opts
        return arguments

    def access(
        self, name: str, arguments: Arguments, cluster: pulumi.Output[ClusterOutputs], opts: pulumi.ResourceOptions
    ) -> SecretAccess:
        args = dict(arguments)
        trust: Arguments
        further = args.pop("issuers", {})
        if args.pop("identity_binding", False):
            trust = {key: later(cluster, key, "identity_binding") for key in BINDING}
        else:
            trust = {"issuers": {"cluster": cluster.apply(lambda known: known.own["issuer"]), **further}}
        if "identity_id" not in args:
            args.setdefault("identity_name", cluster.apply(lambda known: identity_name(known.name, name)))
        args |= {
            "tenant_id": self.tenant_id,
            "resource_group": self.resource_group,
            "location": self.location,
            "tags": {**arguments["tags"], "secret-access-namespace": name},
            **({"authority_host": self.authority_host} if self.authority_host else {}),
            **trust,
        }
        if "identity_id" in args and "vault_id" in args:
            args = {key: value for key, value in args.items() if key not in OF_CREATED}
        return AzureSecretAccess(name, cast("AzureSecretAccessArgs", args), opts)


def read(section: Section) -> Azure:
    """Return the settings under the key `azure`."""
    environment = section.text(
        "environment", "public", pattern="|".join(ENVIRONMENTS), example="public, usgovernment or china"
    )
    settings = Azure(
        tenant_id=section.checked(
            "tenant_id", azure_checks.tenant_id, section.take("tenant_id", example=azure_checks.EXAMPLE_UUID)
        ),
        subscription_id=section.checked(
            "subscription_id",
            partial(azure_checks.unique_id, "subscription_id", fix="run `az account show --query id`"),
            section.take("subscription_id", example=azure_checks.EXAMPLE_UUID),
        ),
        resource_group=section.checked(
            "resource_group", azure_checks.resource_group, section.take("resource_group", example="secrets")
        ),
        location=section.checked("location", azure_checks.location, section.take("location", example="westeurope")),
        environment=environment,
        authority_host=section.checked(
            "authority_host",
            _url("authority_host", "https://login.microsoftonline.us"),
            section.take("authority_host", None),
        )
        or AUTHORITIES.get(environment),
        metadata_host=section.text(
            "metadata_host", None, pattern=r"[A-Za-z0-9.-]+(:[0-9]+)?", example="10.78.0.1:4571"
        ),
    )
    section.close()
    return settings


def _url(argument: str, example: str) -> Callable[[object], str | None]:
    return partial(azure_checks.https_url, argument, example=example)


def _cluster_id(given: object) -> str:
    return azure_checks.cluster_id(given).text


def _identity_id(given: object) -> str:
    return azure_checks.identity_id(given).text


def _vault_id(given: object) -> str:
    return azure_checks.vault_id(given).text


def _write_role_id(given: object) -> str:
    azure_checks.write_role(given)
    return str(given)


def _issuers(given: object) -> dict[str, object]:
    """Return the issuers of further clusters; `cluster` is the stack's own."""
    further = issuers.by_cluster(given)
    urls: list[Any] = list(further.values())
    issuers.distinct(urls)
    if "cluster" in further:
        raise checks.invalid("issuers", "cluster", "another name: this one is the stack's own cluster", "rename it")
    issuers.by_cluster({"cluster": "", **further})  # an identity has so many in all
    return further
