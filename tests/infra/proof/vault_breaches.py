"""Stacks on Vault with a way to another namespace's secret beside its role's own policy."""

from secret_access.proof.preview import UNKNOWN
from secret_access.proof.vault import methods
from secret_access.proof.vault.identities import ENTITY, GROUP
from secret_access.proof.vault.logins import JWT

from .test_vault import namespaces, reading, role
from .vault_documents import (
    ACCESSOR,
    CREATE_TOKENS,
    ENTITY_OF_POD,
    ON_PROD,
    PODS_NAME,
    TEST,
    alias,
    by_claim,
    identity,
    kubernetes,
    made,
    mount,
    pods,
    policy,
    with_more,
)
from .ways import Breach

PODS_GROUP = identity(GROUP, "group", {"memberEntityIds": (ENTITY_OF_POD.urn,)}, memberEntityIds=[UNKNOWN])
TOKEN_ROLE = made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=["secret-access-prod"])

BREACHES: dict[str, Breach] = {
    "a role of Kubernetes auth for another's namespace": (
        lambda: [*namespaces("test", "prod"), ON_PROD, kubernetes(boundServiceAccountNamespaces=["test"])],
        ("test", "prod"),
        "role pods, which takes system:serviceaccount:test:secret-access",
    ),
    "a role of Kubernetes auth for every namespace": (
        lambda: [*namespaces("test", "prod"), ON_PROD, kubernetes(boundServiceAccountNamespaces=["*"])],
        ("test", "prod"),
        'policy more, path "secret/data/prod/*"',
    ),
    "a role of Kubernetes auth for namespaces that begin alike": (
        lambda: [*namespaces("test", "prod"), ON_PROD, kubernetes(boundServiceAccountNamespaces=["te*"])],
        ("test", "prod"),
        "role pods",
    ),
    "a role of Kubernetes auth for namespaces that are known later": (
        lambda: [*namespaces("test", "prod"), ON_PROD, kubernetes(boundServiceAccountNamespaces=UNKNOWN)],
        ("test", "prod"),
        "role pods",
    ),
    "a namespace chosen by the name in its labels": (
        lambda: [
            *namespaces("test", "prod"),
            ON_PROD,
            kubernetes(boundServiceAccountNamespaceSelector='{"matchLabels": {"kubernetes.io/metadata.name": "test"}}'),
        ],
        ("test", "prod"),
        "role pods",
    ),
    "a template for another's namespace as a part of a name": (
        lambda: [
            kubernetes(boundServiceAccountNamespaces=["test", "prod"]),
            policy("more", reading(f"secret/data/{ACCESSOR}*")),
            *namespaces("test-eu"),
        ],
        ("test", "test-eu"),
        'path "secret/data/test*"',
    ),
    "the policy default of the stack": (
        lambda: [
            role("test", token_no_default_policy=None),
            *namespaces("prod"),
            policy("secret-access-test", reading("secret/data/test/*")),
            policy("default", reading("secret/data/prod/*")),
        ],
        ("test", "prod"),
        "policy default",
    ),
    "a policy in other case": (
        lambda: [role("test", token_policies=["Secret-Access-Prod"]), *namespaces("prod")],
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "an entity of the pods": (
        lambda: [*namespaces("test", "prod"), ON_PROD, ENTITY_OF_POD, alias(ENTITY_OF_POD, TEST)],
        ("test", "prod"),
        "identity entity pods-entity, which is system:serviceaccount:test:secret-access",
    ),
    "an entity by a namespace and a name": (
        lambda: [*namespaces("test", "prod"), ON_PROD, ENTITY_OF_POD, alias(ENTITY_OF_POD, "test/secret-access")],
        ("test", "prod"),
        "identity entity pods-entity",
    ),
    "policies that are added to an entity": (
        lambda: [
            *namespaces("test", "prod"),
            ON_PROD,
            made(ENTITY, "pods-entity", name="pods"),
            alias(ENTITY_OF_POD, TEST),
            made(
                "vault:identity/entityPolicies:EntityPolicies",
                "added",
                {"entityId": (ENTITY_OF_POD.urn,)},
                policies=["more"],
            ),
        ],
        ("test", "prod"),
        "identity entity pods",
    ),
    "a group with an entity of the pods": (
        lambda: [
            *namespaces("test", "prod"),
            ON_PROD,
            made(ENTITY, "pods-entity", name="pods"),
            alias(ENTITY_OF_POD, TEST),
            PODS_GROUP,
        ],
        ("test", "prod"),
        "identity group group, which is system:serviceaccount:test:secret-access",
    ),
    "a token role": (
        lambda: with_more(CREATE_TOKENS, TOKEN_ROLE),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "a token role's patterns of policies": (
        lambda: with_more(
            CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPoliciesGlobs=["secret-access-*"])
        ),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "a token role that leaves out a policy, and allows every other": (
        lambda: with_more(
            CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", disallowedPolicies=["nomad-server"])
        ),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "a token role that leaves out patterns of policies, and allows every other": (
        lambda: with_more(
            CREATE_TOKENS,
            made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=[], disallowedPoliciesGlobs=["nomad-*"]),
        ),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "a token role's patterns of policies in other case": (
        lambda: with_more(
            CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPoliciesGlobs=["Secret-Access-*"])
        ),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "sudo on a token role with no policies of its own": (
        lambda: with_more(
            reading("auth/token/create/plain", can=["update", "sudo"]),
            made(methods.TOKEN_ROLE, "plain", roleName="plain", allowedPolicies=[]),
        ),
        ("test", "prod"),
        "policy secret-access-prod",
    ),
    "an empty subject, which binds none": (
        lambda: [*namespaces("test", "prod"), ON_PROD, role("any", bound_subject="", token_policies=["more"])],
        ("test", "prod"),
        "role secret-access-any, which takes system:serviceaccount:test:",
    ),
    "an empty subject and no claims": (
        lambda: [
            *namespaces("test", "prod"),
            ON_PROD,
            role("any", bound_subject="", bound_claims={}, bound_audiences=[], token_policies=["more"]),
        ],
        ("test", "prod"),
        "role secret-access-any, which takes system:serviceaccount:test:",
    ),
    "a template for what the last login of a ServiceAccount of that name left": (
        lambda: [*by_claim(userClaim="/kubernetes.io/serviceaccount/name"), *namespaces("test", "prod")],
        ("test", "prod"),
        "policy more",
    ),
    "a template for what another role of the mount may write": (
        lambda: [*by_claim(), made(JWT, "other", roleName="other", **PODS_NAME), *namespaces("test", "prod")],
        ("test", "prod"),
        "policy more",
    ),
    "version 1 of KV": (
        lambda: with_more(reading("old/prod/*"), mount("old", "kv")),
        ("test", "prod"),
        'path "old/prod/*"',
    ),
    "a mount that pods are told": (
        lambda: with_more(reading("kv/*"), pods(SECRETS_VAULT_MOUNT="kv")),
        ("test", "prod"),
        'path "kv/*"',
    ),
    "the mount of pods that are told none": (
        lambda: [
            role("test", token_policies=["more"]),
            policy("more", reading("kv/data/test/*", "secret/*")),
            role("prod", token_policies=["prods"]),
            policy("prods", reading("kv/data/prod/*")),
            pods(),
        ],
        ("test", "prod"),
        'path "secret/*"',
    ),
    "versions removed": (
        lambda: with_more(reading("secret/destroy/prod/*", can=["update"])),
        ("test", "prod"),
        'policy more ("secret/destroy/prod/*" removes versions)',
    ),
    "all versions removed": (
        lambda: with_more(reading("secret/metadata/prod/*", can=["delete"])),
        ("test", "prod"),
        'policy more ("secret/metadata/prod/*" removes versions)',
    ),
    "a value restored from a snapshot": (
        lambda: with_more(reading("secret/data/prod/*", can=["recover"])),
        ("test", "prod"),
        "policy more",
    ),
    "a value that comes wrapped": (
        lambda: with_more({"path": {"secret/data/prod/*": {"capabilities": ["read"], "min_wrapping_ttl": "1s"}}}),
        ("test", "prod"),
        'path "secret/data/prod/*"',
    ),
    "sudo on tokens": (
        lambda: with_more(reading("auth/token/create", can=["update", "sudo"])),
        ("test", "prod"),
        'path "auth/token/create"',
    ),
    "the engine's mount": (
        lambda: with_more(reading("sys/mounts/*", can=["delete"])),
        ("test", "prod"),
        'path "sys/mounts/*"',
    ),
    "raw storage": (lambda: with_more(reading("sys/raw/*", can=["read", "sudo"])), ("test", "prod"), "sys/raw/*"),
    "passwords of users": (
        lambda: with_more(reading("auth/userpass/users/*", can=["update"])),
        ("test", "prod"),
        "auth/userpass/users/*",
    ),
    "keys of a method": (lambda: with_more(reading("auth/jwt/config", can=["update"])), ("test", "prod"), "auth/jwt"),
}
