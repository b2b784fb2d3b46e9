"""The pod template of a platform, merged over secure defaults."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import workload
from tests.infra.engine import Later, World, run

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECURE = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}


def template(pod: Any = None, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(workload(pod=pod, **changed)).one(DEPLOYMENT).inputs["spec"]["template"]
    return found


def containers(pod: Any = None, **changed: Any) -> dict[str, dict[str, Any]]:
    """The containers and init containers by their names, in their order."""
    spec = template(pod, **changed)["spec"]
    return {container["name"]: container for container in (*spec["initContainers"], *spec["containers"])}


def test_everything_that_a_pod_takes_gets_into_it() -> None:
    """Scheduling, probes, volumes, hooks, pull secrets, users: as they are given."""
    probe = {"httpGet": {"path": "/healthz", "port": 3000}, "periodSeconds": 5}
    app = {
        "name": "app",
        "command": ["serve"],
        "args": ["--port", "3000"],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "livenessProbe": probe,
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
        "workingDir": "/srv",
    }
    spec = {
        "affinity": {"podAntiAffinity": {}},
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"disk": "fast"},
        "priorityClassName": "high",
        "terminationGracePeriodSeconds": 60,
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
    }
    made = template(
        {
            "metadata": {"labels": {"tier": "front"}, "annotations": {"sidecar.istio.io/inject": "true"}},
            "spec": {**spec, "containers": [app], "volumes": [{"name": "cache", "emptyDir": {}}]},
        }
    )
    assert {name: made["spec"][name] for name in spec} == spec
    (given,) = made["spec"]["containers"]
    assert {name: given[name] for name in app} == app
    assert (given["image"], given["securityContext"]) == ("registry.example/shop:1", SECURE)
    assert [volume["name"] for volume in made["spec"]["volumes"]] == ["cache", "secret-access-token"]
    assert made["metadata"]["labels"] == {"app.kubernetes.io/name": "shop", "tier": "front"}
    assert made["metadata"]["annotations"]["sidecar.istio.io/inject"] == "true"


def test_every_container_is_secure_and_gets_the_address() -> None:
    """Further ones and init containers too, after the sidecar; the webhook's list has them all."""
    pod = {"spec": {"containers": [{"name": "proxy"}], "initContainers": [{"name": "migrate", "image": "shop:1"}]}}
    found = containers(pod)
    assert list(found) == ["secrets", "migrate", "app", "proxy"]
    for name in ("migrate", "app", "proxy"):
        assert found[name]["securityContext"] == SECURE
        assert found[name]["env"][0] == {"name": "SECRETS_URL", "value": "http://localhost:8080"}
        assert set(found[name]["resources"]["limits"]) == {"memory"}
    annotations = template(pod)["metadata"]["annotations"]
    assert sorted(annotations["eks.amazonaws.com/skip-containers"].split(",")) == sorted(found)


def test_a_secure_default_gives_way_to_what_is_said_and_no_further() -> None:
    """One field of a securityContext leaves the others as they are."""
    context = {"runAsUser": 1000, "capabilities": {"add": ["NET_BIND_SERVICE"]}, "readOnlyRootFilesystem": False}
    spec = {
        "containers": [{"name": "app", "securityContext": context, "terminationMessagePolicy": "File"}],
        "securityContext": {"fsGroup": 2000},
        "enableServiceLinks": True,
        "automountServiceAccountToken": True,
    }
    made = template({"spec": spec})["spec"]
    (app,) = made["containers"]
    assert app["securityContext"] == {
        **SECURE,
        **context,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    }
    assert app["terminationMessagePolicy"] == "File"
    assert made["securityContext"] == {
        "fsGroup": 2000,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert (made["enableServiceLinks"], made["automountServiceAccountToken"]) == (True, True)


def test_arguments_and_the_container_app_are_joined() -> None:
    """What only one of them says is kept, and what both say alike."""
    own = {"name": "DEBUG", "value": "1"}
    pod = {"spec": {"containers": [{"name": "web"}, {"name": "app", "env": [own], "image": "registry.example/shop:1"}]}}
    found = containers(pod, env={"LOG_LEVEL": "info", "DEBUG": "1"}, ports=[3000], writable_root=True)
    assert list(found) == ["secrets", "web", "app"]
    app = found["app"]
    assert [item["name"] for item in app["env"]] == ["SECRETS_URL", "DEBUG", "LOG_LEVEL"]
    assert app["ports"] == [{"containerPort": 3000}]
    assert app["securityContext"]["readOnlyRootFilesystem"] is False


def test_without_an_image_the_containers_are_those_of_the_pod() -> None:
    """Under the names that they have in a manifest that works already."""
    found = containers({"spec": {"containers": [{"name": "web", "image": "shop:1"}]}}, image=None)
    assert list(found) == ["secrets", "web"]
    assert found["web"]["securityContext"] == SECURE


CONFLICTS: dict[str, tuple[dict[str, Any], str]] = {
    "image": (
        {"pod": {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}},
        "argument image beside .*shop:2",
    ),
    "env": (
        {"env": {"A": "b"}, "pod": {"spec": {"containers": [{"name": "app", "env": [{"name": "A", "value": "c"}]}]}}},
        "argument env of A beside",
    ),
    "ports": (
        {"ports": [1], "pod": {"spec": {"containers": [{"name": "app", "ports": [{"containerPort": 2}]}]}}},
        "argument ports beside",
    ),
    "resources": (
        {"resources": {}, "pod": {"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": "1"}}}]}}},
        "argument resources beside",
    ),
    "writable root": (
        {
            "writable_root": False,
            "pod": {"spec": {"containers": [{"name": "app", "securityContext": {"readOnlyRootFilesystem": False}}]}},
        },
        "argument writable_root beside",
    ),
    "the label that selects": (
        {"pod": {"metadata": {"labels": {"app.kubernetes.io/name": "web"}}}},
        "label app.kubernetes.io/name: given 'web', expected shop",
    ),
    "no container": ({"image": None}, r"containers of the workload: given \[\], expected the container app"),
    "arguments of no container": (
        {"image": None, "ports": [1], "pod": {"spec": {"containers": [{"name": "web", "image": "a"}]}}},
        r"given \['web'\], expected the container app.*set image",
    ),
    "another ServiceAccount": (
        {"pod": {"spec": {"serviceAccountName": "shop"}}},
        "given 'shop', expected secret-access",
    ),
    "the node's network": ({"pod": {"spec": {"hostNetwork": True}}}, "hostNetwork"),
    "a misspelt field": (
        {"pod": {"spec": {"containers": [{"name": "app", "imagePulPolicy": "Never"}]}}},
        r"unknown field of pod.spec.containers\[0\]: given 'imagePulPolicy', .*did you mean imagePullPolicy",
    ),
    "fields of the spec beside it": ({"pod": {"nodeSelector": {}}}, "unknown field of pod: given 'nodeSelector'"),
}


@pytest.mark.parametrize(("changed", "reason"), CONFLICTS.values(), ids=CONFLICTS)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_conflicts_are_refused_before_the_workload_is_made(changed: dict[str, Any], reason: str, delay: Any) -> None:
    """The message names the component, also where the pod template is known only later."""
    world = World()
    late = {name: delay(value) if name == "pod" else value for name, value in changed.items()}
    with pytest.raises(InvalidArgument, match=rf"SecretWorkload 'shop': .*{reason}"):
        run(workload(**late), world)
    assert world.of(DEPLOYMENT) == []


def test_two_values_of_a_variable_are_not_shown() -> None:
    """One may be a secret, which would get into logs."""
    pod = {"spec": {"containers": [{"name": "app", "env": [{"name": "PASSWORD", "value": "s3cr3t"}]}]}}
    with pytest.raises(InvalidArgument, match="env of PASSWORD beside") as error:
        run(workload(pod=pod, env={"PASSWORD": "s3cr3t2"}))
    assert "s3cr3t" not in str(error.value)
