"""What a rule has against resources, and the namespace that several tests are about."""

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource


def found_by(rule: str, given: list[Resource]) -> list[str]:
    """What a rule has against resources."""
    return [each.found.what for each in violations([each for each in RULES if each.id == rule], given)]


RUNTIME_ONLY = (
    "kubernetes:core/v1:Namespace",
    {"metadata": {"name": "shop", "labels": {"secret-access/runtime-only": "true"}}},
)
