"""What exists in another subscription than the provider's is found before anything is made for it.

Group and name would mean another identity, or cluster, of the provider's own subscription.
"""

from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pytest

from secret_access import AzureSecretAccess, InvalidArgument
from tests.infra.azure.answers import CREDENTIAL, SUBSCRIPTION
from tests.infra.azure.component import (
    BOUND,
    CLUSTER_ID,
    EXISTING_IDENTITY,
    IDENTITY_ID,
    SERVICE_ACCOUNT,
    azure_access,
    azure_args,
)
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

OTHER = "99999999-9999-9999-9999-999999999999"
EXISTING: list[tuple[dict[str, Any], str, str]] = [
    (EXISTING_IDENTITY, "identity_id", IDENTITY_ID),
    (BOUND, "identity_binding_cluster_id", CLUSTER_ID),
]
GIVEN_BY: list[dict[str, Any]] = [
    {"provider": SUBSCRIPTION, "environment": OTHER, "login": OTHER, "config": OTHER},
    {"config": SUBSCRIPTION, "environment": OTHER, "login": OTHER},
    {"environment": SUBSCRIPTION, "login": OTHER},
    {"provider": None, "environment": SUBSCRIPTION, "login": OTHER, "config": OTHER},
    {"login": SUBSCRIPTION},
    {"provider": None, "login": SUBSCRIPTION},
]
"""What names the subscription that the provider works in, beside what names another and does not count."""


def up(world: World, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], **changed: Any) -> World:
    """Run a program with the component on a provider whose subscription is given in one of these ways."""
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    if "environment" in given:
        monkeypatch.setenv("ARM_SUBSCRIPTION_ID", given["environment"])

    def program() -> None:
        provider = None
        if "provider" in given:
            provider = azure_native.Provider("mine", subscription_id=given["provider"])
        AzureSecretAccess("test", outputs_in(azure_args(**changed)), pulumi.ResourceOptions(provider=provider))

    config = {"azure-native:subscriptionId": given["config"]} if "config" in given else {}
    world.subscription = given.get("login", "")
    return run(program, world, config)


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("changed", "argument", "here"), EXISTING)
@pytest.mark.parametrize("given", GIVEN_BY)
def test_what_is_in_another_subscription_is_refused_before_anything_is_made(
    given: dict[str, Any],
    changed: dict[str, Any],
    argument: str,
    here: str,
    delay: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a vault, nor a role, nor an object of the cluster, nor the trust in a wrong identity."""
    there, world = here.replace(SUBSCRIPTION, OTHER), World()
    with pytest.raises(InvalidArgument) as error:
        up(world, monkeypatch, given, **{**changed, argument: delay(there)})
    said = [f"{argument} is in another subscription than the Pulumi provider's", f"given '{there}'", SUBSCRIPTION]
    assert_all_in([*said, "pass a provider for its subscription"], error)
    assert [one.name for one in world.asked if one.custom and not one.type.startswith("pulumi:providers:")] == []


@pytest.mark.parametrize(("changed", "argument", "here"), EXISTING)
@pytest.mark.parametrize("given", GIVEN_BY)
def test_what_is_in_the_providers_subscription_is_taken(
    given: dict[str, Any], changed: dict[str, Any], argument: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = up(World(), monkeypatch, given, **{**changed, argument: here})
    assert len(world.of(SERVICE_ACCOUNT)) == 1


def test_a_preview_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview makes no provider either, and knows its subscription."""
    there = IDENTITY_ID.replace(SUBSCRIPTION, OTHER)
    with pytest.raises(InvalidArgument, match="identity_id is in another subscription"):
        up(
            World(preview=True),
            monkeypatch,
            {"provider": SUBSCRIPTION},
            **{**EXISTING_IDENTITY, "identity_id": there},
        )


def test_azure_is_asked_only_where_nothing_else_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview needs no credentials where the program names the subscription, or nothing exists already."""
    asking = "azure-native:authorization:getClientConfig"
    for given, changed, asked in (
        ({"provider": SUBSCRIPTION}, EXISTING_IDENTITY, 0),
        ({"config": SUBSCRIPTION}, EXISTING_IDENTITY, 0),
        ({"login": SUBSCRIPTION}, {}, 0),
        ({"login": SUBSCRIPTION}, EXISTING_IDENTITY, 1),
    ):
        world = up(World(), monkeypatch, given, **changed)
        assert [token for token, _ in world.calls].count(asking) == asked


@pytest.mark.parametrize(("changed", "argument", "here"), EXISTING)
def test_without_an_answer_what_was_made_tells(
    changed: dict[str, Any], argument: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line: no ServiceAccount is made for it."""
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    world = World(subscription="")
    with pytest.raises(InvalidArgument) as error:
        run(azure_access(**{**changed, argument: here.replace(SUBSCRIPTION, OTHER)}), world)
    assert_all_in([f"{argument} is in another subscription than the Pulumi provider's", SUBSCRIPTION], error)
    assert world.of(SERVICE_ACCOUNT) == []
    assert argument != "identity_id" or len(world.of(CREDENTIAL)) == 1
