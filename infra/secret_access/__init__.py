"""Pulumi components that give every Kubernetes namespace its own cloud identity for its own secrets.

Each name is imported when it is first used: a class of a cloud imports that cloud's SDK, all components import Pulumi,
and the command `secret-access` needs neither.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import SecretAccess, SecretAccessArgs
    from .aws.access import AwsSecretAccess, AwsSecretAccessArgs
    from .aws.audit_trail import AwsAuditTrail, AwsAuditTrailArgs
    from .aws.cluster_trust import ClusterTrust, ClusterTrustArgs
    from .aws.identity_choice import PodIdentity
    from .aws.shared_role import AwsSharedRole, AwsSharedRoleArgs
    from .aws.target_role import AwsTargetRole, AwsTargetRoleArgs
    from .azure.access import AzureSecretAccess
    from .azure.arguments import AzureSecretAccessArgs
    from .azure.audit_trail import AzureAuditTrail, AzureAuditTrailArgs
    from .checks import Access
    from .errors import InvalidAnswer, NoPattern, SecretAccessError
    from .gcp.access import GcpSecretAccess, GcpSecretAccessArgs
    from .gcp.audit_trail import GcpAuditTrail, GcpAuditTrailArgs
    from .gcp.cluster_trust import GcpClusterTrust, GcpClusterTrustArgs
    from .gcp.documents import GcpGrant
    from .injection.sidecar_injection import SidecarInjection, SidecarInjectionArgs
    from .injection.workload_transform import inject_sidecar
    from .isolation_check import require_isolation
    from .patterns.catalogue import Pattern
    from .patterns.external_manifests import DeletionPolicy
    from .patterns.external_secrets import (
        ExternalSecretAccess,
        ExternalSecretAccessArgs,
        ExternalSecretKey,
        SyncedSecret,
    )
    from .patterns.external_store import ExternalStore
    from .patterns.kubernetes_secret import KubernetesSecret, KubernetesSecretArgs
    from .patterns.recommend import Recommendation, recommend, recommend_all
    from .patterns.secret_type import SecretType
    from .patterns.situation import Reads, SecretKind, Situation
    from .pods.caller import CallerAccess
    from .pods.egress import PodEgress, PodEgressArgs
    from .pods.kinds import WorkloadKind
    from .pods.workload import SecretWorkload, SecretWorkloadArgs, WorkloadAccess
    from .probe.component import IsolationProbe, IsolationProbeArgs
    from .program_errors import InvalidArgument, InvalidSetting, NotIsolated, NotReached, ProgramError, WrongAccount
    from .rights.developer_access import DeveloperAccess, DeveloperAccessArgs
    from .rights.guard import ServiceAccountGuard, ServiceAccountGuardArgs
    from .rights.rules import DeveloperRight
    from .shared_service.backends import (
        SharedAwsBackend,
        SharedAzureBackend,
        SharedBackend,
        SharedGcpBackend,
        SharedVaultBackend,
    )
    from .shared_service.component import SharedSecretService, SharedSecretServiceArgs
    from .vault.access import VaultSecretAccess, VaultSecretAccessArgs
    from .vault.audit_trail import VaultAuditTrail, VaultAuditTrailArgs
    from .vault.cluster_trust import VaultClusterTrust, VaultClusterTrustArgs

__all__ = [
    "Access",
    "AwsAuditTrail",
    "AwsAuditTrailArgs",
    "AwsSecretAccess",
    "AwsSecretAccessArgs",
    "AwsSharedRole",
    "AwsSharedRoleArgs",
    "AwsTargetRole",
    "AwsTargetRoleArgs",
    "AzureAuditTrail",
    "AzureAuditTrailArgs",
    "AzureSecretAccess",
    "AzureSecretAccessArgs",
    "CallerAccess",
    "ClusterTrust",
    "ClusterTrustArgs",
    "DeletionPolicy",
    "DeveloperAccess",
    "DeveloperAccessArgs",
    "DeveloperRight",
    "ExternalSecretAccess",
    "ExternalSecretAccessArgs",
    "ExternalSecretKey",
    "ExternalStore",
    "GcpAuditTrail",
    "GcpAuditTrailArgs",
    "GcpClusterTrust",
    "GcpClusterTrustArgs",
    "GcpGrant",
    "GcpSecretAccess",
    "GcpSecretAccessArgs",
    "InvalidAnswer",
    "InvalidArgument",
    "InvalidSetting",
    "IsolationProbe",
    "IsolationProbeArgs",
    "KubernetesSecret",
    "KubernetesSecretArgs",
    "NoPattern",
    "NotIsolated",
    "NotReached",
    "Pattern",
    "PodEgress",
    "PodEgressArgs",
    "PodIdentity",
    "ProgramError",
    "Reads",
    "Recommendation",
    "SecretAccess",
    "SecretAccessArgs",
    "SecretAccessError",
    "SecretKind",
    "SecretType",
    "SecretWorkload",
    "SecretWorkloadArgs",
    "ServiceAccountGuard",
    "ServiceAccountGuardArgs",
    "SharedAwsBackend",
    "SharedAzureBackend",
    "SharedBackend",
    "SharedGcpBackend",
    "SharedSecretService",
    "SharedSecretServiceArgs",
    "SharedVaultBackend",
    "SidecarInjection",
    "SidecarInjectionArgs",
    "Situation",
    "SyncedSecret",
    "VaultAuditTrail",
    "VaultAuditTrailArgs",
    "VaultClusterTrust",
    "VaultClusterTrustArgs",
    "VaultSecretAccess",
    "VaultSecretAccessArgs",
    "WorkloadAccess",
    "WorkloadKind",
    "WrongAccount",
    "inject_sidecar",
    "recommend",
    "recommend_all",
    "require_isolation",
]

_MODULES = {
    "access": (
        "SecretAccess",
        "SecretAccessArgs",
    ),
    "aws.identity_choice": ("PodIdentity",),
    "checks": ("Access",),
    "errors": (
        "InvalidAnswer",
        "NoPattern",
        "SecretAccessError",
    ),
    "gcp.documents": ("GcpGrant",),
    "patterns.catalogue": ("Pattern",),
    "patterns.external_manifests": ("DeletionPolicy",),
    "patterns.external_secrets": (
        "ExternalSecretAccess",
        "ExternalSecretAccessArgs",
        "ExternalSecretKey",
        "SyncedSecret",
    ),
    "patterns.external_store": ("ExternalStore",),
    "patterns.kubernetes_secret": (
        "KubernetesSecret",
        "KubernetesSecretArgs",
    ),
    "patterns.recommend": (
        "Recommendation",
        "recommend",
        "recommend_all",
    ),
    "patterns.secret_type": ("SecretType",),
    "patterns.situation": (
        "Reads",
        "SecretKind",
        "Situation",
    ),
    "pods.caller": ("CallerAccess",),
    "pods.egress": (
        "PodEgress",
        "PodEgressArgs",
    ),
    "pods.kinds": ("WorkloadKind",),
    "injection.sidecar_injection": (
        "SidecarInjection",
        "SidecarInjectionArgs",
    ),
    "pods.workload": (
        "SecretWorkload",
        "SecretWorkloadArgs",
        "WorkloadAccess",
    ),
    "injection.workload_transform": ("inject_sidecar",),
    "isolation_check": ("require_isolation",),
    "probe.component": (
        "IsolationProbe",
        "IsolationProbeArgs",
    ),
    "program_errors": (
        "InvalidArgument",
        "InvalidSetting",
        "NotIsolated",
        "NotReached",
        "ProgramError",
        "WrongAccount",
    ),
    "rights.developer_access": (
        "DeveloperAccess",
        "DeveloperAccessArgs",
    ),
    "rights.guard": (
        "ServiceAccountGuard",
        "ServiceAccountGuardArgs",
    ),
    "rights.rules": ("DeveloperRight",),
    "shared_service.backends": (
        "SharedAwsBackend",
        "SharedAzureBackend",
        "SharedBackend",
        "SharedGcpBackend",
        "SharedVaultBackend",
    ),
    "shared_service.component": (
        "SharedSecretService",
        "SharedSecretServiceArgs",
    ),
}
"""The modules that need no cloud's SDK."""
_MODULES_OF_CLOUDS = {
    "aws.access": ("AwsSecretAccess", "AwsSecretAccessArgs"),
    "aws.audit_trail": ("AwsAuditTrail", "AwsAuditTrailArgs"),
    "aws.cluster_trust": ("ClusterTrust", "ClusterTrustArgs"),
    "aws.shared_role": ("AwsSharedRole", "AwsSharedRoleArgs"),
    "aws.target_role": ("AwsTargetRole", "AwsTargetRoleArgs"),
    "azure.access": ("AzureSecretAccess",),
    "azure.arguments": ("AzureSecretAccessArgs",),
    "azure.audit_trail": ("AzureAuditTrail", "AzureAuditTrailArgs"),
    "gcp.access": ("GcpSecretAccess", "GcpSecretAccessArgs"),
    "gcp.audit_trail": ("GcpAuditTrail", "GcpAuditTrailArgs"),
    "gcp.cluster_trust": ("GcpClusterTrust", "GcpClusterTrustArgs"),
    "vault.access": ("VaultSecretAccess", "VaultSecretAccessArgs"),
    "vault.audit_trail": ("VaultAuditTrail", "VaultAuditTrailArgs"),
    "vault.cluster_trust": ("VaultClusterTrust", "VaultClusterTrustArgs"),
}
"""The modules that need a cloud's SDK, each below the package of the extra that brings it."""


def cloud_of(name: str) -> str | None:
    """Return the extra that a public name needs, such as `aws`; None where it needs none."""
    module = _module_of(name, _MODULES_OF_CLOUDS)
    return None if module is None else module.partition(".")[0]


def _module_of(name: str, modules: Mapping[str, tuple[str, ...]]) -> str | None:
    return next((module for module, names in modules.items() if name in names), None)


def __getattr__(name: str) -> Any:
    """Import a public name, or say which extra brings the SDK that it needs (PEP 562)."""
    module, extra = _module_of(name, {**_MODULES, **_MODULES_OF_CLOUDS}), cloud_of(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = import_module(f".{module}", __name__)
    except ModuleNotFoundError as missing:
        if extra is None or (missing.name or "").startswith("secret_access"):
            raise
        raise ImportError(
            f"{name} needs the package {missing.name}, which is not installed: install secret-access[{extra}], "
            "or secret-access[all] for every cloud",
            name=missing.name,
        ) from None
    return getattr(found, name)
