"""A ServiceAccount that the stack created outlives its being called existing."""

from __future__ import annotations

from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

PROGRAM = """
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
AwsSecretAccess(
    "accounts",
    {{
        "namespace": "accounts",
        "sidecar_image": "secret-sidecar",
        "oidc_provider_arn": "arn:aws:iam::{account}:oidc-provider/issuer.example",
        "region": "us-east-1",
        "existing_service_account": {existing},
    }},
    pulumi.ResourceOptions(providers=[account, cluster]),
)
"""
PATH = "/api/v1/namespaces/accounts/serviceaccounts/secret-access"


def test_a_service_account_outlives_its_being_called_existing(
    stack: Stack, ministack: MiniStack, api_server: ApiServer
) -> None:
    """Without it the tokens of running pods would be refused."""
    api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": "accounts"}})
    seen = []
    for existing in (False, True):
        stack.program(
            PROGRAM.format(url=ministack.url, account=ACCOUNT, kubeconfig=str(api_server.kubeconfig), existing=existing)
        )
        stack.up()
        seen.append(api_server.client.request("GET", PATH)["metadata"]["uid"])
    assert seen[0] == seen[1]
    stack.pulumi("destroy", "--yes")
    assert api_server.client.request("GET", PATH)["metadata"]["uid"] == seen[0]
