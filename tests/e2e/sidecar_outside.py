"""The sidecar's own code, outside its pod: what a pod's settings lead to with a token that a test chose."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jwt

from local import cluster, config
from local.cloud import Cloud
from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.open import open_store
from tests.e2e.conftest import Environment


@dataclass(frozen=True)
class Sidecar:
    """The sidecar of a pod: its settings, with the pod's files in a folder of ours; ``token`` is the file of its own.

    ``audience`` and ``account`` are what the pod's token is for, and whose it is.
    """

    namespace: str
    account: str
    audience: str
    variables: dict[str, str]
    token: Path

    def read(self, token: str, name: str) -> str:
        """Read a secret with this token: `read`, or the error's kind."""
        self.token.write_text(token)
        with patch.dict(os.environ, self.variables):  # OpenSSL looks for SSL_CERT_FILE there
            return asyncio.run(self._read(name))

    async def _read(self, name: str) -> str:
        store = open_store(Settings.from_environment(self.variables))
        try:
            await store.get(name, asyncio.get_running_loop().time() + 30)
        except VaultError as error:
            return type(error).__name__
        finally:
            await store.close()
        return "read"


def sidecar_of(environment: Environment, cloud: Cloud, namespace: str, folder: Path) -> Sidecar:
    """The sidecar of the namespace's pod for a cloud."""
    get = ("-n", namespace, "-o", "json")
    found = cluster.running_pod(environment.kubectl, cloud, namespace)
    pod = json.loads(environment.kubectl("get", "pod", found.name, *get))
    (container,) = [c for c in pod["spec"]["initContainers"] if c["name"] == cluster.SIDECAR]
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    places: dict[str, str] = {}
    token, audience = folder / "token", ""
    for mount in container["volumeMounts"]:
        match volumes[mount["name"]]:
            case {"projected": {"sources": [{"serviceAccountToken": source}]}}:
                audience = source["audience"]
                places[f"{mount['mountPath']}/{source['path']}"] = str(token)
            case {"configMap": {"name": str(name)}}:
                for key, text in json.loads(environment.kubectl("get", "configmap", name, *get))["data"].items():
                    (folder / key).write_text(text)
                    places[f"{mount['mountPath']}/{key}"] = str(folder / key)
    given = {variable["name"]: variable.get("value", found.name) for variable in container["env"]}
    variables = {name: places.get(value, value) for name, value in given.items()}
    assert str(token) in variables.values()
    return Sidecar(namespace, pod["spec"]["serviceAccountName"], audience, variables, token)


def token_of(environment: Environment, namespace: str, account: str, audience: str) -> str:
    """A ServiceAccount's token, as the API server makes it."""
    return environment.kubectl("create", "token", account, "-n", namespace, f"--audience={audience}").strip()


def signed_anew(token: str, key: Any, **claims: Any) -> str:
    """The same token with other claims, signed with another key under the same key id."""
    known = jwt.decode(token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode({**known, **claims}, key, algorithm="RS256", headers=headers)


def api_servers_key() -> str:
    """The key that signs the cluster's tokens."""
    return (config.PKI / "sa.key").read_text()


def since(seconds: int) -> int:
    """A time so many seconds ago, as a token has it."""
    return int(time.time()) - seconds
