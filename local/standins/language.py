"""The stand-in for Pulumi's language host for Python: runs a program, by program.py, or a plugin in its own virtualenv.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto
"""

# ruff: noqa: N802  (gRPC names the methods)

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from local.standins.protocol import Properties, from_struct, serve

PROGRAM = Path(__file__).with_name("program.py")
BAILED = 32
"""The exit code of a program that has already told the person what was wrong."""


def main(arguments: list[str]) -> None:
    """Serve the engine, whose address is the one argument without a dash."""
    engine = next((argument for argument in arguments if not argument.startswith("-")), "")
    host = _Host(engine)
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), host.stop)


def virtualenv(info: language_pb2.ProgramInfo) -> Path:
    """The folder of the project's ``virtualenv`` option, else uv's default beside the program."""
    return Path(info.root_directory, _options(info).get("virtualenv") or ".venv")


def _options(info: language_pb2.ProgramInfo) -> Properties:
    return from_struct(info.options) if info.HasField("options") else {}


def _python(info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Path:
    python = virtualenv(info) / "bin" / "python"
    if not python.exists():
        context.abort(grpc.StatusCode.UNKNOWN, f"{python} does not exist; run `pulumi install` to make the virtualenv")
    return python


class _Host(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: list[subprocess.Popen[Any]] = []

    def Handshake(self, request: language_pb2.LanguageHandshakeRequest, context: Any) -> Any:
        del context
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        del request, context
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(self, request: language_pb2.AboutRequest, context: Any) -> Any:
        python = _python(request.info, context)
        shown = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
        return language_pb2.AboutResponse(executable=str(python), version=shown.removeprefix("Python").strip())

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: language_pb2.GetRequiredPackagesRequest, context: Any) -> Any:
        del context
        found = virtualenv(request.info).glob("lib/python3*/site-packages/*/pulumi-plugin.json")
        plugins = [json.loads(path.read_text()) for path in sorted(found)]
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=plugin["name"], kind="resource", version=plugin.get("version", ""))
                for plugin in plugins
                if plugin.get("resource")
            ]
        )

    def GetProgramDependencies(self, request: language_pb2.GetProgramDependenciesRequest, context: Any) -> Any:
        del context
        installed = sorted(virtualenv(request.info).glob("lib/python3*/site-packages/*.dist-info"))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, _, version in (folder.stem.partition("-") for folder in installed)
            ]
        )

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        del request, context
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """As the real host does: with the toolchain uv an exact ``uv sync``, with pip what requirements.txt lists.

        Here uv installs that too, which keeps what it has downloaded.
        """
        made = virtualenv(request.info)
        commands = [["uv", "sync"]]
        if _options(request.info).get("toolchain") == "pip":
            commands = [
                ["uv", "venv", "--allow-existing", str(made)],
                ["uv", "pip", "install", "-r", "requirements.txt"],
            ]
        for command in commands:
            installing = subprocess.Popen(
                command,
                cwd=request.info.program_directory or request.directory,
                env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(made), "VIRTUAL_ENV": str(made)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for line in installing.stdout or ():
                yield language_pb2.InstallDependenciesResponse(stdout=line)
            if installing.wait():
                what = f"{' '.join(command)} exited with {installing.returncode}"
                context.abort(grpc.StatusCode.UNKNOWN, f"installing dependencies: {what}")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> Any:
        """Run the program to its end. The real host first runs ``uv sync --inexact``; here ``make up`` has done it."""
        info = request.info
        settings = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": info.root_directory,
            "dry_run": request.dryRun,
            "parallel": request.parallel,
        }
        environment = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        program = os.path.normpath(Path(info.program_directory, info.entry_point))
        running = subprocess.Popen(
            [_python(info, context), "-u", PROGRAM, json.dumps(settings), program, *request.args],
            cwd=request.pwd or None,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stdout.fileno(),
            stderr=sys.stderr.fileno(),
        )
        self._running.append(running)
        context.add_callback(running.terminate)
        code = running.wait()
        if code == BAILED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin to its end, which is written in Python; what it prints first is the port that it serves."""
        info = request.info
        running = subprocess.Popen(
            [_python(info, context), "-u", os.path.normpath(info.program_directory), *request.args],
            cwd=request.pwd or None,
            env={**os.environ, **dict(entry.split("=", 1) for entry in request.env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sys.stderr.fileno(),
        )
        self._running.append(running)
        context.add_callback(running.terminate)
        for line in running.stdout or ():
            yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=running.wait())

    def Cancel(self, request: Any, context: Any) -> Any:
        del request, context
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """End the programs that run."""
        for process in self._running:
            process.terminate()
