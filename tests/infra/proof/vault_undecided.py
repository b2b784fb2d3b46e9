"""Stacks on Vault whose documents do not tell whether a namespace has another's secrets."""

from secret_access.proof.preview import UNKNOWN
from secret_access.proof.vault import methods
from secret_access.proof.vault.identities import GROUP

from .test_vault import namespaces, reading, role
from .vault_documents import (
    CREATE_TOKENS,
    ENTITY_OF_POD,
    ON_PROD,
    identity,
    kubernetes,
    made,
    mount,
    other,
    policy,
    with_more,
)
from .ways import Undecided

UNDECIDED: dict[str, Undecided] = {
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
