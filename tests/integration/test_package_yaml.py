"""The package in programs in YAML: a platform team, from an emptied home folder, with the real engine."""

from __future__ import annotations

from dataclasses import replace

import yaml

from local import config
from tests.integration.packaged import ADDRESS, ISSUER, VERSION, Repository, namespace, yaml_project
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack


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
    assert stack.previewed().namespaces == {"aws": 1}
    stack.up()
    identity = f"arn:aws:iam::{ACCOUNT}:role/acme/acme-payments-secrets"
    assert stack.outputs() == {"identity": identity, "url": "http://localhost:8200"}
    role = ministack.client("iam").get_role(RoleName="acme-payments-secrets")["Role"]
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {
        "team": "payments",
        "acme:cost-centre": "1234",
        "owner": "platform",
    }
    assert "replicas" not in stack.state()["web-deployment"]["inputs"]["spec"], "autoscaled"
    web = api_server.client.request("GET", "/apis/apps/v1/namespaces/payments/deployments/web")
    (sidecar,) = web["spec"]["template"]["spec"]["initContainers"]
    assert "runAsUser" not in sidecar["securityContext"], "platform"
    account = api_server.client.request("GET", "/api/v1/namespaces/payments/serviceaccounts/reader")
    assert account["metadata"]["annotations"]["secret-access/role-arn"] == identity
    again = stack.up()
    assert "unchanged" in again
    assert "updated" not in again
    stack.pulumi("destroy", "--yes", "--skip-preview")


REFUSED = """
name: platform
runtime: yaml
packages:
  secret-access: {address}@{version}
resources:
  account: {{ type: "pulumi:providers:aws", properties: {{ region: us-east-1 }} }}
  cluster: {{ type: "pulumi:providers:kubernetes", properties: {{ context: local }} }}
  payments:
    type: secret-access:AwsSecretAccess
    properties:
      namespace: payments
      sidecarImage: sidecar:1
      region: us-east-1
      oidcProviderArn: arn:aws:iam::111122223333:oidc-provider/{issuer}
      {argument}
    options: {{ providers: ["${{account}}", "${{cluster}}"] }}
"""


def test_a_wrong_argument_is_refused_with_the_message_alone(yaml_consumer: Stack, repository: Repository) -> None:
    """The argument as YAML spells it, and no stack trace of a language that the program is not in; an Output too."""
    source = yaml_consumer.folder / "refused.yaml"
    name = "Not a role_name"
    for argument, message in (
        (f"serviceAccountName: {name}", f"serviceAccountName: given '{name}', expected lowercase letters"),
        (f"serviceAccountName: {{ 'fn::secret': {name} }}", f"serviceAccountName: given '{name}', expected"),
    ):
        given = {"address": f"{ADDRESS}/infra/plugin/aws", "version": VERSION, "issuer": ISSUER, "argument": argument}
        source.write_text(REFUSED.format(**given))
        stack = yaml_project(yaml_consumer, repository, source)
        stack.pulumi("install")
        printed = stack.pulumi("preview", fails=True)
        assert f"resource 'payments' has a problem: AwsSecretAccess 'payments': {message}" in printed, printed
        for trace in ('File "', "Traceback", "<class", "Unexpected"):
            assert trace not in printed


SHARED = """
name: platform
runtime: yaml
packages:
  secret-access: {address}@{version}
resources:
  account: {{ type: "pulumi:providers:aws", properties: {{ region: us-east-1 }} }}
  cluster: {{ type: "pulumi:providers:kubernetes", properties: {{ context: local }} }}
  payments:
    type: secret-access:AwsSecretAccess
    properties: {{ namespace: payments, sidecarImage: sidecar:1, region: us-east-1, existingRoleArn: "{role}" }}
    options: {{ providers: ["${{account}}", "${{cluster}}"] }}
  ledger:
    type: secret-access:AwsSecretAccess
    properties: {{ namespace: ledger, sidecarImage: sidecar:1, region: us-east-1, existingRoleArn: "{other}" }}
    options: {{ providers: ["${{account}}", "${{cluster}}"] }}
"""


def test_what_two_components_may_not_share_is_refused(yaml_consumer: Stack, repository: Repository) -> None:
    """The engine asks one process for both; with a role for each it previews."""
    source = yaml_consumer.folder / "shared.yaml"
    given = {"address": f"{ADDRESS}/infra/plugin/aws", "version": VERSION}
    team, own = (f"arn:aws:iam::111122223333:role/{name}" for name in ("team", "own"))
    for other in (team, own):
        source.write_text(SHARED.format(**given, role=team, other=other))
        stack = yaml_project(yaml_consumer, repository, source)
        stack.pulumi("install")
        printed = stack.pulumi("preview", fails=other == team)
        assert ("existingRoleArn is that of AwsSecretAccess" in printed) is (other == team), printed


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
    previewed = replace(yaml_consumer, folder=made).previewed()
    assert "kubernetes:apps/v1:Deployment" in previewed.created
    assert previewed.namespaces == {"aws": 1}
