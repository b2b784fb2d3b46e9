"""What a refusal says."""

import pytest

from secret_access.errors import SecretAccessError


def assert_all_in(parts: list[str], error: pytest.ExceptionInfo[SecretAccessError]) -> None:
    missing = [part for part in parts if part not in str(error.value)]
    assert not missing, str(error.value)
