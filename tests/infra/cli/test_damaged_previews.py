"""`secret-access evaluate` of damaged, odd and hostile previews: a message and an exit code, never a traceback."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secret_access.cli.evaluate import BREACHED, ISOLATED, UNDECIDED, UNUSABLE
from secret_access.cli.main import cli
from secret_access.proof.preview import DEEPEST, HIDDEN, UNKNOWN, resources
from tests.infra.cli.test_evaluate import preview
from tests.infra.proof import azure_documents, documents, test_gcp, test_vault

CLOUDS = {
    "aws": [
        *documents.namespaces("test"),
        *documents.associated("shop", documents.pod_identity("shop"), documents.permissions("shop/")),
    ],
    "gcp": [
        *test_gcp.namespaces("test"),
        *test_gcp.impersonated("shop", test_gcp.who("shop")),
        test_gcp.on_a_secret("one", "test--db", test_gcp.who("test")),
    ],
    "azure": [
        *azure_documents.with_own_vaults("test"),
        *azure_documents.with_binding("shop"),
        *azure_documents.custom("test", azure_documents.SHARED, {"dataActions": []}),
        (shared := azure_documents.vault("shared", enableRbacAuthorization=False)),
        azure_documents.admitted("test", "List", of=shared),
    ],
    "vault": test_vault.namespaces("test", "prod"),
}
PREVIEWS = {cloud: json.loads(preview(made)) for cloud, made in CLOUDS.items()}
TYPES = sorted({each.type for made in CLOUDS.values() for each in made})


def run(given: str | bytes, *arguments: str) -> Result:
    """Run the command; an exception that it does not turn into a message fails the test."""
    result = CliRunner().invoke(cli, ["evaluate", *arguments], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def places(of: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and its key or index."""
    for key, value in list(of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ()):
        yield of, key
        yield from places(value)


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "a"}
OUTPUT = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
ODD: list[Any] = [
    *(None, True, 0, -1, 1e308, "", " ", "*", "a", "${aws:username}", "\ud800", "{", "[]", '{"Statement": 5}', "{}"),
    *(UNKNOWN, HIDDEN, [], {}, [None], [[]], [{}], {"a": None}, {"sub": 5}, {"expression": 5}, [5], ["*"]),
    SECRET,
    OUTPUT,
    {
        "Statement": [
            {"Effect": "Allow", "Action": {}, "Resource": [{}], "Principal": 5, "Condition": {"StringLike": 5}}
        ]
    },
    *TYPES,
]


def as_json(text: str) -> Any:
    """The document of JSON in an input; None where damage has left none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def damaged(cloud: str, seed: int, times: int) -> str:
    """The preview with values replaced, removed or doubled, inside documents of JSON too."""
    chosen = random.Random(seed)
    whole = copy.deepcopy(PREVIEWS[cloud])
    for _ in range(times):
        holder, key = chosen.choice(list(places(whole["steps"])) or [(whole, "steps")])
        if key not in holder and not isinstance(holder, list):
            continue
        value = holder[key]
        if isinstance(value, str) and value[:1] == "{" and chosen.random() < 0.7 and (inner := as_json(value)):
            at = list(places(inner))
            if at:
                inside, where = chosen.choice(at)
                inside[where] = chosen.choice(ODD)
            holder[key] = json.dumps(inner)
        elif chosen.random() < 0.2:
            del holder[key]
        elif isinstance(value, str) and chosen.random() < 0.3:
            cut = chosen.randrange(len(value) + 1)
            holder[key] = value[:cut] + str(chosen.choice(["*", "", ":", "/", "?", "x"])) + value[cut + 1 :]
        else:
            holder[key] = copy.deepcopy(chosen.choice(ODD))
    return json.dumps(whole)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CLOUDS)), st.integers(0, 2**32), st.integers(1, 4))
def test_a_damaged_preview_ends_with_a_message(cloud: str, seed: int, times: int) -> None:
    """Whatever is missing, of another type, or known later, also inside documents."""
    result = run(damaged(cloud, seed, times))
    assert result.exit_code in (ISOLATED, BREACHED, UNUSABLE, UNDECIDED)
    assert result.output.strip()
    assert result.exit_code != UNUSABLE or result.stderr.startswith("secret-access: ")


STREAM = "\n".join(
    json.dumps(each)
    for each in (
        {"sequence": 0, "timestamp": 1, "preludeEvent": {"config": {}}},
        {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": {"op": "create", "new": {"inputs": {}}}}},
        {"sequence": 2, "timestamp": 1, "cancelEvent": {}},
    )
)
DEEP = "[" * (DEEPEST + 10) + "]" * (DEEPEST + 10)


def with_inputs(text: str) -> str:
    """A preview of one role, whose inputs are this text of JSON."""
    state = '{"type": "aws:iam/role:Role", "inputs": {"assumeRolePolicy": %s}}'
    return '{"changeSummary": {}, "steps": [{"op": "create", "urn": "urn::a", "newState": ' + state % text + "}]}"


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is empty: pulumi stopped"),
    "white space": (" \n", "is empty: pulumi stopped"),
    "a stream of events": (STREAM, "unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
    "one event after another, in UTF-8": (STREAM.encode(), "unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
    "two previews": (json.dumps(PREVIEWS["aws"]) * 2, "is not JSON"),
    "cut off": (json.dumps(PREVIEWS["aws"])[:-9], "is not JSON"),
    "bytes that are no text": (b"\xff\xfe\xfa{", "is not JSON"),
    "JSON without end": ("[" * 100_000, "nested too deeply"),
    "a number without end": ('{"steps": ' + "1" * 10_000 + "}", "is not JSON"),
    "no steps": ('{"steps": {}}', "has no steps"),
    "steps that are none": ('{"steps": [5]}', "step 1 of the preview has no urn"),
    "a step without a name": ('{"steps": [{"op": "create", "newState": {}}]}', "step 1 of the preview has no urn"),
    "a step that does nothing": ('{"steps": [{"urn": "urn::a", "newState": {}}]}', "step 1 of the preview has no op"),
    "an operation that is none": ('{"steps": [{"urn": "urn::a", "op": [5]}]}', "step 1 of the preview has no op"),
    "a resource without a type": (
        '{"steps": [{"op": "create", "urn": "urn::a", "newState": {"inputs": {}}}]}',
        "urn::a has no type",
    ),
    "inputs that are a list": (
        '{"steps": [{"op": "create", "urn": "urn::a", "newState": {"type": "a", "inputs": [5]}}]}',
        "urn::a has",
    ),
    "an input without end": (with_inputs(DEEP), "nested more than 100 levels deep"),
    "a failure without a message": ('{"steps": [], "diagnostics": [5, {"severity": "error"}]}', "the preview failed"),
    "an invalid policy of Google's": (
        preview(test_gcp.impersonated("shop", "a")).replace("bindings", "x\\\\"),
        "the policy of shop-impersonation is no IAM policy",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused(case: str) -> None:
    """With what was expected."""
    text, expected = REFUSED[case]
    result = run(text)
    assert result.exit_code == UNUSABLE, result.output
    assert expected in result.stderr


def test_a_preview_may_have_any_of_jsons_encodings() -> None:
    """PowerShell writes UTF-16 where `>` is used."""
    text = json.dumps(PREVIEWS["vault"])
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        assert run(text.encode(encoding)).exit_code == ISOLATED


DECIDES = {
    *("assumeRolePolicy", "policy", "roleArn", "serviceAccount", "namespace"),
    *("condition", "policyData", "secretId"),
    *("subject", "subjects", "permissions"),
    *("boundSubject", "tokenPolicies"),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_without_what_decides_there_is_no_proof(cloud: str) -> None:
    """Each input in turn: known later or hidden is all the same, and without what decides there is no proof."""
    whole = PREVIEWS[cloud]
    assert run(json.dumps(whole)).exit_code == ISOLATED
    for step, each in enumerate(whole["steps"]):
        for key in each["newState"]["inputs"]:
            codes = set()
            for odd in (UNKNOWN, HIDDEN, SECRET):
                changed = copy.deepcopy(whole)
                changed["steps"][step]["newState"]["inputs"][key] = odd
                codes.add(run(json.dumps(changed)).exit_code)
            assert len(codes) == 1, (each["urn"], key)
            assert key not in DECIDES or codes <= {BREACHED, UNDECIDED}, (each["urn"], key)


def test_an_output_that_is_known_is_read() -> None:
    """In Pulumi's envelope."""
    envelope = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": "a"}
    (found,) = resources(with_inputs(json.dumps(envelope)))
    assert found.text("assumeRolePolicy") == "a"
