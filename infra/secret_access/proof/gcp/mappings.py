"""What a pool's providers make of a ServiceAccount's token, as far as the stack says. Pure.

Source: IAM, "Workload Identity Federation", "Attribute mappings".
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from ..pipelines import is_of_pipelines
from ..preview import UNKNOWN, Resource
from ..strings import NOTHING, StringSet
from ..subjects import of_namespace
from .members import subjects

PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
_SUBJECT, _SUB = "google.subject", "assertion.sub"
_NAMESPACE = re.compile(r"assertion\[['\"]kubernetes\.io['\"]\](\[['\"]namespace['\"]\]|\.namespace)")
_SET = re.compile(
    r"principalSet://iam\.googleapis\.com/projects/[^/]+/locations/global/workloadIdentityPools/(?P<pool>[^/]+)"
    r"/(?P<attribute>attribute\.\w+)/(?P<value>[^/]+)"
)


_POOL = re.compile(
    r"principalSet://iam\.googleapis\.com/projects/[^/]+/locations/global/workloadIdentityPools/(?P<pool>[^/]+)/.+"
)


class Mappings:
    """The attributes of pools that are the namespace of a token, by all providers of the stack."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        every = [each for each in resources if each.type == PROVIDER]
        self._providers = [each for each in every if each.inputs.get("oidc") is not None and not _is_of_pipelines(each)]
        pools = {each.text("workloadIdentityPoolId") for each in every if _is_of_pipelines(each)}
        others = {each.text("workloadIdentityPoolId") for each in every if not _is_of_pipelines(each)}
        self._of_pipelines: set[str | None] = set() if None in others else pools - others

    def doubts(self) -> Iterator[str]:
        """Yield the providers whose principals are not those that a token's subject names."""
        for each in self._providers:
            mapped = _mapped(each, _SUBJECT)
            if mapped is not None and mapped != _SUB:
                shown = "what is known only after `pulumi up`" if UNKNOWN in mapped else mapped
                yield f"{each.name} makes {_SUBJECT} of {shown}: which ServiceAccounts its principals are is not judged"

    def who(self, member: str) -> StringSet:
        """Return the subjects whose tokens are a member; for a set that nobody knows, all."""
        by_attribute = self._of_set(member)
        return subjects(member) if by_attribute is None else by_attribute

    def _of_set(self, member: str) -> StringSet | None:
        """Return the subjects of a set by attribute, none of a pipelines' pool; None where nobody knows them."""
        if (pool := _POOL.fullmatch(member)) and pool["pool"] in self._of_pipelines:
            return NOTHING
        found = _SET.fullmatch(member)
        if found is None:
            return None
        of_pool = [each for each in self._providers if each.text("workloadIdentityPoolId") == found["pool"]]
        is_namespace = [_NAMESPACE.fullmatch(_mapped(each, found["attribute"]) or "") for each in of_pool]
        return of_namespace(found["value"]) if is_namespace and all(is_namespace) else None


def _is_of_pipelines(provider: Resource) -> bool:
    """Return whether a pool's provider takes the tokens of pipelines."""
    oidc = provider.inputs.get("oidc")
    issuer = oidc.get("issuerUri") if isinstance(oidc, Mapping) else None
    return isinstance(issuer, str) and is_of_pipelines(issuer)


def _mapped(provider: Resource, attribute: str) -> str | None:
    given = provider.inputs.get("attributeMapping")
    mapped = given.get(attribute) if isinstance(given, Mapping) else given
    return None if mapped is None else str(mapped)
