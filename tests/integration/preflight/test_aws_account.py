"""An AWS account before the first `up`, judged by MiniStack: each fault is made, and found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator

import pytest
from botocore.config import Config
from click.testing import CliRunner

from secret_access.aws.trust import IRSA_AUDIENCE
from secret_access.cli.main import cli
from secret_access.preflight.aws import account
from secret_access.preflight.aws.judging import OF_PROVIDERS, OF_ROLES
from secret_access.preflight.check import Check
from secret_access.preflight.stack import Stack
from tests.free_port import free_port
from tests.integration.real_parts import ACCOUNT, MiniStack

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
ASKS = ["iam:GetAccountSummary", "iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy", "secretsmanager:ListSecrets"]


@pytest.fixture(scope="module")
def aws() -> Iterator[MiniStack]:
    """An AWS that lists the keys of secrets."""
    with MiniStack.running(sys.executable, "-m", "tests.fakes.ministack_key_ids") as running:
        yield running


@pytest.fixture(autouse=True)
def signed_in(aws: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the account's root, by the variables that every client of AWS takes."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def found(stack: Stack, account_id: str = ACCOUNT, keys: Iterable[str] = ()) -> dict[str, Check]:
    """What is found, by id; of an id twice, the worse."""
    worst = ("ok", "unknown", "warning", "error")
    checks = sorted(account.checks(stack, account_id, tuple(keys)), key=lambda check: worst.index(check.severity))
    return {check.id: check for check in checks}


def severities(stack: Stack, **more: str) -> dict[str, str]:
    return {name: str(check.severity) for name, check in found(stack, **more).items()}


def as_root_of(another: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", another)


def test_an_account_without_fault_is_ready(aws: MiniStack) -> None:
    """Of the command: with the cluster's issuer given, the account alone is asked."""
    aws.client("secretsmanager").create_secret(Name="ready/database-password", SecretString="hunter2")
    arguments = ["preflight", "--aws", ACCOUNT, "--issuer", "https://issuer.example/ready", "-n", "ready", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    checks = json.loads(result.output)["checks"]
    names = ("aws-account", "aws-quota", "aws-trust", "aws-roles", "aws-rights", "aws-secrets")
    assert {check["id"]: check["severity"] for check in checks} == dict.fromkeys(names, "ok")
    assert "hunter2" not in result.output


def test_credentials_of_another_account_are_found_and_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it says nothing of the stack's account."""
    as_root_of("999988887777", monkeypatch)
    checks = found(Stack(ISSUER))
    assert checks.keys() == {"aws-account"}
    assert checks["aws-account"].severity == "error"
    assert "of 999988887777" in checks["aws-account"].found


def test_without_credentials_or_a_region_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each an error that says what to set."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    check = found(Stack(ISSUER))["aws-account"]
    assert (check.severity, check.found) == ("error", "Unable to locate credentials")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    check = found(Stack(ISSUER))["aws-account"]
    assert (check.severity, check.found) == ("error", "no region is set")


def test_an_aws_that_does_not_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of the account."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(account, "LIMITS", account.LIMITS.merge(Config(retries={"total_max_attempts": 1})))
    assert severities(Stack(ISSUER)) == {"aws-account": "unknown"}


def test_the_provider_of_the_issuer_is_there_once_and_takes_the_sidecars_tokens(aws: MiniStack) -> None:
    """Missing, twice, and with a foreign audience: each as the stack has it."""
    iam, issuer = aws.client("iam"), "https://issuer.example/audience"
    new, trusted = Stack(issuer), Stack(issuer, trusted=True)
    assert (severities(new)["aws-trust"], severities(trusted)["aws-trust"]) == ("ok", "error")
    arn = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["vault"])["OpenIDConnectProviderArn"]
    for stack in (new, trusted):
        check = found(stack)["aws-trust"]
        assert check.severity == "error"
        assert f"{arn} accepts the audiences ['vault'], and not {IRSA_AUDIENCE}" in check.found
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["vault", IRSA_AUDIENCE])
    assert (severities(new)["aws-trust"], severities(trusted)["aws-trust"]) == ("warning", "ok")
    assert "set existing_provider_arn" in found(new)["aws-trust"].mend


def test_an_issuer_that_iam_does_not_take_is_found() -> None:
    """One with a port; one that the cluster did not say is unknown."""
    check = found(Stack("https://issuer.example:6443"))["aws-trust"]
    assert (check.severity, "has a port" in check.found) == ("error", True)
    assert severities(Stack(None))["aws-trust"] == "unknown"


def test_a_quota_of_roles_that_is_reached_is_found(monkeypatch: pytest.MonkeyPatch, aws: MiniStack) -> None:
    """By as many as are to be made: one for each namespace."""
    as_root_of(full := "444455556666", monkeypatch)
    iam = aws.client("iam", full)
    summary = iam.get_account_summary()["SummaryMap"]
    for number in range(summary["RolesQuota"] - summary["Roles"] - 1):
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument="{}")
    assert severities(Stack(ISSUER, ("a",)), account_id=full)["aws-quota"] == "ok"
    check = found(Stack(ISSUER, ("a", "b")), full)["aws-quota"]
    assert check.severity == "error"
    assert check.found == f"{summary['RolesQuota'] - 1} of {summary['RolesQuota']} are there, 2 to be made"


def test_a_hundred_oidc_providers_are_found(monkeypatch: pytest.MonkeyPatch, aws: MiniStack) -> None:
    """Where one more is to be made; whether AWS was asked for more is not known, so it is a warning."""
    as_root_of(full := "777788889999", monkeypatch)
    iam = aws.client("iam", full)
    for number in range(99):
        iam.create_open_id_connect_provider(Url=f"https://issuer.example/{number}", ClientIDList=[IRSA_AUDIENCE])
    checks = list(account.checks(Stack(ISSUER), full, ()))
    assert [check.severity for check in checks if check.id == "aws-quota"] == ["ok"]
    iam.create_open_id_connect_provider(Url="https://issuer.example/99", ClientIDList=[IRSA_AUDIENCE])
    checks = list(account.checks(Stack(ISSUER), full, ()))
    assert [check.severity for check in checks if check.id == "aws-quota"] == ["ok", "warning"]
    for trusted in (True, False):  # of one that is there none is to be made
        assert severities(Stack("https://issuer.example/7", trusted=trusted), account_id=full)["aws-quota"] == "ok"


def test_a_role_that_another_cluster_has_under_the_name_is_found(aws: MiniStack) -> None:
    """By its trust; this cluster's own is no fault, and of one without a provider it is not known."""
    iam = aws.client("iam")
    issuer = ISSUER.removeprefix("https://")
    trusts: dict[str, dict[str, str]] = {
        "own": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "green": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}2"},
        "eks": {"Service": "pods.eks.amazonaws.com"},
    }
    for name, principal in trusts.items():
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity"}
        iam.create_role(RoleName=f"secret-access-{name}", AssumeRolePolicyDocument=json.dumps({"Statement": statement}))
    for name, severity in (("own", "ok"), ("green", "error"), ("eks", "warning"), ("free", "ok")):
        check = found(Stack(ISSUER, (name,)))["aws-roles"]
        assert check.severity == severity, name
        assert severity == "ok" or f"secret-access-{name} is there and trusts" in check.found
    renamed = Stack(ISSUER, ("green",), identity="teams/secret-access-blue-{namespace}")
    assert severities(renamed)["aws-roles"] == "ok"
    with_path = Stack(ISSUER, ("green",), identity="teams/secret-access-{namespace}")
    assert severities(with_path)["aws-roles"] == "error"  # IAM has one role of a name, whatever its path


def user(aws: MiniStack, monkeypatch: pytest.MonkeyPatch, name: str, *actions: str) -> None:
    """Sign in as a user who may do this and ask about it."""
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": [*actions, *ASKS], "Resource": "*"}
    iam.put_user_policy(
        UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


@pytest.mark.parametrize("missing", ["iam:CreateRole", "iam:PutRolePolicy", "iam:CreateOpenIDConnectProvider"])
def test_a_right_that_up_needs_and_the_caller_lacks_is_found(
    aws: MiniStack, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """By its name and the resource; on a trusted cluster no right to make its provider is asked for."""
    user(aws, monkeypatch, f"lacks-{missing[4:]}", *({*OF_ROLES, *OF_PROVIDERS} - {missing}))
    check = found(Stack(ISSUER, ("shop",)))["aws-rights"]
    resource = "oidc-provider/oidc.eks" if "Provider" in missing else "role/secret-access-shop"
    assert check.severity == "error"
    assert f"may not {missing} on arn:aws:iam::{ACCOUNT}:{resource}" in check.found
    trusted = severities(Stack(ISSUER, ("shop",), trusted=True))["aws-rights"]
    assert trusted == ("ok" if "Provider" in missing else "error")


def test_a_role_that_may_do_all_of_it_is_ready(aws: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its session's ARN is not the role's, by which IAM simulates."""
    iam, sts = aws.client("iam"), aws.client("sts")
    anybody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Statement": [anybody]}))
    allowed = {"Effect": "Allow", "Action": ["iam:*", "secretsmanager:ListSecrets"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=document)
    session = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="ci")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    check = found(Stack(ISSUER, ("shop",)))["aws-rights"]
    assert (check.severity, check.found) == ("ok", f"arn:aws:iam::{ACCOUNT}:role/deployer may make the roles")
    limited = {**allowed, "Action": [*ASKS, *set(OF_ROLES) - {"iam:TagRole"}]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [limited]})
    iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=document)
    assert "may not iam:TagRole on" in found(Stack(ISSUER, ("shop",), trusted=True))["aws-rights"].found


def test_what_the_caller_may_not_ask_is_unknown(aws: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other checks go on."""
    user(aws, monkeypatch, "lists-secrets-alone")
    iam = aws.client("iam")
    only = {"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    iam.put_user_policy(UserName="lists-secrets-alone", PolicyName="p", PolicyDocument=document)
    unknown = dict.fromkeys(("aws-quota", "aws-trust", "aws-roles", "aws-rights"), "unknown")
    assert severities(Stack(ISSUER, ("nobodys",))) == {"aws-account": "ok", **unknown, "aws-secrets": "warning"}


def test_a_prefix_without_a_secret_is_found(aws: MiniStack) -> None:
    """A name that begins alike, or has the prefix in its middle, is not below it."""
    secrets = aws.client("secretsmanager")
    for name in ("bare-eu/a", "other/bare/a"):
        secrets.create_secret(Name=name, SecretString="hunter2")
    check = found(Stack(ISSUER, ("bare",)))["aws-secrets"]
    assert (check.severity, check.what) == ("warning", "secrets under bare/")
    secrets.create_secret(Name="bare/a", SecretString="hunter2")
    assert severities(Stack(ISSUER, ("bare",)))["aws-secrets"] == "ok"


def test_a_key_that_the_stack_does_not_name_or_that_is_off_is_found(aws: MiniStack) -> None:
    """A key of AWS's own needs no name, as the other secrets here show."""
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/keyed", TargetKeyId=key["KeyId"])
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="keyed/a", SecretString="hunter2", KmsKeyId=key["Arn"])
    secrets.create_secret(Name="keyed/b", SecretString="hunter2", KmsKeyId="alias/keyed")
    stack = Stack(ISSUER, ("keyed",))
    check = found(stack)["aws-keys"]
    assert (check.severity, key["Arn"] in check.found) == ("warning", True)
    assert found(stack, keys=[key["Arn"]])["aws-keys"].severity == "ok"
    kms.disable_key(KeyId=key["KeyId"])
    check = found(stack, keys=[key["Arn"]])["aws-keys"]
    assert (check.severity, check.found) == ("error", f"{key['Arn']} is Disabled: no read is answered")
