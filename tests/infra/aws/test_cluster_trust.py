"""What ClusterTrust asks of AWS."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import cluster_trust
from tests.infra.engine import ISSUER_HOST, PROVIDER_ARN, Later, World, run
from tests.infra.messages import assert_all_in

OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def test_it_registers_the_issuer_for_the_audience_of_sts() -> None:
    """One OIDC provider, for one audience, without a thumbprint."""
    world = run(cluster_trust(tags={"team": "platform"}))
    provider = world.one(OIDC_PROVIDER)
    assert (provider.name, provider.parent) == ("blue-oidc-provider", "blue")
    assert provider.inputs == {
        "url": f"https://{ISSUER_HOST}",
        "clientIdLists": ["sts.amazonaws.com"],
        "tags": {"team": "platform"},
    }
    assert world.outputs["blue"] == {"oidcProviderArn": PROVIDER_ARN, "issuer": f"https://{ISSUER_HOST}"}


def test_a_provider_that_exists_is_imported_and_left_as_it_is() -> None:
    """An account holds one provider per issuer; one that somebody else made is used."""
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["vault", "sts.amazonaws.com"]}})
    run(cluster_trust(existing_provider_arn=PROVIDER_ARN), world)
    provider = world.one(OIDC_PROVIDER)
    assert (provider.imported, provider.kept, provider.parent) == (PROVIDER_ARN, True, "blue")
    assert provider.ignored == ("url", "clientIdLists", "tags", "thumbprintLists")
    assert world.outputs["blue"]["oidcProviderArn"] == PROVIDER_ARN


def test_a_provider_whose_arn_is_known_later_is_read() -> None:
    """What an EKS component of the same program made has an Output for its ARN."""
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["sts.amazonaws.com"]}})
    run(cluster_trust(existing_provider_arn=Later(PROVIDER_ARN)), world)
    provider = world.one(OIDC_PROVIDER)
    assert (provider.read, provider.inputs, provider.parent) == (True, {"id": PROVIDER_ARN}, "blue")
    assert world.outputs["blue"]["oidcProviderArn"] == PROVIDER_ARN


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_tags_beside_a_provider_that_exists_are_refused(delay: Any) -> None:
    """It is never changed, so they would be nowhere."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(cluster_trust(existing_provider_arn=PROVIDER_ARN, tags=delay({"team": "platform"})), world)
    assert_all_in(["ClusterTrust 'blue': tags beside existing_provider_arn", "where the provider is made"], error)
    assert world.of(OIDC_PROVIDER) == []
