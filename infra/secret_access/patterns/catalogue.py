"""The patterns among which `recommend` chooses: what each can do, what it gives up, and how to begin. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .situation import Reads, Vault

EVERY_VAULT = frozenset(Vault)
EVERY_WAY = frozenset(Reads)


class Pattern(StrEnum):
    """A way for an application to get its secrets."""

    CONFIG_MAP = "config_map"
    KUBERNETES_SECRET = "kubernetes_secret"  # noqa: S105  a pattern
    EXTERNAL_SECRETS = "external_secrets"
    CSI_DRIVER = "csi_driver"
    NATIVE_SDK = "native_sdk"
    VENDOR_AGENT = "vendor_agent"
    SIDECAR = "sidecar"
    SHARED_SERVICE = "shared_service"


@dataclass(frozen=True)
class Traits:
    """What holds for a pattern, whoever uses it."""

    name: str
    """For people."""
    is_in_etcd: bool
    isolates: bool
    """The vault decides by namespace who reads a secret."""
    serves_any_language: bool
    serves: frozenset[Reads]
    """How applications may take their secrets."""
    vaults: frozenset[Vault]
    """Those that it works with."""
    needs_vault: bool
    is_for_several_vaults: bool
    """One application, or one team, may use several vaults by it."""
    is_container: bool
    """Each pod has one more container."""
    is_vendor_supported: bool
    fits: str
    """When it is the better choice, where others serve too."""
    gives_up: tuple[str, ...]
    next_steps: tuple[str, ...]
    by_vault: Mapping[Vault, str]
    """One more step in each vault."""


_IN_ETCD = (
    "the values are in etcd and in the cluster's backups",
    "whoever may read Secrets of the namespace, or create pods there, has them: the boundary is the cluster's RBAC",
)
_CSI = {
    Vault.AWS: "EKS: install the add-on aws-secrets-store-csi-driver-provider",
    Vault.AZURE: "AKS: enable the add-on azure-keyvault-secrets-provider",
    Vault.GCP: "GKE: enable the add-on of Secret Manager on the cluster",
    Vault.VAULT: "install the Secrets Store CSI Driver and Vault's provider",
}
_COMPONENTS = {
    Vault.AWS: "make ClusterTrust for the cluster, and AwsSecretAccess for each namespace",
    Vault.AZURE: "make AzureSecretAccess for each namespace",
    Vault.GCP: "make GcpClusterTrust for the cluster, and GcpSecretAccess for each namespace",
    Vault.VAULT: "make VaultClusterTrust for the cluster, and VaultSecretAccess for each namespace",
}

PATTERNS: Mapping[Pattern, Traits] = {
    Pattern.CONFIG_MAP: Traits(
        name="ConfigMap",
        is_in_etcd=True,
        isolates=False,
        serves_any_language=True,
        serves=EVERY_WAY,
        vaults=EVERY_VAULT,
        needs_vault=False,
        is_for_several_vaults=True,
        is_container=False,
        is_vendor_supported=True,
        fits="for what is no secret",
        gives_up=("everybody who may read the namespace reads it",),
        next_steps=("keep it in the repository, beside the manifests",),
        by_vault={},
    ),
    Pattern.KUBERNETES_SECRET: Traits(
        name="Kubernetes Secret",
        is_in_etcd=True,
        isolates=False,
        serves_any_language=True,
        serves=EVERY_WAY,
        vaults=EVERY_VAULT,
        needs_vault=False,
        is_for_several_vaults=True,
        is_container=False,
        is_vendor_supported=True,
        fits="where it may be in etcd and rarely changes",
        gives_up=(*_IN_ETCD, "nobody rotates it", "no vault has a trail of who read it"),
        next_steps=(
            "make it with KubernetesSecret, from a secret of the stack's configuration",
            "turn on encryption at rest, and see who may get, list and watch Secrets",
        ),
        by_vault={},
    ),
    Pattern.EXTERNAL_SECRETS: Traits(
        name="External Secrets Operator",
        is_in_etcd=True,
        isolates=True,
        serves_any_language=True,
        serves=EVERY_WAY,
        vaults=EVERY_VAULT,
        needs_vault=True,
        is_for_several_vaults=True,
        is_container=False,
        is_vendor_supported=False,
        fits="where manifests in Git decide, or the application reads Kubernetes Secrets and cannot be changed",
        gives_up=(
            *_IN_ETCD,
            "a rotation arrives after the refresh interval, and a revoked right leaves the copy",
            "the operator may create tokens of every ServiceAccount, and read every Secret",
        ),
        next_steps=(
            "install the operator without a cloud identity of its own",
            "set external_secrets on the namespace's access component, and make ExternalSecretAccess",
            "let nobody but the platform create SecretStores",
        ),
        by_vault=_COMPONENTS,
    ),
    Pattern.CSI_DRIVER: Traits(
        name="Secrets Store CSI Driver",
        is_in_etcd=False,
        isolates=True,
        serves_any_language=True,
        serves=frozenset({Reads.CODE, Reads.FILES}),
        vaults=EVERY_VAULT,
        needs_vault=True,
        is_for_several_vaults=True,
        is_container=False,
        is_vendor_supported=True,
        fits="where the application reads files, or where only what the vendor supports may run",
        gives_up=(
            "the files are of the pod's start; a rotation arrives after a poll, where polling is on",
            "a pod does not start while the vault does not answer",
            "a driver with privileges on every node; none on Fargate",
        ),
        next_steps=(
            "write a SecretProviderClass, and mount it by a csi volume",
            "leave syncSecret and secretObjects off: they copy into etcd",
        ),
        by_vault=_CSI,
    ),
    Pattern.NATIVE_SDK: Traits(
        name="native SDK",
        is_in_etcd=False,
        isolates=True,
        serves_any_language=False,
        serves=frozenset({Reads.CODE}),
        vaults=EVERY_VAULT,
        needs_vault=True,
        is_for_several_vaults=False,
        is_container=False,
        is_vendor_supported=True,
        fits="for applications of one language that use the SDK of their one cloud already",
        gives_up=(
            "each application has the cloud's SDK, its caching and its errors",
            "the application itself holds the identity's token",
            "moving to another vault changes the applications",
        ),
        next_steps=("give each namespace its own identity, and its ServiceAccount to the pods",),
        by_vault=_COMPONENTS,
    ),
    Pattern.VENDOR_AGENT: Traits(
        name="the vendor's agent",
        is_in_etcd=False,
        isolates=True,
        serves_any_language=True,
        serves=frozenset({Reads.CODE}),
        vaults=frozenset({Vault.AWS, Vault.VAULT}),
        needs_vault=True,
        is_for_several_vaults=False,
        is_container=True,
        is_vendor_supported=True,
        fits="for several languages where only what the vendor supports may run",
        gives_up=(
            "one more container in each pod, built and updated by you where the vendor has no image",
            "cached by default: a rotation or a revoked right arrives after the cache's lifetime",
            "one vault's own API in the applications; AWS's agent answers 400 for denied and for missing alike",
        ),
        next_steps=("give each namespace its own identity", "set the lifetime of the agent's cache"),
        by_vault={
            Vault.AWS: "run the AWS Secrets Manager Agent as a native sidecar",
            Vault.VAULT: "run Vault Agent as a native sidecar, or by its injector",
        },
    ),
    Pattern.SIDECAR: Traits(
        name="sidecar with the namespace's identity",
        is_in_etcd=False,
        isolates=True,
        serves_any_language=True,
        serves=frozenset({Reads.CODE}),
        vaults=EVERY_VAULT,
        needs_vault=True,
        is_for_several_vaults=True,
        is_container=True,
        is_vendor_supported=False,
        fits="for any language and any vault, with the vault deciding by namespace and a trail of each read",
        gives_up=(
            "one more container in each pod: about 30 MB of memory",
            "applications ask by HTTP, and cannot start without the vault",
            "the values, and which there are, are no manifests in Git; names and rights are in the program",
        ),
        next_steps=("make SecretWorkload, or inject the sidecar into workloads of others",),
        by_vault=_COMPONENTS,
    ),
    Pattern.SHARED_SERVICE: Traits(
        name="shared service, callers with their own tokens",
        is_in_etcd=False,
        isolates=True,
        serves_any_language=True,
        serves=frozenset({Reads.CODE}),
        vaults=EVERY_VAULT,
        needs_vault=True,
        is_for_several_vaults=True,
        is_container=False,
        is_vendor_supported=False,
        fits="for pods that cannot have a sidecar, or where memory counts more than a hop in the cluster",
        gives_up=(
            "values cross the cluster's network, by TLS",
            "each application sends a token, and holds it",
            "what the service's process sees is all callers' secrets",
        ),
        next_steps=("make SharedSecretService, and give callers their token and its address",),
        by_vault=_COMPONENTS,
    ),
}
