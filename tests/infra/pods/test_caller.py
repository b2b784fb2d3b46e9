"""Callers of a shared service: what their pods get, and what is refused."""

from typing import Any, cast

import pytest

from secret_access import AwsSecretAccess, InvalidArgument, SecretWorkload, SharedSecretService
from secret_access.pods import caller
from secret_access.pods.checks import SKIP_ANNOTATION
from tests.infra.components import aws_args, shared_args, workload
from tests.infra.engine import Later, World, run

URL = "https://secrets.platform.svc:8080"
CALLER = caller.access(URL, "sts.amazonaws.com", 3600, "secrets-ca")
ACCESS = {
    "namespace": "shop",
    "service_account_name": "secret-access",
    "pod_labels": {"team": "a"},
    "pod_annotations": {SKIP_ANNOTATION: "app,secrets"},
}
CERTIFICATES = {"name": "certificates", "configMap": {"name": "ca"}}


def template(**changed: Any) -> dict[str, Any]:
    """A pod template that somebody else wrote, with other fields in its spec."""
    app = {"name": "app", "image": "shop", "env": [{"name": "LEVEL", "value": "info"}]}
    spec = {"containers": [app], "volumes": [CERTIFICATES], "nodeSelector": {"disk": "fast"}, **changed}
    return {"metadata": {"labels": {"app": "shop"}, "annotations": {"note": "x"}}, "spec": spec}


def injected(**changed: Any) -> Any:
    return caller.inject(template(**changed), CALLER, ACCESS)


def test_every_container_gets_the_token_and_the_address() -> None:
    """Init containers too, and no sidecar; what was there stays."""
    init: dict[str, Any] = {
        "name": "migrate",
        "image": "shop",
        "volumeMounts": [{"name": "certificates", "mountPath": "/etc/ca"}],
    }
    pod = injected(initContainers=[init])
    spec = pod["spec"]
    assert [container["name"] for container in spec["initContainers"]] == ["migrate"]
    assert spec["initContainers"][0]["volumeMounts"] == [*init["volumeMounts"], CALLER["volume_mount"]]
    assert spec["containers"] == [
        {
            "name": "app",
            "image": "shop",
            "env": [*cast("Any", CALLER["env"]), {"name": "LEVEL", "value": "info"}],
            "volumeMounts": [CALLER["volume_mount"]],
        }
    ]
    assert spec["volumes"] == [CERTIFICATES, CALLER["volume"]]
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("secret-access", False)
    assert pod["metadata"] == {
        "labels": {"app": "shop", "team": "a"},
        "annotations": {"note": "x", SKIP_ANNOTATION: "app,migrate"},
    }


def test_a_second_time_changes_nothing() -> None:
    once = injected()
    assert caller.inject(once, CALLER, ACCESS) == once


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy"])
def test_behind_a_proxy_the_service_is_asked_directly(name: str) -> None:
    """The proxy does not know the cluster's names, and would see who asks for what."""
    app = {"name": "app", "env": [{"name": name, "value": "http://proxy:3128"}]}
    env = {
        variable["name"]: variable["value"] for variable in injected(containers=[app])["spec"]["containers"][0]["env"]
    }
    assert (env["NO_PROXY"], env["no_proxy"]) == ("secrets.platform.svc", "secrets.platform.svc")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"serviceAccountName": "other"},
            "serviceAccountName of the pod template: given 'other', expected secret-access",
        ),
        ({"hostNetwork": True}, "dnsPolicy ClusterFirstWithHostNet beside it"),
        ({"volumes": [{"name": "secret-access-token", "emptyDir": {}}]}, "the volume secret-access-token"),
        (
            {"containers": [{"name": "app", "env": [{"name": "SECRETS_URL", "value": "http://localhost:8080"}]}]},
            f"SECRETS_URL of the container app: given 'http://localhost:8080', expected {URL}",
        ),
        (
            {"containers": [{"name": "app", "env": [{"name": "SECRETS_TOKEN_FILE", "valueFrom": {}}]}]},
            "SECRETS_TOKEN_FILE of the container app",
        ),
        (
            {"containers": [{"name": "app", "volumeMounts": [{"name": "x", "mountPath": caller.FOLDER}]}]},
            "a mount of the container app",
        ),
        (
            {"containers": [{"name": "app", "volumeMounts": [{"name": "secret-access-token", "mountPath": "/x"}]}]},
            "a mount of the container app",
        ),
        ({"containers": []}, "containers of the pod template"),
    ],
)
def test_what_cannot_work_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        injected(**changed)
    assert said in str(refused.value)


def test_a_pod_of_another_namespace_is_refused() -> None:
    """Its tokens would be another identity's."""
    other = template()
    other["metadata"]["namespace"] = "prod"
    with pytest.raises(InvalidArgument, match="the namespace of the pod: given 'prod', expected shop"):
        caller.inject(other, CALLER, ACCESS)


def test_the_nodes_network_serves_where_names_are_looked_up_in_the_cluster() -> None:
    spec = injected(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")["spec"]
    assert spec["hostNetwork"] is True


def pod_of(world: World) -> Any:
    return world.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]


def test_a_workload_asks_a_shared_service_by_its_output() -> None:
    """Both components in one program: what the one gives, the other takes."""

    def program() -> None:
        shared = SharedSecretService("secrets", cast("Any", shared_args(ca_config_map="secrets-ca")))
        access = AwsSecretAccess("test", aws_args()).workload_access
        args: Any = {"access": access, "caller": shared.caller_access, "image": "shop:1", "kind": "StatefulSet"}
        SecretWorkload("shop", args)

    spec = run(program).one("kubernetes:apps/v1:StatefulSet").inputs["spec"]["template"]["spec"]
    (app,) = spec["containers"]
    assert app["env"] == CALLER["env"]
    assert app["volumeMounts"] == [CALLER["volume_mount"]]
    assert spec["volumes"] == [CALLER["volume"]]
    assert spec["serviceAccountName"] == "secret-access"
    assert "initContainers" not in spec


def test_an_output_is_as_good() -> None:
    """One for the whole, or for each part of it."""
    expected = pod_of(run(workload(caller=CALLER)))
    for given in (Later(CALLER), {key: Later(value) for key, value in CALLER.items()}):
        assert pod_of(run(workload(caller=given))) == expected


def test_a_caller_may_listen_where_a_sidecar_would() -> None:
    """There is none in its pod."""
    spec = pod_of(run(workload(caller=CALLER, ports=[8080, 8081])))
    assert spec["containers"][0]["ports"] == [{"containerPort": 8080}, {"containerPort": 8081}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"caller": {"url": URL}},
            "caller: given {'url': 'https://secrets.platform.svc:8080'}, expected a mapping of env",
        ),
        ({"caller": "secrets"}, "caller: given 'secrets'"),
        ({"caller": Later("secrets")}, "caller: given 'secrets'"),
        ({"caller": CALLER, "env": {"SECRETS_URL": "x"}}, "env sets SECRETS_URL"),
        ({"caller": CALLER, "env": {"SECRETS_TOKEN_FILE": "x"}}, "SECRETS_TOKEN_FILE of the container app"),
        ({"caller": CALLER, "pod": {"spec": {"hostNetwork": True}}}, "hostNetwork of the pod template"),
    ],
)
def test_a_workload_that_cannot_call_is_refused(changed: dict[str, Any], said: str) -> None:
    """By the component's name, before the workload is made."""
    world = World()
    with pytest.raises(InvalidArgument) as refused:
        run(workload(**changed), world)
    assert str(refused.value).startswith("SecretWorkload 'shop': ")
    assert said in str(refused.value)
    assert [asked for asked in world.asked if "Deployment" in asked.type] == []
