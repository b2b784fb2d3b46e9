"""Read one secret from the sidecar: `python3 get_secret.py database-password`."""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SECRETS_URL = os.environ.get("SECRETS_URL", "http://localhost:8080")
# Without a proxy, whatever HTTP_PROXY says: a secret must not pass through one.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get_secret(name: str) -> str:
    """Return a secret's current value. While the vault is busy, try twice more, after the time it asks for."""
    url = f"{SECRETS_URL}/v1/secrets/{urllib.parse.quote(name)}"
    for tries_left in (2, 1, 0):
        try:
            with DIRECT.open(url, timeout=10) as answer:
                status, headers, body = answer.code, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        except OSError as error:
            raise ConnectionError(f"no answer from {SECRETS_URL}: {getattr(error, 'reason', error)}") from None
        if status not in {429, 503} or not tries_left:
            break
        time.sleep(int(headers.get("Retry-After", 1)))
    try:
        text = json.loads(body)["value" if status == 200 else "detail"]
    except (ValueError, KeyError, TypeError):
        raise RuntimeError(f"HTTP {status} from {url}: not an answer of the sidecar") from None
    if status == 403:
        raise PermissionError(f"denied: {text}")
    if status == 404:
        raise LookupError(f"not found: {text}")
    if status != 200:
        raise RuntimeError(f"HTTP {status}: {text}")
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: get_secret.py NAME", file=sys.stderr)
        sys.exit(2)
    try:
        print(get_secret(sys.argv[1]))  # only an example prints a secret
    except (OSError, LookupError, RuntimeError) as error:
        sys.exit(str(error))
