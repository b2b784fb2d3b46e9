"""Functions of arguments that may be Outputs: called once all are known, and what they depend on is kept."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap

from secret_access.inputs import lift, output
from tests.infra.engine import run


def joined(*values: Any, **named: Any) -> str:
    return f"{values} {named}"


def test_plain_arguments_are_used_at_once() -> None:
    """Without an Output in them, however deep, a program need not run."""
    assert lift(joined, 1, [2], a={"b": 3}) == "(1, [2]) {'a': {'b': 3}}"
    with pytest.raises(ZeroDivisionError):
        lift(lambda x: 1 // x, 0)


def test_outputs_are_waited_for_at_any_depth() -> None:
    """In a list, in a mapping, and in what an Output resolves to; each argument keeps its place."""
    found: list[Any] = []

    def program() -> None:
        one, two = (pulumi.Output.from_input(number) for number in (1, 2))
        hidden = pulumi.Output.from_input(None).apply(lambda _: {"in": [pulumi.Output.from_input(3)]})
        made: Any = lift(joined, 0, one, [two, "x"], hidden, a={"b": one}, c=4)
        made.apply(found.append)

    run(program)
    assert found == ["(0, 1, [2, 'x'], {'in': [3]}) {'a': {'b': 1}, 'c': 4}"]


def test_the_result_depends_on_every_argument() -> None:
    """So the resource that has it waits for all of them, and is deleted before they are."""

    def program() -> None:
        one, two = ConfigMap("one"), ConfigMap("two")
        made: Any = lift(joined, one.id, named=[two.id])
        ConfigMap("three", data={"made": made})

    asked = {resource.name: resource for resource in run(program).asked}
    assert asked["three"].waits_for == {"one", "two"}
    assert asked["three"].inputs == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"made": "('one-id',) {'named': ['two-id']}"},
    }


@pytest.mark.parametrize("secret", ["first", "second"])
def test_the_result_of_a_secret_is_one(secret: str) -> None:
    """Whichever argument it is."""

    def program() -> None:
        values = {name: pulumi.Output.from_input(name) for name in ("first", "second")}
        values[secret] = pulumi.Output.secret(secret)
        ConfigMap("made", data={"made": lift(joined, *values.values())})

    (made,) = (resource for resource in run(program).asked if resource.name == "made")
    assert isinstance(made.inputs["data"], dict)
    assert made.inputs["data"] != {"made": "('first', 'second') {}"}, "no mark of a secret around the value"


@pytest.mark.parametrize("unknown", [0, 1])
def test_what_is_not_known_is_not_computed_with(unknown: int) -> None:
    """As in a preview: the result is unknown too."""
    called: list[str] = []

    def program() -> None:
        values: list[Any] = [pulumi.Output.from_input(1), pulumi.Output.from_input(2)]
        values[unknown] = values[unknown].apply(lambda _: pulumi.UNKNOWN)
        made: Any = lift(joined, *values)
        made.apply(called.append)

    run(program)
    assert called == []


def test_an_output_of_a_value_is_that_value() -> None:
    """An Output stays the one that it is."""
    found: list[Any] = []

    def program() -> None:
        given: pulumi.Output[int] = pulumi.Output.from_input(1)
        same: pulumi.Output[int] = output(given)
        assert same is given
        output({"a": [1]}).apply(found.append)

    run(program)
    assert found == [{"a": [1]}]
