"""What AwsSecretAccess asks of AWS and Kubernetes, and what it tells."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest

from secret_access import Access, AwsSecretAccess, AwsSecretAccessArgs
from secret_access.aws import documents, trust
from secret_access.aws.identifiers import OidcProvider
from tests.infra.aws.component import POLICY, ROLE, ROLE_ARN, SERVICE_ACCOUNT
from tests.infra.components import aws_access, aws_args, environment
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, ISSUER_HOST, PROVIDER_ARN, Later, World, run

POLICIES = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHMENTS = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
PROVIDER = OidcProvider("aws", ACCOUNT, ISSUER_HOST)


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
    assert world.one(SERVICE_ACCOUNT).waits_for >= {"test-policies", "test-attachments"}


def test_boundary_tags_and_name_are_passed_through() -> None:
    """What an organisation demands of roles is the caller's to say."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    world = run(aws_access(permissions_boundary=boundary, tags={"team": "a"}, role_name="r" * 64))
    role = world.one(ROLE).inputs
    assert (role["permissionsBoundary"], role["tags"], role["name"]) == (boundary, {"team": "a"}, "r" * 64)


def test_no_pod_gets_the_identity_while_a_policy_is_left_out() -> None:
    """With `pulumi up --exclude`: an update knows the role then, and not that its rights are complete."""
    account = run(aws_access(), World(left_out=frozenset({"test-policies"}))).one(SERVICE_ACCOUNT)
    assert ROLE_ARN not in str(account.inputs)
    assert ROLE_ARN in str(run(aws_access()).one(SERVICE_ACCOUNT).inputs)


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
    """The ten outputs of every access component, with AWS's values."""
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
    assert missing == {"existing_service_account", "external_secrets", "pod_identity"}


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
