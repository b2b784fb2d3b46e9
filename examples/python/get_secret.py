"""Read one secret from the sidecar: `python3 get_secret.py database-password`."""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SECRETS_URL = os.environ.get("SECRETS_URL", "http://localhost:8080")
# Without a proxy, whatever HTTP_PROXY says: no secret should travel by way of one.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get_secret(name: str) -> str:
    """Return a secret's current value. Where the vault is busy, try twice more, when it says so."""
    url = f"{SECRETS_URL}/v1/secrets/{urllib.parse.quote(name)}"
    for tries_left in (2, 1, 0):
        try:
            with DIRECT.open(url, timeout=10) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            if error.code in {429, 503} and tries_left:
                time.sleep(int(error.headers.get("Retry-After", 1)))
                continue
            detail = json.load(error)["detail"]
            if error.code == 403:
                raise PermissionError(f"denied: {detail}") from None
            if error.code == 404:
                raise LookupError(f"not found: {detail}") from None
            raise RuntimeError(f"HTTP {error.code}: {detail}") from None
    raise AssertionError("the last try returns or raises")


if __name__ == "__main__":
    try:
        print(get_secret(sys.argv[1]))  # only an example prints a secret
    except (OSError, LookupError, RuntimeError) as error:
        sys.exit(str(error))
