"""Running Pulumi on the local stacks: the real engine, with the plugins that plugins.py chooses."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import clouds, config, interrupts, plugins
from local.progress import say
from local.stale_locks import remove_stale_locks


class StackError(RuntimeError):
    """Pulumi failed; the message is what it said."""


def foreign_variables() -> list[str]:
    """Variables of this process that mean another cloud account or another Pulumi, such as AWS_PROFILE."""
    starts = ("PULUMI_", *(start for cloud in clouds.ALL.values() for start in cloud.variables))
    return sorted(name for name in os.environ if name.startswith(starts))


def unset_foreign_variables() -> None:
    """Keep the person's own profile, session token or backend away from the local environment."""
    for name in foreign_variables():
        del os.environ[name]


def environment(tools: Path) -> dict[str, str]:
    """The variables with which Pulumi, kubectl and the clouds' clients work on the local environment alone."""
    return {
        "PATH": plugins.search_path(plugins.choose(), tools),
        "KUBECONFIG": str(config.KUBECONFIG),
        "KUBECACHEDIR": str(config.KUBECTL_CACHE),
        "NO_PROXY": os.environ["NO_PROXY"],
        "no_proxy": os.environ["no_proxy"],
        "PULUMI_BACKEND_URL": f"file://{config.PULUMI_BACKEND}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_HOME": str(config.STATE / "pulumi-home"),
        "PULUMI_K8S_ENABLE_PATCH_FORCE": "true",  # as enable_patch_force, which a Kubernetes plugin before 4.29 lacks
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **{name: value for cloud in clouds.wanted() for name, value in cloud.account.environment().items()},
    }


@dataclass(frozen=True)
class Pulumi:
    """The pinned engine in the folder of tools, on the local stacks."""

    tools: Path

    def __call__(self, *arguments: str) -> str:
        """Run a Pulumi command without questions and return what it prints."""
        config.PULUMI_BACKEND.mkdir(parents=True, exist_ok=True)
        for lock in remove_stale_locks(config.PULUMI_BACKEND):
            say(f"  removed the lock of a pulumi that was killed: {lock}")
        done = interrupts.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=config.ROOT,
            env={**os.environ, **environment(self.tools)},
        )
        with open(config.LOGS / "pulumi.log", "a") as log:
            log.write(f"$ pulumi {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            raise StackError(f"pulumi {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}{_plugins_hint()}")
        return done.stdout

    def up(self, stack: str, *, preview: bool = False) -> bool:
        """Make what a stack's file describes; return whether its program said that it is proven isolated.

        With a preview first the program stops before anything is made, if its documents do not isolate.
        """
        self("stack", "select", "--create", stack)
        printed = self("up", f"--stack={stack}", "--yes", *(() if preview else ("--skip-preview",)))
        return re.search("^ +isolated: .* proven for all names", printed, re.MULTILINE) is not None

    def destroy(self, stack: str) -> None:
        """Remove what a stack made."""
        self("destroy", f"--stack={stack}", "--yes", "--skip-preview")

    def outputs(self, stack: str) -> dict[str, Any]:
        """A stack's outputs."""
        found: dict[str, Any] = json.loads(self("stack", "output", "--json", f"--stack={stack}"))
        return found


def _plugins_hint() -> str:
    """What a failure may come from that Pulumi does not know: a plugin of the machine that is broken, or too old."""
    real = [str(choice) for choice in plugins.choose() if choice.real]
    if not real:
        return ""
    return f"plugins of this machine: {', '.join(real)}; `make up PLUGINS=standin` uses none of them"
