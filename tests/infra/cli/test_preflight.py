"""The command `secret-access preflight`: what people and programs get of it; a script stands in for kubectl."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.preflight import EXIT_CODES, NOT_READY, READY, UNKNOWN, UNUSABLE, preflight

NOTHING: dict[str, Any] = {"items": [], "metadata": {}}


def run(
    folder: Path,
    *arguments: str,
    issuer: str = "https://kubernetes.default.svc",
    nodes: str = "",
    create: str = "cat",
    **more: Any,
) -> Result:
    """The command on a cluster of one namespace, whose issuer nobody outside reaches."""
    answers = {
        "/version": {"gitVersion": "v1.33.1"},
        "/.well-known/openid-configuration": {"issuer": issuer},
        "/openid/v1/jwks": {"keys": []},
        "/api/v1/namespaces": {
            "items": [{"metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}],
            "metadata": {},
        },
    }
    cases = "\n".join(
        f"  --raw={path}|--raw={path}\\?*) echo '{json.dumps(said)}' ;;" for path, said in answers.items()
    )
    script = folder / "kubectl"
    script.write_text(
        f"""#!/bin/sh
for last; do :; done
case "$last" in
  --raw=/api/v1/nodes*) {nodes or f"echo '{json.dumps(NOTHING)}'"} ;;
{cases}
  --raw=*) echo '{json.dumps(NOTHING)}' ;;
  *) case "$1" in
    auth) date -u '+{{"metadata": {{"creationTimestamp": "%Y-%m-%dT%H:%M:%SZ"}}}}' ;;
    create) {create} ;;
  esac ;;
esac
"""
    )
    script.chmod(0o700)
    return CliRunner().invoke(cli, ["preflight", "--kubectl", str(script), *arguments], **more)


def test_what_is_wrong_comes_first_with_what_to_do(tmp_path: Path) -> None:
    """Then what is right, and the verdict."""
    result = run(tmp_path)
    assert result.exit_code == NOT_READY, result.output
    lines = result.output.splitlines()
    assert lines[0] == ("error    the issuer's address: 'https://kubernetes.default.svc' is a name inside the cluster")
    assert lines[1].startswith("         -> give the API server --service-account-issuer=")
    assert "ok       Kubernetes' version: v1.33.1; SidecarInjection needs 1.36" in lines
    assert lines[-1] == "NOT READY: 1 of 8 checks found an error"


def test_json_has_all_of_it(tmp_path: Path) -> None:
    """For programs; the same exit code."""
    result = run(tmp_path, "--json")
    found = json.loads(result.output)
    assert result.exit_code == NOT_READY
    assert found["ready"] is False
    assert found["checked_at"]
    (error,) = [check for check in found["checks"] if check["severity"] == "error"]
    assert error["id"] == "issuer-address"
    assert all(set(check) == {"id", "severity", "what", "found", "mend"} for check in found["checks"])


FORBIDDEN = 'echo "Error from server (Forbidden): nodes is forbidden" >&2; exit 1'


def test_without_an_error_the_exit_code_says_whether_all_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right that is missing is no error of the cluster."""
    monkeypatch.setattr("secret_access.preflight.live.of_issuer", lambda *_: iter(()))
    assert run(tmp_path).exit_code == READY
    result = run(tmp_path, nodes=FORBIDDEN)
    assert result.exit_code == UNKNOWN
    assert "unknown  the nodes' versions: kubectl get --raw=/api/v1/nodes" in result.output


def test_a_namespace_that_is_not_there_yet_is_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pulumi up` makes it."""
    monkeypatch.setattr("secret_access.preflight.live.of_issuer", lambda *_: iter(()))
    result = run(tmp_path, "--namespace", "new")
    assert result.exit_code == READY
    assert "the namespace new: there is none yet" in result.output
    assert "Pod Security" not in result.output
    assert "admitted" not in result.output


def test_a_cluster_that_is_lost_on_the_way_is_not_a_refusal(tmp_path: Path) -> None:
    """Of a pod, or of anything."""
    result = run(tmp_path, create='echo "Unable to connect to the server: dial tcp: i/o timeout" >&2; exit 1')
    assert result.exit_code == UNUSABLE
    assert "Unable to connect" in result.stderr


def test_a_kubectl_that_fails_is_one_sentence() -> None:
    """Without a stack trace."""
    result = CliRunner().invoke(cli, ["preflight", "--kubectl", "no-such-kubectl"])
    assert result.exit_code == UNUSABLE
    assert result.stderr.startswith("secret-access: cannot run 'no-such-kubectl'")


def test_colours_are_for_terminals_alone(tmp_path: Path) -> None:
    """A file or a pipe gets none."""
    assert "\x1b[" not in run(tmp_path).output
    assert "\x1b[31m" in run(tmp_path, color=True).output


def test_the_help_teaches() -> None:
    """Every option has its help, every exit code its meaning."""
    assert all(option.help for option in preflight.params if hasattr(option, "help"))
    result = CliRunner().invoke(cli, ["preflight", "--help"])
    for code in (READY, NOT_READY, UNUSABLE, UNKNOWN):
        assert f"  {code}  " in EXIT_CODES
        assert f"  {code}  " in result.output
    assert "secret-access preflight --context blue" in result.output
