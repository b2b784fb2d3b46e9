"""What ordinary stacks have in Vault beside their namespaces' policies raises nothing."""

from collections.abc import Callable

import pytest

from secret_access.proof.preview import Resource
from secret_access.proof.vault import methods
from secret_access.proof.vault.documents import POLICY
from secret_access.proof.vault.identities import GROUP
from secret_access.proof.vault.logins import JWT
from secret_access.proof.vault.stack import evaluate

from .test_vault import namespaces, reading, role
from .vault_documents import (
    ACCESSOR,
    CREATE_TOKENS,
    PERSON,
    PODS_NAME,
    alias,
    by_claim,
    identity,
    kubernetes,
    made,
    mount,
    policy,
    with_more,
)

HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "a namespace by Kubernetes auth": lambda: [
        kubernetes("own", boundServiceAccountNamespaces=["test"]),
        policy("more", reading("secret/data/test/*")),
        *namespaces("prod"),
    ],
    "every namespace, by a template": lambda: [
        kubernetes(boundServiceAccountNamespaces=["*"]),
        policy("more", reading(f"secret/data/{ACCESSOR}/*")),
        *namespaces("prod"),
    ],
    "namespaces by their labels, each by a template": lambda: [
        *namespaces("test", "prod"),
        kubernetes(boundServiceAccountNamespaceSelector='{"matchLabels": {"team": "a"}}'),
        policy("more", reading(f"secret/data/{ACCESSOR}/*")),
    ],
    "a claim that is the namespace": lambda: [
        role("test", bound_subject=None, bound_claims={"/kubernetes.io/namespace": "test"}),
        *[each for each in namespaces("test") if each.type == POLICY],
        *namespaces("prod"),
    ],
    "a pipeline": lambda: [
        *namespaces("test", "prod"),
        policy("more", reading("secret/*")),
        role("ci", bound_subject=None, bound_claims={"repository": "shop/app", "ref": "*"}, token_policies=["more"]),
    ],
    "values written under the namespace's own prefix": lambda: with_more(
        reading("secret/data/test/*", can=["create", "read", "update", "delete"])
    ),
    "a pod's own tokens": lambda: with_more(
        {
            "path": {
                "auth/token/lookup-self": {"capabilities": ["read"]},
                "auth/token/renew-self": {"capabilities": ["update"]},
                "auth/token/create": {"capabilities": ["update"]},
                "sys/capabilities-self": {"capabilities": ["update"]},
                "sys/leases/*": {"capabilities": ["update"]},
                "cubbyhole/*": {"capabilities": ["create", "read", "update", "delete"]},
            }
        }
    ),
    "a role of another engine": lambda: with_more(
        {
            "path": {
                "database/creds/test": {"capabilities": ["read"]},
                "transit/encrypt/test": {"capabilities": ["update"]},
                "pki/issue/test": {"capabilities": ["update"]},
            }
        }
    ),
    "all of another engine that the stack makes": lambda: with_more(
        reading("database/creds/*"), mount("database", "database")
    ),
    "version 1 of KV": lambda: [
        role("test", token_policies=["more"]),
        policy("more", reading("old/test/*")),
        mount("old", "kv-v1"),
    ],
    "people": lambda: [
        *namespaces("test", "prod"),
        policy("more", reading("secret/*")),
        role("people", role_type="oidc", bound_subject=None, token_policies=["more"]),
        made("vault:ldap/authBackendGroup:AuthBackendGroup", "ops", groupname="ops", policies=["more"]),
        made("vault:okta/authBackendGroup:AuthBackendGroup", "ops", groupName="ops", policies=["more"]),
        identity(GROUP, "ops", type="external"),
        PERSON,
        alias(PERSON, "alice@example.com"),
    ],
    "an AppRole for something else": lambda: [
        *namespaces("test", "prod"),
        policy("more", reading("transit/sign/ci")),
        made("vault:appRole/authBackendRole:AuthBackendRole", "ci", roleName="ci", tokenPolicies=["more"]),
    ],
    "an AppRole that reads what is shared": lambda: [
        *namespaces("test", "prod"),
        policy("more", reading("secret/data/common/*")),
        made("vault:appRole/authBackendRole:AuthBackendRole", "ci", roleName="ci", tokenPolicies=["more"]),
    ],
    "every namespace, by a template for a claim": lambda: [*by_claim(), *namespaces("prod")],
    "every namespace, by a template for a claim, with an alias for each namespace": lambda: [
        *by_claim(userClaim="/kubernetes.io/namespace"),
        *namespaces("prod"),
    ],
    "a template for a claim, and roles that leave it alone": lambda: [
        *by_claim(),
        made(JWT, "own", roleName="own", **{**PODS_NAME, "claimMappings": {"/kubernetes.io/pod/name": "pod"}}),
        made(JWT, "elsewhere", roleName="elsewhere", backend="other", **PODS_NAME),
        made(JWT, "ci", roleName="ci", boundClaims={"repository": "shop/app"}, **PODS_NAME),
        *namespaces("prod"),
    ],
    "a role that binds an empty subject of a claim": lambda: [
        *namespaces("test", "prod"),
        policy("more", reading("secret/*")),
        role("none", bound_subject="", bound_claims={"sub": ""}, token_policies=["more"]),
    ],
    "tokens of a Vault namespace below, without sudo": lambda: with_more(
        reading("team/auth/token/create", can=["update"])
    ),
    "a token role that leaves out another's policy": lambda: with_more(
        CREATE_TOKENS,
        made(
            methods.TOKEN_ROLE,
            "wide",
            roleName="wide",
            allowedPoliciesGlobs=["secret-access-*"],
            disallowedPolicies=["Secret-Access-Prod"],
        ),
    ),
    "a token role that leaves out every other policy": lambda: with_more(
        CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", disallowedPoliciesGlobs=["secret-access-p*"])
    ),
    "a token role with no policies of its own": lambda: with_more(
        CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=[], disallowedPolicies=[])
    ),
    "a token role with the caller's own policies": lambda: with_more(
        CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=["secret-access-test"])
    ),
}


@pytest.mark.parametrize("way", HARMLESS)
def test_an_ordinary_stack_raises_nothing(way: str) -> None:
    verdict = evaluate(HARMLESS[way](), {}, ["common/"])
    assert (verdict.breaches, verdict.undecided) == ((), ())
