"""The settings in a stack's file, read once and checked completely before anything is created.

The only reader of `pulumi.Config`. A file has one of two kinds: `kind: cluster` (what belongs to a cluster) or, without
`kind`, an environment on a cluster.
"""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pulumi
from pulumi.runtime import config as pulumi_config

import namespace_settings
from namespace_settings import Namespace
from secret_access import checks
from secret_access.aws import checks as aws_checks
from section import Section, invalid

DEFAULT_PROVIDERS = "disable-default-providers"
T = TypeVar("T")


@dataclass(frozen=True)
class Aws:
    """The account and region that the stack is meant for."""

    account_id: str
    region: str
    endpoint: str | None = None
    """Endpoint in place of AWS's own (the laptop environment)."""

    @property
    def partition(self) -> str:
        """The partition of the region, such as `aws`."""
        return aws_checks.partition_of(self.region)


@dataclass(frozen=True)
class Kubernetes:
    """How Pulumi reaches the cluster."""

    context: str
    kubeconfig: str | None = None
    """Path of the kubeconfig, from the project's folder; none: as kubectl finds it."""


@dataclass(frozen=True)
class Cluster:
    """A stack of what belongs to a cluster."""

    name: str
    issuer: str
    aws: Aws
    kubernetes: Kubernetes
    existing_provider_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """A stack of namespaces on a cluster."""

    cluster: str
    """The simple name of the cluster's stack."""
    aws: Aws
    sidecar_image: str
    namespaces: tuple[Namespace, ...]
    permissions_boundary: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def load() -> Cluster | Environment:
    """Return the settings of the current stack; raises `InvalidSetting` at the first error."""
    _default_providers_are_off()
    project = pulumi.get_project()
    top = Section(project, _values_of(project), separator=":")
    kind = top.take("kind", "environment")
    if kind not in ("cluster", "environment"):
        raise invalid(top.key("kind"), kind, "cluster or environment", "leave it out for an environment")
    settings = _cluster(top) if kind == "cluster" else _environment(top)
    top.close()
    return settings


def _cluster(top: Section) -> Cluster:
    settings = Cluster(
        name=top.text("name", pattern=r"[a-z0-9]+(-[a-z0-9]+)*", example="blue"),
        issuer=top.checked(
            "issuer",
            aws_checks.issuer,
            top.take("issuer", example="https://oidc.eks.us-east-1.amazonaws.com/id/…"),
        ),
        aws=_aws(top.section("aws", example="account_id and region under it")),
        kubernetes=_kubernetes(top.section("kubernetes", example="context under it")),
        existing_provider_arn=top.take("existing_provider_arn", None),
        tags=top.mapping("tags", "team: platform"),
    )
    if settings.existing_provider_arn is not None:
        top.checked(
            "existing_provider_arn",
            lambda arn: _existing_provider(arn, settings),
            settings.existing_provider_arn,
        )
    return settings


def _existing_provider(arn: str, settings: Cluster) -> None:
    provider = aws_checks.existing_provider(arn, settings.issuer)
    if provider.account_id != settings.aws.account_id:
        raise checks.invalid(
            "is of another account", arn, f"a provider of {settings.aws.account_id}", "correct it or aws.account_id"
        )


def _environment(top: Section) -> Environment:
    namespaces = top.section("namespaces", example="a namespace under it")
    boundary = top.take("permissions_boundary", None)
    aws = _aws(top.section("aws", example="account_id and region under it"))
    settings = Environment(
        cluster=top.text("cluster", pattern=r"[A-Za-z0-9_.-]+", example="aws-cluster, the name of the cluster's stack"),
        aws=aws,
        sidecar_image=top.text("sidecar_image", example="registry.example/secret-sidecar:0.1.0"),
        namespaces=tuple(
            namespace_settings.namespace(name, section, aws.account_id, aws.region)
            for name, section in namespaces.sections().items()
        ),
        permissions_boundary=top.checked(
            "permissions_boundary",
            lambda arn: aws_checks.permissions_boundary(arn, aws.account_id, aws.partition),
            boundary,
        ),
        tags=top.mapping("tags", "team: platform"),
    )
    namespace_settings.check_prefixes_are_apart(namespaces, settings.namespaces)
    return settings


def _aws(section: Section) -> Aws:
    settings = Aws(
        account_id=section.text("account_id", pattern=r"[0-9]{12}", example='"111122223333" (12 digits, in quotes)'),
        region=section.checked("region", aws_checks.region, section.take("region", example="us-east-1")),
        endpoint=section.checked(
            "endpoint", partial(aws_checks.endpoint_url, argument="endpoint"), section.take("endpoint", None)
        ),
    )
    section.close()
    return settings


def _kubernetes(section: Section) -> Kubernetes:
    settings = Kubernetes(
        context=section.text("context", example="my-cluster, a context of the kubeconfig"),
        kubeconfig=section.text("kubeconfig", None, example=".local/kubeconfig, a path from the project's folder"),
    )
    section.close()
    return settings


def kubeconfig_path(kubernetes: Kubernetes) -> str | None:
    """Return the absolute path of the kubeconfig, whatever folder the provider is started in."""
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
