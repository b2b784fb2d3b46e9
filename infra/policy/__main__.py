"""The policy pack `secret-access`: the rules of secret_access.policy, as Pulumi takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import ResourceRule, Rule, Severity, StackRule
from secret_access.proof.preview import UNKNOWN, Resource

LEVELS = {Severity.ERROR: EnforcementLevel.MANDATORY, Severity.WARNING: EnforcementLevel.ADVISORY}
asked_for: dict[str, Mapping[str, Any]] = {}
"""The inputs of each resource, by URN: of a stack, Pulumi shows the outputs alone, and a provider adds to these."""


def plain(value: Any) -> Any:
    """Return a value that can be read throughout: what is not known yet is a text that says so."""
    if isinstance(value, Mapping):
        return {key: plain(_known(value, key)) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(_known(value, number)) for number in range(len(value))]
    return value


def _known(values: Any, key: Any) -> Any:
    try:
        return values[key]
    except UnknownValueError:
        return UNKNOWN


def of_resource(rule: ResourceRule) -> Policy:
    """Return the policy for a rule about one resource."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs = asked_for[args.urn] = plain(args.props)
        for what in rule.check(Resource(args.urn, args.resource_type, inputs, {})):
            report(message(rule, what), None)

    return ResourceValidationPolicy(rule.id, rule.about, validate, LEVELS[rule.severity], remediation_steps=rule.mend)


def of_stack(rule: StackRule) -> Policy:
    """Return the policy for a rule about all resources."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                each.urn,
                each.resource_type,
                asked_for.get(each.urn) or plain(each.props),
                {key: tuple(one.urn for one in found) for key, found in each.property_dependencies.items()},
                each.parent.urn if each.parent else "",
            )
            for each in args.resources
        ]
        for found in rule.check(resources, args.get_config() or {}):
            report(message(rule, found.what), found.urn)

    schema = PolicyConfigSchema({name: dict(each) for name, each in rule.options.items()}) if rule.options else None
    return StackValidationPolicy(
        rule.id, rule.about, validate, LEVELS[rule.severity], schema, remediation_steps=rule.mend
    )


def message(rule: Rule, what: str) -> str:
    """Return what Pulumi prints below the rule's own sentence."""
    return f"{what}; {rule.mend}"


if __name__ == "__main__":
    PolicyPack(
        "secret-access",
        [of_resource(rule) if isinstance(rule, ResourceRule) else of_stack(rule) for rule in RULES],
    )
