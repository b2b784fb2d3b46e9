"""The Namespace of a stack's file: created and deleted by the stack, or left to others."""

import pulumi
import pulumi_kubernetes as k8s

ENFORCE = "pod-security.kubernetes.io/enforce"
"""The label by which Kubernetes holds a namespace's pods to a Pod Security Standard."""


def namespace_resource(
    name: str, *, exists: bool, pod_security: str, provider: pulumi.ProviderResource
) -> k8s.core.v1.Namespace:
    """Return the Namespace; one that exists is imported, never changed and never deleted.

    Were it left out of the program instead, a stack that had created it would delete it, with all in it, as soon as its
    file says that it exists.
    """
    if exists:
        theirs = pulumi.ResourceOptions(
            provider=provider, import_=name, ignore_changes=["metadata", "spec"], retain_on_delete=True
        )
        return k8s.core.v1.Namespace(f"{name}-namespace", metadata={"name": name}, opts=theirs)
    return k8s.core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": name, "labels": {ENFORCE: pod_security}},
        opts=pulumi.ResourceOptions(provider=provider),
    )
