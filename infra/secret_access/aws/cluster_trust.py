"""AWS's trust in a cluster: the OIDC provider by which IAM verifies the tokens of its API server."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

from ..arguments import Arguments
from ..checks import tags as check_tags
from ..inputs import children_of
from . import checks
from .trust import IRSA_AUDIENCE

INPUTS = ["url", "client_id_lists", "tags", "thumbprint_lists"]


class ClusterTrustArgs(TypedDict):
    """Arguments of ClusterTrust."""

    issuer: pulumi.Input[str]
    """The URL that the cluster's tokens carry in `iss`.
    Example: `https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    existing_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the issuer's OIDC provider where the account has it already (eksctl and the EKS modules create one): it
    is never changed and never deleted, also where the stack created it earlier. Default: none, it is created."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of the OIDC provider that is created, refused beside `existing_provider_arn`. Default: none.
    Example: `{"team": "platform"}`."""


class ClusterTrust(pulumi.ComponentResource):
    """The trust of an AWS account in a Kubernetes cluster: an IAM OIDC provider with audience `sts.amazonaws.com`.

    An account has one per issuer: keep it in a stack of its own, so that destroying one environment breaks no other.
    """

    oidc_provider_arn: pulumi.Output[str]
    """ARN of the OIDC provider."""
    issuer: pulumi.Output[str]
    """The issuer's URL."""

    def __init__(self, name: str, args: ClusterTrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"ClusterTrust {name!r}", args, ClusterTrustArgs)
        url = given.take("issuer", checks.issuer)
        tags = given.take("tags", check_tags)
        existing = None
        if "existing_provider_arn" in given:
            reason, fix = "an existing provider is never changed", "set them where the provider is made"
            given.refuse_ignored("tags", "beside existing_provider_arn", reason, fix)
            existing = given.check(_existing_provider_arn, given.get("existing_provider_arn"), url)
        super().__init__("secret-access:index:ClusterTrust", name, {}, opts)

        child = children_of(self, opts)
        resource = f"{name}-oidc-provider"
        if existing is None:
            # No thumbprint: IAM trusts the issuer's certificate by its own authorities (IAM User Guide, "Obtain the
            # thumbprint for an OpenID Connect identity provider")
            provider = iam.OpenIdConnectProvider(
                resource, url=url, client_id_lists=[IRSA_AUDIENCE], tags=tags, opts=child
            )
            self.oidc_provider_arn = provider.arn
        else:
            provider = _existing_provider(resource, existing, url, child)
            checked = given.check(checks.audience, provider.client_id_lists, IRSA_AUDIENCE, provider.arn)
            self.oidc_provider_arn = pulumi.Output.from_input(checked)
        self.issuer = pulumi.Output.from_input(url)
        self.register_outputs({"oidcProviderArn": self.oidc_provider_arn, "issuer": self.issuer})


def _existing_provider_arn(arn: object, issuer: str) -> str:
    return checks.existing_provider(arn, issuer).arn


def _existing_provider(
    name: str, arn: pulumi.Input[str], url: pulumi.Input[str], child: pulumi.ResourceOptions
) -> iam.OpenIdConnectProvider:
    """Return a provider that is never changed and never deleted, also where this stack created it earlier.

    It is imported where its ARN is known. One that is only known later is read, and `pulumi preview --refresh` shows
    the inputs of what is read as changed each time.
    """
    if not isinstance(arn, str):
        return iam.OpenIdConnectProvider.get(name, arn, opts=child)
    theirs = pulumi.ResourceOptions(import_=arn, retain_on_delete=True, ignore_changes=INPUTS)
    return iam.OpenIdConnectProvider(
        name, url=url, client_id_lists=[IRSA_AUDIENCE], opts=pulumi.ResourceOptions.merge(child, theirs)
    )
