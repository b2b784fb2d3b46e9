"""Prefixes that cover each other: the sidecar of one namespace would read the other's secrets. Pure."""

from collections.abc import Iterator, Sequence

from secret_names import vaults

from ..checks import covered
from ..proof import declared
from ..proof.preview import Resource
from .rule import Found, Options

_COMPONENT = "secret-access:index:"
SPELLINGS = {"aws": vaults.AWS, "azure": vaults.AZURE, "gcp": vaults.GOOGLE, "vault": vaults.VAULT}
"""By SECRETS_BACKEND."""


def that_cover_each_other(resources: Sequence[Resource], _options: Options) -> Iterator[Found]:
    """Yield the pairs of namespaces, for each vault."""
    for backend, spelling in SPELLINGS.items():
        prefixes = {**_of_components(resources, backend), **declared.prefixes(resources, backend)}
        for one, other in covered({name: spelling.spelled(prefix) for name, prefix in prefixes.items()}):
            yield Found(
                f"the prefix {prefixes[one]} of the namespace {one} covers {prefixes[other]} of {other} in {backend}"
            )


def _of_components(resources: Sequence[Resource], backend: str) -> dict[str, str]:
    """Return the prefixes that packaged components are given."""
    found: dict[str, str] = {}
    for each in resources:
        is_access = each.type.lower() == f"{_COMPONENT}{backend}secretaccess"
        if is_access and (namespace := each.text("namespace")):
            found[namespace] = each.text("secretPrefix") or f"{namespace}/"
    return found
