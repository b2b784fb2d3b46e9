"""Undoing: one environment without the other, everything, and the machine itself. Runs last: it takes things away."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from local import clouds, config, host
from local.aws import account
from tests.e2e.conftest import Environment


def namespaces(environment: Environment) -> set[str]:
    listed = json.loads(environment.kubectl("get", "namespaces", "-o", "json"))
    return {item["metadata"]["name"] for item in listed["items"]}


def test_destroying_test_leaves_prod_alone(environment: Environment) -> None:
    """The two share a cluster and an OIDC provider, and neither owns them."""
    environment.destroy("test")
    assert "test" not in namespaces(environment)
    prod = environment.ask("prod", "prod/database-password")
    assert (prod["status"], prod["body"]["value"]) == (200, account.value("prod/database-password"))


def test_destroying_everything_leaves_nothing(environment: Environment) -> None:
    """No role, no policy, no OIDC provider in AWS; no namespace of ours in Kubernetes."""
    environment.destroy("prod")
    for cloud in clouds.wanted():
        environment.pulumi.destroy(cloud.cluster_stack)
    iam = account.client("iam")
    assert iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert namespaces(environment) == {"default", "kube-node-lease", "kube-public", "kube-system"}
    for stack in (stack for cloud in clouds.wanted() for stack in cloud.stacks):
        state = json.loads(environment.pulumi("stack", "export", f"--stack={stack}"))
        assert state["deployment"].get("resources", []) == []


def processes_of_the_machine() -> list[str]:
    """Command lines that name the machine's folder or its addresses."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(config.MACHINE) in command or "local.machine" in command or "containerd-shim" in command:
                found.append(command)
    return found


def test_down_leaves_nothing_on_the_host(environment: Environment) -> None:
    """No process, mount, cgroup, interface, route or changed sysctl, and no file outside the checkout."""
    owner = host.Owner.read()
    assert owner
    started = host.OWNER.stat().st_mtime
    assert processes_of_the_machine()
    with host.claim():
        host.stop()
    assert processes_of_the_machine() == []
    assert str(config.STATE) not in Path("/proc/self/mounts").read_text()
    assert not [cgroup for cgroup in host.cgroups() if cgroup.exists()]
    assert not Path("/sys/class/net", config.HOST_LINK).exists()
    if shutil.which("iptables-save"):  # without it nothing can have made rules
        rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
        assert "KUBE-" not in rules
        assert "CNI-" not in rules
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    assert "10.78.0." not in routes
    assert {key: Path("/proc/sys", key).read_text().strip() for key in owner.sysctls} == owner.sysctls
    assert not config.RUN.exists()
    port = config.AWS_URL.rpartition(":")[2]
    temporary = Path(tempfile.gettempdir()).glob(f"ministack*{port}*")
    assert [path for path in temporary if path.stat().st_mtime >= started] == []
    for path in ("/var/lib/kubelet", "/var/log/containers", "/var/log/pods", "/run/containerd"):
        assert not Path(path).exists() or str(config.ROOT) not in "".join(map(str, Path(path).rglob("*")))
