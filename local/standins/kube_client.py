"""A small client of the Kubernetes API: any resource by apiVersion and kind, watches that can be cut short.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import http.client
import json
import math
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from local.standins.errors import ApiError, Cancelled, TimedOut
from local.standins.kubeconfig import Access

Object = dict[str, Any]

_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


class Client:
    """One API server. ``warn`` is called with each warning that it gives."""

    def __init__(self, to: Access, warn: Callable[[str], None] = lambda _: None) -> None:
        self.access = to
        self._warn = warn
        self._kept = threading.local()
        self._discovered: dict[str, dict[str, Object]] = {}
        self._watches: set[socket.socket] = set()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End every watch, now and from now on, with Cancelled."""
        self._cancelled.set()
        for watched in list(self._watches):
            watched.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection that this thread keeps."""
        if hasattr(self._kept, "connection"):
            self._kept.connection.close()
            del self._kept.connection

    def request(self, method: str, path: str, body: Object | None = None, **query: str) -> Object:
        """Ask once; a kept connection that the server has closed meanwhile is opened anew. Raises ApiError."""
        target = f"{path}?{urlencode(query)}" if query else path
        fresh = not hasattr(self._kept, "connection")
        if fresh:
            self._kept.connection = self._connect(timeout=60)
        try:
            return self._ask(self._kept.connection, method, target, body)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if not fresh:
                return self.request(method, path, body, **query)
            raise ApiError(0, f"cannot reach the API server at {self._where}: {error}", "Unreachable") from None

    def get(self, path: str) -> Object | None:
        """An object, or None where there is none."""
        try:
            return self.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def path(self, api_version: str, kind: str, namespace: str | None, name: str = "") -> str:
        """The path of an object, or of its collection; raises ApiError where the server has no such kind."""
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        resource = self._resource(api_version, kind)
        inside = f"/namespaces/{quote(namespace or 'default')}" if resource["namespaced"] else ""
        return f"{base}{inside}/{resource['name']}" + (f"/{quote(name)}" if name else "")

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether objects of the kind live in a namespace."""
        return bool(self._resource(api_version, kind)["namespaced"])

    def follow(self, path: str, settled: Callable[[Object | None], bool], seconds: float) -> Object | None:
        """Watch one object (None when it is gone) until ``settled`` says so; raises TimedOut or Cancelled."""
        end = time.monotonic() + seconds
        collection, _, name = path.rpartition("/")
        while True:
            if self._cancelled.is_set():
                raise Cancelled
            seen = self.get(path)
            if settled(seen):
                return seen
            version = seen["metadata"]["resourceVersion"] if seen else "0"
            for event in self._watch(collection, name, version, end - time.monotonic()):
                if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                    break
                seen = None if event["type"] == "DELETED" else event["object"]
                if settled(seen):
                    return seen
            if time.monotonic() >= end:
                raise TimedOut(seen)

    def _watch(self, collection: str, name: str, version: str, seconds: float) -> Iterator[Object]:
        """Events until the server ends the watch, which it does after ``seconds``."""
        if seconds <= 0:
            return
        query = {
            "watch": "1",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(math.ceil(seconds)),
        }
        with self._watching(seconds) as connection:
            connection.request("GET", f"{collection}?{urlencode(query)}", headers=self._headers())
            response = connection.getresponse()
            try:
                for line in response:
                    yield json.loads(line)
            except (OSError, http.client.HTTPException, ValueError):
                return  # cut short: the caller looks again

    @contextmanager
    def _watching(self, seconds: float) -> Iterator[http.client.HTTPSConnection]:
        connection = self._connect(timeout=seconds + 30)
        connection.connect()
        watched = connection.sock
        self._watches.add(watched)
        try:
            if self._cancelled.is_set():
                raise Cancelled
            yield connection
        finally:
            self._watches.discard(watched)
            connection.close()

    def _resource(self, api_version: str, kind: str) -> Object:
        if kind not in self._discovered.get(api_version, {}):
            base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            found = self.get(base)
            if found is None:
                raise ApiError(404, f"the API server at {self._where} has no API {api_version!r}", "NotFound")
            self._discovered[api_version] = {
                entry["kind"]: entry for entry in found["resources"] if "/" not in entry["name"]
            }
        known = self._discovered[api_version]
        if kind not in known:
            raise ApiError(404, f"{api_version} has no kind {kind!r}; it has {', '.join(sorted(known))}", "NotFound")
        return known[kind]

    @property
    def _where(self) -> str:
        return f"https://{self.access.host}:{self.access.port}"

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.access.host, self.access.port, timeout=timeout, context=self.access.tls)

    def _headers(self, content_type: str = "application/json") -> dict[str, str]:
        token = {"Authorization": f"Bearer {self.access.token}"} if self.access.token else {}
        return {"Accept": "application/json", "Content-Type": content_type, **token}

    def _ask(self, connection: http.client.HTTPSConnection, method: str, target: str, body: Object | None) -> Object:
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        # YAML, as which the server reads what is applied, does not join JSON's two escapes for one character
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        connection.request(method, target, sent, self._headers(kind))
        response = connection.getresponse()
        answer: Object = json.loads(response.read())
        for warning in response.headers.get_all("Warning", []):
            for text in _WARNING.findall(warning):
                self._warn(re.sub(r"\\(.)", r"\1", text))
        if response.status >= 300:
            raise ApiError(response.status, answer.get("message", str(answer)), answer.get("reason", ""))
        return answer
