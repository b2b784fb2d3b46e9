"""VaultAuditTrail with the real engine and OpenBao: a refused read is in the file, and no value is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.real_parts import Stack
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao, Refused, ask

PROGRAM = """
import pulumi, pulumi_vault as vault
from secret_access import VaultAuditTrail

server = vault.Provider("vault", address={url!r}, skip_child_token=True)
trail = VaultAuditTrail("audit", {{"file_path": {file!r}}}, pulumi.ResourceOptions(providers=[server]))
pulumi.export("paths", [trail.audit_path, trail.file_path])
"""


@pytest.fixture(params=["unsafe_allow_api_audit_creation = true", ""], ids=["by API", "by file"])
def bao(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenBao]:
    """A server that lets devices be made by its API, as HashiCorp's does, and one as it comes."""
    (folder := tmp_path / "openbao").mkdir()
    with OpenBao.running(folder, Authority(folder), request.param) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running.put("test/key", value="hunter2")
        yield running


def test_a_refused_read_is_in_the_file_and_no_value_is(
    bao: OpenBao, stack: Stack, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """OpenBao as it comes takes devices from its configuration file alone, as docs/vault.md says."""
    file = tmp_path / "audit.log"
    stack = replace(stack, env={**stack.env, "VAULT_TOKEN": bao.root})
    stack.program(PROGRAM.format(url=bao.url, file=str(file)))
    if "by file" in request.node.name:
        assert "audit device" in stack.pulumi("up", "--yes", "--skip-preview", fails=True)
        assert not file.exists()
        return
    stack.up()
    assert stack.outputs() == {"paths": ["secret-access", str(file)]}
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    bao("PUT", "sys/policies/acl/nothing", {"policy": 'path "secret/data/other" { capabilities = ["read"] }'})
    held = bao("POST", "auth/token/create", {"policies": ["nothing"]})["auth"]["client_token"]
    with pytest.raises(Refused, match="403"):
        ask(bao.port, "GET", "secret/data/test/key", None, held)
    assert ask(bao.port, "GET", "secret/data/test/key", None, bao.root)["data"]["data"] == {"value": "hunter2"}
    calls = [json.loads(line) for line in file.read_text().splitlines()]
    reads = [call for call in calls if call["request"]["path"] == "secret/data/test/key" and call["type"] == "response"]
    refused, read = reads
    assert "permission denied" in refused["error"]
    assert "error" not in read
    assert not any(kept in file.read_text() for kept in ("hunter2", held, bao.root))

    stack.pulumi("destroy", "--yes")
    assert "secret-access/" not in bao("GET", "sys/audit")["data"]
