"""What answers of AWS mean for the first `up`, where MiniStack does not give them."""

import pytest

from secret_access.preflight.aws import judging
from secret_access.preflight.check import Check
from secret_access.preflight.stack import Stack

STACK = Stack("https://issuer.example", ("shop",))
CALLER = "arn:aws:iam::111122223333:user/ci"


def rights(**result: object) -> Check:
    usual = {"EvalActionName": "iam:CreateRole", "EvalResourceName": "role/a", "EvalDecision": "implicitDeny"}
    return judging.rights(CALLER, [usual | result])


def test_a_decision_that_lacks_what_a_real_request_has_is_unknown() -> None:
    """Such as the boundary that a role is made with, which a policy may demand."""
    assert rights().severity == "error"
    check = rights(MissingContextValues=["iam:PermissionsBoundary"])
    assert (check.severity, "iam:CreateRole on role/a under conditions" in check.found) == ("unknown", True)
    assert rights(EvalDecision="allowed", MissingContextValues=["aws:MultiFactorAuthPresent"]).severity == "ok"


def test_each_resource_of_a_simulation_has_its_own_decision() -> None:
    """IAM gives the worst of them as the action's."""
    each = [
        {"EvalResourceName": "role/a", "EvalResourceDecision": "allowed"},
        {"EvalResourceName": "role/b", "EvalResourceDecision": "explicitDeny"},
    ]
    assert rights(ResourceSpecificResults=each).found == f"{CALLER} may not iam:CreateRole on role/b"


def test_many_resources_are_named_in_part() -> None:
    """The first five, and how many more."""
    each = [{"EvalResourceName": f"role/{number}", "EvalResourceDecision": "implicitDeny"} for number in range(9)]
    assert rights(ResourceSpecificResults=each).found.endswith("iam:CreateRole on role/4 and 4 more")


@pytest.mark.parametrize(
    ("caller", "severity"),
    [("arn:aws:iam::111122223333:root", "ok"), ("arn:aws:sts::111122223333:federated-user/ci", "unknown")],
)
def test_callers_whose_rights_iam_does_not_simulate(caller: str, severity: str) -> None:
    """The root has all; of a federated user nothing is known."""
    assert judging.unsimulated(caller).severity == severity


@pytest.mark.parametrize(
    ("caller", "role"),
    [
        ("arn:aws:sts::111122223333:assumed-role/deployer/ci", "deployer"),
        ("arn:aws-cn:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/a@b.example", "AWSReservedSSO_Admin_1"),
        (CALLER, None),
        ("arn:aws:iam::111122223333:user/assumed-role/a/b", None),
    ],
)
def test_a_session_is_of_a_role(caller: str, role: str | None) -> None:
    """By its ARN, which has the role's name and not its path."""
    assert judging.role_of(caller) == role


def test_a_quota_that_aws_does_not_say_is_unknown() -> None:
    """It is not taken for room."""
    assert judging.roles({"Roles": 3}, STACK).severity == "unknown"
    assert judging.roles({"Roles": 3, "RolesQuota": 4}, STACK).severity == "ok"
    assert judging.roles({"Roles": 4, "RolesQuota": 4}, STACK).severity == "error"


def test_the_key_of_aws_itself_needs_no_name() -> None:
    """ListSecrets may give it, where somebody chose it by its alias."""
    managed = {"Arn": "arn:aws:kms:us-east-1:111122223333:key/1", "KeyState": "Enabled", "KeyManager": "AWS"}
    assert list(judging.key("shop/", managed, ())) == []
    (check,) = judging.key("shop/", {**managed, "KeyManager": "CUSTOMER", "KeyState": "PendingDeletion"}, ())
    assert check.severity == "error"


def test_what_identities_are_called() -> None:
    """By the stack's own pattern; there is one to ask about before there is a namespace."""
    assert Stack(None, ("a", "b"), identity="x-{namespace}-y").identities == ["x-a-y", "x-b-y"]
    assert Stack(None).identities == ["secret-access-example"]
