"""Each namespace reads its own secrets and is refused the others', by AWS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local import config, stacks
from local.aws import account
from local.aws.cloud import AWS
from local.isolation import wrong
from tests.e2e.conftest import Environment

TEST, PROD = "test/database-password", "prod/database-password"
DATABASE_PASSWORD = "database-password"


def test_the_matrix_is_written_as_documented(environment: Environment) -> None:
    """isolation.json says who asked, from which pod, what was expected, who decided, and by which request."""
    cells = [cell for cell in json.loads(config.ISOLATION.read_text()) if cell["vault"] == "aws"]
    assert {(c["from"], c["name"], c["expected"], c["status"], c["decided_by"]) for c in cells} == {
        ("test", TEST, 200, 200, "aws"),
        ("test", PROD, 403, 403, "aws"),
        ("prod", TEST, 403, 403, "aws"),
        ("prod", PROD, 200, 200, "aws"),
    }
    assert all("(container app)" in cell["asked_by"] and cell["detail"] for cell in cells)
    trail = AWS.trail.path.read_text()
    assert all(f'"request_id": "{cell["request_id"]}"' in trail and cell["identity"] in trail for cell in cells)


def test_the_short_name_is_the_namespaces_own(environment: Environment) -> None:
    """The same application code reads its environment's secret: `database-password` is `test/database-password`."""
    short, full = environment.ask("test", DATABASE_PASSWORD), environment.ask("test", TEST)
    assert short["status"] == full["status"] == 200
    assert short["body"] == full["body"]
    assert short["body"]["value"] == account.value(TEST)
    assert environment.ask("prod", DATABASE_PASSWORD)["body"]["value"] == account.value(PROD)


GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"


@pytest.mark.parametrize("spelled", [TEST, "test%2Fdatabase-password", "test%2fdatabase-password"])
def test_an_encoded_slash_is_a_slash(environment: Environment, spelled: str) -> None:
    """HTTP libraries differ in how they write the name into the path."""
    answer = environment.python("test", "app", GET, f"http://localhost:8080/v1/secrets/{spelled}")
    assert json.loads(answer)["value"] == account.value(TEST)


def test_a_refusal_names_the_role_that_was_refused(environment: Environment, role_arns: dict[str, str]) -> None:
    """The problem document carries what somebody needs to find the policy: the role, the cloud's code, its request."""
    answer = environment.ask("test", PROD)
    role = role_arns["test"].rpartition("/")[2]
    assert (answer["status"], answer["content_type"]) == (403, "application/problem+json")
    assert f"assumed-role/{role}/test." in answer["body"]["identity"]
    assert answer["body"]["code"] == "AccessDeniedException"
    assert answer["body"]["request_id"]


def test_the_session_names_the_pod(environment: Environment) -> None:
    """AWS's trail says which pod read, not only with which role."""
    pod = environment.pod("test")
    mark = AWS.trail.length()
    environment.ask("test", TEST)
    assert any(call.name == TEST and call.identity.endswith(f"/test.{pod}") for call in AWS.trail.since(mark))


def test_a_new_value_is_read_at_once(environment: Environment) -> None:
    """Nothing is cached between the vault and the application."""
    before = account.value(TEST)
    try:
        account.client("secretsmanager").put_secret_value(SecretId=TEST, SecretString="rotated-just-now")
        assert environment.ask("test", TEST)["body"]["value"] == "rotated-just-now"
    finally:
        account.client("secretsmanager").put_secret_value(SecretId=TEST, SecretString=before)


def test_missing_and_deleted_are_told_apart(environment: Environment) -> None:
    """What is not there is 404, what is on its way out is 410."""
    manager = account.client("secretsmanager")
    manager.create_secret(Name="test/leaving", SecretString="x")
    manager.delete_secret(SecretId="test/leaving", RecoveryWindowInDays=7)
    try:
        assert environment.ask("test", "test/leaving")["status"] == 410
        assert environment.ask("test", "test/never-there")["status"] == 404
    finally:
        manager.delete_secret(SecretId="test/leaving", ForceDeleteWithoutRecovery=True)


def test_a_policy_widened_by_hand_turns_its_cell_and_is_repaired(
    environment: Environment, role_arns: dict[str, str]
) -> None:
    """The proof can fail: with the policy widened the same check reports it; refresh and up put the policy back."""
    iam = account.client("iam")
    role = role_arns["test"].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    widened = json.dumps(document).replace(":secret:test/*", ":secret:*")
    assert widened != json.dumps(document)
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=widened)

    problems = wrong(environment.ask_everything())
    assert len(problems) == 1
    assert problems[0].startswith(f"test asking for {PROD}: 200 decided by aws, expected 403")

    stack = AWS.environment_stacks["test"]
    environment.pulumi("refresh", f"--stack={stack}", "--yes", "--skip-preview")
    environment.pulumi("up", f"--stack={stack}", "--yes", "--skip-preview")
    assert iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"] == document
    assert wrong(environment.ask_everything()) == []


ALL_SECRETS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}],
    }
)


def one_more_inline(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="added-by-hand", PolicyDocument=ALL_SECRETS)


def one_more_attached(iam: Any, role: str) -> None:
    arn = iam.create_policy(PolicyName="added-by-hand", PolicyDocument=ALL_SECRETS)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)


@pytest.mark.parametrize("add", [one_more_inline, one_more_attached])
def test_a_policy_added_by_hand_turns_its_cell_and_is_taken_away(
    environment: Environment, role_arns: dict[str, str], add: Callable[[Any, str], None]
) -> None:
    """The role's policies are owned as a whole: one more is found by refresh, and gone after up."""
    iam, stack = account.client("iam"), f"--stack={AWS.environment_stacks['test']}"
    role = role_arns["test"].rpartition("/")[2]
    add(iam, role)
    try:
        (problem,) = wrong(environment.ask_everything())
        assert problem.startswith(f"test asking for {PROD}: 200 decided by aws, expected 403")
        with pytest.raises(stacks.StackError, match="Exclusive"):
            environment.pulumi("preview", stack, "--refresh", "--expect-no-changes")
        environment.pulumi("up", stack, "--refresh", "--yes", "--skip-preview")
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["own-secrets"]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        assert wrong(environment.ask_everything()) == []
        environment.pulumi("preview", stack, "--refresh", "--expect-no-changes")
    finally:
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            iam.delete_policy(PolicyArn=policy["Arn"])
