"""What all tests share."""

from __future__ import annotations

import hypothesis

# No test is decided by a clock, and none by chance: `make test` tries the same examples of the same test every time.
# `make fuzz` looks for new ones.
shared = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("repeatable", shared, derandomize=True)
hypothesis.settings.register_profile("fuzz", shared, print_blob=True)
hypothesis.settings.load_profile("repeatable")
