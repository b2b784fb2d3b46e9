"""Ways to another namespace's secret in Vault beside its role's own policy: a breach, or said to be undecided."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from secret_access.proof.preview import UNKNOWN, Resource
from secret_access.proof.strings import literal
from secret_access.proof.vault import documents, logins, methods, mounts, rights, sessions, taking
from secret_access.proof.vault.documents import POLICY
from secret_access.proof.vault.identities import ALIAS, ENTITY, GROUP
from secret_access.proof.vault.logins import KUBERNETES
from secret_access.proof.vault.stack import evaluate

from .documents import Document
from .test_vault import namespaces, reading, role

TEST, PROD = ("system:serviceaccount:test:secret-access", "system:serviceaccount:prod:secret-access")
ACCESSOR = "{{identity.entity.aliases.auth_kubernetes_0e73be2f.metadata.service_account_namespace}}"


def made(kind: str, called: str, depends_on: dict[str, tuple[str, ...]] | None = None, /, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, inputs, depends_on or {})


def policy(called: str, document: Document) -> Resource:
    return made(POLICY, called, name=called, policy=json.dumps(document))


def with_more(document: Document, *more: Resource, of: str = "test") -> list[Resource]:
    """Two namespaces, of which one has a further policy."""
    both = [f"secret-access-{of}", "more"]
    other = "prod" if of == "test" else "test"
    own = [each for each in namespaces(of) if each.type == POLICY]
    return [role(of, token_policies=both), *own, *namespaces(other), policy("more", document), *more]


def kubernetes(called: str = "pods", **inputs: Any) -> Resource:
    given = {"roleName": called, "boundServiceAccountNames": ["secret-access"], "tokenPolicies": ["more"], **inputs}
    return made(KUBERNETES, called, backend="kubernetes", **given)


def mount(path: str, kind: str, **options: str) -> Resource:
    return made(mounts.MOUNT, path, path=path, type=kind, **({"options": options} if options else {}))


def pods(**settings: str) -> Resource:
    """Pods of prod, with what their sidecar is told."""
    env = [{"name": name, "value": value} for name, value in {"SECRETS_BACKEND": "vault", **settings}.items()]
    spec = {"containers": [{"env": env}]}
    return made("kubernetes:apps/v1:Deployment", "app", metadata={"namespace": "prod"}, spec=spec)


def other(kind: str, called: str = "ci", **inputs: Any) -> list[Resource]:
    """Two namespaces, and another method's login with a policy on prod's secrets."""
    return [*namespaces("test", "prod"), policy("more", reading("secret/data/prod/*")), made(kind, called, **inputs)]


def identity(
    kind: str, called: str, depends_on: dict[str, tuple[str, ...]] | None = None, /, **inputs: Any
) -> Resource:
    return made(kind, called, depends_on, name=called, policies=["more"], **inputs)


def alias(of: Resource, name: str) -> Resource:
    return made(
        ALIAS, f"{of.name}-alias", {"canonicalId": (of.urn,)}, name=name, canonicalId=UNKNOWN, mountAccessor="a"
    )


ENTITY_OF_POD, PERSON = identity(ENTITY, "pods-entity"), identity(ENTITY, "person")
PODS_GROUP = identity(GROUP, "group", {"memberEntityIds": (ENTITY_OF_POD.urn,)}, memberEntityIds=[UNKNOWN])
TOKEN_ROLE = made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=["secret-access-prod"])
CREATE_TOKENS = reading("auth/token/create/wide", can=["update"])
ON_PROD = policy("more", reading("secret/data/prod/*"))

BREACHES: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None], str]] = {
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

UNDECIDED: dict[str, tuple[Callable[[], list[Resource]], str]] = {
    "a mount that no document names": (
        lambda: with_more(reading("kv/*")),
        'role secret-access-test may use kv/prod/ by policy more, path "kv/*": no document says',
    ),
    "any mount": (lambda: with_more(reading("+/prod/*")), 'by policy more, path "+/prod/*": no document says'),
    "a namespace alone on a mount that no document names": (
        lambda: [role("test", token_policies=["more"]), policy("more", reading("kv/*"))],
        "no document says which engine is there",
    ),
    "names of a mount that may be of version 1": (
        lambda: with_more(reading("kv/prod/*")),
        'by policy more, path "kv/prod/*"',
    ),
    "a mount whose path is known later": (
        lambda: [*namespaces("test"), mount(UNKNOWN, "kv")],
        "the path of the mount",
    ),
    "labels of namespaces": (
        lambda: [
            *namespaces("test", "prod"),
            ON_PROD,
            kubernetes(boundServiceAccountNamespaceSelector='{"matchLabels": {"team": "a"}}'),
        ],
        'may use secret/data/prod/ by policy more, path "secret/data/prod/*": which namespaces have the labels',
    ),
    "an AppRole": (
        lambda: other("vault:appRole/authBackendRole:AuthBackendRole", roleName="ci", tokenPolicies=["more"]),
        'Role ci may use secret/data/prod/ by policy more, path "secret/data/prod/*": who holds its secret id',
    ),
    "an AppRole that removes versions": (
        lambda: [
            *namespaces("test", "prod"),
            policy("more", reading("secret/destroy/prod/*", can=["update"])),
            made("vault:appRole/authBackendRole:AuthBackendRole", "ci", roleName="ci", tokenPolicies=["more"]),
        ],
        'by policy more ("secret/destroy/prod/*" removes versions), path "secret/data/prod/*": who holds its secret id',
    ),
    "a user with a password": (
        lambda: other(
            "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser", username="ci", tokenPolicies=["more"]
        ),
        "who holds its password",
    ),
    "a certificate": (
        lambda: other("vault:index/certAuthBackendRole:CertAuthBackendRole", tokenPolicies=["more"]),
        "who holds its certificate",
    ),
    "a token": (lambda: other("vault:index/token:Token", policies=["more"]), "who holds the token"),
    "a role of AWS": (
        lambda: other("vault:aws/authBackendRole:AuthBackendRole", role="ci", tokenPolicies=["more"]),
        "who holds its identity of AWS",
    ),
    "an AppRole with policies from elsewhere": (
        lambda: other("vault:appRole/authBackendRole:AuthBackendRole", roleName="ci", tokenPolicies=["theirs"]),
        "AuthBackendRole ci has the policy theirs, which is not among the documents",
    ),
    "an entity without an alias": (
        lambda: [*namespaces("test", "prod"), ON_PROD, ENTITY_OF_POD],
        "its aliases are not among the documents",
    ),
    "a group of unknown members": (
        lambda: [*namespaces("test", "prod"), ON_PROD, identity(GROUP, "group", memberEntityIds=["1234"])],
        "its members are not among the documents",
    ),
    "a group by a claim of the pods' tokens": (
        lambda: [
            role("test", groups_claim="/kubernetes.io/namespace"),
            *namespaces("test", "prod"),
            ON_PROD,
            identity(GROUP, "group", type="external"),
        ],
        "roles of pods have a groupsClaim",
    ),
    "a token role from elsewhere": (
        lambda: with_more(CREATE_TOKENS),
        "may create tokens by auth/token/create/wide: its token role is not among the documents",
    ),
    "tokens of ServiceAccounts": (
        lambda: with_more(
            reading("kubernetes/creds/any", can=["update"]),
            made(methods.MINTING, "any", name="any", backend="kubernetes"),
        ),
        "may get tokens of ServiceAccounts by kubernetes/creds/any",
    ),
}

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
    "a token role with the caller's own policies": lambda: with_more(
        CREATE_TOKENS, made(methods.TOKEN_ROLE, "wide", roleName="wide", allowedPolicies=["secret-access-test"])
    ),
}


@pytest.mark.parametrize("way", BREACHES)
def test_another_way_to_a_secret_is_found(way: str) -> None:
    """With the two namespaces, and what lets the name through."""
    resources, expected, statement = BREACHES[way]
    found = {(each.namespace, each.owner): each for each in evaluate(resources(), {}).breaches}
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


@pytest.mark.parametrize("way", UNDECIDED)
def test_what_the_documents_do_not_tell_is_undecided(way: str) -> None:
    resources, said = UNDECIDED[way]
    verdict = evaluate(resources(), {})
    assert not verdict.breaches
    assert said in " ".join(verdict.undecided), verdict.undecided


@pytest.mark.parametrize("way", HARMLESS)
def test_an_ordinary_stack_raises_nothing(way: str) -> None:
    verdict = evaluate(HARMLESS[way](), {}, ["common/"])
    assert (verdict.breaches, verdict.undecided) == ((), ())


def test_a_namespace_that_nobody_declared_does_not_have_anothers_prefix() -> None:
    """By a template a namespace `team-a` would have all of `team-a/`, and with it the shop's."""
    resources = [kubernetes(boundServiceAccountNamespaces=["*"]), policy("more", reading(f"secret/data/{ACCESSOR}/*"))]
    found = evaluate(resources, {"shop": "team-a/shop/"}).breaches
    assert ("team-a", "shop") in {(each.namespace, each.owner) for each in found}


def test_labels_may_choose_a_namespace_that_is_called_as_anothers_prefix_begins() -> None:
    """It is undecided then, and not where a template can give nobody else's names."""
    chosen = [
        kubernetes(boundServiceAccountNamespaceSelector='{"matchLabels": {"team": "a"}}'),
        policy("more", reading(f"secret/data/{ACCESSOR}/*")),
        role("shop", token_policies=["shops"]),
        policy("shops", reading("secret/data/team-a/shop/*", "secret/data/shop/*")),
    ]
    assert "which namespaces have the labels" in " ".join(evaluate(chosen, {"shop": "team-a/shop/"}).undecided)
    assert evaluate(chosen[:2] + chosen[2:3] + [policy("shops", reading("secret/data/shop/*"))], {}).undecided == ()


DEFECTS: dict[str, tuple[Any, str, Any, dict[str, Any], str]] = {
    "no roles of Kubernetes auth": (
        logins,
        "KUBERNETES",
        "",
        BREACHES,
        "a role of Kubernetes auth for another's namespace",
    ),
    "patterns of namespaces taken literally": (
        logins,
        "glob",
        literal,
        BREACHES,
        "a role of Kubernetes auth for namespaces that begin alike",
    ),
    "no policy default": (
        documents.Stack,
        "default_of",
        lambda *_: [],
        BREACHES,
        "the policy default of the stack",
    ),
    "no identities": (sessions, "held", lambda *_: [], BREACHES, "a group with an entity of the pods"),
    "no token roles": (methods, "token_roles", lambda *_: [], BREACHES, "a token role"),
    "version 2 alone": (mounts, "_versions", lambda _: frozenset({2}), BREACHES, "version 1 of KV"),
    "mounts by their policies alone": (mounts, "_told", lambda _: [], BREACHES, "a mount that pods are told"),
    "values at data alone": (rights, "_KINDS", (), BREACHES, "versions removed"),
    "no sudo": (taking, "_WITH_SUDO", (), BREACHES, "sudo on tokens"),
    "mounts that are not known hold nothing": (
        mounts,
        "_ANY_MOUNT",
        literal(""),
        UNDECIDED,
        "a mount that no document names",
    ),
    "credentials that no pod holds": (methods, "credential", lambda _: None, UNDECIDED, "an AppRole"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is not with the defect."""
    owner, name, value, table, way = DEFECTS[defect]

    def found() -> Any:
        verdict = evaluate(table[way][0](), {})
        if table is UNDECIDED:
            return table[way][1] in " ".join(verdict.undecided)
        return table[way][1] in {(each.namespace, each.owner) for each in verdict.breaches}

    assert found()
    monkeypatch.setattr(owner, name, value)
    assert not found()
