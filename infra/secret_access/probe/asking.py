"""The program of the probe's container: it asks sidecars for names, and prints what was answered, never a value.

It runs as `python3 -c` in the sidecar's own image, with the standard library alone. The pod's sidecar is asked first.
For secrets that are elsewhere, such as in another Key Vault, it starts the image's sidecar itself, with the same
identity and the settings that lead there: one after another. `If-None-Match: *` makes a secret that could be read a
304 without a body (RFC 9110, section 13.1.2): no value leaves a sidecar.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

AT = "--at"
"""Begins a place: its settings as JSON follow, then the names to ask for there. No name is spelled so."""
ATTEMPT_SECONDS = 30
"""Above the sidecar's own deadline, so that its answer comes first."""
ELSEWHERE_SECONDS = 10
"""How much more time there is for each further place."""
PASSING = (408, 429, 500, 502, 503, 504)
"""Statuses that may be others a moment later; a role that was just made is one reason."""
NEW = (403,)
"""So may this one of an own name: a right that was just given takes a while to act."""
SHOWN = ("type", "backend", "code", "detail", "identity", "request_id")
LONGEST = 400


def limit(seconds: float, places: int) -> float:
    """Return within how many seconds all places are asked."""
    return seconds + ELSEWHERE_SECONDS * max(0, places - 1)


def ask(url: str, name: str) -> dict[str, object]:
    """Return the status and what the problem document says; None is the status of no answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ATTEMPT_SECONDS)
    try:
        connection.request("GET", f"/v1/secrets/{urllib.parse.quote(name, safe='/')}", headers={"If-None-Match": "*"})
        response = connection.getresponse()
        if response.status in (200, 304):  # 200: the body is not read
            return {"status": 200}
        if response.getheader("Content-Type") != "application/problem+json":
            return {"status": response.status, "detail": "no problem document"}
        said = json.loads(response.read(65536))
        shown = {key: said[key][:LONGEST] for key in SHOWN if isinstance(said.get(key), str)}
    except (OSError, ValueError, http.client.HTTPException) as error:
        return {"status": None, "detail": f"no answer of the sidecar: {type(error).__name__}"}
    else:
        return {"status": response.status, **shown}
    finally:
        connection.close()


def ask_all(url: str, place: str, names: Sequence[str], until: float, passing: Sequence[int]) -> None:
    """Ask for each name and print the answers; until that time, again for what may pass."""
    waiting: dict[str, dict[str, object]] = {name: {} for name in names}
    while waiting and time.monotonic() < until:
        for name in list(waiting):
            if time.monotonic() >= until:
                break
            waiting[name] = answer = ask(url, name)
            if answer["status"] is not None and answer["status"] not in passing:
                show(place, name, waiting.pop(name))
        if waiting:
            time.sleep(1)  # between rounds: what may still pass, such as a sidecar that starts, is asked again
    for name, answer in waiting.items():
        if answer:
            show(place, name, answer)


def places(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each place is, with its `names`."""
    found: list[dict[str, Any]] = []
    rest = iter(arguments)
    for each in rest:
        if each == AT:
            found.append({**json.loads(next(rest)), "names": []})
        else:
            found[-1]["names"].append(each)
    return found


@contextmanager
def sidecar(url: str, settings: Mapping[str, str | None] | None, until: float) -> Iterator[str]:
    """Start the image's sidecar with other settings, None for those that go, and yield its URL; empty if it ended.

    Without settings it is the pod's own sidecar, which runs.
    """
    if settings is None:
        yield url
        return
    ports = free_ports()
    told = {**os.environ, **settings, "SECRETS_PORT": str(ports[0]), "SECRETS_HEALTH_PORT": str(ports[1])}
    command = [sys.executable, "-P", "-m", "secret_sidecar"]
    with subprocess.Popen(
        command,
        env={name: value for name, value in told.items() if value is not None},
        stdout=subprocess.DEVNULL,  # its log has lines about names, too
        stderr=subprocess.DEVNULL,
    ) as started:
        try:
            while started.poll() is None and time.monotonic() < until and not listens(ports[0]):
                time.sleep(0.05)  # until its port is open, or the deadline
            yield f"http://127.0.0.1:{ports[0]}" if started.poll() is None else ""
        finally:
            started.kill()


def free_ports() -> list[int]:
    """Return two ports that are free."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return [one.getsockname()[1], other.getsockname()[1]]


def listens(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def main(arguments: Sequence[str]) -> None:
    """URL, SECONDS, then for each place AT, JSON and NAME…: ask for each name.

    A place has `place`, what answers say of where it is; `own`, how many of its names come first and are the
    namespace's own; and `settings`, unless the pod's sidecar reads there. The own ones are asked for alone until they
    are read, for at most half the time: what is refused before that may be refused because nothing is allowed yet.
    """
    url, seconds, *rest = arguments
    found = places(rest)
    end = time.monotonic() + limit(float(seconds), len(found))
    for each in found:
        names, own, where = each["names"], each["own"], each["place"]
        now = time.monotonic()
        until = min(end, now + float(seconds))
        with sidecar(url, each.get("settings"), until) as asked:
            if not asked:
                for name in names:
                    show(where, name, {"status": None, "detail": "no sidecar starts with the settings of this place"})
                continue
            ask_all(asked, where, names[:own], min(until, now + float(seconds) / 2), (*PASSING, *NEW))
            ask_all(asked, where, names[own:], until, PASSING)


def show(place: str, name: str, answer: dict[str, object]) -> None:
    """Print an answer."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"place": place, "name": name, "at": at, **answer}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
