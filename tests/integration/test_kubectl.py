"""The components' kubectl, with the real one and a real API server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secret_access import kubectl
from secret_access.kubectl import AlreadyExists, ClusterNotReached, Forbidden, Kubectl, KubectlError, NotFound
from tests.integration.real_parts import ApiServer


@pytest.fixture(scope="module")
def cluster(api_server: ApiServer, kubectl_command: str) -> Kubectl:
    """As its admin."""
    return Kubectl(kubeconfig=str(api_server.kubeconfig), command=kubectl_command)


def config_map(name: str, **metadata: object) -> kubectl.Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", **metadata}}


def test_objects_are_made_changed_read_and_deleted(cluster: Kubectl) -> None:
    """One and several; what is gone already is no error to delete."""
    cluster.create(config_map("one"))
    made = cluster.apply({**config_map("one"), "data": {"a": "b"}}, config_map("two", labels={"of": "test"}))
    assert [each["metadata"]["name"] for each in made] == ["one", "two"]
    assert cluster.get("configmaps", "one", "default")["data"] == {"a": "b"}
    assert [each["metadata"]["name"] for each in cluster.find("configmaps", selector="of=test")] == ["two"]
    (named,) = cluster.create({**config_map(""), "metadata": {"generateName": "made-", "namespace": "default"}})
    for name in ("one", "two", "one", named["metadata"]["name"]):
        cluster.delete("configmaps", name, "default")
    with pytest.raises(NotFound):
        cluster.get("configmaps", "one", "default")


def test_long_lists_come_whole(cluster: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same objects, however small the pages."""
    monkeypatch.setattr(kubectl, "PAGE", 7)
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    paged = {each["metadata"]["name"] for each in cluster.read_all(path)}
    assert paged == {each["metadata"]["name"] for each in cluster.find("clusterroles")}
    assert len(paged) > 21


def test_failures_of_the_real_one_are_told_apart(api_server: ApiServer, cluster: Kubectl, tmp_path: Path) -> None:
    """As of the fake one."""
    cluster.create(config_map("taken"))
    with pytest.raises(AlreadyExists):
        cluster.create(config_map("taken"))
    cluster.delete("configmaps", "taken", "default")
    with pytest.raises(NotFound):
        cluster.find("gizmos")
    with pytest.raises(NotFound):
        cluster.raw("/apis/none.example/v1")
    api_server.user("nobody")
    nobody = Kubectl(kubeconfig=str(api_server.authority.folder / "user-nobody.kubeconfig"), command=cluster.command)
    both: list[Callable[[], object]] = [
        lambda: nobody.find("pods"),
        lambda: list(nobody.read_all("/api/v1/pods")),
    ]
    for asked in both:
        with pytest.raises(Forbidden, match="nobody"):
            asked()
    with pytest.raises(KubectlError, match="Invalid"):
        cluster.create({**config_map("No Name")})
    with pytest.raises(ClusterNotReached, match="get-contexts"):
        Kubectl("no-such-context", cluster.kubeconfig, cluster.command).find("pods")
    with pytest.raises(ClusterNotReached, match="get-contexts"):
        Kubectl(None, str(tmp_path / "none"), cluster.command).find("pods")
    closed = tmp_path / "closed"
    port = str(api_server.client.access.port)
    closed.write_text(Path(str(cluster.kubeconfig)).read_text().replace(f":{port}", ":1"))
    with pytest.raises(ClusterNotReached, match="VPN"):
        Kubectl(None, str(closed), cluster.command).find("pods")
    strange = tmp_path / "strange"
    strange.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n"
        f"clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}}}]\n"
        "users: [{name: a, user: {token: strange}}]\n"
    )
    with pytest.raises(ClusterNotReached, match="sign in"):
        Kubectl(None, str(strange), cluster.command).find("pods")
