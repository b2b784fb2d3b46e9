"""What answers of a Vault or OpenBao mean for the first `pulumi up`. Pure.

Sources: https://developer.hashicorp.com/vault/api-docs/system/health, .../system/capabilities-self, .../system/auth,
.../system/mounts, .../auth/jwt and .../secret/kv/kv-v2
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..check import Check, Severity
from ..stack import Stack

Answer = Mapping[str, Any]
SERVER, TOKEN, RIGHTS, TRUST, SECRETS = (
    "Vault's state",
    "Vault's token",
    "the rights of Vault's token",
    "Vault's trust in the cluster",
    "Vault's KV engine",
)
JWT_TYPES = ("jwt", "oidc")
SHOWN = 5


def health(answer: Answer, address: str) -> Check:
    """Judge whether the server answers anybody."""
    version = f"version {answer.get('version', 'unknown')}"
    if not answer.get("initialized", True):
        return Check("vault-health", Severity.ERROR, SERVER, f"{address} is not initialized", "vault operator init")
    if answer.get("sealed"):
        return Check("vault-health", Severity.ERROR, SERVER, f"{address} is sealed, {version}", "vault operator unseal")
    standby = ", a standby" if answer.get("standby") or answer.get("performance_standby") else ""
    return Check("vault-health", Severity.OK, SERVER, f"{address} is unsealed, {version}{standby}")


def token(data: Answer) -> Check:
    """Tell whose token it is. Its id, which the answer has, is not looked at."""
    policies = sorted({*(data.get("policies") or ()), *(data.get("identity_policies") or ())})
    return Check("vault-token", Severity.OK, TOKEN, f"{data.get('display_name', '')}, with {', '.join(policies)}")


def needed(stack: Stack, auth_path: str) -> dict[str, tuple[str, ...]]:
    """Return the capabilities that `up` needs, by path: those of its writes, and of the provider's own child token.

    https://registry.terraform.io/providers/hashicorp/vault/latest/docs (skip_child_token)
    """
    paths: dict[str, tuple[str, ...]] = {"auth/token/create": ("update",)}
    if not stack.trusted:
        paths |= {f"sys/auth/{auth_path}": ("update", "sudo"), f"auth/{auth_path}/config": ("update",)}
    for name in stack.identities:
        paths |= {f"sys/policies/acl/{name}": ("update",), f"auth/{auth_path}/role/{name}": ("create",)}
    return paths


def rights(wanted: Mapping[str, tuple[str, ...]], answer: Mapping[str, Collection[str]]) -> Check:
    """Hold what the token may do against what `up` does."""
    lacking = {
        path: missing
        for path, capabilities in wanted.items()
        if (missing := _missing(capabilities, answer.get(path) or ()))
    }
    if not lacking:
        return Check("vault-rights", Severity.OK, RIGHTS, f"it may write at {len(wanted)} paths, as `up` does")
    shown = [f"{', '.join(missing)} on {path}" for path, missing in list(lacking.items())[:SHOWN]]
    more = f" and {len(lacking) - SHOWN} paths more" if len(lacking) > SHOWN else ""
    found = f"the token lacks {'; '.join(shown)}{more}"
    mend = "add it to a policy of the token, or, where the stack calls its roles otherwise, ask with --identity"
    return Check("vault-rights", Severity.ERROR, RIGHTS, found, mend)


def _missing(wanted: Collection[str], given: Collection[str]) -> list[str]:
    """Return what is lacking. Vault gives `root` alone for all, and `deny` alone for none."""
    return [] if "root" in given else [each for each in wanted if each not in given]


def mounted(stack: Stack, auth_path: str, mounts: Answer) -> Iterator[Check]:
    """Yield what is to be said of the auth mount already without its settings. `mounts`: by path with a closing /."""
    mount = mounts.get(f"{auth_path}/")
    if mount is None and not stack.trusted:
        yield Check("vault-trust", Severity.OK, TRUST, f"there is no auth/{auth_path} yet: `pulumi up` makes it")
    elif mount is None:
        mend = "run `pulumi up` of the cluster's stack first, or ask with its --auth-path"
        yield Check("vault-trust", Severity.ERROR, TRUST, f"there is no auth/{auth_path}", mend)
    elif mount.get("type") not in JWT_TYPES:
        found = f"auth/{auth_path} is of type {mount.get('type')}, expected jwt"
        yield Check("vault-trust", Severity.ERROR, TRUST, found, "set another auth_path in the stack of the cluster")


def trust(stack: Stack, auth_path: str, config: Answer) -> Check:
    """Judge the settings of JWT auth that exists."""
    where, bound, discovery = f"auth/{auth_path}", config.get("bound_issuer"), config.get("oidc_discovery_url")
    for said, name in ((bound, "bound_issuer"), (discovery, "oidc_discovery_url")):
        if said and said != stack.issuer:
            found = f"{where} has {name} {said!r}, the cluster's tokens are of {stack.issuer!r}"
            mend = "take another auth_path for this cluster, or correct the setting, to the letter"
            return Check("vault-trust", Severity.ERROR, TRUST, found, mend)
    if not any(config.get(name) for name in ("oidc_discovery_url", "jwks_url", "jwks_pairs", "jwt_validation_pubkeys")):
        mend = "set oidc_discovery_url, jwks_url or public keys, as VaultClusterTrust does"
        return Check("vault-trust", Severity.ERROR, TRUST, f"{where} has no keys, so every login is refused", mend)
    if not bound:
        found = f"{where} has no bound_issuer: tokens of every issuer with these keys are taken"
        return Check("vault-trust", Severity.WARNING, TRUST, found, f"set bound_issuer to {stack.issuer}")
    if stack.trusted:
        return Check("vault-trust", Severity.OK, TRUST, f"{where} takes tokens of {bound}")
    found = f"{where} exists: a VaultClusterTrust that makes it again ends with `path is already in use`"
    mend = "if the stack of the cluster has made it, ask with --trusted; else take another auth_path, or import it"
    return Check("vault-trust", Severity.WARNING, TRUST, found, mend)


def engine(mount: str, found: Answer | None) -> Check:
    """Judge the engine that has the secrets; None where there is none."""
    if found is None:
        mend = f"vault secrets enable -path={mount} -version=2 kv"
        return Check("vault-kv", Severity.ERROR, SECRETS, f"there is none at {mount}", mend)
    if found.get("type") not in ("kv", "generic"):
        said = f"{mount} is of type {found.get('type')}, expected kv"
        return Check("vault-kv", Severity.ERROR, SECRETS, said, "ask with the --mount of the stack")
    if (found.get("options") or {}).get("version") != "2":
        mend = f"vault kv enable-versioning {mount}, or take another mount"
        return Check("vault-kv", Severity.ERROR, SECRETS, f"{mount} is of version 1, expected 2", mend)
    return Check("vault-kv", Severity.OK, SECRETS, f"{mount} is of version 2")


def secrets(mount: str, prefix: str, count: int) -> Check:
    """Judge whether there is anything to read under a prefix. `count`: names and folders directly below it."""
    what = f"secrets under {mount}/{prefix}"
    if count:
        return Check("vault-secrets", Severity.OK, what, f"{count}, folders counted as one")
    return Check("vault-secrets", Severity.WARNING, what, "there is none: each read is refused", "create them there")
