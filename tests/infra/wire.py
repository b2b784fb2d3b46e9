"""Arguments as the engine sends them to the package: named as in the schema, and Outputs as the protocol has them."""

from typing import Any

from google.protobuf import struct_pb2
from pulumi.provider.experimental.analyzer import PropertyDefinition
from pulumi.runtime import rpc

from tests.infra.argument_values import DEFINITIONS, PACKAGE, Secret

URN = "urn:pulumi:tested::secret-access::test:index:Source::source"
"""The resource that an Output comes from."""


def sent(component: str, arguments: dict[str, Any], *, later: str = "", leaves: bool = False) -> struct_pb2.Struct:
    """The arguments as the engine sends them; `later` names one that is an Output, or whose leaves are."""
    definition = DEFINITIONS[component]
    message = struct_pb2.Struct()
    for schema, python in definition.inputs_mapping.items():
        if python in arguments:
            value = spelled(arguments[python], definition.inputs[schema])
            if python == later:
                value = leaves_later(value) if leaves else output_value(value)
            message[schema] = value
    return message


def spelled(value: Any, definition: PropertyDefinition) -> Any:
    """The value with the names of the schema, also in nested objects."""
    inner = definition.items or definition.additional_properties
    if inner is not None and isinstance(value, list):
        return [spelled(item, inner) for item in value]
    if inner is not None and isinstance(value, dict):
        return {key: spelled(item, inner) for key, item in value.items()}
    if isinstance(value, Secret):
        return output_value(value.value, secret=True)
    kind = PACKAGE._type_defs.get((definition.ref or "").split(":")[-1])
    if kind is None or not isinstance(value, dict):
        return value
    names = {python: schema for schema, python in kind.properties_mapping.items()}
    of = kind.properties
    return {names.get(key, key): spelled(item, of[names[key]]) if key in names else item for key, item in value.items()}


def output_value(value: Any, *, secret: bool = False) -> dict[str, Any]:
    kind = rpc._special_output_value_sig
    return {rpc._special_sig_key: kind, "value": value, "secret": secret, "dependencies": [URN]}


def leaves_later(value: Any) -> Any:
    if isinstance(value, dict) and rpc._special_sig_key in value:
        return value
    if isinstance(value, dict):
        return {key: leaves_later(item) for key, item in value.items()}
    if isinstance(value, list):
        return [leaves_later(item) for item in value]
    return output_value(value)
