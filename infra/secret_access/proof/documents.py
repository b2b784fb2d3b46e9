"""The documents that decide who reads what, as a report shows them. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from .preview import Resource

_TYPES = re.compile(
    r"aws:iam/(?:role|policy|instanceProfile|userPolicy|groupPolicy)\w*:"
    r"|aws:eks/(?:podIdentityAssociation|nodeGroup|accessEntry|accessPolicyAssociation):"
    r"|gcp:(?:folder|organizations|projects|secretmanager|serviceaccount)/\w*(?:iAM|[iI]am)\w*:"
    r"|azure-native(?:_\w+)?:(?:authorization|managedidentity)(?:/v\w+)?:"
    r"|azure-native(?:_\w+)?:(?:containerservice(?:/v\w+)?:IdentityBinding|keyvault(?:/v\w+)?:(?:Vault|AccessPolicy))$"
    r"|vault:index/(?:policy|mount):"
    r"|vault:(?:jwt|kubernetes|tokenauth)/authBackendRole:"
    r"|vault:identity/(?:entity|group)\w*:"
)
"""Roles, trust, policies and bindings: resources that hold no secret."""


def documents(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    """Return the identities, trusts, policies and bindings among the resources, each with its inputs."""
    return [
        {"urn": each.urn, "type": each.type, "name": each.name, "inputs": _shown(each)}
        for each in resources
        if _TYPES.match(each.type)
    ]


def _shown(resource: Resource) -> dict[str, Any]:
    return {key: value for key, value in resource.inputs.items() if not key.startswith("__")}
