"""What a stack makes, and what it tells others."""

import pytest

from secret_access import InvalidArgument, InvalidSetting
from tests.infra.engine import ACCOUNT, CLUSTER_OUTPUTS, PROVIDER_ARN, World
from tests.infra.program import AWS_PROVIDER, KUBERNETES_PROVIDER, up
from tests.infra.stack_files import CLUSTER, ENVIRONMENT, changed


def test_a_cluster_makes_its_trust_and_tells_where_it_is() -> None:
    """A cluster's stack is a provider that asks whose account it is, one that makes the OIDC provider, and outputs."""
    world = up(CLUSTER)
    assert [(asked.type, asked.name, asked.parent, asked.provider) for asked in world.asked] == [
        (AWS_PROVIDER, "aws-caller", "", ""),
        (AWS_PROVIDER, "aws", "", ""),
        ("secret-access:index:ClusterTrust", "blue", "", ""),
        ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "blue-oidc-provider", "blue", "aws"),
    ]
    assert world.outputs["stack"] == CLUSTER_OUTPUTS


def test_a_cluster_may_use_a_provider_that_exists() -> None:
    """Nothing is made where the account has the OIDC provider already."""
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["sts.amazonaws.com"]}})
    up(changed(CLUSTER, "secret-access:existing_provider_arn", PROVIDER_ARN), world)
    assert [asked.name for asked in world.asked if asked.custom and not asked.imported] == ["aws-caller", "aws"]


def test_an_environment_makes_every_namespace() -> None:
    """Per namespace: the Namespace, its identity and its workloads, each by the explicit provider."""
    world = up(ENVIRONMENT)
    assert sorted((asked.type, asked.name, asked.parent, asked.provider) for asked in world.asked) == sorted(
        [
            (AWS_PROVIDER, "aws", "", ""),
            (AWS_PROVIDER, "aws-caller", "", ""),
            ("pulumi:pulumi:StackReference", "aws-cluster", "", ""),
            (KUBERNETES_PROVIDER, "kubernetes", "", ""),
            ("kubernetes:core/v1:Namespace", "test-namespace", "", "kubernetes"),
            ("secret-access:index:AwsSecretAccess", "test", "", ""),
            ("aws:iam/role:Role", "test-role", "test", "aws"),
            ("aws:iam/rolePolicy:RolePolicy", "test-policy", "test", "aws"),
            ("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "test-policies", "test", "aws"),
            (
                "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
                "test-attachments",
                "test",
                "aws",
            ),
            ("kubernetes:core/v1:ServiceAccount", "test-service-account", "test", "kubernetes"),
            ("secret-access:index:SecretWorkload", "test/app", "", ""),
            ("kubernetes:apps/v1:Deployment", "test/app-deployment", "test/app", "kubernetes"),
        ]
    )


def test_an_environment_tells_what_others_need() -> None:
    """`namespaces` says who each one is; the file that has every workload tells no more."""
    outputs = up(ENVIRONMENT).outputs["stack"]
    assert outputs["cloud"] == "aws"
    assert outputs["cluster"] == "aws-cluster"
    assert outputs["namespaces"] == {
        "test": {
            "namespace": "test",
            "service_account_name": "secret-access",
            "subject": "system:serviceaccount:test:secret-access",
            "identity": f"arn:aws:iam::{ACCOUNT}:role/secret-access-blue-test",
            "secret_prefix": "test/",
            "url": "http://localhost:8080",
        }
    }
    assert outputs["pods"] == {}


def test_a_namespace_without_workloads_tells_what_pods_need() -> None:
    """`pods` holds what a workload deployed elsewhere needs, spelled as in a manifest."""
    outputs = up(changed(ENVIRONMENT, "secret-access:namespaces.billing", None)).outputs["stack"]
    (pod,) = outputs["pods"].values()
    assert set(pod) == {"labels", "annotations", "sidecar", "volumes"}
    assert pod["sidecar"]["name"] == "secrets"
    assert set(outputs["namespaces"]) == {"test", "billing"}


def test_namespaces_are_held_to_the_restricted_standard() -> None:
    """The Namespace that the stack makes refuses pods that are not `restricted`."""
    assert up(ENVIRONMENT).one("kubernetes:core/v1:Namespace").inputs["metadata"] == {
        "name": "test",
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    }


def test_each_thing_waits_for_what_it_needs() -> None:
    """ServiceAccount after Namespace and policy, Deployment after ServiceAccount; they end the other way round."""
    waits = {asked.name: asked.waits_for for asked in up(ENVIRONMENT).asked}
    assert "test-namespace" in waits["test-role"]
    assert waits["test-service-account"] >= {
        "test-namespace",
        "test-role",
        "test-policies",
        "test-attachments",
    }
    assert "test-policy" in waits["test-policies"]
    assert waits["test/app-deployment"] >= {"test-service-account", "test-policies"}


def test_a_namespace_that_exists_is_left_alone() -> None:
    """It is imported, never changed, and stays when the stack goes; its identity and workloads are made."""
    world = up(changed(ENVIRONMENT, "secret-access:namespaces.test.exists", True))
    namespace = world.one("kubernetes:core/v1:Namespace")
    assert (namespace.name, namespace.imported, namespace.kept) == ("test-namespace", "test", True)
    assert namespace.ignored == ("metadata", "spec")
    assert namespace.inputs["metadata"] == {"name": "test"}
    assert world.one("aws:iam/role:Role").inputs["name"] == "secret-access-blue-test"


def test_what_the_file_says_reaches_the_components() -> None:
    """Boundary, tags, endpoint and the workload's own settings are handed on."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/b"
    config = changed(ENVIRONMENT, "secret-access:permissions_boundary", boundary)
    config = changed(config, "secret-access:tags", {"team": "a"})
    config = changed(config, "secret-access:aws.endpoint", "http://10.78.0.1:4566")
    config = changed(config, "secret-access:namespaces.test.policy_arns", [boundary])
    config = changed(config, "secret-access:namespaces.test.workloads.app.replicas", 2)
    world = up(config)
    role = world.one("aws:iam/role:Role").inputs
    assert role["permissionsBoundary"] == boundary
    assert role["tags"] == {"team": "a", "secret-access/namespace": "test"}
    assert world.one("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive").inputs == {
        "roleName": "secret-access-blue-test",
        "policyArns": [boundary],
    }
    deployment = world.one("kubernetes:apps/v1:Deployment").inputs["spec"]
    (sidecar,) = deployment["template"]["spec"]["initContainers"]
    assert {"name": "AWS_ENDPOINT_URL", "value": "http://10.78.0.1:4566"} in sidecar["env"]
    assert deployment["replicas"] == 2


def test_what_exists_gets_no_tags() -> None:
    """Those of the file are for what is made: neither a role nor a provider that exists is changed."""
    config = changed(ENVIRONMENT, "secret-access:tags", {"team": "a"})
    role = f"arn:aws:iam::{ACCOUNT}:role/theirs"
    assert up(changed(config, "secret-access:namespaces.test.existing_role_arn", role)).of("aws:iam/role:Role") == []
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["sts.amazonaws.com"]}})
    config = changed(CLUSTER, "secret-access:tags", {"team": "a"})
    up(changed(config, "secret-access:existing_provider_arn", PROVIDER_ARN), world)
    assert world.outputs["stack"]["oidc_provider_arn"] == PROVIDER_ARN


def test_a_workload_of_another_kind_is_made_as_the_file_says() -> None:
    """A CronJob with a pod template of its own, which has no number of pods."""
    pod = {"spec": {"containers": [{"name": "report", "image": "i"}], "nodeSelector": {"disk": "fast"}}}
    given = {"kind": "CronJob", "spec": {"schedule": "@daily"}, "pod": pod, "annotations": {"a": "b"}}
    made = up(changed(ENVIRONMENT, "secret-access:namespaces.test.workloads.app", given))
    assert made.of("kubernetes:apps/v1:Deployment") == []
    inputs = made.one("kubernetes:batch/v1:CronJob").inputs
    spec = inputs["spec"]
    assert inputs["metadata"]["annotations"] == {"a": "b"}
    assert spec["schedule"] == "@daily"
    template = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert [container["name"] for container in template["containers"]] == ["report"]
    assert template["nodeSelector"] == {"disk": "fast"}


def test_what_is_said_of_all_roles_is_not_said_of_one_that_exists() -> None:
    """An environment's boundary is for the roles that it creates; a namespace may have one of its own all the same."""
    config = changed(ENVIRONMENT, "secret-access:permissions_boundary", f"arn:aws:iam::{ACCOUNT}:policy/b")
    role = f"arn:aws:iam::{ACCOUNT}:role/theirs"
    world = up(changed(config, "secret-access:namespaces.billing", {"existing_role_arn": role}))
    assert world.one("aws:iam/role:Role").inputs["name"] == "secret-access-blue-test"
    assert world.outputs["stack"]["namespaces"]["billing"]["identity"] == role


def test_keys_of_replicas_are_of_the_regions_of_the_replicas() -> None:
    """A namespace's key may be of any region that the environment's secrets are replicated to, and of no other."""
    key = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd"
    config = changed(ENVIRONMENT, "secret-access:namespaces.test.kms_key_arns", [key])
    with pytest.raises(InvalidSetting, match=r"kms_key_arns.* another region"):
        up(config)
    world = up(changed(config, "secret-access:replica_regions", ["us-west-2"]))
    assert key in world.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]


ALIKE = {
    "shop": {"workloads": {"api-worker": {"image": "i"}, "web": {"image": "i"}}},
    "shop-api": {"workloads": {"worker": {"image": "i"}}},
}


def test_no_two_workloads_of_a_stack_have_one_name() -> None:
    """`api-worker` of the namespace `shop` is another than `worker` of `shop-api`, and keeps the name it had."""
    world = up(changed(ENVIRONMENT, "secret-access:namespaces", ALIKE))
    names = [(asked.type, asked.parent, asked.name) for asked in world.asked]
    assert len(names) == len(set(names))
    workloads = {asked.name: asked.aliases for asked in world.of("secret-access:index:SecretWorkload")}
    assert workloads == {
        "shop/api-worker": ("shop-api-worker",),
        "shop/web": ("shop-web",),
        "shop-api/worker": (),
    }


def test_settings_of_a_namespace_reach_its_sidecar() -> None:
    """All that AwsSecretAccess takes of the sidecar can be said in the stack's file."""
    namespace = {
        "role_name": "shop-reader",
        "pod_security": "privileged",
        "irsa_annotation": True,
        "app_containers": ["web"],
        "metrics_namespaces": ["monitoring"],
        "sidecar_env": {"SECRETS_CACHE_TTL": "10"},
        "sidecar_resources": {"limits": {"memory": "1Gi"}},
        "sidecar_user": "platform",
        "sidecar_files": {"/etc/ca": {"configMap": {"name": "ca"}}},
    }
    world = up(changed(ENVIRONMENT, "secret-access:namespaces", {"shop": namespace}))
    assert world.one("aws:iam/role:Role").inputs["name"] == "shop-reader"
    assert world.one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "privileged"
    }
    account = world.one("kubernetes:core/v1:ServiceAccount").inputs["metadata"]["annotations"]
    assert set(account) == {"secret-access/role-arn", "eks.amazonaws.com/role-arn"}
    assert len(world.of("kubernetes:networking.k8s.io/v1:NetworkPolicy")) == 1
    pod = world.outputs["stack"]["pods"]["shop"]
    assert pod["annotations"] == {"eks.amazonaws.com/skip-containers": "web,secrets"}
    sidecar = pod["sidecar"]
    assert {"name": "SECRETS_CACHE_TTL", "value": "10"} in sidecar["env"]
    assert sidecar["resources"] == {"limits": {"memory": "1Gi"}}
    assert "runAsUser" not in sidecar["securityContext"]
    assert sidecar["volumeMounts"][1]["mountPath"] == "/etc/ca"


def test_a_namespace_whose_role_would_have_too_long_a_name_can_follow_the_advice() -> None:
    """`role_name` is a key of the stack's file, and the message says which namespace is meant."""
    name = "n" * 54
    with pytest.raises(InvalidArgument) as error:
        up(changed(ENVIRONMENT, "secret-access:namespaces", {name: None}))
    assert f"AwsSecretAccess '{name}': role_name has 73 characters" in str(error.value)
    assert "set role_name" in str(error.value)
    up(changed(ENVIRONMENT, "secret-access:namespaces", {name: {"role_name": "n-reader"}}))
