"""The admission policy that keeps an identity to those who deploy. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ (stable since Kubernetes 1.30).
Every path to a pod that runs as the ServiceAccount is judged where the API server sees it: the pod itself, each
template that a controller of Kubernetes makes pods of, the token, and the streams into containers.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

Manifest = dict[str, Any]
SYSTEM_GROUPS = ("system:nodes", "system:serviceaccounts:kube-system")
"""Kubelets ask for the pods' tokens; controllers make pods of templates, which were judged themselves."""
SYSTEM_USERS = ("system:kube-controller-manager",)
"""The controllers where they have no ServiceAccounts of their own."""
WRITES = ["CREATE", "UPDATE"]
RESOURCES: list[tuple[str, list[str], list[str]]] = [
    ("", WRITES, ["pods", "pods/ephemeralcontainers", "replicationcontrollers"]),
    ("apps", WRITES, ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("batch", WRITES, ["cronjobs", "jobs"]),
    ("", ["CREATE"], ["serviceaccounts/token"]),
    ("", ["CONNECT"], ["pods/attach", "pods/exec", "pods/portforward"]),
]
UNCHANGED = (
    "request.operation == 'UPDATE' && request.?subResource.orValue('') == '' && (request.resource.resource == 'pods' ? "
    "variables.template.?spec == variables.before.?spec "
    "&& variables.template.?metadata.labels == variables.before.?metadata.labels : "
    "variables.template == variables.before)"
)
"""A template's annotations count, because webhooks go by them when pods are created; a pod's own come too late."""
NOT_TEMPLATES = "['controllerrevisions', 'serviceaccounts']"


def policy(
    accounts: Collection[str], users: Collection[str], groups: Collection[str], injection_label: str, all_pods: bool
) -> Manifest:
    """Return the policy's spec.

    An admission policy lets pods with `injection_label` run as the account, or with `all_pods` those without the
    label's value `false`: after their template was judged, when a controller creates them, which is let through.
    """
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "resourceRules": [
                {"apiGroups": [group], "apiVersions": ["*"], "operations": operations, "resources": resources}
                for group, operations, resources in RESOURCES
            ],
        },
        "matchConditions": [{"name": "not-a-deployer", "expression": _not_a_deployer(users, groups)}],
        "variables": [
            {"name": "template", "expression": _template("object")},
            {"name": "before", "expression": f"request.operation == 'UPDATE' ? {_template('oldObject')} : dyn({{}})"},
            {"name": "uses", "expression": _uses("variables.template", accounts, injection_label, all_pods)},
            {"name": "used", "expression": _uses("variables.before", accounts, injection_label, all_pods)},
            {"name": "unchanged", "expression": UNCHANGED},
        ],
        "validations": [_validation(*validation) for validation in _validations(accounts)],
    }


def _validations(accounts: Collection[str]) -> Sequence[tuple[str, str]]:
    named = _list(accounts)
    shown = ", ".join(sorted(accounts))
    names_account = "request.resource.resource == 'serviceaccounts'"
    is_template = f"request.operation != 'CONNECT' && !(request.resource.resource in {NOT_TEMPLATES})"
    only = "only those whom its ServiceAccountGuard names as deployers may"
    return [
        (
            "request.operation != 'CONNECT'",
            f"a stream into a pod of this namespace reaches its secrets: {only} open one",
        ),
        (
            f"!({names_account} && request.name in {named})",
            f"a token of the ServiceAccount {shown} is the namespace's identity: {only} ask for one",
        ),
        (
            "request.resource.resource != 'controllerrevisions'",
            f"controllers make pods of a ControllerRevision: {only} write one",
        ),
        (
            f"!({is_template}) || !(variables.uses || variables.used) || variables.unchanged",
            f"a pod of the ServiceAccount {shown} has the namespace's identity: {only} create or change one",
        ),
    ]


def _validation(expression: str, message: str) -> Manifest:
    return {"expression": expression, "message": message, "reason": "Forbidden"}


def _not_a_deployer(users: Collection[str], groups: Collection[str]) -> str:
    own = _list({*users, *SYSTEM_USERS})
    theirs = _list({*groups, *SYSTEM_GROUPS})
    return (
        f"!(request.userInfo.username in {own}) && "
        f"!(has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in {theirs}))"
    )


def _template(of: str) -> str:
    """Return the expression of what pods are made of: the pod itself, or the template in a workload."""
    return (
        f"(request.resource.resource == 'pods' ? dyn({of}) : "
        f"request.resource.resource == 'cronjobs' ? dyn({of}).spec.jobTemplate.spec.template : "
        f"dyn({of}).?spec.template.orValue(dyn({{}})))"
    )


def _uses(template: str, accounts: Collection[str], injection_label: str, all_pods: bool) -> str:
    """Return the expression that tells whether pods of a template get the identity."""
    runs = f"{template}.?spec.serviceAccountName.orValue('') in {_list(accounts)}"
    # Only a template has a spec: the old object of a request that creates has none
    unlabelled = f"has({template}.spec) ? 'true' : 'false'" if all_pods else "'false'"
    label = f"{template}.?metadata.labels[?{json.dumps(injection_label)}].orValue({unlabelled})"
    return f"{runs} || {label} != 'false'"


def _list(names: Collection[str]) -> str:
    """Return a list of CEL, whose texts are spelled as JSON's are, but for its two escapes for one character."""
    return json.dumps(sorted(names), ensure_ascii=False)


def binding(policy_name: str, namespace: str) -> Manifest:
    """Return the spec of the policy's binding: it denies, in one namespace."""
    return {
        "policyName": policy_name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
    }
