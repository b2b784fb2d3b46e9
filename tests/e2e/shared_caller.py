"""A pod that calls the shared service: its manifest, and the program that its container runs for each question.

The laptop environment has neither kube-proxy nor DNS, so nothing there leads from a Service's name to a pod. The
question goes to an address of the Service's EndpointSlice instead, under the Service's name in TLS and in Host: what
kube-proxy would have chosen, and what `curl --resolve` does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
plain = socket.create_connection((address, url.port), timeout=20)
connection.sock = trust.wrap_socket(plain, server_hostname=url.hostname)
serial = connection.sock.getpeercert()["serialNumber"]
connection.request("GET", path, headers={} if spoilt == "none" else {"Authorization": "Bearer " + token})
answer = connection.getresponse()
body = answer.read()
print(json.dumps({"status": answer.status, "serial": int(serial, 16), "body": json.loads(body)}))
"""


@dataclass(frozen=True)
class Answer:
    """What the service answered, and the serial number of the certificate that it showed."""

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
        """Ask for a secret; `spoilt` is what is done to the token first: none, signature, or claims of NAMESPACE."""
        asked = ("python3", "-c", ASK, address, f"/v1/secrets/{name}", spoilt)
        out = self.environment.kubectl("exec", "-n", self.namespace, self.pod, "-c", "app", "--", *asked)
        return Answer(**json.loads(out))


def manifest(caller: dict[str, Any], namespace: str, name: str, service_account: str) -> dict[str, Any]:
    """A pod of a caller's own, with what the service's `caller_access` has and nothing else of ours."""
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
        },
    }
