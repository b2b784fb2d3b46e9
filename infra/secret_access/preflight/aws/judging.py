"""What answers of an AWS account mean for the first `pulumi up`. Pure.

Sources: IAM API, GetAccountSummary, GetOpenIDConnectProvider and SimulatePrincipalPolicy; IAM User Guide, "IAM and AWS
STS quotas"; Secrets Manager API, ListSecrets; KMS API, DescribeKey.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...aws.trust import IRSA_AUDIENCE
from ..check import Check, Severity
from ..stack import Stack

Answer = Mapping[str, Any]
TRUST, ROLES, NAMES, RIGHTS = (
    "AWS's trust in the cluster",
    "AWS's quota of roles",
    "names of AWS's roles",
    "the rights of who runs `up` on AWS",
)
OF_ROLES = (
    "iam:CreateRole",
    "iam:GetRole",
    "iam:TagRole",
    "iam:PutRolePolicy",
    "iam:GetRolePolicy",
    "iam:ListRolePolicies",
    "iam:ListAttachedRolePolicies",
)
"""What making a namespace's role with its one policy needs."""
OF_PROVIDERS = ("iam:CreateOpenIDConnectProvider", "iam:GetOpenIDConnectProvider")
PROVIDERS = 100
"""OIDC providers of an account; it can be raised, and IAM does not say to what."""
SHOWN = 5


def account(given: str, caller: str, expected: str) -> Check:
    """Judge whose credentials these are. `caller`: an ARN."""
    what = "the AWS account"
    if given != expected:
        found = f"the credentials are of {given} ({caller}), expected {expected}"
        return Check("aws-account", Severity.ERROR, what, found, "set AWS_PROFILE, or the credentials, of that account")
    return Check("aws-account", Severity.OK, what, f"{given}, asked as {caller}")


def roles(summary: Mapping[str, int], stack: Stack) -> Check:
    """Hold the roles that are going to be made against the account's quota."""
    if "Roles" not in summary or "RolesQuota" not in summary:
        return Check("aws-quota", Severity.UNKNOWN, ROLES, "GetAccountSummary does not say it")
    used, quota, wanted = summary["Roles"], summary["RolesQuota"], len(stack.identities)
    found = f"{used} of {quota} are there, {wanted} to be made"
    if used + wanted > quota:
        mend = "have the quota `Roles per account` of IAM raised, or remove roles that nobody uses"
        return Check("aws-quota", Severity.ERROR, ROLES, found, mend)
    return Check("aws-quota", Severity.OK, ROLES, found)


def providers(count: int) -> Iterator[Check]:
    """Yield that the account may have no room for one OIDC provider more."""
    if count >= PROVIDERS:
        found = f"{count} are there, and AWS allows {PROVIDERS} unless it was asked for more"
        mend = "have the quota `OpenId connect providers per account` of IAM raised, or remove those of lost clusters"
        yield Check("aws-quota", Severity.WARNING, "AWS's quota of OIDC providers", found, mend)


def trust(stack: Stack, arn: str, audiences: Collection[str] | None) -> Check:
    """Judge the OIDC provider of the cluster's issuer. `audiences`: those that it accepts; None where it is missing."""
    if audiences is None:
        if not stack.trusted:
            return Check("aws-trust", Severity.OK, TRUST, f"there is no {arn} yet: `pulumi up` makes it")
        mend = "run `pulumi up` of the cluster's stack first, with the account and the issuer given here"
        return Check("aws-trust", Severity.ERROR, TRUST, f"there is no {arn}", mend)
    if IRSA_AUDIENCE not in audiences:
        found = f"{arn} accepts the audiences {sorted(audiences)}, and not {IRSA_AUDIENCE} of the sidecar's tokens"
        mend = (
            f"aws iam add-client-id-to-open-id-connect-provider --client-id {IRSA_AUDIENCE} "
            f"--open-id-connect-provider-arn {arn}"
        )
        return Check("aws-trust", Severity.ERROR, TRUST, found, mend)
    if stack.trusted:
        return Check("aws-trust", Severity.OK, TRUST, f"{arn} accepts {IRSA_AUDIENCE}")
    found = f"{arn} exists: a ClusterTrust that makes it again ends with EntityAlreadyExists"
    mend = "set existing_provider_arn to it, unless that stack has made it; then ask with --trusted"
    return Check("aws-trust", Severity.WARNING, TRUST, found, mend)


def names(issuer: str, taken: Mapping[str, Answer], wanted: int) -> Iterator[Check]:
    """Yield whose the roles are that have the names of the stack's already. `taken`: the role by name."""
    for name, role in taken.items():
        trusted = sorted(_federated(role))
        if any(arn.endswith(f":oidc-provider/{issuer.removeprefix('https://')}") for arn in trusted):
            continue
        found = f"{name} is there and trusts {', '.join(trusted) or 'no OIDC provider'}: `up` cannot make it again"
        mend = "name the cluster in role_name, and ask with --identity; or set existing_role_arn"
        # Without an issuer it may be this stack's own, for Pod Identity
        yield Check("aws-roles", Severity.ERROR if trusted else Severity.WARNING, NAMES, found, mend)
    yield Check("aws-roles", Severity.OK, NAMES, f"{wanted - len(taken)} of {wanted} are free")


def _federated(role: Answer) -> set[str]:
    statements = role["AssumeRolePolicyDocument"].get("Statement") or ()
    principals = [each.get("Principal") for each in ([statements] if isinstance(statements, Mapping) else statements)]
    given = [each.get("Federated", ()) for each in principals if isinstance(each, Mapping)]
    return {arn for each in given for arn in ([each] if isinstance(each, str) else each)}


def decisions(results: Iterable[Answer]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield action, resource, decision, and whether the decision lacks what only a real request has."""
    for result in results:
        for each in result.get("ResourceSpecificResults") or (result,):
            decision = each.get("EvalDecision", each.get("EvalResourceDecision", ""))
            missing = bool(each.get("MissingContextValues") or result.get("MissingContextValues"))
            yield result["EvalActionName"], each.get("EvalResourceName", "*"), decision, missing


def rights(caller: str, results: Sequence[Answer]) -> Check:
    """Judge whether the caller may do what `up` does, as IAM simulates it."""
    denied = [each for each in decisions(results) if each[2] != "allowed"]
    certain = [(action, resource) for action, resource, _, missing in denied if not missing]
    if certain:
        mend = "allow it, or, where the stack calls its roles otherwise, ask with --identity"
        return Check("aws-rights", Severity.ERROR, RIGHTS, f"{caller} may not {_listed(certain)}", mend)
    if denied:
        found = f"{caller} may {_listed([(action, resource) for action, resource, *_ in denied])} under conditions"
        mend = "see in its policies whether what `up` makes meets them, such as a permissions boundary"
        return Check("aws-rights", Severity.UNKNOWN, RIGHTS, found, mend)
    return Check("aws-rights", Severity.OK, RIGHTS, f"{caller} may make the roles" if results else caller)


def unsimulated(caller: str) -> Check:
    """Judge a caller whose rights IAM does not simulate."""
    if caller.endswith(":root"):
        return Check("aws-rights", Severity.OK, RIGHTS, f"{caller} may do everything in the account")
    found = f"{caller} is no user and no role, whose rights alone IAM simulates"
    return Check("aws-rights", Severity.UNKNOWN, RIGHTS, found, "ask as the user or the role that runs `up`")


def role_of(caller: str) -> str | None:
    """Return the name of the role of a session; its ARN has no path, by which the role itself is known."""
    found = re.fullmatch(r"arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/([^/]+)/.+", caller)
    return found[1] if found else None


def secrets(prefix: str, count: int, region: str) -> Check:
    """Judge whether there is anything to read under a prefix."""
    what = f"secrets under {prefix}"
    if count:
        return Check("aws-secrets", Severity.OK, what, f"{count} in {region}")
    mend = "create them there, or ask with AWS_REGION of the stack's region"
    return Check("aws-secrets", Severity.WARNING, what, f"there is none in {region}: each read is refused", mend)


def key(prefix: str, metadata: Answer, given: Collection[str]) -> Iterator[Check]:
    """Judge a KMS key that encrypts secrets under a prefix. `given`: the keys that the stack names."""
    if metadata.get("KeyManager") == "AWS":
        return
    what, arn, state = f"the key of secrets under {prefix}", metadata["Arn"], metadata["KeyState"]
    if state != "Enabled":
        yield Check("aws-keys", Severity.ERROR, what, f"{arn} is {state}: no read is answered", "enable the key")
    elif arn in given:
        yield Check("aws-keys", Severity.OK, what, f"{arn} is enabled")
    else:
        found = f"{arn} is not among those given: without it in kms_key_arns each read is refused"
        mend = "set kms_key_arns of the namespace to it, and ask with --kms-key"
        yield Check("aws-keys", Severity.WARNING, what, found, mend)


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    by_resource: dict[str, list[str]] = {}
    for action, resource in pairs:
        by_resource.setdefault(resource, []).append(action)
    shown = [f"{', '.join(actions)} on {resource}" for resource, actions in list(by_resource.items())[:SHOWN]]
    more = f" and {len(by_resource) - SHOWN} more" if len(by_resource) > SHOWN else ""
    return f"{'; '.join(shown)}{more}"
