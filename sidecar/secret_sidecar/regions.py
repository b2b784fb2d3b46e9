"""Where AWS answers: the host names of a region's services.

Source: https://docs.aws.amazon.com/general/latest/gr/rande.html; botocore's table is the judge in the tests.
"""

from __future__ import annotations

import re

from secret_sidecar.http import Origin

# By the region's prefix, as each partition has its own; all else is the partition `aws`.
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
}
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")


def check_region(region: str) -> str:
    """Return the region if it is spelled as one, or raise ValueError with the form expected."""
    if not _REGION.fullmatch(region):
        raise ValueError("an AWS region, such as 'eu-central-1'")
    return region


def endpoint(service: str, region: str) -> Origin:
    """Return the regional endpoint of a service."""
    suffix = next((suffix for prefix, suffix in _SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")
    return Origin("https", f"{service}.{region}.{suffix}", 443)
