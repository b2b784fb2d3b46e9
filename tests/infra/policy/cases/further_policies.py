"""Identities of pods with more than their secrets."""

from collections.abc import Sequence
from typing import Any

from tests.infra.policy.cases.case import Case, Of, Program, one
from tests.infra.policy.cases.cloud_resources import (
    ASSIGNMENT,
    CREDENTIAL,
    GROUP,
    ONE_POD,
    PROJECT_MEMBER,
    READER,
    ROLE,
    ROLE_POLICY,
    arns,
    credential,
    document,
    granted,
    jwt,
    reading,
    subjects,
    trust,
)

WIDENED: Sequence[tuple[int, str, str, dict[str, Any]]] = (
    (
        1,
        "a policy of AWS's own",
        "the role widened-1, which pods get, has SecretsManagerReadWrite of AWS's own",
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/SecretsManagerReadWrite"]},
    ),
    (
        2,
        "the right to become any role",
        "inline policy any of widened-2, statement One allows sts:AssumeRole on every role",
        {"inlinePolicies": [{"name": "any", "policy": document(Action="sts:AssumeRole", Resource="*")}]},
    ),
)
"""Roles of pods with more than their secrets."""
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def assigned(type_: str, number: int, **given: Any) -> Program:
    """An identity of pods, and a role of Azure's for it."""
    name = f"widened-{number}"
    identity = (IDENTITY, {"resourceName": name, "resourceGroupName": "shop"})
    _, of_pods = credential(subject=f"system:serviceaccount:{name}:secret-access")["it"]
    return {
        "identity": identity,
        "credential": (CREDENTIAL, {**of_pods, "resourceName": Of("identity")}),
        "it": (type_, {"principalId": Of("identity"), **given}),
    }


FURTHER_POLICIES = [
    Case(
        "widened-identity",
        "owner of Azure's resource group",
        "it",
        f"an identity of pods is Owner of {GROUP}",
        assigned(ASSIGNMENT, 4, roleDefinitionId=READER.replace(READER[-36:], OWNER), scope=GROUP),
        assigned(ASSIGNMENT, 4, roleDefinitionId=READER, scope=GROUP),
    ),
    *(
        Case(
            "widened-identity",
            name,
            "it",
            says,
            one(ROLE, name=f"widened-{number}", assumeRolePolicy=trust(subjects(f"widened-{number}")), **more),
            one(ROLE, name=f"widened-{number}", assumeRolePolicy=trust(subjects(f"widened-{number}"))),
        )
        for number, name, says, more in WIDENED
    ),
    Case(
        "widened-identity",
        "an attachment by the role's name",
        "second",
        "the role widened-3, which pods get, has AdministratorAccess of AWS's own",
        {
            "first": (ROLE, {"name": "widened-3", "assumeRolePolicy": trust(subjects("widened-3"))}),
            "second": (
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"role": "widened-3", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            ),
        },
        {
            "first": (ROLE, {"name": "widened-3", "assumeRolePolicy": trust(subjects("widened-3"))}),
            "second": (ROLE_POLICY, {"role": "widened-3", "policy": reading(arns("widened-3/*"))}),
        },
    ),
    Case(
        "widened-identity",
        "owner of Google's project",
        "it",
        "has roles/owner on the project",
        granted(PROJECT_MEMBER, ONE_POD, role="roles/owner", project="shop"),
        granted(PROJECT_MEMBER, ONE_POD, role="roles/logging.logWriter", project="shop"),
    ),
    Case(
        "widened-identity",
        "Vault's policy root",
        "it",
        "Vault's role widened has the policy root",
        jwt(roleName="widened", tokenPolicies=["root"]),
        jwt(roleName="widened"),
    ),
]
