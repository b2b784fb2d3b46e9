"""No example of the repository's pages breaks a rule of the policy pack; its stacks do not: test_shipped_stacks.py."""

import re
from pathlib import Path

import pytest

from secret_access import isolation_check, require_isolation
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource
from tests.infra.engine import run

ROOT = Path(__file__).parents[3]


def examples(page: str) -> list[str]:
    """The programs of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


SIDECAR, SHARED = examples("docs/components.md")
EXAMPLES = {
    "README.md": examples("README.md"),
    "docs/components.md": [SIDECAR, SIDECAR + SHARED],
    "docs/workloads.md": [SIDECAR + each for each in examples("docs/workloads.md")],
    "docs/injection.md": [SIDECAR + examples("docs/injection.md")[-1]],
    "docs/patterns.md": examples("docs/patterns.md")[1:],
    **{f"docs/{cloud}.md": examples(f"docs/{cloud}.md") for cloud in ("aws", "azure", "gcp", "vault")},
}


@pytest.mark.parametrize("page", EXAMPLES)
def test_an_example_breaks_no_rule(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But that images, as people write them, have tags."""
    for example in EXAMPLES[page]:
        seen: list[Resource] = []
        monkeypatch.setattr(isolation_check, "evaluate", lambda given, *_, seen=seen: seen.extend(given) or [])

        def program(text: str = example) -> None:
            require_isolation()
            exec(text, {})  # noqa: S102  our own page

        run(program)
        assert seen
        assert [each for each in violations(RULES, seen) if each.rule.id != "image-by-tag"] == [], example
