"""The laptop environment's commands; the Makefile calls them."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

from local import clouds, cluster, config, host, interrupts, plugins, selection, stacks
from local.kubectl import Kubectl, KubectlError
from local.progress import NotReadyError, say, step
from local.stacks import Pulumi
from local.up import matrix, report, up


def tools_folder() -> Path:
    """The folder of the Go tools, as tools/build.py finds or makes it."""
    done = subprocess.run(
        [sys.executable, str(config.ROOT / "tools" / "build.py")], stdout=subprocess.PIPE, text=True, check=True
    )
    return Path(done.stdout.strip())


def _tools_of_running() -> Path:
    """The tools, for what needs the environment up: nothing is built for one that is not."""
    if reason := host.why_not_running():
        raise NotReadyError(f"the laptop environment is not up: {reason}; run `make up` first")
    selection.check_is_up()
    return tools_folder()


def _up(_: argparse.Namespace) -> int:
    clouds.wanted()  # a wrong CLOUD is said before anything is built
    return report(up(tools_folder()))


def _down(_: argparse.Namespace) -> int:
    with host.claim(), step("down"):
        host.stop()
    return 0


def _matrix(_: argparse.Namespace) -> int:
    tools = _tools_of_running()
    return report(matrix(Kubectl(tools), Pulumi(tools), clouds.wanted()))


def _ask(given: argparse.Namespace) -> int:
    kubectl = Kubectl(_tools_of_running())
    cloud, *_ = clouds.wanted()
    pod = cluster.running_pod(kubectl, cloud, given.namespace)
    print(json.dumps(cluster.ask(kubectl, pod, given.name), indent=2))
    return 0


def _status(_: argparse.Namespace) -> int:
    if reason := host.why_not_running():
        print(reason)
        return 1
    there = ", ".join(f"{clouds.ALL[name].title} {clouds.ALL[name].url}" for name in selection.started_with())
    print(f"up: Kubernetes {config.ISSUER}, {there}, kubeconfig {config.KUBECONFIG}, logs {config.LOGS}")
    return 0


def _env(_: argparse.Namespace) -> int:
    own = stacks.environment(tools_folder())
    if foreign := [name for name in stacks.foreign_variables() if name not in own]:
        print(f"unset {' '.join(foreign)}")
    for name, value in own.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


REPORTED = (
    NotReadyError,
    host.TakenError,
    plugins.PluginError,
    selection.CloudError,
    stacks.StackError,
    KubectlError,
)
"""Errors whose message says all that a person needs."""


def main() -> int:
    """Parse the command line and run the command; errors are one clear message."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, function, text in (
        ("up", _up, "bring the environment up and show who may read what"),
        ("down", _down, "end it and put the host back as it was"),
        ("matrix", _matrix, "ask again for every secret from every namespace"),
        ("status", _status, "whether it is up, and where"),
        ("env", _env, 'print the variables for your own pulumi, kubectl and aws: eval "$(python -m local env)"'),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(run=function)
    ask = commands.add_parser("ask", help="ask for a secret from inside a namespace's app container")
    ask.add_argument("namespace")
    ask.add_argument("name")
    ask.set_defaults(run=_ask)
    given = parser.parse_args()
    if given.run is not _env:
        stacks.unset_foreign_variables()
    interrupts.forward_sigint()
    try:
        return int(given.run(given))
    except KeyboardInterrupt:
        say("interrupted; what was begun is still there: `make up` goes on with it, `make down` ends it")
        return 130
    except REPORTED as error:
        say(f"error: {error}")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
