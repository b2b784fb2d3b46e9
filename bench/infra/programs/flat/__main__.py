"""The same namespaces written by hand: plain resources, and functions that return their documents and manifests.

It makes the resources of `ours`, of the same names and with the same inputs; a preview of two namespaces of each is
compared before anything is measured. What it lacks: the two components of each namespace and their outputs, and every
check. What is written for speed: manifests are dictionaries, and what is the same for all namespaces is made once.
As the project `bare` it puts each namespace's resources into two components that do nothing.
"""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path
SECURITY_CONTEXT = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
APP = {
    "name": "app",
    "image": "registry.example/app:1.4.2",
    "env": [{"name": "SECRETS_URL", "value": "http://localhost:8080"}],
    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "securityContext": {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    },
}
TOKEN = {"audience": "sts.amazonaws.com", "expirationSeconds": 3600, "path": "token"}
VOLUME = {"name": "secret-access-token", "projected": {"sources": [{"serviceAccountToken": TOKEN}]}}
LABELS = {"app.kubernetes.io/name": "app"}


def main() -> None:
    """Make as many namespaces as the setting says."""
    on_aws = aws.Provider("aws", region="us-east-1")
    on_kubernetes = k8s.Provider("kubernetes", context="bench", kubeconfig="bench")
    oidc_provider_arn = pulumi.Output.from_input(f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}")
    names = [f"team-{number}" for number in range(pulumi.Config().require_int("namespaces"))]
    identities = {name: namespace(name, oidc_provider_arn, on_aws, on_kubernetes) for name in names}
    pulumi.export("identities", identities)


def namespace(
    name: str, oidc_provider_arn: pulumi.Output[str], on_aws: aws.Provider, on_kubernetes: k8s.Provider
) -> pulumi.Output[str]:
    """Make a namespace, its role and its Deployment, and return the role's ARN."""
    access, workload = (Access(name), Workload(f"{name}/app")) if pulumi.get_project() == "bare" else (None, None)
    in_aws = pulumi.ResourceOptions(parent=access, provider=on_aws)
    created = k8s.core.v1.Namespace(
        f"{name}-namespace", metadata={"name": name}, opts=pulumi.ResourceOptions(provider=on_kubernetes)
    )
    role = aws.iam.Role(
        f"{name}-role",
        name=f"secret-access-{name}",
        description=f"Secrets {name}/* for pods of the namespace {name}",
        assume_role_policy=oidc_provider_arn.apply(lambda arn: trust_policy(arn, name)),
        force_detach_policies=True,
        tags={"team": name},
        opts=pulumi.ResourceOptions(parent=access, provider=on_aws, depends_on=[created]),
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy",
        name="own-secrets",
        role=role.name,
        policy=oidc_provider_arn.apply(lambda arn: secrets_policy(arn, name)),
        opts=in_aws,
    )
    inline = aws.iam.RolePoliciesExclusive(
        f"{name}-policies", role_name=role.name, policy_names=[policy.name], opts=in_aws
    )
    managed = aws.iam.RolePolicyAttachmentsExclusive(
        f"{name}-attachments", role_name=role.name, policy_arns=[], opts=in_aws
    )
    account = k8s.core.v1.ServiceAccount(
        f"{name}-service-account",
        metadata={"name": "secret-access", "namespace": name, "annotations": {"secret-access/role-arn": role.arn}},
        automount_service_account_token=False,
        # A pod must not start before its rights are complete
        opts=pulumi.ResourceOptions(
            parent=access, provider=on_kubernetes, depends_on=[created, policy, inline, managed]
        ),
    )
    pod = {
        "serviceAccountName": "secret-access",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [sidecar(name, role.arn)],
        "containers": [APP],
        "volumes": [VOLUME],
    }
    annotations = {"eks.amazonaws.com/skip-containers": "app,secrets"}
    spec: Any = {
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS, "annotations": annotations}, "spec": pod},
    }
    k8s.apps.v1.Deployment(
        f"{name}/app-deployment",
        metadata={"name": "app", "namespace": name, "labels": LABELS},
        spec=spec,
        opts=pulumi.ResourceOptions(parent=workload, provider=on_kubernetes, depends_on=[account]),
    )
    return role.arn


class Access(pulumi.ComponentResource):
    """A component that does nothing and has no outputs."""

    def __init__(self, name: str) -> None:
        super().__init__("bench:index:Access", name)
        self.register_outputs({})


class Workload(pulumi.ComponentResource):
    """A component that does nothing and has no outputs."""

    def __init__(self, name: str) -> None:
        super().__init__("bench:index:Workload", name)
        self.register_outputs({})


def trust_policy(oidc_provider_arn: str, namespace: str) -> str:
    """Return the role's trust policy."""
    issuer = oidc_provider_arn.partition(":oidc-provider/")[2]
    statement = {
        "Sid": "OneServiceAccount",
        "Effect": "Allow",
        "Principal": {"Federated": oidc_provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{issuer}:sub": f"system:serviceaccount:{namespace}:secret-access",
                f"{issuer}:aud": "sts.amazonaws.com",
            },
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def secrets_policy(oidc_provider_arn: str, namespace: str) -> str:
    """Return what the role may do."""
    account = oidc_provider_arn.split(":")[4]
    statement = {
        "Sid": "ReadOwnSecrets",
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": f"arn:aws:secretsmanager:us-east-1:{account}:secret:{namespace}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def sidecar(namespace: str, role_arn: pulumi.Output[str]) -> dict[str, object]:
    """Return the sidecar's container."""
    return {
        "name": "secrets",
        "image": "registry.example/secret-sidecar:0.1.0",
        "restartPolicy": "Always",
        "env": [
            {"name": "SECRETS_BACKEND", "value": "aws"},
            {"name": "SECRETS_NAMESPACE", "value": namespace},
            {"name": "SECRETS_PREFIX", "value": f"{namespace}/"},
            {"name": "SECRETS_NAMES", "value": "database-password"},
            {"name": "SECRETS_PORT", "value": "8080"},
            {"name": "SECRETS_HEALTH_PORT", "value": "8081"},
            {"name": "AWS_REGION", "value": "us-east-1"},
            {"name": "AWS_EC2_METADATA_DISABLED", "value": "true"},
            {"name": "AWS_ROLE_ARN", "value": role_arn},
            {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": f"{TOKEN_FOLDER}/token"},
            {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "ports": [{"name": "health", "containerPort": 8081}],
        "startupProbe": {**probe("/healthz"), "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**probe("/healthz"), "periodSeconds": 10},
        "readinessProbe": {**probe("/readyz"), "periodSeconds": 2},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": SECURITY_CONTEXT,
        "volumeMounts": [{"name": "secret-access-token", "mountPath": TOKEN_FOLDER, "readOnly": True}],
    }


def probe(path: str) -> dict[str, object]:
    """Return a probe of the sidecar."""
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5}


main()
