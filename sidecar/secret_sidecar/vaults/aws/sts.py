"""The wire form of STS's AssumeRoleWithWebIdentity: an unsigned form, answered in XML.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import re
from urllib.parse import urlencode
from xml.parsers import expat

from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.identity.expiry import ends_at

SESSION_NAME_LENGTH = 64
_POD_SUFFIX = 24  # '-' + a ReplicaSet's hash + '-' + five characters, and a bit of the name
_NOT_IN_SESSION_NAMES = re.compile(r"[^\w+=,.@-]", re.ASCII)


def session_name(namespace: str, pod: str) -> str:
    """Return `NAMESPACE.POD`, cut in the middle to IAM's 64 characters: the pod's own suffix always stays."""
    pod = _NOT_IN_SESSION_NAMES.sub("-", pod)
    if not namespace:
        return pod[-SESSION_NAME_LENGTH:]
    room = SESSION_NAME_LENGTH - 1
    pod = pod[-max(room - len(namespace), _POD_SUFFIX) :]
    return f"{namespace[: room - len(pod)]}.{pod}"


def form(role_arn: str, session: str, token: str, duration: int | None = None) -> bytes:
    """Return the request's body; `duration` is in seconds, and the role's own maximum bounds it."""
    return urlencode({
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role_arn,
        "RoleSessionName": session,
        "WebIdentityToken": token,
        **({} if duration is None else {"DurationSeconds": str(duration)}),
    }).encode()  # fmt: skip


def texts(document: bytes) -> dict[str, str]:
    """Return the text of each element that has one, by its local name, the first of equal ones; ValueError if not XML.

    An answer never declares a document type, and one that does is refused, so there are no entities to expand.
    """
    found: dict[str, str] = {}
    text: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise ValueError("a document type in an answer")

    def end(name: str) -> None:
        if value := "".join(text).strip():
            found.setdefault(name.rpartition(" ")[2], value)
        text.clear()

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda *_: text.clear()
    parser.CharacterDataHandler = text.append
    parser.EndElementHandler = end
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        raise ValueError("not XML") from None
    return found


def credentials(found: dict[str, str], answer: Answer) -> Credentials:
    """Return the credentials of an answer, in which these texts were found; ValueError names what is missing or odd."""
    try:
        return Credentials(
            access_key=_sendable(found, "AccessKeyId"),
            secret_key=found["SecretAccessKey"],
            token=_sendable(found, "SessionToken"),
            expires=ends_at(found["Expiration"], answer),
            identity=found["Arn"],
        )
    except KeyError as missing:
        raise ValueError(f"no {missing.args[0]}") from None


def _sendable(found: dict[str, str], name: str) -> str:
    """Return a text that goes into a header."""
    text = found[name]
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"a {name} of other characters than printable ASCII")
    return text
