"""The image that holds a pod's sandbox open: one static Go program and nothing else, for Debian has no such image."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
USER = "65535:65535"
"""As in Kubernetes' own pause image."""


def _compile(source: Path) -> bytes:
    """The program, the same bytes wherever it is compiled by the same Go."""
    with TemporaryDirectory() as folder:
        program = Path(folder, "pause")
        subprocess.run(
            ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", program, "."],
            cwd=source,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
            check=True,
        )
        return program.read_bytes()


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    """An archive with the names and bytes given, owned by root, dated 1970."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def build(checkout: Path, reference: str, to: Path) -> None:
    """Write the image as a docker-archive (github.com/moby/docker-image-spec, v1.2, "combined image JSON")."""
    layer = _tar({"pause": _compile(checkout / "tools" / "pause")}, 0o755)
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": ["/pause"], "User": USER},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "tools/pause"}],
    }
    encoded = json.dumps(config).encode()
    named = f"{hashlib.sha256(encoded).hexdigest()}.json"
    manifest = [{"Config": named, "RepoTags": [reference], "Layers": [f"{digest}.tar"]}]
    to.write_bytes(
        _tar({named: encoded, f"{digest}.tar": layer, "manifest.json": json.dumps(manifest).encode()}, 0o644)
    )
