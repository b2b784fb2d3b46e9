"""Mistakes in pods are named before the Deployment is made: what, the value given, the value expected, and the fix."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.pods import checks
from tests.infra.components import workload
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in


@pytest.mark.parametrize("volumes", [[], [{"name": "cache", "emptyDir": {}}]])
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_pod_without_the_token_volume_is_refused(volumes: list[dict[str, Any]], delay: Any) -> None:
    """The sidecar's volumes left out of the pod are missed before the Deployment is made."""
    world = World()
    with pytest.raises(InvalidArgument, match="no volume with the sidecar's token"):
        run(workload({"volumes": delay(volumes)}), world)
    assert world.of("kubernetes:apps/v1:Deployment") == []


def test_a_sidecar_without_a_token_is_refused() -> None:
    """A container that mounts no token is not a sidecar with an identity."""
    with pytest.raises(InvalidArgument, match="no volume with the sidecar's token"):
        run(workload({"sidecar": {"name": "secrets"}, "volumes": []}))


@pytest.mark.parametrize("port", [8080, 8081, 8080.0])
def test_the_sidecars_ports_are_taken(port: float) -> None:
    """An app on a port of the sidecar would not start."""
    with pytest.raises(InvalidArgument, match=r"ports: given 80.*where the sidecar serves"):
        run(workload(ports=[port]))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_the_sidecars_address_is_not_the_apps_to_set(delay: Any) -> None:
    """An app that was told another address would ask somebody else for its secrets."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(workload(env=delay({"SECRETS_URL": "http://vault.example", "A": "b"})), world)
    assert_all_in(["env sets SECRETS_URL", "given 'http://vault.example'", "http://localhost:8080", "remove"], error)
    assert world.of("kubernetes:apps/v1:Deployment") == []


@pytest.mark.parametrize("name", ["*", "Shop", "s" * 64, ""])
def test_workload_names_are_labels(name: str) -> None:
    """A name that cannot be a label's value is refused."""
    with pytest.raises(InvalidArgument, match="workload_name"):
        run(workload(workload_name=name))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("image", "", ["image: given ''", "registry.example/shop:1.4.2"]),
        ("replicas", -1, ["replicas: given -1", "a whole number, 0 or more"]),
        ("replicas", 2.7, ["replicas: given 2.7", "a whole number"]),
        ("replicas", True, ["replicas: given True", "a whole number"]),
        ("replicas", "2", ["replicas: given '2'", "a whole number"]),
        ("ports", [3000, 3000], ["ports: given 3000", "twice"]),
        ("ports", [70000], ["ports: given 70000", "1 to 65535"]),
        ("ports", [0], ["ports: given 0", "1 to 65535"]),
        ("ports", [3000.5], ["ports: given 3000.5"]),
        ("writable_root", "no", ["writable_root: given 'no'", "true or false"]),
        ("env", {"A=B": "x"}, ["env: given 'A=B'", "the name of a variable"]),
        ("resources", {"requests": {"cpu": 1}}, ["resources: given {'requests': {'cpu': 1}}", "texts"]),
        ("resources", {"limit": {"cpu": "1"}}, ["resources: given {'limit'", "requests and limits"]),
        ("resources", {"limits": {"memory": "lots"}}, ["resources", "given 'lots'", "a quantity"]),
        ("workload_name", 3, ["workload_name: given 3"]),
    ],
)
def test_a_mistake_in_a_workload_stops_the_program(argument: str, value: Any, message: list[str], delay: Any) -> None:
    """Kubernetes would refuse it late, and in words that do not name the argument."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(workload(**{argument: delay(value)}), world)
    assert_all_in(message, error)
    assert world.of("kubernetes:apps/v1:Deployment") == []


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/app",
            "/app/secret_sidecar",
            "/app/ca",
            "/usr",
            "/usr/lib",
            "/usr/lib/python3.13",
            "/usr/bin",
            "/usr/local",
        ),
        *("/usr/local/lib/python3.13", "/bin", "/lib", "/lib/x86_64-linux-gnu", "/lib64", "/sbin", "/etc", "/etc/ssl"),
        *("/proc", "/proc/1", "/sys", "/dev", "/dev/shm"),
    ],
)
def test_files_may_not_hide_the_sidecar_itself(path: str) -> None:
    """The pod would not start, or run what somebody else wrote."""
    with pytest.raises(InvalidArgument) as error:
        checks.sidecar_files({path: {"emptyDir": {}}}, taken="/var/run/secrets/secret-access/aws")
    assert_all_in([f"sidecar_files: given '{path}'", "hides nothing of the sidecar's image", "/etc/ca"], error)


@pytest.mark.parametrize("path", ["/etc/ca", "/etc/ssl/certs", "/usr/share/ca", "/tmp", "/application", "/var/run/x"])
def test_files_may_be_beside_the_sidecar(path: str) -> None:
    """Certificates may take the place of the image's."""
    assert list(checks.sidecar_files({path: {"emptyDir": {}}}, taken="/var/run/secrets/secret-access/aws")) == [path]
