"""Vault's documents evaluated: the component's own are isolated, and each mistake is found with its path."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access.checks import subject
from secret_access.proof.preview import UNKNOWN, Resource
from secret_access.proof.vault import documents as documents_of_vault
from secret_access.proof.vault import policies
from secret_access.proof.vault.documents import POLICY, PROVIDER
from secret_access.proof.vault.logins import JWT as ROLE
from secret_access.proof.vault.stack import evaluate
from secret_access.vault import documents
from tests.infra.proof.documents import Document, resource

HARD = ("test", "test-eu", "testing", "tes", "t", "prod")


def role(namespace: str, **changed: Any) -> Resource:
    """The role that the component makes."""
    own = documents.role(subject(namespace, "secret-access"), "vault", f"secret-access-{namespace}", 600)
    inputs = {**own, "role_name": f"secret-access-{namespace}", **changed}
    spelled = {
        "".join(word.title() if n else word for n, word in enumerate(key.split("_"))): v for key, v in inputs.items()
    }
    return Resource(
        f"urn::{namespace}-role", ROLE, {key: value for key, value in spelled.items() if value is not None}, {}
    )


def policy(namespace: str, document: Document | None = None) -> Resource:
    """The policy that the component makes, or another of its name."""
    found = documents.secrets_policy("secret", f"{namespace}/") if document is None else document
    return resource(POLICY, f"{namespace}-policy", name=f"secret-access-{namespace}", policy=found)


def namespaces(*names: str) -> list[Resource]:
    return [each for name in names for each in (role(name), policy(name))]


def reading(*paths: str, **more: list[str]) -> Document:
    return {"path": {path: {"capabilities": more.get("can", ["read"])} for path in paths}}


def test_the_components_own_documents_are_proven_apart() -> None:
    """Each namespace against each one's names."""
    verdict = evaluate(namespaces(*HARD), {})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert verdict.cells == len(HARD) ** 2


WIDENED: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None, str], str]] = {
    "no closing slash": (
        lambda: [role("test"), policy("test", reading("secret/data/test*")), *namespaces("test-eu")],
        ("test", "test-eu", "test-eu/a"),
        'policy secret-access-test, path "secret/data/test*"',
    ),
    "the whole engine": (
        lambda: [role("test"), policy("test", reading("secret/*")), *namespaces("prod")],
        ("test", "prod", "prod/a"),
        'path "secret/*"',
    ),
    "one segment": (
        lambda: [role("test"), policy("test", reading("secret/data/+/payment")), *namespaces("prod")],
        ("test", "prod", "prod/payment"),
        'path "secret/data/+/payment"',
    ),
    "writing": (
        lambda: [role("test"), policy("test", reading("secret/data/prod/*", can=["update"])), *namespaces("prod")],
        ("test", "prod", "prod/a"),
        'path "secret/data/prod/*"',
    ),
    "another namespace's policy": (
        lambda: [
            role("test", token_policies=["secret-access-test", "secret-access-prod"]),
            policy("test"),
            *namespaces("prod"),
        ],
        ("test", "prod", "prod/a"),
        "policy secret-access-prod",
    ),
    "no subject": (
        lambda: [role("test", bound_subject=None), policy("test"), *namespaces("prod")],
        ("prod", None, "test/"),
        "role secret-access-test, which takes system:serviceaccount:prod:",
    ),
    "a pattern of subjects": (
        lambda: [
            role(
                "test",
                bound_subject=None,
                bound_claims={"sub": "system:serviceaccount:*:secret-access"},
                bound_claims_type="glob",
            ),
            policy("test"),
            *namespaces("prod"),
        ],
        ("prod", None, "test/"),
        "role secret-access-test, which takes system:serviceaccount:prod:secret-access",
    ),
}


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_widened_document_is_found(mistake: str) -> None:
    """With the two namespaces, a name, and the path that lets it through."""
    made, expected, statement = WIDENED[mistake]
    found = {(each.namespace, each.owner, each.name): each for each in evaluate(made(), {}).breaches}
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


def test_a_more_specific_path_takes_back() -> None:
    """And with that left out of the evaluation, it is a breach that Vault would refuse."""
    kept = {"path": {"secret/data/*": {"capabilities": ["read"]}, "secret/data/prod/*": {"capabilities": ["deny"]}}}
    found = evaluate([role("test"), policy("test", kept), *namespaces("prod")], {}).breaches
    assert {each.owner for each in found} == {None}  # all but prod's


def test_the_order_of_paths_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the least specific path first, the namespace denied is read."""
    kept = {"path": {"secret/data/*": {"capabilities": ["read"]}, "secret/data/prod/*": {"capabilities": ["deny"]}}}
    monkeypatch.setattr(policies.Path, "priority", property(lambda self: -len(self.path)))
    found = evaluate([role("test"), policy("test", kept), *namespaces("prod")], {}).breaches
    assert "prod" in {each.owner for each in found}


@pytest.mark.parametrize(
    ("document", "expected"),
    [(UNKNOWN, "known only after"), ('path "secret/*" { required_parameters = ["a"] }', "has more than paths")],
)
def test_what_cannot_be_judged_is_said(document: Any, expected: str) -> None:
    """It is no proof, and no breach either."""
    verdict = evaluate([role("test"), policy("test", document)], {})
    assert not verdict.breaches
    assert expected in " ".join(verdict.undecided)
    assert "not among the documents" in " ".join(evaluate([role("test")], {}).undecided)


def test_the_prefix_is_what_the_pods_are_told() -> None:
    """Where it is not the namespace's name."""
    own = policy("shop", documents.secrets_policy("secret", "team-a/shop/"))
    assert evaluate([role("shop"), own], {}).breaches
    assert not evaluate([role("shop"), own], {"shop": "team-a/shop/"}).breaches


def in_namespace(of: list[Resource], vault_namespace: str, provider: str = "") -> list[Resource]:
    """The same in a Vault namespace."""
    inputs = {"namespace": vault_namespace} if vault_namespace else {}
    return [
        Resource(f"{each.urn}-{vault_namespace}{provider}", each.type, {**each.inputs, **inputs}, {}, "", provider)
        for each in of
    ]


def in_two_namespaces(how: str) -> list[Resource]:
    """Roles whose policies have one name, each in a Vault namespace of its own."""
    made: list[Resource] = []
    for namespace, where in (("test", "blue"), ("prod", "green")):
        by_provider = where if how == "by their providers" else "top"
        provider = Resource(f"urn::{where}", PROVIDER, {"namespace": by_provider}, {})
        document = documents.secrets_policy("secret", f"{namespace}/")
        own = [
            role(namespace, token_policies=["secrets"]),
            resource(POLICY, f"{namespace}-policy", name="secrets", policy=document),
        ]
        inside = "" if how == "by their providers" else where
        made += [provider, *in_namespace(own, inside, "" if how == "by themselves" else f"{provider.urn}::id")]
    return made


@pytest.mark.parametrize("how", ["by themselves", "by their providers", "by both"])
def test_policies_of_one_name_in_two_vault_namespaces_are_two(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role has those of its own Vault namespace; a defect that takes all for one is seen."""
    verdict = evaluate(in_two_namespaces(how), {})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    monkeypatch.setattr(documents_of_vault.Stack, "where", lambda *_: "")
    assert evaluate(in_two_namespaces(how), {}).breaches


def test_a_policy_reaches_into_the_vault_namespaces_below_its_own() -> None:
    """The name is the other's there too, and the path is shown from the top."""
    wide = [role("test"), policy("test", reading("green/secret/data/prod/*"))]
    made = [*in_namespace(wide, "top"), *in_namespace(namespaces("prod"), "top/green")]
    (breach,) = evaluate(made, {}).breaches
    assert (breach.namespace, breach.owner) == ("test", "prod")
    assert 'path "top/green/secret/data/prod/*"' in breach.statements[-1]


def test_a_vault_namespace_that_is_not_known_yet_is_said() -> None:
    """It is no proof."""
    verdict = evaluate(in_namespace(namespaces("test"), UNKNOWN), {})
    assert "the Vault namespace of test-role" in " ".join(verdict.undecided)
