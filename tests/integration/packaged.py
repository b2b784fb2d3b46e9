"""This repository as others get it: a git repository with a tag, on a server of the loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from local import config, pki, plugins
from tests.integration import git_server
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

VERSION = "0.1.0"
ADDRESS = "https://github.com/OWNER/secret-access"
"""As documentation, examples and templates name it."""
STANDINS = (plugins.KUBERNETES, *plugins.OF_CLOUD.values())
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"


@dataclass(frozen=True)
class Repository:
    """A bare repository with one tag, served by HTTPS."""

    address: str
    authority: Path
    """Who vouches for the server, for SSL_CERT_FILE."""

    @classmethod
    @contextmanager
    def served(cls, folder: Path) -> Iterator[Repository]:
        """Commit and tag what the work tree has, and serve it."""
        tree, bare = folder / "tree", folder / "served/OWNER/secret-access.git"
        listed = _git("ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", cwd=config.ROOT)
        for name in filter(lambda name: (config.ROOT / name).is_file(), listed.splitlines()):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(config.ROOT / name, tree / name, follow_symlinks=False)
        _git("init", "--quiet", cwd=tree)
        _git("add", "--all", cwd=tree)
        _git("commit", "--quiet", "--message", "The repository", cwd=tree)
        _git("tag", f"v{VERSION}", cwd=tree)
        bare.parent.mkdir(parents=True)
        _git("clone", "--quiet", "--bare", str(tree), str(bare), cwd=folder)
        authority = pki.Authority(folder)
        with git_server.serving(folder / "served", authority) as address:
            yield cls(f"{address}/OWNER/secret-access.git", authority.cert)

    def plugin(self, cloud: str) -> str:
        """The address of a plugin's folder, without its version."""
        return f"{self.address}/infra/plugin/{cloud}"


def _git(*arguments: str, cwd: Path) -> str:
    identity = {
        f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env={**os.environ, **identity}, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def versions_in_python() -> dict[str, str]:
    """The versions of the clouds' plugins for which the package's own SDKs ask."""
    return {plugin.name: metadata.version(f"pulumi_{plugin.name}") for plugin in STANDINS}


def add_standins(home: Path, versions: Mapping[str, str]) -> None:
    """Put into a PULUMI_HOME the clouds' plugins, which Pulumi would download, of these versions."""
    for plugin in (plugin for plugin in STANDINS if plugin.name in versions):
        installed = home / "plugins" / f"resource-{plugin.name}-v{versions[plugin.name]}"
        if installed.exists():
            continue
        installed.mkdir(parents=True)
        (installed / plugin.command).symlink_to(plugin.standin / plugin.command)
        (installed / "PulumiPlugin.yaml").write_text(json.dumps({"runtime": "go"}))


def consumer(
    tools: Path, repository: Repository, home: Path, ministack: MiniStack, api_server: ApiServer, folder: Path
) -> Stack:
    """A project of somebody else's, who has nothing but what is in the home folder."""
    made = Stack.made(tools, folder, os.environ)
    settings = {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "SSL_CERT_FILE": str(repository.authority),
        "AWS_ENDPOINT_URL": ministack.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "KUBECONFIG": str(api_server.kubeconfig),
    }
    env = {name: value for name, value in made.env.items() if name != "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"}
    own = replace(made, env={**env, **settings})
    own.pulumi("stack", "select", "only")
    return own


def schema_of(consumer: Stack, plugin: str) -> dict[str, Any]:
    """The schema in what `pulumi package get-schema` prints between an installer's lines."""
    printed = consumer.pulumi("package", "get-schema", f"{plugin}@{VERSION}")
    loaded: dict[str, Any] = json.JSONDecoder().raw_decode(printed[printed.index('{\n  "name": "secret-access"') :])[0]
    return loaded


def yaml_project(consumer: Stack, repository: Repository, source: Path) -> Stack:
    """A project in YAML, with the address of the repository that is served in the place of GitHub's."""
    (consumer.folder / "Pulumi.yaml").write_text(source.read_text().replace(ADDRESS, repository.address))
    if not consumer.pulumi("stack", "ls", "--json").count('"name"'):
        consumer.pulumi("stack", "init", "only")
    return consumer


def namespace(api_server: ApiServer, name: str) -> None:
    """Make a namespace unless it is there."""
    if api_server.client.get(f"/api/v1/namespaces/{name}") is None:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
