"""The kubernetes plugin's waiting, stand-in's and real one's: for pods, not for ever, and not against the person."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from local.plugins import Choice
from local.progress import wait_for
from local.standins.errors import ApiError
from tests.integration.kubernetes_program import deployment, found, program
from tests.integration.real_parts import ApiServer, Stack

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
WITHOUT_IMAGE = {
    "phase": "Pending",
    "conditions": [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
    ],
    "containerStatuses": [
        {
            "name": "app",
            "image": "app:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "ErrImageNeverPull", "message": "app:1 is not here"}},
        }
    ],
}


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


def test_a_rollout_is_awaited(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """`up` ends when the pods are available, and not before."""
    stack.program(program(api_server, deployment(), name=namespace))
    running = stack.start("up", "--yes", "--skip-preview")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    made(api_server, namespace, pods=2)
    prints(running, "Waiting for app ReplicaSet to be available (0/2 Pods available)")
    api_server.say_of_pods(namespace, READY)
    printed = running.communicate()[0]
    assert running.returncode == 0, printed
    assert stack.state()["app"]["outputs"]["status"]["availableReplicas"] == 2
    assert found(api_server, path)["status"]["availableReplicas"] == 2
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    stack.program(program(api_server, deployment(label="other"), name=namespace))
    running = stack.start("up", "--yes", "--skip-preview")
    made(api_server, namespace, pods=2, label="other")
    api_server.say_of_pods(namespace, READY)
    printed = running.communicate()[0]
    assert running.returncode == 0, printed
    assert "1 replaced" in printed


def test_a_rollout_that_fails_says_why_and_is_taken_up_again(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """The resource is remembered, so that the next update waits for it and does not make it twice."""
    stack.program(program(api_server, deployment(seconds=5), name=namespace))
    printed = stack.up(fails=True)
    assert "failed to fully initialize or become live: 'app' timed out waiting to be Ready" in printed
    assert "[MinimumReplicasUnavailable] Deployment does not have minimum availability." in printed
    assert "'app' timed out waiting to be Ready" in stack.state()["app"]["initErrors"][0]

    made(api_server, namespace, pods=2)
    api_server.say_of_pods(namespace, WITHOUT_IMAGE)
    printed = stack.up(fails=True)
    assert "[ErrImageNeverPull] app:1 is not here" in printed
    shown = stack.pulumi("refresh", "--yes")
    assert "Resource 'app' was created but failed to initialize" in shown
    assert "[ErrImageNeverPull] app:1 is not here" in shown

    api_server.say_of_pods(namespace, READY)
    stack.program(program(api_server, deployment(), name=namespace))
    assert "1 updated" in stack.up()
    assert "initErrors" not in stack.state()["app"]


def test_waiting_ends_when_the_person_says_so(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """An interrupt ends the wait, and the state remembers what was made."""
    stack.program(program(api_server, deployment(), name=namespace))
    running = stack.start("up", "--yes", "--skip-preview")
    made(api_server, namespace, pods=2)
    running.send_signal(signal.SIGINT)
    printed = running.communicate()[0]
    assert 'Resource operation was cancelled for "app"' in printed
    assert stack.state()["app"]["id"] == f"{namespace}/app"


def prints(running: subprocess.Popen[str], words: str) -> None:
    """Wait until pulumi says it."""
    seen = []
    for line in running.stdout or ():
        if words in line:
            return
        seen.append(line)
    pytest.fail(f"pulumi ended without {words!r}:\n{''.join(seen)}")


def made(api_server: ApiServer, namespace: str, *, pods: int, label: str = "app") -> None:
    """Wait until the controllers have made the pods."""

    def there() -> bool:
        try:
            found = api_server.client.request(
                "GET", f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"app={label}"
            )
        except ApiError:
            return False
        return len(found["items"]) == pods

    wait_for(f"{pods} pods in {namespace}", there)
