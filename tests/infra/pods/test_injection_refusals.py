"""What the sidecar is not put into: each refusal says why, and the neighbour that is harmless passes."""

import copy
from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.pods.injection import inject
from tests.infra.pods.templates import SIDECAR, URL, VOLUME, access, template, token

FIELD = {"fieldRef": {"fieldPath": "metadata.name"}}
MOUNT = {"name": "secret-access-token", "mountPath": "/token"}
WITHOUT_USER = {
    **SIDECAR,
    "securityContext": {name: value for name, value in SIDECAR["securityContext"].items() if name != "runAsUser"},
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no spec": ({"metadata": {}}, "the pod template: given"),
    "no containers": ({"spec": {"containers": []}}, "expected at least one container"),
    "a container without a name": ({"spec": {"containers": [{"image": "shop:1"}]}}, "each with a name"),
    "containers by name": ({"spec": {"containers": {"app": {}}}}, "each with a name"),
    "env by name": (template(container={"env": {"A": "b"}}), "env of the container app: .*a list of mappings"),
    "a variable without a name": (template(container={"env": [{"value": "b"}]}), "env of the container app"),
    "another namespace": (template(metadata={"namespace": "prod"}), "given 'prod', expected test"),
    "another account": (
        template(serviceAccountName="shop"),
        "serviceAccountName .*given 'shop', expected secret-access",
    ),
    "another account by its old name": (template(serviceAccount="shop"), "serviceAccount of the pod template"),
    "the node's network": (template(hostNetwork=True), "hostNetwork.*every pod of the node"),
    "the node's processes": (template(hostPID=True), "hostPID.*the sidecar's token and memory"),
    "shared processes": (template(shareProcessNamespace=True), "shareProcessNamespace.*under /proc"),
    "Windows": (template(os={"name": "windows"}), "operating system.*SharedSecretService"),
    "Windows nodes": (template(nodeSelector={"kubernetes.io/os": "windows"}), "operating system"),
    "ephemeral containers": (template(ephemeralContainers=[{"name": "debug"}]), r"given \['debug'\].*kubectl debug"),
    "another localhost": (template(hostAliases=[{"ip": "10.0.0.1", "hostnames": ["localhost"]}]), "hostAliases"),
    "a foreign container of our name": (
        template(containers=[{"name": "secrets", "image": "x"}]),
        "name secrets: given 'x'",
    ),
    "an older sidecar": (template(initContainers=[{**SIDECAR, "image": "old"}]), "given 'old'.*older version"),
    "the sidecar as an ordinary container": (template(containers=[{"name": "app"}, SIDECAR]), "sidecar's name"),
    "a foreign volume of our name": (
        template(volumes=[{"name": VOLUME["name"], "emptyDir": {}}]),
        "no volume of this name",
    ),
    "a token for the identity": (
        template(volumes=[token("sts.amazonaws.com")]),
        "own-token.*audience sts.amazonaws.com",
    ),
    "the token in the app": (
        template(container={"volumeMounts": [MOUNT]}),
        "container app mounts the sidecar's volume",
    ),
    "the token in an init container": (
        template(initContainers=[{"name": "a", "volumeMounts": [MOUNT]}]),
        "container a mounts",
    ),
    "another address": (
        template(container={"env": [{"name": "SECRETS_URL", "value": "http://a"}]}),
        "SECRETS_URL of .*given 'http://a'",
    ),
    "an address from elsewhere": (
        template(initContainers=[{"name": "a", "env": [{"name": "SECRETS_URL", "valueFrom": FIELD}]}]),
        "SECRETS_URL of the container a",
    ),
    "the sidecar's port": (
        template(container={"ports": [{"containerPort": 8080}]}),
        "given 8080, expected none of 8080, 8081",
    ),
    "the health port": (template(initContainers=[{"name": "a", "ports": [{"containerPort": 8081}]}]), "given 8081"),
    "a probe of the sidecar's port": (
        template(container={"readinessProbe": {"httpGet": {"port": 8080}}}),
        "given 8080",
    ),
    "a probe over gRPC": (template(container={"livenessProbe": {"grpc": {"port": 8081}}}), "given 8081"),
    "another label": (template(metadata={"labels": {"team": "b"}}), "label team: given 'b', expected 'a'"),
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_safely_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    """Each would leave the pod without its secrets, or give others the identity."""
    with pytest.raises(InvalidArgument, match=reason):
        inject(given, access())


def test_another_annotation_is_refused() -> None:
    """Which of the two the pod was to have is for people to say."""
    with pytest.raises(InvalidArgument, match="annotation a: given 'c', expected 'b'"):
        inject(template(metadata={"annotations": {"a": "c"}}), access(pod_annotations={"a": "b"}))


def test_a_root_user_that_the_sidecar_would_have_is_refused() -> None:
    """The sidecar without a user of its own takes the pod's, and is never root."""
    root = template(securityContext={"runAsUser": 0})
    with pytest.raises(InvalidArgument, match=r"runAsUser.*sidecar_user is platform"):
        inject(root, access(sidecar=WITHOUT_USER))
    assert inject(root, access())["spec"]["initContainers"] == [SIDECAR]


def test_an_access_without_its_volumes_is_refused() -> None:
    """The sidecar mounts a volume that the pod would not have."""
    with pytest.raises(InvalidArgument, match="no volume with the sidecar's token"):
        inject(template(), access(volumes=[]))


def test_what_is_like_a_refused_template_but_harmless_passes() -> None:
    """`default` is what Kubernetes takes for no ServiceAccount; false switches and other ports take nothing away."""
    injected = inject(
        template(
            metadata={"namespace": "test", "labels": {"team": "a"}},
            serviceAccountName="default",
            hostNetwork=False,
            os={"name": "linux"},
            hostAliases=[{"ip": "10.0.0.1", "hostnames": ["db"]}],
            container={"ports": [{"containerPort": 3000}], "env": [{"name": "SECRETS_URL", "value": URL}]},
        ),
        access(),
    )
    assert injected["spec"]["serviceAccountName"] == "secret-access"


SECRET = "s3cr3t"


def with_secret(given: dict[str, Any]) -> dict[str, Any]:
    """The template with a variable in each container that should not be there, and a container that has it."""
    secret, changed = {"name": "PASSWORD", "value": SECRET}, copy.deepcopy(given)
    for field in ("containers", "initContainers"):
        containers = (changed.get("spec") or {}).get(field) or []
        for container in containers.values() if isinstance(containers, dict) else containers:
            env = container.setdefault("env", [])
            env.append(secret) if isinstance(env, list) else env.update({"PASSWORD": SECRET})
    return changed


@pytest.mark.parametrize("given", [*(one for one, _ in REFUSED.values()), {"containers": [{"name": "app"}]}])
def test_no_refusal_shows_the_value_of_a_variable(given: dict[str, Any]) -> None:
    """It may be a secret, which would get into logs."""
    changed = with_secret({"spec": given} if "containers" in given else given)
    with pytest.raises(InvalidArgument) as error:
        inject(changed["spec"] if "containers" in given else changed, access())
    assert SECRET not in str(error.value)
