"""A mistake in a program, and the program without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secret_access.proof.preview import Resource

CANARY = "a-value-that-nothing-prints"
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
    return [Resource(urn(type_, prefix + name), type_, inputs, {}) for name, (type_, inputs) in program.items()]


def urn(type_: str, name: str) -> str:
    """The URN in a stack of the tests."""
    return f"urn:pulumi:only::inline::{type_}::{name}"


def one(type_: str, **inputs: Any) -> Program:
    """A program of one resource."""
    return {"it": (type_, inputs)}
