"""Every rule of the pack."""

from collections.abc import Sequence

from . import trust, wildcards
from .rule import ResourceRule, Rule, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING
RULES: Sequence[Rule] = (
    ResourceRule(
        "wildcard-principal",
        ERROR,
        "A secret, or a role that may read some, is open to everybody.",
        "name the one principal; on Google Cloud the subject of one ServiceAccount, not its pool.",
        wildcards.principals,
    ),
    ResourceRule(
        "wildcard-resource",
        ERROR,
        "Somebody may use the secrets of every namespace.",
        "name one region, one account and one prefix with its closing slash, or the one vault or secret.",
        wildcards.resources,
    ),
    ResourceRule(
        "trust-without-audience",
        ERROR,
        "A token that was made for another service gets the identity.",
        "require the audience exactly: StringEquals on :aud, audiences, bound_audiences or audience.",
        trust.without_audience,
    ),
    ResourceRule(
        "trust-by-pattern",
        ERROR,
        "More ServiceAccounts get the identity than somebody named.",
        "require system:serviceaccount:NAMESPACE:NAME exactly: StringEquals on :sub, or bound_subject.",
        trust.by_pattern,
    ),
)
