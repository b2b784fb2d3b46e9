"""What else stands in a platform team's stack leaves nothing undecided; a change of it that matters does."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from secret_access.aws.trust import irsa_trust
from secret_access.azure.documents import SECRETS_USER
from secret_access.cli.evaluate import BREACHED, ISOLATED, UNDECIDED
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.cli.test_evaluate import preview, run

from . import azure_documents, test_gcp, test_vault
from .azure_documents import OWNER, SUBSCRIPTION
from .documents import PROVIDER, Document, arns, namespaces, policy, resource

AWS, GCP, AZURE, VAULT = (
    namespaces("shop", "pay"),
    test_gcp.namespaces("shop", "pay"),
    azure_documents.with_own_vaults("shop", "pay"),
    test_vault.namespaces("shop", "pay"),
)
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def service(host: str) -> Document:
    return {"Statement": [{"Effect": "Allow", "Principal": {"Service": host}, "Action": "sts:AssumeRole"}]}


def role(name: str, trust: Document, *policies: str | Document, known: bool = True) -> list[Resource]:
    """A role, with policies of its own or ARNs of AWS's."""
    made = resource(ROLE, name, name=name, assumeRolePolicy=trust)
    of = {"role": (made.urn,)}
    return [
        made,
        *(
            resource(ATTACHMENT, f"{name}-{n}", of, role=name, policyArn=f"arn:aws:iam::aws:policy/{each}")
            if isinstance(each, str)
            else resource(ROLE_POLICY, f"{name}-{n}", of, role=name, policy=each if known else UNKNOWN)
            for n, each in enumerate(policies)
        ),
    ]


def of_account(namespace: str, account: str) -> Document:
    return irsa_trust([PROVIDER], f"system:serviceaccount:{namespace}:{account}")


OBJECTS: Document = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::thumbs/*"}}
ZONES: Document = {"Statement": {"Effect": "Allow", "Action": "route53:ChangeResourceRecordSets", "Resource": "*"}}
FIGURES: Document = {"Statement": {"Effect": "Allow", "Action": ["cloudwatch:Get*", "ec2:Describe*"], "Resource": "*"}}
VENDOR: Document = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::464622532012:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "a"}},
        }
    ]
}
EVERY = resource("aws:iam/policy:Policy", "every", policy=policy(arns("*")))


def attached(**to: Any) -> Resource:
    """A policy of the stack, for several at once."""
    made = resource("aws:iam/policyAttachment:PolicyAttachment", "all", {"policyArn": (EVERY.urn,)}, policyArn=UNKNOWN)
    return Resource(made.urn, made.type, {**made.inputs, **to}, made.depends_on)


EKS = [
    *role("thumbs", service("lambda.amazonaws.com"), "service-role/AWSLambdaBasicExecutionRole", OBJECTS),
    *role("late", service("lambda.amazonaws.com"), OBJECTS, known=False),
    *role("reader", service("lambda.amazonaws.com"), policy(arns("thumbs/*"))),
    *role("cluster", service("eks.amazonaws.com"), "AmazonEKSClusterPolicy"),
    *role("dns", of_account("external-dns", "external-dns"), ZONES),
    *role("disks", of_account("kube-system", "ebs-csi-controller-sa"), "service-role/AmazonEBSCSIDriverPolicy"),
    *role("datadog", VENDOR, FIGURES),
    *(EVERY, attached(users=["jane"], roles=["reader"])),
    resource("aws:s3/bucket:Bucket", "thumbs", bucket="thumbs"),
    resource("aws:secretsmanager/secret:Secret", "datadog", name="datadog/api-key"),
]


def google(kind: str, name: str, member: Resource | str, **inputs: Any) -> Resource:
    """A binding, for a service account of the stack or for a member by name."""
    if isinstance(member, str):
        return resource(kind, name, member=member, **inputs)
    return resource(kind, name, {"member": (member.urn,)}, member=UNKNOWN, **inputs)


PUSHER = resource("gcp:serviceaccount/account:Account", "pusher", accountId="pusher")
ON_PROJECT, ON_SECRET = "gcp:projects/iAMMember:IAMMember", "gcp:secretmanager/secretIamMember:SecretIamMember"
POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github"
ACCESSOR = "roles/secretmanager.secretAccessor"


def pool(issuer: str) -> Resource:
    made = resource(
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider", "github", workloadIdentityPoolId="github"
    )
    return Resource(made.urn, made.type, {**made.inputs, "oidc": {"issuerUri": issuer}}, {})


def by_pipeline(issuer: str) -> list[Resource]:
    member = f"principalSet://{POOL}/attribute.repository/org/shop"
    become = "gcp:serviceaccount/iAMMember:IAMMember"
    return [
        PUSHER,
        pool(issuer),
        resource(
            become,
            "github",
            {"serviceAccountId": (PUSHER.urn,)},
            serviceAccountId=UNKNOWN,
            role="roles/iam.workloadIdentityUser",
            member=member,
        ),
        google(ON_PROJECT, "push", PUSHER, role="roles/artifactregistry.writer"),
        google(ON_SECRET, "token", PUSHER, role=ACCESSOR, secretId="ci--token"),
    ]


def elsewhere(secret: str) -> Resource:
    return google(
        ON_SECRET, "monitoring", "serviceAccount:it@other.iam.gserviceaccount.com", role=ACCESSOR, secretId=secret
    )


def assigned(name: str, *sources: Resource, principal: str = UNKNOWN, **inputs: Any) -> Resource:
    """A role of Azure's on a vault of the stack."""
    user = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{SECRETS_USER}"
    given = {"principalId": principal, "principalType": "ServicePrincipal", "roleDefinitionId": user, **inputs}
    kind = "azure-native:authorization:RoleAssignment"
    depends_on = {"principalId": tuple(each.urn for each in sources), "scope": (SITES_VAULT.urn,)}
    return resource(kind, name, depends_on, **{"scope": UNKNOWN, **given})


SITES_VAULT = azure_documents.vault("site")
SITE = resource("azure-native:web:WebApp", "site")
MACHINE = resource("azure-native:compute:VirtualMachine", "machine")
SITES_IDENTITY = azure_documents.identity("site")
OPS = assigned(
    "ops",
    principal="33333333-3333-3333-3333-333333333333",
    principalType="Group",
    scope=azure_documents.GROUP,
    roleDefinitionId=f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}",
)


def approle(policy_of_it: str, *names: str) -> list[Resource]:
    role_of_it = resource("vault:appRole/authBackendRole:AuthBackendRole", "ci", roleName="ci")
    return [
        Resource(role_of_it.urn, role_of_it.type, {**role_of_it.inputs, "tokenPolicies": list(names or ["ci"])}, {}),
        resource("vault:index/policy:Policy", "ci", name="ci", policy=policy_of_it),
    ]


OWN_PATH = 'path "secret/data/ci/*" { # its own\n  capabilities = ["read"] // no more\n} /* all */\n'
RICH = 'path "secret/data/*" {\n  capabilities = ["create"]\n  required_parameters = ["x"]\n}\n'

ORDINARY: Mapping[str, Callable[[], list[Resource]]] = {
    "EKS, with functions, its own roles, add-ons and a bucket": lambda: [*AWS, *EKS],
    "GKE, with a pipeline that pushes images and reads its own secret": lambda: [
        *GCP,
        *by_pipeline("https://token.actions.githubusercontent.com"),
    ],
    "GKE, with another team's secret for a service account from elsewhere": lambda: [*GCP, elsewhere("datadog")],
    "AKS, with an App Service and its vault": lambda: [*AZURE, SITE, SITES_VAULT, assigned("site", SITE)],
    "AKS, with an identity that no pod becomes": lambda: [
        *AZURE,
        SITES_IDENTITY,
        SITES_VAULT,
        assigned("site", SITES_IDENTITY),
    ],
    "AKS, with a group of people": lambda: [*AZURE, OPS],
    "Vault, with a pipeline's AppRole for its own path": lambda: [*VAULT, *approle(OWN_PATH)],
    "Vault, with a policy that no role of the stack has": lambda: [
        *VAULT,
        resource("vault:index/policy:Policy", "admins", name="admins", policy=RICH),
        resource("vault:index/policy:Policy", "late", name="late", policy=UNKNOWN),
    ],
}
WIDENED: Mapping[str, tuple[int, Callable[[], list[Resource]]]] = {
    "a vendor's role that may read secrets": (
        UNDECIDED,
        lambda: [*AWS, *role("datadog", VENDOR, FIGURES, policy(arns("datadog/*")))],
    ),
    "a vendor's role that may change functions": (
        UNDECIDED,
        lambda: [*AWS, *role("datadog", VENDOR, policy("*", action="lambda:UpdateFunctionCode"))],
    ),
    "a policy for several roles, a namespace's among them": (
        BREACHED,
        lambda: [
            *AWS,
            *role("reader", service("lambda.amazonaws.com")),
            EVERY,
            attached(roles=["reader", "secret-access-pay"]),
        ],
    ),
    "a policy for a role from elsewhere": (UNDECIDED, lambda: [*AWS, EVERY, attached(roles=["elsewhere"])]),
    "a policy that is known later, for a ServiceAccount": (
        UNDECIDED,
        lambda: [*AWS, *role("dns", of_account("external-dns", "external-dns"), ZONES, known=False)],
    ),
    "a pool whose issuer may be a cluster": (BREACHED, lambda: [*GCP, *by_pipeline("https://oidc.example")]),
    "a service account from elsewhere, for a namespace's secret": (UNDECIDED, lambda: [*GCP, elsewhere("shop--key")]),
    "an identity of a machine, which may be a node": (
        UNDECIDED,
        lambda: [*AZURE, MACHINE, SITES_VAULT, assigned("machine", MACHINE)],
    ),
    "an identity that pods become": (
        UNDECIDED,
        lambda: [*AZURE, SITES_VAULT, assigned("shop", azure_documents.identity("shop"))],
    ),
    "a group, in a stack that says who is in groups": (
        UNDECIDED,
        lambda: [*AZURE, OPS, resource("azuread:index/groupMember:GroupMember", "it")],
    ),
    "an AppRole for a namespace's path": (UNDECIDED, lambda: [*VAULT, *approle(OWN_PATH.replace("ci", "pay"))]),
    "an AppRole whose policy cannot be read": (UNDECIDED, lambda: [*VAULT, *approle(RICH)]),
    "a path with a sign of comments": (
        BREACHED,
        lambda: [
            test_vault.role("shop", tokenPolicies=["ci"]),
            resource(
                "vault:index/policy:Policy", "ci", name="ci", policy='path "secret/data/#*" { capabilities = ["read"] }'
            ),
        ],
    ),
}


@pytest.mark.parametrize("stack", ORDINARY)
def test_an_ordinary_stack_is_proven_isolated(stack: str) -> None:
    """With what is known before the first update."""
    result = run(given=preview(ORDINARY[stack]()))
    assert result.exit_code == ISOLATED, result.output
    assert "not judged" not in result.output


@pytest.mark.parametrize("change", WIDENED)
def test_what_is_nearly_ordinary_is_not(change: str) -> None:
    """Where pods may have it, or it reaches a namespace's secrets."""
    expected, made = WIDENED[change]
    result = run("--json", given=preview(made()))
    assert result.exit_code == expected, json.loads(result.output)["clouds"]
