"""What the components of one program write for identities that exist: not too much, nothing twice, one at a time.

Azure counts the credentials of others too; only those of this program are known at preview.
Source: Entra, "Important considerations and restrictions for federated identity credentials".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pulumi

from ..checks import invalid
from ..inputs import lift, without_origin
from ..per_program import PerProgram
from .documents import ResourceId
from .issuers import BINDING, MOST_CREDENTIALS

AKS = "AKS"
"""Who writes the one credential of all identity bindings of an identity."""


@dataclass
class Credentials:
    """What was asked for so far, by the identity's resource id in lower case."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """The number of credentials, by who writes them."""
    writers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """The component, by identity and what it writes: an issuer and subject, or a cluster's binding."""
    writes: dict[str, Sequence[pulumi.Resource]] = field(default_factory=dict)
    """What the component writes that was the last to ask."""
    turn: pulumi.Input[None] = None
    """Known once all who asked so far know their identity."""

    def count(self, identity: ResourceId, writer: str, number: int) -> None:
        """Refuse more credentials than an identity takes."""
        counts = self.counts.setdefault(identity.text.lower(), {})
        counts[writer] = number
        if sum(counts.values()) > MOST_CREDENTIALS:
            raise invalid(
                f"the identity would get {sum(counts.values())} federated credentials, from "
                f"{', '.join(f'{each} {some}' for each, some in counts.items())}",
                identity.text,
                f"at most {MOST_CREDENTIALS}",
                f"use AKS identity bindings ({', '.join(BINDING)}), which share one credential, or another identity",
            )

    def trust_once(self, identity: ResourceId, issuer: str, subject: str, where: str) -> None:
        """Refuse an issuer and subject that the identity trusts by another component already."""
        writer = self.writers.setdefault((identity.text.lower(), issuer, subject), where)
        if writer != where:
            raise invalid(
                f"issuers has one that {writer} names for the same identity and ServiceAccount",
                issuer,
                "each issuer once: an identity takes issuer and subject once",
                "let each component name the issuer of its own cluster alone",
            )

    def bind_once(self, identity: ResourceId, cluster: ResourceId, where: str) -> None:
        """Refuse the binding of an identity to a cluster that another component binds it to already."""
        writer = self.writers.setdefault((identity.text.lower(), cluster.text.lower(), ""), where)
        if writer != where:
            raise invalid(
                f"identity_binding_cluster_id is that of {writer}, for the same identity",
                cluster.text,
                "one identity binding for each identity and cluster",
                "give each ServiceAccount an identity of its own",
            )

    def follow(
        self, identity: pulumi.Input[ResourceId], writes: Sequence[pulumi.Resource]
    ) -> pulumi.Input[pulumi.Resource | None]:
        """Return what Azure has to have written before; `writes` is what the component will have written after it.

        Components come in the order in which they were made, whenever their identities become known: none then waits
        for one that was made after it, and that may depend on it.
        """
        before = lift(partial(self._follow, writes), identity, self.turn)
        if isinstance(before, pulumi.Output):
            before = without_origin(before)
            self.turn = before.apply(_nothing)
        return before

    def _follow(self, writes: Sequence[pulumi.Resource], identity: ResourceId, _turn: None) -> pulumi.Resource | None:
        before = self.writes.get(identity.text.lower())
        self.writes[identity.text.lower()] = writes
        return before[-1] if before else None


def _nothing(_: object) -> None:
    return None


CREDENTIALS = PerProgram(Credentials)
"""What the components of one program know of each other's credentials."""
