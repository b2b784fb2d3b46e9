"""Further conditions of a role's trust, refused where they could never match or always would. Pure.

What a request holds depends on who sends it: IAM User Guide, "AWS global condition context keys" (the "Availability" of
each) and "Available keys for AWS OIDC federation".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..checks import invalid, texts
from ..messages import nearest
from .trust import Conditions

EXAMPLE = '{"StringEquals": {"aws:SourceOrgID": ["o-a1b2c3d4e5"]}}'
_COMPARISONS = (
    *(
        f"String{each}"
        for each in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    ),
    *(
        f"{kind}{each}"
        for kind in ("Numeric", "Date")
        for each in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ),
    *(f"Arn{each}" for each in ("Equals", "NotEquals", "Like", "NotLike")),
    "Bool",
    "IpAddress",
    "NotIpAddress",
)
OPERATORS = (
    "Null",
    *_COMPARISONS,
    *(f"{comparison}IfExists" for comparison in _COMPARISONS),
    *(f"{each}:{comparison}" for each in ("ForAllValues", "ForAnyValue") for comparison in _COMPARISONS),
)
_KEY = re.compile(r"[A-Za-z0-9.-]+[^\s:]*:[^\s]+")
_CALLERS_PRINCIPAL = (
    r"aws:(principal(account|arn|orgid|orgpaths|tag/.*)|userid|username|multifactorauth.*|tokenissuetime)"
)
_CALLING_SERVICE = r"aws:source(account|arn|orgid|orgpaths)"
_NETWORK = r"aws:(source(ip|vpc|vpcarn|vpce)|vpcsourceip|vpce(account|orgid|orgpaths))"
_TAGS = r"aws:(requesttag/.*|tagkeys)|sts:transitivetagkeys"
_THE_ROLE = re.compile(r"aws:(resource(account|orgid|orgpaths))", re.IGNORECASE)
_OF_THE_ROLE = "it is about the role itself, so it always matches"


@dataclass(frozen=True)
class Sender:
    """Who asks for a role, and the condition keys that such a request never has."""

    request: str
    """For the message."""
    without: re.Pattern[str]
    instead: str
    """What to use in their place."""


IRSA = Sender(
    "a token is exchanged without any AWS principal",
    re.compile(
        rf"{_CALLERS_PRINCIPAL}|{_CALLING_SERVICE}|{_TAGS}|aws:principal(isawsservice|servicename.*)|sts:externalid",
        re.IGNORECASE,
    ),
    "leave it out; where pods call from, aws:SourceIp or aws:SourceVpce says",
)
POD_IDENTITY = Sender(
    "EKS asks for the role, as a service and over a network of its own",
    re.compile(rf"{_CALLERS_PRINCIPAL}|{_NETWORK}|aws:federatedprovider|sts:externalid", re.IGNORECASE),
    "use aws:SourceOrgID, aws:SourceAccount or aws:SourceArn (the cluster's ARN), which say for whom EKS asks",
)
POD_IDENTITY_WITHOUT_TAGS = Sender(
    "EKS asks for the role, as a service, over a network of its own and without session tags",
    re.compile(rf"{POD_IDENTITY.without.pattern}|{_TAGS}", re.IGNORECASE),
    POD_IDENTITY.instead,
)
TARGET_ROLE = Sender(
    "EKS asks for it with the role of the association, over a network of its own",
    re.compile(rf"{_CALLING_SERVICE}|{_NETWORK}|aws:federatedprovider", re.IGNORECASE),
    "use aws:PrincipalOrgID, which is that of the association's role",
)


def trust_conditions(given: object, sender: Sender, own_keys: set[str], issuers: Sequence[str] = ()) -> Conditions:
    """Return conditions that all have to hold beside the component's own, which they cannot replace.

    `issuers` are those whose tokens are trusted: with one of them, its claims are condition keys too.
    """
    fix = "correct it"
    if not isinstance(given, Mapping):
        raise invalid("trust_conditions", given, f"values by condition key, by operator, such as {EXAMPLE}", fix)
    own = {key.lower() for key in own_keys}
    for operator, keys in given.items():
        if operator not in OPERATORS:
            near = nearest(str(operator), OPERATORS)
            what = f"an operator of IAM, such as {near or 'StringEquals'}"
            raise invalid("trust_conditions", operator, what, fix)
        if not isinstance(keys, Mapping) or not keys:
            raise invalid(f"trust_conditions of {operator}", keys, f"values by condition key, such as {EXAMPLE}", fix)
        for key, values in keys.items():
            _check_key(operator, key, sender, own, issuers)
            if not texts(f"trust_conditions of {key}", values, '["o-a1b2c3d4e5"]'):
                raise invalid(
                    f"trust_conditions of {key}", values, "one value at least", "leave the key out, or add one"
                )
    return {operator: {key: list(values) for key, values in keys.items()} for operator, keys in given.items()}


def _check_key(operator: str, key: object, sender: Sender, own: set[str], issuers: Sequence[str]) -> None:
    what = f"trust_conditions of {operator}"
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise invalid(what, key, "a condition key such as aws:SourceOrgID", "correct it")
    if key.lower() in own:
        raise invalid(f"{what}: the component sets this key", key, "other keys", "leave it out")
    if _THE_ROLE.fullmatch(key):
        raise invalid(f"{what}: {_OF_THE_ROLE}", key, "keys of the request", "leave it out")
    issuer = key.rpartition(":")[0]
    is_claim = issuer.lower() not in ("aws", "sts")
    if is_claim and issuer in issuers and len(issuers) > 1:
        raise invalid(f"{what}: the other providers' tokens never have this claim", key, "one provider", "leave it out")
    if sender.without.fullmatch(key) or (is_claim and issuer not in issuers):
        expected = f"keys that the request has: {sender.request}"
        raise invalid(f"{what}: the request never has this key", key, expected, sender.instead)
