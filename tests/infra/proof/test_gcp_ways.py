"""Ways to another namespace's secret on Google Cloud beside its own binding: a breach, or said to be undecided."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from secret_access.proof.gcp import accounts, mappings, nodes, roles, stack
from secret_access.proof.gcp.stack import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .test_gcp_bindings import ACCESSOR, ACCOUNT, POOL, by_accounts, direct, google, member, named, principal

NODES = google("nodes", ACCOUNT, accountId="nodes")
AS_NODES = {"serviceAccount": "nodes@x.iam.gserviceaccount.com"}
SECRET = "gcp:secretmanager/secretIamMember:SecretIamMember"
EVERYBODYS = 'resource.name.startsWith("projects/1/secrets/common--")'
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


def custom(*permissions: str, expression: str | None = None) -> list[Resource]:
    """A role of the stack for test."""
    role = google("reader", roles.CUSTOM[0], roleId="reader", permissions=list(permissions))
    return [*direct(), role, member("more", principal("test"), expression, OTHERS_ROLE)]


def on_a_secret(who: str, name: str = "prod--a") -> Resource:
    return member("more", who, None, kind=SECRET, secretId=name)


def on_prods_account(who: str, role_name: str = "roles/iam.serviceAccountTokenCreator") -> Resource:
    """A right to become the service account of prod."""
    return member("on-prod", who, None, role_name, kind=accounts.IMPERSONATION[0], serviceAccountId=PRODS_ACCOUNT)


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


WORKLOAD_IDENTITY = {"workloadIdentityConfig": {"workloadPool": "x.svc.id.goog"}}
BREACHES: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None], str]] = {
    "nodes without Workload Identity": (
        lambda: with_nodes(pool()),
        ("test", "prod"),
        "service account nodes, which system:serviceaccount:test:",
    ),
    "nodes that show their metadata": (
        lambda: with_nodes(pool(workloadMetadataConfig={"mode": "GCE_METADATA"}), cluster(**WORKLOAD_IDENTITY)),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes of a cluster": (
        lambda: with_nodes(cluster(nodeConfig=AS_NODES)),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes that a cluster adds": (
        lambda: with_nodes(cluster(clusterAutoscaling={"autoProvisioningDefaults": AS_NODES})),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes that may change rights": (
        lambda: with_nodes(pool(), role_name="roles/iam.securityAdmin"),
        ("test", "prod"),
        "roles/iam.securityAdmin",
    ),
    "nodes whose account is known later": (
        lambda: [
            *with_nodes(),
            google(
                "pool",
                nodes.NODE_POOL,
                {"nodeConfig": (NODES.urn,)},
                nodeConfig={"serviceAccount": UNKNOWN, "oauthScopes": [nodes._ALL_APIS[1]]},
            ),
        ],
        ("test", "prod"),
        "service account nodes",
    ),
    "an account of another stack that nodes run as": (
        lambda: [
            *direct(),
            google("pool", nodes.NODE_POOL, nodeConfig={"serviceAccount": "n@y.iam.gserviceaccount.com"}),
            member("of-nodes", "serviceAccount:n@y.iam.gserviceaccount.com"),
        ],
        ("test", "prod"),
        "service account n@y.iam.gserviceaccount.com",
    ),
    "everybody with an account of Google's": (
        lambda: [*direct(), on_a_secret("allAuthenticatedUsers")],
        ("test", "prod"),
        "allAuthenticatedUsers",
    ),
    "viewers of the project": (
        lambda: [
            *direct(),
            member("viewer", principal("test"), None, "roles/viewer"),
            on_a_secret("projectViewer:x"),
        ],
        ("test", "prod"),
        "projectViewer:x",
    ),
    "every principal of the pool": (
        lambda: [*direct(), on_a_secret(f"principalSet:{POOL}/*")],
        ("test", "prod"),
        "principalSet:",
    ),
    "every principal of another's namespace": (
        lambda: [
            *direct(),
            on_a_secret(
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/"
                "x.svc.id.goog/namespace/test"
            ),
        ],
        ("test", "prod"),
        "/namespace/test",
    ),
    "an attribute that is another's namespace": (
        lambda: [*direct(), mapped("assertion.sub"), on_a_secret(f"{BY_NAMESPACE}/test")],
        ("test", "prod"),
        "attribute.namespace/test",
    ),
    "an attribute of which the documents do not tell": (
        lambda: [*direct(), on_a_secret(f"{BY_NAMESPACE}/prod")],
        ("test", "prod"),
        "attribute.namespace/prod",
    ),
    "an attribute that another provider of the pool makes of something else": (
        lambda: [
            *direct(),
            mapped("assertion.sub"),
            mapped(
                "assertion.sub", workloadIdentityPoolProviderId="b", attributeMapping={"attribute.namespace": "'prod'"}
            ),
            on_a_secret(f"{BY_NAMESPACE}/prod"),
        ],
        ("test", "prod"),
        "attribute.namespace/prod",
    ),
    "every pod of a cluster": (
        lambda: [
            *direct(),
            on_a_secret(
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x.svc.id.goog/"
                "kubernetes.cluster/https://container.googleapis.com/v1/projects/x/locations/a/clusters/blue"
            ),
        ],
        ("test", "prod"),
        "kubernetes.cluster",
    ),
    "another's secret of the stack": (
        lambda: on_a_secret_of_the_stack("test", "prod--db"),
        ("test", "prod"),
        "on the secret prod--db",
    ),
    "a role of one's own that reads": (
        lambda: custom("secretmanager.versions.access"),
        ("test", "prod"),
        "binding more of the role reader on the project without a condition",
    ),
    "a role of one's own that becomes service accounts": (
        lambda: custom(ON_ACCOUNTS, expression=named("test")),
        ("test", "prod"),
        "binding more of the role reader",
    ),
    "a role of one's own that makes pods": (
        lambda: custom("container.deployments.create", expression=named("test")),
        ("test", "prod"),
        "binding more of the role reader",
    ),
    "a role of another stack": (
        lambda: [*direct(), member("more", principal("test"), None, OTHERS_ROLE)],
        ("test", "prod"),
        "binding more of projects/x/roles/reader",
    ),
    **{
        f"the role {role}": (
            lambda role=role: [*direct(), member("more", principal("test"), None, role)],  # type: ignore[misc]
            ("test", "prod"),
            f"binding more of {role}",
        )
        for role in ("roles/iam.serviceAccountUser", "roles/iam.roleAdmin", "roles/container.developer")
    },
}

UNDECIDED: dict[str, tuple[Callable[[], list[Resource]], str]] = {
    "pods of the host's network": (
        lambda: with_nodes(pool(workloadMetadataConfig={"mode": "GKE_METADATA"})),
        "is for service account nodes: pods of the host's network on nodes of pool become it",
    ),
    "pods of the host's network on an Autopilot": (
        lambda: with_nodes(cluster(enableAutopilot=True, nodeConfig=AS_NODES)),
        "pods of the host's network on nodes of blue",
    ),
    "through an account that nodes run as": (
        lambda: [
            *by_accounts(),
            NODES,
            pool(workloadMetadataConfig={"mode": "GKE_METADATA"}),
            member(
                "on-prod",
                "serviceAccount:nodes@x.iam.gserviceaccount.com",
                None,
                "roles/iam.serviceAccountTokenCreator",
                kind=accounts.IMPERSONATION[0],
                serviceAccountId=PRODS_ACCOUNT,
            ),
        ],
        "is for service account sa-prod: pods of the host's network",
    ),
    "nodes of which all is known later": (
        lambda: [
            *with_nodes(),
            google("pool", nodes.NODE_POOL, {"nodeConfig": (NODES.urn,)}, nodeConfig=UNKNOWN),
        ],
        "is for service account nodes: pods of the host's network on nodes of pool",
    ),
    "a group where pods have service accounts": (
        lambda: [*by_accounts(), on_a_secret("group:sre@example.com")],
        "is for group:sre@example.com: it may have service accounts of the pods as members",
    ),
    "editors of the project": (
        lambda: [*direct(), on_a_secret("projectEditor:x")],
        "is for projectEditor:x: who has roles/editor on the project is not among the documents",
    ),
    "a key of a service account": (
        lambda: [
            *by_accounts(),
            google("key", accounts.KEY, serviceAccountId=PRODS_ACCOUNT),
        ],
        "is for service account sa-prod: who holds its key key is not among the documents",
    ),
    "a group that becomes a service account": (
        lambda: [*by_accounts(), on_prods_account("group:sre@example.com")],
        "is for service account sa-prod: group:sre@example.com, of whom the documents do not tell, may become it",
    ),
    "a service account from elsewhere that becomes one": (
        lambda: [*by_accounts(), on_prods_account("serviceAccount:ci@y.iam.gserviceaccount.com")],
        "is for service account sa-prod: serviceAccount:ci@y.iam.gserviceaccount.com, of whom the documents",
    ),
    "somebody known later who becomes a service account": (
        lambda: [*by_accounts(), on_prods_account(UNKNOWN)],
        "is for service account sa-prod: a member that is known only after `pulumi up`",
    ),
    "a mapping of one's own": (
        lambda: [*direct(), mapped(NAMESPACE)],
        "provider makes google.subject of assertion['kubernetes.io']['namespace']",
    ),
    "who may change the pool": (
        lambda: [
            *direct(),
            member(
                "more",
                principal("test"),
                None,
                "roles/iam.workloadIdentityPoolAdmin",
                kind="gcp:iam/workloadIdentityPoolIamMember:WorkloadIdentityPoolIamMember",
            ),
        ],
        "more is a gcp:iam/workloadIdentityPoolIamMember",
    ),
    "another provider": (
        lambda: [*direct(), google("more", "google-native:secretmanager/v1:SecretIamPolicy", role=ACCESSOR)],
        "more is a google-native:",
    ),
}

HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "nodes with no secrets": lambda: with_nodes(pool(), role_name="roles/logging.logWriter"),
    "nodes whose tokens have no scope for secrets": lambda: with_nodes(
        pool(oauthScopes=["https://www.googleapis.com/auth/logging.write"])
    ),
    "nodes that read what is shared": lambda: with_nodes(
        pool(workloadMetadataConfig={"mode": "GKE_METADATA"}), expression=EVERYBODYS
    ),
    "a group where pods have none": lambda: [*direct(), on_a_secret("group:sre@example.com")],
    "people": lambda: [*by_accounts(), on_a_secret("domain:example.com"), on_a_secret("user:alice@example.com")],
    "owners of the project": lambda: [*direct(), on_a_secret("projectOwner:x")],
    "a service of Google's": lambda: [
        *direct(),
        on_a_secret("serviceAccount:service-1@gcp-sa-cloudbuild.iam.gserviceaccount.com"),
    ],
    "a role of one's own that reads metadata": lambda: custom(
        "secretmanager.secrets.get", "secretmanager.secrets.list"
    ),
    "a role of one's own under the prefix": lambda: custom("secretmanager.versions.access", expression=named("test")),
    "a secret of the stack": lambda: on_a_secret_of_the_stack("test", "test--db"),
    "a service of Google's that becomes a service account": lambda: [
        *by_accounts(),
        on_prods_account("serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"),
    ],
    "an attribute that is the namespace": lambda: [
        *direct(),
        mapped("assertion.sub"),
        on_a_secret(f"{BY_NAMESPACE}/prod"),
    ],
    "the mapping of the component": lambda: [*direct(), mapped("assertion.sub")],
    "who may see a service account": lambda: [
        *by_accounts(),
        member(
            "sees",
            principal("test"),
            None,
            "roles/iam.serviceAccountViewer",
            kind=accounts.IMPERSONATION[0],
            serviceAccountId=PRODS_ACCOUNT,
        ),
    ],
}


@pytest.mark.parametrize("way", BREACHES)
def test_another_way_to_a_secret_is_found(way: str) -> None:
    """With the two namespaces, and what lets the name through."""
    resources, expected, statement = BREACHES[way]
    found = {(each.namespace, each.owner): each for each in evaluate(resources(), {}).breaches}
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


@pytest.mark.parametrize("way", UNDECIDED)
def test_what_the_documents_do_not_tell_is_undecided(way: str) -> None:
    resources, said = UNDECIDED[way]
    verdict = evaluate(resources(), {})
    assert not verdict.breaches
    assert said in " ".join(verdict.undecided), verdict.undecided


@pytest.mark.parametrize("way", HARMLESS)
def test_an_ordinary_stack_raises_nothing(way: str) -> None:
    verdict = evaluate(HARMLESS[way](), {}, ["common/"])
    assert (verdict.breaches, verdict.undecided) == ((), ())


DEFECTS: dict[str, tuple[Any, str, Any, dict[str, Any], str]] = {
    "no nodes": (accounts, "nodes", lambda _: [], BREACHES, "nodes without Workload Identity"),
    "all nodes have the GKE metadata server": (
        nodes,
        "_is_hidden",
        lambda *_: True,
        BREACHES,
        "nodes without Workload Identity",
    ),
    "viewers are nobody": (stack, "_CONVENIENCE", {}, BREACHES, "viewers of the project"),
    "roles of one's own that take nothing": (
        roles,
        "_RIGHTS",
        re.compile("none"),
        BREACHES,
        "a role of one's own that becomes service accounts",
    ),
    "roles that take nothing": (roles, "_TAKING", frozenset(), BREACHES, "the role roles/iam.serviceAccountUser"),
    "attributes that are all the namespace": (
        mappings,
        "_NAMESPACE",
        re.compile(".*"),
        BREACHES,
        "an attribute that another provider of the pool makes of something else",
    ),
    "no keys": (accounts, "KEY", "", UNDECIDED, "a key of a service account"),
    "every mapping is the component's": (mappings, "PROVIDER", "", UNDECIDED, "a mapping of one's own"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is not with the defect."""
    owner, name, value, table, way = DEFECTS[defect]
    resources = table[way][0]()

    def found() -> Any:
        verdict = evaluate(resources, {})
        if table is UNDECIDED:
            return table[way][1] in " ".join(verdict.undecided)
        return table[way][1] in {(each.namespace, each.owner) for each in verdict.breaches}

    assert found()
    monkeypatch.setattr(owner, name, value)
    assert not found()
