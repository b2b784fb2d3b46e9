"""The command `secret-access preflight`: what people and programs get of it; a script stands in for kubectl."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.preflight import EXIT_CODES, NOT_READY, READY, UNKNOWN, UNUSABLE, preflight
from secret_access.preflight import live
from secret_access.preflight.azure.account import Azure
from secret_access.preflight.check import Check, Severity
from secret_access.preflight.gcp.account import Google
from secret_access.preflight.stack import Stack
from secret_access.preflight.vault.account import Vault

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


def test_an_answer_that_is_no_json_is_one_sentence(tmp_path: Path) -> None:
    """Such as the page of a proxy."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\necho '<html>sign in</html>'\n")
    kubectl.chmod(0o700)
    result = CliRunner().invoke(cli, ["preflight", "--kubectl", str(kubectl)])
    assert result.exit_code == UNUSABLE
    assert result.stderr == f"secret-access: kubectl get --raw=/version: expected JSON; is '{kubectl}' kubectl?\n"


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


def test_an_issuer_alone_asks_nobody() -> None:
    """It stands in for the cluster where accounts are asked."""
    result = CliRunner().invoke(cli, ["preflight", "--issuer", "https://issuer.example"])
    assert result.exit_code == UNUSABLE
    assert "give an account to ask beside --issuer" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--aws", "my-account"), "expected the 12 digits of an AWS account"),
        (("--identity", "secret-access-shop"), "expected {namespace} in it"),
        (("--gcp", "123456789012"), "project"),
        (("--gcp", "my-project", "--pool", "x"), "pool_id"),
        (("--azure", "my-subscription", "--resource-group", "secrets"), "subscription_id"),
        (("--azure", "22222222-2222-2222-2222-222222222222"), "resource_group"),
        (("--vault", "vault.example"), "address is a host"),
        (("--vault", "https://root:hunter2@vault.example"), "address"),
        (("--vault", "https://vault.example", "--mount", "secret/data"), "mount holds a part of its API's paths"),
        (("--vault", "https://vault.example", "--auth-path", "+"), "auth_path"),
    ],
)
def test_an_account_that_cannot_be_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """Before anybody is asked."""
    result = CliRunner().invoke(cli, ["preflight", "--issuer", "https://issuer.example", *arguments])
    assert result.exit_code == UNUSABLE
    assert said in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("cloud", "arguments", "where"),
    [
        ("aws", ("--aws", "111122223333", "--kms-key", "a"), ("111122223333", ("a",))),
        ("gcp", ("--gcp", "my-project", "--pool", "blue"), (Google("my-project", "blue"),)),
        ("azure", ("--azure", "b", "--resource-group", "secrets"), (Azure("b", "secrets"),)),
        ("vault", ("--vault", "c", "--auth-path", "d", "--mount", "e"), (Vault("c", "d", "e"), live.local_time)),
    ],
)
def test_an_account_is_asked_for_the_clusters_own_issuer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: str, arguments: tuple[str, ...], where: tuple[object, ...]
) -> None:
    """And for the namespaces that are named; what is found of both is one answer."""
    asked: list[tuple[object, ...]] = []

    def checks(*given: object) -> Iterator[Check]:
        asked.append(given)
        yield Check(f"{cloud}-account", Severity.OK, "the account", "this one")

    monkeypatch.setattr(f"secret_access.preflight.{cloud}.account.checks", checks)
    more = ("--namespace", "shop", "--trusted", "--identity", "x-{namespace}")
    result = run(tmp_path, *arguments, *more, "--json")
    stack = Stack("https://kubernetes.default.svc", ("shop",), trusted=True, identity="x-{namespace}")
    assert asked == [(stack, *where)]
    assert {f"{cloud}-account", "issuer-address"} <= {check["id"] for check in json.loads(result.output)["checks"]}


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's SDK is large, and Vault's users do without."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "secret_access.preflight.aws.account", raising=False)
    monkeypatch.delattr("secret_access.preflight.aws.account", raising=False)
    result = CliRunner().invoke(cli, ["preflight", "--aws", "111122223333", "--issuer", "https://issuer.example"])
    assert result.exit_code == UNUSABLE
    assert "install secret-access[aws], or secret-access[all]" in result.stderr
