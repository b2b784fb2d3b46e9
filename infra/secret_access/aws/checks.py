"""Checks of arguments in AWS's terms.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Sources: IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers"; IAM API, CreateOpenIDConnectProvider;
Secrets Manager User Guide, "What's in a Secrets Manager secret?"; KMS Developer Guide, "Key identifiers".
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from secret_names import vaults

from .. import aks_issuers
from ..checks import distinct, host_and_port, invalid, match, no_credentials, texts
from .identifiers import Account, OidcProvider

A = TypeVar("A", bound=Account)
ROLE_NAME_LIMIT = 64
EXAMPLE_PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
EXAMPLE_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PROVIDER_FIX = "take it from the output oidc_provider_arn of ClusterTrust, or aws iam list-open-id-connect-providers"

_HOST_AND_PATH = r"[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~:@%+/-]*)?"
PROVIDER_ARN = re.compile(rf"arn:(aws[a-z-]*):iam::([0-9]{{12}}):oidc-provider/({_HOST_AND_PATH})")
ISSUER = re.compile(rf"https://{_HOST_AND_PATH}")
REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+")
ROLE_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+")
KEY_ARN = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")
POLICY_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+")
ENDPOINT = re.compile(r"https?://[^/\s]+")
PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""Partitions by how their regions begin; all other regions are of `aws` (botocore, partitions.json)."""


def oidc_provider(arn: object, argument: str = "oidc_provider_arn") -> OidcProvider:
    """Return the parts of an OIDC provider's ARN; its URL, its host, a `*` or nothing at all are refused."""
    found = PROVIDER_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found and not aks_issuers.has_lost_slash(f"https://{found[3]}"):
        return OidcProvider(partition=found[1], account_id=found[2], issuer=found[3])
    text = str(arn or "")
    what = "is not the ARN of an OIDC provider"
    if found:
        what = "is of an issuer of AKS that has lost its closing /, so it trusts no token"
    elif not text:
        what = "is missing, so no token of the cluster is trusted"
    elif "*" in text:
        what = "holds a *, which would trust other clusters or accounts"
    elif text.startswith(("https://", "http://")):
        what = "is the issuer's URL"
    elif not text.startswith("arn:"):
        what = "is a host"
    expected = f"the ARN of the cluster's OIDC provider, such as {EXAMPLE_PROVIDER}"
    raise invalid(f"{argument} {what}", arn, expected, PROVIDER_FIX)


def oidc_providers(arns: object) -> list[OidcProvider]:
    """Return the OIDC providers of several clusters, all of one account: the role's."""
    nothing = "so no token is trusted"
    return of_one_account("oidc_provider_arns", arns, EXAMPLE_PROVIDER, oidc_provider, nothing, PROVIDER_FIX)


def issuer(url: object) -> str:
    """Return an issuer's URL as `CreateOpenIDConnectProvider` takes it and as tokens spell it in `iss`.

    IAM compares it with `iss` as text, so a closing slash stays: AKS's issuers end in one, EKS's do not.
    """
    text = str(url or "")
    ends_like_no_eks_issuer = text.startswith("https://oidc.eks.") and text.endswith("/")
    if isinstance(url, str) and ISSUER.fullmatch(url) and not ends_like_no_eks_issuer:
        return aks_issuers.with_slash(url)
    what, fix = "issuer is not a URL", "take cluster.identity.oidc.issuer of `aws eks describe-cluster`"
    if not text:
        what = "issuer is missing"
    elif ends_like_no_eks_issuer:
        what, fix = "issuer ends in /, as EKS's do not", f"write {text.rstrip('/')}"
    elif text.startswith("arn:"):
        what = "issuer is an ARN"
        fix = "for a provider that exists already give its URL as issuer and its ARN as existing_provider_arn"
    elif text.startswith("http://"):
        what, fix = "issuer is plain http", "use the https address that the tokens carry in iss"
    elif "://" not in text:
        what, fix = "issuer is a host", f"write https://{text}"
    elif re.search(r"://[^/]*:[0-9]+", text):
        what, fix = "issuer has a port, which IAM does not take", "serve the issuer on port 443"
    raise invalid(what, url, "a URL such as https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539", fix)


def existing_provider(arn: object, url: str) -> OidcProvider:
    """Return an OIDC provider that the account has already: it must be the one of this issuer."""
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
    """Return the ARN of a provider that accepts the audience of the sidecar's tokens."""
    if expected not in client_ids:
        raise invalid(
            f"the OIDC provider {arn} does not accept the audience of the sidecar's tokens",
            list(client_ids),
            f"a list with {expected!r}",
            f"run aws iam add-client-id-to-open-id-connect-provider --client-id {expected} "
            f"--open-id-connect-provider-arn {arn}",
        )
    return arn


def region(name: object) -> str:
    """Return a region, spelled out: a `*` would let the role reach copies of secrets elsewhere."""
    return match(REGION, "region", name, "one region such as us-east-1", "name the region that holds the secrets")


def partition_of(region: str) -> str:
    """Return the partition of a region: `aws`, `aws-cn`, `aws-us-gov`, …"""
    return next((partition for start, partition in PARTITIONS.items() if region.startswith(start)), "aws")


def region_of(partition: str, name: object, argument: str = "oidc_provider_arn") -> str:
    """Return a region of the partition of the ARN in `argument`: no role works across partitions."""
    checked = region(name)
    if partition_of(checked) != partition:
        raise invalid(
            f"region is of the partition {partition_of(checked)}",
            name,
            f"a region of {partition}, the partition of {argument}",
            f"correct region or {argument}",
        )
    return checked


def role_name(name: object) -> str:
    """Return a role's name of at most 64 characters; it is never cut, as two cut names could be one role."""
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


def exact_names(declared: Sequence[str], prefix: str, *, is_granted: bool) -> list[str]:
    """Return the declared names outside the prefix, without `exact:`; `is_granted`: the component grants them."""
    names = [vaults.AWS.spelled(vaults.AWS.full_name(name, prefix)) for name in declared]
    outside = sorted({name for name in names if not name.startswith(prefix)})
    if outside and not is_granted:
        raise invalid(
            "secrets holds a name outside the namespace's prefix, and the role is not this component's to grant it",
            outside[0],
            f"a name under {prefix}",
            "leave it out, and grant it where the role is made",
        )
    return outside


def kms_key_arns(given: object, region: str, replica_regions: Sequence[str] = ()) -> list[str]:
    """Return keys by ARN: IAM does not resolve aliases in a policy's Resource, and a `*` would be every key.

    A secret's key is of the secret's region, a replica's of the replica's (Secrets Manager User Guide, "Secret
    encryption and decryption").
    """
    regions = [region, *replica_regions]
    arns = texts("kms_key_arns", [] if given is None else given, f'["{EXAMPLE_KEY}"]')
    for arn in arns:
        match(
            KEY_ARN,
            "kms_key_arns",
            arn,
            f"the ARN of a key, such as {EXAMPLE_KEY}",
            "take Arn of `aws kms describe-key`; aliases and * do not work in a policy",
        )
        partition, key_region = arn.split(":")[1], arn.split(":")[3]
        same_part("kms_key_arns", arn, "partition", partition, partition_of(region), "a key")
        if key_region not in regions:
            same_part("kms_key_arns", arn, "region", key_region, " or ".join(regions), "a key")
    return arns


def replica_regions(given: object, region: str) -> list[str]:
    """Return regions of the home region's partition: Secrets Manager replicates within one."""
    names = distinct("replica_regions", texts("replica_regions", [] if given is None else given, '["us-west-2"]'))
    for name in names:
        match(REGION, "replica_regions", name, "a region such as us-west-2", "correct it")
        if name == region:
            raise invalid("replica_regions holds the home region", name, f"other regions than {region}", "leave it out")
        same_part("replica_regions", name, "partition", partition_of(name), partition_of(region), "a region")
    return names


def permissions_boundary(arn: object, account_id: str, partition: str) -> str | None:
    """Return the ARN of a managed policy of the role's account, or of AWS's own."""
    return None if arn is None else _managed_policy("permissions_boundary", arn, account_id, partition)


def policy_arns(given: object, account_id: str, partition: str) -> list[str]:
    """Return ARNs of managed policies of the role's account, or of AWS's own.

    What they grant is not checked: only AWS has their documents.
    """
    arns = texts("policy_arns", given, '["arn:aws:iam::111122223333:policy/boundary"]')
    return distinct("policy_arns", [_managed_policy("policy_arns", arn, account_id, partition) for arn in arns])


def endpoint_url(url: object, argument: str = "endpoint_url") -> str | None:
    """Return the endpoint that replaces AWS's own."""
    if url is None:
        return None
    fix = "leave it out for AWS's own"
    if isinstance(url, str):
        no_credentials(argument, url, fix)
    return host_and_port(argument, match(ENDPOINT, argument, url, "a URL such as http://10.78.0.1:4566", fix), fix)


def _managed_policy(argument: str, arn: object, account_id: str, partition: str) -> str:
    checked = match(
        POLICY_ARN,
        argument,
        arn,
        "the ARN of a managed policy, such as arn:aws:iam::111122223333:policy/boundary",
        "take Arn of `aws iam list-policies`",
    )
    _, arn_partition, _, _, owner, _ = checked.split(":", 5)
    same_part(argument, checked, "partition", arn_partition, partition, "a policy")
    if owner != "aws":
        same_part(argument, checked, "account", owner, account_id, "a policy")
    return checked


def of_one_account(
    argument: str, arns: object, example: str, check: Callable[[str, str], A], nothing: str, fix: str
) -> list[A]:
    """Return what `check` makes of ARNs: one at least, each once, and all of one account.

    `nothing`: what it means that there are none.
    """
    listed = distinct(argument, texts(argument, arns, f'["{example}"]'))
    if not listed:
        raise invalid(f"{argument} names none, {nothing}", arns, "one ARN at least", fix)
    found = [check(arn, argument) for arn in listed]
    for arn, each in zip(listed[1:], found[1:], strict=True):
        same_account(argument, arn, each, found[0], "an ARN")
    return found


def same_account(argument: str, arn: str, given: Account, expected: Account, thing: str) -> None:
    """Refuse an ARN of another account or partition than expected."""
    same_part(argument, arn, "partition", given.partition, expected.partition, thing)
    same_part(argument, arn, "account", given.account_id, expected.account_id, thing)


def same_part(argument: str, arn: str, what: str, given: str, expected: str, thing: str) -> None:
    """Refuse an ARN of another account, region or partition than expected."""
    if given != expected:
        raise invalid(f"{argument} is of another {what}", arn, f"{thing} of {expected}", f"correct {argument}")
