"""Stay up as an application does: reach the sidecar, read the secrets named, then run until told to end."""

import signal
import sys

from .client import ask, get_secret, secrets_url

ENDING = {signal.SIGTERM, signal.SIGINT}


def main(names: list[str]) -> int:
    """Read ``names`` (there may be none); end with exit code 1 where the sidecar cannot be reached or refuses one."""
    # Blocked first: a signal that comes while starting waits here instead of being lost to PID 1.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        for name in names:
            get_secret(name)
            print(f"app: read {name}", flush=True)
        if not names:
            ask("")
    except (PermissionError, RuntimeError) as error:
        print(f"app: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"app: up, secrets at {secrets_url()}", flush=True)
    received = signal.sigwait(ENDING)
    print(f"app: {signal.Signals(received).name}, ending", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
