"""The admission policy on a real API server: it makes the pod of the pure function, and refuses what that refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from local.progress import wait_for
from local.standins.errors import ApiError
from secret_access import InvalidArgument
from secret_access.injection import admission_policy
from secret_access.injection.admission_policy import INJECTION_LABEL
from secret_access.pods.injection import inject
from tests.infra.pods.templates import EKS_SKIP, SIDECAR, URL, VOLUME, access, template
from tests.infra.pods.test_injection import TEMPLATES
from tests.infra.pods.test_injection_refusals import REFUSED, WITHOUT_USER
from tests.integration import pods
from tests.integration.pods import Pod, comparable
from tests.integration.real_parts import ApiServer

API = "/apis/admissionregistration.k8s.io/v1"
ASKED = {INJECTION_LABEL: "true"}
LEFT_TO_THE_API_SERVER = {
    "no containers",
    "a container without a name",
    "containers by name",
    "env by name",
    "a variable without a name",
    "ephemeral containers",
}
"""What it refuses by itself, in its own words."""
ELSEWHERE = {"no spec", "another namespace", "another account by its old name"}
"""What does not reach the policy: what is no pod, pods of other namespaces, a name that the API server replaces."""
FROM_CLUSTER = {"valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "value"}}}
AZURE_SKIP = "azure.workload.identity/skip-containers"
FIELD = {"fieldRef": {"fieldPath": "metadata.name"}}


class Namespace:
    """A namespace with the policies of its access, and what becomes of pods in it; none is really made."""

    def __init__(self, api_server: ApiServer, name: str, *, asked: str | None = "true", **changed: Any) -> None:
        self.client, self.name, self.access = api_server.client, name, access(namespace=name, **changed)
        self.asked = asked
        self.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        self.accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
        account = {"metadata": {"name": "secret-access"}, "automountServiceAccountToken": False}
        self.client.request("POST", self.accounts, account)
        wait_for("the default account", lambda: self.client.get(f"{self.accounts}/default") is not None)
        metadata = {"name": admission_policy.policy_name("secret-access", name)}
        for kind, spec, more in (
            ("mutating", admission_policy.injection(self.access, asked), {}),
            ("validating", admission_policy.refusal(self.access, asked), {"validationActions": ["Deny"]}),
        ):
            binding = {"policyName": metadata["name"], **more}
            for resource, body in (("policies", spec), ("policybindings", binding)):
                self.client.request("POST", f"{API}/{kind}admission{resource}", {"metadata": metadata, "spec": body})
        wait_for("both policies", self._act)

    def _act(self) -> bool:
        """Whether a pod is refused, and another injected; a policy takes a moment to act."""
        return self.refusal(template(hostNetwork=True)) is not None and self.refusal(template()) is None

    def created(self, pod: Pod, labels: dict[str, str] | None = None) -> Pod:
        """What the API server would store of a pod; raises ApiError."""
        return pods.created(self.client, self.name, pod, labels)

    def admitted(self, pod: Pod) -> Pod:
        """The same of one that asks for the sidecar."""
        return self.created(pod, {INJECTION_LABEL: self.asked} if self.asked else None)

    def refusal(self, pod: Pod) -> str | None:
        """Why a pod that asks is refused, if it is."""
        try:
            self.admitted(pod)
        except ApiError as error:
            return error.message
        return None

    def refused(self, pod: Pod) -> str:
        """Why it is refused."""
        reason = self.refusal(pod)
        assert reason is not None
        return reason


@pytest.fixture(scope="module")
def namespace(api_server: ApiServer) -> Namespace:
    """One whose pods ask by the label; it has another ServiceAccount too."""
    made = Namespace(api_server, "injected")
    made.client.request("POST", made.accounts, {"metadata": {"name": "shop"}})
    return made


def complete(pod: Pod) -> Pod:
    """A template of the pure function's tests as a pod: with images, and with the volumes that it mounts."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or []}
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or []:
            container.setdefault("image", "shop:1")
            for mount in container.get("volumeMounts") or []:
                volumes.setdefault(
                    mount["name"], VOLUME if mount["name"] == VOLUME["name"] else {**mount, "emptyDir": {}}
                )
            if field == "containers":
                container.pop("restartPolicy", None)
    spec["volumes"] = [
        {key: value for key, value in volume.items() if key != "mountPath"} for volume in volumes.values()
    ]
    return pod


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_template=TEMPLATES)
def test_pods_of_any_form_are_the_same_by_the_policy_and_by_the_pure_function(
    namespace: Namespace, given_template: Pod
) -> None:
    """Field by field, as the API server would store them; what is no pod either way is refused either way."""
    pod = complete(given_template)
    try:
        expected = namespace.created(inject(pod, namespace.access))
    except ApiError:
        with pytest.raises(ApiError):
            namespace.admitted(pod)
        return
    assert comparable(namespace.admitted(pod)) == comparable(expected)


def proxied(*variables: dict[str, Any]) -> Pod:
    """A pod with a container and an init container of these variables."""
    env = list(variables)
    return template(container={"env": env}, initContainers=[{"name": "a", "image": "a", "env": env}])


PROXY = {"name": "HTTP_PROXY", "value": "http://proxy"}
ALIKE: dict[str, Pod] = {
    "nothing but a container": template(),
    "the sidecar already": template(initContainers=[SIDECAR], volumes=[VOLUME]),
    "the sidecar, behind another": template(initContainers=[{"name": "a", "image": "a"}, SIDECAR], volumes=[VOLUME]),
    "all of it already": inject(template(), access()),
    "the API server's token, asked for": template(
        automountServiceAccountToken=True, initContainers=[{"name": "a", "image": "a"}]
    ),
    "the API server's token, not asked for": template(initContainers=[{"name": "a", "image": "a"}]),
    "the API server's token, declined": template(automountServiceAccountToken=False),
    "its own mount where that token would be": template(
        volumes=[{"name": "own", "emptyDir": {}}],
        container={"volumeMounts": [{"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]},
    ),
    "a proxy": proxied({"name": "https_proxy", "value": "http://proxy"}),
    "a proxy that the cluster knows": proxied({"name": "ALL_PROXY", **FROM_CLUSTER}),
    "a proxy that is empty": proxied({"name": "HTTP_PROXY", "value": ""}, {"name": "https_proxy"}),
    "a proxy with exceptions": proxied({"name": "NO_PROXY", "value": "db, ::1"}, PROXY),
    "a proxy with exceptions in both spellings": proxied(
        {"name": "no_proxy", "value": "a"}, {"name": "NO_PROXY", "value": "b"}, PROXY
    ),
    "a proxy with all exceptions": proxied(PROXY, {"name": "no_proxy", "value": "*"}),
    "a proxy with empty exceptions": proxied(PROXY, {"name": "no_proxy"}),
    "a proxy with exceptions that the cluster knows": proxied(PROXY, {"name": "NO_PROXY", **FROM_CLUSTER}),
    "a webhook that skips others": template(metadata={"annotations": {EKS_SKIP: "istio-proxy,,app", "a/b": "d"}}),
    "the namespace's account": template(serviceAccountName="secret-access"),
    "the account that is none": template(serviceAccountName="default"),
    "the label already": template(metadata={"labels": {"team": "a"}}),
    "pull secrets": template(imagePullSecrets=[{"name": "registry"}]),
    "the address already": proxied({"name": "SECRETS_URL", "value": URL}),
    "other ports and probes": template(
        container={"ports": [{"containerPort": 3000, "name": "http"}], "livenessProbe": {"httpGet": {"port": "http"}}}
    ),
    "a token for somebody else": template(
        volumes=[{"name": "own", "projected": {"sources": [{"serviceAccountToken": {"audience": "b", "path": "t"}}]}}]
    ),
    "a Linux with other names for localhost": template(
        os={"name": "linux"}, hostAliases=[{"ip": "10.0.0.1", "hostnames": ["db"]}], nodeSelector={"a": "windows"}
    ),
}


@pytest.mark.parametrize("pod", ALIKE.values(), ids=ALIKE)
def test_a_pod_is_the_same_by_the_policy_and_by_the_pure_function(namespace: Namespace, pod: Pod) -> None:
    """Field by field, as the API server would store it."""
    expected = namespace.created(inject(pod, namespace.access))
    assert comparable(namespace.admitted(pod)) == comparable(expected)


def test_all_that_an_access_may_hold_gets_into_the_pod(api_server: ApiServer) -> None:
    """Quantities in any form, files, texts that would end a literal, annotations of another cloud."""
    files = [
        {"name": "files-0", "configMap": {"name": "ca", "items": [{"key": "a", "path": "b"}], "optional": True}},
        {"name": "files-1", "csi": {"driver": "csi.example", "volumeAttributes": {"a.example/b": "c"}}},
    ]
    sidecar = {
        **SIDECAR,
        "env": [{"name": "A", "value": "\"'\\\n{é}$(B)🔑"}, {"name": "POD", "valueFrom": FIELD}],
        "resources": {"requests": {"cpu": "1000m", "memory": "0.5Gi"}, "limits": {"memory": "1.5Gi"}},
        "volumeMounts": [*SIDECAR["volumeMounts"], *({"name": f["name"], "mountPath": f"/{f['name']}"} for f in files)],
    }
    other = Namespace(
        api_server,
        "injected-more",
        sidecar=sidecar,
        volumes=[VOLUME, *files],
        pod_labels={"example.com/team": "a", "b": "c"},
        pod_annotations={AZURE_SKIP: "app;secrets", "a/b": "d"},
        url="http://localhost:8200",
    )
    for pod in (template(), inject(template(), other.access), template(metadata={"annotations": {AZURE_SKIP: "x;;y"}})):
        assert comparable(other.admitted(pod)) == comparable(other.created(inject(pod, other.access)))
    older = {**sidecar, "resources": {**sidecar["resources"], "requests": {"cpu": "1001m", "memory": "0.5Gi"}}}
    assert "older version" in other.refused(template(initContainers=[older], volumes=[VOLUME, *files]))
    assert "8200" in other.refused(template(container={"ports": [{"containerPort": 8200}]}))


@pytest.mark.parametrize("case", [case for case in REFUSED if case not in LEFT_TO_THE_API_SERVER | ELSEWHERE])
def test_what_the_pure_function_refuses_is_refused_for_the_same_reason(namespace: Namespace, case: str) -> None:
    """In the same words; only a reference in the place of a value is not shown."""
    pod = complete(REFUSED[case][0])
    with pytest.raises(InvalidArgument) as error:
        inject(pod, namespace.access)
    assert str(error.value).replace(str(FIELD), "''") in namespace.refused(pod)


@pytest.mark.parametrize("case", sorted(LEFT_TO_THE_API_SERVER))
def test_what_is_no_pod_is_refused_by_the_api_server(namespace: Namespace, case: str) -> None:
    """No expression of a policy has to look for it."""
    with pytest.raises(ApiError) as error:
        namespace.admitted(REFUSED[case][0])
    assert error.value.status in (400, 422)
    assert "denied request" not in error.value.message


def test_another_account_by_its_old_name_is_refused(namespace: Namespace) -> None:
    """The API server takes it for the name of today."""
    assert "serviceAccountName of the pod template: given 'shop'" in namespace.refused(template(serviceAccount="shop"))


def test_the_user_that_the_sidecar_would_have_is_refused_where_that_is_root(api_server: ApiServer) -> None:
    """The sidecar without a user of its own takes the pod's."""
    other = Namespace(api_server, "injected-user", sidecar=WITHOUT_USER)
    assert "sidecar_user is platform" in other.refused(template(securityContext={"runAsUser": 0}))
    assert "runAsUser" not in other.admitted(template())["spec"]["initContainers"][0]["securityContext"]


def test_another_annotation_is_refused(api_server: ApiServer) -> None:
    """Which of the two the pod was to have is for people to say."""
    other = Namespace(api_server, "injected-annotated", pod_annotations={"a/b": "c"})
    assert "annotation a/b: given 'd', expected 'c'" in other.refused(template(metadata={"annotations": {"a/b": "d"}}))


def test_the_accounts_pull_secrets_reach_the_pod(namespace: Namespace) -> None:
    """Those of the ServiceAccount that the policy gives it, as if the pod had named it itself."""
    account = {"metadata": {"name": "secret-access"}, "automountServiceAccountToken": False}
    path = f"{namespace.accounts}/secret-access"
    namespace.client.request("PUT", path, {**account, "imagePullSecrets": [{"name": "registry"}]})

    def pulled() -> bool:
        return bool(namespace.admitted(template())["spec"].get("imagePullSecrets") == [{"name": "registry"}])

    wait_for("the account's pull secrets", pulled)
    namespace.client.request("PUT", path, account)


@pytest.mark.parametrize("labels", [{}, {INJECTION_LABEL: "false"}, {INJECTION_LABEL: "yes"}])
def test_a_pod_that_does_not_ask_is_left_alone(namespace: Namespace, labels: dict[str, str]) -> None:
    """Nor is it refused for what keeps others from having the sidecar."""
    made = namespace.created(template(hostNetwork=True), labels)
    assert "initContainers" not in made["spec"]
    assert made["spec"]["serviceAccountName"] == "default"


def test_nobody_asks_for_another_namespaces_sidecar(namespace: Namespace) -> None:
    """The label means nothing elsewhere, whatever labels another namespace gives itself."""
    labels = {"kubernetes.io/metadata.name": namespace.name, "name": namespace.name}
    namespace.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": "stranger", "labels": labels}})
    account = "/api/v1/namespaces/stranger/serviceaccounts/default"
    wait_for("the default account", lambda: namespace.client.get(account) is not None)
    pod = {"metadata": {"generateName": "pod-", "labels": ASKED}, "spec": template()["spec"]}
    made = namespace.client.request("POST", "/api/v1/namespaces/stranger/pods", pod, dryRun="All")
    assert "initContainers" not in made["spec"]
    assert made["spec"]["serviceAccountName"] == "default"


def test_all_pods_of_a_namespace_get_it_but_those_that_decline(api_server: ApiServer) -> None:
    """Without a label; `false` declines."""
    every = Namespace(api_server, "injected-all", asked=None)
    expected = every.created(inject(template(), every.access), {INJECTION_LABEL: "false"})
    assert comparable(every.admitted(template())) == comparable(expected)
    assert "initContainers" in every.created(template(), {INJECTION_LABEL: "yes"})["spec"]
    assert "initContainers" not in every.created(template(hostNetwork=True), {INJECTION_LABEL: "false"})["spec"]
    assert "hostNetwork" in every.refused(template(hostNetwork=True))


def test_pods_ask_with_the_value_that_the_policy_names(api_server: ApiServer) -> None:
    """So a namespace can have several identities."""
    named = Namespace(api_server, "injected-named", asked="aws")
    assert named.admitted(template())["spec"]["serviceAccountName"] == "secret-access"
    assert "initContainers" not in named.created(template(), ASKED)["spec"]


def test_a_pod_that_was_not_injected_is_refused(namespace: Namespace) -> None:
    """Were the injecting policy not there, pods that ask would start without their secrets, and say so much later."""
    binding = f"{API}/mutatingadmissionpolicybindings/{admission_policy.policy_name('secret-access', namespace.name)}"
    body = namespace.client.request("GET", binding)
    namespace.client.request("DELETE", binding)

    reason = wait_for("the policy to end", lambda: namespace.refusal(template()))
    assert "the MutatingAdmissionPolicy has not acted" in reason
    namespace.created(inject(template(), namespace.access), ASKED)
    namespace.client.request(
        "POST",
        binding.rpartition("/")[0],
        {k: body[k] for k in ("spec",)} | {"metadata": {"name": body["metadata"]["name"]}},
    )
    wait_for("the policy to act again", lambda: namespace.refusal(template()) is None)


def test_containers_that_are_added_later_are_told_too(namespace: Namespace) -> None:
    """A mesh's webhook acts after the policies; here another policy does, whose name comes last."""
    metadata = {"name": "zz-mesh"}
    container = 'dyn({"name": dyn("proxy"), "image": dyn("proxy:1")})'
    patch = f'[JSONPatch{{op: "add", path: "/spec/containers/-", value: {container}}}]'
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {
            "objectSelector": {"matchLabels": {"mesh": "true"}},
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ],
        },
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
    }
    namespace.client.request("POST", f"{API}/mutatingadmissionpolicies", {"metadata": metadata, "spec": spec})
    binding = {"metadata": metadata, "spec": {"policyName": "zz-mesh"}}
    namespace.client.request("POST", f"{API}/mutatingadmissionpolicybindings", binding)
    meshed = template(metadata={"labels": {"mesh": "true"}})
    wait_for("the mesh", lambda: len(namespace.created(meshed)["spec"]["containers"]) == 2)
    app, proxy = namespace.admitted(meshed)["spec"]["containers"]
    assert app["env"] == proxy["env"] == [{"name": "SECRETS_URL", "value": URL}]
