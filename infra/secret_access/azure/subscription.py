"""In which subscription a component's provider makes things.

What exists is named there by its group and name alone, which may mean another thing in another subscription.
"""

import os
from collections.abc import Callable
from typing import Any

import pulumi

Ask = Callable[[pulumi.InvokeOptions], pulumi.Output[Any]]


def subscription_of(component: pulumi.Resource, configured: str | None, ask: Ask) -> pulumi.Input[str | None]:
    """Return the subscription of the component's provider.

    `configured` is that of the default provider in the stack's file; `ask` returns a provider's settings. Azure is
    asked only where neither the program nor the environment names the subscription, as after `az login`.
    """

    def elsewhere() -> pulumi.Input[str | None]:
        found = os.environ.get("ARM_SUBSCRIPTION_ID")
        return found or ask(pulumi.InvokeOptions(parent=component)).apply(_subscription)

    provider = component.get_provider("azure-native:managedidentity:UserAssignedIdentity")
    if provider is None:
        return configured or elsewhere()
    own: pulumi.Output[str | None] = provider.urn.apply(lambda urn: _Provider(urn).subscription)
    return own.apply(lambda given: given or elsewhere())


class _Provider(pulumi.ProviderResource):
    """A provider that is there already, with its subscription: the class of the SDK does not tell its inputs."""

    def __init__(self, urn: str) -> None:
        super().__init__("azure-native", "subscription", {"subscriptionId": None}, pulumi.ResourceOptions(urn=urn))

    @property
    def subscription(self) -> pulumi.Output[str | None]:
        """None where the program does not name it."""
        found: pulumi.Output[str | None] = vars(self)["subscriptionId"]
        return found


def _subscription(client: Any) -> str | None:
    found: str | None = client.subscription_id
    return found
