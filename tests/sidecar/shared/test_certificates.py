"""The service's own certificate: renewed on disk, and in use soon after, whatever happens meanwhile."""

from __future__ import annotations

import errno
import logging
import os
import ssl
from pathlib import Path

import pytest

from secret_sidecar.shared.certificates import Certificates
from tests.sidecar.support.certificates import Authority


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate and its key."""
    Authority(tmp_path).server()
    return tmp_path / "localhost-1.pem"


def test_a_renewed_certificate_that_could_not_be_loaded_once_is_loaded_later(
    pem: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The files were right, and the process short of descriptors when it looked; it says so once."""
    caplog.set_level(logging.INFO)
    certificates = Certificates(pem, pem)
    before = certificates._current
    pem.write_bytes(pem.read_bytes() + b"\n")

    def short_of_descriptors(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_cert_chain", short_of_descriptors)
        certificates.refresh()
        certificates.refresh()
    assert certificates._current is before
    certificates.refresh()
    assert certificates._current is not before
    assert caplog.messages == ["certificate not loaded", "certificate loaded"]
