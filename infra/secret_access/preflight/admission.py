"""A pod with the sidecar, and what the API server made of it when it was asked, without creating it. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..pods.sidecar_container import container, security_context, token_volume
from .check import Check, Severity

Manifest = Mapping[str, Any]
AUDIENCE = "secret-access-preflight"
FOLDER = "/var/run/secrets/secret-access"
REASONS = (
    (
        r"exceeded quota|failed quota",
        "quota",
        "raise the ResourceQuota; where it counts limits.cpu, set sidecar_resources with a CPU limit",
    ),
    (
        r"(?:maximum|minimum) .* per (?:Container|Pod)|limit to request ratio",
        "limit-range",
        "widen the LimitRange, or set sidecar_resources within it",
    ),
    (r"failed calling webhook", "webhook-dead", "let the webhook's pods run, or delete its configuration"),
    (r"admission webhook .* denied", "webhook-denies", "let the webhook admit pods with the sidecar"),
    (r"ValidatingAdmissionPolicy", "policy-denies", "let the policy admit pods with the sidecar"),
    (r"violates PodSecurity", "pod-security", "let the namespace's Pod Security admit it"),
)
"""What the API server says when it refuses a pod, which check that is, and how to mend it."""


def pod(namespace: str, image: str) -> dict[str, Any]:
    """Return a pod as the components make it, with the smallest application there can be."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "secret-access-preflight-", "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "initContainers": [container(image=image, env=[], token_folder=FOLDER)],
            "containers": [
                {
                    "name": "app",
                    "image": image,
                    "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1", "memory": "1Mi"}},
                    "securityContext": security_context(None),
                }
            ],
            "volumes": [token_volume(AUDIENCE, 3600)],
        },
    }


def refused(namespace: str, message: str) -> Check:
    """Judge why the API server refused the pod."""
    what = f"a pod with the sidecar in {namespace}"
    for pattern, check, mend in REASONS:
        if re.search(pattern, message):
            return Check(check, Severity.ERROR, what, message, mend)
    return Check("pod", Severity.ERROR, what, message, "let the namespace admit the pod")


def changed(namespace: str, sent: Manifest, admitted: Manifest) -> Iterator[Check]:
    """Yield what admission has put into the pod: tokens of another identity, and containers."""
    what = f"a pod with the sidecar in {namespace}"
    tokens = [
        f"{volume['name']} ({source['serviceAccountToken'].get('audience', 'the cluster')})"
        for volume in _new(sent, admitted, "volumes")
        for source in (volume.get("projected") or {}).get("sources") or ()
        if "serviceAccountToken" in source
    ]
    if tokens:
        found = f"admission adds a token for {', '.join(tokens)}"
        mend = "keep the webhook from these pods: every container that mounts the token is somebody else as well"
        yield Check("webhook-injects", Severity.ERROR, what, found, mend)
    names = [each["name"] for field in ("containers", "initContainers") for each in _new(sent, admitted, field)]
    if names:
        found = f"admission adds the container {', '.join(names)}"
        mend = "trust it as the application: every container of the pod reaches the sidecar on localhost"
        yield Check("webhook-injects", Severity.WARNING, what, found, mend)


def _new(sent: Manifest, admitted: Manifest, field: str) -> Iterator[Manifest]:
    ours = {each["name"] for each in sent["spec"][field]}
    return (each for each in admitted["spec"].get(field) or () if each["name"] not in ours)
