"""The evaluator with a defect put back misses a mistake that it finds without: its tests can fail."""

from typing import Any

import pytest

from secret_access.proof import isolation
from secret_access.proof.aws import chains, cluster_access, conditions, nodes, rights, stack, statements, trust
from secret_access.proof.strings import literal, union
from tests.infra.proof import aws_mistakes
from tests.infra.proof.documents import breaches
from tests.infra.proof.test_aws import WIDENED

original = statements.statements
found_role = stack.Stack.role_of
DEFECTS: dict[str, tuple[Any, str, Any, str]] = {
    "no prover": (isolation._Evaluation, "_prove", lambda *_: None, "a name in the middle that no sample has"),
    "patterns of subjects taken literally": (
        conditions,
        "_COMPARED",
        {**conditions._COMPARED, "StringLike": literal},
        "any namespace in the trust",
    ),
    "a trust without a subject trusts nobody": (
        trust,
        "intersection",
        union,
        "no subject in the trust",
    ),
    "reads alone": (rights, "ACTIONS", rights.ACTIONS[:1], "another action"),
    "NotResource names resources": (rights, "complement", lambda found: found, "all but"),
    "no inline policies": (
        stack,
        "statements",
        lambda source, text: () if source.startswith("inline") else original(source, text),
        "an inline policy of the role",
    ),
    "patterns of resources taken literally": (
        rights,
        "pattern",
        lambda text, *_: literal(text),
        "no closing slash",
    ),
    "one statement of a trust": (
        trust,
        "trusted_subjects",
        lambda found: trust._subjects(found[0]),
        "one role for two namespaces",
    ),
    "only a role's own policy": (
        stack.Stack,
        "role_of",
        lambda self, each, key: None if each.name.endswith("-more") else found_role(self, each, key),
        "every secret",
    ),
    "no nodes": (nodes, "instances", lambda *_: {}, "the nodes' role"),
    "nobody passes roles": (chains, "_passed", lambda *_: None, "a role that may be passed to a service"),
    "no policies of AWS's own": (stack, "document", lambda _: None, "a policy of AWS's own"),
    "no access policies": (cluster_access, "by_pods", lambda *_: iter(()), "an access policy that makes pods"),
    "variables in every Version": (
        statements,
        "WITH_VARIABLES",
        "2008-10-17",
        "a variable without the Version that has variables",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is found, and with the defect it is not."""
    owner, name, value, mistake = DEFECTS[defect]
    made, expected, _ = {**WIDENED, **aws_mistakes.WIDENED}[mistake]
    assert expected in breaches(made())
    monkeypatch.setattr(owner, name, value)
    assert expected not in breaches(made())
