"""`secret-access preflight` of a cluster, with a real API server: what is found of all of it, and of its versions."""

from __future__ import annotations

import json

from click.testing import CliRunner

from secret_access.cli.main import cli
from secret_access.cli.preflight import READY, UNKNOWN
from secret_access.preflight import live
from tests.integration.preflight.scene import GOOD, Scene


def test_a_cluster_without_fault_is_ready(scene: Scene) -> None:
    """Every check is asked, and none finds anything."""
    options = ("--kubeconfig", str(scene.kubectl.kubeconfig), "--kubectl", scene.kubectl.command)
    result = CliRunner().invoke(cli, ["preflight", *options, "--ca", str(scene.authority), "-n", GOOD, "--json"])
    assert result.exit_code == READY, result.output
    found = json.loads(result.output)
    assert found["ready"] is True
    assert {check["id"]: check["severity"] for check in found["checks"]} == dict.fromkeys(
        (
            "version",
            "node-version",
            "issuer-address",
            "issuer-document",
            "issuer-keys",
            "clock",
            "issuer-clock",
            "webhook-dead",
            "pod-security",
            "egress",
            "pod",
        ),
        "ok",
    )


def node_version(scene: Scene) -> str:
    found = live.checks(scene.kubectl, [GOOD], "app", str(scene.authority), live.local_time)
    return next(check.severity for check in found if check.id == "node-version")


def test_a_node_that_drops_the_sidecars_restart_policy_is_found(scene: Scene) -> None:
    """One whose kubelet is older than native sidecars."""
    scene.make("/api/v1/nodes", {"metadata": {"name": "old"}})
    try:
        for version, severity in (("v1.28.15", "error"), ("v1.29.0-eks-1", "ok")):
            node = scene.client.request("GET", "/api/v1/nodes/old")
            node["status"]["nodeInfo"]["kubeletVersion"] = version
            del node["metadata"]["resourceVersion"]  # controllers write to it too
            scene.client.request("PUT", "/api/v1/nodes/old/status", node)
            assert node_version(scene) == severity
    finally:
        scene.client.request("DELETE", "/api/v1/nodes/old")


def test_what_may_not_be_asked_is_unknown(scene: Scene) -> None:
    """The other checks go on; the exit code says that some are missing."""
    scene.cluster.user("nobody")
    kubeconfig = scene.cluster.kubeconfig.parent / "user-nobody.kubeconfig"
    options = ("--kubeconfig", str(kubeconfig), "--kubectl", scene.kubectl.command, "--ca", str(scene.authority))
    result = CliRunner().invoke(cli, ["preflight", *options, "--json"])
    assert result.exit_code == UNKNOWN, result.output
    severities = {check["id"]: check["severity"] for check in json.loads(result.output)["checks"]}
    unknown = dict.fromkeys(("node-version", "issuer-document", "webhook-dead", "pod-security"), "unknown")
    assert severities == {"version": "ok", **unknown}
