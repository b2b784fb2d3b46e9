"""Checks of arguments in AWS's terms.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Sources: IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers"; IAM API, CreateOpenIDConnectProvider;
Secrets Manager User Guide, "What's in a Secrets Manager secret?"; KMS Developer Guide, "Key identifiers".
"""

import re
from collections.abc import Sequence

import secret_names

from ..checks import invalid, match, named
from .documents import OidcProvider

ROLE_NAME_LIMIT = 64
EXAMPLE_PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
PROVIDER_FIX = "take it from the output oidc_provider_arn of ClusterTrust, or aws iam list-open-id-connect-providers"

PROVIDER_ARN = re.compile(
    r"arn:(aws[a-z-]*):iam::(\d{12}):oidc-provider/([A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?)"
)
ISSUER = re.compile(r"https://[a-z0-9.-]+(?:/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?")
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")
ROLE_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+")
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+")


def oidc_provider(arn: object, argument: str = "oidc_provider_arn") -> OidcProvider:
    """Take an OIDC provider's ARN apart; its URL, its host, nothing at all, or a `*` are refused."""
    found = PROVIDER_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found:
        return OidcProvider(partition=found[1], account_id=found[2], issuer=found[3])
    text = str(arn or "")
    what = "is not the ARN of an OIDC provider"
    if not text:
        what = "is missing, so no token of the cluster is trusted"
    elif "*" in text:
        what = "holds a *, which would trust other clusters or accounts"
    elif text.startswith(("https://", "http://")):
        what = "is the issuer's URL"
    elif not text.startswith("arn:"):
        what = "is a host"
    expected = f"the ARN of the cluster's OIDC provider, such as {EXAMPLE_PROVIDER}"
    raise invalid(f"{argument} {what}", arn, expected, PROVIDER_FIX)


def issuer(url: object) -> str:
    """An issuer's URL as `CreateOpenIDConnectProvider` takes it and as tokens spell it in `iss`."""
    if isinstance(url, str) and ISSUER.fullmatch(url):
        return url
    text = str(url or "")
    what, fix = "issuer is not a URL", "take cluster.identity.oidc.issuer of `aws eks describe-cluster`"
    if not text:
        what = "issuer is missing"
    elif text.startswith("arn:"):
        what = "issuer is an ARN"
        fix = "for a provider that exists already give its URL as issuer and its ARN as existing_provider_arn"
    elif text.startswith("http://"):
        what, fix = "issuer is plain http", "use the https address that the tokens carry in iss"
    elif "://" not in text:
        what, fix = "issuer is a host", f"write https://{text}"
    elif text.endswith("/"):
        what, fix = "issuer ends in /", f"write {text.rstrip('/')}, as the tokens carry it in iss"
    elif re.search(r"://[^/]*:\d+", text):
        what, fix = "issuer has a port, which IAM does not take", "serve the issuer on port 443"
    raise invalid(what, url, "a URL such as https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539", fix)


def existing_provider(arn: object, url: str) -> OidcProvider:
    """An OIDC provider that the account has already: it must be the one of this issuer."""
    provider = oidc_provider(arn, "existing_provider_arn")
    if f"https://{provider.issuer}" != url:
        raise invalid(
            "existing_provider_arn is the provider of another issuer",
            arn,
            f"one that ends in :oidc-provider/{url.removeprefix('https://')}",
            "correct issuer or existing_provider_arn",
        )
    return provider


def audience(client_ids: Sequence[str], expected: str, arn: str) -> str:
    """An existing OIDC provider must accept the audience that the sidecar's tokens carry."""
    if expected not in client_ids:
        raise invalid(
            f"the OIDC provider {arn} does not accept our tokens' audience",
            list(client_ids),
            f"a list with {expected!r}",
            f"run aws iam add-client-id-to-open-id-connect-provider --client-id {expected} "
            f"--open-id-connect-provider-arn {arn}",
        )
    return arn


def region(name: object) -> str:
    """A region, spelled out: a `*` would let the role reach copies of secrets elsewhere."""
    return match(REGION, "region", name, "one region such as us-east-1", "name the region that holds the secrets")


def role_name(name: object) -> str:
    """At most 64 characters, never cut silently: two cut names could be one role."""
    if isinstance(name, str) and len(name) > ROLE_NAME_LIMIT:
        raise invalid(
            f"role_name has {len(name)} characters",
            name,
            f"at most {ROLE_NAME_LIMIT}",
            "set role_name to a shorter one; it is never cut for you, since two cut names could be one role",
        )
    return match(
        ROLE_NAME, "role_name", name, "letters, digits and +=,.@_-", "set role_name, for example secret-access-test"
    )


def kms_key_arns(arns: Sequence[object]) -> list[str]:
    """Keys by ARN: IAM does not resolve aliases in a policy's Resource, and a `*` would be every key."""
    return [
        match(
            KEY_ARN,
            "kms_key_arns",
            arn,
            "the ARN of a key, such as arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "take Arn of `aws kms describe-key`; aliases and * do not serve in a policy",
        )
        for arn in arns
    ]


def permissions_boundary(arn: object) -> str | None:
    """The ARN of a managed policy."""
    return None if arn is None else _managed_policy("permissions_boundary", arn)


def policy_arns(arns: Sequence[object]) -> list[str]:
    """ARNs of managed policies. What they grant is not looked at: only AWS has their documents."""
    return [_managed_policy("policy_arns", arn) for arn in arns]


def _managed_policy(argument: str, arn: object) -> str:
    return match(
        POLICY_ARN,
        argument,
        arn,
        "the ARN of a managed policy, such as arn:aws:iam::111122223333:policy/boundary",
        "take Arn of `aws iam list-policies`",
    )


def secret_prefix(prefix: object) -> str:
    """A prefix that ends in `/`: `test` would cover `test-eu/…` and `testing/…` too."""
    return named(secret_names.check_aws_prefix, "secret_prefix", prefix)


def declared_secrets(names: Sequence[object], prefix: str) -> list[str]:
    """Declared names, as given: each in Secrets Manager's charset, unlike an ARN's end, and under the prefix."""
    for given in names:
        full = secret_names.qualify(named(secret_names.check_aws_name, "secrets", given), prefix)
        if not full.startswith(prefix):
            raise invalid(
                "secrets holds a name outside the namespace's prefix, which the role may not read",
                given,
                f"a name under {prefix}",
                f"leave it out, or store the secret as {prefix}{full.rpartition('/')[2]}",
            )
        named(secret_names.check_unambiguous, "secrets", full)
    return [str(name) for name in names]
