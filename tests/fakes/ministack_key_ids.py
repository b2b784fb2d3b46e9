"""MiniStack whose ListSecrets says by which key each secret is encrypted, as AWS's does.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Serve, with the settings that MiniStack takes from the environment."""
    import ministack.app as ministack  # reads its settings when imported
    from ministack.services import secretsmanager

    listed = secretsmanager._list_secrets  # its version is pinned

    def with_keys(data: dict[str, Any]) -> Any:
        status, headers, body = listed(data)
        answer = json.loads(body)
        for entry in answer["SecretList"]:
            key = secretsmanager._secrets[entry["Name"]].get("KmsKeyId")
            if key:
                entry["KmsKeyId"] = key
        return status, headers, json.dumps(answer).encode()

    secretsmanager._list_secrets = with_keys
    sys.argv = ["ministack"]
    ministack.main()


if __name__ == "__main__":
    main()
