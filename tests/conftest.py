"""What all tests share."""

from __future__ import annotations

import hypothesis

# No test is decided by a clock.
unhurried = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("unhurried", unhurried)
hypothesis.settings.load_profile("unhurried")
