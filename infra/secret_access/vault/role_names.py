"""The roles that one program makes: two of one name would replace each other's policy, as the plugin overwrites it."""

from dataclasses import dataclass, field

import pulumi

from ..checks import invalid
from ..per_program import PerProgram


@dataclass
class RoleNames:
    """Which component has which name, in each of Vault's namespaces as each provider reaches them."""

    owners: dict[tuple[str | None, str | None, str], pulumi.Resource] = field(default_factory=dict)

    def take(self, role_name: str, own_namespace: str | None, provider: str | None, component: pulumi.Resource) -> str:
        """Return the name for a component, unless another of the program has it.

        `provider` is the explicit provider's URN: for another language, its object is another one in each component.
        """
        owner = self.owners.setdefault((provider, own_namespace, role_name), component)
        if owner is component:
            return role_name
        raise invalid(
            f"role_name is that of VaultSecretAccess {owner.pulumi_resource_name!r} too, and one policy would replace "
            "the other",
            role_name,
            "a name of its own for each role and its policy",
            "set role_name, or leave it out for secret-access- and the namespace",
        )


ROLE_NAMES = PerProgram(RoleNames)
