"""The program with the real engine, and credentials that are not of the stack's account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from local import config
from local.azure.directory import SUBSCRIPTION, TENANT
from local.google import account
from local.google.project import NUMBER
from local.pki import Authority
from tests.fakes.issuer import Issuer
from tests.integration.real_parts import MiniStack, Stack
from tests.local.azure.running import Server
from tests.local.google.running import running
from tests.sidecar.support import certificates
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

ROOT = Path(__file__).parents[2]
OTHER = "999988887777"
NOTHING = "nothing was created"


def cluster_of(cloud: str, stack: Stack, *changed: tuple[str, str], **credentials: str) -> Stack:
    """The project as the stack of a cluster, with texts of its file changed, and credentials of another account."""
    name = "local-cluster" if cloud == "aws" else f"local-{cloud}-cluster"
    text = (ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text()
    for old, new in (*changed, ("secret-access:", "inline:")):
        assert old in text
        text = text.replace(old, new)
    (stack.folder / "Pulumi.only.yaml").write_text(text)
    stack.program(f"""
        import runpy, sys
        sys.path.insert(0, {str(ROOT / "infra")!r})
        runpy.run_path({str(ROOT / "infra")!r}, run_name="__main__")
    """)
    return replace(stack, env={**stack.env, **credentials})


def test_the_wrong_account_is_told_beside_the_one_expected(stack: Stack, ministack: MiniStack) -> None:
    """At the preview already; nothing is made."""
    keys = {"AWS_ACCESS_KEY_ID": OTHER, "AWS_SECRET_ACCESS_KEY": "test"}
    wrong = cluster_of("aws", stack, ("http://10.78.0.1:4566", ministack.url), **keys)
    for printed in (wrong.pulumi("preview", fails=True), wrong.up(fails=True)):
        assert f"AWS credentials of the wrong account: given '{OTHER}'" in printed
        assert "expected the stack's aws.account_id '111122223333'; set AWS_PROFILE" in printed
    assert ministack.client("iam", OTHER).list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_on_google_cloud_the_project_refuses_strangers_and_tells_its_number(stack: Stack, tmp_path: Path) -> None:
    """A token of somebody who may not see the project; and the owner's, with the number of another project."""
    with running(tmp_path, Issuer("https://issuer.example")) as google:
        account.wait()
        stranger = google.project.issue(frozenset({"user:ann@other.example"}), "ann@other.example", "cloud-platform")
        at = ("http://10.78.0.1:4570", google.url)
        wrong = cluster_of("gcp", stack, at, GOOGLE_OAUTH_ACCESS_TOKEN=stranger)
        printed = wrong.up(fails=True)
        assert "no Google Cloud credentials for this stack: given" in printed
        assert "expected those of the stack's gcp.project 'my-project'" in printed
        assert NOTHING in printed

        wrong = cluster_of("gcp", stack, at, (NUMBER, OTHER), GOOGLE_OAUTH_ACCESS_TOKEN=account.owner_token())
        printed = wrong.up(fails=True)
        assert f"another number: given '{OTHER}' as gcp.project_number, expected '{NUMBER}'" in printed
        assert google.project.pools == {}


def test_on_azure_the_subscription_refuses_strangers(stack: Stack, tmp_path: Path) -> None:
    """An application of the tenant that has no role in the subscription."""
    server = Server(Authority(tmp_path / "pki"), "an-owners-password", {})
    server.azure.directory.passwords[OTHER] = "a-strangers-password"
    server.begin()
    try:
        at = (config.AZURE_URL.removeprefix("https://"), server.url.removeprefix("https://"))
        keys = {"ARM_CLIENT_ID": OTHER, "ARM_CLIENT_SECRET": "a-strangers-password"}
        printed = cluster_of("azure", stack, at, **keys, SSL_CERT_FILE=str(server.ca)).up(fails=True)
    finally:
        server.end()
    assert "no Azure credentials for this stack: given" in printed
    assert "AuthorizationFailed" in printed
    assert f"in the stack's azure.subscription_id '{SUBSCRIPTION}' of the tenant '{TENANT}'" in printed
    assert NOTHING in printed


def test_a_vault_refuses_the_token_of_another(stack: Stack, tmp_path: Path) -> None:
    """A token that another server made."""
    with OpenBao.running(tmp_path, certificates.Authority(tmp_path)) as bao:
        printed = cluster_of("vault", stack, ("http://10.78.0.1:8200", bao.url), VAULT_TOKEN="s.another").up(fails=True)
        assert "no Vault credentials for this stack: given" in printed
        assert "permission denied" in printed
        assert f"expected a token of the stack's vault.address '{bao.url}'" in printed
        assert NOTHING in printed
        assert sorted(bao("GET", "sys/auth")["data"]) == ["token/"]
