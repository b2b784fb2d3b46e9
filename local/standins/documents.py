"""When two IAM policy documents say the same: a reformatted one is no change, a widened one is.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from typing import Any


def fault(document: str) -> str | None:
    """Why a text is no policy document, or None."""
    try:
        parsed = json.loads(document)
    except ValueError as error:
        return f"contains an invalid JSON policy: {error}"
    return None if isinstance(parsed, dict) else "contains an invalid JSON policy: not an object"


def same(one: str, other: str) -> bool:
    """Whether two documents mean the same: key order, spacing, list order and a list of one do not matter."""
    try:
        return bool(_meaning(json.loads(one)) == _meaning(json.loads(other)))
    except ValueError:
        return one == other


def _meaning(value: Any) -> Any:
    if not isinstance(value, dict):
        return value if isinstance(value, str) else json.dumps(value)
    members = {key: member if isinstance(member, list) else [member] for key, member in value.items()}
    return {key: sorted(map(_meaning, listed), key=_order) for key, listed in members.items()}


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
