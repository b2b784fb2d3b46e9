"""Fields that Kubernetes does not have are found at any depth, and none that it has is refused."""

from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import PodTemplateSpecArgs

from secret_access import InvalidArgument
from secret_access.pods import fields

WHOLE = {
    "metadata": {"labels": {"any-label": "x", "with_underscore": "y"}, "annotations": {"a": "b"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b", "optional": True}}}],
                "resources": {"limits": {"nvidia.com/gpu": 1, "cpu": "1"}},
                "securityContext": {"capabilities": {"drop": ["ALL"]}, "seccompProfile": None},
                "readinessProbe": {"grpc": {"port": 3000}, "httpGet": None},
            }
        ],
        "hostIPC": False,
        "nodeSelector": {"no_such_field": "is a label"},
        "setHostnameAsFQDN": True,
        "volumes": [{"name": "a", "csi": {"driver": "d", "volumeAttributes": {"any": "thing"}}}],
    },
}


def test_what_a_pod_template_has_passes() -> None:
    """Names of labels, resources and attributes are no fields."""
    fields.check("pod", WHOLE, PodTemplateSpecArgs)
    fields.check("pod", None, PodTemplateSpecArgs)


@pytest.mark.parametrize(
    ("given", "where", "near"),
    [
        ({"specs": {}}, "pod: given 'specs'", "spec"),
        ({"spec": {"node_selector": {}}}, "pod.spec: given 'node_selector'", "nodeSelector"),
        ({"spec": {"host_ipc": True}}, "pod.spec: given 'host_ipc'", "hostIPC"),
        (
            {"spec": {"containers": [{"name": "a"}, {"name": "b", "volumeMount": []}]}},
            r"pod.spec.containers\[1\]: given 'volumeMount'",
            "volumeMounts",
        ),
        (
            {"spec": {"volumes": [{"name": "a", "configMap": {"nam": "b"}}]}},
            r"pod.spec.volumes\[0\].configMap: given 'nam'",
            "name",
        ),
    ],
)
def test_a_misspelt_field_is_refused_with_the_nearest(given: Any, where: str, near: str) -> None:
    """Also one that is spelled as Python's SDK has it."""
    with pytest.raises(InvalidArgument, match=f"unknown field of {where}, .*did you mean {near}\\? "):
        fields.check("pod", given, PodTemplateSpecArgs)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ("shop:1", "pod: given 'shop:1', expected a mapping"),
        ({"spec": {"containers": {"name": "a"}}}, "pod.spec.containers: given .*, expected a list"),
        ({"spec": {"containers": ["shop:1"]}}, r"pod.spec.containers\[0\]: given 'shop:1', expected a mapping"),
        ({"spec": {"containers": [{"name": "a", "command": "serve"}]}}, r"command: .*a list; write \['serve'\]"),
        ({"spec": {"nodeSelector": "fast"}}, "pod.spec.nodeSelector: given 'fast', expected a mapping"),
        ({"spec": {"affinity": ["a"]}}, "pod.spec.affinity: .*expected a mapping"),
    ],
)
def test_another_shape_is_refused(given: Any, where: str) -> None:
    """A text where a list belongs, and a list where a mapping does."""
    with pytest.raises(InvalidArgument, match=where):
        fields.check("pod", given, PodTemplateSpecArgs)


SECRET = {"name": "PASSWORD", "value": "s3cr3t"}


@pytest.mark.parametrize(
    "given",
    [
        [{"spec": {"containers": [{"env": [SECRET]}]}}],
        {"spec": [{"containers": [{"env": [SECRET]}]}]},
        {"spec": {"containers": {"app": {"env": [SECRET]}}}},
        {"spec": {"containers": [[SECRET]]}},
        {"spec": {"containers": [{"env": {"PASSWORD": "s3cr3t"}}]}},
        {"spec": {"containers": [{"env": ["PASSWORD=s3cr3t"]}]}},
        {"spec": {"containers": [{"env": "PASSWORD=s3cr3t"}]}},
    ],
)
def test_no_refusal_shows_the_value_of_a_variable(given: Any) -> None:
    """It may be a secret, which would get into logs."""
    with pytest.raises(InvalidArgument) as error:
        fields.check("pod", given, PodTemplateSpecArgs)
    assert "s3cr3t" not in str(error.value)
