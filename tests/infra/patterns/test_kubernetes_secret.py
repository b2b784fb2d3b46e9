"""What KubernetesSecret asks of Kubernetes, and what it refuses."""

import base64
from typing import Any, cast

import pulumi
import pytest

from secret_access import InvalidArgument, KubernetesSecret, KubernetesSecretArgs
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

SECRET = "kubernetes:core/v1:Secret"
VALUE = "hunter2"
SEALED = "1b47061264138c4ac30d75fd1eb44270"
"""By which Pulumi's protocol marks a secret."""
RUNTIME_ONLY = {"metadata": {"name": "test", "labels": {"secret-access/runtime-only": "true"}}}


class Secret(Later):
    """A value that the program gets as a secret Output."""


def given(value: Any) -> Any:
    if isinstance(value, Secret):
        return pulumi.Output.secret(value.value)
    if isinstance(value, dict):
        return {key: given(item) for key, item in value.items()}
    return outputs_in(value)


def secret(world: World | None = None, **changed: Any) -> World:
    """Run a program with a KubernetesSecret; None leaves an argument out."""
    args = {"namespace": "test", "values": {"url": Secret(VALUE)}, **changed}

    def program() -> None:
        known = {name: given(value) for name, value in args.items() if value is not None}
        KubernetesSecret("database", cast("KubernetesSecretArgs", known))

    return run(program, world)


def test_it_makes_a_secret_whose_values_are_sealed() -> None:
    """They reach the engine marked as secret, so they are in its state encrypted."""
    asked = secret().one(SECRET)
    assert (asked.name, asked.parent) == ("database-secret", "database")
    data = asked.inputs["data"]
    assert SEALED in data.values()
    assert data["value"] == {"url": base64.b64encode(VALUE.encode()).decode()}
    assert {key: asked.inputs[key] for key in ("metadata", "type")} == {
        "metadata": {"name": "database", "namespace": "test"},
        "type": "Opaque",
    }
    assert secret().outputs["database"] == {"namespace": "test", "secretName": "database"}


def test_name_type_labels_and_immutability_can_be_said() -> None:
    """As a manifest has them."""
    keys = {"username": Secret("shop"), "password": Secret(VALUE)}
    asked = secret(
        secret_name="web",
        type="kubernetes.io/basic-auth",
        values=keys,
        labels={"team": "a"},
        immutable=True,
    ).one(SECRET)
    assert asked.inputs["metadata"] == {"name": "web", "namespace": "test", "labels": {"team": "a"}}
    assert asked.inputs["type"] == "kubernetes.io/basic-auth"
    assert asked.inputs["immutable"] is True
    assert set(asked.inputs["data"]["value"]) == {"username", "password"}


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a text in the program": ({"values": {"url": VALUE}}, ["values of 'url'", "not shown", "require_secret"]),
    "an Output that is not secret": (
        {"values": {"url": Later(VALUE)}},
        ["values of 'url'", "not shown", "in Pulumi's state as plain text already"],
    ),
    "one such Output beside a secret": (
        {"values": {"a": Secret("x"), "b": Later(VALUE)}},
        ["values of 'b'", "in Pulumi's state as plain text already"],
    ),
    "a value that is no text": ({"values": {"url": Secret(17)}}, ["values of 'url'", "a text"]),
    "too much": ({"values": {"url": Secret("x" * (1024 * 1024 + 3))}}, ["bytes", "at most 1048576"]),
    "no values": ({"values": {}}, ["keys", "one key at least"]),
    "a text as values": ({"values": VALUE}, ["values", "not shown", "by key"]),
    "a key with a space": ({"values": {"the url": Secret(VALUE)}}, ["key", "'the url'"]),
    "a type without its keys": (
        {"type": "kubernetes.io/tls", "values": {"tls.crt": Secret(VALUE)}},
        ["type kubernetes.io/tls", "tls.crt and tls.key"],
    ),
    "basic-auth with neither": ({"type": "kubernetes.io/basic-auth"}, ["username or password"]),
    "a token of a ServiceAccount": (
        {"type": "kubernetes.io/service-account-token"},
        ["type", "a token of a ServiceAccount that never ends", "project one"],
    ),
    "a flag as text": ({"immutable": "yes"}, ["immutable: given 'yes'", "true or false"]),
    "a label with a space": ({"labels": {"a b": "c"}}, ["labels: given 'a b'"]),
    "an unknown type": ({"type": "kubernetes.io/TLS"}, ["type", "kubernetes.io/tls"]),
    "a namespace with a star": ({"namespace": "*"}, ["namespace", "'*'"]),
    "a name with a capital": ({"secret_name": "Database"}, ["secret_name", "'Database'"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_secret_or_no_secret_of_the_type_is_refused(case: str) -> None:
    """With a message that never shows a value; nothing is made."""
    changed, said = REFUSED[case]
    world = World()
    with pytest.raises(InvalidArgument) as error:
        secret(world, **changed)
    assert_all_in(["KubernetesSecret 'database': ", *said], error)
    assert VALUE not in str(error.value)
    assert not world.of(SECRET)


def test_a_namespace_that_wants_no_secrets_in_etcd_gets_none() -> None:
    """Whoever labelled it decides, in whichever program the component is."""
    world = World(found={"test": RUNTIME_ONLY})
    with pytest.raises(InvalidArgument) as error:
        secret(world)
    assert_all_in(["the namespace test wants no secrets in etcd", "secret-access/runtime-only=true", "sidecar"], error)
    assert not world.of(SECRET)


def test_outputs_as_arguments_ask_for_the_same() -> None:
    """Every argument may be known later, but those that decide what is made."""
    later: dict[str, Any] = {"namespace": "test", "secret_name": "web", "labels": {"team": "a"}}
    assert {*later, "values", "type", "immutable"} == set(KubernetesSecretArgs.__annotations__)
    known, unknown = secret(None, **later), secret(None, **{key: Later(value) for key, value in later.items()})
    first, second = known.one(SECRET).inputs, unknown.one(SECRET).inputs
    assert first == second
