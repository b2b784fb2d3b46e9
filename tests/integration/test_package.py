"""The package as a platform team gets it: by a git tag, in an emptied home folder, with the real engine."""

from __future__ import annotations

import json

from tests.integration.packaged import ISSUER, VERSION, Repository, schema_of
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

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


def test_the_schema_of_a_tag_is_whole_and_valid(consumer: Stack, repository: Repository) -> None:
    """Pulumi's own check finds nothing, and every argument and output has come with its description."""
    schema = schema_of(consumer, repository.plugin("aws"))
    (consumer.folder / "schema.json").write_text(json.dumps(schema))
    consumer.pulumi("schema", "check", "schema.json")
    assert {"secret-access:index:AwsSecretAccess", "secret-access:index:SecretWorkload"} <= set(schema["resources"])
    for name, component in schema["resources"].items():
        for key, value in {**component["inputProperties"], **component["properties"]}.items():
            assert value.get("description"), f"{name}.{key}"
