"""Previews of a program by Pulumi's engine, from an empty state in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.infra import usage
from bench.infra.echo import Echo, Resources
from bench.infra.usage import Used
from local.plugins import PYTHON

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("programs")
_FOLDERS = {"ours": "ours", "tags": "ours", "flat": "flat", "bare": "flat"}
"""The folder of each program; two are in one, and tell by the project's name which is asked for."""
_STACK = "bench"
_CREATED = re.compile(r"\+ (\d+) to create")


@dataclass(frozen=True)
class Engine:
    """Pulumi's engine in the folder of tools, the provider that it attaches to, and a folder for projects."""

    tools: Path
    echo: Echo
    port: int
    folder: Path

    def preview(self, program: str, namespaces: int) -> tuple[Used, int]:
        """Preview a program with so many namespaces; returns what it used, and the number of its resources."""
        project = self.folder / program
        if not project.exists():
            self._create(project)
        set_ = f"{program}:namespaces={namespaces}"
        command = ["pulumi", "preview", f"--stack={_STACK}", f"--config={set_}", "--non-interactive", "--color=never"]
        used = usage.run(command, project, self._environment(project))
        created = _CREATED.search(used.printed)
        if not created:
            raise SystemExit(f"bench: the preview of {program} does not say how much it creates:\n{used.printed}")
        return used, int(created[1])

    def resources(self, program: str, namespaces: int) -> Resources:
        """Return the inputs of a program's resources, components left out."""
        seen: Resources = {}
        self.echo.seen = seen
        try:
            self.preview(program, namespaces)
        finally:
            self.echo.seen = None
        return seen

    def _create(self, project: Path) -> None:
        (project / "state").mkdir(parents=True)
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        settings = {"name": project.name, "main": str(PROGRAMS / _FOLDERS[project.name]), "runtime": runtime}
        (project / "Pulumi.yaml").write_text(json.dumps(settings))
        command = ["pulumi", "stack", "init", _STACK, "--non-interactive"]
        subprocess.run(command, cwd=project, env=self._environment(project), capture_output=True, check=True)

    def _environment(self, project: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_", "PYTHON"))}
        return {
            **kept,
            "PATH": os.pathsep.join([str(PYTHON.standin), str(self.tools), os.environ["PATH"]]),
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            "PULUMI_BACKEND_URL": f"file://{project}/state",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{self.port},kubernetes:{self.port}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self.folder / "home"),
            # Else the engine spells out the whole state at each step and, in a preview, discards it: quadratic
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONPYCACHEPREFIX": str(self.folder / "pycache"),
        }
