"""Workloads of others in the namespace `test` of the laptop environment, with the identity that its stack made."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from secret_access import AwsSecretAccess, SecretWorkload, SidecarInjection, inject_sidecar

HERE = Path(__file__).parent
TEMPLATE: dict[str, Any] = json.loads((HERE / "pod.json").read_text())
config = pulumi.Config()
cluster = k8s.Provider(
    "kubernetes", cluster_identifier="local", context="local", kubeconfig=config.require("kubeconfig")
)
opts = pulumi.ResourceOptions(providers=[cluster])
access = AwsSecretAccess(
    "test",
    {
        "namespace": "test",
        "sidecar_image": "localhost/secret-sidecar:dev",
        "region": config.require("region"),
        "existing_role_arn": config.require("role"),
        "existing_service_account": True,
        "endpoint_url": config.require("endpoint"),
        "secrets": ["database-password"],
    },
    opts,
).workload_access

SecretWorkload("by-component", {"access": access, "pod": TEMPLATE}, opts)
SidecarInjection("by-policy", {"access": access}, opts)

injected = pulumi.ResourceOptions(provider=cluster, transforms=[inject_sidecar(access)])
metadata: Any = {"name": "by-transform", "namespace": "test"}
labels = {**TEMPLATE["metadata"]["labels"], "app": "by-transform"}
template: Any = {**TEMPLATE, "metadata": {"labels": labels}}
k8s.apps.v1.Deployment(
    "by-transform",
    metadata=metadata,
    spec={"selector": {"match_labels": {"app": "by-transform"}}, "template": template},
    opts=injected,
)
k8s.apiextensions.CustomResource(
    "rollout-by-transform",
    api_version="rollouts.example/v1",
    kind="Rollout",
    metadata={**metadata, "name": "rollout-by-transform"},
    spec={"template": {**TEMPLATE, "metadata": {"labels": {"app": "rollout-by-transform"}}}},
    opts=injected,
)
k8s.helm.v4.Chart(
    "shop",
    chart=str(HERE.parents[1] / "charts" / "shop"),
    namespace="test",
    values={"image": "localhost/secret-access-app:dev", "pullPolicy": "Never"},
    opts=injected,
)
