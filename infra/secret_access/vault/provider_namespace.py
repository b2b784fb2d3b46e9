"""Vault's own namespace is the Pulumi provider's: what a component makes is there, and the pods ask there."""

import os
from typing import Any

import pulumi
from pulumi.output import Unknown

from ..arguments import Arguments
from ..inputs import lift
from .checks import of_provider


def in_provider(
    given: Arguments, own_namespace: pulumi.Input[str | None], provider: pulumi.Output[str | None] | None
) -> pulumi.Input[str | None]:
    """Return Vault's own namespace, or refuse it where an explicit provider has another; raises InvalidArgument.

    `provider` is that provider's namespace; None for a default provider. A preview does not know it where the provider
    has none, or the program itself makes it: then the update checks it, and the preview goes on with the argument.
    """
    if provider is None:
        return own_namespace

    def checked(own: str | None) -> Any:
        def of(found: object) -> pulumi.Input[str | None]:
            if isinstance(found, Unknown) or (found is None and own == os.environ.get("VAULT_NAMESPACE")):
                return own  # the plugin reads the variable where the provider names none
            return given.check(of_provider, own, found)

        return provider.apply(of, run_with_unknowns=True)

    return lift(checked, own_namespace)
