"""What is installed and built before anything else runs."""

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools import build, setup

ROOT = Path(__file__).parents[2]
PACKAGES = {"coreutils": "ls", "base-files": "/etc/os-release"}


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands with which apt-get is called, and does nothing."""
    called: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        called.append(command)
        assert setup.POLICY.read_text() == "#!/bin/sh\nexit 101\n"  # so that no package starts a service
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(setup, "POLICY", tmp_path / "policy-rc.d")
    return called


def test_what_is_there_is_not_installed(apt: list[list[str]]) -> None:
    """A command or a file is what counts, not whose package it is of: Docker brings its own containerd."""
    setup.install_debian_packages(PACKAGES)
    assert apt == []


def test_what_is_missing_is_installed_and_nothing_removed(
    apt: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """apt-get is asked for the missing ones alone, and to fail where it would have to remove another."""
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "no-such-command" else f"/usr/bin/{name}")
    setup.install_debian_packages({**PACKAGES, "runc": "no-such-command"})
    assert not setup.POLICY.exists()
    assert apt[-1] == ["apt-get", "-qq", "install", "--yes", "--no-remove", "--no-install-recommends", "runc"]


def test_who_may_not_install_is_told_what_is_missing(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nothing is tried."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="missing Debian packages: runc; run this as root"):
        setup.install_debian_packages({**PACKAGES, "runc": "no-such-command"})
    assert apt == []


def uv_that_is(version: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A uv on PATH that says that it is of this version; uv of the cache folder is there already."""
    for path, said in ((folder / "bin", version), (folder / f"uv-{setup.UV_VERSION}" / "bin", setup.UV_VERSION)):
        path.mkdir(parents=True)
        (path / "uv").write_text(f"#!/bin/sh\necho '{said}'\n")
        (path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(setup, "CACHE", folder)
    return setup.find_uv()


@pytest.mark.parametrize("version", ["uv 0.9.0", "uv 0.13.9 (x86_64-unknown-linux-gnu)", "uv 1.0.0"])
def test_the_uv_on_path_is_used(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pyproject.toml asks for, or newer."""
    assert uv_that_is(version, tmp_path, monkeypatch) == str(tmp_path / "bin" / "uv")


@pytest.mark.parametrize(("version", "given"), [("uv 0.8.24", "given 0.8.24"), ("what?", "given no version")])
def test_a_uv_that_is_too_old_is_named_and_left_alone(
    version: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another is used in its place, and the person told what was found and what is expected."""
    assert uv_that_is(version, tmp_path, monkeypatch) == str(tmp_path / f"uv-{setup.UV_VERSION}" / "bin" / "uv")
    said = capsys.readouterr().err
    assert f"{tmp_path / 'bin' / 'uv'} is too old: {given}, expected 0.9 or newer" in said


def test_the_oldest_uv_is_the_one_that_the_project_asks_for() -> None:
    """uv itself refuses an older one, in words that say nothing of a way out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["uv"]["required-version"] == ">=" + ".".join(map(str, setup.OLDEST_UV))


@pytest.mark.parametrize("target", ["ask", "matrix", "status"])
def test_commands_before_any_setup_say_what_to_run_first(target: str, tmp_path: Path) -> None:
    """A checkout without its Python packages names the command, not a file that is missing."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", target, "FROM=test", "NAME=test/a"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "nothing is set up in this checkout: run `make up` first" in done.stderr
    assert "o such file" not in done.stderr


def test_asking_without_a_question_shows_one() -> None:
    """FROM and NAME are what is asked for."""
    done = subprocess.run(["make", "ask", "FROM=test"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "such as: make ask FROM=test NAME=prod/database-password" in done.stderr


def test_a_name_with_a_query_reaches_the_command_whole() -> None:
    """No shell expands it on the way."""
    given = ["--no-print-directory", "ask", "LOCAL=printf '%s\\n'", "FROM=test", "NAME=test/*?key=user&stage=x"]
    done = subprocess.run(["make", *given], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["ask", "test", "test/*?key=user&stage=x"]


def test_bytecode_is_kept_between_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the machine says otherwise, as images of containers do: a preview would take twice as long."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    given = ["--no-print-directory", "ask", "LOCAL=printenv PYTHONDONTWRITEBYTECODE; :", "FROM=test", "NAME=test/a"]
    assert subprocess.run(["make", *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""


def a_tool(folder: Path, version: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\necho Client Version: {version}\n")
    program.chmod(0o755)


def test_a_pinned_tool_on_path_is_used_until_it_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is linked, and built once the person has upgraded their own."""
    kubectl = next(tool for tool in build.ALL if tool.name == "kubectl")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(build, "build", lambda _, to: to.write_text("built"))
    a_tool(tmp_path / "bin", kubectl.version)
    binary = build.folder() / "kubectl"
    for _ in range(2):
        assert build.main(["kubectl"]) == 0
        assert binary.readlink() == tmp_path / "bin" / "kubectl"
    a_tool(tmp_path / "bin", f"{kubectl.version}9")
    assert build.main(["kubectl"]) == 0
    assert binary.read_text() == "built"


def test_what_has_to_be_built_is_announced_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How much, how long and that it happens once; nothing is said where everything is there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "on_path", lambda _: None)
    monkeypatch.setattr(build, "build", lambda _, to: to.write_text("built"))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert build.main(["kubelet", "pulumi", "pulumi-resource-kubernetes"]) == 0
    said = capsys.readouterr()
    announced = said.err.splitlines()[0]
    assert "tools: 3 to build, about 9 min on 2 cores; this happens once" in announced
    assert announced.endswith("find them built: kubelet, pulumi, pulumi-resource-kubernetes")
    assert said.out.splitlines() == [str(build.folder()), str(build.folder((build.KUBERNETES_PLUGIN,)))]
    assert build.main(["kubelet", "pulumi", "pulumi-resource-kubernetes"]) == 0
    assert capsys.readouterr().err == ""


def test_tools_of_the_tests_share_no_folder_with_those_of_make_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tool that is added for the tests makes nobody's `make up` build again; those of one module lie together."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "build", lambda _, to: to.write_text("built"))
    of_laptop = build.LAPTOP[0]
    one, other = (replace(of_laptop, name=name, version_flag=()) for name in ("one", "other"))
    monkeypatch.setattr(build, "ALL", (*build.LAPTOP, one, other))
    assert build.main(["one", "other"]) == 0
    (folder,) = map(Path, capsys.readouterr().out.splitlines())
    assert folder != build.folder()
    assert [(folder / name).read_text() for name in ("one", "other")] == ["built"] * 2


def versions(module: str) -> dict[str, str]:
    """What a folder of tools/ is built from: each Go module and its version."""
    required = (build.TOOLS / module / "go.mod").read_text().partition("exclude (")[0]
    return dict(re.findall(r"^(?:require )?\t?(\S+\.\S+) (v\S+)", required, re.MULTILINE))


def test_coredns_is_built_from_what_kubernetes_was_built_from() -> None:
    """Of its 500 packages the compiler then finds 400 done."""
    coredns, kubernetes = versions("coredns"), versions("kubernetes")
    shared = coredns.keys() & kubernetes
    assert "k8s.io/client-go" in shared
    assert {name: coredns[name] for name in shared} == {name: kubernetes[name] for name in shared}


def test_files_of_the_pinned_module_are_there_before_the_tool_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds the tool finds them too."""
    (tmp_path / "module" / "deploy").mkdir(parents=True)
    (tmp_path / "module" / "deploy" / "bundle.yaml").write_text("kind: CustomResourceDefinition")
    go = tmp_path / "go"
    go.write_text(
        f"""#!/bin/sh
        case "$1 $2" in
            "list -m") echo {tmp_path}/module ;;
            build*) while [ "$1" != -o ]; do shift; done; echo built > "$2" ;;
        esac
        """
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    tool = replace(build.LAPTOP[0], beside=(("definitions.yaml", "deploy/bundle.yaml"),))
    build.build(tool, tmp_path / tool.name)
    assert (tmp_path / tool.name).read_text() == "built\n"
    assert (tmp_path / "definitions.yaml").read_text() == "kind: CustomResourceDefinition"
    (tmp_path / tool.name).unlink()
    (tmp_path / "module" / "deploy" / "bundle.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        build.build(tool, tmp_path / tool.name)
    assert not (tmp_path / tool.name).exists()


def test_a_long_build_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """At each fifth of the packages; what Go complains about is kept for the error."""
    kubelet = next(tool for tool in build.ALL if tool.name == "kubelet")
    lines = [*(f"k8s.io/package-{number}\n" for number in range(10)), "go: downloading x v1\n", "# a\n", "a.go:1: no\n"]
    assert list(build._compiled(kubelet, lines, 10)) == ["# a\n", "a.go:1: no\n"]
    said = capsys.readouterr().err.splitlines()
    assert said == [f"  tools: kubelet: {number} of 10 packages compiled" for number in (2, 4, 6, 8)]


@pytest.mark.parametrize("target", ["setup", "setup-check", "setup-test"])
def test_the_makefile_asks_for_what_setup_knows(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its three ways to set up is one that the script takes."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition(f"\n{target}:\n")[2].splitlines()[0]
    done = []
    for name in ("install_debian_packages", "sync_python_packages", "sync_program", "find_uv"):
        monkeypatch.setattr(setup, name, lambda *_, name=name: done.append(name))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Built())
    assert setup.main(recipe.rpartition(" ")[2]) == 0
    assert "sync_python_packages" in done


class Built:
    """A compiler that has nothing left to do."""

    def wait(self) -> int:
        return 0

    def poll(self) -> int:
        return 0
