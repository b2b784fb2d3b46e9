"""The language host's stand-in, with the real engine."""

from __future__ import annotations

import json

from local.progress import wait_for
from tests.integration.real_parts import Stack, descendants


def test_it_runs_the_program_in_the_projects_virtualenv(stack: Stack) -> None:
    """Configuration, project, stack and outputs pass between engine and program, secrets as secrets."""
    stack.pulumi("config", "set", "greeting", "hello")
    stack.pulumi("config", "set", "--secret", "password", "hunter2")
    stack.program("""
        import sys, pulumi
        config = pulumi.Config()
        pulumi.export("seen", [pulumi.get_project(), pulumi.get_stack(), config.require("greeting"), sys.prefix])
        pulumi.export("password", config.require_secret("password"))
    """)
    stack.up()
    project, name, greeting, prefix = stack.outputs()["seen"]
    assert (project, name, greeting) == ("inline", "only", "hello")
    assert prefix == json.loads((stack.folder / "Pulumi.yaml").read_text())["runtime"]["options"]["virtualenv"]
    assert stack.outputs()["password"] == "hunter2"
    assert "hunter2" not in stack.pulumi("stack", "export")


def test_what_the_program_prints_reaches_the_person(stack: Stack) -> None:
    """Standard output and standard error are both shown."""
    stack.program("""
        import sys
        print("said aloud")
        print("said in anger", file=sys.stderr)
    """)
    printed = stack.pulumi("preview")
    assert "said aloud" in printed
    assert "said in anger" in printed


def test_an_exception_shows_the_programs_own_trace(stack: Stack) -> None:
    """The trace begins in the program, not in what runs it."""
    stack.program("""
        def broken():
            raise ValueError("no such thing")
        broken()
    """)
    printed = stack.pulumi("preview", fails=True)
    assert "ValueError: no such thing" in printed
    assert "in broken" in printed
    assert "runpy" not in printed
    assert "run_in_stack" not in printed


def test_a_run_error_shows_its_message_only(stack: Stack) -> None:
    """An error that is meant for the person comes without a trace."""
    stack.program("""
        import pulumi
        raise pulumi.RunError("namespace 'Test' is not lowercase")
    """)
    printed = stack.pulumi("preview", fails=True)
    assert "namespace 'Test' is not lowercase" in printed
    assert "Traceback" not in printed


def test_a_project_without_its_virtualenv_says_what_to_do(stack: Stack) -> None:
    """The message names the path looked for and the command that makes it."""
    project = json.loads((stack.folder / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = "nowhere"
    (stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    stack.program("")
    printed = stack.pulumi("preview", fails=True)
    assert f"{stack.folder}/nowhere/bin/python does not exist" in printed
    assert "pulumi install" in printed


def test_install_makes_the_virtualenv_with_uv(stack: Stack) -> None:
    """`pulumi install` syncs the project's virtualenv and shows uv's words."""
    project = json.loads((stack.folder / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = "made"
    (stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    (stack.folder / "pyproject.toml").write_text(
        '[project]\nname = "inline"\nversion = "0"\nrequires-python = ">=3.11"\n'
    )
    printed = stack.pulumi("install")
    assert "Creating virtual environment" in printed
    assert (stack.folder / "made" / "bin" / "python").exists()


def test_an_engine_that_is_killed_leaves_nothing_running(stack: Stack) -> None:
    """Neither the language host nor the program that it runs."""
    stack.program("""
        import threading
        threading.Event().wait()
    """)
    engine = stack.start("preview")
    left = wait_for("the program", lambda: found if len(found := descendants(engine.pid)) == 2 else None)
    engine.kill()
    engine.communicate()
    assert wait_for("their end", lambda: not any(process.exists() for process in left))
