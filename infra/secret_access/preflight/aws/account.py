"""An AWS account, asked with the credentials that boto3 finds, as `aws` and Pulumi find them. It reads, and no more."""

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from ...aws import checks as aws_checks
from ...errors import SecretAccessError
from ...program_errors import InvalidArgument
from ..check import Check, Severity
from ..stack import Stack, asked, without_issuer
from . import judging


class SdkMissing(SecretAccessError):
    """What asks the cloud is not installed."""


try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NotConnected
except ImportError:
    raise SdkMissing(
        "asking AWS needs boto3, which is not installed; install secret-access[aws], or secret-access[all]"
    ) from None

LIMITS = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
SIGNED_IN = "`aws sts get-caller-identity`"
REFUSALS = (ClientError, BotoCoreError)


def checks(stack: Stack, account_id: str, keys: Collection[str], session: Any = None) -> Iterator[Check]:
    """Yield what each check found. Of another account than the expected one nothing more is asked.

    `keys`: ARNs of the KMS keys that the stack names. `session`: boto3's; by default a new one.
    """
    session = session or boto3.Session()
    if session.region_name is None:
        found = "no region is set"
        yield Check("aws-account", Severity.ERROR, "the AWS account", found, "set AWS_REGION to the stack's region")
        return
    signed_in, caller = _caller(session, account_id)
    yield signed_in
    if signed_in.severity is not Severity.OK:
        return
    ask = partial(asked, refusals=REFUSALS)
    iam = session.client("iam", config=LIMITS)
    yield from ask("aws-quota", judging.ROLES, ask=lambda: [_roles(iam, stack)])
    yield from ask("aws-trust", judging.TRUST, ask=lambda: _trust(iam, stack, caller.split(":")[1], account_id))
    yield from ask("aws-roles", judging.NAMES, ask=lambda: _names(iam, stack))
    yield from ask("aws-rights", judging.RIGHTS, ask=lambda: [_rights(iam, stack, caller, account_id)])
    if stack.namespaces:
        manager, kms = (session.client(service, config=LIMITS) for service in ("secretsmanager", "kms"))
    for namespace in stack.namespaces:
        what, of_prefix = f"secrets under {namespace}/", partial(_secrets, manager, kms, f"{namespace}/", keys)
        yield from ask("aws-secrets", what, ask=of_prefix)


def _caller(session: Any, account_id: str) -> tuple[Check, str]:
    """Return what is found of whose credentials these are, and the caller's ARN."""
    what = "the AWS account"
    try:
        said = session.client("sts", config=LIMITS).get_caller_identity()
    except (NotConnected, HTTPClientError) as error:
        mend = "check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
        return Check("aws-account", Severity.UNKNOWN, what, f"AWS was not reached: {error}", mend), ""
    except REFUSALS as error:
        return Check("aws-account", Severity.ERROR, what, str(error), f"sign in until {SIGNED_IN} works"), ""
    return judging.account(said["Account"], said["Arn"], account_id), said["Arn"]


def _roles(iam: Any, stack: Stack) -> Check:
    return judging.roles(iam.get_account_summary()["SummaryMap"], stack)


def _trust(iam: Any, stack: Stack, partition: str, account_id: str) -> Iterator[Check]:
    if stack.issuer is None:
        yield without_issuer("aws-trust", judging.TRUST)
        return
    try:
        issuer = aws_checks.issuer(stack.issuer)
    except InvalidArgument as error:
        yield Check("aws-trust", Severity.ERROR, judging.TRUST, str(error), "give the cluster an issuer that IAM takes")
        return
    arn = f"arn:{partition}:iam::{account_id}:oidc-provider/{issuer.removeprefix('https://')}"
    try:
        audiences = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    except iam.exceptions.NoSuchEntityException:
        audiences = None
    yield judging.trust(stack, arn, audiences)
    if audiences is None and not stack.trusted:
        yield from judging.providers(len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]))


def _names(iam: Any, stack: Stack) -> Iterator[Check]:
    if not stack.namespaces:
        return
    if stack.issuer is None:
        yield without_issuer("aws-roles", judging.NAMES)
        return
    taken = {}
    for path_and_name in stack.identities:
        name = path_and_name.rpartition("/")[2]  # IAM has one role of a name, whatever its path
        try:
            taken[name] = iam.get_role(RoleName=name)["Role"]
        except iam.exceptions.NoSuchEntityException:
            continue
    yield from judging.names(stack.issuer, taken, len(stack.identities))


def _rights(iam: Any, stack: Stack, caller: str, account_id: str) -> Check:
    role = judging.role_of(caller)
    source = iam.get_role(RoleName=role)["Role"]["Arn"] if role else caller
    if not role and ":user/" not in caller:
        return judging.unsimulated(caller)
    own = source.partition(f"::{account_id}:")[0] + f"::{account_id}:"
    wanted: list[tuple[tuple[str, ...], list[str]]] = [
        (judging.OF_ROLES, [f"{own}role/{name}" for name in stack.identities])
    ]
    if stack.issuer and not stack.trusted:
        wanted.append((judging.OF_PROVIDERS, [f"{own}oidc-provider/{stack.issuer.removeprefix('https://')}"]))
    simulate = iam.get_paginator("simulate_principal_policy").paginate
    results = [
        result
        for actions, resources in wanted
        for page in simulate(PolicySourceArn=source, ActionNames=list(actions), ResourceArns=resources)
        for result in page["EvaluationResults"]
    ]
    return judging.rights(source, results)


def _secrets(manager: Any, kms: Any, prefix: str, given: Collection[str]) -> Iterator[Check]:
    pages = manager.get_paginator("list_secrets")
    found = [
        secret
        for page in pages.paginate(Filters=[{"Key": "name", "Values": [prefix]}])
        for secret in page["SecretList"]
        if secret["Name"].startswith(prefix)
    ]
    yield judging.secrets(prefix, len(found), manager.meta.region_name)
    for key in sorted({secret["KmsKeyId"] for secret in found if secret.get("KmsKeyId")}):
        of_key = partial(_key, kms, prefix, key, given)
        yield from asked("aws-keys", f"the key of secrets under {prefix}", REFUSALS, of_key)


def _key(kms: Any, prefix: str, key: str, given: Collection[str]) -> Iterator[Check]:
    yield from judging.key(prefix, kms.describe_key(KeyId=key)["KeyMetadata"], given)
