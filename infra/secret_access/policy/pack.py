"""The rules as Pulumi's policy packs have them: the only module that needs pulumi-policy, `secret-access[policy]`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from ..messages import refusal
from ..program_errors import InvalidArgument
from ..proof.preview import UNKNOWN, Resource
from .catalogue import RULES
from .rule import A_PREFIX, ResourceRule, Rule, Severity, StackRule

LEVELS = {Severity.ERROR: EnforcementLevel.MANDATORY, Severity.WARNING: EnforcementLevel.ADVISORY}
LEVEL = "enforcementLevel"
CONFIGURABLE = (EnforcementLevel.ADVISORY, EnforcementLevel.MANDATORY, EnforcementLevel.DISABLED)
Configuration = Mapping[str, str | Mapping[str, Any]]
"""By rule its level, or its settings."""


def serve(configuration: Configuration, more: Sequence[Policy]) -> None:
    """Serve the pack until Pulumi ends it; a wrong configuration ends it with one sentence."""
    try:
        given = initial(configuration)
    except InvalidArgument as error:
        raise SystemExit(f"error: {error}") from None
    PolicyPack("secret-access", [*policies(), *more], initial_config=given)


def policies() -> list[Policy]:
    """Return a policy for each rule."""
    state = _State()
    return [state.of_resource(rule) if isinstance(rule, ResourceRule) else state.of_stack(rule) for rule in RULES]


def initial(configuration: Configuration) -> dict[str, Any]:
    """Return a configuration as Pulumi takes it; raises InvalidArgument."""
    known = {rule.id: rule for rule in RULES}
    found: dict[str, Any] = {}
    for name, given in configuration.items():
        where = f"policy_pack: {name}"
        if name not in known:
            raise InvalidArgument(
                refusal("policy_pack: a rule", name, f"one of {', '.join(known)}", "see docs/policy.md")
            )
        settings = {LEVEL: given} if isinstance(given, str) else dict(given)
        for setting in sorted(settings.keys() - {LEVEL, *known[name].options}):
            expected = f"one of {', '.join([LEVEL, *known[name].options])}"
            raise InvalidArgument(refusal(f"{where}: a setting", setting, expected, "see docs/policy.md"))
        level = settings.setdefault(LEVEL, LEVELS[known[name].severity].value)  # pulumi-policy takes none for advisory
        names = [each.value for each in CONFIGURABLE]
        if level not in names:
            raise InvalidArgument(
                refusal(f"{where}: its level", level, f"one of {', '.join(names)}", "say one of these")
            )
        for setting, schema in known[name].options.items():
            for value, expected in _wrong(settings.get(setting), schema):
                raise InvalidArgument(refusal(f"{where}: {setting}", value, expected, "see docs/policy.md"))
        found[name] = {**settings, LEVEL: EnforcementLevel(level)}
    return found


def _wrong(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yield what of a setting its schema does not take, and what it takes; Pulumi asks no schema about these."""
    if value is None:
        return
    kind, called = (Mapping, "an object of texts") if schema["type"] == "object" else (list, "a list of texts")
    if not isinstance(value, kind):
        yield value, called
        return
    of_each = schema.get("items") or schema["additionalProperties"]
    for each in value.values() if isinstance(value, Mapping) else value:
        if not isinstance(each, str):
            yield each, called
        elif of_each == A_PREFIX and not each.endswith("/"):
            yield each, "a prefix that ends in /"


class _State:
    """What one rule leaves for another, in one run of the pack."""

    def __init__(self) -> None:
        self._asked_for: dict[str, Mapping[str, Any]] = {}
        """The inputs of each resource, by URN: of a stack, Pulumi shows the outputs, to which a provider adds."""
        self._settings: dict[str, Mapping[str, Any]] = {}
        """By rule."""

    def of_resource(self, rule: ResourceRule) -> Policy:
        """Return the policy for a rule about one resource."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            inputs = self._asked_for[args.urn] = plain(args.props)
            for what in rule.judge(Resource(args.urn, args.resource_type, inputs, {}), args.get_config() or {}):
                report(message(rule, what), None)

        return ResourceValidationPolicy(
            rule.id, rule.about, validate, LEVELS[rule.severity], _schema(rule), remediation_steps=rule.mend
        )

    def of_stack(self, rule: StackRule) -> Policy:
        """Return the policy for a rule about all resources."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            given = self._settings[rule.id] = args.get_config() or {}
            resources = [self._resource(each) for each in args.resources]
            for found in rule.judge(
                _with_providers(args.resources, resources), given or self._settings.get(rule.options_of, {})
            ):
                report(message(rule, found.what), found.urn)

        return StackValidationPolicy(
            rule.id, rule.about, validate, LEVELS[rule.severity], _schema(rule), remediation_steps=rule.mend
        )

    def _resource(self, each: PolicyResource) -> Resource:
        return Resource(
            each.urn,
            each.resource_type,
            self._asked_for.get(each.urn) or plain(each.props),
            {key: tuple(one.urn for one in found) for key, found in each.property_dependencies.items()},
            each.parent.urn if each.parent else "",
            f"{each.provider.urn}::" if each.provider else "",
        )


def _with_providers(given: Sequence[PolicyResource], resources: list[Resource]) -> list[Resource]:
    """Return the resources with the providers that make them, which decide too: Vault's, in which namespace."""
    known = {each.urn for each in resources}
    providers = {each.provider.urn: each.provider for each in given if each.provider and each.provider.urn not in known}
    return [*resources, *(Resource(urn, each.resource_type, plain(each.props), {}) for urn, each in providers.items())]


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


def _schema(rule: ResourceRule | StackRule) -> PolicyConfigSchema | None:
    return PolicyConfigSchema({name: dict(each) for name, each in rule.options.items()}) if rule.options else None


def message(rule: Rule, what: str) -> str:
    """Return what Pulumi prints below the rule's own sentence."""
    return f"{what}; {rule.mend}"
