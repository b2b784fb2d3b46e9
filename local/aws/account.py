"""The laptop's AWS account as its root sees it: its clients, its secrets."""

from __future__ import annotations

import base64
import secrets
import urllib.request
from collections.abc import Iterable
from typing import Any

from local import config, host
from local.progress import wait_for

ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": config.ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test"}
"""MiniStack's root of an account. The guard takes it from the host alone."""


def client(service: str) -> Any:
    """A boto3 client of the account's root; boto3 makes its clients' types at run time."""
    import boto3  # noqa: PLC0415 — half a second that only this needs

    return boto3.client(
        service,
        endpoint_url=config.AWS_URL,
        region_name=config.REGION,
        aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def environment() -> dict[str, str]:
    """The variables with which every AWS client works on this account."""
    return {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": config.AWS_URL,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_REGION": config.REGION,
        "AWS_DEFAULT_REGION": config.REGION,
        **ROOT_CREDENTIALS,
    }


def wait() -> None:
    """Wait until AWS answers."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{config.AWS_URL}/_ministack/health", timeout=5) as answer:  # noqa: S310 — our own URL
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for("AWS", answers, still_possible=host.why_not_running)


def seed(names: Iterable[str]) -> None:
    """Give each secret that does not exist yet a random value, which nothing but the vault then knows."""
    manager = client("secretsmanager")
    existing = {
        secret["Name"] for page in manager.get_paginator("list_secrets").paginate() for secret in page["SecretList"]
    }
    for name in names:
        if name not in existing:
            manager.create_secret(Name=name, SecretString=secrets.token_urlsafe(24))


def values() -> dict[str, str]:
    """Every secret that has a value, by its name; binary ones in base64."""
    manager = client("secretsmanager")
    found = {}
    for page in manager.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            try:
                got = manager.get_secret_value(SecretId=secret["Name"])
            except manager.exceptions.ResourceNotFoundException:  # made without a value
                continue
            binary = got.get("SecretBinary")
            found[secret["Name"]] = got["SecretString"] if binary is None else base64.b64encode(binary).decode()
    return found


def value(name: str) -> str:
    """The value stored under a name."""
    return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
