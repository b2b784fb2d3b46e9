"""The components as a Pulumi package: what Pulumi's host of Python components does not do by itself.

https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/build-a-component/
"""

import inspect
import json
import sys
from collections.abc import Collection, Mapping
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.output import Unknown
from pulumi.provider import ConstructResult, Provider, server
from pulumi.provider.experimental import component
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition, PropertyType, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime.stack import wait_for_rpcs

import secret_access

from .access import SecretAccess
from .errors import SecretAccessError
from .package_schema import ABOUT, SchemaAnalyzer, Spelling
from .per_program import Deployments

NAME = "secret-access"


def serve(*clouds: str) -> None:
    """Serve the engine as a plugin, with the components of these clouds and those that belong to none."""
    with patch.object(server, "ProviderServicer", Servicer):
        server.main(Package(components_of(clouds)), sys.argv[1:])


def components_of(clouds: Collection[str]) -> list[type]:
    """Return the components of the clouds, and those that belong to none; no other cloud's SDK is imported."""
    names = [name for name in secret_access.__all__ if secret_access.cloud_of(name) in (*clouds, None)]
    classes = [found for name in names if inspect.isclass(found := getattr(secret_access, name))]
    return [found for found in classes if issubclass(found, pulumi.ComponentResource) and found is not SecretAccess]


def _python_names(component: ComponentDefinition) -> list[str]:
    return [*component.inputs_mapping.values(), *component.outputs_mapping.values()]


def in_order(value: Any) -> Any:
    """Return the value with its mappings in the order of their keys, and as an Output what a preview does not know."""
    if isinstance(value, Unknown):
        return pulumi.Output.from_input(value)
    if isinstance(value, pulumi.Output):
        return value.apply(in_order)
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in sorted(value.items())}
    return [in_order(item) for item in value] if isinstance(value, list) else value


class Package(ComponentProvider):
    """Pulumi's provider of components, with our analyzer, for which it has no argument, and with Outputs as inputs."""

    def __init__(self, components: list[type]) -> None:
        with patch.object(component, "Analyzer", SchemaAnalyzer):
            super().__init__(components, NAME)
        names = {python for found in self._component_defs.values() for python in _python_names(found)}
        names |= {python for found in self._type_defs.values() for python in found.properties_mapping.values()}
        self._spelling = Spelling(names)
        self.schema = json.dumps({**self._spelling.of_schema(json.loads(self.schema or "{}")), **ABOUT})

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Make a component of inputs in an order of their own: on the wire a mapping's keys have another each time."""
        return super().construct(name, resource_type, in_order(inputs), options)

    def map_input_properties(
        self,
        inputs: Any,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Any:
        """Return inputs by their names in Python, at any depth.

        Pulumi's own takes an Output of an enumeration or an object for a wrong value of that type, and lists of
        enumerations for lists of objects. It says less of a value that is wrong or missing than the component, or ends
        with a traceback. It drops inputs that it does not know, such as a misspelled one; here the component
        refuses these.
        """

        def mapped(names: Mapping[str, PropertyDefinition], values: Any) -> dict[str, Any]:
            found = super(Package, self).map_input_properties(
                values, dict(names), mapping, component_name, property_path
            )
            return dict(found)

        def later(name: str, definition: PropertyDefinition) -> pulumi.Output[Any]:
            output: pulumi.Output[Any] = inputs[name]
            one = {name: definition}
            return output.apply(
                lambda known: self.map_input_properties({name: known}, one, mapping, component_name, property_path).get(
                    mapping[name]
                )
            )

        if isinstance(inputs, pulumi.Output):  # an item of a list, or a value of a mapping
            return inputs.apply(
                lambda known: self.map_input_properties(known, properties, mapping, component_name, property_path)
            )
        if not isinstance(inputs, dict):
            return inputs
        outputs = {name for name, value in inputs.items() if isinstance(value, pulumi.Output)}
        as_they_are = {
            name: mapping.get(name, name)
            for name, value in inputs.items()
            if not self._is_mapped(properties.get(name), value)
        }
        given = {name for name, value in inputs.items() if value is not None} - as_they_are.keys()
        properties = {name: found for name, found in properties.items() if name in given}
        return {
            **{python: inputs[name] for name, python in as_they_are.items()},
            **mapped({name: found for name, found in properties.items() if name not in outputs}, inputs),
            **{mapping[name]: later(name, found) for name, found in properties.items() if name in outputs},
        }

    def refusal(self, problem: SecretAccessError) -> InputPropertiesError:
        """Return the error of which Pulumi shows the message alone, with arguments as the schema spells them.

        No property is named beside the message: the engine would show its value, which may be a password.
        """
        return InputPropertiesError(self._spelling.of_message(str(problem)), [])

    def _is_mapped(self, definition: PropertyDefinition | None, value: Any) -> bool:
        """Tell whether Pulumi's mapping serves an input: it fails for some types, and for unknown or wrong values."""
        if definition is None or definition.type is PropertyType.INTEGER:
            return False
        inner = definition.items or definition.additional_properties or definition
        kind = self._type_defs.get((inner.ref or "").split(":")[-1])
        if kind is None:
            return True
        return not kind.enum and (inner is not definition or isinstance(value, dict | pulumi.Output))

    def map_complex_output(self, instance_val: Any, type_def: TypeDefinition) -> Any:
        """Return an output that is an object by its names in the schema; Pulumi's own fails where there is none."""
        return None if instance_val is None else super().map_complex_output(instance_val, type_def)


class Servicer(server.ProviderServicer):
    """Pulumi's server of a provider, with refusals of ours as errors of inputs, and none of them lost.

    Its own shows each error with a stack trace, or the name of its class where an Output was wrong. It loses the error
    of an Output that neither a resource nor an output of the component is made of; a program in Python waits for all.
    """

    def __init__(self, provider: Provider, args: list[str], engine_address: str) -> None:
        super().__init__(provider, args, engine_address)
        self._deployments = Deployments()

    async def _construct(self, request: Any, context: Any) -> Any:
        # Each preview and each update has a monitor of its own
        where = (request.organization, request.project, request.stack, request.monitorEndpoint, request.dryRun)
        self._deployments.enter(where)
        try:
            response = await super()._construct(request, context)
            await wait_for_rpcs()
        except server.ComponentInitError as problem:
            if isinstance(problem.inner, SecretAccessError):
                raise self._refusal(problem.inner) from None
            raise
        except SecretAccessError as problem:
            raise self._refusal(problem) from None
        return response

    def _refusal(self, problem: SecretAccessError) -> InputPropertiesError:
        package = self.provider
        return package.refusal(problem) if isinstance(package, Package) else InputPropertiesError(str(problem), [])
