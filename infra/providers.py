"""The providers of a stack, and the check that the credentials are of the stack's account."""

import re
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from secret_access import NotReached, WrongAccount
from settings import Aws, Kubernetes, kubeconfig_path

SERVICES = ("iam", "kms", "secretsmanager", "sts")
NO_CREDENTIALS = re.compile(r"(?i)no valid credential|no EC2 IMDS role|ec2imds|unable to locate credentials")
"""What the provider says when it found no credentials; it tries the metadata service too, and quotes its error."""
NOT_REACHED = re.compile(
    r"(?i)request send failed|dial tcp|no such host|i/o timeout|connection refused|x509:|deadline exceeded"
    r"|could not connect|connection was closed|timeout on endpoint|ssl validation failed|failed to connect to proxy"
)
"""What the AWS SDKs for Go and Python say when a connection failed."""


def aws_provider(settings: Aws) -> aws.Provider:
    """Return the provider for one account and region.

    `allowed_account_ids` holds in every operation, also in `pulumi destroy` and `pulumi refresh`, which do not run
    this program: the provider refuses to start with the credentials of another account.
    """
    return aws.Provider(
        "aws",
        allowed_account_ids=[settings.account_id],
        region=settings.region,
        endpoints=_endpoints(settings),
    )


def _endpoints(settings: Aws) -> Any:
    """The endpoint for every service that the program and the provider use; Pulumi's type names all of AWS's."""
    return [dict.fromkeys(SERVICES, settings.endpoint)] if settings.endpoint else None


def stop_unless_account(settings: Aws) -> None:
    """Ask AWS whose credentials these are, and stop unless they are of the stack's account.

    This happens before any other resource of the stack is registered, so Kubernetes stays untouched too. The provider
    that asks is not restricted to an account: when a provider refuses to start, Pulumi's engine (seen with 3.274) ends
    the program before it can name the account that it expected. If it finds no credentials, its message is shown.
    Raises `WrongAccount`, or `NotReached` where AWS was asked and did not answer.
    """
    provider = aws.Provider(
        "aws-caller",
        region=settings.region,
        endpoints=_endpoints(settings),
        skip_credentials_validation=True,
        skip_requesting_account_id=True,
    )
    fix = "set AWS_PROFILE, or the credentials, of that account, or choose another stack; nothing was created"
    expected = f"expected the stack's aws.account_id {settings.account_id!r}"
    try:
        caller = aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except pulumi.RunError:  # the engine has ended, and has said why
        raise
    except Exception as refusal:  # noqa: BLE001  Pulumi raises nothing more exact
        reason = str(refusal).rpartition("returned an error: ")[2]
        if NOT_REACHED.search(reason) and not NO_CREDENTIALS.search(reason):
            where = settings.endpoint or f"AWS in {settings.region}"
            raise NotReached(
                f"AWS was not reached, so whose credentials these are is not known: given {reason!r}, expected an "
                f"answer of {where}; check the network, HTTPS_PROXY and the region's name; nothing was created"
            ) from None
        raise WrongAccount(f"no AWS credentials of the stack's account: given {reason!r}, {expected}; {fix}") from None
    if caller.account_id != settings.account_id:
        raise WrongAccount(
            f"AWS credentials of the wrong account: given {caller.account_id!r} ({caller.arn}), {expected}; {fix}"
        )


def kubernetes_provider(name: pulumi.Input[str], kubernetes: pulumi.Input[Kubernetes]) -> k8s.Provider:
    """Return the provider for a context by name, never the current one of kubectl.

    The stack decides: `pulumi up` resets a field that somebody changed by hand, instead of reporting the conflict of
    server-side apply with kubectl.
    """
    reached = pulumi.Output.from_input(kubernetes)
    return k8s.Provider(
        "kubernetes",
        # Another cluster replaces all resources; another path of the same cluster's kubeconfig replaces none
        cluster_identifier=name,
        context=reached.apply(lambda known: known.context),
        enable_patch_force=True,
        kubeconfig=reached.apply(kubeconfig_path),
    )
