"""Endpoints, judged by botocore's rules."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.regions import EndpointRulesetResolver

from secret_sidecar.vaults.aws.regions import check_region, endpoint

SESSION = botocore.session.Session()
REGIONS = [
    region
    for partition in SESSION.get_available_partitions()
    for region in SESSION.get_available_regions("secretsmanager", partition)
    if "fips" not in region
]
# Of each partition one that does not exist yet, as far as botocore knows.
FUTURE = [
    "eu-nowhere-9",
    "mx-west-7",
    "cn-south-9",
    "us-gov-north-1",
    "us-iso-north-9",
    "us-isob-north-9",
    "us-isof-north-9",
    "eu-isoe-north-9",
    "eusc-de-west-9",
]


@cache
def rules(service: str) -> EndpointRulesetResolver:
    """The rules by which botocore finds a service, without the legacy global endpoint of STS."""
    loader = SESSION.get_component("data_loader")
    model = SESSION.get_service_model(service)
    version = loader.determine_latest_version(service, "endpoint-rule-set-1")
    return EndpointRulesetResolver(
        endpoint_ruleset_data=loader.load_service_model(service, "endpoint-rule-set-1", version),
        partition_data=loader.load_data("partitions"),
        service_model=model,
        builtins={},
        client_context=None,
        event_emitter=None,
        use_ssl=True,
    )


def resolved(service: str, region: str, **flags: bool) -> Any:
    """The endpoint that botocore's rules lead to."""
    parameters = {"Region": region, "UseFIPS": flags["fips"], "UseDualStack": flags["dual_stack"]}
    if service == "sts":
        parameters["UseGlobalEndpoint"] = False
    return rules(service)._provider.resolve_endpoint(**parameters).url


def test_every_partition_is_judged() -> None:
    """The table has AWS's own, China's, Europe's, and the US government's."""
    assert {"us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= set(REGIONS)
    assert len(REGIONS) > 35


@pytest.mark.parametrize("service", ["secretsmanager", "sts"])
@pytest.mark.parametrize("fips", [False, True], ids=["", "fips"])
@pytest.mark.parametrize("dual_stack", [False, True], ids=["", "dual-stack"])
def test_a_regions_endpoint_is_the_one_that_botocore_resolves(service: str, fips: bool, dual_stack: bool) -> None:
    """Every region of every partition that botocore knows, and some of the future."""
    for region in [*REGIONS, *FUTURE]:
        ours = endpoint(service, check_region(region), fips=fips, dual_stack=dual_stack)
        assert str(ours) == resolved(service, region, fips=fips, dual_stack=dual_stack), region


@pytest.mark.parametrize(("service", "action"), [("secretsmanager", "list_secrets"), ("sts", "get_caller_identity")])
@pytest.mark.parametrize("region", ["us-west-2", "cn-north-1", "us-gov-west-1"])
def test_a_client_of_botocores_agrees_with_its_rules(service: str, action: str, region: str) -> None:
    for fips, dual_stack in ((False, False), (True, False), (False, True), (True, True)):
        config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack)
        client = SESSION.create_client(service, region, aws_access_key_id="x", aws_secret_access_key="x", config=config)
        called = client.generate_presigned_url(action)
        assert called.startswith(f"{resolved(service, region, fips=fips, dual_stack=dual_stack)}/?")


@pytest.mark.parametrize("region", ["", "us", "us-east", "US-EAST-1", "us-east-1.evil", "us_east_1"])
def test_what_is_no_region(region: str) -> None:
    """A region becomes part of a host name, so its spelling is checked."""
    with pytest.raises(ValueError, match="such as 'eu-central-1'"):
        check_region(region)
