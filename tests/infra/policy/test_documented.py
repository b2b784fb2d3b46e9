"""docs/policy.md has the rules and their settings as the code has them."""

import json
from pathlib import Path

from secret_access.policy.catalogue import RULES

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


def rules_table() -> str:
    """The table of the rules."""
    rows = [f"| `{rule.id}` | {rule.severity} | {rule.about} | {rule.mend} |" for rule in RULES]
    return "\n".join(["| rule | severity | what is wrong | how to mend it |", "|---|---|---|---|", *rows])


def settings_table() -> str:
    """The table of the settings."""
    rows = [
        f"| `{rule.id}` | `{name}` | {schema['description']} |"
        for rule in RULES
        for name, schema in rule.options.items()
    ]
    return "\n".join(["| rule | setting | meaning |", "|---|---|---|", *rows])


def test_the_page_has_every_rule() -> None:
    """With its severity, what is wrong and how to mend it, word for word."""
    assert rules_table() in PAGE.read_text(), rules_table()


def test_the_page_has_every_setting() -> None:
    """Word for word."""
    assert settings_table() in PAGE.read_text(), settings_table()


def test_the_pages_configuration_names_rules_and_settings_that_exist() -> None:
    """Pulumi refuses others."""
    config = json.loads(PAGE.read_text().partition("```json\n")[2].partition("```")[0])
    known = {rule.id: set(rule.options) for rule in RULES}
    for rule, setting in config["policies"].items():
        assert rule in known
        assert isinstance(setting, str) or set(setting) <= known[rule]
    for exception in config["exceptions"].values():
        assert {rule for match in exception["match"] for rule in match["policies"]} <= set(known)
