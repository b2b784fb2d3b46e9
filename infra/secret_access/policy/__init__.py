"""The rules of the policy pack: pure functions over resources as a program asks for them, and the pack itself.

catalogue.py lists the rules, pack.py serves them to Pulumi. Each other module is about one kind of mistake, or reads
documents for those that are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_policy import Policy

__all__ = ["policy_pack"]


def policy_pack(
    configuration: Mapping[str, str | Mapping[str, Any]] | None = None, *, more: Sequence[Policy] = ()
) -> None:
    """Serve the policy pack `secret-access` to Pulumi: the whole of a pack's `__main__.py`. It does not return.

    `configuration`: by rule its level, or its settings with `enforcementLevel` among them, as docs/policy.md has them.
    `more`: policies of your own in the same pack.

    What `--policy-pack-config` says is over it, level by level and setting by setting. A wrong configuration ends the
    pack, and so the preview. Raises ImportError where `secret-access[policy]` is not installed.
    """
    try:
        from .pack import serve  # noqa: PLC0415  (the rules need no pulumi-policy, which is an extra)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pulumi_policy":
            raise
        raise ImportError("the policy pack needs pulumi-policy: install secret-access[policy]") from None
    serve(configuration or {}, more)
