"""Which resources a preview has: all of those that are there after the update, or a refusal."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.aws.stack import ROLE, ROLE_POLICY
from secret_access.proof.errors import DocumentError
from secret_access.proof.preview import Resource, resources
from tests.infra.proof.documents import arns, namespaces, policy, role, role_policy, trust

WIDE = role_policy("test", policy(arns("*")), "wide")
NARROW = replace(WIDE, inputs={**WIDE.inputs, "policy": json.dumps(policy(arns("test/*"))), "name": "narrow"})


def state(each: Resource, **more: Any) -> dict[str, Any]:
    sources = {key: list(urns) for key, urns in each.depends_on.items()}
    return {"urn": each.urn, "type": each.type, "inputs": each.inputs, "propertyDependencies": sources, **more}


def step(operation: str, new: Resource | None, old: Resource | None = None, **of_old: Any) -> dict[str, Any]:
    """A step; `of_old` is what the state of the old resource says besides."""
    urn = next(each.urn for each in (new, old) if each is not None)
    states = {"newState": new and state(new), "oldState": old and state(old, **of_old)}
    return {"op": operation, "urn": urn, **{key: value for key, value in states.items() if value is not None}}


def preview(steps: Sequence[dict[str, Any]], **more: Any) -> str:
    return json.dumps({"steps": steps, "changeSummary": Counter(each["op"] for each in steps), **more})


def breached(steps: Sequence[dict[str, Any]]) -> set[str]:
    """The namespaces that can use others' names."""
    return {breach.namespace for breach in evaluate(resources(preview(steps))).breaches}


CREATED = [step("create", each) for each in namespaces("test", "prod")]


def test_a_policy_that_is_kept_when_it_is_deleted_counts() -> None:
    """`retainOnDelete`: Pulumi forgets it, and the cloud goes on with it."""
    assert breached([*CREATED, step("delete", None, WIDE)]) == set()
    assert breached([*CREATED, step("delete", None, WIDE, retainOnDelete=True)]) == {"test"}


def test_a_policy_that_is_kept_when_it_is_replaced_counts_beside_the_new_one() -> None:
    """Which Pulumi has in one step, or where it shows every step, in another."""
    replaced = step("replace", NARROW, WIDE)
    assert breached([*CREATED, replaced]) == set()
    kept = step("replace", NARROW, WIDE, retainOnDelete=True)
    assert breached([*CREATED, kept]) == {"test"}
    with_every_step = step("delete-replaced", None, WIDE, retainOnDelete=True)
    assert breached([*CREATED, step("create-replacement", NARROW), replaced, with_every_step]) == {"test"}


def test_a_role_that_is_kept_when_it_is_replaced_has_what_was_kept_with_it() -> None:
    """Its trust, and the policies of its time, not those of the new role."""
    old = role("test", trust("prod"), name="old")
    new = replace(
        old, inputs={**old.inputs, "name": "secret-access-test", "assumeRolePolicy": json.dumps(trust("test"))}
    )
    wide = replace(WIDE, inputs={**WIDE.inputs, "role": "old"}, depends_on={"role": (old.urn,)})
    narrow = replace(NARROW, depends_on={"role": (new.urn,)})
    steps = [
        *(step("create", each) for each in namespaces("prod")),
        step("replace", new, old, retainOnDelete=True),
        step("replace", narrow, wide, retainOnDelete=True),
    ]
    found = resources(preview(steps))
    assert [each.type for each in found] == [ROLE, ROLE_POLICY] * 3
    assert breached(steps) == {"prod"}


def test_what_the_program_only_reads_is_another_stacks() -> None:
    """A preview has no documents of it; what a role of the stack is given by it is not judged, and said."""
    elsewhere = role("shop")
    read = step("read", replace(elsewhere, inputs={}))
    read["newState"]["external"] = True
    assert [each.urn for each in resources(preview([*CREATED, read]))] == [each["urn"] for each in CREATED]
    attached = step("create", role_policy("shop", policy(arns("*"))))
    assert evaluate(resources(preview([*CREATED, read, attached]))).undecided


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"steps": CREATED}), "no changeSummary: it was interrupted"),
        (preview([], changeSummary={"same": 2}), "leaves out 2 unchanged resources.*--show-sames"),
        (preview(CREATED[1:], changeSummary={"create": len(CREATED)}), "leaves out 1 resources to create"),
        (preview([], changeSummary={"replace": 1}), "leaves out 1 resources to replace"),
        (preview([{"op": "update", "urn": "urn::a"}]), r"does not say what urn::a will be \(op: update\)"),
        (preview(CREATED).replace('"inputs": {', '"inputs": {"policy": "a", "policy": "b", ', 1), "a key twice"),
        ('{"steps": [], "steps": [], "changeSummary": {}}', "a key twice"),
    ],
    ids=[
        "interrupted",
        "without --show-sames",
        "cut",
        "all cut",
        "a state that could not be printed",
        "an input twice",
        "steps twice",
    ],
)
def test_a_preview_that_is_not_whole_is_refused(text: str, expected: str) -> None:
    """A proof of a part is none."""
    with pytest.raises(DocumentError, match=expected):
        resources(text)


def test_a_resource_that_is_refreshed_is_judged_as_its_own_operation_says() -> None:
    """`pulumi preview --refresh` has a step without a state first."""
    first = [{"op": "refresh", "urn": each["urn"]} for each in CREATED]
    assert len(resources(preview([*first, *CREATED]))) == len(CREATED)


def test_a_name_may_have_colons() -> None:
    """A URN is `urn:pulumi:STACK::PROJECT::TYPE::NAME`."""
    assert Resource("urn:pulumi:prod::shop::aws:iam/role:Role::team::web", ROLE, {}, {}).name == "team::web"
