"""A token of the cloud's own command, such as `gcloud` or `az`. It is in no message."""

import subprocess

from ..errors import SecretAccessError

SECONDS = 60


class NotSignedIn(SecretAccessError):
    """The command gave no token; the message has what it complained of."""


def printed(*command: str) -> str:
    """Return what a command prints; raise NotSignedIn."""
    run = " ".join(command)
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except OSError as error:
        raise NotSignedIn(f"{run}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise NotSignedIn(f"{run}: no answer in {SECONDS} s") from None
    if ran.returncode:
        complaint = " ".join(ran.stderr.split())[:500]
        raise NotSignedIn(f"{run}: {complaint or f'exit code {ran.returncode}'}")
    return ran.stdout.strip()
