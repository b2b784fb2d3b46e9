"""JSON objects whose members are all text: most of what is sent and answered, at a third of what json.dumps costs."""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted

__all__ = ["json_of", "quoted"]


def json_of(members: Mapping[str, str]) -> bytes:
    """Return what json.dumps would; the keys are the project's own, and need no escapes."""
    return ("{" + ", ".join([f'"{key}": {quoted(value)}' for key, value in members.items()]) + "}").encode()
