"""Which pattern is recommended to whom: a matrix, scenarios, and every situation that can be said.

The matrix, the scenarios and the tree are those of "Kubernetes Secrets: Should Your Cluster Store Secrets or Just
Access Them?" (January 2026), called the article here.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from secret_access import InvalidAnswer, NoPattern, Pattern, SecretKind, Situation, recommend, recommend_all
from secret_access.patterns.recommend import Recommendation
from secret_access.patterns.situation import Vault
from tests.infra.messages import assert_all_in

STARTUP = Situation(
    isolates_namespaces=False, may_be_in_etcd=True, declarative=False, simplicity=True, polyglot=False, pods=20
)
MID_SIZE = Situation(
    isolates_namespaces=False, may_be_in_etcd=True, declarative=True, simplicity=False, polyglot=True, pods=150
)
ENTERPRISE = Situation(
    isolates_namespaces=True, may_be_in_etcd=True, declarative=False, simplicity=False, polyglot=True, pods=2000
)
REGULATED = Situation(
    isolates_namespaces=True, may_be_in_etcd=False, declarative=False, simplicity=False, polyglot=False, pods=300
)
HYBRID = Situation(
    isolates_namespaces=False, may_be_in_etcd=True, declarative=False, simplicity=False, polyglot=True, pods=200
)

SCENARIOS = {
    "an early startup": (STARTUP, SecretKind.DATABASE_PASSWORD, Pattern.KUBERNETES_SECRET),
    "a company of middle size": (MID_SIZE, SecretKind.DATABASE_PASSWORD, Pattern.EXTERNAL_SECRETS),
    "a large enterprise": (ENTERPRISE, SecretKind.DATABASE_PASSWORD, Pattern.SIDECAR),
    "a regulated firm": (REGULATED, SecretKind.DATABASE_PASSWORD, Pattern.SIDECAR),
    "hybrid, what is static": (HYBRID, SecretKind.DATABASE_URL, Pattern.KUBERNETES_SECRET),
    "hybrid, what changes": (HYBRID, SecretKind.API_TOKEN, Pattern.SIDECAR),
}
MATRIX = {
    SecretKind.DATABASE_URL: Pattern.KUBERNETES_SECRET,
    SecretKind.DATABASE_PASSWORD: Pattern.SIDECAR,
    SecretKind.SERVICE_ENDPOINT: Pattern.KUBERNETES_SECRET,
    SecretKind.API_TOKEN: Pattern.SIDECAR,
    SecretKind.FEATURE_FLAGS: Pattern.CONFIG_MAP,
    SecretKind.ENCRYPTION_KEY: Pattern.SIDECAR,
    SecretKind.OAUTH_CLIENT_ID: Pattern.KUBERNETES_SECRET,
    SecretKind.OAUTH_CLIENT_SECRET: Pattern.SIDECAR,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_five_scenarios(scenario: str) -> None:
    """As the article has them; the fifth is two."""
    situation, kind, expected = SCENARIOS[scenario]
    assert recommend(situation, kind).pattern is expected


@pytest.mark.parametrize("kind", SecretKind)
def test_the_eight_kinds_of_secrets(kind: SecretKind) -> None:
    """As the article's matrix has them, for a team that offers several patterns."""
    assert recommend(HYBRID, kind).pattern is MATRIX[kind]


def test_all_kinds_at_once() -> None:
    """Most teams need several patterns."""
    assert {answer.secret: answer.pattern for answer in recommend_all(HYBRID)} == MATRIX
    assert [answer.secret for answer in recommend_all(HYBRID, ["api_token"])] == [SecretKind.API_TOKEN]


def tree(situation: Situation) -> Pattern:
    """The article's decision tree, word for word: scale first."""
    if situation.pods < 50:
        return Pattern.KUBERNETES_SECRET
    if not situation.may_be_in_etcd:
        return Pattern.SIDECAR
    if situation.declarative:
        return Pattern.EXTERNAL_SECRETS
    return Pattern.SIDECAR if situation.polyglot else Pattern.NATIVE_SDK


def test_a_small_regulated_team_keeps_nothing_in_etcd() -> None:
    """The article's tree asks for scale first, and sends it into etcd, which it may not use."""
    small = replace(REGULATED, pods=10, isolates_namespaces=False)
    assert tree(small) is Pattern.KUBERNETES_SECRET
    answer = recommend(small)
    assert answer.pattern is Pattern.SIDECAR
    assert answer.reasons[0].startswith("secrets may not be in etcd, which excludes Kubernetes Secret")
    assert recommend(replace(small, simplicity=True)).pattern is Pattern.SIDECAR


@pytest.mark.parametrize(
    ("isolates_namespaces", "may_be_in_etcd", "declarative", "polyglot"),
    [*itertools.product([False, True], repeat=4)],
)
def test_beyond_a_few_pods_the_articles_tree_is_followed(
    isolates_namespaces: bool, may_be_in_etcd: bool, declarative: bool, polyglot: bool
) -> None:
    """A password of a team that has time for setting up."""
    situation = Situation(isolates_namespaces, may_be_in_etcd, declarative, False, polyglot, pods=50)
    assert recommend(situation).pattern is tree(situation)


CHANGED: dict[str, tuple[Situation, dict[str, Any], Pattern]] = {
    "files, not in etcd": (REGULATED, {"reads": "files"}, Pattern.CSI_DRIVER),
    "files, in etcd": (MID_SIZE, {"reads": "files"}, Pattern.EXTERNAL_SECRETS),
    "the environment alone": (MID_SIZE, {"reads": "environment"}, Pattern.EXTERNAL_SECRETS),
    "one language that has the SDK": (REGULATED, {"uses_sdk": True}, Pattern.NATIVE_SDK),
    "the SDK of several vaults": (REGULATED, {"uses_sdk": True, "vaults": ["aws", "gcp"]}, Pattern.SIDECAR),
    "no sidecar": (REGULATED, {"takes_sidecar": False}, Pattern.SHARED_SERVICE),
    "vendors alone, AWS": (ENTERPRISE, {"vendor_supported": True}, Pattern.VENDOR_AGENT),
    "vendors alone, Vault": (ENTERPRISE, {"vendor_supported": True, "vaults": ["vault"]}, Pattern.VENDOR_AGENT),
    "vendors alone, Google": (ENTERPRISE, {"vendor_supported": True, "vaults": ["gcp"]}, Pattern.CSI_DRIVER),
    "vendors alone, no sidecar": (
        ENTERPRISE,
        {"vendor_supported": True, "takes_sidecar": False},
        Pattern.CSI_DRIVER,
    ),
    "no vault": (HYBRID, {"vaults": []}, Pattern.KUBERNETES_SECRET),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_the_questions_leave_out(case: str) -> None:
    """How applications read, what pods take, and what may run decide too."""
    situation, changed, expected = CHANGED[case]
    assert recommend(replace(situation, **changed)).pattern is expected


@pytest.mark.parametrize(
    ("vaults", "said"),
    [
        (["aws"], "EKS: install the add-on"),
        (["azure"], "AKS: enable the add-on azure-keyvault-secrets-provider"),
        (["gcp"], "GKE: enable the add-on"),
        (["vault"], "Vault's provider"),
    ],
)
def test_next_steps_name_the_clouds_managed_add_on(vaults: list[str], said: str) -> None:
    """And the components of this package where they serve."""
    steps = recommend(replace(REGULATED, reads="files", vaults=vaults)).next_steps
    assert any(said in step for step in steps)
    own = recommend(replace(REGULATED, vaults=vaults)).next_steps
    assert any("SecretAccess for each namespace" in step for step in own)


def test_an_encryption_key_stays_out_of_etcd_where_it_can() -> None:
    """Even where simplicity counts; without a vault there is no other place, and the answer says what that means."""
    assert recommend(STARTUP, "encryption_key").pattern is not Pattern.KUBERNETES_SECRET
    assert any("stays out of etcd" in reason for reason in recommend(STARTUP, "encryption_key").reasons)
    without = recommend(replace(STARTUP, vaults=[]), "encryption_key")
    assert without.pattern is Pattern.KUBERNETES_SECRET
    assert any("opens all that it encrypted" in lost for lost in without.gives_up)


def test_wishes_that_are_not_met_are_said() -> None:
    """They exclude nothing, and are not passed over either."""
    assert any("not the simplest" in lost for lost in recommend(replace(REGULATED, simplicity=True)).gives_up)
    declarative = recommend(replace(REGULATED, declarative=True, uses_sdk=True))
    assert any("in no manifest" in lost for lost in declarative.gives_up)
    tenants = recommend(replace(MID_SIZE, isolates_namespaces=True))
    assert tenants.pattern is Pattern.EXTERNAL_SECRETS
    assert any("RBAC has to be right" in lost for lost in tenants.gives_up)


IMPOSSIBLE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an environment without etcd": (
        {"reads": "environment"},
        ["secrets may not be in etcd", "applications read environment", "read a file or ask by HTTP"],
    ),
    "no vault and no etcd": ({"vaults": []}, ["secrets may not be in etcd", "there is no vault", "set up a vault"]),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_had_together_is_said(case: str) -> None:
    """With what excludes each pattern, and a way out that weakens nothing."""
    changed, said = IMPOSSIBLE[case]
    with pytest.raises(NoPattern) as error:
        recommend(replace(REGULATED, **changed))
    message = str(error.value)
    assert not [part for part in said if part not in message], message


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a word for a flag": ({"may_be_in_etcd": "no"}, ["may_be_in_etcd", "'no'", "true or false"]),
    "a number for a flag": ({"polyglot": 1}, ["polyglot", "1", "true or false"]),
    "less than no pods": ({"pods": -1}, ["pods", "-1", "0 or more"]),
    "a half": ({"pods": 1.5}, ["pods", "1.5", "whole number"]),
    "pods by text": ({"pods": "many"}, ["pods", "'many'"]),
    "an unknown vault": ({"vaults": ["awz"]}, ["vaults", "'awz'", "did you mean aws?"]),
    "a vault by text": ({"vaults": "aws"}, ["vaults", "'aws'", "write a list"]),
    "an unknown way to read": ({"reads": "file"}, ["reads", "'file'", "did you mean files?"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_answers_that_are_none_are_refused(case: str) -> None:
    """A text would be taken for true."""
    changed, said = WRONG[case]
    with pytest.raises(InvalidAnswer) as error:
        replace(REGULATED, **changed)
    assert_all_in(said, error)


def test_an_unknown_kind_of_secret_is_refused() -> None:
    """With the one that is meant."""
    with pytest.raises(InvalidAnswer, match="did you mean api_token"):
        recommend(REGULATED, "api_tokens")


FLAGS = (
    *("isolates_namespaces", "may_be_in_etcd", "declarative", "simplicity", "polyglot"),
    *("takes_sidecar", "uses_sdk", "vendor_supported"),
)
VAULTS: tuple[tuple[str, ...], ...] = ((), *((vault,) for vault in Vault), ("aws", "vault"), ("azure", "gcp"))
KINDS = (SecretKind.DATABASE_URL, SecretKind.DATABASE_PASSWORD, SecretKind.ENCRYPTION_KEY)


def situations() -> Iterator[Situation]:
    for flags in itertools.product([False, True], repeat=len(FLAGS)):
        for pods, vaults, reads in itertools.product([10, 500], VAULTS, ["code", "files", "environment"]):
            yield Situation(**dict(zip(FLAGS, flags, strict=True)), pods=pods, vaults=vaults, reads=reads)


def breaks(situation: Situation, pattern: Pattern) -> str | None:
    """What was said that a pattern breaks, told apart from the code: sets of patterns, spelled out."""
    copies = {Pattern.KUBERNETES_SECRET, Pattern.EXTERNAL_SECRETS}
    rules = {
        "no etcd": (not situation.may_be_in_etcd, copies),
        "isolation": (situation.isolates_namespaces, {Pattern.KUBERNETES_SECRET}),
        "languages": (situation.polyglot, {Pattern.NATIVE_SDK}),
        "vaults": (len(situation.vaults) > 1, {Pattern.NATIVE_SDK, Pattern.VENDOR_AGENT}),
        "no vault": (not situation.vaults, {*Pattern} - {Pattern.KUBERNETES_SECRET}),
        "agents": (not {*situation.vaults} <= {"aws", "vault"}, {Pattern.VENDOR_AGENT}),
        "files": (situation.reads == "files", {*Pattern} - copies - {Pattern.CSI_DRIVER}),
        "environment": (situation.reads == "environment", {*Pattern} - copies),
        "no container": (not situation.takes_sidecar, {Pattern.SIDECAR, Pattern.VENDOR_AGENT}),
        "vendors": (
            situation.vendor_supported,
            {Pattern.SIDECAR, Pattern.SHARED_SERVICE, Pattern.EXTERNAL_SECRETS},
        ),
        "a secret": (True, {Pattern.CONFIG_MAP}),
    }
    return next((name for name, (holds, out) in rules.items() if holds and pattern in out), None)


def answered(situation: Situation, kind: SecretKind) -> Recommendation | None:
    try:
        return recommend(situation, kind)
    except NoPattern:
        return None


def test_no_answer_breaks_what_was_said() -> None:
    """In every situation: neither the pattern nor an alternative; none is withheld; each pattern is some answer."""
    seen: Counter[Pattern | None] = Counter()
    for situation in situations():
        possible = [pattern for pattern in Pattern if breaks(situation, pattern) is None]
        for kind in KINDS:
            answer = answered(situation, kind)
            seen[None if answer is None else answer.pattern] += 1
            if answer is None:
                assert not possible, situation
                continue
            assert breaks(situation, answer.pattern) is None, (situation, kind, answer.pattern)
            others = {alternative.pattern for alternative in answer.alternatives}
            assert others <= {*possible} - {answer.pattern}, (situation, kind)
            assert answer.reasons
            assert answer.gives_up
            assert answer.next_steps
            if kind is SecretKind.ENCRYPTION_KEY and {*possible} - {
                Pattern.KUBERNETES_SECRET,
                Pattern.EXTERNAL_SECRETS,
            }:
                assert answer.pattern not in {Pattern.KUBERNETES_SECRET, Pattern.EXTERNAL_SECRETS}
    assert {*seen} == {None, *Pattern} - {Pattern.CONFIG_MAP}


def test_scale_moves_nothing_into_etcd_that_may_not_be_there() -> None:
    """With nothing but the number of pods changed, what may not be in etcd has the same answer."""
    for situation in situations():
        if not situation.may_be_in_etcd and situation.pods == 10:
            few, many = (answered(replace(situation, pods=pods), KINDS[1]) for pods in (10, 500))
            assert few == many
