"""The package as a platform team gets it: by a git tag, in an emptied home folder, with the real engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import config, plugins
from tests.integration.packaged import ADDRESS, VERSION, Repository, home_with_standins
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The repository with its tag."""
    with Repository.served(tmp_path_factory.mktemp("git")) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An emptied home folder, in which Pulumi has nothing but the clouds' plugins."""
    folder = tmp_path / "home"
    home_with_standins(folder / ".pulumi", plugins.KUBERNETES.standin)
    return folder


@pytest.fixture
def consumer(
    tools: Path, repository: Repository, home: Path, ministack: MiniStack, api_server: ApiServer, tmp_path: Path
) -> Stack:
    """A project of somebody else's."""
    made = Stack.made(tools, tmp_path / "project", os.environ)
    settings = {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "SSL_CERT_FILE": str(repository.authority),
        "AWS_ENDPOINT_URL": ministack.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "KUBECONFIG": str(api_server.kubeconfig),
    }
    env = {name: value for name, value in made.env.items() if name != "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"}
    own = replace(made, env={**env, **settings})
    own.pulumi("stack", "select", "only")
    return own


def schema_in(printed: str) -> dict[str, Any]:
    """The schema in what `pulumi package get-schema` prints between an installer's lines."""
    loaded: dict[str, Any] = json.JSONDecoder().raw_decode(printed[printed.index('{\n  "name": "secret-access"') :])[0]
    return loaded


def test_the_schema_of_a_tag_is_whole_and_valid(consumer: Stack, repository: Repository) -> None:
    """Pulumi's own check finds nothing, and every argument and output has come with its description."""
    schema = schema_in(consumer.pulumi("package", "get-schema", f"{repository.plugin('aws')}@{VERSION}"))
    (consumer.folder / "schema.json").write_text(json.dumps(schema))
    consumer.pulumi("schema", "check", "schema.json")
    assert {"secret-access:index:AwsSecretAccess", "secret-access:index:SecretWorkload"} <= set(schema["resources"])
    for name, component in schema["resources"].items():
        for key, value in {**component["inputProperties"], **component["properties"]}.items():
            assert value.get("description"), f"{name}.{key}"


PROGRAM = """
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s

WHERE = {{"version": {version!r}, "plugin_download_url": {address!r}}}

class Component(pulumi.ComponentResource):
    def __init__(self, kind, name, inputs, outputs, **options):
        super().__init__(
            f"secret-access:index:{{kind}}", name, {{**inputs, **dict.fromkeys(outputs)}},
            pulumi.ResourceOptions(**options, **WHERE), remote=True,
        )

account = aws.Provider("account", region="us-east-1", allowed_account_ids=["111122223333"])
cluster = k8s.Provider("cluster")
later = pulumi.Output.from_input
access = Component(
    "AwsSecretAccess", "payments",
    {{
        "namespace": later("default"), "sidecarImage": "sidecar:1", "region": later("us-east-1"), "port": later(8200),
        "oidcProviderArn": later("arn:aws:iam::111122223333:oidc-provider/{issuer}"), "roleName": "acme-payments",
        "access": later("read_write"), "sessionDuration": later(7200), "tags": {{"team": later("payments")}},
    }},
    ["workloadAccess", "identity"], providers=[account, cluster],
)
workload = Component(
    "SecretWorkload", "ledger",
    {{
        "access": pulumi.get(access, "workloadAccess"), "image": "ledger:1", "kind": "CronJob",
        "spec": {{"schedule": "0 3 * * *"}}, "env": {{name: "x" for name in "ZYXABC"}},
    }},
    ["workloadName"], providers=[cluster],
)
pulumi.export("identity", pulumi.get(access, "identity"))
pulumi.export("workload", pulumi.get(workload, "workloadName"))
"""


def test_a_program_previews_and_deploys_components_of_the_tag(
    consumer: Stack, repository: Repository, ministack: MiniStack, api_server: ApiServer
) -> None:
    """Numbers, words and the nested object are Outputs; a second `up` changes nothing."""
    address = repository.plugin("aws").replace("https://", "git://")
    consumer.program(PROGRAM.format(version=VERSION, address=address, issuer=ISSUER))
    consumer.pulumi("preview")
    consumer.up()
    assert consumer.outputs() == {"identity": f"arn:aws:iam::{ACCOUNT}:role/acme-payments", "workload": "ledger"}
    role = ministack.client("iam").get_role(RoleName="acme-payments")["Role"]
    assert (role["MaxSessionDuration"], role["Tags"]) == (7200, [{"Key": "team", "Value": "payments"}])
    job = api_server.client.request("GET", "/apis/batch/v1/namespaces/default/cronjobs/ledger")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    names = [variable["name"] for variable in pod["containers"][0]["env"]]
    assert [name for name in names if len(name) == 1] == sorted("ZYXABC")
    assert {"name": "SECRETS_PORT", "value": "8200"} in pod["initContainers"][0]["env"]
    again = consumer.up()
    assert "unchanged" in again
    assert "updated" not in again
    consumer.pulumi("destroy", "--yes", "--skip-preview")


def yaml_project(consumer: Stack, repository: Repository, source: Path) -> Stack:
    """A project in YAML, with the address of the repository that is served in the place of GitHub's."""
    (consumer.folder / "Pulumi.yaml").write_text(source.read_text().replace(ADDRESS, repository.address))
    consumer.pulumi("stack", "init", "only")
    return consumer


@pytest.fixture
def yaml_consumer(consumer: Stack, yaml_host: Path) -> Stack:
    """The same, with Pulumi's language host for YAML."""
    path = os.pathsep.join([str(yaml_host), consumer.env["PATH"]])
    return replace(consumer, env={**consumer.env, "PATH": path})


def test_package_add_names_the_tag_in_the_project(yaml_consumer: Stack, repository: Repository) -> None:
    """A project of nothing but its name and language has the package then."""
    (yaml_consumer.folder / "Pulumi.yaml").write_text("name: platform\nruntime: yaml\n")
    yaml_consumer.pulumi("package", "add", f"{repository.plugin('aws')}@{VERSION}")
    project = yaml.safe_load((yaml_consumer.folder / "Pulumi.yaml").read_text())
    assert list(project["packages"]) == ["secret-access"]
    assert VERSION in str(project["packages"]["secret-access"])


def test_a_platform_teams_repository_deploys_from_the_tag(
    yaml_consumer: Stack, repository: Repository, ministack: MiniStack, api_server: ApiServer
) -> None:
    """With its own names, tags and providers; the pods read by the role that they are told."""
    namespace(api_server, "payments")
    stack = yaml_project(yaml_consumer, repository, config.ROOT / "tests/platform_repo/Pulumi.yaml")
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    for key, value in {"context": "local", "endpoint": ministack.url, "oidcProviderArn": provider}.items():
        stack.pulumi("config", "set", key, value)
    stack.pulumi("install")
    stack.pulumi("preview")
    stack.up()
    identity = f"arn:aws:iam::{ACCOUNT}:role/acme/acme-payments-secrets"
    assert stack.outputs() == {"identity": identity, "url": "http://localhost:8200"}
    role = ministack.client("iam").get_role(RoleName="acme-payments-secrets")["Role"]
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {
        "team": "payments",
        "acme:cost-centre": "1234",
        "owner": "platform",
    }
    account = api_server.client.request("GET", "/api/v1/namespaces/payments/serviceaccounts/reader")
    assert account["metadata"]["annotations"]["secret-access/role-arn"] == identity
    again = stack.up()
    assert "unchanged" in again
    assert "updated" not in again
    stack.pulumi("destroy", "--yes", "--skip-preview")


def test_the_example_in_yaml_is_previewed_as_it_is(
    yaml_consumer: Stack, repository: Repository, api_server: ApiServer
) -> None:
    """Two clouds and three kinds of workloads; the API server takes each workload in the dry run."""
    for name in ("shop", "report"):
        namespace(api_server, name)
    contexts = yaml.safe_load(api_server.kubeconfig.read_text())
    contexts["contexts"] = [{**contexts["contexts"][0], "name": name} for name in ("eks", "gke")]
    kubeconfig = yaml_consumer.folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({**contexts, "current-context": ""}))
    settings = {"KUBECONFIG": str(kubeconfig), "GOOGLE_OAUTH_ACCESS_TOKEN": "not-used-by-a-preview"}
    stack = yaml_project(yaml_consumer, repository, config.ROOT / "examples/yaml/Pulumi.yaml")
    stack = replace(stack, env={**stack.env, **settings})
    stack.pulumi("install")
    printed = stack.pulumi("preview", "--diff")
    for kind in (
        "kubernetes:apps/v1:Deployment: (create)",
        "kubernetes:apps/v1:StatefulSet: (create)",
        "kubernetes:batch/v1:CronJob: (create)",
        "gcp:secretmanager/secretIamMember:SecretIamMember: (create)",
        "aws:iam/role:Role: (create)",
    ):
        assert kind in printed, printed


def test_the_template_makes_a_project_that_is_previewed(
    yaml_consumer: Stack, repository: Repository, api_server: ApiServer
) -> None:
    """`pulumi new` asks for what the template lists, and takes the rest from it."""
    namespace(api_server, "shop")
    template, made = yaml_consumer.folder / "template", yaml_consumer.folder / "made"
    template.mkdir()
    text = (config.ROOT / "templates/yaml-aws/Pulumi.yaml").read_text()
    (template / "Pulumi.yaml").write_text(text.replace(ADDRESS, repository.address))
    answers = {
        "context": "local",
        "oidcProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "sidecarImage": "sidecar:1",
        "image": "app:1",
    }
    given = [part for key, value in answers.items() for part in ("--config", f"{key}={value}")]
    yaml_consumer.pulumi("new", str(template), "--yes", "--dir", str(made), "--name", "shops", "--stack", "dev", *given)
    project = yaml.safe_load((made / "Pulumi.yaml").read_text())
    assert (project["name"], "template" in project) == ("shops", False)
    printed = replace(yaml_consumer, folder=made).pulumi("preview", "--diff")
    assert "kubernetes:apps/v1:Deployment: (create)" in printed


def namespace(api_server: ApiServer, name: str) -> None:
    """Make a namespace unless it is there."""
    if api_server.client.get(f"/api/v1/namespaces/{name}") is None:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
