"""Azure's documents evaluated: the component's own are isolated, and each mistake is found with its statement."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.azure.directory import RoleAssignment
from local.azure.roles import DELETE, READ, ROLES, SET, may_manage, may_use_data
from secret_access.proof.azure import documents, federation, identities, roles, scopes, stack, vaults
from secret_access.proof.azure.documents import ASSIGNMENT, CREDENTIAL
from secret_access.proof.azure.stack import evaluate
from secret_access.proof.isolation import Breach
from secret_access.proof.preview import UNKNOWN, Resource
from secret_access.proof.strings import literal, union
from tests.infra.proof.azure_documents import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    GROUP,
    IDENTITY_CONTRIBUTOR,
    OFFICER,
    OWNER,
    READER,
    SHARED,
    SUBSCRIPTION,
    VAULTS,
    admitted,
    assigned,
    bound,
    credential,
    custom,
    identity,
    made,
    secret,
    urn,
    vault,
    with_binding,
    with_own_vaults,
    with_shared_vault,
)

HARD = ("test", "test-eu", "testing", "tes", "prod")


def breaches(of: list[Resource]) -> dict[tuple[str, str | None], Breach]:
    return {(each.namespace, each.owner): each for each in evaluate(of, {}).breaches}


@pytest.mark.parametrize(
    "resources",
    [
        with_own_vaults(*HARD),
        with_shared_vault(*HARD),
        [each for name in HARD for each in with_binding(name)],
        [*with_own_vaults("test", "test-eu"), *with_shared_vault("prod", "tes")],
    ],
    ids=["a vault each", "one vault", "bound to a cluster", "some and some"],
)
def test_the_components_own_documents_are_proven_apart(resources: list[Resource]) -> None:
    """Each namespace against each one's names, in a first preview, where hardly an id is known."""
    verdict = evaluate(resources, {})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert verdict.cells == len(verdict.namespaces) ** 2 > 1


OPEN: dict[str, Any] = {"enableRbacAuthorization": False}
READS: Mapping[str, Any] = {"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}
WIDENED: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None], str]] = {
    "a role on all of a shared vault": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED)],
        ("test", "prod"),
        "role assignment test-more of Key Vault Secrets User on the vault shared (Microsoft.KeyVault/vaults/",
    ),
    "a secret of another": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db"))],
        ("test", "prod"),
        "on the secret prod--db of the vault shared",
    ),
    "a secret of another, in other case": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db").upper())],
        ("test", "prod"),
        "on the secret prod--db of the vault shared",
    ),
    "a secret whose name begins alike": (
        lambda: [*with_shared_vault("test", "test-eu"), assigned("test", secret("test-eu/db"))],
        ("test", "test-eu"),
        "on the secret test-eu--db",
    ),
    "another's own vault": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", vault("prod"))],
        ("test", "prod"),
        "on the vault prod-1a2b3c4d",
    ),
    "a secret with its own name in another's vault": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", secret("test/db", f"{SHARED[:-6]}prod-1a2b3c4d"))],
        ("test", "prod"),
        "on the secret test--db of the vault prod-1a2b3c4d",
    ),
    "the resource group": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", GROUP)],
        ("test", "prod"),
        "on the resource group secrets",
    ),
    "the subscription": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", SUBSCRIPTION)],
        ("test", "prod"),
        "on the subscription 22222222",
    ),
    "a management group": (
        lambda: [
            *with_own_vaults("test", "prod"),
            assigned("test", "/providers/Microsoft.Management/managementGroups/all"),
        ],
        ("test", "prod"),
        "on a management group",
    ),
    "another resource group, with vaults that nobody declared": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", f"{SUBSCRIPTION}/resourceGroups/other")],
        ("test", "prod"),
        "on the resource group other",
    ),
    "one identity for two namespaces": (
        lambda: [*with_own_vaults("test"), credential("prod", of="test"), *with_own_vaults("prod")],
        ("prod", "test"),
        "federated credential test-credential/prod, which takes system:serviceaccount:prod:secret-access",
    ),
    "a credential whose subject is a pattern": (
        lambda: [
            *with_own_vaults("test", "prod"),
            credential(
                "any",
                of="test",
                subject=None,
                claimsMatchingExpression={"value": "claims['sub'] matches 'system:serviceaccount:pro*:secret-access'"},
            ),
        ],
        ("prod", "test"),
        "federated credential test-credential/any",
    ),
    "one bound identity for two namespaces": (
        lambda: [*with_binding("test"), *with_binding("prod"), *bound("prod", of="test")],
        ("prod", "test"),
        "identity binding test-binding, which ClusterRoleBinding secret-access:prod:test",
    ),
    "every bound identity": (
        lambda: [
            *with_binding("test"),
            *with_binding("prod"),
            *bound("prod", of="x", rules=[{"apiGroups": ["*"], "verbs": ["*"], "resources": ["*"]}]),
        ],
        ("prod", "test"),
        "identity binding test-binding, which ClusterRoleBinding secret-access:prod:x",
    ),
    "a role that may assign roles": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED, ADMINISTRATOR)],
        ("test", "prod"),
        "of User Access Administrator on the vault shared (Microsoft.Authorization/roleAssignments/write)",
    ),
    "the owner of a secret of another": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db"), OWNER)],
        ("test", "prod"),
        "of Owner on the secret prod--db",
    ),
    "a role that replaces values by the control plane": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", vault("prod"), CONTRIBUTOR)],
        ("test", "prod"),
        "of Key Vault Contributor on the vault prod-1a2b3c4d (Microsoft.KeyVault/vaults/secrets/write)",
    ),
    "a role that becomes another identity": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", identity("prod"), IDENTITY_CONTRIBUTOR)],
        ("test", "prod"),
        "role assignment test-more of Managed Identity Contributor on the resource prod-identity",
    ),
    "through two identities": (
        lambda: [
            *with_own_vaults("test", "shop", "prod"),
            assigned("test", identity("shop"), IDENTITY_CONTRIBUTOR),
            assigned("shop", identity("prod"), IDENTITY_CONTRIBUTOR),
        ],
        ("test", "prod"),
        "by which identity test-identity becomes it; role assignment shop-more",
    ),
    "a role of one's own": (
        lambda: [*with_shared_vault("test", "prod"), *custom("test", SHARED, READS)],
        ("test", "prod"),
        "of the role Custom on the vault shared",
    ),
    "a wildcard in a role of one's own": (
        lambda: [
            *with_shared_vault("test", "prod"),
            *custom("test", SHARED, {"dataActions": ["microsoft.keyvault/vaults/*/BACKUP/action"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/secrets/backup/action)",
    ),
    "what one permission excludes and the next allows": (
        lambda: [
            *with_shared_vault("test", "prod"),
            *custom("test", SHARED, {"dataActions": ["*"], "notDataActions": ["*"]}, READS),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/secrets/getSecret/action)",
    ),
    "a role that nobody knows": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED, "12345678-0000-0000-0000-000000000000")],
        ("test", "prod"),
        "(counted as one that allows all)",
    ),
    "a condition": (
        lambda: [
            *with_shared_vault("test", "prod"),
            assigned("test", SHARED, condition="@Resource[a] StringEquals 'b'"),
        ],
        ("test", "prod"),
        "whose condition counts as one that holds",
    ),
    "an eligible role": (
        lambda: [
            *with_shared_vault("test", "prod"),
            Resource(
                urn("x", "eligible"),
                f"azure-native:{documents.ELIGIBLE}",
                assigned("test", SHARED).inputs,
                assigned("test", SHARED).depends_on,
            ),
        ],
        ("test", "prod"),
        "role assignment eligible",
    ),
    "an access policy of a shared vault": (
        lambda: [
            *with_shared_vault("test", "prod"),
            (shared := vault("shared", **OPEN)),
            admitted("test", "List", "Get", of=shared),
        ],
        ("test", "prod"),
        "access policy of the vault shared-1a2b3c4d that allows Get",
    ),
    "a vault's own list of access policies": (
        lambda: [
            *with_shared_vault("test", "prod"),
            Resource(
                (shared := vault("shared", **OPEN)).urn,
                shared.type,
                {
                    **shared.inputs,
                    "properties": {**OPEN, "accessPolicies": [admitted("test", "all", of=shared).inputs["policy"]]},
                },
                {"properties": (identity("test").urn,)},
            ),
        ],
        ("test", "prod"),
        "access policy of the vault shared-1a2b3c4d that allows all",
    ),
    "a role that writes access policies": (
        lambda: [
            *with_shared_vault("test", "prod"),
            vault("shared", **OPEN),
            *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/accessPolicies/write"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/accessPolicies/write)",
    ),
    "deployments that read secrets": (
        lambda: [
            *with_shared_vault("test", "prod"),
            vault("shared", enabledForTemplateDeployment=True),
            *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/deploy/action"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/deploy/action)",
    ),
}


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_widened_document_is_found(mistake: str) -> None:
    """With the two namespaces, and what lets a name through."""
    resources, expected, statement = WIDENED[mistake]
    found = breaches(resources())
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "names without values": lambda: [assigned("test", SHARED, READER)],
    "another resource": lambda: [assigned("test", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a", OWNER)],
    "keys": lambda: [assigned("test", f"{SHARED}/keys/prod", OWNER)],
    "what is excluded": lambda: custom(
        "test",
        SHARED,
        {"dataActions": ["Microsoft.KeyVault/*"], "notDataActions": ["Microsoft.KeyVault/vaults/secrets/*"]},
    ),
    "values by roles on a vault of access policies": lambda: [
        vault("shared", **OPEN),
        assigned("test", f"{SHARED}-1a2b3c4d"),
    ],
    "access policies on a vault of roles": lambda: [
        (shared := vault("shared")),
        admitted("test", "all", of=shared),
        *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/accessPolicies/write"]}),
    ],
    "an access policy for names alone": lambda: [
        (shared := vault("shared", **OPEN)),
        admitted("test", "List", of=shared),
    ],
    "deployments that may not read": lambda: [
        vault("shared"),
        *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/deploy/action"]}),
    ],
    "a person": lambda: [person()],
    "a credential of a pipeline": lambda: [credential("ci", of="test", subject="repo:shop/app:ref:refs/heads/main")],
}


def person() -> Resource:
    given = assigned("test", SHARED)
    return Resource(given.urn, given.type, {**given.inputs, "principalId": "p", "principalType": "User"}, {})


@pytest.mark.parametrize("case", HARMLESS)
def test_what_gives_no_value_is_no_breach(case: str) -> None:
    """Exact both ways: an alarm that is none is soon heeded by nobody."""
    verdict = evaluate([*with_shared_vault("test", "prod"), *HARMLESS[case]()], {})
    assert (verdict.breaches, verdict.undecided) == ((), ())


def in_one(permissions: Any) -> roles.Granted:
    """Exclusions of each permission, taken from all."""
    excluded = [each for one in permissions for each in one.get("notDataActions", ())]
    return granted([{**one, "notDataActions": excluded} for one in permissions])


granted, scope, secrets_of = roles.granted, scopes.scope, vaults.secrets_of
DEFECTS: dict[str, tuple[Any, str, Any, str]] = {
    "no vaults but those of the stack": (
        scopes.Scope,
        "is_wide",
        False,
        "another resource group, with vaults that nobody declared",
    ),
    "a role on a vault is on none of its secrets": (
        vaults,
        "secrets_of",
        lambda vault, secret=None: literal("" if secret is None else f"{vault.prefix}{secret}"),
        "a role on all of a shared vault",
    ),
    "names are their prefix's in every vault": (
        vaults,
        "secrets_of",
        lambda vault, secret=None: literal(f":{vault.name}/{secret}") if secret else secrets_of(vault),
        "a secret with its own name in another's vault",
    ),
    "case counts": (
        documents,
        "scope",
        lambda text: scope(text) if text.startswith("/subscriptions") else None,
        "a secret of another, in other case",
    ),
    "wildcards taken literally": (
        roles,
        "_matches",
        lambda patterns, operation: operation in (patterns or ()),
        "a wildcard in a role of one's own",
    ),
    "exclusions taken from every permission": (
        roles,
        "granted",
        in_one,
        "what one permission excludes and the next allows",
    ),
    "reads alone": (
        roles,
        "DATA_OPERATIONS",
        dict(list(roles.DATA_OPERATIONS.items())[:1]),
        "a wildcard in a role of one's own",
    ),
    "no control plane": (roles, "OPERATIONS", {}, "a role that may assign roles"),
    "identities passed on to nobody": (stack, "pass_on", lambda _: None, "through two identities"),
    "no access policies": (stack, "add_access_policies", lambda _: None, "an access policy of a shared vault"),
    "access policies that nobody may write": (
        vaults.Vault,
        "is_open_to",
        lambda _, power: power is not roles.Power.ADMIT,
        "a role that writes access policies",
    ),
    "an unknown role allows nothing": (
        roles,
        "unknown",
        lambda _: roles.Role("", {}),
        "a role that nobody knows",
    ),
    "patterns of subjects taken literally": (
        identities,
        "glob",
        literal,
        "a credential whose subject is a pattern",
    ),
    "the cluster's own rights left out": (
        federation,
        "names_identity",
        lambda role, one, _: role.name.endswith(f":{one.name[: -len('-identity')]}") and one.name[:4] != "test",
        "one bound identity for two namespaces",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is found, and with the defect it is not."""
    owner, name, value, mistake = DEFECTS[defect]
    make, expected, _ = WIDENED[mistake]
    assert expected in breaches(make())
    monkeypatch.setattr(owner, name, value)
    assert expected not in breaches(make())


VAULT_NAMES = ("shared", "other", "share")
SECRET_NAMES = ("test--db", "prod--db", "prod", "prod--db-2")
resource_ids = st.sampled_from(
    [
        "/subscriptions/22222222-2222-2222-2222-222222222222",
        f"{SUBSCRIPTION.replace('2222', '3333', 1)}",
        GROUP,
        GROUP.upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
        GROUP.removesuffix("s"),
        *(f"{VAULTS}/{name}" for name in VAULT_NAMES),
        *(f"{VAULTS}/{name}/secrets/{one}" for name in VAULT_NAMES for one in SECRET_NAMES),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ROLES)), resource_ids), max_size=4))
def test_the_fake_of_azure_decides_the_same(given: list[tuple[str, str]]) -> None:
    """For each secret of each vault: a value read, replaced or deleted, or the right to handed on."""
    asked = [assigned("test", where, ROLES[role].id, name=str(n)) for n, (role, where) in enumerate(given)]
    known = [assigned("test", f"{VAULTS}/{name}", READER, name=name) for name in VAULT_NAMES]
    found = stack.read([identity("test"), credential("test"), *asked, *known])
    ours = union(grant.allowed for grant in found.grants.get(0, ()))
    theirs = [RoleAssignment("p", role, where) for role, where in given]
    for each in VAULT_NAMES:
        for secret_name in SECRET_NAMES:
            where = f"{VAULTS}/{each}/secrets/{secret_name}"
            uses = any(may_use_data(theirs, "p", action, where) for action in (READ, SET, DELETE))
            assert (f":{each}/{secret_name}" in ours) == (uses or may_manage(theirs, "p", where)), where


def test_what_cannot_be_judged_is_said() -> None:
    """It is no proof, and no breach either."""
    elsewhere = assigned("test", SHARED, name="other")
    stranger = Resource(elsewhere.urn, elsewhere.type, {**elsewhere.inputs, "principalId": "44444444"}, {})
    late = assigned("test", UNKNOWN, name="late")
    shared = vault("shared")
    unclear = assigned("test", shared, name="role/x")
    classic = Resource("urn::a", "azure:authorization/assignment:Assignment", {}, {})
    verdict = evaluate([*with_shared_vault("test"), stranger, late, shared, unclear, classic], {})
    said = " ".join(verdict.undecided)
    assert not verdict.breaches
    assert "role assignment test-other is for 44444444: who may become it is not among the documents" in said
    assert "the scope of role assignment test-late is known only after `pulumi up`" in said
    assert "role assignment test-role/x is on a secret of the vault shared-1a2b3c4d, or on all of it" in said
    assert "azure-native's are judged" in said


def test_a_vault_is_a_namespaces_own_where_its_tag_says_so() -> None:
    """Without the component; without the tag it may have others' secrets."""
    own = [identity("test"), credential("test")]
    tagged, plain = (vault("test", tags=tags) for tags in ({"secret-access-namespace": "test"}, None))
    at = f"{VAULTS}/test-1a2b3c4d"
    assert not evaluate([*own, tagged, assigned("test", at)], {}).breaches
    assert evaluate([*own, plain, assigned("test", at)], {}).breaches


def test_an_existing_vault_is_a_namespaces_own_where_the_component_gives_it_all() -> None:
    """`shared_vault: false` says so; where two namespaces' components do, it is neither's."""
    mine = [identity("test"), credential("test"), assigned("test", SHARED, name="role", of="test")]
    assert not evaluate(mine, {}).breaches
    both = [*mine, identity("prod"), credential("prod"), assigned("prod", SHARED, name="role", of="prod")]
    assert {("test", "prod"), ("prod", "test")} <= set(breaches(both))


def test_an_existing_identity_is_known_by_the_component_that_uses_it() -> None:
    """Its principal's id is in no other document."""
    given = {"resourceName": "theirs", "resourceGroupName": "theirs"}
    plain = made(CREDENTIAL, "a", "test", subject="system:serviceaccount:test:secret-access", **given)
    right = made(ASSIGNMENT, "b", "test", principalId="5555", roleDefinitionId=f"/{OFFICER}", scope=secret("prod/db"))
    (breach,) = evaluate([plain, right], {}).breaches
    assert (breach.namespace, breach.name, breach.identity) == ("test", "prod/db", "identity theirs")
