"""Stacks on AWS: their settings, the provider for their account, and their components."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from secret_access import (
    AwsSecretAccess,
    AwsSecretAccessArgs,
    AwsSharedRole,
    AwsSharedRoleArgs,
    ClusterTrust,
    ClusterTrustArgs,
    SecretAccess,
    WrongAccount,
    checks,
)
from secret_access.aws import checks as aws_checks
from secret_access.aws import eks_checks, identity_choice, role_checks
from secret_access.aws.environment import BACKEND
from secret_access.aws.identity_choice import PodIdentity
from secret_access.checks import Access
from secret_access.pods import checks as pod_checks
from secret_names.vaults import AWS
from section import Section, invalid

from . import aws_shared_role
from .cloud import Arguments, Cloud, ClusterOutputs, identity_name, later
from .credentials import NOTHING_CREATED, ask

SERVICES = ("eks", "iam", "kms", "secretsmanager", "sts")
NO_CREDENTIALS = re.compile(r"(?i)no valid credential|no EC2 IMDS role|ec2imds|unable to locate credentials")
"""What the provider says when it found no credentials; it tries the metadata service too, and quotes its error."""


OF_CREATED_ROLES = ("permissions_boundary", "role_path", "trust_conditions", "trust_policy_quota")
"""Keys of an environment for all roles that it creates; they say nothing of a role that exists."""


@dataclass(frozen=True)
class Aws(Cloud):
    """The account and region that a stack is for."""

    account_id: str
    region: str
    endpoint: str | None = None
    """Endpoint in place of AWS's own (the laptop environment)."""

    name = "aws"
    backend = BACKEND
    same = ("account_id", "region")
    needed = ("oidc_provider_arn",)
    optional = ("eks_cluster_arn", *aws_shared_role.OUTPUTS)

    @property
    def partition(self) -> str:
        """The partition of the region, such as `aws`."""
        return aws_checks.partition_of(self.region)

    def cluster_arguments(self, top: Section) -> Arguments:
        issuer = top.checked(
            "issuer", aws_checks.issuer, top.take("issuer", example="https://oidc.eks.us-east-1.amazonaws.com/id/…")
        )
        return {
            "issuer": issuer,
            **top.given(
                {
                    "existing_provider_arn": partial(self._existing_provider, issuer),
                    "eks_cluster_arn": self._eks_cluster,
                }
            ),
            **self._shared_role(top),
            "tags": top.mapping("tags", "team: platform"),
        }

    def _shared_role(self, top: Section) -> Arguments:
        """Return the arguments of the role that the cluster's namespaces share, under the name `shared_role`."""
        if "shared_role" not in top:
            return {}
        section = top.section("shared_role", example="pod_identity under it")
        mode = section.checked(
            "pod_identity", identity_choice.shared, section.take("pod_identity", example="session_tags")
        )
        arguments = section.given(
            {
                "common_prefix": partial(checks.named, AWS.check_prefix, "common_prefix"),
                "access": checks.access,
                "service_account_name": checks.service_account_name,
                "role_name": aws_checks.role_name,
                "policy_arns": self._policy_arns,
                **self._of_roles(),
            }
        )
        replicas = arguments.get("replica_regions", ())
        keys = partial(aws_checks.kms_key_arns, region=self.region, replica_regions=replicas)
        arguments |= section.given({"kms_key_arns": keys})
        section.close()
        if top.take("eks_cluster_arn", None) is None:
            fix = "set eks_cluster_arn"
            raise invalid(top.key("shared_role"), "no eks_cluster_arn beside it", "the cluster's ARN", fix)
        return {"shared_role": {"pod_identity": mode, **arguments}}

    def _existing_provider(self, issuer: str, arn: object) -> str:
        provider = aws_checks.existing_provider(arn, issuer)
        if provider.account_id != self.account_id:
            fix = "correct it or aws.account_id"
            raise checks.invalid("is of another account", arn, f"a provider of {self.account_id}", fix)
        return provider.arn

    def environment_arguments(self, top: Section) -> Arguments:
        return {
            **top.given(
                {
                    "pod_identity": identity_choice.pod_identity,
                    "eks_cluster_arn": self._eks_cluster,
                    "existing_role_arn": _existing_role,
                    "pod_identity_agent_url": eks_checks.agent_url,
                    **self._of_roles(),
                }
            ),
            "tags": top.mapping("tags", "team: platform"),
        }

    def namespace_arguments(self, section: Section, shared: Arguments) -> Arguments:
        return section.given(
            {
                "kms_key_arns": partial(
                    aws_checks.kms_key_arns, region=self.region, replica_regions=shared.get("replica_regions", ())
                ),
                "policy_arns": self._policy_arns,
                "role_name": aws_checks.role_name,
                "irsa_annotation": partial(checks.flag, "irsa_annotation"),
                "app_containers": pod_checks.app_containers,
                "existing_role_arn": _existing_role,
                "oidc_provider_arns": _further_providers,
                "target_role_arn": partial(_role, "target_role_arn"),
                "session_duration": role_checks.session_duration,
            }
        )

    def _of_roles(self) -> dict[str, Callable[[Any], Any]]:
        """The checks of what is said of all roles at once, by key."""
        return {
            "permissions_boundary": partial(
                aws_checks.permissions_boundary, account_id=self.account_id, partition=self.partition
            ),
            "replica_regions": partial(aws_checks.replica_regions, region=self.region),
            "role_path": role_checks.role_path,
            "trust_conditions": _any,  # the component knows which ones can match
            "trust_policy_quota": role_checks.trust_policy_quota,
        }

    def _policy_arns(self, arns: object) -> list[str]:
        return aws_checks.policy_arns(arns, self.account_id, self.partition)

    def _eks_cluster(self, arn: object) -> str:
        cluster = eks_checks.cluster(arn)
        if cluster.account_id != self.account_id:
            fix = "correct it or aws.account_id"
            raise checks.invalid("is of another account", arn, f"a cluster of {self.account_id}", fix)
        return cluster.arn

    def provider(self) -> aws.Provider:
        """Return the provider for one account and region.

        `allowed_account_ids` holds in every operation, also in `pulumi destroy` and `pulumi refresh`, which do not run
        this program: the provider refuses to start with the credentials of another account.
        """
        self._stop_unless_account()
        return aws.Provider(
            "aws", allowed_account_ids=[self.account_id], region=self.region, endpoints=self._endpoints()
        )

    def trust(self, name: str, arguments: Arguments, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[str]]:
        args = dict(arguments)
        shared, eks_cluster, tags = args.pop("shared_role", None), args.pop("eks_cluster_arn", None), args.pop("tags")
        if "existing_provider_arn" not in args:
            args["tags"] = tags
        trust = ClusterTrust(name, cast("ClusterTrustArgs", args), opts)
        outputs: dict[str, pulumi.Input[str]] = {"issuer": trust.issuer, "oidc_provider_arn": trust.oidc_provider_arn}
        if eks_cluster is not None:
            outputs["eks_cluster_arn"] = eks_cluster
        if shared is not None:
            of_role = {"eks_cluster_arns": [eks_cluster], "region": self.region, "tags": tags}
            role = {"role_name": f"secret-access-shared_{name}", **of_role, **shared}
            made = AwsSharedRole(f"{name}-shared", cast("AwsSharedRoleArgs", role), opts)
            outputs |= {"shared_role_arn": made.role_arn, **aws_shared_role.outputs(shared)}
        return outputs

    def access(
        self, name: str, arguments: Arguments, cluster: pulumi.Output[ClusterOutputs], opts: pulumi.ResourceOptions
    ) -> SecretAccess:
        args = dict(arguments)
        mode = args.get("pod_identity")
        if mode is not None and "eks_cluster_arn" not in args:
            args["eks_cluster_arn"] = later(cluster, "eks_cluster_arn", "eks_cluster_arn")
        if mode not in (None, PodIdentity.ROLE_PER_NAMESPACE) and "existing_role_arn" not in args:
            asked = (mode, name, args["secret_prefix"], args.get("access", Access.READ))
            args["existing_role_arn"] = cluster.apply(partial(aws_shared_role.role_of, *asked))
        if "existing_role_arn" in args:
            args = {key: value for key, value in args.items() if key not in OF_CREATED_ROLES}
        else:
            args.setdefault("role_name", cluster.apply(lambda known: identity_name(known.name, name)))
            if mode is None:
                own = cluster.apply(lambda known: known.own["oidc_provider_arn"])
                further = args.pop("oidc_provider_arns", None)
                args |= {"oidc_provider_arns": [own, *further]} if further else {"oidc_provider_arn": own}
        args |= {"region": self.region, "tags": {**arguments["tags"], "secret-access/namespace": name}}
        if mode is None and "existing_role_arn" in args:
            del args["tags"]  # nothing is made that could have them
        if self.endpoint:
            args["endpoint_url"] = self.endpoint
        return AwsSecretAccess(name, cast("AwsSecretAccessArgs", args), opts)

    def _endpoints(self) -> Any:
        """The endpoint for every service that the program and the provider use; Pulumi's type names all of AWS's."""
        return [dict.fromkeys(SERVICES, self.endpoint)] if self.endpoint else None

    def _stop_unless_account(self) -> None:
        """Ask AWS whose credentials these are, and stop unless they are of the stack's account.

        The provider that asks is not restricted to an account: when a provider refuses to start, Pulumi's engine (seen
        with 3.274) ends the program before it can name the account that it expected. If it finds no credentials, its
        message is shown.
        """
        provider = aws.Provider(
            "aws-caller",
            region=self.region,
            endpoints=self._endpoints(),
            skip_credentials_validation=True,
            skip_requesting_account_id=True,
        )
        expected = f"the stack's aws.account_id {self.account_id!r}"
        fix = "set AWS_PROFILE, or the credentials, of that account, or choose another stack"
        caller = ask(
            lambda: aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider)),
            cloud="AWS",
            where=self.endpoint or f"AWS in {self.region}",
            expected=expected,
            fix=fix,
            no_credentials=NO_CREDENTIALS,
        )
        if caller.account_id != self.account_id:
            raise WrongAccount(
                f"AWS credentials of the wrong account: given {caller.account_id!r} ({caller.arn}), expected "
                f"{expected}; {fix}; {NOTHING_CREATED}"
            )


def _role(argument: str, arn: object) -> str:
    return role_checks.role_arn(arn, argument).arn


def _existing_role(arn: object) -> str:
    return _role("existing_role_arn", arn)


def _further_providers(arns: object) -> list[str]:
    """Return the OIDC providers of further clusters; the stack's own is added to them."""
    return [provider.arn for provider in aws_checks.oidc_providers(arns)]


def _any(given: Any) -> Any:
    return given


def read(section: Section) -> Aws:
    """Return the settings under the key `aws`."""
    settings = Aws(
        account_id=section.text("account_id", pattern=r"[0-9]{12}", example='"111122223333" (12 digits, in quotes)'),
        region=section.checked("region", aws_checks.region, section.take("region", example="us-east-1")),
        endpoint=section.checked(
            "endpoint", partial(aws_checks.endpoint_url, argument="endpoint"), section.take("endpoint", None)
        ),
    )
    section.close()
    return settings
