"""What strangers find: a workflow that runs what everybody runs, forms that GitHub can read, walks through the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def workflow() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text())
    return read


def test_the_workflow_runs_what_everybody_runs() -> None:
    """`.ci/run`, which is `make test`, and may read the repository, no more."""
    assert workflow()["permissions"] == {"contents": "read"}
    (job,) = workflow()["jobs"].values()
    assert "permissions" not in job
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_action_is_pinned() -> None:
    """By its commit, which cannot move, with the release beside it for whoever reads."""
    used = re.findall(r"uses: (.*)", (GITHUB / "workflows" / "ci.yml").read_text())
    assert len(used) > 1
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_go_is_the_one_that_the_tools_need() -> None:
    """The workflow installs the newest that a go.mod of tools/ asks for."""
    (job,) = workflow()["jobs"].values()
    (version,) = [step["with"]["go-version"] for step in job["steps"] if "go-version" in step.get("with", {})]
    modules = "\n".join(path.read_text() for path in ROOT.glob("tools/*/go.mod"))
    asked = re.findall(r"^go (\d+)\.(\d+)", modules, re.MULTILINE)
    assert version == ".".join(map(str, max((int(major), int(minor)) for major, minor in asked)))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_forms_are_as_github_reads_them(form: Path) -> None:
    """https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms."""
    read = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(read) <= {"name", "description", "labels", "body"}
    ids = [part["id"] for part in read["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0
    for part in read["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown"}
        assert ("value" if part["type"] == "markdown" else "label") in part["attributes"]
        assert part["type"] != "dropdown" or len(set(part["attributes"]["options"])) > 1


def test_the_walks_of_contributing_lead_through_the_code() -> None:
    """Each name that a step links is in the file that it links to."""
    walks = (ROOT / "CONTRIBUTING.md").read_text().partition("## Three walks")[2].partition("\n## ")[0]
    steps = re.findall(r"\[`(\w+)`\]\(([\w/.-]+)\)", walks)
    assert len(steps) > 8
    for name, path in steps:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), f"{name} in {path}"
