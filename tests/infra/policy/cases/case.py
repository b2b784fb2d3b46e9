"""A mistake in a program, and the program without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secret_access.proof.preview import Resource

CANARY = "a-value-that-nothing-prints"


@dataclass(frozen=True)
class Of:
    """An input that is the id of another resource of the program, by its name."""

    name: str


Program = Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Case:
    """A mistake: which rule finds it, with which resource, in which words."""

    rule: str
    name: str
    resource: str
    says: str
    wrong: Program
    right: Program


def resources(program: Program, prefix: str = "") -> list[Resource]:
    """The resources of a program, as a rule sees them."""
    urns = {name: urn(type_, prefix + name) for name, (type_, _) in program.items()}
    return [
        Resource(
            urns[name],
            type_,
            {key: value.name if isinstance(value, Of) else value for key, value in inputs.items()},
            {key: (urns[value.name],) for key, value in inputs.items() if isinstance(value, Of)},
        )
        for name, (type_, inputs) in program.items()
    ]


def urn(type_: str, name: str) -> str:
    """The URN in a stack of the tests."""
    return f"urn:pulumi:only::inline::{type_}::{name}"


def one(type_: str, **inputs: Any) -> Program:
    """A program of one resource."""
    return {"it": (type_, inputs)}
