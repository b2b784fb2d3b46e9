"""One identity that pods of two namespaces can get. Pure.

Sources: EKS User Guide, "IAM roles for service accounts"; GKE, "Workload Identity Federation for GKE"; AKS,
"Microsoft Entra Workload ID"; https://developer.hashicorp.com/vault/api-docs/auth/jwt.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..proof.aws import trust as aws_trust
from ..proof.preview import Resource
from ..proof.subjects import named_namespace
from . import aws_documents
from .google_bindings import bindings
from .manifests import known, mapping, objects, texts
from .rule import Found, Options
from .trust import FEDERATED_CREDENTIALS, JWT_ROLE, KUBERNETES_ROLE

ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ANNOTATIONS = ("azure.workload.identity/client-id", "eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account")
"""Of a ServiceAccount: each names the identity that its pods get."""
_IMPERSONATED = "gcp:serviceaccount/"
_NAMESPACE_CLAIM = "/kubernetes.io/namespace"
_TAG = "${aws:PrincipalTag/kubernetes-namespace}"
_GOOGLE = re.compile(r".*(?:/subject/ns/|/namespace/|\.svc\.id\.goog\[|system:serviceaccount:)([a-z0-9-]+).*")


@dataclass(frozen=True)
class Holder:
    """A namespace whose pods can get an identity, and the resource that says so."""

    identity: str
    namespace: str
    urn: str


def of_two_namespaces(resources: Sequence[Resource], _options: Options) -> Iterator[Found]:
    """Yield each identity that more than one namespace has, with the resource that lets the last one in."""
    by_identity: dict[str, dict[str, str]] = {}
    for each in _holders(resources):
        by_identity.setdefault(each.identity, {}).setdefault(each.namespace, each.urn)
    for identity, namespaces in by_identity.items():
        if len(namespaces) > 1:
            *_, last = listed = sorted(namespaces)
            yield Found(f"{identity} is that of the namespaces {' and '.join(listed)}", namespaces[last])


def _holders(resources: Sequence[Resource]) -> Iterator[Holder]:
    roles = {each.urn: each for each in resources if each.type == aws_documents.ROLE}
    tagged = _names_of_tagged_roles(resources)
    for each in resources:
        for namespace in sorted(aws_trust.named_namespaces(aws_documents.trust(each))):
            yield Holder(f"the role {_role_name(each)}", namespace, each.urn)
        if each.type == ASSOCIATION:
            yield from _associated(each, roles, tagged)
        if each.type in FEDERATED_CREDENTIALS:
            yield from _federated(each)
        if each.type in (JWT_ROLE, KUBERNETES_ROLE):
            called = f"Vault's role {each.text('roleName') or each.name}"
            yield from (Holder(called, namespace, each.urn) for namespace in _vault(each))
        if each.type.startswith(_IMPERSONATED):
            yield from _impersonators(each)
        yield from _annotated(each)


def _annotated(each: Resource) -> Iterator[Holder]:
    for found in objects(each):
        if found.kind == "ServiceAccount" and not found.group and found.namespace is not None:
            for name, value in mapping(found.metadata.get("annotations")).items():
                if name in ANNOTATIONS and known(value):
                    yield Holder(f"{name} {value}", found.namespace, each.urn)


def _impersonators(each: Resource) -> Iterator[Holder]:
    named = each.text("serviceAccountId") or next(iter(each.depends_on.get("serviceAccountId", ())), each.name)
    account = f"the service account {named}"
    for binding in bindings(each):
        for member in binding.members:
            if match := _GOOGLE.fullmatch(member):
                yield Holder(account, match[1], each.urn)


def _associated(each: Resource, roles: dict[str, Resource], tagged: set[str]) -> Iterator[Holder]:
    """An association that narrows its session, or a role that goes by the session's tags, may be for several."""
    urn = next((urn for urn in each.depends_on.get("roleArn", ()) if urn in roles), None)
    name = _role_name(roles[urn]) if urn else (each.text("roleArn") or "").rpartition("/")[2]
    is_of_stack = name in {_role_name(role) for role in roles.values()}
    is_narrowed = bool(each.inputs.get("policy") or each.inputs.get("targetRoleArn")) or name in tagged
    if is_of_stack and not is_narrowed and (namespace := each.text("namespace")):
        yield Holder(f"the role {name}", namespace, each.urn)


def _names_of_tagged_roles(resources: Sequence[Resource]) -> set[str]:
    """Return the roles of the stack whose policies name the namespace of the session's tag in each secret."""
    found: set[str] = set()
    for each in resources:
        statements = list(aws_documents.identity(each))
        secrets = [one for statement in statements for one in statement.resources if ":secretsmanager:" in one]
        if secrets and all(_TAG in one for one in secrets):
            named = _role_name(each) if each.type == aws_documents.ROLE else (each.text("role") or "")
            of_urns = [role for urn in each.depends_on.get("role", ()) for role in resources if role.urn == urn]
            found |= {named, *map(_role_name, of_urns)}
    return found


def _federated(each: Resource) -> Iterator[Holder]:
    namespace = named_namespace(each.text("subject") or "")
    group, name = each.text("resourceGroupName") or "", each.text("resourceName") or each.text("parentId")
    sources = [urn for key in ("resourceName", "parentId", "applicationId") for urn in each.depends_on.get(key, ())]
    identity = name or each.text("applicationId") or next(iter(sources), None)
    if namespace is not None and identity is not None:
        yield Holder(f"the managed identity {group}/{identity}", namespace, each.urn)


def _vault(each: Resource) -> Iterator[str]:
    yield from texts(each.inputs.get("boundServiceAccountNamespaces"))
    claims = mapping(each.inputs.get("boundClaims"))
    claimed = known(claims.get("sub")) or ""
    for subject in (each.text("boundSubject") or "", *claimed.split(",")):
        namespace = named_namespace(subject.strip())
        if namespace is not None:
            yield namespace
    yield from filter(None, (one.strip() for one in (known(claims.get(_NAMESPACE_CLAIM)) or "").split(",")))


def _role_name(role: Resource) -> str:
    return role.text("name") or role.name
