"""Reads a kubeconfig: the API server's address, and our credentials there."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from local.standins.errors import KubeconfigError

Object = dict[str, Any]


@dataclass(frozen=True)
class Access:
    """An API server's address, and our credentials there."""

    host: str
    port: int
    tls: ssl.SSLContext
    token: str | None
    namespace: str | None


def access(kubeconfig: str | None, context: str | None = None, cluster: str | None = None) -> Access:
    """What a kubeconfig, given as its contents or its path, says of a context; raises KubeconfigError."""
    try:
        return _of(_read(kubeconfig), context, cluster)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise KubeconfigError(f"cannot use the kubeconfig given: {type(error).__name__}: {error}") from None


def _read(given: str | None) -> Object:
    """The contents or the path given, else what kubectl would take."""
    text = given or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    if "\n" not in text and not text.lstrip().startswith("{"):
        text = Path(text).expanduser().read_text()
    read = yaml.safe_load(text)
    if not isinstance(read, dict):
        raise KubeconfigError("it is no YAML mapping")
    return read


def _of(kubeconfig: Object, context: str | None = None, cluster: str | None = None) -> Access:
    """What a kubeconfig says of a context: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/"""
    chosen = _entry(kubeconfig, "contexts", context or kubeconfig.get("current-context"))["context"]
    server = _entry(kubeconfig, "clusters", cluster or chosen.get("cluster"))["cluster"]
    user = _entry(kubeconfig, "users", chosen.get("user"))["user"]
    if unknown := sorted(user.keys() & {"exec", "auth-provider", "username", "as", "as-uid", "as-groups"}):
        raise KubeconfigError(
            f"user {chosen['user']!r} has {unknown[0]!r}; the stand-in takes a client certificate or a token"
        )
    url = urlsplit(server["server"])
    if url.scheme != "https" or not url.hostname:
        raise KubeconfigError(f"cluster server {server['server']!r} is not an https:// URL")
    tls = ssl.create_default_context(cadata=_text(server, "certificate-authority"))
    certificate, key = _text(user, "client-certificate"), _text(user, "client-key")
    if certificate and key:
        with tempfile.NamedTemporaryFile("w") as file:  # created 0600; ssl takes files only
            file.write(certificate + "\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    token = user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else None)
    return Access(url.hostname, url.port or 443, tls, token, chosen.get("namespace"))


def _entry(kubeconfig: Object, section: str, name: str | None) -> Object:
    entries = {entry["name"]: entry for entry in kubeconfig.get(section) or []}
    if name not in entries:
        raise KubeconfigError(f"kubeconfig has no {name!r} in {section}; it has {', '.join(entries) or 'none'}")
    return dict(entries[name])


def _text(section: Object, key: str) -> str | None:
    if f"{key}-data" in section:
        return base64.b64decode(section[f"{key}-data"]).decode()
    return Path(section[key]).read_text() if key in section else None
