"""Stacks to judge: the components' own documents, as resources of a preview."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secret_access.aws.documents import secrets_policy
from secret_access.aws.identifiers import Account, Cluster, OidcProvider
from secret_access.aws.trust import irsa_trust, pod_identity_trust
from secret_access.checks import subject
from secret_access.proof.aws import stack
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.isolation import Verdict
from secret_access.proof.preview import Resource

ACCOUNT = Account("aws", "111122223333")
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
PROVIDER = OidcProvider("aws", ACCOUNT.account_id, ISSUER)
CLUSTER = Cluster("aws", ACCOUNT.account_id, "us-east-1", "blue")
READ = "secretsmanager:GetSecretValue"
Document = dict[str, Any]


def arns(pattern: str) -> str:
    """The ARNs of secrets whose names match."""
    return f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{pattern}"


def policy(*resources: str, effect: str = "Allow", action: str = READ, **more: Any) -> Document:
    """A policy of one statement."""
    statement = {"Sid": "Added", "Effect": effect, "Action": action, "Resource": list(resources), **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(namespace: str) -> Document:
    """The trust that the component writes."""
    return irsa_trust([PROVIDER], subject(namespace, "secret-access"))


def permissions(prefix: str) -> Document:
    """The policy that the component writes."""
    return secrets_policy(ACCOUNT, "us-east-1", prefix)


def resource(
    kind: str, called: str, depends_on: Mapping[str, tuple[str, ...]] | None = None, /, **inputs: Any
) -> Resource:
    """A resource; documents are given as objects."""
    texts = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in inputs.items()}
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, texts, depends_on or {})


def role(namespace: str, trusted: Document | None = None, **inputs: Any) -> Resource:
    """A namespace's role."""
    described = f"Secrets {namespace}/* for pods of the namespace {namespace}"
    own = {"name": f"secret-access-{namespace}", "assumeRolePolicy": trusted or trust(namespace)}
    given = {**own, "description": described, **inputs}
    return resource(stack.ROLE, f"{namespace}-role", **given)


def role_policy(namespace: str, document: Document, name: str = "own-secrets") -> Resource:
    """A policy of the namespace's role."""
    made = {"role": (f"urn:pulumi:test::secret-access::{stack.ROLE}::{namespace}-role",)}
    given = {"name": name, "role": f"secret-access-{namespace}", "policy": document}
    return resource(stack.ROLE_POLICY, f"{namespace}-{name}", made, **given)


def namespaces(*names: str) -> list[Resource]:
    """What the component makes for namespaces with IRSA."""
    return [each for name in names for each in (role(name), role_policy(name, permissions(f"{name}/")))]


def associated(name: str, trusted: Document, document: Document, **inputs: Any) -> list[Resource]:
    """A namespace with EKS Pod Identity: role, policy, association."""
    made = role(name, trusted)
    bound = {"namespace": name, "serviceAccount": "secret-access", "clusterName": "blue", **inputs}
    association = resource(stack.ASSOCIATION, f"{name}-association", {"roleArn": (made.urn,)}, **bound)
    return [made, role_policy(name, document), association]


def pod_identity(name: str) -> Document:
    """The trust that the component writes for Pod Identity."""
    return pod_identity_trust(CLUSTER, name, "secret-access")


def breaches(
    resources: Sequence[Resource], prefixes: Mapping[str, str] | None = None
) -> list[tuple[str, str | None, str]]:
    """Who may read whose secret, and its name."""
    return [(each.namespace, each.owner, each.name) for each in evaluate(resources, prefixes).breaches]


def is_clean(verdict: Verdict) -> bool:
    """Whether all was judged, and nothing found."""
    return not (verdict.breaches or verdict.undecided or verdict.unreadable)
