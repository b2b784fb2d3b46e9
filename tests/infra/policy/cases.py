"""Programs with a mistake, each beside the same without it: what the rules, and the real engine, judge.

A program is resources by name, each a type and its inputs as Pulumi has them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secret_access.proof.preview import Resource

CANARY = "a-value-that-nothing-prints"
Program = Mapping[str, tuple[str, Mapping[str, Any]]]
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/shop-1a2b3c4d"
SUBJECT = "system:serviceaccount:shop:secret-access"


@dataclass(frozen=True)
class Case:
    """A mistake: which rule finds it, with which resource, in which words."""

    rule: str
    name: str
    resource: str
    says: str
    wrong: Program
    right: Program


def resources(program: Program, prefix: str = "") -> list[Resource]:
    """The resources of a program, as a rule sees them."""
    return [Resource(urn(type_, prefix + name), type_, inputs, {}) for name, (type_, inputs) in program.items()]


def urn(type_: str, name: str) -> str:
    """The URN in a stack of the tests."""
    return f"urn:pulumi:only::inline::{type_}::{name}"


def arns(pattern: str) -> str:
    """The ARNs of secrets whose names match."""
    return f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{pattern}"


def document(**statement: Any) -> str:
    """An AWS policy of one statement, as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", **statement}]})


def trust(conditions: Mapping[str, Mapping[str, Any]], principal: Any = None) -> str:
    """A role's trust in tokens."""
    federated = {"Federated": PROVIDER} if principal is None else principal
    return document(Principal=federated, Action="sts:AssumeRoleWithWebIdentity", Condition=conditions)


def reading(*patterns: str, **more: Any) -> str:
    """A policy to read secrets."""
    return document(**{"Action": "secretsmanager:GetSecretValue", "Resource": list(patterns), **more})


def one(type_: str, **inputs: Any) -> Program:
    """A program of one resource."""
    return {"it": (type_, inputs)}


EXACT = {"StringEquals": {f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:aud": "sts.amazonaws.com"}}
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
ACCESSOR = "roles/secretmanager.secretAccessor"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
READER = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
"""Of what is there, and of no secret."""
SECRETS_USER = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"


def role(**conditions: Mapping[str, Any]) -> Program:
    """A role with conditions on tokens."""
    return one(ROLE, name="shop", assumeRolePolicy=trust(conditions))


def jwt(**inputs: Any) -> Program:
    """A role of Vault's JWT auth."""
    given = {"roleType": "jwt", "roleName": "shop", "boundSubject": SUBJECT, "boundAudiences": ["vault"], **inputs}
    return one(JWT_ROLE, **{key: value for key, value in given.items() if value is not None})


def kubernetes_role(**inputs: Any) -> Program:
    """A role of Vault's Kubernetes auth."""
    bound = {"boundServiceAccountNames": ["secret-access"], "boundServiceAccountNamespaces": ["shop"]}
    given = {"roleName": "shop", "audience": "vault", **bound, **inputs}
    return one(KUBERNETES_ROLE, **{key: value for key, value in given.items() if value is not None})


def credential(**inputs: Any) -> Program:
    """A federated credential of a managed identity."""
    given = {"issuer": "https://issuer.example/", "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
    return one(CREDENTIAL, resourceName="shop", resourceGroupName="shop", **{**given, **inputs})


def granted(type_: str, member: str, role: str = ACCESSOR, **inputs: Any) -> Program:
    """A binding of Google Cloud's."""
    return one(type_, role=role, member=member, **inputs)


def vault_policy(path: str, *capabilities: str) -> Program:
    """A policy of Vault's."""
    return one(
        "vault:index/policy:Policy", name="shop", policy=json.dumps({"path": {path: {"capabilities": capabilities}}})
    )


def subjects(*namespaces: str) -> Mapping[str, Mapping[str, Any]]:
    """Conditions on the ServiceAccounts of namespaces."""
    names = [f"system:serviceaccount:{namespace}:secret-access" for namespace in namespaces]
    return {"StringEquals": {f"{ISSUER}:sub": names, f"{ISSUER}:aud": "sts.amazonaws.com"}}


def secrets_of(namespace: str, *patterns: str) -> Program:
    """A namespace's role, and the secrets that it may read."""
    return {
        f"{namespace}-role": (ROLE, {"name": namespace, "assumeRolePolicy": trust(subjects(namespace))}),
        f"{namespace}-policy": (ROLE_POLICY, {"role": namespace, "policy": reading(*map(arns, patterns))}),
    }


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


def workload(namespace: str, prefix: str) -> tuple[str, Mapping[str, Any]]:
    """A pod whose sidecar reads under a prefix."""
    env = [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": prefix}]
    containers = [{"name": "secrets", "image": "localhost/secret-sidecar:dev", "env": env}]
    return "kubernetes:core/v1:Pod", {"metadata": {"namespace": namespace}, "spec": {"containers": containers}}


ONE_POD = f"{POOL}/subject/{SUBJECT}"
CLOUDS = [
    Case(
        "wildcard-principal",
        "a secret's own policy",
        "it",
        "allows the principal *",
        one("aws:secretsmanager/secretPolicy:SecretPolicy", policy=reading("*", Principal="*")),
        one(
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            policy=reading("*", Principal={"AWS": "arn:aws:iam::111122223333:role/shop"}),
        ),
    ),
    Case(
        "wildcard-principal",
        "a role's trust",
        "it",
        "trust, statement One allows the principal *",
        one(ROLE, name="shop", assumeRolePolicy=trust(EXACT, {"Federated": "*"})),
        one(ROLE, name="shop", assumeRolePolicy=trust(EXACT)),
    ),
    Case(
        "wildcard-principal",
        "Google's allUsers",
        "it",
        "roles/secretmanager.secretAccessor is granted to allUsers",
        granted(SECRET_MEMBER, "allUsers", secretId="shop--key"),
        granted(SECRET_MEMBER, ONE_POD, secretId="shop--key"),
    ),
    Case(
        "wildcard-principal",
        "a whole pool in a policy document",
        "it",
        "is granted to principalSet://",
        one(
            "gcp:serviceaccount/iAMPolicy:IAMPolicy",
            serviceAccountId="shop",
            policyData=json.dumps(
                {
                    "bindings": [
                        {
                            "role": "roles/iam.workloadIdentityUser",
                            "members": [POOL.replace("principal:", "principalSet:") + "/*"],
                        }
                    ]
                }
            ),
        ),
        one(
            "gcp:serviceaccount/iAMPolicy:IAMPolicy",
            serviceAccountId="shop",
            policyData=json.dumps({"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [ONE_POD]}]}),
        ),
    ),
    Case(
        "wildcard-resource",
        "a role's policy",
        "it",
        "allows Secrets Manager on *",
        one(ROLE_POLICY, role="shop", policy=reading("*")),
        one(ROLE_POLICY, role="shop", policy=reading(arns("shop/*"))),
    ),
    Case(
        "wildcard-resource",
        "an inline policy, as an object, without the closing slash",
        "it",
        "inline policy own, statement One allows Secrets Manager on arn:aws:secretsmanager:us-east-1:",
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=trust(EXACT),
            inlinePolicies=[{"name": "own", "policy": reading(arns("shop*"))}],
        ),
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=trust(EXACT),
            inlinePolicies=[{"name": "own", "policy": reading(arns("shop/*"), arns("shop/exact-??????"))}],
        ),
    ),
    Case(
        "wildcard-resource",
        "Google's project",
        "it",
        "is granted on the project without a condition",
        granted(PROJECT_MEMBER, ONE_POD, project="shop"),
        granted(
            PROJECT_MEMBER,
            ONE_POD,
            project="shop",
            condition={"title": "own", "expression": 'resource.name.startsWith("projects/1/secrets/shop--")'},
        ),
    ),
    Case(
        "wildcard-resource",
        "Azure's resource group",
        "it",
        "Key Vault Secrets User is granted on /subscriptions/",
        one(ASSIGNMENT, roleDefinitionId=SECRETS_USER, scope=GROUP),
        one(ASSIGNMENT, roleDefinitionId=READER, scope=GROUP),
    ),
    Case(
        "wildcard-resource",
        "Vault's bare wildcard",
        "it",
        "path 'secret/data/*' allows read",
        vault_policy("secret/data/*", "read"),
        vault_policy("secret/data/shop/*", "read"),
    ),
    Case(
        "trust-without-audience",
        "AWS",
        "it",
        "trust, statement One has no exact condition on :aud",
        role(StringEquals={f"{ISSUER}:sub": SUBJECT}),
        role(**EXACT),
    ),
    Case(
        "trust-without-audience",
        "AWS, with an operator that a missing claim passes",
        "it",
        "has no exact condition on :aud",
        role(
            StringEquals={f"{ISSUER}:sub": SUBJECT},
            StringEqualsIfExists={f"{ISSUER}:aud": "sts.amazonaws.com"},
        ),
        role(**EXACT),
    ),
    Case(
        "trust-without-audience",
        "Azure",
        "it",
        "the federated credential has no audiences",
        credential(audiences=[]),
        credential(),
    ),
    Case(
        "trust-without-audience",
        "Vault's JWT auth",
        "it",
        "the role has no bound_audiences",
        jwt(boundAudiences=None),
        jwt(),
    ),
    Case(
        "trust-without-audience",
        "Vault's Kubernetes auth",
        "it",
        "the role has no audience",
        kubernetes_role(audience=None),
        kubernetes_role(),
    ),
    *(
        Case(
            "trust-by-pattern",
            f"AWS, by {operator}",
            "it",
            f"compares :sub by {operator}",
            role(
                StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"},
                **{operator: {f"{ISSUER}:sub": "system:serviceaccount:*:secret-access"}},
            ),
            role(**EXACT),
        )
        for operator in ("StringLike", "StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:StringEquals")
    ),
    Case(
        "trust-by-pattern",
        "AWS, without a subject",
        "it",
        "has no condition on :sub",
        role(StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"}),
        role(**EXACT),
    ),
    Case(
        "trust-by-pattern",
        "EKS Pod Identity",
        "it",
        "compares aws:RequestTag/kubernetes-namespace by StringLike with *",
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=document(
                Principal={"Service": "pods.eks.amazonaws.com"},
                Action=["sts:AssumeRole", "sts:TagSession"],
                Condition={"StringLike": {"aws:RequestTag/kubernetes-namespace": "*"}},
            ),
        ),
        one(
            ROLE,
            name="shop",
            assumeRolePolicy=document(
                Principal={"Service": "pods.eks.amazonaws.com"},
                Action=["sts:AssumeRole", "sts:TagSession"],
                Condition={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "shop"}},
            ),
        ),
    ),
    Case(
        "trust-by-pattern",
        "Azure's flexible credential",
        "it",
        "matches claims by a pattern",
        credential(
            subject=None,
            claimsMatchingExpression={"value": "claims['sub'] matches 'system:serviceaccount:*'", "languageVersion": 1},
        ),
        credential(),
    ),
    Case(
        "trust-by-pattern",
        "Vault's JWT auth",
        "it",
        "bound_claims compares sub by a pattern",
        jwt(boundSubject=None, boundClaimsType="glob", boundClaims={"sub": "system:serviceaccount:*"}),
        jwt(boundSubject=None, boundClaims={"sub": SUBJECT}),
    ),
    Case(
        "trust-by-pattern",
        "Vault's JWT auth, without a subject",
        "it",
        "the role has no bound_subject",
        jwt(boundSubject=None),
        jwt(),
    ),
    Case(
        "trust-by-pattern",
        "Vault's Kubernetes auth",
        "it",
        "boundServiceAccountNamespaces holds '*'",
        kubernetes_role(boundServiceAccountNamespaces=["*"]),
        kubernetes_role(),
    ),
]
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
        impersonated("one-namespace", "seven"),
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
    Case(
        "covering-prefixes",
        "a prefix inside another's",
        "",
        "the prefix team/ of the namespace covers covers team/covered/ of covered in aws",
        {"first": workload("covers", prefix="team/"), "second": workload("covered", prefix="team/covered/")},
        {"first": workload("covers", prefix="covers/"), "second": workload("covered", prefix="covered/")},
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
RUNTIME_ONLY: dict[str, Any] = {"name": "marked", "labels": {"secret-access/runtime-only": "true"}}
NOT_MARKED: dict[str, Any] = {"name": "not-marked", "labels": {"secret-access/runtime-only": "false"}}


def in_namespace(kind: str, marked: bool, **body: Any) -> Program:
    """A namespace, marked or not, and an object in it."""
    metadata = RUNTIME_ONLY if marked else NOT_MARKED
    return {
        "first": ("kubernetes:core/v1:Namespace", {"metadata": metadata}),
        "second": (kind, {"metadata": {"name": "it", "namespace": metadata["name"]}, **body}),
    }


SIDECAR: dict[str, Any] = {
    "name": "secrets",
    "image": "localhost/secret-sidecar:dev",
    "restartPolicy": "Always",
    "env": [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": "pods/"}],
    "volumeMounts": [{"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access"}],
}
TOKEN: dict[str, Any] = {
    "name": "secret-access-token",
    "projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}]},
}
APP: dict[str, Any] = {"name": "app", "image": "localhost/app:dev"}


def pod(app: Mapping[str, Any] = APP, sidecar: Mapping[str, Any] = SIDECAR, **more: Any) -> dict[str, Any]:
    """The spec of a pod with a sidecar."""
    return {"initContainers": [sidecar], "containers": [app], "volumes": [TOKEN], **more}


def deployment(spec: Mapping[str, Any], **template: Any) -> Program:
    """A Deployment of such pods."""
    made = {"metadata": {}, **template, "spec": spec}
    return one("kubernetes:apps/v1:Deployment", metadata=IN_PODS, spec={"template": made})


IN_PODS: dict[str, Any] = {"name": "shop", "namespace": "pods"}
MOUNTS: dict[str, Any] = {**APP, "volumeMounts": [{"name": "secret-access-token", "mountPath": "/token"}]}
OTHER_TOKEN: dict[str, Any] = {**TOKEN, "name": "mine"}
SHARED_MODE: dict[str, Any] = {**SIDECAR, "env": [*SIDECAR["env"], {"name": "SECRETS_MODE", "value": "shared"}]}
DIGEST = "registry.example/shop@sha256:" + "0" * 64
SECRET = "kubernetes:core/v1:Secret"
SEALED = "kubernetes:bitnami.com/v1alpha1:SealedSecret"
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
SYNCED: dict[str, Any] = {"provider": "aws", "secretObjects": [{"secretName": "it", "type": "Opaque"}]}
MAKE_SECRETS: Sequence[tuple[str, dict[str, Any]]] = (
    (SECRET, {"stringData": {"password": CANARY}}),
    (SEALED, {"spec": {}}),
    (EXTERNAL, {"spec": {}}),
    (CLASS, {"spec": SYNCED}),
)
PODS = [
    *(
        Case(
            "secret-in-etcd",
            kind.rpartition(":")[2],
            "second",
            f"{kind.rpartition(':')[2]} it puts values into etcd, in the namespace marked",
            in_namespace(kind, True, **body),
            in_namespace(kind, False, **body),
        )
        for kind, body in MAKE_SECRETS
    ),
    Case(
        "secret-in-etcd",
        "a list of Secrets",
        "second",
        "Secret it puts values into etcd, in the namespace marked",
        {
            "first": ("kubernetes:core/v1:Namespace", {"metadata": RUNTIME_ONLY}),
            "second": (f"{SECRET}List", {"items": [{"metadata": {"name": "it", "namespace": "marked"}}]}),
        },
        {
            "first": ("kubernetes:core/v1:Namespace", {"metadata": NOT_MARKED}),
            "second": (f"{SECRET}List", {"items": [{"metadata": {"name": "it", "namespace": "not-marked"}}]}),
        },
    ),
    Case(
        "sidecar-beyond-localhost",
        "the shared mode beside an application",
        "it",
        "the sidecar secrets of Deployment shop has SECRETS_MODE=shared",
        deployment(pod(sidecar=SHARED_MODE)),
        deployment(pod()),
    ),
    Case(
        "sidecar-beyond-localhost",
        "the node's network",
        "it",
        "the sidecar secrets of Pod shop is in a pod with hostNetwork",
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod(hostNetwork=True)),
        one("kubernetes:core/v1:Pod", metadata=IN_PODS, spec=pod()),
    ),
    Case(
        "sidecar-beyond-localhost",
        "a port of the node, in a CronJob",
        "it",
        "the sidecar secrets of CronJob shop has a hostPort",
        one(
            "kubernetes:batch/v1:CronJob",
            metadata=IN_PODS,
            spec={
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": pod({**APP, "ports": [{"containerPort": 8080, "hostPort": 8080}]})},
                    }
                }
            },
        ),
        one(
            "kubernetes:batch/v1:CronJob",
            metadata=IN_PODS,
            spec={"jobTemplate": {"spec": {"template": {"spec": pod({**APP, "ports": [{"containerPort": 3000}]})}}}},
        ),
    ),
    Case(
        "token-in-application",
        "the sidecar's volume",
        "it",
        "the container app of StatefulSet shop mounts secret-access-token",
        one("kubernetes:apps/v1:StatefulSet", metadata=IN_PODS, spec={"template": {"spec": pod(MOUNTS)}}),
        one("kubernetes:apps/v1:StatefulSet", metadata=IN_PODS, spec={"template": {"spec": pod()}}),
    ),
    Case(
        "token-in-application",
        "another volume for the same audience",
        "it",
        "the container app of DaemonSet shop mounts mine",
        one(
            "kubernetes:apps/v1:DaemonSet",
            metadata=IN_PODS,
            spec={
                "template": {
                    "spec": pod(
                        {**APP, "volumeMounts": [{"name": "mine", "mountPath": "/token"}]}, volumes=[TOKEN, OTHER_TOKEN]
                    )
                }
            },
        ),
        one("kubernetes:apps/v1:DaemonSet", metadata=IN_PODS, spec={"template": {"spec": pod()}}),
    ),
    Case(
        "token-in-application",
        "processes that are shared, in a list of Jobs",
        "it",
        "Job shop has shareProcessNamespace",
        one(
            "kubernetes:batch/v1:JobList",
            items=[
                {"kind": "Job", "metadata": IN_PODS, "spec": {"template": {"spec": pod(shareProcessNamespace=True)}}}
            ],
        ),
        one(
            "kubernetes:batch/v1:JobList",
            items=[{"kind": "Job", "metadata": IN_PODS, "spec": {"template": {"spec": pod()}}}],
        ),
    ),
    Case(
        "token-in-application",
        "Azure's webhook",
        "it",
        "Deployment shop has the label azure.workload.identity/use, which mounts a token in app",
        deployment(
            pod(),
            metadata={
                "labels": {"azure.workload.identity/use": "true"},
                "annotations": {"azure.workload.identity/skip-containers": "secrets"},
            },
        ),
        deployment(
            pod(),
            metadata={
                "labels": {"azure.workload.identity/use": "true"},
                "annotations": {"azure.workload.identity/skip-containers": "secrets; app"},
            },
        ),
    ),
    Case(
        "image-by-tag",
        "a tag",
        "it",
        "the container app runs registry.example/shop:1.4.2",
        deployment({"containers": [{**APP, "image": "registry.example/shop:1.4.2"}]}),
        deployment({"containers": [{**APP, "image": DIGEST}]}),
    ),
]
GROUP_RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def bound(rule: Mapping[str, Any] | None, role: str, subject: Mapping[str, Any], *, cluster: bool = False) -> Program:
    """A role with one rule, or one of Kubernetes' own, and its binding."""
    scope = {} if cluster else {"namespace": "shop"}
    kind = "ClusterRole" if cluster or rule is None else "Role"
    binding = "ClusterRoleBinding" if cluster else "RoleBinding"
    own: Program = {}
    if rule is not None:
        own = {"role": (f"{GROUP_RBAC}:{kind}", {"metadata": {"name": role, **scope}, "rules": [rule]})}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    given = {"metadata": {"name": role, **scope}, "roleRef": reference, "subjects": [subject]}
    return {**own, "it": (f"{GROUP_RBAC}:{binding}", given)}


def core(resource: str, *verbs: str) -> dict[str, Any]:
    """A rule about a resource of the core group."""
    return {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}


DEVELOPERS: dict[str, Any] = {"kind": "Group", "name": "team-a", "apiGroup": "rbac.authorization.k8s.io"}
CI: dict[str, Any] = {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}
OWN: dict[str, Any] = {"kind": "ServiceAccount", "name": "app", "namespace": "shop"}
CLUSTER_RBAC = [
    *(
        Case(
            "rbac-across-namespaces",
            f"{verb} {resource} in every namespace",
            "it",
            f"ClusterRoleBinding cluster-{number} lets Group team-a {way}, in every namespace",
            bound(core(resource, verb), f"cluster-{number}", DEVELOPERS, cluster=True),
            bound(core("pods/log", "get"), f"cluster-{number}", DEVELOPERS, cluster=True),
        )
        for number, (resource, verb, way) in enumerate(
            (
                ("pods/exec", "create", "pods/exec"),
                ("pods", "create", "create pods"),
                ("serviceaccounts/token", "create", "create serviceaccounts/token"),
                ("secrets", "get", "read Secrets"),
                ("serviceaccounts", "impersonate", "impersonate serviceaccounts"),
            )
        )
    ),
    Case(
        "rbac-across-namespaces",
        "a ServiceAccount of another namespace",
        "it",
        "RoleBinding foreign lets ServiceAccount ci/deployer create pods, in shop",
        bound(core("pods", "create"), "foreign", CI),
        bound(core("pods", "get"), "foreign", CI),
    ),
    Case(
        "rbac-across-namespaces",
        "a role of Kubernetes' own",
        "it",
        "RoleBinding edit lets ServiceAccount ci/deployer pods/exec, create pods, read Secrets, in shop",
        bound(None, "edit", CI),
        bound(None, "view", CI),
    ),
    Case(
        "rbac-across-namespaces",
        "a rule that is added to view",
        "it",
        "ClusterRole adds-to-view adds read Secrets to the role view",
        one(
            f"{GROUP_RBAC}:ClusterRole",
            metadata={"name": "adds-to-view", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            rules=[core("secrets", "list")],
        ),
        one(
            f"{GROUP_RBAC}:ClusterRole",
            metadata={"name": "adds-to-view", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            rules=[core("configmaps", "list")],
        ),
    ),
    Case(
        "rbac-in-namespace",
        "a team that may exec",
        "it",
        "RoleBinding inside lets Group team-a pods/exec, in shop",
        bound(core("pods/exec", "create"), "inside", DEVELOPERS),
        bound(core("pods/eviction", "create"), "inside", DEVELOPERS),
    ),
    Case(
        "rbac-in-namespace",
        "a ServiceAccount of the namespace, in a list",
        "it",
        "RoleBinding listed lets ServiceAccount shop/app everything, in shop",
        one(
            f"{GROUP_RBAC}:RoleBindingList",
            items=[
                {
                    "kind": "RoleBinding",
                    "metadata": {"name": "listed", "namespace": "shop"},
                    "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
                    "subjects": [OWN],
                }
            ],
        ),
        one(
            f"{GROUP_RBAC}:RoleBindingList",
            items=[
                {
                    "kind": "RoleBinding",
                    "metadata": {"name": "listed", "namespace": "shop"},
                    "roleRef": {"kind": "ClusterRole", "name": "view"},
                    "subjects": [OWN],
                }
            ],
        ),
    ),
]
NO_DOCUMENT = "a document that is none, so nothing can be proven"
PROOF = [
    Case(
        "isolation",
        "one namespace's policy names another's prefix",
        "",
        "breaches can use breached/a of breached in aws, as role breaches: trust of breaches, statement One",
        {**secrets_of("breaches", "breaches/*", "breached/*"), **secrets_of("breached", "breached/*")},
        {**secrets_of("breaches", "breaches/*"), **secrets_of("breached", "breached/*")},
    ),
    Case(
        "isolation",
        "a trust in namespaces of which none is named",
        "",
        "in aws, as role anybody: trust of anybody, statement One",
        {
            "role": (
                ROLE,
                {
                    "name": "anybody",
                    "assumeRolePolicy": trust({"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:any*:app"}}),
                },
            ),
            "it": (ROLE_POLICY, {"role": "anybody", "policy": reading(arns("any/*"))}),
        },
        secrets_of("anybody", "anybody/*"),
    ),
    Case(
        "isolation",
        NO_DOCUMENT,
        "",
        "nothing is proven: policy it of unreadable is not JSON",
        {**secrets_of("unreadable", "unreadable/*"), "it": (ROLE_POLICY, {"role": "unreadable", "policy": "none"})},
        secrets_of("unreadable", "unreadable/*"),
    ),
    Case(
        "not-judged",
        "a policy of another stack",
        "",
        "aws: role not-judged has arn:aws:iam::111122223333:policy/other attached, which is not among the documents",
        {
            **secrets_of("not-judged", "not-judged/*"),
            "other": (
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"role": "not-judged", "policyArn": "arn:aws:iam::111122223333:policy/other"},
            ),
        },
        secrets_of("not-judged", "not-judged/*"),
    ),
]
CASES: Sequence[Case] = [*CLOUDS, *IDENTITIES, *PODS, *CLUSTER_RBAC, *PROOF]
