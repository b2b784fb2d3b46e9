"""``ask NAME``: what the sidecar answers, in one line of JSON; ``ask -v NAME``: the exchange as `curl -v` shows it."""

import argparse
import json
import sys

from .client import Answer, NoAnswerError, ask


def as_json(answer: Answer) -> str:
    """Status, media type and body on one line, for a program to read."""
    return json.dumps({"status": answer.status, "content_type": answer.content_type, "body": answer.body})


def as_exchange(answer: Answer) -> str:
    """Request and answer as ``curl -v`` prints them, for a person to read."""
    headers = [f"< {name}: {value}" for name, value in answer.headers.items()]
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, indent=2)
    status = f"< HTTP/1.1 {answer.status} {answer.reason}"
    return "\n".join([f"> GET {answer.path} HTTP/1.1", ">", status, *headers, "<", text])


def main(arguments: list[str] | None = None) -> int:
    """Print the answers; exit code 1 only where there was none, for a refusal is an answer."""
    parser = argparse.ArgumentParser(prog="ask", description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true", help="print request, status and headers too")
    parser.add_argument(
        "name",
        nargs="+",
        help="database-password, a full name such as prod/database-password, or either with a query: NAME?key=user",
    )
    given = parser.parse_args(arguments)
    show = as_exchange if given.verbose else as_json
    for name in given.name:
        try:
            print(show(ask(name)))
        except NoAnswerError as error:
            print(f"ask: {error}", file=sys.stderr)
            return 1
    return 0
