"""What passes at a vault is sent again, whichever vault it is and however it says so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from secret_sidecar.errors import Throttled, Unavailable, VaultError
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.aws import errors as aws
from secret_sidecar.vaults.azure import errors as azure
from secret_sidecar.vaults.gcp import errors as gcp
from secret_sidecar.vaults.hashicorp import errors as hashicorp

ErrorOf = Callable[[Answer], VaultError]

ERROR_OF: dict[str, ErrorOf] = {
    "aws": lambda answer: aws.error_of(answer, aws.Call("GetSecretValue", "a"), "me"),
    "gcp": lambda answer: gcp.error_of(answer, "a", "me"),
    "azure": lambda answer: azure.error_of(answer, "a", "me"),
    "hashicorp": lambda answer: hashicorp.error_of(answer, "a", "me"),
}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("error_of", ERROR_OF.values(), ids=ERROR_OF)
def test_a_status_that_passes_without_a_code(error_of: ErrorOf, status: int, body: bytes) -> None:
    """As a load balancer in front of the vault answers."""
    error = error_of(Answer(status, JSON, body))
    assert type(error) is (Throttled if status == 429 else Unavailable)
    assert error.transient


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("code", ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
def test_every_code_that_botocore_takes_for_throttling(code: str, status: int) -> None:
    """AWS's own SDK is the judge."""
    answer = Answer(status, JSON, json.dumps({"__type": code}).encode())
    assert type(ERROR_OF["aws"](answer)) is Throttled
    assert aws.passes(answer, code)


@pytest.mark.parametrize("status", [400, 408])
@pytest.mark.parametrize("code", TransientRetryableChecker._TRANSIENT_ERROR_CODES)
def test_every_code_that_botocore_takes_for_passing(code: str, status: int) -> None:
    answer = Answer(status, JSON, json.dumps({"__type": code}).encode())
    assert ERROR_OF["aws"](answer).transient
    assert aws.passes(answer, code)
