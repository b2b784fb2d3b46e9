"""The sidecar as one would write it first: Starlette, uvicorn, and boto3 in threads. Nothing but the read.

Eight threads: fewer leave the vault waiting, more only fight for the interpreter's lock. uvicorn's access log is off,
for it alone costs 50 microseconds a request.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import boto3
import uvicorn
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_client = boto3.client("secretsmanager")
_threads = ThreadPoolExecutor(8)


def _fetch(name: str) -> dict[str, str]:
    answer = _client.get_secret_value(SecretId=name)
    return {"name": name, "value": answer["SecretString"], "version": answer["VersionId"]}


async def _read(request: Request) -> Response:
    name = request.path_params["name"]
    try:
        return JSONResponse(await asyncio.get_running_loop().run_in_executor(_threads, _fetch, name))
    except ClientError as error:
        return JSONResponse({"error": error.response["Error"]["Code"]}, 502)


app = Starlette(routes=[Route("/v1/secrets/{name:path}", _read)])

if __name__ == "__main__":
    port = int(os.environ["SECRETS_PORT"])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
