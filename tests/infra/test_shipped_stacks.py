"""No stack of the repository raises anything: neither the evaluation, which its own program asks for, nor the pack."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from secret_access import NotIsolated, isolation_check
from secret_access.aws import documents as aws
from secret_access.gcp import documents as gcp
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.isolation import Verdict
from secret_access.proof.preview import Resource
from secret_access.vault import documents as vault
from tests.infra.program import on_its_cluster, up
from tests.infra.stack_files import changed, config_of, names

ENVIRONMENTS = [stack for stack in names() if not stack.endswith("-cluster")]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program logs."""
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda text, level=level: lines.append(f"{level}: {text}"))
    return lines


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_every_stack_is_proven_isolated_with_nothing_undecided(stack: str, preview: bool, said: list[str]) -> None:
    """In a first preview already, where nothing that a cloud computes is known; and the program says so."""
    config = config_of(stack)
    on_its_cluster(config, preview=preview)
    count, cloud = len(config["secret-access:namespaces"]), config["secret-access:cloud"]
    (line,) = said
    assert line.startswith(f"info: isolated: {count} namespace")
    assert f" on {cloud}, proven for all names" in line


@pytest.mark.parametrize("stack", names())
def test_no_rule_of_the_policy_pack_has_anything_against_a_stack(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a warning."""
    seen: list[Resource] = []

    def remember(resources: list[Resource], *_: object) -> list[Verdict]:
        seen.extend(resources)
        return []

    monkeypatch.setattr(isolation_check, "evaluate", remember)
    config = config_of(stack)
    up(config) if stack.endswith("-cluster") else on_its_cluster(config)
    assert [(each.rule.id, each.found.urn, each.found.what) for each in violations(RULES, seen)] == []
    assert seen


def without_slash(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a prefix that is not closed, as one who writes documents by hand forgets to."""

    def changed_(*given: Any, **more: Any) -> Any:
        return function(*(each.removesuffix("/") if isinstance(each, str) else each for each in given), **more)

    return changed_


@pytest.mark.parametrize(
    ("stack", "documents", "function"),
    [
        ("local-test", aws, "secrets_policy"),
        ("local-gcp-test", gcp, "prefix_condition"),
        ("local-vault-test", vault, "secrets_policy"),
    ],
)
def test_a_widened_document_of_the_components_stops_the_stack(
    stack: str, documents: Any, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a prefix without its closing slash."""
    more: dict[str, Any] = {"grant": "prefix"} if documents is gcp else {"secrets": ["a"]}
    config = changed(config_of(stack), "secret-access:namespaces.test-eu", more)
    if documents is gcp:
        config = changed(config, "secret-access:namespaces.test.grant", "prefix")
    on_its_cluster(config)
    monkeypatch.setattr(documents, function, without_slash(getattr(documents, function)))
    with pytest.raises(NotIsolated, match="namespace test can use test-eu/"):
        on_its_cluster(config)
