"""A pod that calls the shared service: its manifest, and the program that its container runs for each question.

The laptop environment has neither kube-proxy nor DNS: nothing leads from a Service's name to a pod, unless
`cluster_network` runs. Without it the question goes to an address of the Service's EndpointSlice, under the Service's
name in TLS and in Host: what kube-proxy would have chosen, and what `curl --resolve` does.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.conftest import Environment

IMAGE = "localhost/secret-access-app:dev"
WAIT = "import signal; signal.sigwait({signal.SIGTERM})"
ASK = """
import base64, http.client, json, os, socket, ssl, sys, urllib.parse
address, path, spoilt = sys.argv[1:]
url = urllib.parse.urlsplit(os.environ["SECRETS_URL"])
token = open(os.environ["SECRETS_TOKEN_FILE"]).read()

def claiming(namespace):
    head, said, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    claims["sub"] = claims["sub"].replace(":" + claims["kubernetes.io"]["namespace"] + ":", ":" + namespace + ":")
    claims["kubernetes.io"]["namespace"] = namespace
    said = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return ".".join([head, said, signature])

if spoilt == "signature":
    head, said, signature = token.split(".")
    token = ".".join([head, said, signature[::-1]])
elif spoilt not in ("", "none"):
    token = claiming(spoilt.removeprefix("claims of "))
trust = ssl.create_default_context(cafile=os.environ["SECRETS_CA_FILE"])
connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=20)
try:
    plain = socket.create_connection((address or url.hostname, url.port), timeout=5)
except OSError as error:
    print(json.dumps({"status": 0, "serial": 0, "body": {"error": type(error).__name__}}))
    raise SystemExit from None
connection.sock = trust.wrap_socket(plain, server_hostname=url.hostname)
serial = connection.sock.getpeercert()["serialNumber"]
connection.request("GET", path, headers={} if spoilt == "none" else {"Authorization": "Bearer " + token})
answer = connection.getresponse()
body = answer.read()
print(json.dumps({"status": answer.status, "serial": int(serial, 16), "body": json.loads(body)}))
"""


LOAD = """
import http.client, json, os, ssl, sys, threading, urllib.parse
url = urllib.parse.urlsplit(os.environ["SECRETS_URL"])
trust = ssl.create_default_context(cafile=os.environ["SECRETS_CA_FILE"])
started, over = threading.Event(), threading.Event()
reads, lost = [], []

def read():
    connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=10, context=trust)
    while not over.wait(0.02):
        token = open(os.environ["SECRETS_TOKEN_FILE"]).read()
        try:
            connection.request("GET", sys.argv[1], headers={"Authorization": "Bearer " + token})
            answer = connection.getresponse()
            body = answer.read()
            (reads if answer.status == 200 else lost).append(answer.status)
        except (OSError, http.client.HTTPException) as error:
            lost.append(repr(error))
            connection.close()
        started.set()

readers = [threading.Thread(target=read) for _ in range(4)]
for reader in readers: reader.start()
started.wait()
print("reading", flush=True)
sys.stdin.read()
over.set()
for reader in readers: reader.join()
print(json.dumps({"reads": len(reads), "lost": lost}))
"""
"""Four who read over connections that they keep open, until the end of the standard input."""


@dataclass(frozen=True)
class Answer:
    """What the service answered, and the serial number of the certificate that it showed; 0 and 0 if nothing did."""

    status: int
    serial: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """A running pod of a namespace, with a token of a ServiceAccount of its own."""

    environment: Environment
    namespace: str
    pod: str

    def ask(self, address: str, name: str, spoilt: str = "") -> Answer:
        """Ask for a secret; `spoilt` is what is done to the token first: none, signature, or claims of NAMESPACE.

        Without an address the Service's name is looked up.
        """
        asked = ("python3", "-c", ASK, address, f"/v1/secrets/{name}", spoilt)
        out = self.environment.kubectl("exec", "-n", self.namespace, self.pod, "-c", "app", "--", *asked)
        return Answer(**json.loads(out))


@dataclass
class Load:
    """What a caller reads all the time; what it came to is known afterwards."""

    reads: int = 0
    lost: list[object] = field(default_factory=list)


@contextmanager
def reading(caller: Caller, name: str) -> Iterator[Load]:
    """Have a caller read a secret all the time."""
    run = ["exec", "-i", "-n", caller.namespace, caller.pod, "-c", "app", "--", "python3", "-c", LOAD]
    command = [*caller.environment.kubectl.command, *run, f"/v1/secrets/{name}"]
    load = Load()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield load
        process.stdin.close()
        told = json.loads(process.stdout.read())
    load.reads, load.lost = told["reads"], told["lost"]


def manifest(
    caller: dict[str, Any], namespace: str, name: str, service_account: str, more: dict[str, Any]
) -> dict[str, Any]:
    """A pod of a caller's own, with what the service's `caller_access` has and nothing else of ours.

    `more` is for its spec.
    """
    container = {
        "name": "app",
        "image": IMAGE,
        "command": ["python3", "-c", WAIT],
        "env": caller["env"],
        "volumeMounts": [caller["volume_mount"]],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "serviceAccountName": service_account,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [caller["volume"]],
            **more,
        },
    }
