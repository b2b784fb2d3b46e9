"""Components called as Pulumi's host of packages calls them: numbers are floats, and any argument may be an Output."""

import json
import re
from collections.abc import Coroutine
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.provider.server import ComponentInitError, ProviderServicer
from pulumi.runtime.proto import provider_pb2

import secret_access
from secret_access import InvalidArgument
from secret_access.packaging import in_order
from tests.infra.argument_values import ACCESS, ARGUMENTS, DEFINITIONS, PACKAGE, Secret, arguments_with, there
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.wire import URN, sent, spelled

PLAIN_AT_RUN_TIME = {("GcpSecretAccess", "access"), ("AzureSecretAccess", "secrets"), ("GcpSecretAccess", "secrets")}
"""Arguments that may be Outputs unless they decide what is made, as the page of the cloud says."""
OTHERWISE_LATER = {("ClusterTrust", "existing_provider_arn")}
"""Arguments by which another thing is made where they are known only later: it is read, not imported."""


def constructed(component: str, inputs: struct_pb2.Struct, depends: str = "") -> World:
    """What the component makes for the host; `depends` is the schema's name of an input with dependencies."""
    dependencies = {depends: provider_pb2.ConstructRequest.PropertyDependencies(urns=[URN])} if depends else {}

    def program() -> None:
        known = now(ProviderServicer._construct_inputs(inputs, dependencies))
        try:
            PACKAGE.construct("test", f"secret-access:index:{component}", known, None)
        except ComponentInitError as error:
            raise error.inner from None

    return run(program, World(found=there()))


def now(waits_for_nothing: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that need not wait."""
    with pytest.raises(StopIteration) as done:
        waits_for_nothing.send(None)
    return done.value.value


def made(world: World) -> list[tuple[str, str, Any]]:
    """What was asked for, in an order of its own."""
    return sorted(((asked.type, asked.name, asked.inputs) for asked in world.asked), key=lambda asked: asked[:2])


@pytest.mark.parametrize(("component", "argument"), ARGUMENTS)
def test_every_argument_means_the_same_from_another_language(component: str, argument: str) -> None:
    """Given as a value, as an Output, and with Outputs in it; what decides what is made is refused as one, by name."""
    arguments = arguments_with(component, argument)
    definition = DEFINITIONS[component]
    schema = next(name for name, python in definition.inputs_mapping.items() if python == argument)
    constructor = getattr(secret_access, component)
    expected = made(run(lambda: constructor("test", secret_outputs(in_order(arguments))), World(found=there())))
    assert expected

    assert made(constructed(component, sent(component, arguments))) == expected
    if (component, argument) in OTHERWISE_LATER:
        later = {**arguments, argument: Later(arguments[argument])}
        expected = made(run(lambda: constructor("test", outputs_in(later)), World(found=there())))
    may_be_refused = definition.inputs[schema].plain or (component, argument) in PLAIN_AT_RUN_TIME
    for leaves in (False, True) if isinstance(arguments[argument], dict | list) else (False,):
        inputs = sent(component, arguments, later=argument, leaves=leaves)
        if not may_be_refused or refusal(component, inputs) is None:
            assert made(constructed(component, inputs)) == expected
        else:
            assert re.search(rf"{argument}.*: given .*an Output", str(refusal(component, inputs)))


def secret_outputs(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: secret_outputs(item) for key, item in value.items()}
    return pulumi.Output.secret(value.value) if isinstance(value, Secret) else value


def refusal(component: str, inputs: struct_pb2.Struct) -> InvalidArgument | None:
    try:
        constructed(component, inputs)
    except InvalidArgument as problem:
        return problem
    return None


@pytest.mark.parametrize("component", DEFINITIONS)
def test_an_input_that_depends_on_a_resource_is_an_output(component: str) -> None:
    """The engine sends the dependencies of an input beside it, where it does not send it as an Output."""
    definition = DEFINITIONS[component]
    named = min(
        (name for name, given in definition.inputs.items() if not given.plain),
        key=lambda name: definition.inputs[name].optional,
    )
    arguments = arguments_with(component, definition.inputs_mapping[named])
    inputs = sent(component, arguments)
    assert made(constructed(component, inputs, depends=named)) == made(constructed(component, inputs))


def test_the_order_of_a_mapping_is_not_that_of_the_wire() -> None:
    """A protobuf map has another order in each process; variables in another order would be a rollout by each `up`."""
    names = [f"NAME_{number}" for number in range(9)]

    def variables(order: list[str], *, later: bool) -> list[str]:
        def program() -> None:
            env: Any = dict.fromkeys(order, "x")
            inputs = {"access": in_schema(ACCESS), "image": "app:1", "env": Later(env) if later else env}
            PACKAGE.construct("test", "secret-access:index:SecretWorkload", outputs_in(inputs), None)

        spec = run(program).one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
        return [variable["name"] for variable in spec["containers"][0]["env"]]

    expected = ["SECRETS_URL", *names]
    assert [variables(names[::step], later=later) for step in (1, -1) for later in (False, True)] == [expected] * 4


@pytest.mark.parametrize("later", [False, True], ids=["plain", "output"])
@pytest.mark.parametrize(
    ("component", "argument", "word"),
    [
        ("SecretWorkload", "replicas", "autoscaled"),
        ("SharedSecretService", "replicas", "autoscaled"),
        ("SharedSecretService", "sidecar_user", "platform"),
    ],
)
def test_a_word_in_the_place_of_a_number_leaves_it_out(
    component: str, argument: str, word: str, *, later: bool
) -> None:
    """The autoscaler's number, and the platform's user, are in no manifest."""
    arguments = arguments_with(component, argument)
    named = "runAsUser" if argument == "sidecar_user" else "replicas"

    def manifest(value: Any) -> str:
        world = constructed(component, sent(component, {**arguments, argument: value}, later=argument * later))
        return json.dumps(world.one("kubernetes:apps/v1:Deployment").inputs)

    assert f'"{named}": 7' in manifest(7.0)
    assert f'"{named}"' not in manifest(word)


def test_an_input_that_is_unknown_is_refused() -> None:
    """Pulumi's host would drop it: a misspelled boundary, a policy that is not attached."""
    inputs = struct_pb2.Struct()
    inputs.update({**arguments_with("ClusterTrust", "tags"), "tag": {"team": "a"}})
    with pytest.raises(InvalidArgument, match="tag is unknown"):
        constructed("ClusterTrust", inputs)


def test_a_word_that_is_none_of_those_known_is_refused_by_the_component() -> None:
    """Pulumi's host would refuse it too, and not say what it expects."""
    inputs = struct_pb2.Struct()
    inputs.update({"access": in_schema(ACCESS), "image": "app:1", "kind": "DaemonSet"})
    with pytest.raises(InvalidArgument, match="kind: given 'DaemonSet', expected one of Deployment, "):
        constructed("SecretWorkload", inputs)


def in_schema(arguments: dict[str, Any]) -> dict[str, Any]:
    """The argument `access` with the names of the schema."""
    access: dict[str, Any] = spelled(arguments, DEFINITIONS["SecretWorkload"].inputs["access"])
    return access
