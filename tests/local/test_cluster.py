"""The node's images: loaded once, and again when they are others."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import cluster, host


def test_images_are_loaded_when_they_are_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `make up` loads nothing, and one after a change of the code says that pods may run the old ones."""
    loaded: list[str] = []

    def ctr(command: list[str], **_: Any) -> None:
        loaded.append(Path(command[-1]).name)

    monkeypatch.setattr(cluster, "LOADED", tmp_path / "images.json")
    monkeypatch.setattr(cluster, "wait_for", lambda *_, **__: None)
    monkeypatch.setattr(host, "inside", lambda: 1)
    monkeypatch.setattr(subprocess, "run", ctr)
    tars = [tmp_path / "sidecar.tar", tmp_path / "app.tar"]
    for tar in tars:
        tar.write_text("first")
    assert not cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"]
    assert not cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"]
    tars[0].write_text("second")
    assert cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"] * 2
