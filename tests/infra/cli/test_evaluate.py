"""The command `secret-access evaluate`: what people and programs get of it."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from secret_access.cli.evaluate import BREACHED, EXIT_CODES, ISOLATED, UNDECIDED, UNUSABLE, evaluate
from secret_access.cli.main import cli
from secret_access.proof.preview import HIDDEN, UNKNOWN, Resource, resources
from tests.infra.proof.documents import arns, namespaces, policy, resource, role_policy


def preview(made: Sequence[Resource]) -> str:
    """As `pulumi preview --json --show-sames` prints it."""
    steps = [
        {
            "op": "create",
            "urn": each.urn,
            "newState": {
                "urn": each.urn,
                "custom": True,
                "type": each.type,
                "inputs": each.inputs,
                "parent": each.parent,
                "propertyDependencies": {key: list(urns) for key, urns in each.depends_on.items()},
            },
        }
        for each in made
    ]
    return json.dumps({"steps": steps, "diagnostics": [], "changeSummary": {"create": len(steps)}})


def run(*arguments: str, given: str = "", **more: bool) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *arguments], input=given, **more)  # type: ignore[arg-type]


WIDE = [*namespaces("test", "prod"), role_policy("test", policy(arns("prod/*")), "more")]


def test_isolated_documents_are_said_to_be(tmp_path: Path) -> None:
    """From a file or standard input; what the documents do not show is said beside it."""
    file = tmp_path / "preview.json"
    file.write_text(preview(namespaces("test", "prod")))
    for result in (run(str(file)), run(given=file.read_text()), run("-", given=file.read_text())):
        assert result.exit_code == ISOLATED, result.output
        assert "isolated: 2 namespaces x 2 prefixes on aws, proven for all names" in result.output
        assert "Not in the documents: resource policies of secrets and keys" in result.output


def test_a_breach_names_both_namespaces_a_name_and_the_statements() -> None:
    """From the token to the secret."""
    result = run(given=preview(WIDE))
    assert result.exit_code == BREACHED
    assert result.output.splitlines()[:4] == [
        "BREACH  namespace test can use prod/a (of namespace prod)",
        "        as role secret-access-test",
        "        by trust of secret-access-test, statement OneServiceAccount",
        "        by policy more of secret-access-test, statement Added (secretsmanager:GetSecretValue)",
    ]
    assert "NOT ISOLATED" in result.output


def test_a_program_that_stopped_for_its_documents_is_evaluated_whole() -> None:
    """It fails once all of it is registered, so all is in its preview; the message is the engine's."""
    failed = json.loads(preview(WIDE))
    message = "error: the documents do not keep namespaces apart: nothing is made\nBREACH  namespace test can"
    failed["diagnostics"] = [{"severity": "error", "message": message}]
    result = run(given=json.dumps(failed))
    assert result.exit_code == BREACHED
    assert "BREACH  namespace test can use prod/a (of namespace prod)" in result.output


def test_json_has_all_of_it() -> None:
    """For programs; the same exit code."""
    result = run("--json", given=preview(WIDE))
    found = json.loads(result.output)
    assert result.exit_code == BREACHED
    assert found["isolated"] is False
    (cloud,) = found["clouds"]
    assert (cloud["cloud"], cloud["cells"]) == ("aws", 4)
    (breach,) = cloud["breaches"]
    assert (breach["namespace"], breach["owner"], breach["name"]) == ("test", "prod", "prod/a")


def test_colours_are_for_terminals_alone() -> None:
    """A file or a pipe gets none."""
    assert "\x1b[" not in run(given=preview(WIDE)).output
    assert "\x1b[31m" in run(given=preview(WIDE), color=True).output


def test_documents_that_are_not_known_yet_are_an_exit_code_of_their_own() -> None:
    """CI can tell it from a proof."""
    result = run(given=preview([*namespaces("test"), role_policy("test", UNKNOWN, "late")]))  # type: ignore[arg-type]
    assert result.exit_code == UNDECIDED
    assert "not judged  the policy late of secret-access-test is known only after `pulumi up`" in result.output


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("no json", "the preview is not JSON"),
        ("[]", "the preview has no steps: list"),
        ('{"changes": 1}', "expected what `pulumi preview --json --show-sames` prints"),
        (json.dumps({"steps": [], "diagnostics": [{"severity": "error", "message": "no stack"}]}), "no stack"),
        (preview([]), "the preview has no namespace's identity"),
    ],
)
def test_what_is_no_preview_is_refused(given: str, expected: str) -> None:
    """In a sentence, without a stack trace."""
    result = run(given=given)
    assert result.exit_code == UNUSABLE
    assert expected in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prefix", "shop"),
        ("--prefix", "shop=a"),
        ("--prefix", "shop=a/", "--prefix", "shop=b/"),
        ("--shared", "a"),
        ("no-such-file",),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    """With what was expected."""
    result = run(*arguments, given=preview(WIDE))
    assert result.exit_code == UNUSABLE
    assert arguments[-1] in result.stderr


def test_prefixes_and_shared_secrets_can_be_said() -> None:
    """Where the components do not declare them."""
    assert run("--shared", "prod/", given=preview(WIDE)).exit_code == ISOLATED
    assert run("--prefix", "test=prod/", given=preview(namespaces("test"))).exit_code == BREACHED


def test_the_help_teaches() -> None:
    """Every option has its help, every exit code its meaning."""
    assert all(option.help for option in evaluate.params if isinstance(option, click.Option))
    result = run("--help")
    assert "pulumi preview --json --show-sames | secret-access evaluate" in result.output
    for code in (ISOLATED, BREACHED, UNUSABLE, UNDECIDED):
        assert f"  {code}  " in EXIT_CODES
        assert f"  {code}  " in result.output


def test_the_last_state_of_a_resource_counts() -> None:
    """A preview has a replaced resource more than once, and one that is deleted has no documents any more."""
    steps = json.loads(preview(namespaces("test")))["steps"]
    gone = {"op": "delete", "urn": steps[0]["urn"], "oldState": steps[0]["newState"]}
    (left,) = resources(json.dumps({"steps": [*steps, gone], "changeSummary": {"create": 2, "delete": 1}}))
    assert left.urn == steps[1]["urn"]


def test_a_value_that_is_hidden_is_not_known() -> None:
    """Pulumi prints `[secret]` in its place."""
    hidden = resource("kind", "name", policy=HIDDEN)
    assert hidden.text("policy") is None
    assert hidden.is_pending("policy")


def test_a_document_cannot_write_a_verdict_of_its_own() -> None:
    """Lines, colours and moves of the cursor in a statement's name are shown as what they are."""
    forged = policy(arns("prod/*"))
    forged["Statement"][0]["Sid"] = "a\nisolated: 2 namespaces\x1b[2K\u202e"
    result = run(given=preview([*namespaces("test", "prod"), role_policy("test", forged, "more")]), color=True)
    assert result.exit_code == BREACHED
    assert r"statement a\nisolated: 2 namespaces\x1b[2K\u202e (" in result.output
    assert not any(line.startswith("isolated") for line in result.output.splitlines())
    late = preview([*namespaces("test"), role_policy("test", UNKNOWN, "a\nisolated")])  # type: ignore[arg-type]
    assert not any(line.startswith("isolated") for line in run(given=late).output.splitlines())


def test_prefixes_that_are_not_the_namespaces_name_are_shown() -> None:
    """The proof is about these: whoever reads it can see what counts as a namespace's own."""
    result = run("--prefix", "shop=team-a/shop/", given=preview(namespaces("test")))
    assert "isolated: 1 namespace x 2 prefixes on aws" in result.output
    assert "Prefixes other than the namespace's name: shop=team-a/shop/\n" in result.output
    assert "Prefixes other" not in run(given=preview(namespaces("test"))).output


def test_the_example_with_jq_names_a_key_that_there_is() -> None:
    """Of the help."""
    assert "jq '.clouds[].breaches'" in run("--help").output
    assert json.loads(run("--json", given=preview(WIDE)).output)["clouds"][0]["breaches"]


def test_a_namespace_without_an_identity_in_the_documents_is_no_proof() -> None:
    """Its pods say that they read AWS; the other namespaces are isolated."""
    settings = {"SECRETS_BACKEND": "aws", "SECRETS_PREFIX": "shop/"}
    env = [{"name": name, "value": value} for name, value in settings.items()]
    spec = {"template": {"spec": {"initContainers": [{"name": "secret-sidecar", "env": env}]}}}
    pods = Resource("urn::pods", "kubernetes:apps/v1:Deployment", {"metadata": {"namespace": "shop"}, "spec": spec}, {})
    result = run(given=preview([*namespaces("test", "prod"), pods]))
    assert result.exit_code == UNDECIDED
    assert "not judged  namespace shop has no identity among the documents" in result.output
    assert "UNDECIDED: 2 namespaces x 3 prefixes on aws" in result.output
    assert run(given=preview([pods])).exit_code == UNUSABLE


def test_names_of_other_namespaces_are_shown_first() -> None:
    """What belongs to somebody tells more than what belongs to nobody in the documents."""
    every = role_policy("test", policy(arns("*")), "every")
    result = run(given=preview([*namespaces("test", "prod"), every]))
    heads = [line for line in result.output.splitlines() if line.startswith("BREACH")]
    assert [line.rpartition(" (")[2] for line in heads] == ["of namespace prod)", "no namespace's)"]


def test_nothing_is_proven_of_a_namespace_that_has_a_prefix_alone() -> None:
    """The stack's roles are of something else, such as functions."""
    service = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    function = resource("aws:iam/role:Role", "function", name="function", assumeRolePolicy=service)
    result = run("--prefix", "shop=team-a/shop/", given=preview([function]))
    assert result.exit_code == UNUSABLE
    assert "isolated" not in result.output


class Terminal(io.BytesIO):
    """Where a person types."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_what_to_pipe_in() -> None:
    """In the place of a command that waits without a word."""
    result = CliRunner().invoke(cli, ["evaluate"], input=Terminal())
    assert result.exit_code == UNUSABLE
    assert "pulumi preview --json --show-sames | secret-access evaluate" in " ".join(result.stderr.split())


@pytest.mark.parametrize("made", [namespaces("test", "prod"), WIDE], ids=["isolated", "widened"])
def test_the_documentation_shows_what_the_command_prints(made: list[Resource]) -> None:
    """Its first two examples, line by line."""
    page = Path(__file__).parents[3] / "docs" / "proof.md"
    assert run(given=preview(made)).output in page.read_text()
