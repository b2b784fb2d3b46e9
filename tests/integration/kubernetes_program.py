"""A Pulumi program of Kubernetes objects, in parts, for the tests of the plugin."""

from __future__ import annotations

from typing import Any

from tests.integration.real_parts import ApiServer

PROVIDER = """
import pulumi, pulumi_kubernetes as k8s

provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r}{settings})
opts = pulumi.ResourceOptions(provider=provider)
namespace = k8s.core.v1.Namespace("namespace", metadata={{"name": "{name}", "labels": {{"team": "{team}"}}}}, opts=opts)
"""

SETTINGS = """
settings = k8s.core.v1.ConfigMap(
    "settings", metadata={"namespace": namespace.metadata.name}, data={"color": "COLOR"}, opts=opts
)
password = k8s.core.v1.Secret(
    "password",
    metadata={"name": "password", "namespace": namespace.metadata.name},
    string_data={"password": "hunter2", "of": settings.metadata.uid},
    opts=opts,
)
pulumi.export("settings", settings.metadata.name)
pulumi.export("password", password.data)
"""

DEPLOYMENT = """
timeouts = pulumi.CustomTimeouts(create="SECONDSs", update="SECONDSs")
labels = {"app": "LABEL"}
app = k8s.apps.v1.Deployment(
    "app",
    metadata={"name": "app", "namespace": namespace.metadata.name},
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "app:IMAGE",
                        "ports": [{"container_port": 8080}],
                        "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}},
                        "volume_mounts": [{"name": "scratch", "mount_path": "/tmp", "read_only": False}],
                    }
                ],
                "volumes": [{"name": "scratch", "empty_dir": {}}],
            },
        },
    },
    opts=pulumi.ResourceOptions(provider=provider, custom_timeouts=timeouts),
)
"""


def program(api_server: ApiServer, *parts: str, name: str, team: str = "a", settings: str = "") -> str:
    """A program of a provider, a namespace and further parts."""
    head = PROVIDER.format(kubeconfig=str(api_server.kubeconfig), name=name, team=team, settings=settings)
    return "\n".join((head, *parts))


def deployment(image: str = "1", label: str = "app", seconds: int = 300) -> str:
    """A Deployment of two replicas."""
    return DEPLOYMENT.replace("IMAGE", image).replace("LABEL", label).replace("SECONDS", str(seconds))


def annotated(text: str, *annotations: str) -> str:
    """The program with annotations of the Deployment set to true."""
    of_deployment = dict.fromkeys(annotations, "true")
    return text.replace('"name": "app", "namespace"', f'"name": "app", "annotations": {of_deployment}, "namespace"')


def found(api_server: ApiServer, path: str) -> dict[str, Any]:
    """An object that is there."""
    live = api_server.client.get(path)
    assert live is not None, path
    return live
