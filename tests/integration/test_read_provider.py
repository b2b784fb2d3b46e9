"""An OIDC provider that is read, and not made, shows at refresh only what somebody changed."""

from __future__ import annotations

from tests.integration.real_parts import ACCOUNT, MiniStack, Stack

PROGRAM = """
import pulumi, pulumi_aws as aws
from secret_access import ClusterTrust

account = aws.Provider(
    "aws",
    region="us-east-1",
    access_key="{account}",
    secret_key="test",
    endpoints=[aws.ProviderEndpointArgs(iam="{url}", sts="{url}")],
)
ClusterTrust(
    "blue",
    {{"issuer": "https://read.example", "existing_provider_arn": "{arn}"}},
    pulumi.ResourceOptions(providers=[account]),
)
"""


def test_refresh_finds_nothing_where_nothing_changed(stack: Stack, ministack: MiniStack) -> None:
    """Noise would hide drift in the one command that is to show it."""
    iam = ministack.client("iam")
    arn = iam.create_open_id_connect_provider(
        Url="https://read.example",
        ClientIDList=["sts.amazonaws.com", "vault"],
        ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        Tags=[{"Key": "team", "Value": "platform"}],
    )["OpenIDConnectProviderArn"]
    stack.program(PROGRAM.format(account=ACCOUNT, url=ministack.url, arn=arn))
    stack.up()
    for _ in range(2):
        assert "clientIdLists" not in stack.pulumi("preview", "--refresh", "--diff")
        stack.pulumi("refresh", "--yes", "--expect-no-changes")
        stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    stack.pulumi("destroy", "--yes")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
