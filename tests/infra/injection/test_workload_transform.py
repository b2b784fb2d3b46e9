"""Which resources the transform injects and which it refuses; the engine's part is in tests/integration."""

from typing import Any, cast

import pulumi
import pytest

from secret_access import InvalidArgument, inject_sidecar
from secret_access.pods.injection import inject
from tests.infra.engine import run
from tests.infra.pods.templates import access, template

ASKING = {"labels": {"secret-access/inject": "true"}}
OWN = {"name": "shop", "namespace": "test"}


def transformed(props: dict[str, Any], kind: str = "apps/v1:Deployment", **options: Any) -> Any:
    """The properties of a resource as the transform changes them; None where it leaves the resource alone."""
    args = pulumi.ResourceTransformArgs(
        custom=True, type_=f"kubernetes:{kind}", name="shop", props=props, opts=pulumi.ResourceOptions()
    )
    changed: Any = inject_sidecar(access(), **options)(args)
    return None if changed is None else changed.props


def workload(given: Any = None, metadata: Any = None) -> dict[str, Any]:
    """A Deployment's properties."""
    return {"metadata": OWN if metadata is None else metadata, "spec": {"replicas": 2, "template": given or template()}}


@pytest.mark.parametrize(
    "kind", ["apps/v1:Deployment", "apps/v1:DaemonSet", "batch/v1:Job", "argoproj.io/v1alpha1:Rollout"]
)
def test_a_workloads_template_is_injected(kind: str) -> None:
    """All beside it stays."""
    assert transformed(workload(), kind) == workload(inject(template(), access()))


def test_templates_that_stand_elsewhere_are_found() -> None:
    """In a CronJob, in a PodTemplate, and the pod itself."""
    injected = inject(template(), access())
    cron = transformed(
        {"metadata": OWN, "spec": {"jobTemplate": {"spec": {"template": template()}}}}, "batch/v1:CronJob"
    )
    assert cron["spec"] == {"jobTemplate": {"spec": {"template": injected}}}
    assert transformed({"metadata": OWN, "template": template()}, "core/v1:PodTemplate")["template"] == injected
    pod = {"apiVersion": "v1", "metadata": OWN, "spec": template()["spec"]}
    assert transformed(pod, "core/v1:Pod") == inject(pod, access())


def test_what_is_injected_already_is_left_alone() -> None:
    """As a SecretWorkload is, below the same option."""
    assert transformed(workload(inject(template(), access()))) is None


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        ("core/v1:ConfigMap", {"metadata": OWN, "data": {"spec": "a"}}),
        ("cluster.x-k8s.io/v1beta1:MachineDeployment", {"spec": {"template": {"spec": {"bootstrap": {}}}}}),
        ("argoproj.io/v1alpha1:ApplicationSet", {"spec": {"template": {"spec": {"project": "a", "containers": None}}}}),
        ("example.com/v1:Shop", {"spec": {"template": "name"}}),
        ("core/v1:Service", {"metadata": OWN}),
    ],
)
def test_what_has_no_pod_template_is_left_alone(kind: str, props: dict[str, Any]) -> None:
    """Of a chart, most."""
    assert transformed(props, kind) is None


def test_resources_of_other_packages_are_left_alone() -> None:
    """An ECS service has a template too."""
    args = pulumi.ResourceTransformArgs(True, "aws:ecs/service:Service", "a", workload(), pulumi.ResourceOptions())
    assert inject_sidecar(access())(args) is None


@pytest.mark.parametrize(
    ("props", "kind", "reason"),
    [
        (
            workload(metadata={"namespace": "prod"}),
            "apps/v1:Deployment",
            "metadata.namespace: given 'prod', expected test",
        ),
        (workload(metadata={"name": "shop"}), "apps/v1:Deployment", "metadata.namespace: given None, expected test"),
        (
            workload(template(hostNetwork=True)),
            "apps/v1:Deployment",
            "hostNetwork of the pod template",
        ),
        (workload(template(metadata={"labels": {"team": "b"}})), "apps/v1:Deployment", "label team: given 'b'"),
        (workload(), "apps/v1:DeploymentPatch", "DeploymentPatch.*a whole workload"),
        ({"items": [workload()]}, "apps/v1:DeploymentList", "write each item as a resource of its own"),
        ({"chart": "shop"}, "helm.sh/v3:Release", "Release.*kubernetes.helm.v4.Chart, or SidecarInjection"),
    ],
)
def test_what_cannot_be_injected_is_refused(props: dict[str, Any], kind: str, reason: str) -> None:
    """With the resource's name and the way out."""
    with pytest.raises(InvalidArgument, match=f"inject_sidecar: .*'shop': .*{reason}"):
        transformed(props, kind)


def test_labelled_workloads_of_the_namespace_alone_are_injected() -> None:
    """For a whole program: others, and Helm's own, are none of its business."""
    asking = workload(template(metadata=ASKING))
    assert transformed(asking, labelled=True) == workload(inject(template(metadata=ASKING), access()))
    for given in (workload(), workload(template(metadata={"labels": {"secret-access/inject": "false"}}))):
        assert transformed(given, labelled=True) is None
    assert transformed(workload(template(metadata=ASKING), metadata={"namespace": "prod"}), labelled=True) is None
    assert transformed({"chart": "shop"}, "helm.sh/v3:Release", labelled=True) is None
    with pytest.raises(InvalidArgument, match=r"metadata\.namespace: given None"):
        transformed(workload(template(metadata=ASKING), metadata={}), labelled=True)


class Never(pulumi.Output[Any]):
    """What is known only after the preview, and must not be waited for."""

    def __init__(self) -> None:
        pass

    def apply(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("waited for")


def deployment(props: dict[str, Any]) -> pulumi.ResourceTransformArgs:
    return pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "a", props, pulumi.ResourceOptions())


def test_a_workload_that_does_not_ask_waits_for_nothing_of_the_access() -> None:
    """The access may depend on that very workload, such as a Vault in the cluster."""
    later: Any = {**access(), "namespace": Never(), "sidecar": Never()}
    assert inject_sidecar(later, labelled=True)(deployment(workload())) is None


@pytest.mark.parametrize(
    ("props", "reason"),
    [
        (workload(template(serviceAccountName="shop")), "serviceAccountName"),
        (workload(metadata={"namespace": "prod"}), "given 'prod', expected test"),
    ],
)
def test_what_is_known_refuses_a_workload_at_once(props: dict[str, Any], reason: str) -> None:
    """In the first preview, where the identity is not known yet."""
    later: Any = {**access(), "sidecar": Never()}
    with pytest.raises(InvalidArgument, match=f"inject_sidecar: Deployment 'a': .*{reason}"):
        inject_sidecar(later)(deployment(props))


def test_a_workload_without_a_namespace_is_refused_before_the_access_is_known() -> None:
    """The access is of one namespace, whichever that is."""
    later: Any = {**access(), "namespace": Never(), "sidecar": Never()}
    with pytest.raises(InvalidArgument, match=r"metadata\.namespace: given None, expected that of the access"):
        inject_sidecar(later)(deployment(workload(metadata={"name": "shop"})))


def test_a_pods_name_stays_known_where_the_access_is_not() -> None:
    """A preview shows it, and what depends on it does not wait."""
    args = pulumi.ResourceTransformArgs(
        True, "kubernetes:core/v1:Pod", "a", {"metadata": OWN, "spec": template()["spec"]}, pulumi.ResourceOptions()
    )
    seen: list[Any] = []

    def program() -> None:
        later: Any = {**access(), "sidecar": pulumi.Output.from_input(access()["sidecar"])}
        seen.append(inject_sidecar(later)(args))

    run(program)
    assert seen[0].props["metadata"]["name"] == "shop"
    assert seen[0].props["metadata"]["namespace"] == "test"


def test_arguments_are_checked_at_once() -> None:
    """Before any resource is transformed."""
    with pytest.raises(InvalidArgument, match="inject_sidecar: access has no pod_annotations"):
        inject_sidecar(cast("Any", {"namespace": "test"}))
    with pytest.raises(InvalidArgument, match="inject_sidecar: labelled: given 'yes'"):
        inject_sidecar(access(), labelled="yes")  # type: ignore[arg-type]
