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
from tests.infra.policy.cases import CASES
from tests.infra.policy.cases.case import CANARY, Case, Of, Program, urn
from tests.infra.policy.cases.cloud_resources import ROLE
from tests.infra.policy.cases.isolation import NO_DOCUMENT
from tests.integration import packaged
from tests.integration.packaged import Repository
from tests.integration.real_parts import Stack

ROOT = Path(__file__).parents[2]
PACK = ROOT / "infra" / "policy"
PAGE = ROOT / "docs" / "policy.md"
WIDE = json.dumps({"path": {"secret/data/*": {"capabilities": ["read"]}}})
PROVIDERS = ("aws", "azure-native", "gcp", "kubernetes", "vault")
PROGRAM = """
import json, pathlib, pulumi

made = {}
for name, (type_, inputs) in json.loads(pathlib.Path("resources.json").read_text()).items():
    ids = {key: made[of["of"]].id for key, of in inputs.items() if isinstance(of, dict) and "of" in of}
    made[name] = pulumi.CustomResource(type_, name, {**inputs, **ids})
"""
NOT_KNOWN = """
import asyncio

def ready(value):
    future = asyncio.Future()
    future.set_result(value)
    return future

later = pulumi.Output(ready(set()), ready(None), ready(False))
pulumi.CustomResource("aws:iam/rolePolicy:RolePolicy", "not known", {"role": "shop", "policy": later})
pulumi.CustomResource("kubernetes:core/v1:Pod", "not known", {"spec": {"containers": [{"image": later}]}})
"""
"""Inputs that nobody knows at preview."""
OF_THE_PAGE = """
import json, pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s

issuer = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
trust = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
    "Condition": {"StringLike": {f"{issuer}:sub": "system:serviceaccount:shop*:app"}},
}
role = aws.iam.Role("shop", name="shop", assume_role_policy=json.dumps({"Statement": trust}))
reading = {
    "Effect": "Allow",
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop*",
}
aws.iam.RolePolicy("secrets", role=role.name, policy=json.dumps({"Statement": reading}))
for name in ("developers", "platform-admins"):
    k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": name},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        subjects=[{"kind": "Group", "name": name}],
    )
k8s.core.v1.Pod("tagged", metadata={"name": "tagged"}, spec={"containers": [{"name": "app", "image": "app:1"}]})
"""
"""What the page's output is of, beside what its pack's settings let through."""
VIOLATION = re.compile(r"- \[(?P<level>\w+)\]\s+(?P<rule>\S+)\s+\(\S+ (?P<resource>[^)]+)\)\n(?P<text>(?:\s+\S.*\n)+)")
STACK = "inline-only"
TOGETHER = [case for case in CASES if case.name != NO_DOCUMENT]
"""With a document that is none, nothing could be said of the others."""
LEVELS = {Severity.ERROR: "mandatory", Severity.WARNING: "advisory"}
Preview = Callable[..., tuple[int, str]]


@pytest.fixture
def preview(stack: Stack) -> Preview:
    """Preview a program with the pack; no cloud and no cluster answers. Returns the exit code and what is printed."""
    pack = stack.folder / "policy"
    shutil.copytree(PACK, pack, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    options = {"toolchain": "uv", "virtualenv": sys.prefix}
    (pack / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": {"name": "python", "options": options}}))

    def previewed(resources: Program, config: Mapping[str, Any] | None = None, more: str = "") -> tuple[int, str]:
        stack.program(PROGRAM + more)
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
    return {
        f"{number} {name}": (type_, {key: _of(value, number) for key, value in inputs.items()})
        for number, each in programs.items()
        for name, (type_, inputs) in each.items()
    }


def _of(value: Any, number: str) -> Any:
    """An input as JSON: that which is another resource's id names this."""
    return {"of": f"{number} {value.name}"} if isinstance(value, Of) else value


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
    programs = {str(number): case.wrong for number, case in enumerate(TOGETHER)}
    code, printed = preview(together(programs), more=NOT_KNOWN)
    found = violations(printed)
    assert code != 0
    assert [case for number, case in enumerate(TOGETHER) if not is_printed(case, number, found)] == [], printed
    assert CANARY not in printed
    assert "can't run policy" not in printed
    assert any(each.rule == "not-judged" and "known only after" in each.text for each in found)


def test_a_program_without_the_mistakes_passes(preview: Preview) -> None:
    """One preview of all of them, each mended."""
    code, printed = preview(together({str(number): case.right for number, case in enumerate(TOGETHER)}))
    assert (code, violations(printed)) == (0, []), printed


def test_the_packs_configuration_decides_what_stops_a_program(preview: Preview) -> None:
    """Levels, settings of a rule, and exceptions for one resource."""
    program = {
        "tag": next(case for case in CASES if case.rule == "image-by-tag").wrong,
        "wild": next(case for case in CASES if case.rule == "wildcard-resource").wrong,
        "trust": next(case for case in CASES if case.rule == "trust-without-audience").wrong,
        "rbac": next(case for case in CASES if case.rule == "rbac-in-namespace").wrong,
        "secret": {"it": ("kubernetes:core/v1:Secret", {"metadata": {"name": "it", "namespace": "other"}})},
    }
    excepted = urn(ROLE, "trust it")
    config = {
        "version": 2,
        "policies": {
            "image-by-tag": "mandatory",
            "wildcard-resource": "advisory",
            "rbac-in-namespace": "disabled",
            "isolation": {"shared": ["shared/"], "prefixes": {"shop": "team-a/shop/"}},
            "secret-in-etcd": {"namespaces": ["other"]},
        },
        "exceptions": {
            "SEC-17": {
                "reason": "until June",
                "match": [{"policies": ["trust-without-audience"], "targets": [excepted]}],
            }
        },
    }
    code, printed = preview(together(program), config)
    found = {(each.rule, each.resource): each.level for each in violations(printed)}
    assert found[("image-by-tag", "tag it")] == "mandatory", printed
    assert found[("wildcard-resource", "wild it")] == "advisory"
    assert found[("secret-in-etcd", "secret it")] == "mandatory"
    assert "rbac-in-namespace" not in {rule for rule, _ in found}
    assert "[exempted]  trust-without-audience  (1 violation)" in printed
    assert code != 0


def test_the_commands_configuration_is_over_the_packs_own(preview: Preview, stack: Stack) -> None:
    """Level by level, and setting by setting: what the command does not say stays the pack's."""
    own = {"isolation": {"enforcementLevel": "advisory", "shared": ["breached/"]}}
    program = f"from secret_access.policy import policy_pack\npolicy_pack({own!r})\n"
    (stack.folder / "policy" / "__main__.py").write_text(program)
    wrong = next(case for case in CASES if case.rule == "isolation").wrong
    assert preview(wrong)[0] == 0
    assert preview(wrong, {"isolation": "mandatory"})[0] == 0
    code, printed = preview(wrong, {"isolation": {"shared": ["other/"]}})
    assert (code, [(each.level, each.rule) for each in violations(printed)]) == (0, [("advisory", "isolation")])


def test_a_prefix_without_its_slash_is_no_setting(preview: Preview) -> None:
    """Pulumi asks the rule's schema: `shared` would cover `shared-by-mistake` too."""
    code, printed = preview({}, {"isolation": {"shared": ["shared"]}})
    assert code != 0
    assert "isolation: shared" in printed
    assert "/$" in printed


def blocks(language: str) -> list[str]:
    """The blocks of the pack's page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_a_platforms_own_pack_is_three_files_and_no_clone(stack: Stack, repository: Repository, tmp_path: Path) -> None:
    """Those of the documentation, with their settings; the package comes from the repository's tag."""
    pack = tmp_path / "policy"
    pack.mkdir()
    (project,), (program,), requirements = blocks("yaml"), blocks("python")[:1], blocks("text")[0]
    (pack / "PulumiPolicy.yaml").write_text(project)
    (pack / "requirements.txt").write_text(requirements.replace(packaged.ADDRESS, repository.address))
    (pack / "__main__.py").write_text(program)
    env = {**os.environ, **stack.env, "GIT_SSL_CAINFO": str(repository.authority)}
    command = ["pulumi", "install", "--non-interactive", "--color=never"]
    installed = subprocess.run(command, cwd=pack, env=env, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    stack.program(OF_THE_PAGE)
    with echo.serving() as (_, port):
        preview = [*command[:1], "preview", *command[2:], "--policy-pack", str(pack)]
        env["PULUMI_DEBUG_PROVIDERS"] = ",".join(f"{name}:{port}" for name in PROVIDERS)
        done = subprocess.run(preview, cwd=stack.folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout + done.stderr
    found = {(each.rule, each.resource) for each in violations(done.stdout)}
    assert found == {
        ("isolation", STACK),
        ("rbac-across-namespaces", "developers"),
        ("trust-by-pattern", "shop"),
        ("trust-without-audience", "shop"),
        ("wildcard-resource", "secrets"),
    }
    shown = re.sub(r"\(local: .*?\)", "(local: ../policy)", done.stdout).replace(STACK, "my-program-prod")
    printed = [line.strip() for line in blocks("console")[1].splitlines()]
    assert [line for line in printed if line not in shown] == []


def test_a_clone_of_the_repository_installs_as_a_pack(stack: Stack, tmp_path: Path) -> None:
    """With `pulumi install`, as its documentation says; the pack runs in an environment of its own."""
    ignored = shutil.ignore_patterns(".venv", "venv", "__pycache__")
    for name in ("infra", "names", "sidecar"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    pack = tmp_path / "clone" / "infra" / "policy"
    env = {**os.environ, **stack.env}
    command = ["pulumi", "install", "--non-interactive", "--color=never"]
    installed = subprocess.run(command, cwd=pack, env=env, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    stack.program(f'import pulumi\npulumi.CustomResource("vault:index/policy:Policy", "all", {{"policy": {WIDE!r}}})')
    with echo.serving() as (_, port):
        preview = [*command[:1], "preview", *command[2:], "--policy-pack", str(pack)]
        env["PULUMI_DEBUG_PROVIDERS"] = f"vault:{port}"
        done = subprocess.run(preview, cwd=stack.folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout + done.stderr
    assert "wildcard-resource" in done.stdout
