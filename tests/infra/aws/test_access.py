"""What AwsSecretAccess asks of AWS and Kubernetes, and what it tells."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest

from secret_access import Access, AwsSecretAccess, AwsSecretAccessArgs, InvalidArgument
from secret_access.aws import documents, trust
from secret_access.aws.identifiers import OidcProvider
from tests.infra.components import aws_access, aws_args
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, ISSUER_HOST, PROVIDER_ARN, Later, World, run

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICIES = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHMENTS = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/secret-access-test"
PROVIDER = OidcProvider("aws", ACCOUNT, ISSUER_HOST)


def environment(world: World) -> dict[str, Any]:
    """The sidecar's environment, by name."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in world.outputs["test"]["sidecar"]["env"]}


def test_it_makes_a_role_a_policy_and_a_service_account() -> None:
    """Exactly these resources, named after the component and under it."""
    world = run(aws_access())
    assert {(asked.type, asked.name, asked.parent) for asked in world.asked} == {
        ("secret-access:index:AwsSecretAccess", "test", ""),
        (ROLE, "test-role", "test"),
        (POLICY, "test-policy", "test"),
        (POLICIES, "test-policies", "test"),
        (ATTACHMENTS, "test-attachments", "test"),
        (SERVICE_ACCOUNT, "test-service-account", "test"),
    }
    assert len(world.asked) == 6


def test_the_role_trusts_the_service_account_alone() -> None:
    """The role's trust is the trust document of the ServiceAccount's subject."""
    role = run(aws_access(service_account_name="shop")).one(ROLE).inputs
    document = json.loads(role.pop("assumeRolePolicy"))
    assert document == trust.irsa_trust([PROVIDER], "system:serviceaccount:test:shop")
    assert role == {
        "name": "secret-access-test",
        "description": "Secrets test/* for pods of the namespace test",
        "forceDetachPolicies": True,
    }


def test_the_role_may_read_its_prefix_alone() -> None:
    """The inline policy is the reading one, on the namespace's prefix; no other is kept, and none attached."""
    world = run(aws_access())
    assert world.one(POLICIES).inputs == {"roleName": "secret-access-test", "policyNames": ["own-secrets"]}
    assert world.one(ATTACHMENTS).inputs == {"roleName": "secret-access-test", "policyArns": []}
    policy = world.one(POLICY).inputs
    assert json.loads(policy.pop("policy")) == documents.secrets_policy(PROVIDER, "us-east-1", "test/")
    assert policy == {"name": "own-secrets", "role": "secret-access-test"}


@pytest.mark.parametrize("access", [Access.READ_WRITE, "read_write"])
def test_writing_and_keys_are_granted_when_asked_for(access: Any) -> None:
    """access, secret_prefix and kms_key_arns reach the policy."""
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    world = run(aws_access(access=access, secret_prefix="team/test/", kms_key_arns=[Later(key)]))
    expected = documents.secrets_policy(PROVIDER, "us-east-1", "team/test/", Access.READ_WRITE, [key])
    assert json.loads(world.one(POLICY).inputs["policy"]) == expected
    assert environment(world)["SECRETS_ACCESS"] == "read_write"


def test_policies_of_the_platforms_own_are_attached_when_listed() -> None:
    """policy_arns are all that is attached, and pods wait for them: one may be there to deny."""
    denies = f"arn:aws:iam::{ACCOUNT}:policy/only-from-our-vpc"
    world = run(aws_access(policy_arns=["arn:aws:iam::aws:policy/AWSDenyAll", Later(denies)]))
    assert world.one(ATTACHMENTS).inputs["policyArns"] == ["arn:aws:iam::aws:policy/AWSDenyAll", denies]
    assert world.one(SERVICE_ACCOUNT).waits_for >= {"test-policy", "test-policies", "test-attachments"}


def test_boundary_tags_and_name_are_passed_through() -> None:
    """What an organisation demands of roles is the caller's to say."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    world = run(aws_access(permissions_boundary=boundary, tags={"team": "a"}, role_name="r" * 64))
    role = world.one(ROLE).inputs
    assert (role["permissionsBoundary"], role["tags"], role["name"]) == (boundary, {"team": "a"}, "r" * 64)


def test_the_service_account_shows_its_role_and_mounts_nothing() -> None:
    """The annotation names the role; no pod gets a token by default."""
    account = run(aws_access(labels={"team": "a"})).one(SERVICE_ACCOUNT).inputs
    assert account == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "automountServiceAccountToken": False,
        "metadata": {
            "name": "secret-access",
            "namespace": "test",
            "annotations": {"secret-access/role-arn": ROLE_ARN},
            "labels": {"team": "a"},
        },
    }


def test_no_webhook_gives_the_roles_token_to_other_containers_unless_asked_for() -> None:
    """EKS's webhook goes by its own annotation, which is there only where a program asks for it."""
    assert run(aws_access(irsa_annotation=False)).one(SERVICE_ACCOUNT).inputs["metadata"]["annotations"] == {
        "secret-access/role-arn": ROLE_ARN
    }
    assert run(aws_access(irsa_annotation=True)).one(SERVICE_ACCOUNT).inputs["metadata"]["annotations"] == {
        "secret-access/role-arn": ROLE_ARN,
        "eks.amazonaws.com/role-arn": ROLE_ARN,
    }


def test_an_existing_service_account_is_read_and_left_as_it_is() -> None:
    """One that carries the annotation is taken, not made."""
    metadata = {"name": "shop", "namespace": "test", "annotations": {"secret-access/role-arn": ROLE_ARN}}
    world = World(found={"test/shop": {"metadata": metadata}})
    run(aws_access(existing_service_account=True, service_account_name="shop"), world)
    account = world.one(SERVICE_ACCOUNT)
    assert (account.read, account.inputs, account.parent) == (True, {"id": "test/shop"}, "test")
    assert world.outputs["test"]["serviceAccountName"] == "shop"


def test_the_outputs_are_those_of_every_cloud() -> None:
    """The ten outputs that DESIGN gives every access component, with AWS's values."""
    outputs = run(aws_access(labels={"team": "a"})).outputs["test"]
    assert outputs.pop("sidecar")["name"] == "secrets"
    assert outputs == {
        "namespace": "test",
        "serviceAccountName": "secret-access",
        "subject": "system:serviceaccount:test:secret-access",
        "identity": ROLE_ARN,
        "secretPrefix": "test/",
        "podLabels": {"team": "a"},
        "podAnnotations": {"eks.amazonaws.com/skip-containers": "app,secrets"},
        "volumes": [
            {
                "name": "secret-access-token",
                "projected": {
                    "sources": [
                        {
                            "serviceAccountToken": {
                                "audience": "sts.amazonaws.com",
                                "expirationSeconds": 3600,
                                "path": "token",
                            }
                        }
                    ]
                },
            }
        ],
        "url": "http://localhost:8080",
    }


def test_the_sidecar_is_told_whose_secrets_it_serves() -> None:
    """The environment is the sidecar's contract; without names and endpoint those are left out."""
    assert environment(run(aws_access())) == {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": "test",
        "SECRETS_PREFIX": "test/",
        "SECRETS_PORT": "8080",
        "SECRETS_HEALTH_PORT": "8081",
        "AWS_REGION": "us-east-1",
        "AWS_ROLE_ARN": ROLE_ARN,
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/secret-access/aws/token",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SECRETS_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
    }


def test_names_endpoint_port_and_lifetime_reach_the_pod() -> None:
    """What the caller says of the sidecar is in its environment, its volume and its address."""
    world = run(
        aws_access(
            secrets=["database-password", Later("test/api-key")],
            endpoint_url="http://10.78.0.1:4566",
            port=8200.0,
            token_expiration_seconds=600.0,
            app_containers=["web", "worker"],
        )
    )
    told, outputs = environment(world), world.outputs["test"]
    assert told["SECRETS_NAMES"] == "database-password,test/api-key"
    assert told["AWS_ENDPOINT_URL"] == "http://10.78.0.1:4566"
    assert (told["SECRETS_PORT"], outputs["url"]) == ("8200", "http://localhost:8200")
    assert outputs["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 600
    assert outputs["podAnnotations"] == {"eks.amazonaws.com/skip-containers": "web,worker,secrets"}


def test_the_sidecar_is_a_restricted_native_sidecar_with_probes_on_the_health_port() -> None:
    """It restarts by itself, runs as nobody, writes nowhere, and is probed beside its API."""
    sidecar = run(aws_access()).outputs["test"]["sidecar"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert sidecar["ports"] == [{"name": "health", "containerPort": 8081}]
    probes = {name: sidecar[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {
        "startupProbe": {"path": "/healthz", "port": "health"},
        "livenessProbe": {"path": "/healthz", "port": "health"},
        "readinessProbe": {"path": "/readyz", "port": "health"},
    }
    assert sidecar["resources"] == {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    assert sidecar["volumeMounts"] == [
        {"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access/aws", "readOnly": True}
    ]


EVERY: dict[str, Any] = {
    "service_account_name": "shop",
    "secret_prefix": "team/test/",
    "secrets": ["database-password"],
    "kms_key_arns": [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"],
    "policy_arns": [f"arn:aws:iam::{ACCOUNT}:policy/only-from-our-vpc"],
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "role_name": "shop",
    "token_expiration_seconds": 600,
    "app_containers": ["web"],
    "port": 8200,
    "endpoint_url": "http://10.78.0.1:4566",
    "labels": {"team": "a"},
    "tags": {"team": "a"},
    "access": "read_write",
    "role_path": "/team/",
    "replica_regions": ["us-west-2"],
    "trust_policy_quota": 4096,
    "trust_conditions": {"StringLike": {"sts:RoleSessionName": ["test.*"]}},
    "sidecar_env": {"SECRETS_CACHE_TTL": "10"},
    "sidecar_resources": {"limits": {"memory": "1Gi"}},
    "sidecar_user": 1000,
    "sidecar_files": {"/etc/ca": {"configMap": {"name": "ca"}}},
    "metrics_namespaces": ["monitoring"],
    "image_pull_policy": "Always",
    "image_pull_secrets": ["registry"],
}
OF_IRSA = {
    "oidc_provider_arn": PROVIDER_ARN,
    "irsa_annotation": True,
    "session_duration": 900,
}
OF_POD_IDENTITY = {
    "oidc_provider_arn": None,
    "eks_cluster_arn": CLUSTER_ARN,
    "target_role_arn": "arn:aws:iam::444455556666:role/target",
    "pod_identity_agent_url": "http://[fd00:ec2::23]/v1/credentials",
    "kms_key_arns": None,
}
NOT_TOGETHER = {
    "oidc_provider_arns": [PROVIDER_ARN],
    "oidc_provider_arn": None,
    "irsa_annotation": True,
}


@pytest.mark.parametrize(
    ("plainly", "way"), [({}, OF_IRSA), ({"pod_identity": "role_per_namespace"}, OF_POD_IDENTITY), ({}, NOT_TOGETHER)]
)
def test_outputs_as_arguments_ask_for_the_same(plainly: dict[str, Any], way: dict[str, Any]) -> None:
    """Every argument that may be known later makes the same resources as a plain one."""
    args = {**EVERY, **way}
    later_args = {key: None if value is None else Later(value) for key, value in args.items()}
    plain, later = run(aws_access(**args, **plainly)), run(aws_access(**later_args, **plainly))
    assert {asked.name: asked.inputs for asked in later.asked} == {asked.name: asked.inputs for asked in plain.asked}
    assert later.outputs == plain.outputs


def test_every_argument_is_tried_as_an_output() -> None:
    """But for those that decide what is made."""
    tried = {"existing_role_arn", *OF_IRSA, *OF_POD_IDENTITY, *NOT_TOGETHER}
    missing = set(AwsSecretAccessArgs.__annotations__) - tried - set(EVERY) - {"namespace", "sidecar_image", "region"}
    assert missing == {"existing_service_account", "pod_identity"}


def test_the_account_and_partition_are_the_oidc_providers() -> None:
    """Nothing is asked of AWS to build the documents."""
    arn = PROVIDER_ARN.replace("arn:aws:", "arn:aws-us-gov:").replace(ACCOUNT, "444455556666")
    world = run(aws_access(oidc_provider_arn=arn, region="us-gov-west-1"))
    resource = json.loads(world.one(POLICY).inputs["policy"])["Statement"][0]["Resource"]
    assert resource == "arn:aws-us-gov:secretsmanager:us-gov-west-1:444455556666:secret:test/*"
    assert world.calls == []


def test_the_callers_providers_make_everything() -> None:
    """The component builds no provider, and hands those it got to its children."""

    def program() -> None:
        providers: list[pulumi.ProviderResource] = [aws.Provider("mine"), k8s.Provider("theirs")]
        AwsSecretAccess("test", aws_args(), pulumi.ResourceOptions(providers=providers))

    world = run(program)
    made = {asked.name: asked.provider for asked in world.asked if not asked.type.startswith("pulumi:providers")}
    assert made == {
        "test": "",
        "test-role": "mine",
        "test-policy": "mine",
        "test-policies": "mine",
        "test-attachments": "mine",
        "test-service-account": "theirs",
    }


def test_the_sidecars_own_settings_can_be_given() -> None:
    """Cache, time-out, events, proxies and FIPS are its variables; they stand beside those that are set for it."""
    given = {
        "SECRETS_CACHE_TTL": "10",
        "SECRETS_STALE_IF_ERROR": "60",
        "SECRETS_TIMEOUT": "2",
        "SECRETS_EVENTS_INTERVAL": "60",
        "SECRETS_TOKEN_FILE": "/etc/token/token",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }
    told = environment(run(aws_access(sidecar_env=given)))
    assert {name: told[name] for name in given} == given
    assert told["SECRETS_NAMESPACE"] == "test"


def test_the_sidecars_resources_user_and_files_can_be_given() -> None:
    """A platform may leave the user to itself, as OpenShift wants it; files are mounted to be read."""
    resources = {"limits": {"memory": "1Gi"}}
    source = {"configMap": {"name": "ca"}}
    world = run(aws_access(sidecar_resources=resources, sidecar_user=1000, sidecar_files={"/etc/ca": source}))
    outputs = world.outputs["test"]
    assert outputs["sidecar"]["resources"] == resources
    assert outputs["sidecar"]["securityContext"]["runAsUser"] == 1000
    assert outputs["sidecar"]["volumeMounts"][1] == {
        "name": "secret-access-files-0",
        "mountPath": "/etc/ca",
        "readOnly": True,
    }
    assert outputs["volumes"][1] == {"name": "secret-access-files-0", **source}
    args: Any = {**aws_args(), "sidecar_user": None}
    left = run(lambda: AwsSecretAccess("test", args)).outputs["test"]["sidecar"]["securityContext"]
    assert not {"runAsUser", "runAsGroup"} & set(left)
    assert left["runAsNonRoot"] is True


def test_why_the_sidecar_ended_is_where_people_look() -> None:
    """`kubectl describe pod` shows the last lines of its log as the message of a termination."""
    assert run(aws_access()).outputs["test"]["sidecar"]["terminationMessagePolicy"] == "FallbackToLogsOnError"


POLICY_OF_NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def test_the_health_port_is_open_to_those_who_collect_metrics_alone_where_asked() -> None:
    """Every other port of the pods stays as open as it was, and without asking there is no policy at all."""
    assert run(aws_access()).of(POLICY_OF_NETWORK) == []
    world = run(aws_access(metrics_namespaces=["monitoring"], labels={"team": "a"}))
    policy = world.one(POLICY_OF_NETWORK)
    assert policy.inputs["metadata"] == {"name": "secret-access-health", "namespace": "test"}
    assert world.outputs["test"]["podLabels"] == {"team": "a", "secret-access/sidecar": "secret-access"}
    spec = policy.inputs["spec"]
    assert spec["podSelector"] == {"matchLabels": {"secret-access/sidecar": "secret-access"}}
    everything, metrics = spec["ingress"]
    assert "from" not in everything
    assert [(port["protocol"], port["port"], port["endPort"]) for port in everything["ports"]] == [
        ("TCP", 1, 8080),
        ("TCP", 8082, 65535),
        ("UDP", 1, 65535),
        ("SCTP", 1, 65535),
    ]
    assert metrics["ports"] == [{"port": 8081, "protocol": "TCP"}]
    (source,) = metrics["from"]
    assert source["namespaceSelector"]["matchExpressions"][0]["values"] == ["monitoring"]


def test_an_output_that_is_nothing_closes_no_health_port() -> None:
    """By then it is decided that there is a policy, which would keep out those who collect metrics."""
    with pytest.raises(InvalidArgument, match="metrics_namespaces: given None, expected a list"):
        run(aws_access(metrics_namespaces=Later(None)))


def test_the_health_port_may_be_open_to_nobody() -> None:
    """The kubelet, which probes from the node, is let in by every network plugin that is to work with probes."""
    spec = run(aws_access(metrics_namespaces=[])).one(POLICY_OF_NETWORK).inputs["spec"]
    assert len(spec["ingress"]) == 1
