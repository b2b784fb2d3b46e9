"""The clouds of the laptop environment."""

from __future__ import annotations

from local import selection
from local.aws.cloud import AWS
from local.azure.cloud import AZURE
from local.cloud import Cloud
from local.google.cloud import GOOGLE
from local.vault.cloud import VAULT

ALL = {cloud.name: cloud for cloud in (AWS, GOOGLE, AZURE, VAULT)}


def wanted() -> tuple[Cloud, ...]:
    """Those to work on, as `selection.wanted` has them."""
    return tuple(ALL[name] for name in selection.wanted())
