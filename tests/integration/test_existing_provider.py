"""An OIDC provider that exists is left as it is: never changed, never deleted, and no noise at refresh."""

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
existing = {existing}
ClusterTrust("blue", {{"issuer": "https://{host}", **existing}}, pulumi.ResourceOptions(providers=[account]))
"""
HOST = "arn:aws:iam::111122223333:oidc-provider/"


def program(ministack: MiniStack, host: str, arn: str | None) -> str:
    existing = {} if arn is None else {"existing_provider_arn": arn}
    return PROGRAM.format(account=ACCOUNT, url=ministack.url, host=host, existing=existing)


def test_a_provider_that_the_stack_created_outlives_its_being_called_existing(
    stack: Stack, ministack: MiniStack
) -> None:
    """Without it every environment of the cluster would lose its secrets."""
    iam = ministack.client("iam")
    arn = f"{HOST}created.example"
    stack.program(program(ministack, "created.example", None))
    stack.up()
    created = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["CreateDate"]
    stack.program(program(ministack, "created.example", arn))
    stack.up()
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["CreateDate"] == created
    stack.pulumi("destroy", "--yes")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["CreateDate"] == created


def test_refresh_finds_nothing_where_nothing_changed(stack: Stack, ministack: MiniStack) -> None:
    """Noise would hide drift in the one command that is to show it."""
    iam = ministack.client("iam")
    arn = iam.create_open_id_connect_provider(
        Url="https://read.example",
        ClientIDList=["sts.amazonaws.com", "vault"],
        ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        Tags=[{"Key": "team", "Value": "platform"}],
    )["OpenIDConnectProviderArn"]
    stack.program(program(ministack, "read.example", arn))
    stack.up()
    for _ in range(2):
        assert "clientIdLists" not in stack.pulumi("preview", "--refresh", "--diff")
        stack.pulumi("refresh", "--yes", "--expect-no-changes")
        stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    stack.pulumi("destroy", "--yes")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
