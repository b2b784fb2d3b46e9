"""The settings in a stack's file, read once and checked completely before anything is created.

The only reader of `pulumi.Config`. A file has one of two kinds: `kind: cluster` (what belongs to a cluster) or, without
`kind`, an environment on a cluster. Either is for one cloud.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as pulumi_config

import namespace_settings
from clouds import Cloud, cloud_of
from clouds.cloud import Arguments, Kubernetes
from namespace_settings import Namespace
from section import Section, invalid

DEFAULT_PROVIDERS = "disable-default-providers"


@dataclass(frozen=True)
class Cluster:
    """A stack of what belongs to a cluster."""

    name: str
    cloud: Cloud
    kubernetes: Kubernetes
    arguments: Arguments = field(default_factory=dict)
    """Of the cloud's trust in the cluster's tokens."""


@dataclass(frozen=True)
class Environment:
    """A stack of namespaces on a cluster."""

    cluster: str
    """The simple name of the cluster's stack."""
    cloud: Cloud
    sidecar_image: str
    namespaces: tuple[Namespace, ...]
    arguments: Arguments = field(default_factory=dict)
    """Of the access components of all namespaces."""


def load() -> Cluster | Environment:
    """Return the settings of the current stack; raises `InvalidSetting` at the first error."""
    _default_providers_are_off()
    project = pulumi.get_project()
    top = Section(project, _values_of(project), separator=":")
    kind = top.take("kind", "environment")
    if kind not in ("cluster", "environment"):
        raise invalid(top.key("kind"), kind, "cluster or environment", "leave it out for an environment")
    cloud = cloud_of(top)
    settings = _cluster(top, cloud) if kind == "cluster" else _environment(top, cloud)
    top.close()
    return settings


def _cluster(top: Section, cloud: Cloud) -> Cluster:
    return Cluster(
        name=top.text("name", pattern=r"[a-z0-9]+(-[a-z0-9]+)*", example="blue"),
        cloud=cloud,
        kubernetes=_kubernetes(top.section("kubernetes", example="context under it")),
        arguments=cloud.cluster_arguments(top),
    )


def _environment(top: Section, cloud: Cloud) -> Environment:
    namespaces = top.section("namespaces", example="a namespace under it")
    shared = cloud.environment_arguments(top)
    settings = Environment(
        cluster=top.text(
            "cluster", pattern=r"[A-Za-z0-9_.-]+", example=f"{cloud.name}-cluster, the name of the cluster's stack"
        ),
        cloud=cloud,
        sidecar_image=top.text("sidecar_image", example="registry.example/secret-sidecar:0.1.0"),
        namespaces=tuple(
            namespace_settings.namespace(name, section, cloud, shared)
            for name, section in namespaces.sections().items()
        ),
        arguments=shared,
    )
    namespace_settings.check_prefixes_are_apart(namespaces, settings.namespaces, cloud.backend.spelling)
    return settings


def _kubernetes(section: Section) -> Kubernetes:
    settings = Kubernetes(
        context=section.text("context", example="my-cluster, a context of the kubeconfig"),
        kubeconfig=section.text("kubeconfig", None, example=".local/kubeconfig, a path from the project's folder"),
    )
    section.close()
    return settings


def kubeconfig_path(kubernetes: Kubernetes) -> str | None:
    """Return the absolute path of the kubeconfig: the provider may be started in another folder."""
    if kubernetes.kubeconfig is None:
        return None
    return str(Path(pulumi.get_root_directory(), Path(kubernetes.kubeconfig).expanduser()))


def _values_of(project: str) -> dict[str, Any]:
    """Return every key of the project; `pulumi.Config` reads known keys only, and unknown ones are to be refused."""
    names = {*pulumi_config.get_config_env(), *pulumi_config.CONFIG.get()}
    reader = pulumi.Config(project)
    values = {}
    for name in sorted(names):
        space, _, key = name.partition(":")
        if space == project:
            values[key] = _value(reader.get(key))
    return values


def _value(text: str | None) -> Any:
    """Return a value of the file: Pulumi passes mappings and lists as JSON, texts as they are."""
    if text is not None and text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _default_providers_are_off() -> None:
    given = _value(pulumi.Config("pulumi").get(DEFAULT_PROVIDERS))
    if given != ["*"]:
        raise invalid(
            f"pulumi:{DEFAULT_PROVIDERS}",
            given,
            '["*"]',
            "add it to the stack's file, so that nothing is created with credentials that the stack does not name",
        )
