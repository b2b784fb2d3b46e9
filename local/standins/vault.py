"""The stand-in for the vault provider plugin: policies, JWT auth and audit devices by Vault's own API.

Names, ids and defaults are those of the real one: https://www.pulumi.com/registry/packages/vault/. Where they differ:

- it uses the token as it is, where the real one makes a child of it that lives ``maxLeaseTtlSeconds``, takes its
  namespace from the provider alone, and tries nothing again (``maxRetries``);
- JWT auth of another path is another one, where the real one moves it;
- an update sends each setting of a role, so that one that somebody added is taken away; the real one sends what the
  program has or what has changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from local.standins.cloud import Cloud
from local.standins.errors import Gone, Refused
from local.standins.kinds import Kind
from local.standins.protocol import Properties
from local.standins.provider import run
from local.standins.rest import Rest

IN_A_NAMESPACE = {"namespace": "set namespace on the provider"}


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(Vault())


class Policy(Kind):
    """https://developer.hashicorp.com/vault/api-docs/system/policies"""

    type_name = "vault:index/policy:Policy"
    replaces = ("name",)
    named = "name"
    refused: ClassVar[Mapping[str, str]] = {**IN_A_NAMESPACE, "allowOverwrite": "leave it out; it overwrites"}

    def create(self, inputs: Properties) -> str:
        self.api.put(f"/v1/sys/policies/acl/{inputs['name']}", {"policy": inputs["policy"]})
        return str(inputs["name"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        return {"name": identity, "policy": self.api.get(f"/v1/sys/policies/acl/{identity}")["data"]["policy"]}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.delete(f"/v1/sys/policies/acl/{identity}")


AUTH_SETTINGS: Mapping[str, tuple[str, Any]] = {
    "boundIssuer": ("bound_issuer", ""),
    "defaultRole": ("default_role", ""),
    "jwksCaPem": ("jwks_ca_pem", ""),
    "jwksUrl": ("jwks_url", ""),
    "jwtSupportedAlgs": ("jwt_supported_algs", []),
    "jwtValidationPubkeys": ("jwt_validation_pubkeys", []),
    "oidcDiscoveryCaPem": ("oidc_discovery_ca_pem", ""),
    "oidcDiscoveryUrl": ("oidc_discovery_url", ""),
}
"""Inputs of JWT auth: the API's name of each, and what is none."""


class AuthBackend(Kind):
    """https://developer.hashicorp.com/vault/api-docs/auth/jwt#configure"""

    type_name = "vault:jwt/authBackend:AuthBackend"
    replaces = ("path", "type")
    defaults: ClassVar[Mapping[str, Any]] = {"path": "jwt", "type": "jwt"}
    computed = ("accessor",)
    none_when_empty = ("description", *AUTH_SETTINGS)
    refused: ClassVar[Mapping[str, str]] = {
        **IN_A_NAMESPACE,
        **dict.fromkeys(
            ("oidcClientId", "oidcClientSecret", "oidcClientSecretWo", "providerConfig"), "it knows JWT alone"
        ),
        **dict.fromkeys(("disableRemount", "jwksPairs", "local", "namespaceInState", "tune"), "leave it out"),
    }

    def create(self, inputs: Properties) -> str:
        path = str(inputs["path"])
        mount = {"type": inputs["type"], "description": inputs.get("description", "")}
        self.api.post(f"/v1/sys/auth/{path}", mount)
        try:
            self._configure(path, inputs)
        except Refused:
            self.api.delete(f"/v1/sys/auth/{path}")
            raise
        return path

    def _configure(self, path: str, inputs: Properties) -> None:
        self.api.post(f"/v1/auth/{path}/config", _sent(AUTH_SETTINGS, inputs))

    def read(self, identity: str) -> tuple[Properties, Properties]:
        mount = self.api.get("/v1/sys/auth")["data"].get(f"{identity}/")
        if mount is None:
            raise Gone(f"GET /v1/sys/auth: no auth method at {identity}/")
        inputs = {"path": identity, "type": mount["type"], **_present("description", mount.get("description"))}
        found = self.api.get(f"/v1/auth/{identity}/config")["data"]
        return {**inputs, **_read(AUTH_SETTINGS, found)}, {"accessor": mount["accessor"]}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        if live.get("description") != inputs.get("description"):
            self.api.post(f"/v1/sys/auth/{identity}/tune", {"description": inputs.get("description", "")})
        self._configure(identity, inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.delete(f"/v1/sys/auth/{identity}")


ROLE_SETTINGS: Mapping[str, tuple[str, Any]] = {
    "allowedRedirectUris": ("allowed_redirect_uris", []),
    "boundAudiences": ("bound_audiences", []),
    "boundClaims": ("bound_claims", {}),
    "boundClaimsType": ("bound_claims_type", "string"),
    "boundSubject": ("bound_subject", ""),
    "claimMappings": ("claim_mappings", {}),
    "clockSkewLeeway": ("clock_skew_leeway", 0),
    "expirationLeeway": ("expiration_leeway", 0),
    "groupsClaim": ("groups_claim", ""),
    "maxAge": ("max_age", 0),
    "notBeforeLeeway": ("not_before_leeway", 0),
    "oidcScopes": ("oidc_scopes", []),
    "roleType": ("role_type", "oidc"),
    "tokenBoundCidrs": ("token_bound_cidrs", []),
    "tokenExplicitMaxTtl": ("token_explicit_max_ttl", 0),
    "tokenMaxTtl": ("token_max_ttl", 0),
    "tokenNoDefaultPolicy": ("token_no_default_policy", False),
    "tokenNumUses": ("token_num_uses", 0),
    "tokenPeriod": ("token_period", 0),
    "tokenPolicies": ("token_policies", []),
    "tokenTtl": ("token_ttl", 0),
    "tokenType": ("token_type", "default"),
    "userClaim": ("user_claim", ""),
    "userClaimJsonPointer": ("user_claim_json_pointer", False),
    "verboseOidcLogging": ("verbose_oidc_logging", False),
}
"""Inputs of a role: the API's name of each, and what is none."""


class AuthBackendRole(Kind):
    """https://developer.hashicorp.com/vault/api-docs/auth/jwt#create-update-role"""

    type_name = "vault:jwt/authBackendRole:AuthBackendRole"
    replaces = ("backend", "roleName", "roleType")
    defaults: ClassVar[Mapping[str, Any]] = {
        "backend": "jwt",
        "boundClaimsType": "string",
        "roleType": "oidc",
        "tokenType": "default",
    }
    sets = ("allowedRedirectUris", "boundAudiences", "oidcScopes", "tokenBoundCidrs", "tokenPolicies")
    none_when_empty = tuple(ROLE_SETTINGS)
    refused: ClassVar[Mapping[str, str]] = {
        **IN_A_NAMESPACE,
        **dict.fromkeys(("aliasMetadata", "disableBoundClaimsParsing"), "leave it out"),
    }

    def create(self, inputs: Properties) -> str:
        identity = f"auth/{inputs['backend']}/role/{inputs['roleName']}"
        self.api.post(f"/v1/{identity}", _sent(ROLE_SETTINGS, inputs))
        return identity

    def read(self, identity: str) -> tuple[Properties, Properties]:
        backend, _, name = identity.removeprefix("auth/").rpartition("/role/")
        found = _read(ROLE_SETTINGS, self.api.get(f"/v1/{identity}")["data"])
        return {**self.defaults, "backend": backend, "roleName": name, **found}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.delete(f"/v1/{identity}")


class Audit(Kind):
    """https://developer.hashicorp.com/vault/api-docs/system/audit"""

    type_name = "vault:index/audit:Audit"
    replaces = ("description", "local", "options", "path", "type")
    defaults: ClassVar[Mapping[str, Any]] = {"local": False}
    none_when_empty = ("description",)
    refused: ClassVar[Mapping[str, str]] = IN_A_NAMESPACE

    def create(self, inputs: Properties) -> str:
        path = str(inputs.get("path") or inputs["type"])
        device = {key: inputs[key] for key in ("type", "description", "options", "local") if key in inputs}
        self.api.put(f"/v1/sys/audit/{path}", device)
        return path

    def read(self, identity: str) -> tuple[Properties, Properties]:
        device = self.api.get("/v1/sys/audit")["data"].get(f"{identity}/")
        if device is None:
            raise Gone(f"GET /v1/sys/audit: no audit device at {identity}/")
        inputs = {key: device[key] for key in ("type", "options", "local")}
        return {**inputs, "path": identity, **_present("description", device.get("description"))}, {}

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.delete(f"/v1/sys/audit/{identity}")


OWN_TOKEN = "auth/token/lookup-self"  # noqa: S105  (a path)


class Vault(Cloud):
    """Resources of one Vault, or one namespace of it."""

    package = "vault"
    settings = frozenset(
        {"address", "caCertFile", "maxLeaseTtlSeconds", "maxRetries", "namespace", "skipChildToken", "token"}
    )
    kinds = (Policy, AuthBackend, AuthBackendRole, Audit)

    def configure_api(self, inputs: Properties) -> Rest:
        address = inputs.get("address") or os.environ.get("VAULT_ADDR")
        token = inputs.get("token") or os.environ.get("VAULT_TOKEN")
        if not address or not token:
            missing = "address (VAULT_ADDR)" if not address else "token (VAULT_TOKEN)"
            raise Refused(f"missing required configuration: the provider's {missing}")
        namespace = inputs.get("namespace") or os.environ.get("VAULT_NAMESPACE")
        headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        return Rest(address, headers, inputs.get("caCertFile") or os.environ.get("VAULT_CACERT"))

    def functions(self, inputs: Properties) -> Mapping[str, Callable[[], Properties]]:
        return {"vault:generic/getSecret:getSecret": lambda: self._about(inputs)}

    def _about(self, inputs: Properties) -> Properties:
        """What Vault has at a path: no secret, which would come into the program."""
        if inputs["path"] != OWN_TOKEN:
            raise Refused(
                f"getSecret: path {inputs['path']!r} given, expected {OWN_TOKEN!r}: the stand-in reads no other"
            )
        self.api.get(f"/v1/{OWN_TOKEN}")
        return {**inputs, "id": OWN_TOKEN, "data": {}, "dataJson": "{}"}


def _sent(settings: Mapping[str, tuple[str, Any]], inputs: Properties) -> Properties:
    """Each setting under the API's name; those that the program has not, as none, or they would stay as they are."""
    return {name: inputs.get(key, none) for key, (name, none) in settings.items()}


def _read(settings: Mapping[str, tuple[str, Any]], found: Properties) -> Properties:
    """The settings that are there, under the SDK's names."""
    return {key: found[name] for key, (name, none) in settings.items() if found.get(name) not in (None, none, "", [])}


def _present(key: str, value: Any) -> Properties:
    return {key: value} if value else {}
