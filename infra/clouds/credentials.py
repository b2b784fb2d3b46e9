"""Asking a cloud whose credentials these are, before anything is created; and what each way to fail means."""

import re
from collections.abc import Callable
from typing import TypeVar

import pulumi

from secret_access import NotReached, WrongAccount

NOT_REACHED = re.compile(
    r"(?i)request send failed|dial tcp|no such host|i/o timeout|connection refused|x509:|deadline exceeded"
    r"|could not connect|connection was closed|timeout on endpoint|ssl validation failed|failed to connect to proxy"
)
"""What providers in Go, and Python's AWS SDK, say when a connection failed."""
NOTHING_CREATED = "nothing was created"
T = TypeVar("T")


def ask(
    question: Callable[[], T],
    *,
    cloud: str,
    where: str,
    expected: str,
    fix: str,
    no_credentials: re.Pattern[str] | None = None,
) -> T:
    """Return the cloud's answer.

    Raises `NotReached` where the cloud did not answer, and `WrongAccount` where it refused. `no_credentials` is what
    its provider says when it found none; some say so after a failed connection to a metadata service.
    """
    try:
        return question()
    except pulumi.RunError:  # the engine has ended, and has said why
        raise
    except Exception as refusal:  # noqa: BLE001  Pulumi raises nothing more exact
        reason = str(refusal).rpartition("returned an error: ")[2]
        if NOT_REACHED.search(reason) and not (no_credentials and no_credentials.search(reason)):
            raise NotReached(
                f"{cloud} was not reached, so whose credentials these are is not known: given {reason!r}, expected an "
                f"answer of {where}; check the network, HTTPS_PROXY and what the stack's file says of it; "
                f"{NOTHING_CREATED}"
            ) from None
        raise WrongAccount(
            f"no {cloud} credentials for this stack: given {reason!r}, expected {expected}; {fix}; {NOTHING_CREATED}"
        ) from None
