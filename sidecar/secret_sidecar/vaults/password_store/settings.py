"""The part of the settings that `pass` has, under the name that it reads itself; gpg reads its own (GNUPGHOME).

Source: https://git.zx2c4.com/password-store/about/
"""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from secret_names import vaults
from secret_names.vaults import Spelling
from secret_sidecar.env_fields import read, setting
from secret_sidecar.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class PassSettings:
    """Where the store is."""

    spelling: ClassVar[Spelling] = vaults.PASS

    folder: Path | None = setting(
        "PASSWORD_STORE_DIR", "the store's folder, as `pass init` made it; else ~/.password-store", Path, None
    )
    command: str = "pass"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PassSettings:
        """Return the settings, or raise SettingsError if there is no `pass` to run."""
        command = shutil.which("pass", path=environment.get("PATH"))
        if command is None:
            raise SettingsError(
                "there is no `pass` on PATH: expected the password manager of that name to be installed"
            )
        settings = cls(**read(cls, environment), command=command)
        return settings if settings.folder else replace(settings, folder=_home(environment) / ".password-store")


def _home(environment: Mapping[str, str]) -> Path:
    if not environment.get("HOME"):
        raise SettingsError("PASSWORD_STORE_DIR is not set, nor is HOME: expected the store's folder")
    return Path(environment["HOME"])
