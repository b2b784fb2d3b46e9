"""Custom resources from which an operator makes pods. Pure.

Which of a cluster's do is told by their schema: it has containers with images, and a ServiceAccount to run them as.
Operators whose schemas do not say it are known by name.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .rules import Right
from .ways import Clause, Named, Way

RUN: Mapping[str, Collection[str]] = {
    "actions.github.com": ("autoscalingrunnersets", "ephemeralrunners", "ephemeralrunnersets"),
    "actions.summerwind.dev": ("runners", "runnerdeployments", "runnerreplicasets", "runnersets"),
    "apps.kruise.io": ("advancedcronjobs", "broadcastjobs", "clonesets", "daemonsets", "sidecarsets", "statefulsets"),
    "apps.openshift.io": ("deploymentconfigs",),
    "argoproj.io": (
        "analysisruns",
        "analysistemplates",
        "cronworkflows",
        "eventsources",
        "experiments",
        "rollouts",
        "sensors",
        "workflows",
        "workflowtemplates",
    ),
    "batch.volcano.sh": ("jobs",),
    "build.openshift.io": ("buildconfigs", "builds"),
    "flink.apache.org": ("flinkdeployments", "flinksessionjobs"),
    "jobset.x-k8s.io": ("jobsets",),
    "keda.sh": ("scaledjobs",),
    "kubeflow.org": ("mpijobs", "notebooks", "pytorchjobs", "tfjobs", "xgboostjobs"),
    "leaderworkerset.x-k8s.io": ("leaderworkersets",),
    "monitoring.coreos.com": ("alertmanagers", "prometheusagents", "prometheuses", "thanosrulers"),
    "opentelemetry.io": ("instrumentations", "opentelemetrycollectors"),
    "ray.io": ("rayclusters", "rayjobs", "rayservices"),
    "serving.knative.dev": ("configurations", "services"),
    "sparkoperator.k8s.io": ("scheduledsparkapplications", "sparkapplications"),
    "tekton.dev": ("customruns", "pipelineruns", "pipelines", "runs", "taskruns", "tasks"),
}
"""Resources of a namespace whose operator runs containers there, as a ServiceAccount that they name."""
APPLY: Mapping[str, Sequence[str]] = {
    "argoproj.io": ("applications", "applicationsets"),
    "helm.cattle.io": ("helmchartconfigs", "helmcharts"),
    "helm.toolkit.fluxcd.io": ("helmreleases",),
    "kubernetes.crossplane.io": ("objects",),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
}
"""Resources of a namespace whose operator applies any manifest, with rights of its own."""
INJECT: Mapping[str, Sequence[str]] = {
    "argoproj.io": ("clusterworkflowtemplates",),
    "kyverno.io": ("clusterpolicies",),
    "mutations.gatekeeper.sh": ("assign", "assignimage", "modifyset"),
    "policies.kyverno.io": ("mutatingpolicies",),
    "tekton.dev": ("clustertasks",),
}
"""Resources of the cluster whose operator changes or makes pods in every namespace."""
MEND = "take the right away from all but the pipeline: its operator makes pods of it, as the ServiceAccount it names"
APPLIED = (
    "take the right away from all but the pipeline, or have the operator act as a ServiceAccount of the namespace: it "
    "applies what it is given with its own rights"
)


@dataclass(frozen=True)
class Operators:
    """What a cluster has."""

    groups: Collection[str] = ()
    """API groups."""
    resources: Collection[tuple[str, str]] = ()
    """Group and name of the custom resources of namespaces that have containers in their schema."""

    def runs(self) -> list[Way]:
        """Return the ways to the namespace's own identities."""
        known = {(group, each) for group, every in RUN.items() if group in self.groups for each in every}
        resources = sorted(known | set(self.resources))
        if not resources:
            return []
        create = Clause(_rights(("create",), resources), Named.NONE)
        change = Clause(_rights(("update", "patch"), resources))
        return [Way("create custom workloads", (create,), MEND), Way("change custom workloads", (change,), MEND)]

    def applies(self, namespace: str) -> Iterator[Way]:
        """Yield the way to every identity by what is applied from a namespace, whichever it is."""
        resources = [(group, each) for group, every in APPLY.items() if group in self.groups for each in every]
        if resources:
            clause = Clause(_rights(("create", "update", "patch"), resources))
            yield Way(f"apply manifests by an operator, in {namespace}", (clause,), APPLIED)

    def injects(self) -> Iterator[Way]:
        """Yield the way to every identity by what operators change in every namespace."""
        resources = [(group, each) for group, every in INJECT.items() if group in self.groups for each in every]
        if resources:
            clause = Clause(_rights(("create", "update", "patch"), resources), of_cluster=True)
            yield Way("change what operators inject", (clause,), MEND)


def has_containers(definition: Mapping[str, Any]) -> bool:
    """Tell whether a CustomResourceDefinition's schema has containers, and a ServiceAccount to run them as."""
    versions = definition["spec"].get("versions") or ()
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") or {} for version in versions]
    return any(_has_containers(schema) and _has(schema, "serviceAccountName") for schema in schemas)


def _has_containers(schema: Mapping[str, Any]) -> bool:
    items = (_properties(schema).get("containers") or {}).get("items") or {}
    return "image" in _properties(items) or any(map(_has_containers, _inner(schema)))


def _has(schema: Mapping[str, Any], name: str) -> bool:
    return name in _properties(schema) or any(_has(each, name) for each in _inner(schema))


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return schema.get("properties") or {}


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from _properties(schema).values()
    yield from (each for key in ("items", "additionalProperties") if isinstance(each := schema.get(key), Mapping))


def _rights(verbs: Collection[str], resources: Collection[tuple[str, str]]) -> tuple[Right, ...]:
    return tuple(Right(verb, group, resource) for group, resource in resources for verb in verbs)
