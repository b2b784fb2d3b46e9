"""The program with the real engine, and credentials that are not of the stack's account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.integration.real_parts import MiniStack, Stack

ROOT = Path(__file__).parents[2]
OTHER = "999988887777"


def cluster_of(stack: Stack, ministack: MiniStack) -> Stack:
    """The project as a cluster's stack in another account than the credentials'."""
    local = (ROOT / "stacks" / "Pulumi.local-cluster.yaml").read_text().replace("http://10.78.0.1:4566", ministack.url)
    (stack.folder / "Pulumi.only.yaml").write_text(local.replace("secret-access:", "inline:"))
    stack.program(f"""
        import runpy, sys
        sys.path.insert(0, {str(ROOT / "infra")!r})
        runpy.run_path({str(ROOT / "infra")!r}, run_name="__main__")
    """)
    return replace(stack, env={**stack.env, "AWS_ACCESS_KEY_ID": OTHER, "AWS_SECRET_ACCESS_KEY": "test"})


def test_the_wrong_account_is_told_beside_the_one_expected(stack: Stack, ministack: MiniStack) -> None:
    """At the preview already; nothing is made."""
    wrong = cluster_of(stack, ministack)
    for printed in (wrong.pulumi("preview", fails=True), wrong.up(fails=True)):
        assert f"AWS credentials of the wrong account: given '{OTHER}'" in printed
        assert "expected the stack's aws.account_id '111122223333'; set AWS_PROFILE" in printed
    assert ministack.client("iam", OTHER).list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
