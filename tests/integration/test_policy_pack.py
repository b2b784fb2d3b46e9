"""The policy pack in Pulumi's real engine: every mistake is printed with its resource, and nothing else is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.infra import echo
from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import Severity
from tests.infra.policy.cases import CANARY, CASES, Case, Program
from tests.integration.real_parts import Stack

PACK = Path(__file__).parents[2] / "infra" / "policy"
PROVIDERS = ("aws", "azure-native", "gcp", "kubernetes", "vault")
PROGRAM = """
import json, pathlib, pulumi

for name, (type_, inputs) in json.loads(pathlib.Path("resources.json").read_text()).items():
    pulumi.CustomResource(type_, name, inputs)
"""
VIOLATION = re.compile(r"- \[(?P<level>\w+)\]\s+(?P<rule>\S+)\s+\(\S+ (?P<resource>[^)]+)\)\n(?P<text>(?:\s+\S.*\n)+)")
STACK = "inline-only"
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


@dataclass(frozen=True)
class Printed:
    """A violation as Pulumi prints it."""

    level: str
    rule: str
    resource: str
    text: str


def violations(printed: str) -> list[Printed]:
    """What is printed of violations; one about the stack has its name in the place of a resource's."""
    blocks = re.split(r"\n(?=\s+- \[)", printed)
    return [Printed(*match.groups()) for each in blocks if (match := VIOLATION.match(each.strip() + "\n"))]


def is_printed(case: Case, number: int, printed: list[Printed]) -> bool:
    """Whether the mistake of a case is there, with its level, its resource, what is wrong and how to mend it."""
    rule = next(rule for rule in RULES if rule.id == case.rule)
    return any(
        (each.level, each.rule) == (LEVELS[rule.severity], rule.id)
        and each.resource == (f"{number} {case.resource}" if case.resource else STACK)
        and all(text in each.text for text in (rule.about, case.says, rule.mend))
        for each in printed
    )


def test_every_mistake_is_printed_with_its_rule_and_resource(preview: Preview) -> None:
    """One preview of a program with all mistakes, of which none hides another."""
    code, printed = preview(together({str(number): case.wrong for number, case in enumerate(CASES)}))
    found = violations(printed)
    assert code != 0
    assert [case for number, case in enumerate(CASES) if not is_printed(case, number, found)] == [], printed
    assert CANARY not in printed


def test_a_program_without_the_mistakes_passes(preview: Preview) -> None:
    """One preview of all of them, each mended."""
    code, printed = preview(together({str(number): case.right for number, case in enumerate(CASES)}))
    assert (code, violations(printed)) == (0, []), printed
