"""The role that the namespaces of an AWS cluster share: what the cluster's stack says of it, and who may have it."""

from secret_access.aws.identity_choice import PodIdentity
from secret_access.checks import Access
from section import invalid

from .cloud import Arguments, ClusterOutputs

OUTPUTS = ("shared_role_arn", "shared_role_sessions", "shared_role_prefix", "shared_role_access")
"""Of the cluster's stack, in the order of `outputs`; one that is older has no access among them."""


def outputs(arguments: Arguments) -> dict[str, str]:
    """Return what the cluster's stack says of the role beside its ARN, from the role's arguments."""
    mode, access = arguments["pod_identity"], arguments.get("access", Access.READ)
    return dict(zip(OUTPUTS[1:], (str(mode), arguments.get("common_prefix", ""), str(access)), strict=True))


def role_of(mode: PodIdentity, namespace: str, prefix: str, access: Access, cluster: ClusterOutputs) -> str:
    """Return the role's ARN, if the role lets this namespace do with its secrets what it is to do."""
    role = cluster.output("shared_role_arn", "existing_role_arn")
    theirs, common = (cluster.output(f"shared_role_{name}", "pod_identity") for name in ("sessions", "prefix"))
    where = f"as shared_role of the cluster {cluster.name} has it"
    if theirs != mode:
        fix = "correct it here or there, or set existing_role_arn"
        raise invalid("secret-access:pod_identity", str(mode), f"{theirs}, {where}", fix)
    expected, own = f"{common}{namespace}/", f"secret-access:namespaces.{namespace}"
    if not (prefix == expected if mode is PodIdentity.SESSION_TAGS else prefix.startswith(common)):
        raise invalid(f"{own}.secret_prefix", prefix, f"{expected!r}, {where}", f"set it to {expected}")
    granted = cluster.own.get("shared_role_access", access)
    if access == Access.READ_WRITE and granted != access:
        fix = "set access: read_write there, or leave it out here"
        raise invalid(f"{own}.access", str(access), f"{granted}, {where}", fix)
    return role
