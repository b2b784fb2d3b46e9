"""Stacks on Google Cloud to judge: two namespaces of the component's, and what else a stack may have."""

from typing import Any

from secret_access.proof.gcp import accounts, mappings, nodes, roles, stack
from secret_access.proof.preview import UNKNOWN, Resource

from .test_gcp_bindings import ACCESSOR, ACCOUNT, POOL, direct, google, member, principal

NODES = google("nodes", ACCOUNT, accountId="nodes")
AS_NODES = {"serviceAccount": "nodes@x.iam.gserviceaccount.com"}
SECRET = "gcp:secretmanager/secretIamMember:SecretIamMember"
BY_NAMESPACE = f"principalSet:{POOL}/attribute.namespace"
NAMESPACE = "assertion['kubernetes.io']['namespace']"
ON_ACCOUNTS = "iam.serviceAccounts.getAccessToken"
PRODS_ACCOUNT = "projects/x/serviceAccounts/sa-prod@x.iam.gserviceaccount.com"
OTHERS_ROLE = "projects/x/roles/reader"


def pool(**config: Any) -> Resource:
    return google("pool", nodes.NODE_POOL, cluster="blue", nodeConfig={**AS_NODES, **config})


def cluster(**inputs: Any) -> Resource:
    return google("blue", nodes.CLUSTER, name="blue", **inputs)


def with_nodes(*more: Resource, expression: str | None = None, role_name: str = ACCESSOR) -> list[Resource]:
    """Two namespaces, and secrets for the account that nodes run as."""
    right = member("of-nodes", "serviceAccount:nodes@x.iam.gserviceaccount.com", expression, role_name)
    return [*direct(), NODES, right, *more]


def nodes_of_a_cluster(**config: Any) -> list[Resource]:
    """Nodes by the input that a cluster itself has for its pools."""
    return with_nodes(cluster(nodePools=[{"name": "a"}, {"name": "b", "nodeConfig": {**AS_NODES, **config}}]))


def machine(kind: str = "gcp:compute/instanceTemplate:InstanceTemplate", scope: str = "cloud-platform") -> Resource:
    """A machine, or a template of such, which may be a node of a cluster that somebody made by hand."""
    return google("machine", kind, serviceAccount={"email": AS_NODES["serviceAccount"], "scopes": [scope]})


def custom(*permissions: str, expression: str | None = None) -> list[Resource]:
    """A role of the stack for test."""
    role = google("reader", roles.CUSTOM[0], roleId="reader", permissions=list(permissions))
    return [*direct(), role, member("more", principal("test"), expression, OTHERS_ROLE)]


def on_a_secret(who: str, name: str = "prod--a") -> Resource:
    return member("more", who, None, kind=SECRET, secretId=name)


def on_prods_account(who: str, role_name: str = "roles/iam.serviceAccountTokenCreator") -> Resource:
    """A right to become the service account of prod."""
    return member("on-prod", who, None, role_name, kind=accounts.IMPERSONATION[0], serviceAccountId=PRODS_ACCOUNT)


ELSEWHERE = "terraform@y.iam.gserviceaccount.com"


def on_an_account_from_elsewhere(who: str, called: str = "elsewhere", **inputs: Any) -> Resource:
    """A right to become a service account of another stack."""
    given = {"role": "roles/iam.workloadIdentityUser", "serviceAccountId": f"projects/y/serviceAccounts/{ELSEWHERE}"}
    return google(called, accounts.IMPERSONATION[0], member=who, **{**given, **inputs})


def on_the_folder(who: str, role_name: str, kind: str = "gcp:folder/iAMMember:IAMMember") -> Resource:
    return member("above", who, None, role_name, kind=kind, folder="folders/1", orgId="1")


def on_a_secret_of_the_stack(namespace: str, secret_id: str) -> list[Resource]:
    """A right to a secret whose id is known only later."""
    kept = google(secret_id, stack._SECRETS[0], secretId=secret_id)
    sources: dict[str, tuple[str, ...]] = {"secretId": (kept.urn,)}
    right = google("more", SECRET, sources, member=principal(namespace), role=ACCESSOR, secretId=UNKNOWN)
    return [*direct(), kept, right]


def mapped(subject: str, **inputs: Any) -> Resource:
    mapping = {"google.subject": subject, "attribute.namespace": NAMESPACE}
    given = {"attributeMapping": mapping, "workloadIdentityPoolId": "p", **inputs}
    return google(inputs.get("workloadIdentityPoolProviderId", "provider"), mappings.PROVIDER, oidc={}, **given)
