"""What SecretWorkload asks of Kubernetes."""

from typing import Any

import pytest

from secret_access import SecretWorkloadArgs
from tests.infra.components import workload
from tests.infra.engine import Later, run

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def deployment(**changed: Any) -> dict[str, Any]:
    return run(workload(**changed)).one(DEPLOYMENT).inputs


def pod(**changed: Any) -> dict[str, Any]:
    spec: dict[str, Any] = deployment(**changed)["spec"]["template"]["spec"]
    return spec


def test_it_makes_a_deployment_named_after_it() -> None:
    """One Deployment under the component, with the component's name unless another is given."""
    world = run(workload())
    asked = world.one(DEPLOYMENT)
    assert (asked.name, asked.parent) == ("shop-deployment", "shop")
    assert asked.inputs["metadata"] == {
        "name": "shop",
        "namespace": "test",
        "labels": {"app.kubernetes.io/name": "shop"},
    }
    assert world.outputs["shop"] == {"namespace": "test", "workloadName": "shop"}
    assert deployment(workload_name="web")["metadata"]["name"] == "web"


def test_annotations_are_the_workloads_own() -> None:
    """Those of the pods are in the pod template."""
    made = deployment(annotations={"pulumi.com/skipAwait": "true"})
    assert made["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert "pulumi.com/skipAwait" not in made["spec"]["template"]["metadata"]["annotations"]


def test_pods_carry_what_the_access_asks_for() -> None:
    """Labels, annotations, ServiceAccount, sidecar and volumes come from the access component."""
    spec = deployment()["spec"]
    assert spec["replicas"] == 1
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": "shop"}}
    assert spec["template"]["metadata"] == {
        "labels": {"app.kubernetes.io/name": "shop"},
        "annotations": {"eks.amazonaws.com/skip-containers": "app,secrets"},
    }
    template = spec["template"]["spec"]
    assert template["serviceAccountName"] == "secret-access"
    assert [container["name"] for container in template["initContainers"]] == ["secrets"]
    assert [volume["name"] for volume in template["volumes"]] == ["secret-access-token"]


def test_the_app_knows_the_sidecar_and_holds_no_token() -> None:
    """SECRETS_URL is set; no volume is mounted in the app, and none by Kubernetes itself."""
    template = pod(env={"LOG_LEVEL": "info"}, ports=[3000])
    (app,) = template["containers"]
    assert app["env"] == [
        {"name": "SECRETS_URL", "value": "http://localhost:8080"},
        {"name": "LOG_LEVEL", "value": "info"},
    ]
    assert app["ports"] == [{"containerPort": 3000}]
    assert "volumeMounts" not in app
    assert "ports" not in pod()["containers"][0]
    assert template["automountServiceAccountToken"] is False


def test_pods_are_fit_for_the_restricted_standard() -> None:
    """Each thing that the Pod Security Standard `restricted` demands, in the pod and in the app."""
    template = pod()
    assert template["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (app,) = template["containers"]
    assert app["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert template["enableServiceLinks"] is False


def test_an_app_may_ask_for_a_writable_root_replicas_and_resources() -> None:
    """What differs from app to app is the caller's to say, also by an Output."""
    resources = {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}
    made = deployment(writable_root=Later(True), replicas=3.0, resources=resources)
    assert made["spec"]["replicas"] == 3
    (app,) = made["spec"]["template"]["spec"]["containers"]
    assert app["securityContext"]["readOnlyRootFilesystem"] is False
    assert app["resources"] == resources


def test_the_number_of_pods_may_be_left_to_an_autoscaler() -> None:
    """`autoscaled` leaves it out, so that no `up` sets it back; 0 is a number, and None is what is left out."""
    for word in ("autoscaled", Later("autoscaled")):
        assert "replicas" not in deployment(replicas=word)["spec"]
    assert deployment(replicas=None)["spec"]["replicas"] == 1
    assert deployment(replicas=0)["spec"]["replicas"] == 0


def test_requests_and_limits_are_there_without_asking() -> None:
    """Both containers ask for CPU and memory and have a limit of memory; CPU that is idle is nobody's loss."""
    template = pod()
    for container in (*template["initContainers"], *template["containers"]):
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert set(container["resources"]["limits"]) == {"memory"}


PROXY = "http://proxy.example:3128"


def environment(**env: str) -> dict[str, str]:
    return {item["name"]: item["value"] for item in pod(env=env)["containers"][0]["env"]}


@pytest.mark.parametrize(
    "variable", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_an_app_behind_a_proxy_asks_the_sidecar_directly(variable: str) -> None:
    """Else the proxy would be asked for secrets by name, and would answer."""
    told = environment(**{variable: PROXY})
    assert told[variable] == PROXY
    assert told["NO_PROXY"] == told["no_proxy"] == "localhost,127.0.0.1,::1"


def test_what_the_app_reaches_directly_beside_is_kept() -> None:
    """Whichever case it was given in, both have it; `*` already means all."""
    told = environment(HTTP_PROXY=PROXY, NO_PROXY=".svc, localhost")
    assert told["NO_PROXY"] == told["no_proxy"] == ".svc,localhost,127.0.0.1,::1"
    told = environment(HTTP_PROXY=PROXY, no_proxy="10.0.0.0/8", NO_PROXY=".svc")
    assert told["NO_PROXY"] == ".svc,localhost,127.0.0.1,::1"
    assert told["no_proxy"] == "10.0.0.0/8,localhost,127.0.0.1,::1"
    assert environment(HTTP_PROXY=PROXY, NO_PROXY="*")["no_proxy"] == "*"
    assert "NO_PROXY" not in environment(LOG_LEVEL="info")


def test_why_the_app_ended_is_where_people_look() -> None:
    """`kubectl describe pod` shows the last lines of its log."""
    assert pod()["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_labels_of_the_access_reach_the_pods() -> None:
    """A cloud that identifies pods by label gets it, and the selector stays as it was."""
    spec = run(workload({"pod_labels": {"team": "a"}})).one(DEPLOYMENT).inputs["spec"]
    assert spec["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": "shop", "team": "a"}
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": "shop"}}


def test_outputs_as_arguments_ask_for_the_same() -> None:
    """Every argument may be known later."""
    args: dict[str, Any] = {
        "image": "registry.example/shop:2",
        "workload_name": "web",
        "replicas": 2,
        "env": {"A": "b"},
        "ports": [3000],
        "resources": {"limits": {"memory": "1Gi"}},
        "writable_root": True,
        "annotations": {"a": "b"},
        "pod": {"spec": {"nodeSelector": {"disk": "fast"}, "containers": [{"name": "app", "command": ["serve"]}]}},
        "spec": {"minReadySeconds": 5},
    }
    assert {*args, "access", "caller", "kind"} == set(SecretWorkloadArgs.__annotations__)
    assert deployment(**{key: Later(value) for key, value in args.items()}) == deployment(**args)
