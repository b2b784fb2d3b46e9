"""Each wrong setting stops the program, by key, value given, value expected and fix."""

from typing import Any

import pytest

from secret_access import InvalidSetting
from tests.infra.engine import ACCOUNT, ISSUER_HOST, PROVIDER_ARN
from tests.infra.stack_files import CLUSTER, ENVIRONMENT, GONE, changed, load

TEST = "secret-access:namespaces.test"
APP = f"{TEST}.workloads.app"

WRONG_CLUSTER = [
    ("pulumi:disable-default-providers", GONE, ["pulumi:disable-default-providers: given None", '["*"]', "add it"]),
    ("pulumi:disable-default-providers", ["aws"], ["given ['aws']", '["*"]']),
    ("secret-access:kind", "stack", ["secret-access:kind: given 'stack'", "cluster or environment"]),
    ("secret-access:cloud", "amazon", ["secret-access:cloud: given 'amazon'", "expected one of aws"]),
    ("secret-access:name", GONE, ["secret-access:name is missing", "blue", "add it"]),
    ("secret-access:name", "Blue", ["secret-access:name: given 'Blue'", "such as blue"]),
    ("secret-access:issuer", GONE, ["secret-access:issuer is missing", "https://oidc.eks"]),
    ("secret-access:issuer", ISSUER_HOST, ["secret-access:issuer: issuer is a host", f"write https://{ISSUER_HOST}"]),
    (
        "secret-access:existing_provider_arn",
        "oidc",
        ["secret-access:existing_provider_arn", "is a host", "arn:aws:iam"],
    ),
    (
        "secret-access:existing_provider_arn",
        PROVIDER_ARN.replace(ACCOUNT, "444455556666"),
        ["secret-access:existing_provider_arn: is of another account", ACCOUNT],
    ),
    ("secret-access:aws", GONE, ["secret-access:aws is missing", "account_id and region"]),
    ("secret-access:eks_cluster_arn", "blue", ["secret-access:eks_cluster_arn", "arn:aws:eks:"]),
    (
        "secret-access:shared_role",
        {"pod_identity": "session_tags"},
        ["secret-access:shared_role: given 'no eks_cluster_arn beside it'", "set eks_cluster_arn"],
    ),
    ("secret-access:shared_role", {"access": "read"}, ["secret-access:shared_role.pod_identity is missing", "tags"]),
    (
        "secret-access:shared_role",
        {"pod_identity": "role_per_namespace"},
        ["secret-access:shared_role.pod_identity: given 'role_per_namespace'", "session_policies"],
    ),
    (
        "secret-access:shared_role",
        {"pod_identity": "session_tags", "common_prefix": "team"},
        ["secret-access:shared_role.common_prefix", "expected 'team/'"],
    ),
    ("secret-access:aws", "us-east-1", ["secret-access:aws: given 'us-east-1'", "a mapping", "indent"]),
    ("secret-access:aws.account_id", GONE, ["secret-access:aws.account_id is missing", "12 digits, in quotes"]),
    ("secret-access:aws.account_id", 111122223333, ["given 111122223333", "12 digits, in quotes", "put it in quotes"]),
    ("secret-access:aws.account_id", "1111", ["secret-access:aws.account_id: given '1111'", "12 digits"]),
    ("secret-access:aws.account_id", "*", ["secret-access:aws.account_id: given '*'", "12 digits"]),
    ("secret-access:aws.region", "*", ["secret-access:aws.region: given '*'", "us-east-1"]),
    ("secret-access:aws.acount_id", ACCOUNT, ["secret-access:aws.acount_id is unknown", "did you mean account_id?"]),
    ("secret-access:aws.endpoint", "10.78.0.1:4566", ["secret-access:aws.endpoint", "http://10.78.0.1:4566"]),
    ("secret-access:kubernetes.context", GONE, ["secret-access:kubernetes.context is missing", "a context"]),
    ("secret-access:kubernetes.kubeconfg", "x", ["kubernetes.kubeconfg is unknown", "did you mean kubeconfig?"]),
    ("secret-access:tags", {"a": 1}, ["secret-access:tags.a: given 1", "in quotes"]),
    ("secret-access:namespaces", {"test": None}, ["secret-access:namespaces is unknown", "expected one of"]),
]
WRONG_ENVIRONMENT = [
    ("secret-access:cluster", GONE, ["secret-access:cluster is missing", "aws-cluster"]),
    ("secret-access:cluster", "org/project/stack", ["given 'org/project/stack'", "aws-cluster"]),
    ("secret-access:clutser", "x", ["secret-access:clutser is unknown", "did you mean cluster?"]),
    ("secret-access:sidecar_image", GONE, ["secret-access:sidecar_image is missing", "secret-sidecar"]),
    ("secret-access:namespaces", GONE, ["secret-access:namespaces is missing", "a namespace"]),
    ("secret-access:namespaces", ["test"], ["secret-access:namespaces: given ['test']", "a mapping"]),
    ("secret-access:namespaces.shop", False, ["secret-access:namespaces.shop: given False", "a mapping"]),
    (f"{TEST}.workloads.shop", 0, [f"{TEST}.workloads.shop: given 0", "a mapping"]),
    ("secret-access:aws.account_id", "\u0661" * 12, ["secret-access:aws.account_id", "12 digits"]),
    ("secret-access:aws.endpoint", "http://ann:s3cr3t@aws", ["secret-access:aws.endpoint", "no user and no password"]),
    ("secret-access:cluster", "{blue", ["secret-access:cluster: given '{blue'", "aws-cluster"]),
    ("secret-access:namespaces.*", None, ["secret-access:namespaces.*: namespace", "one Kubernetes namespace"]),
    ("secret-access:namespaces.a--b", None, ["secret-access:namespaces.a--b", "no default prefix", "'a-b/'"]),
    ("secret-access:pod_identity", "shared", ["secret-access:pod_identity", "given 'shared'", "role_per_namespace"]),
    ("secret-access:eks_cluster_arn", "blue", ["secret-access:eks_cluster_arn", "arn:aws:eks:"]),
    (
        "secret-access:eks_cluster_arn",
        "arn:aws:eks:us-east-1:444455556666:cluster/blue",
        ["secret-access:eks_cluster_arn", "another account", "a cluster of 111122223333"],
    ),
    ("secret-access:existing_role_arn", "r", ["secret-access:existing_role_arn", "the ARN of a role"]),
    ("secret-access:role_path", "x", ["secret-access:role_path", "given 'x'"]),
    ("secret-access:permissions_boundary", "b", ["secret-access:permissions_boundary", "the ARN of a managed policy"]),
    (f"{TEST}.secret_prefix", "test", [f"{TEST}.secret_prefix", "expected 'test/'"]),
    (f"{TEST}.service_account_name", "*", [f"{TEST}.service_account_name: given '*'", "a * would trust them all"]),
    (f"{TEST}.existing_service_account", "no", [f"{TEST}.existing_service_account: given 'no'", "true or false"]),
    (f"{TEST}.token_expiration_seconds", 60, [f"{TEST}.token_expiration_seconds: given 60", "600 to 86400"]),
    (f"{TEST}.image_pull_policy", "Sometimes", [f"{TEST}.image_pull_policy: given 'Sometimes'", "IfNotPresent"]),
    (f"{TEST}.image_pull_secrets", "registry", [f"{TEST}.image_pull_secrets: given 'registry'", "write ['registry']"]),
    (f"{TEST}.labels", {"team": 1}, [f"{TEST}.labels: labels of 'team': given 1", "in quotes"]),
    (
        TEST,
        {"existing_service_account": True, "image_pull_secrets": ["registry"]},
        [f"{TEST}.image_pull_secrets: ", "beside existing_service_account", "never changed"],
    ),
    (f"{TEST}.secret_prefix", "*", [f"{TEST}.secret_prefix", "'*'"]),
    (
        f"{TEST}.secrets",
        "database-password",
        [f"{TEST}.secrets: given 'database-password'", "write ['database-password']"],
    ),
    (f"{TEST}.secrets", ["prod/a"], [f"{TEST}.secrets", "a name under test/"]),
    (f"{TEST}.access", "write", [f"{TEST}.access", "given 'write'", "read or read_write"]),
    (f"{TEST}.exists", "yes", [f"{TEST}.exists: given 'yes'", "true or false"]),
    (f"{TEST}.kms_key_arns", ["alias/a"], [f"{TEST}.kms_key_arns", "the ARN of a key"]),
    (f"{TEST}.policy_arns", ["b"], [f"{TEST}.policy_arns", "the ARN of a managed policy"]),
    (f"{TEST}.workload", {}, [f"{TEST}.workload is unknown", "did you mean workloads?"]),
    (f"{TEST}.role_name", "a role", [f"{TEST}.role_name: given 'a role'", "letters, digits"]),
    (f"{TEST}.pod_security", "open", [f"{TEST}.pod_security: given 'open'", "restricted, baseline or privileged"]),
    (
        "secret-access:namespaces.shop",
        {"exists": True, "pod_security": "restricted"},
        ["namespaces.shop.pod_security: given 'restricted'", "nothing beside exists: true", "kubectl label"],
    ),
    (f"{TEST}.irsa_annotation", "yes", [f"{TEST}.irsa_annotation: given 'yes'", "true or false"]),
    (f"{TEST}.app_containers", "web", [f"{TEST}.app_containers: given 'web'", "write ['web']"]),
    (f"{TEST}.metrics_namespaces", ["*"], [f"{TEST}.metrics_namespaces", "one Kubernetes namespace"]),
    (f"{TEST}.sidecar_env", {"SECRETS_PORT": "1"}, [f"{TEST}.sidecar_env: given 'SECRETS_PORT'", "the argument port"]),
    (f"{TEST}.sidecar_env", {"SECRETS_CACHE_TTL": 10}, [f"{TEST}.sidecar_env", "in quotes"]),
    (f"{TEST}.sidecar_resources", {"limits": {"memory": 1}}, [f"{TEST}.sidecar_resources", "texts by name"]),
    (f"{TEST}.sidecar_user", "nobody", [f"{TEST}.sidecar_user: given 'nobody'", "platform"]),
    (f"{TEST}.sidecar_files", {"ca": {}}, [f"{TEST}.sidecar_files: given 'ca'", "an absolute path"]),
    (f"{TEST}.kms_key_arns", [f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"], [f"{TEST}.kms_key_arns", "another region"]),
    (f"{TEST}.policy_arns", ["arn:aws:iam::444455556666:policy/b"], [f"{TEST}.policy_arns", "another account"]),
    (f"{APP}.ports", [3000, 3000], [f"{APP}.ports: given 3000", "twice"]),
    (f"{APP}.ports", ["http"], [f"{APP}.ports: given ['http']", "a list of numbers"]),
    (f"{APP}.image", GONE, [f"{APP}.image is missing", "registry.example/shop"]),
    (f"{APP}.replicas", "2", [f"{APP}.replicas: given '2'", "a whole number"]),
    (f"{APP}.replicas", -1, [f"{APP}.replicas: given -1", "a whole number"]),
    (f"{APP}.replicas", "auto", [f"{APP}.replicas: given 'auto'", "a whole number"]),
    (f"{APP}.env", {"SECRETS_URL": "http://x"}, [f"{APP}.env: env sets SECRETS_URL: given 'http://x'", "remove it"]),
    (f"{APP}.replicas", True, [f"{APP}.replicas: given True", "a whole number"]),
    (f"{APP}.ports", [8080], [f"{APP}.ports", "given 8080", "the sidecar serves secrets"]),
    (f"{TEST}.port", 8081, [f"{TEST}.port", "given 8081", "for health"]),
    (f"{TEST}.port", "8200", [f"{TEST}.port", "given '8200'", "1024 to 65535"]),
    (f"{APP}.ports", 3000, [f"{APP}.ports: given 3000", "[3000]"]),
    (f"{APP}.env", {"A": 1}, [f"{APP}.env.A: given 1", "in quotes"]),
    (f"{APP}.env", ["A=1"], [f"{APP}.env: given ['A=1']", "texts by name"]),
    (f"{APP}.writable_root", 1, [f"{APP}.writable_root: given 1", "true or false"]),
    (f"{APP}.img", "i", [f"{APP}.img is unknown", "did you mean image?"]),
    (f"{APP}.kind", "DaemonSet", [f"{APP}.kind: given 'DaemonSet'", "one of Deployment, StatefulSet, Job, CronJob"]),
    (f"{APP}.kind", "CronJob", [f"{APP}.spec: spec.schedule of a CronJob: given None", "0 3 * * *"]),
    (APP, {"image": "i", "kind": "Job", "replicas": 1}, [f"{APP}.replicas: replicas of a Job: given 1"]),
    (f"{APP}.annotations", {"a": 1}, [f"{APP}.annotations", "of 'a': given 1", "in quotes"]),
    (f"{APP}.spec", {"replicas": 2}, [f"{APP}.spec: spec.replicas: given 2", "use the argument replicas"]),
    (f"{APP}.spec", {"strateg": {}}, [f"{APP}.spec: unknown field of spec", "did you mean strategy?"]),
    (f"{APP}.pod", {"spec": {"hostNetwork": True}}, [f"{APP}.pod: hostNetwork of the pod template: given True"]),
    (f"{APP}.pod", {"nodeSelector": {}}, [f"{APP}.pod: unknown field of pod: given 'nodeSelector'"]),
    (f"{APP}.pod", {"metadata": {"namespace": "prod"}}, [f"{APP}.pod: the namespace of the pod", "expected test"]),
    (APP, {"pod": {"spec": {}}}, [f"{APP}.pod: containers of the workload: given []", "set image"]),
    (f"{TEST}.workloads.Shop", {"image": "i"}, [f"{TEST}.workloads.Shop", "workload_name", "lowercase"]),
    (
        "secret-access:namespaces.team",
        {"secret_prefix": "test/team/"},
        ["namespaces.team.secret_prefix: given 'test/team/'", "test/ of the namespace test", "reads the secrets of"],
    ),
]


@pytest.mark.parametrize(
    ("config", "path", "value", "message"),
    [(CLUSTER, *wrong) for wrong in WRONG_CLUSTER] + [(ENVIRONMENT, *wrong) for wrong in WRONG_ENVIRONMENT],
)
def test_a_wrong_setting_is_named(config: dict[str, Any], path: str, value: object, message: list[str]) -> None:
    """Key, value given, value expected and fix are in the message, which is all that Pulumi prints."""
    with pytest.raises(InvalidSetting) as error:
        load(changed(config, path, value))
    missing = [part for part in message if part not in str(error.value)]
    assert not missing, str(error.value)


def test_an_unknown_key_unlike_any_other_is_to_be_removed() -> None:
    """Without a near match the known keys are listed."""
    with pytest.raises(InvalidSetting, match=r"secret-access:zzz is unknown: expected one of aws, .*; remove it"):
        load(changed(CLUSTER, "secret-access:zzz", "x"))


def test_a_misspelled_key_that_must_be_there_is_found() -> None:
    """What is missing is often there under another name."""
    config = changed(changed(CLUSTER, "secret-access:aws.acount_id", ACCOUNT), "secret-access:aws.account_id", GONE)
    with pytest.raises(InvalidSetting, match=r"aws.account_id is missing: .*; rename acount_id$"):
        load(config)


def test_a_mistake_in_one_variable_does_not_show_the_others() -> None:
    """A secret that should not be there does not reach a log through the message either."""
    with pytest.raises(InvalidSetting) as error:
        load(changed(ENVIRONMENT, f"{APP}.env", {"PASSWORD": "s3cr3t", "LEVEL": 1}))
    assert "s3cr3t" not in str(error.value)
