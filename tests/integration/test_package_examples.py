"""The programs of examples/ with the package, from an emptied home folder, with the real engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from local import config
from tests.integration.packaged import Repository, add_standins, namespace, schema_of, yaml_project
from tests.integration.real_parts import ApiServer, Stack

SCOPE = "@owner"
"""Under which Pulumi makes the SDK: the owner of the repository, in lower case."""
EXAMPLE = config.ROOT / "examples/typescript"
TYPESCRIPT = Path(__file__).with_name("typescript")
MADE = {
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:batch/v1:CronJob",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "aws:iam/role:Role",
}


def of_two_clusters(stack: Stack, api_server: ApiServer) -> Stack:
    """The stack with the two clusters of the examples, which are one here, and their namespaces."""
    for name in ("shop", "report"):
        namespace(api_server, name)
    contexts = yaml.safe_load(api_server.kubeconfig.read_text())
    contexts["contexts"] = [{**contexts["contexts"][0], "name": name} for name in ("eks", "gke")]
    kubeconfig = stack.folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({**contexts, "current-context": ""}))
    settings = {"KUBECONFIG": str(kubeconfig), "GOOGLE_OAUTH_ACCESS_TOKEN": "not-used-by-a-preview"}
    return replace(stack, env={**stack.env, **settings})


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command; what it prints."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.returncode}\n{done.stdout}"
    return done.stdout


def test_the_example_in_yaml_is_previewed_as_it_is(
    yaml_consumer: Stack, repository: Repository, api_server: ApiServer
) -> None:
    """Two clouds and three kinds of workloads, proven isolated; the API server takes each workload in the dry run."""
    stack = yaml_project(yaml_consumer, repository, config.ROOT / "examples/yaml/Pulumi.yaml")
    stack = of_two_clusters(stack, api_server)
    stack.pulumi("install")
    previewed = stack.previewed()
    assert previewed.namespaces == {"aws": 1, "gcp": 1}
    assert previewed.created >= MADE


def test_the_example_in_typescript_compiles_and_is_previewed(
    consumer: Stack, repository: Repository, api_server: ApiServer, node_packages: Path, nodejs_sdk: Path
) -> None:
    """With the SDK that `pulumi package add` makes; the compiler refuses what the schema does not have."""
    schema, program = consumer.folder / "schema.json", consumer.folder / "program"
    schema.write_text(json.dumps(schema_of(consumer, repository.plugin("all"))))
    program.mkdir()
    for source in (*EXAMPLE.glob("*.ts"), EXAMPLE / "tsconfig.json", *TYPESCRIPT.iterdir()):
        (program / source.name).write_text(source.read_text().replace("@OWNER/", f"{SCOPE}/"))
    (consumer.folder / "node_modules").symlink_to(node_packages / "node_modules")
    sdk = program / "node_modules" / SCOPE / "secret-access"
    run(nodejs_sdk, schema, sdk, cwd=program)
    npm = {**os.environ, "PATH": os.pathsep.join([str(node_packages / "node_modules/.bin"), os.environ["PATH"]])}
    run("node", "scripts/postinstall.js", cwd=sdk, env=npm)
    settings = json.loads((program / "tsconfig.json").read_text())
    (program / "tsconfig.json").write_text(json.dumps({**settings, "files": ["index.ts", "refused.ts"]}))
    run("tsc", "--project", program, cwd=program, env=npm)

    versions = {name: version(node_packages, name) for name in ("aws", "gcp", "kubernetes")}
    add_standins(Path(consumer.env["PULUMI_HOME"]), versions)
    printed = run("node", "preview.js", "./bin/index.js", cwd=program, env=of_two_clusters(consumer, api_server).env)
    for kind in MADE:
        assert f"{kind}: (create)" in printed, printed


def version(node_packages: Path, name: str) -> str:
    """The version of the plugin for which a cloud's SDK for Node.js asks."""
    package = json.loads((node_packages / "node_modules/@pulumi" / name / "package.json").read_text())
    return str(package["version"])
