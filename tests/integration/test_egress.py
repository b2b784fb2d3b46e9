"""PodEgress's policy on a real engine of NetworkPolicies: what a pod reaches before and with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

INSIDE = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec "$@"'
"""Names of network namespaces are files, which the machine's own are not to see."""


def test_kube_router_lets_a_pod_reach_the_vault_and_no_metadata_server(
    tools: Path, kube_router: Path, tmp_path: Path
) -> None:
    """In a network namespace of its own, so that the rules of other tests are not touched."""
    probe = (sys.executable, "-m", "tests.integration.egress_probe", str(tools), str(kube_router), str(tmp_path))
    command = ("unshare", "--net", "--mount", "sh", "-c", INSIDE, "sh", *probe)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    nowhere_else = {"vault, another port": False, "metadata": False, "tls": False}
    everywhere = dict.fromkeys(("vault", *nowhere_else), True)
    assert json.loads(ran.stdout.splitlines()[-1]) == {"before": everywhere, "limited": {"vault": True, **nowhere_else}}
