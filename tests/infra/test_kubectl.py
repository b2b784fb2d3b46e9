"""kubectl as a Python object: what it is asked, and what becomes of its failures; a script stands in for it."""

import json
import time
from pathlib import Path

import pytest

from local.progress import wait_for
from secret_access.errors import SecretAccessError
from secret_access.kubectl import (
    AlreadyExists,
    ClusterNotReached,
    Forbidden,
    Kubectl,
    KubectlError,
    KubectlMissing,
    NotFound,
)


def fake(folder: Path, script: str) -> Kubectl:
    """A kubectl that is a shell script."""
    path = folder / "kubectl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Kubectl(command=str(path))


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_it_asks_the_cluster_that_was_named(tmp_path: Path) -> None:
    """Context and kubeconfig go with every run; names come after `--`, and are no options."""
    command = fake(tmp_path, f"printf '%s\\n' \"$@\" > {tmp_path}/asked; echo '{{}}'").command
    Kubectl("blue", "/tmp/config", command).get("pods", "--all", "shop")
    assert asked(tmp_path) == [
        "--context=blue",
        "--kubeconfig=/tmp/config",
        "get",
        "--namespace=shop",
        "--output=json",
        "--",
        "pods",
        "--all",
    ]


def test_a_list_is_of_all_namespaces_unless_one_is_named(tmp_path: Path) -> None:
    """With the label selector."""
    kubectl = fake(tmp_path, f'printf \'%s\\n\' "$@" > {tmp_path}/asked; echo \'{{"items": [{{"kind": "Pod"}}]}}\'')
    assert kubectl.find("pods", selector="a=b") == [{"kind": "Pod"}]
    assert "--all-namespaces" in asked(tmp_path)
    assert "--selector=a=b" in asked(tmp_path)
    kubectl.find("pods", "shop")
    assert {"--namespace=shop", "--all-namespaces"} & {*asked(tmp_path)} == {"--namespace=shop"}


def test_a_long_list_is_read_page_by_page(tmp_path: Path) -> None:
    """The place in the list is quoted; where the server has forgotten it, the list is read anew."""
    pages = {
        "c%2F1": {"items": [{"kind": "B"}], "metadata": {"continue": "forgotten"}},
        "": {"items": [{"kind": "C"}], "metadata": {}},
    }
    first = {"items": [{"kind": "A"}], "metadata": {"continue": "c/1"}}
    kubectl = fake(
        tmp_path,
        f"""echo "$2" >> {tmp_path}/asked
case "$2" in
  *continue=c%2F1*) echo '{json.dumps(pages["c%2F1"])}' ;;
  *continue=forgotten*) echo "Error from server (Expired): The provided continue parameter is too old" >&2; exit 1 ;;
  *) if [ -e {tmp_path}/again ]; then echo '{json.dumps(pages[""])}'
     else touch {tmp_path}/again; echo '{json.dumps(first)}'; fi ;;
esac""",
    )
    read = list(kubectl.read_all("/api/v1/pods", labelSelector="a=b"))
    assert read == [{"kind": "A"}, {"kind": "B"}, {"kind": "C"}]
    assert asked(tmp_path)[0] == "--raw=/api/v1/pods?labelSelector=a%3Db&limit=500"
    assert len(asked(tmp_path)) == 4


def test_objects_are_sent_on_standard_input(tmp_path: Path) -> None:
    """One or several; no argument has them, for others on the machine see arguments."""
    kubectl = fake(tmp_path, f"printf '%s\\n' \"$@\" > {tmp_path}/asked; cat")
    made = kubectl.create({"kind": "Job"}, {"kind": "Pod"})
    assert made == [{"kind": "Job"}, {"kind": "Pod"}]
    assert asked(tmp_path) == ["create", "--filename=-", "--output=json"]


@pytest.mark.parametrize(
    ("complaint", "kind", "mend"),
    [
        ('Error from server (Forbidden): pods is forbidden: User "ann" cannot list', Forbidden, "ask for the right"),
        ('Error from server (NotFound): pods "a" not found', NotFound, ""),
        ('error: the server doesn\'t have a resource type "gizmos"', NotFound, ""),
        ('Error from server (AlreadyExists): jobs.batch "a" already exists', AlreadyExists, ""),
        ("error: You must be logged in to the server (Unauthorized)", ClusterNotReached, "sign in"),
        ("Unable to connect to the server: getting credentials: exec: fork", ClusterNotReached, "sign in"),
        ("Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout", ClusterNotReached, "VPN"),
        ("The connection to the server localhost:8080 was refused", ClusterNotReached, "VPN"),
        ('error: context "x" does not exist', ClusterNotReached, "get-contexts"),
        ("error: odd", KubectlError, ""),
    ],
)
def test_each_failure_is_an_error_of_its_own(
    tmp_path: Path, complaint: str, kind: type[SecretAccessError], mend: str
) -> None:
    """With what kubectl said, and what to do where that is known."""
    (tmp_path / "said").write_text(complaint)
    with pytest.raises(kind) as raised:
        fake(tmp_path, f"cat {tmp_path}/said >&2; exit 1").raw("/version")
    assert type(raised.value) is kind
    assert str(raised.value).startswith(f"kubectl get --raw=/version: {complaint}")
    assert mend in str(raised.value)


def test_a_failure_without_a_word_has_its_exit_code(tmp_path: Path) -> None:
    """As of a process that was killed."""
    with pytest.raises(KubectlError, match="exit code 3"):
        fake(tmp_path, "exit 3").raw("/version")


def test_what_is_no_kubectl_is_said_to_be_missing(tmp_path: Path) -> None:
    """With where to get one."""
    (tmp_path / "text").write_text("")
    for command in ("no-such-kubectl", str(tmp_path / "text")):
        with pytest.raises(KubectlMissing, match=r"expected kubectl: install it \(https://kubernetes.io"):
            Kubectl(command=command).raw("/version")


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    """As of another program that is called kubectl."""
    with pytest.raises(KubectlError, match="expected JSON"):
        fake(tmp_path, "echo hello").get("pods", "a")


def test_no_answer_ends_kubectl_and_what_it_started(tmp_path: Path) -> None:
    """A sign-in that waits for somebody holds the outputs open, and would be waited for."""
    there = tmp_path / "started"
    kubectl = fake(tmp_path, f"sleep 1000 & echo $! > {there}.new; mv {there}.new {there}; wait")
    for seconds in (0.5, 5, 50):  # until it had time to start
        began = time.monotonic()
        with pytest.raises(ClusterNotReached, match=rf"no answer in {seconds} s; try `kubectl get namespaces`"):
            kubectl.run("get", seconds=seconds)
        assert time.monotonic() - began < seconds + 60
        if there.exists():
            break
    started = int(there.read_text())

    def ended() -> bool:
        try:
            return Path(f"/proc/{started}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    wait_for("the sign-in to end", ended)
