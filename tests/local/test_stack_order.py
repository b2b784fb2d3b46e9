"""In which order the stacks of several clouds come up, and what a failure leaves out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local import cluster
from local.aws.cloud import AWS
from local.cloud import Cloud
from local.kubectl import Kubectl, KubectlError
from local.progress import wait_for
from local.stack_order import bring_up
from local.stacks import Pulumi, StackError

OTHER = replace(AWS, name="other", stack="local-other")


class Laptop:
    """Records what begins; stacks wait for the test, or fail."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.previewed: list[str] = []
        self.namespaces: list[str] = []
        self.ends = {stack: threading.Event() for stack in (*AWS.stacks, *OTHER.stacks)}
        self.fails: set[str] = set()

    def up(self, stack: str, *, preview: bool) -> bool:
        self.begun.append(stack)
        if preview:
            self.previewed.append(stack)
        if stack in self.fails:
            raise StackError(f"{stack} failed")
        assert self.ends[stack].wait(120)
        return preview

    def kubectl(self, *arguments: str) -> str:
        if arguments[1].removeprefix("namespace/") not in self.namespaces:
            raise KubectlError("timed out")
        return ""

    def begins(self, *stacks: str) -> None:
        """Wait until just these have begun."""
        wait_for(
            f"{stacks}",
            lambda: sorted(self.begun) == sorted(stacks),
        )


@pytest.fixture
def laptop(monkeypatch: pytest.MonkeyPatch) -> Laptop:
    there = Laptop()
    monkeypatch.setattr(Pulumi, "up", lambda _, stack, *, preview=False: there.up(stack, preview=preview))
    monkeypatch.setattr(Kubectl, "__call__", lambda _, *arguments: there.kubectl(*arguments))
    monkeypatch.setattr(cluster, "make_namespaces", lambda _, names: there.namespaces.extend(names))
    return there


def in_a_thread(*clouds: Cloud) -> Callable[[], BaseException | None]:
    """Bring up the clouds; the function returned waits for the end, and gives the error that it ended with."""
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            bring_up(Kubectl(Path()), Pulumi(Path()), clouds)
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> BaseException | None:
        thread.join(120)
        return ended[0]

    return end


def test_another_cloud_begins_as_soon_as_the_namespace_is_there(laptop: Laptop) -> None:
    """It waits neither for the rest of AWS's stack, nor for the other namespace."""
    end = in_a_thread(AWS, OTHER)
    laptop.begins("local-cluster", "local-other-cluster")
    for stack in ("local-cluster", "local-other-cluster"):
        laptop.ends[stack].set()
    laptop.begins("local-cluster", "local-other-cluster", "local-test", "local-prod")
    laptop.namespaces.append("prod")
    laptop.begins("local-cluster", "local-other-cluster", "local-test", "local-prod", "local-other-prod")
    laptop.namespaces.append("test")
    laptop.begins(*AWS.stacks, *OTHER.stacks)
    for event in laptop.ends.values():
        event.set()
    assert end() is None


def test_without_aws_the_namespaces_are_made_first(laptop: Laptop) -> None:
    """The stacks of the other clouds expect them."""
    for event in laptop.ends.values():
        event.set()
    assert in_a_thread(OTHER)() is None
    assert laptop.namespaces == ["test", "prod"]
    assert laptop.begun[0] == "local-other-cluster"
    assert sorted(laptop.begun) == sorted(OTHER.stacks)


def test_where_a_namespace_fails_nothing_more_begins(laptop: Laptop) -> None:
    """The error is the one of the stack that failed; what was under way ends by itself."""
    laptop.fails = {"local-test"}
    for event in laptop.ends.values():
        event.set()
    error = in_a_thread(AWS, OTHER)()
    assert isinstance(error, StackError)
    assert str(error) == "local-test failed"
    assert not {"local-other-test", "local-other-prod"} & set(laptop.begun)


def test_without_its_cluster_no_environment_begins(laptop: Laptop) -> None:
    """AWS's go on meanwhile, and the error is said."""
    laptop.fails = {"local-other-cluster"}
    for event in laptop.ends.values():
        event.set()
    laptop.namespaces += ["test", "prod"]
    error = in_a_thread(AWS, OTHER)()
    assert str(error) == "local-other-cluster failed"
    assert not {"local-other-test", "local-other-prod"} & set(laptop.begun)


def test_documents_are_judged_before_anything_is_made(laptop: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    """By the preview of each environment, in which its program stops; a cluster's stack has no documents."""
    laptop.namespaces = ["test", "prod"]
    for event in laptop.ends.values():
        event.set()
    assert in_a_thread(AWS, OTHER)() is None
    assert sorted(laptop.previewed) == ["local-other-prod", "local-other-test", "local-prod", "local-test"]
    assert "documents of 4 stacks: proven isolated before these were made" in capsys.readouterr().err


@pytest.mark.parametrize("preview", [True, False])
def test_a_stack_says_whether_its_documents_were_proven(preview: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the diagnostics of its program; with --skip-preview everything is made before they are judged."""
    asked: list[tuple[str, ...]] = []
    said = "Diagnostics:\n    isolated: 1 namespace x 1 prefix on aws, proven for all names; 9 chosen names asked"

    def ran(_: Pulumi, *arguments: str) -> str:
        asked.append(arguments)
        return said

    monkeypatch.setattr(Pulumi, "__call__", ran)
    assert Pulumi(Path()).up("x", preview=preview)
    assert ("--skip-preview" in asked[-1]) is not preview
    said = "Diagnostics:\n    warning: isolation on aws:\n"
    assert not Pulumi(Path()).up("x", preview=preview)
