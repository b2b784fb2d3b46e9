"""Issuers of pipelines' tokens: no ServiceAccount of a cluster has one. Pure."""

import re

_ISSUERS = re.compile(
    r"(https://)?(token\.actions\.githubusercontent\.com|gitlab\.com|api\.bitbucket\.org|app\.terraform\.io"
    r"|api\.pulumi\.com|agent\.buildkite\.com|oidc\.circleci\.com|vstoken\.dev\.azure\.com)(/.*)?"
)


def is_of_pipelines(issuer: str) -> bool:
    """Return whether an issuer is one of pipelines, by its URL or, as in ARNs of AWS, its host and path."""
    return _ISSUERS.fullmatch(issuer) is not None
