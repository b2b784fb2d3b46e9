"""Google Cloud in the machine: one project, empty but for its owner. `python -m local.google.server AUTHORITY`.

`AUTHORITY` is the file with the certificate of the authority that signed the clusters' issuers.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from pathlib import Path

from local import config
from local.google import apis
from local.google.account import OWNER, OWNER_TOKEN
from local.google.project import CLOUD_PLATFORM, AccessToken, Project
from local.google.trail import call_of
from local.http_service import Listener, Request
from local.issuer_keys import IssuerKeys
from local.trail import TrailFile

YEAR = 365 * 24 * 3600.0


class Server(Listener):
    """Answers for a project, and writes each call to its trail before the answer is sent."""

    def __init__(self, project: Project, trail: TrailFile, host: str, port: int) -> None:
        self.project = project
        self._trail = trail
        self.host = host
        self.port = port

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, one at a time but for exchanges of tokens, which may ask an issuer for its keys."""
        if request.path == apis.EXCHANGE:
            reply = await asyncio.to_thread(apis.answer, self.project, request)
        else:
            reply = apis.answer(self.project, request)
        self._trail.append(call_of(self.project, request, reply))
        writer.write(reply.render())
        await writer.drain()
        return True


def new_project(token_file: Path, keys: IssuerKeys) -> Project:
    """A project whose owner's token is in a file that the person alone can read."""
    token = f"ya29.{secrets.token_urlsafe(32)}"
    token_file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    owner = frozenset({f"user:{OWNER}"})
    project = Project(owners=owner, keys=keys.key)
    project.tokens[token] = AccessToken(owner, OWNER, CLOUD_PLATFORM, time.time() + YEAR)
    return project


async def main(authority: Path) -> None:
    """Serve on the machine's address until stopped."""
    host, _, port = config.GOOGLE_URL.removeprefix("http://").partition(":")
    project = new_project(OWNER_TOKEN, IssuerKeys(authority))
    async with Server(project, TrailFile(config.LOGS / "google-trail.jsonl"), host, int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
