"""Endpoints, judged by botocore's table."""

from __future__ import annotations

import botocore.session
import pytest

from secret_sidecar.regions import check_region, endpoint

SESSION = botocore.session.Session()
REGIONS = [
    region
    for partition in SESSION.get_available_partitions()
    for region in SESSION.get_available_regions("secretsmanager", partition)
    if "fips" not in region
]


def test_every_partition_is_judged() -> None:
    """The table has AWS's own, China's and the US government's."""
    assert {"us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= set(REGIONS)


@pytest.mark.parametrize("service", ["secretsmanager", "sts"])
@pytest.mark.parametrize("region", REGIONS)
def test_a_regions_endpoint_is_the_one_that_botocore_uses(service: str, region: str) -> None:
    """Every region of every partition that botocore knows."""
    client = SESSION.create_client(service, check_region(region), aws_access_key_id="x", aws_secret_access_key="x")
    expected = client.meta.endpoint_url
    if expected == "https://sts.amazonaws.com":
        expected = f"https://sts.{region}.amazonaws.com"
    assert str(endpoint(service, region)) == expected


@pytest.mark.parametrize("region", ["", "us", "us-east", "US-EAST-1", "us-east-1.evil", "us_east_1"])
def test_what_is_no_region(region: str) -> None:
    """A region becomes part of a host name, so its spelling is checked."""
    with pytest.raises(ValueError, match="such as 'eu-central-1'"):
        check_region(region)
