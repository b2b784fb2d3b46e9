"""One identity for several namespaces."""

from collections.abc import Mapping
from typing import Any

from tests.infra.policy.cases.case import Case, Program, one
from tests.infra.policy.cases.cloud_resources import (
    ROLE,
    credential,
    document,
    google_account,
    kubernetes_role,
    subjects,
    trust,
)


def associations(role: str, *namespaces: str) -> Program:
    """A role that EKS gives to pods of several namespaces."""
    by_eks = document(
        Principal={"Service": "pods.eks.amazonaws.com"},
        Action=["sts:AssumeRole", "sts:TagSession"],
        Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}},
    )
    bound = {"clusterName": "blue", "serviceAccount": "app", "roleArn": f"arn:aws:iam::111122223333:role/{role}"}
    return {
        "role": (ROLE, {"name": role, "assumeRolePolicy": by_eks}),
        **{
            name: ("aws:eks/podIdentityAssociation:PodIdentityAssociation", {**bound, "namespace": namespace})
            for name, namespace in zip(("first", "second"), namespaces, strict=False)
        },
    }


def annotated(namespace: str, annotation: str, value: str) -> tuple[str, Mapping[str, Any]]:
    """A ServiceAccount with an annotation."""
    metadata = {"name": "app", "namespace": namespace, "annotations": {annotation: value}}
    return "kubernetes:core/v1:ServiceAccount", {"metadata": metadata}


def impersonated(account: str, *namespaces: str) -> Program:
    """A service account of Google's that pods of namespaces may become."""
    members = [f"serviceAccount:my-project.svc.id.goog[{namespace}/app]" for namespace in namespaces]
    given = {"serviceAccountId": account, "role": "roles/iam.workloadIdentityUser", "members": members}
    return one("gcp:serviceaccount/iAMBinding:IAMBinding", **given)


def credential_of(identity: str, namespace: str) -> tuple[str, Mapping[str, Any]]:
    """A federated credential for pods of a namespace."""
    type_, given = credential()["it"]
    return type_, {**given, "resourceName": identity, "subject": f"system:serviceaccount:{namespace}:app"}


IDENTITIES = [
    Case(
        "shared-identity",
        "one trust for two namespaces",
        "it",
        "the role trusts-two is that of the namespaces one and two",
        one(ROLE, name="trusts-two", assumeRolePolicy=trust(subjects("one", "two"))),
        one(ROLE, name="trusts-two", assumeRolePolicy=trust(subjects("one"))),
    ),
    Case(
        "shared-identity",
        "two associations of one role",
        "second",
        "the role associated-twice is that of the namespaces four and three",
        associations("associated-twice", "four", "three"),
        associations("associated-once", "four"),
    ),
    Case(
        "shared-identity",
        "two ServiceAccounts that name one role",
        "second",
        "eks.amazonaws.com/role-arn arn:aws:iam::111122223333:role/annotated is that of the namespaces five and six",
        {
            "first": annotated("five", "eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/annotated"),
            "second": annotated("six", "eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/annotated"),
        },
        {
            "first": annotated("five", "eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/five"),
            "second": annotated("six", "eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/six"),
        },
    ),
    Case(
        "shared-identity",
        "one service account for two namespaces",
        "it",
        "the service account two-namespaces is that of the namespaces eight and seven",
        impersonated("two-namespaces", "seven", "eight"),
        {**google_account("till"), **impersonated("till@shop.iam.gserviceaccount.com", "seven")},
    ),
    Case(
        "shared-identity",
        "one managed identity for two namespaces",
        "second",
        "the managed identity shop/for-two is that of the namespaces nine and ten",
        {"first": credential_of("for-two", "nine"), "second": credential_of("for-two", "ten")},
        {"first": credential_of("for-nine", "nine"), "second": credential_of("for-ten", "ten")},
    ),
    Case(
        "shared-identity",
        "one role of Vault's for two namespaces",
        "it",
        "Vault's role for-two is that of the namespaces eleven and twelve",
        kubernetes_role(roleName="for-two", boundServiceAccountNamespaces=["eleven", "twelve"]),
        kubernetes_role(roleName="for-eleven", boundServiceAccountNamespaces=["eleven"]),
    ),
]
