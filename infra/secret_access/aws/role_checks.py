"""Checks of what is said of a role. Pure functions, as those of checks.py.

Sources: IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers"; IAM API, CreateRole; STS API, AssumeRole and
AssumeRoleWithWebIdentity.
"""

import re

from ..checks import invalid, match, whole_number
from . import checks
from .identifiers import Account, Role

ROLE_PATH_LIMIT = 512
ACCOUNT_ID = re.compile(r"[0-9]{12}")
EXAMPLE_ROLE = "arn:aws:iam::111122223333:role/secret-access-test"
_LITERAL = r"(?!.*[*?$])"
"""No wildcards and variables of policies, in which ARNs of roles stand."""
ROLE_PATH = re.compile(rf"{_LITERAL}/([!-~]+/)?")
ROLE_ARN = re.compile(rf"{_LITERAL}arn:(aws[a-z-]*):iam::([0-9]{{12}}):role/((?:[!-~]+/)?[A-Za-z0-9+=,.@_-]{{1,64}})")
EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/-]{2,1224}")


def role_arn(arn: object, argument: str) -> Role:
    """Return the parts of a role's ARN; its name, an assumed role or a `*` is refused."""
    found = ROLE_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found:
        return Role(partition=found[1], account_id=found[2], path_and_name=found[3])
    what = "is not the ARN of a role"
    if ":assumed-role/" in str(arn):
        what = "is the ARN of a role's session"
    raise invalid(f"{argument} {what}", arn, f"such as {EXAMPLE_ROLE}", "take Arn of `aws iam get-role`")


def role_of(argument: str, role: Role, account: Account, reason: str) -> Role:
    """Return a role of an account, of which `reason` says why it must be."""
    checks.same_account(f"{argument}: {reason}; it", role.arn, role, account, "a role")
    return role


def account_id(number: object) -> str:
    """Return an account's id: twelve digits, and text, for one may begin with zeros."""
    fix = "put it in quotes; take Account of `aws sts get-caller-identity`"
    return match(ACCOUNT_ID, "account_id", number, '12 digits, such as "444455556666"', fix)


def role_path(path: object) -> str:
    """Return a role's path, which begins and ends with `/` (IAM API, CreateRole)."""
    expected, fix = "/ or a path such as /secret-access/", "correct it, or leave it out for /"
    if isinstance(path, str) and len(path) > ROLE_PATH_LIMIT:
        raise invalid(f"role_path has {len(path)} characters", path, f"at most {ROLE_PATH_LIMIT}", fix)
    return match(ROLE_PATH, "role_path", path, expected, fix)


def session_duration(seconds: object) -> int:
    """Return seconds that a role's session lasts: 900 at least, 43200 at most (STS API, AssumeRoleWithWebIdentity)."""
    fix = "leave it out for 3600, one hour"
    return whole_number("session_duration", seconds, "seconds from 900 to 43200", fix, least=900, most=43200)


def trust_policy_quota(characters: object) -> int:
    """Return the quota of a trust policy's length (IAM User Guide, "IAM and AWS STS quotas")."""
    fix = "leave it out for 2048, or give the quota that the account has"
    return whole_number("trust_policy_quota", characters, "2048 to 8192 characters", fix, least=2048, most=8192)


def external_id(given: object) -> str | None:
    """Return an external id, without its wildcards (STS API, AssumeRole)."""
    if given is None:
        return None
    expected = "the externalId of the association, such as us-east-1/111122223333/blue/test/secret-access"
    fix = "take the output external_id of AwsSecretAccess, or aws eks describe-pod-identity-association"
    return match(EXTERNAL_ID, "external_id", given, expected, fix)
