"""Checks of arguments in Vault's terms.

Pure functions: they return the value and raise `InvalidArgument`.
Sources: https://developer.hashicorp.com/vault/docs/concepts/policies (paths, built-in policies),
https://developer.hashicorp.com/vault/api-docs/auth/jwt (roles, keys); the sidecar's own forms (docs/operating.md).
"""

import re
from collections.abc import Mapping, Sequence

from secret_names import vaults

from .. import aks_issuers
from ..checks import API_SERVER, distinct, invalid, match, no_credentials, whole_number

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
PATH = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
ADDRESS = re.compile(r"https?://([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
ISSUER = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~:@%+/-]*)?")
EXPECTED_ISSUER = "the URL that tokens carry in iss, such as https://oidc.example/id/1"
ROLE_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*")
ROLE_NAME_LIMIT = 128
AUDIENCE = re.compile(r"[!-+\--~]+")
ACCESSOR = re.compile(r"auth_[a-z]+_[0-9a-f]{8}")
BUILT_IN_POLICIES = ("default", "root", "response-wrapping", "control-group")
RESERVED_MOUNTS = ("auth", "cubbyhole", "identity", "sys")
CERTIFICATE = "CERTIFICATE"
PUBLIC_KEYS = ("PUBLIC KEY", "RSA PUBLIC KEY", CERTIFICATE)
NOT_SHOWN = "a value that is not shown"
"""A private key may stand where a public one is expected, in any form."""
AUDIT_FILE = re.compile(r"stdout|/\S+[^/\s]")


def address(url: object) -> str:
    """Return Vault's address, without a path."""
    fix = "give VAULT_ADDR as the pods reach it"
    if isinstance(url, str):
        no_credentials("address", url, "leave them out; the sidecar logs in with the pod's token")
    text = str(url or "")
    what = "address"
    if not text:
        what = "address is missing"
    elif "://" not in text:
        what, fix = "address is a host", f"write https://{text}"
    elif re.match(r"https?://[^/]+/.", text):
        what, fix = "address has a path", f"write {re.sub(r'(?<=[^:/])/.*', '', text)}"
    return match(ADDRESS, what, url, "a URL without a path, such as https://vault.example:8200", fix).rstrip("/")


def mount(path: object) -> str:
    """Return where a KV engine is mounted; a `*` or `+` there would be a wildcard in the policy."""
    text = str(path or "")
    what, fix = "mount", "take it from `vault secrets list`, without its closing /"
    if "*" in text or "+" in text:
        what = "mount holds a wildcard, which would cover other engines"
    elif text.strip("/") != text:
        what, fix = "mount begins or ends with /", f"write {text.strip('/')}"
    elif text.endswith(("/data", "/metadata")):
        what, fix = "mount holds a part of its API's paths", f"write {text.rpartition('/')[0]}"
    elif text.partition("/")[0] in RESERVED_MOUNTS:
        what = "mount is a path of Vault's own"
    else:
        return match(PATH, what, path, "a path such as secret or team/kv", fix)
    raise invalid(what, path, "a path such as secret or team/kv", fix)


def auth_path(path: object) -> str:
    """Return where JWT auth is mounted."""
    text = str(path or "")
    what, fix = "auth_path", "take it from the output auth_path of VaultClusterTrust, or `vault auth list`"
    if ACCESSOR.fullmatch(text):
        what = "auth_path is an accessor"
    elif "*" in text or "+" in text:
        what = "auth_path holds a wildcard"
    elif text.strip("/") != text:
        what, fix = "auth_path begins or ends with /", f"write {text.strip('/')}"
    elif text.startswith("auth/"):
        what, fix = "auth_path begins with auth/", f"write {text.removeprefix('auth/')}"
    else:
        return match(PATH, what, path, "a path such as jwt or clusters/blue", fix)
    raise invalid(what, path, "a path such as jwt or clusters/blue", fix)


def vault_namespace(path: object) -> str | None:
    """Return Vault's own namespace, from the root; None where there is none."""
    if path is None:
        return None
    text = str(path)
    fix = f"write {text.strip('/')}" if text.strip("/") != text else "leave it out for the root namespace"
    if text == "root":
        raise invalid("vault_namespace", path, "a path such as admin/team", "leave it out for the root namespace")
    return match(PATH, "vault_namespace", path, "a path such as admin/team", fix)


def of_provider(namespace: str | None, provider: str | None) -> str | None:
    """Return the namespace if it is the provider's, in which the component makes things; else no pod could log in."""
    found = (provider or "").strip("/")
    if found == (namespace or ""):
        return namespace
    if namespace is None:
        what = "vault_namespace is left out, but the Pulumi provider has one"
        fix = f"write vault_namespace: {found}"
    else:
        what = "vault_namespace is not that of the Pulumi provider"
        fix = f"give the provider namespace={namespace!r}, or correct vault_namespace"
    expected = f"{found!r}, the provider's namespace" if found else "no namespace, as the provider has none"
    raise invalid(f"{what}, in which the component creates its role and policy", namespace, expected, fix)


def role_name(name: object) -> str:
    """Return the name of a role and its policy; Vault spells policies in lowercase."""
    text = str(name or "")
    expected = "lowercase letters, digits and _.-, such as secret-access-test"
    fix = "set role_name, for example secret-access-test"
    what = "role_name"
    if isinstance(name, str) and len(name) > ROLE_NAME_LIMIT:
        fix = "set role_name to a shorter one; it is never cut for you, since two cut names could be one role"
        raise invalid(f"role_name has {len(name)} characters", name, f"at most {ROLE_NAME_LIMIT}", fix)
    if text in BUILT_IN_POLICIES:
        raise invalid("role_name is a policy of Vault's own, which others have too", name, expected, fix)
    if text != text.lower():
        what = "role_name has capital letters, and Vault spells policies in lowercase"
        fix = f"write {text.lower()}"
    return match(ROLE_NAME, what, name, expected, fix)


def audience(name: object) -> str:
    """Return the audience of the pods' tokens: one that no other service accepts."""
    text = str(name or "")
    expected, fix = "one audience for this Vault alone, such as vault", "leave it out for vault"
    what = "audience"
    if not text:
        what = "audience is empty, so tokens for any service would be accepted"
    elif "*" in text:
        what = "audience holds a *, and Vault compares it as text"
    elif API_SERVER.fullmatch(text):
        what = "audience is the API server's: Vault could use the pods' tokens there"
    else:
        return match(AUDIENCE, what, name, expected, fix)
    raise invalid(what, name, expected, fix)


def exact_names(declared: Sequence[str], prefix: str) -> list[str]:
    """Return the declared names outside the prefix, without `exact:`, of which none is a pattern in a policy."""
    names = [vaults.VAULT.spelled(vaults.VAULT.full_name(name, prefix)) for name in declared]
    for name in names:
        if name.endswith("*") or "+*" in name or "+" in name.split("/") or "{{" in name:
            raise invalid(
                "secrets holds a name that is a pattern in a policy, which would cover other secrets",
                f"exact:{name}",
                "no * at the end, no segment + and no {{",
                "store the secret under another name",
            )
    return sorted({name for name in names if not name.startswith(prefix)})


def audit_file(path: object) -> str:
    """Return the file of an audit device, or `stdout` (Vault, "File audit device")."""
    expected, fix = "stdout, or a file's full path on Vault's machine", "leave it out for stdout"
    if path in ("discard", "/dev/null"):
        raise invalid("file_path keeps nothing", path, expected, fix)
    return match(AUDIT_FILE, "file_path", path, expected, fix)


def audit_path(path: object) -> str:
    """Return where an audit device is mounted."""
    return match(PATH, "audit_path", path, "a path such as secret-access", "leave it out for secret-access")


def token_ttl(seconds: object) -> int:
    """Return the lifetime of Vault's tokens."""
    fix = "leave it out for 3600, one hour"
    return whole_number("token_ttl", seconds, "a whole number of seconds, 60 to 86400", fix, least=60, most=86400)


def client_certificate(settings: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the sidecar's settings if a client certificate has its key, and goes over TLS."""
    given = {name: settings.get(name) for name in ("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY")}
    if any(given.values()):
        expected = "both VAULT_CLIENT_CERT and VAULT_CLIENT_KEY"
        if not all(given.values()):
            missing = next(name for name, value in given.items() if not value)
            raise invalid("sidecar_env", sorted(settings), expected, f"add {missing}")
        if not url.startswith("https://"):
            raise invalid("sidecar_env has a client certificate", url, "an address with https://", "correct address")
    return dict(settings)


def issuer(url: object) -> str:
    """Return an issuer's URL as tokens spell it in `iss`: Vault compares it as text, so a closing slash stays."""
    text = str(url or "")
    what = "issuer"
    fix = "take issuer of `kubectl get --raw /.well-known/openid-configuration`"
    if not text:
        what = "issuer is missing, so tokens of any cluster with these keys would be accepted"
    elif text.startswith("arn:"):
        what = "issuer is an ARN"
    elif "*" in text:
        what = "issuer holds a *, and Vault compares it as text"
    elif "://" not in text:
        what, fix = "issuer is a host", f"write https://{text}"
    elif text.endswith(("/.well-known/openid-configuration", "/openid/v1/jwks")):
        what = "issuer is the address of its keys"
        fix = f"write {text.partition('/.well-known/')[0].partition('/openid/')[0]}"
    else:
        return aks_issuers.with_slash(match(ISSUER, what, url, EXPECTED_ISSUER, fix))
    raise invalid(what, url, EXPECTED_ISSUER, fix)


def jwks_url(url: object) -> str | None:
    """Return where the cluster's keys are, if not below the issuer."""
    if url is None:
        return None
    expected = "a URL such as https://10.0.0.1:6443/openid/v1/jwks"
    fix = "take jwks_uri of `kubectl get --raw /.well-known/openid-configuration`"
    if isinstance(url, str):
        no_credentials("jwks_url", url, "leave them out: the API server's keys are no secret")
    return match(re.compile(r"https?://[^/\s?#*]+/[^\s*]+"), "jwks_url", url, expected, fix)


def ca_pem(text: object) -> str | None:
    """Return PEM certificates; a private key is refused and not shown."""
    return None if text is None else _pem("ca_pem", text, (CERTIFICATE,), "certificates of authorities")


def public_keys(given: object) -> list[str]:
    """Return PEM keys by which tokens are verified without asking the cluster."""
    expected = 'a list of texts such as ["-----BEGIN PUBLIC KEY-----…"]'
    if not isinstance(given, list | tuple):
        raise invalid("public_keys", NOT_SHOWN, expected, "write a list with each key as a text")
    keys = [_pem("public_keys", key, PUBLIC_KEYS, "a public key") for key in given]
    if not keys:
        raise invalid("public_keys", given, "one key or more", "leave it out, and Vault asks the issuer for its keys")
    return distinct("public_keys", keys)


def _pem(argument: str, text: object, kinds: tuple[str, ...], what: str) -> str:
    found = set(re.findall(r"-----BEGIN ([A-Z ]+)-----", text)) if isinstance(text, str) else set()
    expected, fix = f"{what} in PEM, -----BEGIN {kinds[0]}-----", f"give the file's text as {argument}"
    if any("PRIVATE KEY" in kind for kind in found):
        raise invalid(f"{argument} holds a private key", NOT_SHOWN, expected, "leave the key out")
    if not isinstance(text, str) or not found or not found <= set(kinds):
        raise invalid(argument, NOT_SHOWN, expected, fix)
    return text


def sources(has_jwks_url: bool, has_public_keys: bool, has_ca_pem: bool) -> None:
    """Refuse two places for the keys, and an authority for keys that are fetched nowhere."""
    if has_public_keys and has_jwks_url:
        raise invalid("jwks_url beside public_keys", "both", "one place for the keys", "leave one out")
    if has_public_keys and has_ca_pem:
        raise invalid("ca_pem beside public_keys", "both", "one of them", "leave ca_pem out: no keys are fetched")
