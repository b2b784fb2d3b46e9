"""The vault of a shared service, and the role there that each caller's token is exchanged for."""

import re
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..aws.checks import region_of
from ..aws.trust import IRSA_AUDIENCE
from ..checks import invalid
from ..inputs import lift, or_default

NAMESPACE = "{namespace}"
EXAMPLE_BACKEND = 'aws_backend("arn:aws:iam::111122223333:role/secret-access-blue-{namespace}", "us-east-1")'
EXAMPLE_ROLE = "arn:aws:iam::111122223333:role/secret-access-blue-{namespace}"
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+")
_PLACEHOLDERS = ("{namespace}", "{service_account}")


class SharedBackend(TypedDict):
    """A vault and its settings in the shared service; `aws_backend()` and `vault_backend()` return one."""

    name: pulumi.Input[str]
    """`SECRETS_BACKEND`. Example: `aws`."""
    audience: pulumi.Input[str]
    """The audience that callers' tokens must have. Example: `sts.amazonaws.com`."""
    env: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """The vault's own variables, as docs/operating.md lists them.
    Example: `{"VAULT_ADDR": "https://vault.example:8200", "SECRETS_SHARED_VAULT_ROLE": "blue-{namespace}"}`."""


def aws_backend(
    role_arn: pulumi.Input[str], region: pulumi.Input[str], endpoint_url: pulumi.Input[str] | None = None
) -> SharedBackend:
    """Return AWS Secrets Manager as a backend. `role_arn` is the role of each caller, as AwsSecretAccess created it.

    `{namespace}` in it stands for the caller's namespace, `{service_account}` for its ServiceAccount. `endpoint_url`
    replaces AWS's own endpoints.
    """
    return {"name": "aws", "audience": IRSA_AUDIENCE, "env": lift(_aws, role_arn, region, endpoint_url)}


def vault_backend(
    address: pulumi.Input[str],
    role: pulumi.Input[str],
    audience: pulumi.Input[str],
    auth_path: pulumi.Input[str] | None = None,
    mount: pulumi.Input[str] | None = None,
) -> SharedBackend:
    """Return HashiCorp Vault or OpenBao as a backend.

    `role` is each caller's role of JWT auth, with `{namespace}` in it; `audience` is one of its `bound_audiences`.

    `auth_path` is where JWT auth is mounted (`jwt`), `mount` where the KV engine is (`secret`).
    """
    return {
        "name": "vault",
        "audience": audience,
        "env": lift(_vault, address, role, or_default(auth_path, "jwt"), or_default(mount, "secret")),
    }


def role_template(arn: object) -> str:
    """Return a role's ARN with `{namespace}` in it; without it, every caller would get the same role."""
    text = str(arn or "")
    if isinstance(arn, str) and NAMESPACE in arn and _ROLE_ARN.fullmatch(_fill(arn)):
        return arn
    what = "is not a role's ARN"
    if "*" in text:
        what = "holds a *, and a role is one"
    elif _ROLE_ARN.fullmatch(_fill(text)):
        what = f"has no {NAMESPACE}, so every caller would ask for the same role"
    raise invalid(
        f"role_arn {what}",
        arn,
        f"each caller's role, such as {EXAMPLE_ROLE}",
        f"write the role_name of your AwsSecretAccess with {NAMESPACE} in the namespace's place",
    )


def _aws(role_arn: Any, region: Any, endpoint_url: str | None) -> dict[str, str]:
    role = role_template(role_arn)
    env = {"AWS_REGION": region_of(role.split(":")[1], region, "role_arn"), "SECRETS_SHARED_ROLE_ARN": role}
    return {**env, **({"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {})}


def _vault(address: str, role: str, auth_path: str, mount: str) -> dict[str, str]:
    if NAMESPACE not in role:
        raise invalid(
            f"role has no {NAMESPACE}, so every caller would log in to the same role",
            role,
            "each caller's role, such as 'blue-{namespace}'",
            f"write the roles' name with {NAMESPACE} in the namespace's place",
        )
    return {
        "VAULT_ADDR": address,
        "SECRETS_SHARED_VAULT_ROLE": role,
        "SECRETS_VAULT_AUTH_PATH": auth_path,
        "SECRETS_VAULT_MOUNT": mount,
    }


def _fill(template: str) -> str:
    for placeholder in _PLACEHOLDERS:
        template = template.replace(placeholder, "x")
    return template
