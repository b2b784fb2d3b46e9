"""The policy pack in Pulumi's real engine: every mistake is printed with its resource, and nothing else is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.infra import echo
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import Severity
from tests.infra.policy.cases import CASES, Program
from tests.integration.real_parts import Stack

PACK = Path(__file__).parents[2] / "infra" / "policy"
PROVIDERS = ("aws", "azure-native", "gcp", "kubernetes", "vault")
PROGRAM = """
import json, pathlib, pulumi

for name, (type_, inputs) in json.loads(pathlib.Path("resources.json").read_text()).items():
    pulumi.CustomResource(type_, name, inputs)
"""
VIOLATION = re.compile(r"- \[(?P<level>\w+)\]\s+(?P<rule>\S+)\s+\(\S+ (?P<resource>[^)]+)\)\n(?P<text>(?:\s+\S.*\n)+)")
LEVELS = {Severity.ERROR: "mandatory", Severity.WARNING: "advisory"}
Preview = Callable[..., tuple[int, str]]


@pytest.fixture
def preview(stack: Stack) -> Preview:
    """Preview a program with the pack; no cloud and no cluster answers. Returns the exit code and what is printed."""
    pack = stack.folder / "policy"
    shutil.copytree(PACK, pack, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    options = {"toolchain": "uv", "virtualenv": sys.prefix}
    (pack / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": {"name": "python", "options": options}}))

    def previewed(resources: Program, config: Mapping[str, Any] | None = None) -> tuple[int, str]:
        stack.program(PROGRAM)
        (stack.folder / "resources.json").write_text(json.dumps(resources))
        (stack.folder / "config.json").write_text(json.dumps(config or {}))
        command = ["pulumi", "preview", "--non-interactive", "--color=never"]
        with_pack = ["--policy-pack", str(pack), "--policy-pack-config", "config.json"]
        with echo.serving() as (_, port):
            providers = ",".join(f"{name}:{port}" for name in PROVIDERS)
            done = subprocess.run(
                [*command, *with_pack],
                cwd=stack.folder,
                env={**os.environ, **stack.env, "PULUMI_DEBUG_PROVIDERS": providers},
                capture_output=True,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout + done.stderr

    return previewed


def together(programs: Mapping[str, Program]) -> Program:
    """One program of several: each resource is named after its program too."""
    return {f"{number} {name}": resource for number, each in programs.items() for name, resource in each.items()}


def printed_violations(printed: str) -> dict[tuple[str, str], tuple[str, str]]:
    """The level and the text of each violation, by rule and resource."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for each in re.split(r"\n(?=\s+- \[)", printed):
        if match := VIOLATION.match(each.strip() + "\n"):
            found[match["rule"], match["resource"]] = match["level"], match["text"]
    return found


def test_every_mistake_is_printed_with_its_rule_and_resource(preview: Preview) -> None:
    """One preview of a program with all mistakes, of which none hides another."""
    code, printed = preview(together({str(number): case.wrong for number, case in enumerate(CASES)}))
    found = printed_violations(printed)
    rules = {rule.id: rule for rule in RULES}
    assert code != 0
    for number, case in enumerate(CASES):
        level, text = found.get((case.rule, f"{number} {case.resource}"), ("", ""))
        assert level == LEVELS[rules[case.rule].severity], f"{case}\n{printed}"
        assert rules[case.rule].about in text
        assert case.says in text
        assert rules[case.rule].mend in text


def test_a_program_without_the_mistakes_passes(preview: Preview) -> None:
    """One preview of all of them, each mended."""
    code, printed = preview(together({str(number): case.right for number, case in enumerate(CASES)}))
    assert (code, printed_violations(printed)) == (0, {}), printed
