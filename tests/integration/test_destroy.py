"""What AwsSecretAccess made can be destroyed, by the real engine and on an AWS that refuses conflicts."""

from __future__ import annotations

from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

PROGRAM = """
import json
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
from secret_access import AwsSecretAccess

account = aws.Provider(
    "aws",
    region="us-east-1",
    access_key="{account}",
    secret_key="test",
    endpoints=[aws.ProviderEndpointArgs(iam="{url}", sts="{url}")],
)
cluster = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, enable_patch_force=True)
opts = pulumi.ResourceOptions(providers=[account, cluster])


class Guardrails(pulumi.ComponentResource):
    \"\"\"A platform's own component, with a policy that a role is to have.\"\"\"

    def __init__(self, name, opts):
        super().__init__("platform:index:Guardrails", name, {{}}, opts)
        document = {{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}]}}
        self.policy = aws.iam.Policy(
            f"{{name}}-policy", name=name, policy=json.dumps(document), opts=pulumi.ResourceOptions(parent=self)
        )


class Team(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("platform:index:Team", name, {{}}, opts)
        guardrails = Guardrails(f"{{name}}-guardrails", pulumi.ResourceOptions(parent=self))
        AwsSecretAccess(
            name,
            {{
                "namespace": name,
                "sidecar_image": "secret-sidecar",
                "oidc_provider_arn": "arn:aws:iam::{account}:oidc-provider/issuer.example",
                "region": "us-east-1",
                "policy_arns": {arns},
            }},
            pulumi.ResourceOptions(parent=self),
        )


Team("undone", opts)
"""


def test_policies_of_the_same_program_do_not_keep_it_from_being_destroyed(
    stack: Stack, ministack: MiniStack, api_server: ApiServer
) -> None:
    """AWS deletes no policy that a role still has: the role goes first, whether the list or its items are Outputs."""
    api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": "undone"}})
    iam = ministack.client("iam")
    for arns in ("[guardrails.policy.arn]", "guardrails.policy.arn.apply(lambda arn: [arn])"):
        stack.program(
            PROGRAM.format(url=ministack.url, account=ACCOUNT, kubeconfig=str(api_server.kubeconfig), arns=arns)
        )
        stack.up()
        attached = iam.list_attached_role_policies(RoleName="secret-access-undone")["AttachedPolicies"]
        assert [policy["PolicyName"] for policy in attached] == ["undone-guardrails"]
        stack.pulumi("preview", "--refresh", "--expect-no-changes")
        stack.pulumi("destroy", "--yes")
        assert iam.list_policies(Scope="Local")["Policies"] == []
