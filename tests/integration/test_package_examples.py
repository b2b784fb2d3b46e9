"""The programs of examples/ with the package, from an emptied home folder, with the real engine."""

from __future__ import annotations

from dataclasses import replace

import yaml

from local import config
from tests.integration.packaged import Repository, namespace, yaml_project
from tests.integration.real_parts import ApiServer, Stack


def test_the_example_in_yaml_is_previewed_as_it_is(
    yaml_consumer: Stack, repository: Repository, api_server: ApiServer
) -> None:
    """Two clouds and three kinds of workloads, proven isolated; the API server takes each workload in the dry run."""
    for name in ("shop", "report"):
        namespace(api_server, name)
    contexts = yaml.safe_load(api_server.kubeconfig.read_text())
    contexts["contexts"] = [{**contexts["contexts"][0], "name": name} for name in ("eks", "gke")]
    kubeconfig = yaml_consumer.folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({**contexts, "current-context": ""}))
    settings = {"KUBECONFIG": str(kubeconfig), "GOOGLE_OAUTH_ACCESS_TOKEN": "not-used-by-a-preview"}
    stack = yaml_project(yaml_consumer, repository, config.ROOT / "examples/yaml/Pulumi.yaml")
    stack = replace(stack, env={**stack.env, **settings})
    stack.pulumi("install")
    previewed = stack.previewed()
    assert previewed.namespaces == {"aws": 1, "gcp": 1}
    assert previewed.created >= {
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:batch/v1:CronJob",
        "gcp:secretmanager/secretIamMember:SecretIamMember",
        "aws:iam/role:Role",
    }
