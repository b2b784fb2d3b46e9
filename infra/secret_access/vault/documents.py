"""What a role of JWT auth accepts, and what its policy allows, as pure functions of names.

Sources: https://developer.hashicorp.com/vault/docs/concepts/policies,
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, https://developer.hashicorp.com/vault/api-docs/auth/jwt,
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks import Access

AUDIENCE = "vault"
Document = dict[str, Any]

READ = ("read",)
READ_WRITE = ("create", "read", "update", "delete")
"""What PUT, POST and DELETE need, all of it on the data path: a deleted version can be undeleted by its owner."""
OF_EXTERNAL_SECRETS = {"auth/token/lookup-self": "read", "auth/token/revoke-self": "update"}
"""What a token may do with itself, which Vault's policy `default` would allow among much else."""
POD_CLAIM = "/kubernetes.io/pod/name"
"""Where a projected token names its pod."""


def secrets_policy(
    mount: str,
    prefix: str,
    access: Access = Access.READ,
    *,
    events: bool = False,
    exact_names: Sequence[str] = (),
    external: bool = False,
) -> Document:
    """Allow the secrets under one prefix of a KV engine of version 2, to read those of the exact names, and no others.

    `*` at the end of a path is any rest, which Vault documents for no other place; the prefix's closing `/` keeps
    `test-eu/…` out. Events ask for the current version's number, which is metadata; reading and readiness do not. The
    External Secrets Operator (`external`) looks its token up before it uses it, and revokes it afterwards.
    """
    capabilities = READ_WRITE if access is Access.READ_WRITE else READ
    readable = [f"{prefix}*", *exact_names]
    paths = {f"{mount}/data/{name}": {"capabilities": list(READ)} for name in readable}
    paths[f"{mount}/data/{prefix}*"] = {"capabilities": list(capabilities)}
    if events:
        paths |= {f"{mount}/metadata/{name}": {"capabilities": list(READ)} for name in readable}
    if external:
        paths |= {path: {"capabilities": [capability]} for path, capability in OF_EXTERNAL_SECRETS.items()}
    return {"path": paths}


def role(subject: Any, audience: Any, policy: Any, token_ttl: Any) -> Mapping[str, Any]:
    """Return a role's settings: one ServiceAccount's tokens, for one audience, get one policy and not `default`.

    The four are put in as they are, so each may be an Output.

    A token of Vault's cannot be renewed past its lifetime, so that one policy less in the role acts within it. The
    audit log has the pod's name as `auth.metadata.pod`.
    """
    return {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_subject": subject,
        "bound_audiences": [audience],
        "claim_mappings": {POD_CLAIM: "pod"},
        "token_policies": [policy],
        "token_no_default_policy": True,
        "token_ttl": token_ttl,
        "token_max_ttl": token_ttl,
    }


def render(document: Document) -> str:
    """Return a policy as JSON, which Vault takes beside HCL; the same text for the same document."""
    return json.dumps(document)
