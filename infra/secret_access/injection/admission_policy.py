"""The admission policies that put the sidecar into pods of one namespace, or refuse them. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
"""

from collections.abc import Mapping
from typing import Any

from . import admission_checks
from .admission_patches import patches

INJECTION_LABEL = "secret-access/inject"
"""Pods that ask by it run as the ServiceAccount, though their maker named none."""
NEVER = "false"
"""Value of the label by which a pod stays without the sidecar where all others get it."""

Access = Mapping[str, Any]
Manifest = dict[str, Any]


def policy_name(service_account_name: str, namespace: str) -> str:
    """Return the name of the policies, which no other ServiceAccount's have: a namespace's name has no dot."""
    return f"{service_account_name}.{namespace}"


def injection(access: Access, asked: str | None) -> Manifest:
    """Return the spec of the MutatingAdmissionPolicy.

    `asked`: the value of the label by which pods ask for the sidecar; None: all pods get it.
    """
    return {
        "failurePolicy": "Fail",
        # Again where another webhook has changed the pod: containers that it added get the address too
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": _pods(access["namespace"], asked),
        "variables": admission_checks.variables(access),
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patches(access)}}],
    }


def refusal(access: Access, asked: str | None) -> Manifest:
    """Return the spec of the ValidatingAdmissionPolicy: of what the other leaves as it is, and why."""
    return {
        "failurePolicy": "Fail",
        "matchConstraints": _pods(access["namespace"], asked),
        "variables": admission_checks.variables(access),
        "validations": admission_checks.validations(access),
    }


def _pods(namespace: str, asked: str | None) -> Manifest:
    """Return which pods are meant: the namespace's alone, when they are created."""
    if asked is None:
        chosen: Manifest = {"matchExpressions": [{"key": INJECTION_LABEL, "operator": "NotIn", "values": [NEVER]}]}
    else:
        chosen = {"matchLabels": {INJECTION_LABEL: asked}}
    return {
        # The API server itself gives every namespace this label, and lets nobody change it
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "objectSelector": chosen,
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
        ],
    }
