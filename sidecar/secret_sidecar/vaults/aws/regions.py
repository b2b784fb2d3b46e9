"""Where AWS answers: the host names of a region's services.

Sources: https://docs.aws.amazon.com/general/latest/gr/rande.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html (FIPS and dual stack); botocore's rules are the
judge in the tests.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from secret_sidecar.http_client.origin import Origin


class Partition(NamedTuple):
    """The domains of one partition's services, and the services whose ordinary name is already what was asked for."""

    suffix: str
    dual_stack_suffix: str
    already_fips: frozenset[str] = frozenset()
    already_dual_stack: frozenset[str] = frozenset()


_BOTH = frozenset({"secretsmanager", "secretsmanager-fips"})
_AWS = Partition("amazonaws.com", "api.aws", already_dual_stack=_BOTH)
# By the region's prefix, as each partition has its own, so that a region that is new has its endpoints too.
_PARTITIONS = {
    "cn-": Partition(
        "amazonaws.com.cn", "api.amazonwebservices.com.cn", already_dual_stack=frozenset({"secretsmanager"})
    ),
    "us-gov-": Partition("amazonaws.com", "api.aws", already_fips=frozenset({"sts"}), already_dual_stack=_BOTH),
    "us-iso-": Partition("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": Partition("sc2s.sgov.gov", "api.aws.scloud"),
    "us-isof-": Partition("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    "eu-isoe-": Partition("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "eusc-": Partition("amazonaws.eu", "api.amazonwebservices.eu"),
}
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")


def check_region(region: str) -> str:
    """Return the region if it is spelled as one, or raise ValueError with the form expected."""
    if not _REGION.fullmatch(region):
        raise ValueError("an AWS region, such as 'eu-central-1'")
    return region


def endpoint(service: str, region: str, *, fips: bool = False, dual_stack: bool = False) -> Origin:
    """Return the regional endpoint of a service, the one with validated cryptography or with IPv6 too where asked."""
    partition = next((found for prefix, found in _PARTITIONS.items() if region.startswith(prefix)), _AWS)
    if fips and (dual_stack or service not in partition.already_fips):
        service = f"{service}-fips"
    other = dual_stack and service not in partition.already_dual_stack
    return Origin("https", f"{service}.{region}.{partition.dual_stack_suffix if other else partition.suffix}", 443)
