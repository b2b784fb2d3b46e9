"""Ways to another namespace's secret on Google Cloud beside its own binding: each is found."""

import re
from typing import Any

import pytest

from secret_access.proof.gcp import accounts, mappings, nodes, roles, stack
from secret_access.proof.gcp.stack import evaluate

from .gcp_breaches import BREACHES
from .gcp_undecided import UNDECIDED
from .ways import expect_breach, is_found


@pytest.mark.parametrize("way", BREACHES)
def test_another_way_to_a_secret_is_found(way: str) -> None:
    expect_breach(evaluate, BREACHES[way])


DEFECTS: dict[str, tuple[Any, str, Any, dict[str, Any], str]] = {
    "no nodes": (accounts, "nodes", lambda _: [], BREACHES, "nodes without Workload Identity"),
    "all nodes have the GKE metadata server": (
        nodes,
        "_is_hidden",
        lambda *_: True,
        BREACHES,
        "nodes without Workload Identity",
    ),
    "viewers are nobody": (stack, "_CONVENIENCE", {}, BREACHES, "viewers of the project"),
    "roles of one's own that take nothing": (
        roles,
        "_RIGHTS",
        re.compile("none"),
        BREACHES,
        "a role of one's own that becomes service accounts",
    ),
    "roles that take nothing": (roles, "TAKING", frozenset(), BREACHES, "the role roles/iam.serviceAccountUser"),
    "attributes that are all the namespace": (
        mappings,
        "_NAMESPACE",
        re.compile(".*"),
        BREACHES,
        "an attribute that another provider of the pool makes of something else",
    ),
    "no keys": (accounts, "KEY", "", UNDECIDED, "a key of a service account"),
    "every mapping is the component's": (mappings, "PROVIDER", "", UNDECIDED, "a mapping of one's own"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is not with the defect."""
    owner, name, value, table, way = DEFECTS[defect]
    stack_of, expected = table[way][:2]
    resources = stack_of()
    assert is_found(evaluate, resources, expected)
    monkeypatch.setattr(owner, name, value)
    assert not is_found(evaluate, resources, expected)
