"""AKS's issuers end in `/`, and every cloud compares an issuer with the tokens' `iss` as text."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.aws import checks as aws
from secret_access.azure import issuers as azure
from secret_access.gcp import cluster_checks as gcp
from secret_access.vault import checks as vault
from tests.infra.components import aws_access, cluster_trust, gcp_cluster_trust
from tests.infra.engine import ACCOUNT, Later, World, run
from tests.infra.vault.component import vault_trust

ISSUERS = (
    "https://eastus.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/0a1b2c3d-0000-1111-2222-333344445555",
    "https://oidc.prod-aks.azure.com/0a1b2c3d-0000-1111-2222-333344445555",
    "https://usgovvirginia.oic.prod-aks.azure.us/tenant/cluster",
    "https://usgovvirginia.oic.cx.aks.azure.us/tenant/cluster",
    "https://chinanorth2.oic.prod-aks.azure.cn/tenant/cluster",
)
OTHERS = (
    "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539",
    "https://oic.example/prod-aks.azure.com/cluster",
    "https://eastus.oic.prod-aks.azure.com.example/tenant/cluster",
)
CHECKS: tuple[Callable[[object], str], ...] = (aws.issuer, azure.issuer, gcp.issuer, vault.issuer)
LOST = "an issuer of AKS has lost its closing /"


@pytest.mark.parametrize("issuer", ISSUERS)
@pytest.mark.parametrize("check", CHECKS)
def test_an_issuer_of_aks_keeps_its_closing_slash(check: Callable[[object], str], issuer: str) -> None:
    """Without it the cloud would refuse every token; the message has the issuer as AKS spells it."""
    assert check(f"{issuer}/") == f"{issuer}/"
    with pytest.raises(InvalidArgument, match=LOST) as error:
        check(issuer)
    assert str(error.value).endswith(f"write {issuer}/")


@pytest.mark.parametrize("issuer", OTHERS)
@pytest.mark.parametrize("check", CHECKS)
def test_another_issuer_needs_none(check: Callable[[object], str], issuer: str) -> None:
    """It is taken as it is."""
    assert check(issuer) == issuer


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize("trust", [cluster_trust, gcp_cluster_trust, vault_trust])
def test_the_trust_in_a_cluster_of_aks_is_refused_before_it_is_made(trust: Any, delay: Any) -> None:
    world = World()
    with pytest.raises(InvalidArgument, match=f"ClusterTrust 'blue': {LOST}"):
        run(trust(issuer=delay(ISSUERS[0])), world)
    assert [asked for asked in world.asked if asked.custom] == []


@pytest.mark.parametrize("argument", ["oidc_provider_arn", "oidc_provider_arns"])
def test_an_oidc_provider_of_such_an_issuer_is_refused(argument: str) -> None:
    """IAM has the issuer in the provider's ARN, slash and all."""
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUERS[0].removeprefix('https://')}"
    for spelled, is_taken in ((f"{arn}/", True), (arn, False)):
        given = {"oidc_provider_arn": None, argument: [spelled] if argument.endswith("s") else spelled}
        if is_taken:
            run(aws_access(**given))
        else:
            with pytest.raises(InvalidArgument, match=f"{argument} is of an issuer of AKS that has lost"):
                run(aws_access(**given))
