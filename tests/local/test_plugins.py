"""Which of Pulumi's plugins are used: real ones where there are any, stand-ins for the others."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from local import config, plugins, selection, stacks
from local.plugins import AWS, AZURE, GCP, KUBERNETES, PYTHON, Plugin, PluginError
from tools import build, setup

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    """A machine without any plugin, and what to put on it."""

    folder: Path

    def on_path(self, *there: Plugin) -> None:
        """Put real plugins on PATH."""
        for plugin in there:
            _command(self.folder / "bin" / plugin.command)

    def downloaded(self, plugin: Plugin, version: str, *, whole: bool = True) -> Path:
        """Put a release of a plugin where Pulumi puts what it downloads."""
        folder = self.folder / "pulumi" / "plugins" / f"{plugin.kind}-{plugin.name}-v{version}"
        _command(folder / plugin.command)
        if not whole:
            folder.with_name(f"{folder.name}.partial").touch()
        return folder

    def built(self) -> Path:
        """Put the Kubernetes plugin where tools/build.py puts it."""
        _command(plugins.built_kubernetes() / KUBERNETES.command)
        return plugins.built_kubernetes()


def _command(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PLUGINS", raising=False)
    monkeypatch.setenv("CLOUD", "aws")
    monkeypatch.setattr(plugins, "PULUMI_HOMES", (tmp_path / "pulumi",))
    return Machine(tmp_path)


def chosen() -> str:
    return ", ".join(map(str, plugins.choose()))


def runs(plugin: Plugin) -> str:
    """The command that the engine would run."""
    path = plugins.search_path(plugins.choose(), Path("/tools"))
    found = shutil.which(plugin.command, path=path)
    assert found
    return found


def test_stand_ins_fill_what_is_missing(machine: Machine) -> None:
    """One line says which is which, and the engine finds just that."""
    assert chosen() == "kubernetes stand-in, aws stand-in, python language host stand-in"
    machine.on_path(AWS)
    machine.built()
    assert chosen() == "kubernetes real (4.25.0), aws real (on PATH), python language host stand-in"
    assert runs(KUBERNETES) == str(plugins.built_kubernetes() / KUBERNETES.command)
    assert runs(AWS) == str(machine.folder / "bin" / AWS.command)
    assert runs(PYTHON) == str(plugins.STANDINS / "language-python" / PYTHON.command)


def test_what_pulumi_has_downloaded_is_used(machine: Machine) -> None:
    """Its newest whole release of the major version that the SDKs need."""
    for version in ("4.9.0", "5.0.0", "4.34.2-alpha.1"):
        machine.downloaded(KUBERNETES, version)
    machine.downloaded(KUBERNETES, "4.99.0", whole=False)
    newest = machine.downloaded(KUBERNETES, "4.34.2")
    machine.built()
    assert "kubernetes real (4.34.2)" in chosen()
    assert runs(KUBERNETES) == str(newest / KUBERNETES.command)


def test_the_persons_own_comes_before_what_is_downloaded_or_built(machine: Machine) -> None:
    machine.downloaded(KUBERNETES, "4.34.2")
    machine.built()
    machine.on_path(KUBERNETES)
    assert runs(KUBERNETES) == str(machine.folder / "bin" / KUBERNETES.command)


@pytest.mark.parametrize("checkout", [ROOT, Path("/another")])
def test_a_stand_in_on_path_is_not_taken_for_a_real_plugin(
    checkout: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`python -m local env` puts them there, this checkout's or another's."""
    if checkout != ROOT:
        checkout = tmp_path / "another"
        _command(checkout / "local/standins/bin/resource-aws" / AWS.command)
    monkeypatch.setenv("PATH", str(checkout / "local/standins/bin/resource-aws"), prepend=os.pathsep)
    assert "aws stand-in" in chosen()
    machine.on_path(AWS)
    assert runs(AWS) == str(machine.folder / "bin" / AWS.command)


def test_stand_ins_can_be_forced(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.on_path(AWS, KUBERNETES, PYTHON)
    monkeypatch.setenv("PLUGINS", "standin")
    assert chosen() == "kubernetes stand-in, aws stand-in, python language host stand-in"
    for plugin in (KUBERNETES, AWS, PYTHON):
        assert runs(plugin) == str(plugin.standin / plugin.command)


def test_real_plugins_can_be_forced(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Kubernetes plugin is then built where there is none."""
    monkeypatch.setenv("PLUGINS", "real")
    machine.on_path(AWS, PYTHON)
    assert build.KUBERNETES_PLUGIN.name in setup.go_tools("up")
    machine.built()
    assert chosen() == "kubernetes real (4.25.0), aws real (on PATH), python language host real (on PATH)"


def test_forcing_what_is_missing_names_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is built or made, and with where it was looked for."""
    machine.on_path(PYTHON)
    monkeypatch.setenv("PLUGINS", "real")
    with pytest.raises(PluginError) as refused:
        setup.go_tools("up")
    assert "pulumi-resource-aws" in str(refused.value)
    assert "pulumi-resource-kubernetes" not in str(refused.value)
    assert "pulumi-language-python" not in str(refused.value)
    assert str(machine.folder / "pulumi" / "plugins") in str(refused.value)


@pytest.mark.parametrize("plugin", [GCP, AZURE])
def test_a_real_plugin_is_kept_from_a_fake_that_it_never_met(
    plugin: Plugin, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go to the real cloud, or fail; where it can be pointed at the fake at all, one may ask for that."""
    machine.on_path(KUBERNETES, PYTHON, plugin)
    monkeypatch.setattr(selection, "NAMES", tuple(plugins.OF_CLOUD))
    (name,) = [name for name, of_cloud in plugins.OF_CLOUD.items() if of_cloud is plugin]
    monkeypatch.setenv("CLOUD", name)
    assert f"{plugin.title} stand-in" in chosen()
    assert runs(plugin) == str(plugin.standin / plugin.command)
    monkeypatch.setenv("PLUGINS", "real")
    if plugin.unreachable:
        with pytest.raises(PluginError, match="pulumi-resource-azure-native cannot be used on the laptop: it signs in"):
            chosen()
    else:
        assert f"{plugin.title} real (on PATH)" in chosen()


@pytest.mark.parametrize("real", [(), (AWS,)])
def test_where_pulumi_fails_with_the_machines_own_plugins_it_says_how_to_do_without(
    real: tuple[Plugin, ...], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is broken or too old says so in its own words, if at all."""
    machine.on_path(*real)
    for folder in ("PULUMI_BACKEND", "LOGS"):
        monkeypatch.setattr(config, folder, machine.folder / folder)
        (machine.folder / folder).mkdir()
    tools = machine.folder / "tools"
    tools.mkdir()
    (tools / "pulumi").symlink_to("/bin/false")
    with pytest.raises(stacks.StackError) as failed:
        stacks.Pulumi(tools).up("local-cluster")
    hint = "plugins of this machine: aws real (on PATH); `make up PLUGINS=standin` uses none of them"
    assert (hint in str(failed.value)) is bool(real)


def test_an_unknown_switch_is_refused_before_anything_is_set_up() -> None:
    """By make, in one line."""
    done = subprocess.run(["make", "setup", "PLUGINS=fake"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "setup: PLUGINS: given 'fake', expected one of auto, real, standin\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert "tools:" not in done.stderr


@pytest.mark.usefixtures("machine")
def test_make_up_does_not_build_the_kubernetes_plugin() -> None:
    """`make test` does."""
    assert build.KUBERNETES_PLUGIN.name not in setup.go_tools("up")
    assert build.KUBERNETES_PLUGIN.name in setup.go_tools("test")


@pytest.mark.parametrize(
    ("plugin", "sdk"), [(AWS, "pulumi_aws"), (KUBERNETES, "pulumi_kubernetes"), (PYTHON, "pulumi")]
)
def test_the_plugins_are_of_the_major_version_of_their_sdks(plugin: Plugin, sdk: str) -> None:
    assert metadata.version(sdk).startswith(f"{plugin.major}.")
