"""The program of the probe's container: it asks the sidecar for names, and prints what was answered, never a value.

It runs as `python3 -c` in the sidecar's own image, with the standard library alone. `If-None-Match: *` makes a secret
that could be read a 304 without a body (RFC 9110, section 13.1.2): no value leaves the sidecar.
"""

import http.client
import json
import sys
import time
import urllib.parse

ATTEMPT_SECONDS = 30
"""Above the sidecar's own deadline, so that its answer comes first."""
PASSING = (408, 429, 500, 502, 503, 504)
"""Statuses that may be others a moment later; a role that was just made is one reason."""
SHOWN = ("type", "backend", "code", "detail", "identity", "request_id")
LONGEST = 400


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


def main(arguments: list[str]) -> None:
    """URL, SECONDS, NAME…: ask for each name; within so many seconds, again for what may pass."""
    url, seconds, *names = arguments
    until = time.monotonic() + float(seconds)
    waiting: dict[str, dict[str, object]] = {name: {} for name in names}
    while waiting and time.monotonic() < until:
        for name in list(waiting):
            if time.monotonic() >= until:
                break
            waiting[name] = answer = ask(url, name)
            if answer["status"] is not None and answer["status"] not in PASSING:
                show(name, waiting.pop(name))
        if waiting:
            time.sleep(1)  # between rounds: what may still pass, such as a sidecar that starts, is asked again
    for name, answer in waiting.items():
        if answer:
            show(name, answer)


def show(name: str, answer: dict[str, object]) -> None:
    """Print an answer."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"name": name, "at": at, **answer}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
