"""Whose ServiceAccount tokens may become a role, and for whom EKS may assume it: trust policies as sets. Pure.

Sources: IAM User Guide, "Available keys for AWS OIDC federation"; EKS User Guide, "Create IAM role with trust policy
required by EKS Pod Identity".
"""

import re
from collections.abc import Mapping, Sequence

from ..pipelines import is_of_pipelines
from ..strings import ANYTHING, NOTHING, StringSet, complement, intersection, union
from ..subjects import named_namespace
from .conditions import applies, matching
from .statements import Condition, Statement

WEB_IDENTITY = "sts:assumerolewithwebidentity"
ASSUME = "sts:assumerole"
EKS = "pods.eks.amazonaws.com"
_PROVIDER = "oidc-provider/"
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(?:oidc|saml)-provider/")


def trusted_subjects(trust: Sequence[Statement]) -> StringSet:
    """Return the `sub` of the tokens with which the role can be had."""
    denied = union(_subjects(each) for each in trust if not each.is_allow)
    return union(_subjects(each) for each in trust if each.is_allow) - denied


def statement_trusting(trust: Sequence[Statement], subject: str) -> str:
    """Return the statement that lets a subject in."""
    return next(each.name for each in trust if each.is_allow and subject in _subjects(each))


def statement_trusting_eks(trust: Sequence[Statement], session: Mapping[str, str]) -> str | None:
    """Return the statement by which EKS may assume the role for a session with these tags, None if there is none."""
    return statement_trusting_service(trust, EKS, session)


def statement_trusting_service(trust: Sequence[Statement], service: str, session: Mapping[str, str]) -> str | None:
    """Return the statement by which a service may assume the role, None if there is none."""
    about = [each for each in trust if ASSUME in each.actions and _names(each, "Service", service)]
    if any(not each.is_allow and applies(each, session) for each in about):
        return None
    return next((each.name for each in about if each.is_allow and applies(each, session)), None)


def services(trust: Sequence[Statement]) -> list[str]:
    """Return the services that a trust names and that run what others give them: EKS for Pod Identity is none."""
    named = [
        service
        for each in trust
        if each.is_allow and ASSUME in each.actions
        for service in (("*",) if each.is_not_principal else each.principals.get("Service", ()))
    ]
    return [each for each in dict.fromkeys(named) if each != EKS]


def accounts(trust: Sequence[Statement]) -> set[str]:
    """Return the accounts of the identity providers that a trust names: they are the role's own."""
    named = (name for each in trust if each.is_allow for name in each.principals.get("Federated", ()))
    return {found[1] for name in named if (found := _ACCOUNT.match(name))}


def named_namespaces(trust: Sequence[Statement]) -> set[str]:
    """Return the namespaces that a trust names: those of its subjects, where no pattern stands for them."""
    values = [
        value
        for statement in trust
        for condition in statement.conditions
        if condition.key.lower().endswith(":sub") and condition.operator.startswith("String")
        for value in condition.values
    ]
    return {namespace for value in values if (namespace := named_namespace(value)) is not None}


def _subjects(statement: Statement) -> StringSet:
    """Return the subjects that a statement is about: more for an Allow in doubt, fewer for a Deny."""
    if WEB_IDENTITY not in statement.actions:
        return NOTHING
    providers = statement.principals.get("Federated", ())
    if statement.is_not_principal:
        providers = ("*",) if statement.is_allow else ()
    if statement.is_allow and "*" in statement.principals.get("AWS", ()):
        providers = ("*",)
    issuers = [each.rpartition(_PROVIDER)[2] for each in providers if each == "*" or _PROVIDER in each]
    return union(_subjects_of(statement, issuer) for issuer in issuers if not is_of_pipelines(issuer))


def _subjects_of(statement: Statement, issuer: str) -> StringSet:
    known: list[StringSet] = []
    for condition in statement.conditions:
        if condition.key.lower().endswith(":sub"):
            found = _with_subject(condition, issuer)
            if found is None and not statement.is_allow:
                return NOTHING
            known.append(ANYTHING if found is None else found)
        elif not statement.is_allow:
            return NOTHING  # a pod chooses its token's audience, and nobody knows where from it will ask
    return intersection(known)


def _with_subject(condition: Condition, issuer: str) -> StringSet | None:
    """Return the subjects with which a condition holds. The key of another issuer is one that no token has."""
    if issuer == "*" and _holds_without(condition):
        return ANYTHING
    if issuer == "*" or condition.key.lower() == f"{issuer}:sub".lower():
        return matching(condition)
    is_met_without = _holds_without(condition)
    is_absent = condition.operator == "Null" and "true" in condition.values
    return ANYTHING if is_met_without or is_absent else complement(ANYTHING)


def _holds_without(condition: Condition) -> bool:
    """Whether a condition holds where its key is absent ("Condition operators", "Multivalued context keys")."""
    if condition.operator.startswith("ForAnyValue:"):
        return False
    negated = "Not" in condition.operator or condition.operator.endswith("IfExists")
    return negated or condition.operator.startswith("ForAllValues:")


def _names(statement: Statement, kind: str, principal: str) -> bool:
    found = statement.principals.get(kind, ())
    return (principal in found or "*" in found) is not statement.is_not_principal
