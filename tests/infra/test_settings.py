"""What a stack's file says, and its examples."""

from pathlib import Path

import pytest
import yaml

import settings
from clouds.aws import Aws
from clouds.cloud import Kubernetes
from namespace_settings import Namespace, Workload
from secret_access import Access, WorkloadKind
from tests.infra.engine import ACCOUNT, ISSUER_HOST, PROVIDER_ARN
from tests.infra.stack_files import CLUSTER, ENVIRONMENT, STACKS, changed, config_of, load, names

TEST = "secret-access:namespaces.test"
APP = f"{TEST}.workloads.app"
EXAMPLES = [name for name in names() if not name.startswith("local-") and not name.endswith("-cluster")]


@pytest.mark.parametrize("stack", names())
def test_every_stack_file_of_the_repository_is_right(stack: str) -> None:
    """The local stacks and the EKS examples load; the file of a cluster is a cluster's."""
    loaded = load(config_of(stack))
    assert isinstance(loaded, settings.Cluster) is stack.endswith("-cluster")


def test_a_cluster_is_read() -> None:
    """Every key of a cluster's file reaches the settings."""
    config = changed(CLUSTER, "secret-access:existing_provider_arn", PROVIDER_ARN)
    config = changed(config, "secret-access:kubernetes.kubeconfig", "~/blue")
    config = changed(config, "secret-access:tags", {"team": "platform"})
    assert load(config) == settings.Cluster(
        name="blue",
        cloud=Aws(ACCOUNT, "us-east-1"),
        kubernetes=Kubernetes("blue", "~/blue"),
        arguments={
            "issuer": f"https://{ISSUER_HOST}",
            "existing_provider_arn": PROVIDER_ARN,
            "tags": {"team": "platform"},
        },
    )


def test_an_environment_is_read() -> None:
    """Every key of an environment's file reaches the settings."""
    boundary, key = f"arn:aws:iam::{ACCOUNT}:policy/b", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    config = changed(ENVIRONMENT, "secret-access:permissions_boundary", boundary)
    config = changed(config, "secret-access:kind", "environment")
    config = changed(config, "secret-access:tags", {"environment": "test"})
    config = changed(config, "secret-access:aws.endpoint", "http://10.78.0.1:4566")
    given = {
        "secret_prefix": "b/",
        "access": "read_write",
        "kms_key_arns": [key],
        "policy_arns": [boundary],
        "secrets": ["k"],
        "port": 8200,
        "role_name": "reader",
        "irsa_annotation": True,
        "app_containers": ["web"],
        "metrics_namespaces": ["monitoring"],
        "sidecar_env": {"SECRETS_CACHE_TTL": "10"},
        "sidecar_resources": {"limits": {"memory": "1Gi"}},
        "sidecar_user": 1000,
        "sidecar_files": {"/etc/ca": {"secret": {"secretName": "ca"}}},
        "service_account_name": "reader",
        "existing_service_account": True,
        "token_expiration_seconds": 600,
        "image_pull_policy": "Always",
        "labels": {"team": "a"},
    }
    config = changed(config, "secret-access:namespaces.billing", {"exists": True, **given})
    config = changed(config, f"{TEST}.pod_security", "baseline")
    config = changed(config, f"{TEST}.image_pull_secrets", ["registry"])
    app = {"image": "i", "replicas": 2, "env": {"A": "b"}, "ports": [3000], "writable_root": True}
    config = changed(config, APP, app)
    assert load(config) == settings.Environment(
        cluster="aws-cluster",
        cloud=Aws(ACCOUNT, "us-east-1", "http://10.78.0.1:4566"),
        sidecar_image="registry.example/secret-sidecar:0.1.0",
        arguments={"permissions_boundary": boundary, "tags": {"environment": "test"}},
        namespaces=(
            Namespace(
                name="test",
                pod_security="baseline",
                arguments={
                    "secret_prefix": "test/",
                    "secrets": ["database-password"],
                    "image_pull_secrets": ["registry"],
                },
                workloads=(Workload("app", "i", 2, {"A": "b"}, (3000,), writable_root=True),),
            ),
            Namespace(name="billing", exists=True, arguments={**given, "access": Access.READ_WRITE}),
        ),
    )


@pytest.mark.parametrize("nothing", [None, {}, ""])
def test_a_namespace_may_be_its_name_alone(nothing: object) -> None:
    """A line is enough for a namespace whose workloads others deploy."""
    loaded = load(changed(ENVIRONMENT, "secret-access:namespaces.billing", nothing))
    assert isinstance(loaded, settings.Environment)
    assert loaded.namespaces[1] == Namespace("billing", arguments={"secret_prefix": "billing/"})


def test_the_number_of_pods_may_be_an_autoscalers() -> None:
    """`autoscaled` reaches the component, which leaves it out; 0 is a number."""
    loaded = [load(changed(ENVIRONMENT, f"{APP}.replicas", given)) for given in ("autoscaled", 0)]
    found = [each.namespaces[0].workloads[0].replicas for each in loaded if isinstance(each, settings.Environment)]
    assert found == ["autoscaled", 0]


def test_a_workload_may_be_of_any_kind_with_any_pod() -> None:
    """`kind`, `pod` and `spec` reach the settings; then `pod` may have the containers, and there is no image."""
    pod = {"spec": {"containers": [{"name": "web", "image": "i"}], "nodeSelector": {"disk": "fast"}}}
    given = {"kind": "CronJob", "pod": pod, "spec": {"schedule": "0 3 * * *"}, "annotations": {"a": "b"}}
    loaded = load(changed(ENVIRONMENT, APP, given))
    assert isinstance(loaded, settings.Environment)
    (workload,) = loaded.namespaces[0].workloads
    assert workload == Workload(
        "app", None, None, kind=WorkloadKind.CRON_JOB, annotations={"a": "b"}, pod=pod, spec={"schedule": "0 3 * * *"}
    )


def test_the_kubeconfig_is_found_from_the_projects_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path counts from the project's folder, wherever the provider is started; ~ is the user's."""
    monkeypatch.setattr("pulumi.get_root_directory", lambda: "/project")
    monkeypatch.setenv("HOME", "/home/ann")
    found = [
        settings.kubeconfig_path(Kubernetes("c", given)) for given in (".local/kubeconfig", "/etc/kube", "~/kube", None)
    ]
    assert found == ["/project/.local/kubeconfig", "/etc/kube", "/home/ann/kube", None]


def test_only_settings_reads_pulumis_configuration() -> None:
    """One module knows where settings come from."""
    infra = Path(settings.__file__).parent
    sources = [*infra.glob("*.py"), *infra.glob("secret_access/**/*.py")]
    readers = [path.name for path in sources if "pulumi.Config" in path.read_text()]
    assert readers == ["settings.py"]


@pytest.mark.parametrize("stack", EXAMPLES)
def test_the_keys_that_an_example_stack_shows_in_comments_are_right(stack: str) -> None:
    """Uncommented, the example of a whole namespace loads."""
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text()
    name = f"billing-{stack.partition('-')[2]}"
    example = text.split(f"    # {name}:\n")[1].split("    # Where ")[0]
    namespace = yaml.safe_load("\n".join(line.removeprefix("    # ") for line in example.splitlines()))
    read = load(changed(config_of(stack), f"secret-access:namespaces.{name}", namespace))
    assert isinstance(read, settings.Environment)
    assert name in [one.name for one in read.namespaces]


@pytest.mark.parametrize("stack", EXAMPLES)
def test_the_keys_of_a_workload_that_an_example_stack_shows_in_comments_are_right(stack: str) -> None:
    """Uncommented, they load, one after the other."""
    lines = (STACKS / f"Pulumi.{stack}.yaml").read_text().splitlines()
    shown = [yaml.safe_load(line.partition("# ")[2]) for line in lines if line.startswith("          # ")]
    assert {"kind", "spec", "pod", "env"} <= {key for one in shown for key in one}
    (name,) = config_of(stack)["secret-access:namespaces"]
    for one in shown:
        with_kind = {"kind": "StatefulSet", **one} if "spec" in one else one
        load(changed(config_of(stack), f"secret-access:namespaces.{name}.workloads.app", {"image": "i", **with_kind}))
