"""What admission may make of a probe's pod, and what then no longer counts."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from secret_access.probe import job
from secret_access.probe.admitted import changed
from secret_access.probe.identities import identities
from secret_access.probe.plan import plan
from tests.infra.probe.pods import pod

Manifest = dict[str, Any]


def spec(names: str = "database-password") -> Manifest:
    (probe,) = [
        each
        for each in plan(identities([pod("test"), pod("prod", names=names)])).probes
        if each.identity.namespace == "test"
    ]
    made: Manifest = job.job(probe, 60)["spec"]["template"]["spec"]
    return made


def _adds(given: Manifest) -> None:
    """What a mesh, a cloud's webhook and the API server add."""
    given["containers"].append({"name": "istio-proxy", "image": "istio"})
    given["initContainers"].insert(0, {"name": "istio-init", "image": "istio"})
    given["volumes"].append({"name": "kube-api-access-x", "projected": {}})
    given["initContainers"][1]["env"] += [{"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"}]
    given["initContainers"][1]["env"][-2]["valueFrom"]["fieldRef"]["apiVersion"] = "v1"
    given["containers"][0]["image"] = "mirror/secret-sidecar@sha256:1"
    given["serviceAccount"] = given["serviceAccountName"]


def test_what_is_added_does_not_matter() -> None:
    """An ordinary cluster adds to every pod."""
    admitted = copy.deepcopy(spec())
    _adds(admitted)
    assert changed(spec(), admitted, by_us=True) == ""


def _account(given: Manifest) -> None:
    given["serviceAccountName"] = "default"


def _no_sidecar(given: Manifest) -> None:
    given["initContainers"] = []


def _program(given: Manifest) -> None:
    given["containers"][0]["command"] = ["/bin/wrapper", *given["containers"][0]["command"]]


def _sidecars_program(given: Manifest) -> None:
    given["initContainers"][0]["command"] = ["/bin/other"]


def _role(given: Manifest) -> None:
    given["initContainers"][0]["env"].append({"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/other"})


def _no_role(given: Manifest) -> None:
    given["initContainers"][0]["env"] = [
        each for each in given["initContainers"][0]["env"] if each["name"] != "AWS_ROLE_ARN"
    ]


def _seconds(given: Manifest) -> None:
    given["containers"][0]["args"][0] = "http://elsewhere"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_account, "the pod ran as the ServiceAccount 'default', expected 'secret-access'"),
        (_no_sidecar, "the pod has no container 'secrets'"),
        (_program, "the pod's container 'ask' ran another program"),
        (_sidecars_program, "the pod's container 'secrets' ran another program"),
        (_role, "the pod's container 'secrets' had another AWS_ROLE_ARN"),
        (_no_role, "the pod's container 'secrets' had another AWS_ROLE_ARN"),
        (_seconds, "the pod's container 'ask' had other arguments"),
    ],
)
def test_what_makes_it_another_pod_is_said(change: Callable[[Manifest], None], said: str) -> None:
    """Its answers are not that identity's."""
    admitted = copy.deepcopy(spec())
    change(admitted)
    found = changed(spec(), admitted, by_us=True)
    assert found == f"{said}; see which webhook or policy of the cluster changes pods"


def test_a_value_is_not_said() -> None:
    """A setting may be a key."""
    admitted = copy.deepcopy(spec())
    _role(admitted)
    assert "role/other" not in changed(spec(), admitted, by_us=True)


def test_a_pod_of_an_earlier_print_may_have_asked_for_other_names() -> None:
    """Each name has its own answer or none. All else has to be what it would be today."""
    assert changed(spec("database-password,added"), spec(), by_us=False) == ""
    other = copy.deepcopy(spec())
    _role(other)
    assert changed(spec(), other, by_us=False).endswith("; print the Jobs again and apply them")
