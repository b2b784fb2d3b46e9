"""The OpenBao server's configuration: nothing on disk, and an audit log that is the cloud's trail.

Not its development mode, which prints the root's token into the log.
https://openbao.org/docs/configuration/
"""

from __future__ import annotations

from pathlib import Path


def configuration(url: str, trail: Path) -> str:
    """The server's configuration file, for a server that listens at ``url`` and writes each call to ``trail``."""
    return f"""\
storage "inmem" {{}}
api_addr = "{url}"
log_level = "warn"
listener "tcp" {{
  address = "{url.removeprefix("http://")}"
  tls_disable = true
}}
audit "file" "trail" {{
  options {{
    file_path = "{trail}"
    mode = "0600"
  }}
}}
"""
