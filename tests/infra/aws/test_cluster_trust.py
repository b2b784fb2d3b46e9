"""What ClusterTrust asks of AWS."""

from tests.infra.components import cluster_trust
from tests.infra.engine import ISSUER_HOST, PROVIDER_ARN, World, run

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


def test_a_provider_that_exists_is_looked_up_and_left_as_it_is() -> None:
    """An account holds one provider per issuer; one that somebody else made is used."""
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["vault", "sts.amazonaws.com"]}})
    run(cluster_trust(existing_provider_arn=PROVIDER_ARN), world)
    assert world.of(OIDC_PROVIDER) == []
    assert world.calls == [("aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", "")]
    assert world.outputs["blue"]["oidcProviderArn"] == PROVIDER_ARN
