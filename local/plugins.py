"""Which of Pulumi's plugins the local stacks run with: the real ones that the machine has, stand-ins for the others.

``PLUGINS`` in the environment, or `make up PLUGINS=…`, says otherwise. Standard library only: tools/setup.py asks too.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from local import config, selection
from tools import build

STANDINS = config.ROOT / "local" / "standins" / "bin"
"""A folder for each, so that each can be on PATH without the others."""
PULUMI_HOMES = tuple(Path(home) for home in (os.environ.get("PULUMI_HOME"), Path.home() / ".pulumi") if home)
"""Where Pulumi keeps what it downloads; read before the person's own PULUMI_HOME is put aside."""


class PluginError(RuntimeError):
    """The plugins that were asked for cannot be had; the message says why and what to do."""


class Wanted(Enum):
    """The values of ``PLUGINS``."""

    AUTO = "auto"
    """A real plugin where the machine has one, else its stand-in."""
    REAL = "real"
    """Real plugins alone."""
    STANDIN = "standin"
    """Stand-ins alone."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that the local stacks need. ``major``: the major version that works with the pinned SDKs."""

    kind: str
    name: str
    major: int
    title: str
    source: str
    untried: bool = False
    """Whether no real one ever met the laptop's fake of its cloud: it is used only where ``PLUGINS=real`` says so."""
    unreachable: str = ""
    """Why a real one cannot be pointed at the laptop's fake of its cloud at all."""

    @property
    def command(self) -> str:
        """The command that the engine looks for."""
        return f"pulumi-{self.kind}-{self.name}"

    @property
    def standin(self) -> Path:
        """The folder of its stand-in."""
        return STANDINS / f"{self.kind}-{self.name}"


KUBERNETES = Plugin(
    "resource", "kubernetes", 4, "kubernetes", "`make up PLUGINS=real` builds it, `pulumi plugin install` downloads it"
)
AWS = Plugin("resource", "aws", 7, "aws", "`pulumi plugin install resource aws` downloads it")
GCP = Plugin("resource", "gcp", 10, "gcp", "`pulumi plugin install resource gcp` downloads it", untried=True)
"""A real one can be given the fake's address for each of Google's APIs, by its inputs ``…CustomEndpoint``."""
AZURE = Plugin(
    "resource",
    "azure-native",
    3,
    "azure-native",
    "`pulumi plugin install resource azure-native` downloads it",
    unreachable="it signs in to Entra ID, at a host that the laptop's fake of Azure does not have",
)
VAULT = Plugin("resource", "vault", 7, "vault", "`pulumi plugin install resource vault` downloads it")
PYTHON = Plugin("language", "python", 3, "python language host", "it comes with Pulumi's own release: put that on PATH")
OF_CLOUD = {"aws": AWS, "gcp": GCP, "azure": AZURE, "vault": VAULT}
"""The plugin that each cloud's stacks need beside the others."""


@dataclass(frozen=True)
class Choice:
    """What takes a plugin's place: the folder of its command, and the version or place of a real one."""

    plugin: Plugin
    folder: Path
    real: str | None

    def __str__(self) -> str:
        return f"{self.plugin.title} real ({self.real})" if self.real else f"{self.plugin.title} stand-in"


def wanted() -> Wanted:
    """What ``PLUGINS`` asks for; raises PluginError where it is none of the values."""
    given = os.environ.get("PLUGINS") or Wanted.AUTO.value
    try:
        return Wanted(given)
    except ValueError:
        expected = ", ".join(value.value for value in Wanted)
        raise PluginError(f"PLUGINS: given {given!r}, expected one of {expected}") from None


def built_kubernetes() -> Path:
    """The folder in which tools/build.py puts the Kubernetes plugin."""
    return build.folder((build.KUBERNETES_PLUGIN,))


def choose(*, building: bool = False) -> tuple[Choice, ...]:
    """A choice for each plugin of the clouds that are wanted; the Kubernetes plugin's is the first.

    Raises PluginError where ``PLUGINS=real`` and one is missing.

    ``building``: the Kubernetes plugin is about to be built, so it counts as there.
    """
    mode = wanted()
    needed = (KUBERNETES, *(OF_CLOUD[name] for name in selection.wanted()), PYTHON)
    choices = {plugin: _real(plugin, building=building) if _may_be_real(plugin, mode) else None for plugin in needed}
    if mode is Wanted.REAL and (beyond := [plugin for plugin in needed if plugin.unreachable]):
        which = "; ".join(f"{plugin.command} cannot be used on the laptop: {plugin.unreachable}" for plugin in beyond)
        raise PluginError(f"PLUGINS=real, but {which}; PLUGINS=auto lets its stand-in take its place, or name a CLOUD")
    if mode is Wanted.REAL and (missing := [plugin for plugin, found in choices.items() if not found]):
        which = "; ".join(f"{plugin.command} ({plugin.source})" for plugin in missing)
        raise PluginError(
            f"PLUGINS=real, but this machine lacks {which}; looked on PATH and in "
            f"{', '.join(str(home / 'plugins') for home in PULUMI_HOMES)}; PLUGINS=auto lets stand-ins take their place"
        )
    return tuple(found or Choice(plugin, plugin.standin, None) for plugin, found in choices.items())


def _may_be_real(plugin: Plugin, mode: Wanted) -> bool:
    if mode is Wanted.AUTO:
        return not (plugin.untried or plugin.unreachable)
    return mode is Wanted.REAL


def _real(plugin: Plugin, *, building: bool) -> Choice | None:
    """The first real one on PATH, in Pulumi's plugin folders, or built here."""
    if found := shutil.which(plugin.command, path=os.pathsep.join(_person_path())):
        return Choice(plugin, Path(found).parent, "on PATH")
    for home in PULUMI_HOMES:
        if installed := sorted(_installed(plugin, home / "plugins")):
            version, folder = installed[-1]
            return Choice(plugin, folder, ".".join(map(str, version)))
    built = built_kubernetes()
    if plugin is KUBERNETES and (building or (built / plugin.command).exists()):
        return Choice(plugin, built, build.KUBERNETES_PLUGIN_RELEASE)
    return None


def _installed(plugin: Plugin, plugins: Path) -> Iterator[tuple[tuple[int, ...], Path]]:
    """The whole releases of a plugin's major version in a plugin folder of Pulumi's."""
    for folder in plugins.glob(f"{plugin.kind}-{plugin.name}-v*"):
        version = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", folder.name.rpartition("-v")[2])
        whole = not folder.with_name(f"{folder.name}.partial").exists() and os.access(folder / plugin.command, os.X_OK)
        if version and int(version[1]) == plugin.major and whole:
            yield tuple(map(int, version.groups())), folder


def search_path(choices: Iterable[Choice], tools: Path) -> str:
    """The PATH on which the engine finds what was chosen, and the pinned tools before the machine's own."""
    chosen = list(choices)
    person = _person_path()
    standins = [str(choice.folder) for choice in chosen if not choice.real]
    real = [str(choice.folder) for choice in chosen if choice.real and str(choice.folder) not in person]
    return os.pathsep.join([*standins, str(tools), *real, *person, *uv_folder()])


def uv_folder() -> list[str]:
    """Where tools/setup.py has put uv, which language hosts call, for a PATH without one."""
    return [str(folder) for folder in sorted(config.CACHE.glob("uv-*/bin"))[-1:]]


def _person_path() -> list[str]:
    """PATH without the stand-ins that `python -m local env` of this or another checkout has put there."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [entry for entry in entries if Path(entry).parts[-4:-1] != STANDINS.parts[-3:]]
