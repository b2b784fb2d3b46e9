"""Resources that a preview has only for those who look closely."""

import json

import pytest

from secret_access.proof.errors import DocumentError
from secret_access.proof.preview import resources

from .documents import namespaces, policy, role_policy
from .outcomes import outcome


def test_what_is_kept_when_it_is_deleted_counts() -> None:
    kept = role_policy("test", policy("*"), "more")
    created = [
        {"op": "create", "urn": each.urn, "newState": {"type": each.type, "inputs": each.inputs}}
        for each in namespaces("test", "prod")
    ]
    state = {"type": kept.type, "inputs": kept.inputs}
    gone = {"op": "delete", "urn": kept.urn, "oldState": state}
    retained = {**gone, "oldState": {**state, "retainOnDelete": True}}
    assert outcome(resources(json.dumps({"steps": [*created, gone], "changeSummary": {}}))) == "isolated"
    assert outcome(resources(json.dumps({"steps": [*created, retained], "changeSummary": {}}))) == "breach"


def test_a_preview_without_its_unchanged_resources_is_refused() -> None:
    """`pulumi preview --json` counts these, and prints them with `--show-sames` alone."""
    made = namespaces("test")[0]
    step = {"op": "same", "urn": made.urn, "newState": {"type": made.type, "inputs": made.inputs}}
    assert [each.urn for each in resources(json.dumps({"steps": [step], "changeSummary": {"same": 1}}))] == [made.urn]
    with pytest.raises(DocumentError, match=r"leaves out 1 unchanged resources.*--show-sames"):
        resources(json.dumps({"steps": [step], "changeSummary": {"same": 2}}))
