"""How AKS spells the issuers of its clusters, in each of Azure's clouds: with a `/` at the end. Pure.

Every cloud compares an issuer with the tokens' `iss` as text, and refuses all tokens if the `/` is lost.
Source: AKS, "Create an OpenID Connect provider"; older clusters have `oidc.prod-aks.azure.com`, without a region.
"""

import re

from .checks import invalid

AKS_ISSUER = re.compile(r"https://(?:[a-z0-9-]+\.)*oid?c\.(?:[a-z0-9-]+\.)*[a-z0-9-]*aks\.azure\.[a-z]+/[^?#]+")


def has_lost_slash(url: str) -> bool:
    """Tell whether this is an issuer of AKS without its closing `/`."""
    return AKS_ISSUER.fullmatch(url) is not None and not url.endswith("/")


def with_slash(url: str) -> str:
    """Return an issuer's URL; one of AKS without its closing `/` is refused, any other is taken as it is."""
    if has_lost_slash(url):
        what = "an issuer of AKS has lost its closing /"
        raise invalid(what, url, "the issuer as AKS spells it", f"write {url}/")
    return url
