"""The secrets of the fake AWS: versions, staging labels and deletion as Secrets Manager keeps them.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

Value = str | bytes
FIRST_VERSION = "version-1"


@dataclass(frozen=True)
class Reply:
    """An answer; `extra` are further header lines, each with its line break."""

    status: int
    body: bytes
    content_type: str = "application/x-amz-json-1.1"
    request_id: str = "request-1"
    extra: str = ""

    def head(self, framing: str) -> bytes:
        """The head, with the lines that say where the body ends."""
        return (
            f"HTTP/1.1 {self.status} x\r\nContent-Type: {self.content_type}\r\n"
            f"x-amzn-RequestId: {self.request_id}\r\n{self.extra}{framing}\r\n"
        ).encode()

    def render(self) -> bytes:
        """The answer's bytes."""
        return self.head(f"Content-Length: {len(self.body)}\r\n") + self.body


def error(code: str, message: str = "no", status: int = 400) -> Reply:
    """An error as Secrets Manager words it."""
    return Reply(status, json.dumps({"__type": code, "message": message}).encode())


def missing(what: str = "secret") -> Reply:
    """The answer for a secret or version that does not exist."""
    return error("ResourceNotFoundException", f"Secrets Manager can't find the specified {what}.")


@dataclass
class FakeSecrets:
    """Current values and versions by name; what was current before them is in `history`, by name and version."""

    secrets: dict[str, Value] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    history: dict[str, dict[str, Value]] = field(default_factory=dict)
    previous: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    history_limit: int | None = None
    """How many earlier versions of a name are kept; None for all."""

    def put(self, name: str, value: Value, version: str = "") -> str:
        """Give a secret a new current version, and return its id."""
        if name in self.secrets:
            earlier = self.history.setdefault(name, {})
            self.previous[name] = self._version(name)
            earlier[self.previous[name]] = self.secrets[name]
            if self.history_limit is not None and len(earlier) > self.history_limit:
                del earlier[next(iter(earlier))]
        self.secrets[name] = value
        self.versions[name] = version or str(uuid.uuid4())
        return self.versions[name]

    def purge(self, name: str) -> None:
        """Remove a secret with all its versions."""
        self.deleted.discard(name)
        members: tuple[dict[str, Any], ...] = (self.secrets, self.versions, self.history, self.previous)
        for member in members:
            member.pop(name, None)

    def written(self, name: str, value: Value, version: str) -> None:
        """A call has brought a new version."""
        self.put(name, value, version)

    def perform(self, action: str, asked: dict[str, Any]) -> Reply:
        """Answer a call that was signed and allowed."""
        name: str = asked["Name"] if action == "CreateSecret" else asked["SecretId"]
        for member, least, most in (("VersionId", 32, 64), ("VersionStage", 1, 256), ("ClientRequestToken", 32, 64)):
            if member in asked and not least <= len(asked[member]) <= most:
                return error("ValidationException", f"Value at '{member}' failed to satisfy constraint")
        if action == "CreateSecret":
            return self._create(name, asked)
        if name not in self.secrets:
            return missing()
        if action == "DescribeSecret":
            return self._describe(name)
        if name in self.deleted:
            message = "You can't perform this operation on the secret because it was marked for deletion."
            return error("InvalidRequestException", message)
        perform = {"GetSecretValue": self._get, "PutSecretValue": self._put, "DeleteSecret": self._delete}[action]
        return perform(name, asked)

    def _get(self, name: str, asked: dict[str, Any]) -> Reply:
        labels = {"AWSCURRENT": self._version(name), "AWSPREVIOUS": self.previous.get(name)}
        labelled = labels.get(asked["VersionStage"]) if "VersionStage" in asked else None
        if "VersionStage" in asked and labelled is None:
            return missing(f"secret value for staging label: {asked['VersionStage']}")
        version = asked.get("VersionId") or labelled or labels["AWSCURRENT"]
        if labelled not in {None, version}:
            return missing("secret value for VersionId and staging label")
        values = self._values(name)
        if version not in values:
            return missing(f"secret value for VersionId: {version}")
        return self._reply(name, VersionId=version, **wire(values[version]))

    def _describe(self, name: str) -> Reply:
        stages = {self._version(name): ["AWSCURRENT"]}
        if name in self.previous:
            stages[self.previous[name]] = ["AWSPREVIOUS"]
        deleted = {"DeletedDate": time.time()} if name in self.deleted else {}
        return self._reply(name, VersionIdsToStages=stages, **deleted)

    def _create(self, name: str, asked: dict[str, Any]) -> Reply:
        if name in self.deleted:
            message = "You can't create this secret because a secret with this name is already scheduled for deletion."
            return error("InvalidRequestException", message)
        if name in self.secrets and asked["ClientRequestToken"] not in self._values(name):
            return error("ResourceExistsException", f"The operation failed because the secret {name} already exists.")
        return self._put(name, asked)

    def _put(self, name: str, asked: dict[str, Any]) -> Reply:
        version, value = asked["ClientRequestToken"], read(asked)
        if not 0 < len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value) <= 65536:
            return error("InvalidParameterException", "The secret value must be 1 to 65536 bytes.")
        known = self._values(name).get(version)
        if known is None:
            self.written(name, value, version)
        elif known != value:
            return error("ResourceExistsException", "A version with that ClientRequestToken and another value exists.")
        return self._reply(name, VersionId=version)

    def _delete(self, name: str, asked: dict[str, Any]) -> Reply:
        self.deleted.add(name)
        return self._reply(name, DeletionDate=time.time() + 86400 * asked.get("RecoveryWindowInDays", 30))

    def _version(self, name: str) -> str:
        return self.versions.get(name, FIRST_VERSION)

    def _values(self, name: str) -> dict[str, Value]:
        current = {self._version(name): self.secrets[name]} if name in self.secrets else {}
        return self.history.get(name, {}) | current

    def _reply(self, name: str, **members: Any) -> Reply:
        document = {"ARN": f"arn:aws:secretsmanager:x:y:secret:{name}-AbCdEf", "Name": name, **members}
        return Reply(200, json.dumps(document).encode())


def wire(value: Value) -> dict[str, str]:
    """The members of an answer that hold a value."""
    if isinstance(value, bytes):
        return {"SecretBinary": base64.b64encode(value).decode()}
    return {"SecretString": value}


def read(asked: dict[str, Any]) -> Value:
    """The value in a write."""
    if "SecretBinary" in asked:
        return base64.b64decode(asked["SecretBinary"], validate=True)
    text: str = asked["SecretString"]
    return text
