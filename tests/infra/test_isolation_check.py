"""A program that asks for isolation fails when its documents do not isolate, and says why."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from secret_access import AwsSecretAccess, InvalidArgument, NotIsolated, ProgramError, require_isolation
from secret_access.kept import with_ignored
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from secret_access.registrations import unseen_providers
from tests.infra.components import aws_args
from tests.infra.engine import Later, World, outputs_in, run


def arn(pattern: str) -> str:
    return f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{pattern}"


def statement(pattern: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "Added", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": pattern, **more}


def program(*statements: dict[str, Any], check: Callable[[], None] = require_isolation) -> Callable[[], object]:
    """Two namespaces, and one more policy of the first."""

    def made() -> None:
        check()
        for namespace in ("test", "prod"):
            AwsSecretAccess(namespace, aws_args(namespace=namespace))
        if statements:
            document = json.dumps({"Statement": list(statements)})
            aws.iam.RolePolicy("more", role="secret-access-test", policy=document)

    return made


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program logs."""
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda text, level=level: lines.append(f"{level}: {text}"))
    return lines


def test_a_program_whose_documents_isolate_ends_well_and_says_so(said: list[str]) -> None:
    """In one line."""
    run(program())
    assert said == ["info: isolated: 2 namespaces x 2 prefixes on aws, proven for all names; 18 chosen names asked"]


def test_a_widened_policy_fails_the_program_with_the_statement() -> None:
    """With both namespaces, a name, and each statement on the way."""
    with pytest.raises(NotIsolated) as error:
        run(program(statement(arn("prod/*"))))
    *found, mend = str(error.value).splitlines()
    assert found == [
        "the documents do not keep namespaces apart: all of it is made already",
        "BREACH  namespace test can use prod/a (of namespace prod)",
        "        as role secret-access-test",
        "        by trust of secret-access-test, statement OneServiceAccount",
        "        by policy more of secret-access-test, statement Added (secretsmanager:GetSecretValue)",
        "NOT ISOLATED: 1 breach among 2 namespaces x 2 prefixes on aws",
    ]
    assert mend.startswith("mend: take the last statement of each out")


def test_secrets_for_all_are_no_breach_where_they_are_named(said: list[str]) -> None:
    """And prefixes may be given that no component declares."""
    run(program(statement(arn("prod/*")), check=lambda: require_isolation(shared=["prod/"])))
    assert said
    with pytest.raises(NotIsolated, match="namespace test can use test/"):
        run(program(check=lambda: require_isolation(prefixes={"test": "shop/"})))


def test_many_breaches_are_counted_and_the_first_shown() -> None:
    """A wildcard of a program with a hundred namespaces is one mistake."""

    def made() -> None:
        require_isolation()
        for number in range(12):
            AwsSecretAccess(f"team-{number}", aws_args(namespace=f"team-{number}"))
        wide = json.dumps({"Statement": statement("*")})
        aws.iam.RolePolicy("more", role="secret-access-team-0", policy=wide)

    with pytest.raises(NotIsolated) as error:
        run(made)
    assert str(error.value).count("BREACH") == 10
    assert "2 more: `pulumi preview --json --show-sames | secret-access evaluate` has all" in str(error.value)
    assert "NOT ISOLATED: 12 breaches among 12" in str(error.value)


@pytest.mark.parametrize(
    "attached",
    [
        lambda: aws.iam.RolePolicyAttachment("far", role="secret-access-test", policy_arn="arn:aws:iam::aws:policy/X"),
        lambda: aws.iam.RolePolicy("late", role="secret-access-test", policy=pulumi.Output.secret("{}")),
    ],
    ids=["from elsewhere", "a secret"],
)
def test_what_cannot_be_judged_is_a_warning(attached: Callable[[], object], said: list[str]) -> None:
    """It is no proof, and stops nobody."""

    def made() -> None:
        program()()
        attached()

    run(made)
    assert len(said) == 1
    assert said[0].startswith("warn: isolation on aws:\nnot judged: ")


def narrowed(*ignored: str) -> Callable[[], None]:
    """A program whose policy is narrow, and which says what of it the engine is to ignore."""

    def made() -> None:
        program()()
        document = json.dumps({"Statement": statement(arn("test/*"))})
        options = pulumi.ResourceOptions(ignore_changes=list(ignored))
        aws.iam.RolePolicy("more", role="secret-access-test", policy=document, opts=options)

    return made


WIDE_BEFORE = {"more": {"policy": json.dumps({"Statement": statement(arn("prod/*"))})}}
"""What the engine keeps of that policy."""


@pytest.mark.parametrize("ignored", ["policy", "*"])
def test_a_policy_whose_change_is_ignored_is_judged_as_it_stays(ignored: str) -> None:
    """The program's narrow one never reaches the cloud."""
    with pytest.raises(NotIsolated, match="namespace test can use prod/a"):
        run(narrowed(ignored), World(kept=WIDE_BEFORE))


def test_an_ignored_change_that_changes_nothing_is_no_doubt(said: list[str]) -> None:
    """The engine's own value is as narrow."""
    run(narrowed("policy", "name"))
    assert [line.partition(",")[0] for line in said] == ["info: isolated: 2 namespaces x 2 prefixes on aws"]


def test_a_change_that_a_transform_ignores_is_in_doubt(said: list[str]) -> None:
    """Of what the engine keeps, a transform is told nothing."""
    given = Resource("urn", "aws:iam/rolePolicy:RolePolicy", {"policy": "{}", "role": "a"}, {})
    assert with_ignored(given, ["policy"], {}).inputs == {"policy": UNKNOWN, "role": "a"}


def test_what_the_engine_keeps_against_the_program_is_a_warning(said: list[str]) -> None:
    """As with `--target`: it stops nobody who is about to mend it."""
    run(narrowed(), World(kept=WIDE_BEFORE))
    (warning,) = said
    assert warning.startswith(
        "warn: isolation on aws:\nthe program's documents isolate, but the engine answers with others"
    )
    assert "BREACH  namespace test can use prod/a" in warning


@pytest.mark.parametrize(
    "answered",
    [
        {"Statement": [statement([arn("test/*")])]},
        {"Statement": [statement(arn("test/*"), Action=["secretsmanager:GetSecretValue"])]},
    ],
)
def test_a_document_as_aws_returns_it_is_the_same(answered: Any, said: list[str]) -> None:
    """Lists of one, and texts."""
    run(narrowed(), World(kept={"more": {"policy": json.dumps(answered)}}))
    assert [line.partition(",")[0] for line in said] == ["info: isolated: 2 namespaces x 2 prefixes on aws"]


def test_where_resources_are_left_out_nothing_is_proven(said: list[str]) -> None:
    """With `--target`: the engine keeps others that the program does not have."""
    run(narrowed(), World(left_out=frozenset({"more"})))
    (warning,) = said
    assert warning.startswith("warn: isolation: not judged: --target or --exclude leaves resources out, ")


VAULT_POLICY = {"name": "test", "policy": 'path "secret/data/test/*" { capabilities = ["read"] }'}
VAULT_ROLE = {"roleType": "jwt", "boundSubject": "system:serviceaccount:test:app", "tokenPolicies": ["test"]}
OF_TEAM = "urn:pulumi:only::inline::pulumi:providers:vault::of-team"


@pytest.mark.parametrize(("provider", "is_known"), [(OF_TEAM, False), (OF_TEAM.replace("of-team", "default_7"), True)])
def test_a_provider_that_was_made_before_the_check_is_a_doubt(provider: str, is_known: bool) -> None:
    """It says in which of Vault's namespaces a policy is; of one that Pulumi makes itself it is the same for all."""
    made = [
        Resource("policy", "vault:index/policy:Policy", VAULT_POLICY, {}, "", f"{provider}::1"),
        Resource("role", "vault:jwt/authBackendRole:AuthBackendRole", VAULT_ROLE, {}, "", f"{provider}::1"),
    ]
    (verdict,) = evaluate([*made, *unseen_providers({each.urn: each for each in made})], {}, ())
    assert any("Vault namespace" in each for each in verdict.undecided) != is_known


def test_no_secret_of_the_program_is_in_a_message(said: list[str]) -> None:
    """A document that is marked as a secret is not judged, so nothing of it is shown."""

    wide = json.dumps({"Statement": statement("*", Sid="OpenSesame")})

    def made(hide: Callable[[str], Any]) -> None:
        program()()
        aws.iam.RolePolicy("more", role="secret-access-test", policy=hide(wide))

    run(lambda: made(pulumi.Output.secret))
    assert "OpenSesame" not in " ".join(said)
    with pytest.raises(NotIsolated, match="OpenSesame"):
        run(lambda: made(str))


def test_an_error_of_the_program_is_the_one_that_is_shown() -> None:
    """Its documents are incomplete then, and are not judged."""

    def made() -> None:
        program(statement("*"))()
        raise ValueError("of the program")

    with pytest.raises(ValueError, match="of the program"):
        run(made)


def test_a_policy_that_is_none_stops_the_program() -> None:
    """With its name, and no stack trace."""
    with pytest.raises(ProgramError, match="cannot be judged: policy more of secret-access-test"):
        run(program(statement("*", Effect="Permit")))


def test_what_is_known_later_is_judged(said: list[str]) -> None:
    """A resource that an apply makes, at the program's very end."""
    wide = json.dumps({"Statement": statement(arn("prod/*"))})

    def made() -> None:
        program()()
        late = outputs_in(Later(wide))
        late.apply(lambda known: aws.iam.RolePolicy("more", role="secret-access-test", policy=known))

    with pytest.raises(NotIsolated, match="namespace test can use prod/a"):
        run(made)


def test_a_program_without_namespaces_is_not_mentioned(said: list[str]) -> None:
    """Such as the stack of a cluster."""
    run(require_isolation)
    assert said == []


def test_asking_twice_is_refused() -> None:
    """The second would not see what the first did, and either might have other prefixes."""

    def twice() -> None:
        require_isolation()
        require_isolation(shared=["a/"])

    with pytest.raises(InvalidArgument, match="called twice"):
        run(twice)


@pytest.mark.parametrize("given", [{"prefixes": {"a": "a"}}, {"shared": ["a"]}, {"shared": "a/"}])
def test_wrong_prefixes_are_refused(given: Any) -> None:
    """`a` covers `ab/` too; a text is no list."""
    with pytest.raises(InvalidArgument, match=r"require_isolation: .* expected"):
        run(lambda: require_isolation(**given))


def test_it_belongs_into_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing is ever registered, and nothing would be judged."""
    monkeypatch.setattr("pulumi.runtime.settings.get_monitor", lambda: None)
    with pytest.raises(ProgramError, match="no Pulumi program runs"):
        require_isolation()


def test_every_run_is_judged_by_itself() -> None:
    """Nothing is left of a program that ran before in the same process."""
    with pytest.raises(NotIsolated):
        run(program(statement("*")), World())
    run(program())
