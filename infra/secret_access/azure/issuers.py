"""Checks of the issuers that an identity trusts: AKS's, or any other cluster's. Pure.

Sources: AKS, "Create an OpenID Connect provider" and "Identity bindings"; Entra, "Important considerations and
restrictions for federated identity credentials".
"""

import re
from collections.abc import Mapping, Sequence

from .. import aks_issuers
from ..checks import invalid, match

MOST_CREDENTIALS = 20
MOST_ISSUER = 600
EXAMPLE_ISSUER = "https://westeurope.oic.prod-aks.azure.com/TENANT/CLUSTER/"
EXAMPLE_ISSUERS = f'{{"blue": "{EXAMPLE_ISSUER}"}}'
CLUSTER_KEY = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~:@%+/-]*)?")
BINDING_ISSUER = re.compile(r"https://ib\.oic\.[^/]+/.+")
BINDING = ("identity_binding_cluster_id", "token_proxy_url", "token_proxy_sni_name")


def by_cluster(given: object) -> dict[str, object]:
    """Return issuers by the name of their cluster, each unchecked: how many there are decides what is made."""
    expected = f"issuers by a name of your own for each cluster, such as {EXAMPLE_ISSUERS}"
    if isinstance(given, str):
        raise invalid("issuers is a text", given, expected, f'write {{"blue": {given!r}}}')
    if not isinstance(given, Mapping):
        raise invalid("issuers", given, expected, "write a mapping")
    for key in given:
        match(CLUSTER_KEY, "issuers", key, "lowercase letters, digits and - as each cluster's name", "correct it")
    if len(given) > MOST_CREDENTIALS:
        raise invalid(
            f"issuers has {len(given)} clusters",
            sorted(given),
            f"at most {MOST_CREDENTIALS}: a managed identity has no more federated credentials",
            f"use AKS identity bindings for these clusters ({', '.join(BINDING)}), which share one credential",
        )
    return dict(given)


def distinct(urls: Sequence[str]) -> list[str]:
    """Return the issuers, checked, of which each may be there once: an identity takes issuer and subject once."""
    checked = [issuer(url) for url in urls]
    for number, url in enumerate(checked):
        if url in checked[:number]:
            raise invalid("issuers", url, "each issuer once, and this one is there twice", "remove one")
    return checked


def issuer(url: object) -> str:
    """Return an issuer as its tokens spell it in `iss`: Entra compares the two as text.

    An AKS issuer ends in `/`; any other is taken as it is.
    """
    text = str(url or "")
    if isinstance(url, str) and ISSUER.fullmatch(url) and not BINDING_ISSUER.fullmatch(text):
        aks_issuers.with_slash(url)
        if len(url) <= MOST_ISSUER:
            return url
    what, fix = _mistake(text)
    raise invalid(what, url, f"a URL such as {EXAMPLE_ISSUER}", fix)


def trust(has_issuers: bool, binding: Sequence[str]) -> None:
    """Refuse an identity that trusts no cluster, or one in two ways; `binding` are a binding's arguments, if given."""
    if has_issuers and binding:
        raise invalid(
            "issuers beside an AKS identity binding",
            list(binding),
            "one of the two: with a binding AKS writes the identity's credential itself",
            "leave issuers out",
        )
    if binding and set(binding) != set(BINDING):
        missing = ", ".join(name for name in BINDING if name not in binding)
        raise invalid("an AKS identity binding is incomplete", list(binding), ", ".join(BINDING), f"set {missing} too")
    if not has_issuers and not binding:
        raise invalid("issuers is missing, so no token of the cluster is trusted", None, EXAMPLE_ISSUERS, "set issuers")


def _mistake(text: str) -> tuple[str, str]:
    """Return what is wrong with an issuer, and the fix."""
    fix = "run `az aks show --query oidcIssuerProfile.issuerUrl`"
    is_binding = BINDING_ISSUER.fullmatch(text)
    mistakes = [
        (not text, "is missing", fix),
        (
            is_binding,
            "is that of an AKS identity binding, whose credential AKS writes itself",
            f"leave issuers out and set {', '.join(BINDING)}",
        ),
        ("*" in text, "holds a *, and a credential trusts one issuer", fix),
        (text.startswith("/subscriptions/"), "is a resource's id", fix),
        (text.startswith("http://"), "is plain http", "use the https address that the tokens carry in iss"),
        (len(text) > MOST_ISSUER, f"has more than {MOST_ISSUER} characters", fix),
        ("://" not in text, "is a host", f"write https://{text}"),
    ]
    what, fix = next(((what, fix) for wrong, what, fix in mistakes if wrong), ("is not a URL", fix))
    return f"an issuer {what}", fix
