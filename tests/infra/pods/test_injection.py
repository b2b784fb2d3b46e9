"""The sidecar in pod templates of any form: what is added, and that nothing is lost."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secret_access.pods.injection import inject
from tests.infra.pods.templates import EKS_SKIP, SIDECAR, URL, VOLUME, access, template, token

NAMES = st.from_regex(r"[a-r][a-r0-9-]{0,8}[a-r0-9]", fullmatch=True)
"""Names of containers and volumes; none is one of the sidecar's."""
TEXTS = st.dictionaries(NAMES, st.text(max_size=5), max_size=3)
PROXIES = ("HTTP_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
VALUES = st.sampled_from(["", "http://proxy:3128", ".svc, localhost", "*"])
VARIABLES: Any = st.one_of(
    st.fixed_dictionaries({"name": NAMES | st.sampled_from(PROXIES), "value": VALUES}),
    st.fixed_dictionaries({"name": NAMES, "valueFrom": st.just({"fieldRef": {"fieldPath": "metadata.name"}})}),
    st.just({"name": "SECRETS_URL", "value": URL}),
)
CONTAINERS: Any = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "image": st.just("shop:1"),
        "env": st.none() | st.lists(VARIABLES, max_size=4, unique_by=lambda variable: variable["name"]),
        "ports": st.none() | st.just([{"containerPort": 3000, "name": "http"}]),
        "restartPolicy": st.just("Always"),
        "volumeMounts": st.just([{"name": "cache", "mountPath": "/cache"}]),
    },
)


def lists(elements: Any, min_size: int = 0) -> Any:
    """Lists of things with different names."""
    return st.lists(elements, min_size=min_size, max_size=3, unique_by=lambda item: item["name"])


SPECS = st.fixed_dictionaries(
    {"containers": lists(CONTAINERS, min_size=1)},
    optional={
        "initContainers": st.none() | lists(CONTAINERS),
        "volumes": st.none() | lists(st.fixed_dictionaries({"name": NAMES, "emptyDir": st.just({})})),
        "serviceAccountName": st.sampled_from(["", "default", "secret-access"]),
        "serviceAccount": st.sampled_from(["default", "secret-access"]),
        "automountServiceAccountToken": st.none() | st.booleans(),
        "restartPolicy": st.sampled_from(["Always", "OnFailure", "Never"]),
        "securityContext": st.just({"runAsUser": 1000, "fsGroup": 2000}),
        "imagePullSecrets": st.just([{"name": "registry"}]),
        "nodeSelector": st.just({"kubernetes.io/os": "linux"}),
        "hostNetwork": st.just(False),
    },
)
SKIPPED = st.sampled_from(["", "istio-proxy", "app", "istio-proxy,app"])
METADATA = st.none() | st.fixed_dictionaries(
    {}, optional={"labels": TEXTS, "annotations": st.fixed_dictionaries({}, optional={EKS_SKIP: SKIPPED})}
)
TEMPLATES = st.fixed_dictionaries({"spec": SPECS}, optional={"metadata": METADATA})
ACCESSES = st.builds(
    access,
    pod_labels=st.sampled_from([{}, {"team": "a"}]),
    pod_annotations=st.sampled_from(
        [{}, {EKS_SKIP: "app,secrets"}, {"azure.workload.identity/skip-containers": "app"}]
    ),
)


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def names(spec: dict[str, Any], field: str) -> list[str]:
    return [item["name"] for item in spec.get(field) or []]


@settings(max_examples=60, deadline=None)
@given(given_template=TEMPLATES, given_access=ACCESSES)
def test_twice_is_as_once(given_template: dict[str, Any], given_access: dict[str, Any]) -> None:
    """What is injected already stays as it is, and what was given is not changed."""
    before = copy.deepcopy((given_template, given_access))
    once = inject(given_template, given_access)
    assert inject(once, given_access) == once
    assert (given_template, given_access) == before


@settings(max_examples=60, deadline=None)
@given(given_template=TEMPLATES, given_access=ACCESSES)
def test_every_container_is_told_and_the_sidecar_is_first(
    given_template: dict[str, Any], given_access: dict[str, Any]
) -> None:
    """Every other container and init container has the address, once; the sidecar starts before them all."""
    injected = inject(given_template, given_access)["spec"]
    first, *others = containers(injected)
    assert first == SIDECAR
    assert injected["initContainers"][0] == SIDECAR
    for container in others:
        assert [item for item in container["env"] if item["name"] == "SECRETS_URL"] == [
            {"name": "SECRETS_URL", "value": URL}
        ]
        assert "SECRETS_URL" in (container["env"][0]["name"], *names_given(given_template, container["name"]))
    assert injected["serviceAccountName"] == "secret-access"
    assert injected["automountServiceAccountToken"] is bool(given_template["spec"].get("automountServiceAccountToken"))


def names_given(given_template: dict[str, Any], container: str) -> list[str]:
    """The variables that a container of the template had by itself."""
    return [
        variable["name"]
        for found in containers(given_template["spec"])
        if found["name"] == container
        for variable in found.get("env") or []
    ]


@settings(max_examples=60, deadline=None)
@given(given_template=TEMPLATES, given_access=ACCESSES)
def test_nothing_is_lost_and_the_order_is_kept(given_template: dict[str, Any], given_access: dict[str, Any]) -> None:
    """Containers, variables, volumes and every other field are those that were given, in their order."""
    given_spec, injected = given_template["spec"], inject(given_template, given_access)
    spec = injected["spec"]
    assert names(spec, "containers") == names(given_spec, "containers")
    assert names(spec, "initContainers")[1:] == names(given_spec, "initContainers")
    assert spec["volumes"] == [*(given_spec.get("volumes") or []), VOLUME]
    for was, became in zip(containers(given_spec), [*spec["initContainers"][1:], *spec["containers"]], strict=True):
        assert {**became, "env": None} == {**was, "env": None}
        proxies = {"NO_PROXY", "no_proxy"}
        own = [item for item in was.get("env") or [] if item["name"] not in proxies]
        kept = [item for item in became["env"] if item["name"] not in proxies]
        assert [item for item in kept if item in own] == own
        assert {item["name"] for item in kept} - {item["name"] for item in own} <= {"SECRETS_URL"}
    ours = {"containers", "initContainers", "volumes", "serviceAccountName", "automountServiceAccountToken"}
    untouched = {name: value for name, value in given_spec.items() if name not in {*ours, "serviceAccount"}}
    assert {name: spec[name] for name in untouched} == untouched
    assert set(spec) == {*given_spec, *ours}
    metadata = given_template.get("metadata") or {}
    assert injected["metadata"].get("labels", {}) == {**metadata.get("labels", {}), **given_access["pod_labels"]}
    assert set(injected["metadata"].get("annotations", {})) == {
        *metadata.get("annotations", {}),
        *given_access["pod_annotations"],
    }


def test_the_webhook_leaves_every_container_alone() -> None:
    """Those that the pod has, init containers too, whatever the access component was told; what was listed stays."""
    given_template = template(
        metadata={"annotations": {EKS_SKIP: "istio-proxy,web"}},
        containers=[{"name": "web"}, {"name": "worker"}],
        initContainers=[{"name": "migrate"}],
    )
    annotations = inject(given_template, access())["metadata"]["annotations"]
    assert annotations == {EKS_SKIP: "istio-proxy,web,worker,migrate,secrets"}
    azure = "azure.workload.identity/skip-containers"
    annotations = inject(given_template, access(pod_annotations={azure: "app;secrets", "a": "b"}))["metadata"]
    assert annotations["annotations"] == {EKS_SKIP: "istio-proxy,web", azure: "web;worker;migrate;secrets", "a": "b"}


def test_variables_can_refer_to_the_address() -> None:
    """Kubernetes resolves $(NAME) by the variables before it."""
    own = {"name": "DATABASE_URL_FROM", "value": "$(SECRETS_URL)/v1/secrets/database-url"}
    (app,) = inject(template(container={"env": [own]}), access())["spec"]["containers"]
    assert app["env"] == [{"name": "SECRETS_URL", "value": URL}, own]


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_the_restart_policy_of_a_job_is_kept(policy: str) -> None:
    """A native sidecar restarts by its own policy, and keeps no Job from finishing."""
    spec = inject(template(restartPolicy=policy), access())["spec"]
    assert spec["restartPolicy"] == policy
    assert spec["initContainers"][0]["restartPolicy"] == "Always"


def test_a_container_behind_a_proxy_reaches_the_sidecar_directly() -> None:
    """Wherever its proxy is named, in any container; exceptions that only the cluster knows stay."""
    proxy = {"name": "HTTPS_PROXY", "valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "url"}}}
    exceptions = {"name": "NO_PROXY", "valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "none"}}}
    spec = inject(
        template(container={"env": [proxy]}, initContainers=[{"name": "a", "env": [exceptions, proxy]}]), access()
    )["spec"]
    told = {item["name"]: item.get("value") for item in spec["containers"][0]["env"]}
    assert told["NO_PROXY"] == told["no_proxy"] == "localhost,127.0.0.1,::1"
    assert exceptions in spec["initContainers"][1]["env"]


def test_another_token_of_the_app_stays() -> None:
    """A token that the cloud does not accept for the identity is the app's own matter."""
    for own in (token("vault"), token(None)):
        assert own in inject(template(volumes=[own]), access())["spec"]["volumes"]


def test_an_app_that_asks_for_the_api_servers_token_gets_it() -> None:
    """Left out, no container gets one."""
    assert inject(template(automountServiceAccountToken=True), access())["spec"]["automountServiceAccountToken"] is True
    assert inject(template(), access())["spec"]["automountServiceAccountToken"] is False


def test_the_account_by_its_old_name_is_the_same() -> None:
    """The API server refuses a pod in which the two differ."""
    spec = inject(template(serviceAccount="default"), access())["spec"]
    assert spec["serviceAccount"] == spec["serviceAccountName"] == "secret-access"


def test_a_proxy_that_is_empty_is_none() -> None:
    """Kubernetes leaves out an empty value: the variable is then empty, and not one that the cluster knows."""
    for empty in ({"name": "HTTP_PROXY"}, {"name": "HTTP_PROXY", "value": ""}):
        (app,) = inject(template(container={"env": [empty]}), access())["spec"]["containers"]
        assert app["env"] == [{"name": "SECRETS_URL", "value": URL}, empty]
