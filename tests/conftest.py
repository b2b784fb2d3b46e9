"""What all tests share."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# No test is decided by a clock, and none by chance: `make test` tries the same examples of the same test every time.
# `make fuzz` looks for new ones.
shared = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("repeatable", shared, derandomize=True)
hypothesis.settings.register_profile("fuzz", shared, print_blob=True)
hypothesis.settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Leave out what Hypothesis takes from modules of the project: which are imported depends on the tests before."""
    if config.getoption("--hypothesis-profile") is None:
        providers._get_local_constants = Constants
