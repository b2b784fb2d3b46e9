"""Mistakes that somebody can make, who finds each before or after it is deployed, and what is said of it.

Those in documents of a cloud are beside the tests of that cloud's evaluator, those of the policy pack beside its rules;
those that no document shows are here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secret_access.probe.matrix import DENIED, READ, REFUSED, Answer, Question
from secret_access.proof.preview import Resource
from tests.infra.policy import cases
from tests.infra.proof import aws_mistakes, azure_mistakes, test_aws, test_gcp, test_vault

Widened = tuple[Callable[[], list[Resource]], tuple[Any, ...], str]


@dataclass(frozen=True)
class InDocuments:
    """A mistake that `secret-access evaluate` finds."""

    cloud: str
    what: str
    resources: Callable[[], list[Resource]]
    namespace: str
    """That can use what is not its own."""
    owner: str | None
    """The namespace whose secret it is. None: of none in the documents."""
    reason: str
    """Part of the statements that let it through."""


@dataclass(frozen=True)
class InAnswers:
    """A mistake that no document shows: the probe finds it by the answers that pods get."""

    cloud: str
    what: str
    answers: Mapping[tuple[str, str], Answer]
    """By namespace that asks and namespace whose secret it is; any other answer is right."""
    reason: str
    """Part of what is said of it."""


def _of(cloud: str, table: Mapping[str, Widened]) -> Iterator[InDocuments]:
    for what, (resources, (namespace, owner, *_), reason) in table.items():
        yield InDocuments(cloud, what, resources, namespace, owner, reason)


def refused(cloud: str, code: str, request_id: str | None = "1") -> Answer:
    """A refusal, as the sidecar hands it on."""
    return Answer(REFUSED, DENIED, cloud, code, "refused", "somebody", request_id)


IN_DOCUMENTS: Sequence[InDocuments] = [
    *_of("aws", test_aws.WIDENED),
    *_of("aws", aws_mistakes.WIDENED),
    *_of("gcp", test_gcp.WIDENED),
    *_of("azure", azure_mistakes.WIDENED),
    *_of("vault", test_vault.WIDENED),
]
IN_PROGRAMS = cases.CASES
"""Found by a rule of the policy pack."""
IN_ANSWERS: Sequence[InAnswers] = [
    InAnswers(
        "aws",
        "a resource policy of the secret lets another namespace's role in",
        {("test", "prod"): Answer(READ, backend="aws")},
        "test asking for prod/a: 200 decided by aws, expected 403 decided by aws",
    ),
    InAnswers(
        "gcp",
        "another stack binds the identity on the project",
        {("prod", "test"): Answer(READ, backend="gcp")},
        "prod asking for test/a: 200 decided by gcp, expected 403 decided by gcp",
    ),
    InAnswers(
        "azure",
        "the vault's firewall refuses, whoever asks, and would not tomorrow",
        {("test", "prod"): refused("azure", "ForbiddenByFirewall")},
        "test asking for prod/a: 403 decided by sidecar, expected 403 decided by azure",
    ),
    InAnswers(
        "vault",
        "the entity of the token has a policy of its own",
        {("test", "prod"): Answer(READ, backend="vault")},
        "test asking for prod/a: 200 decided by vault, expected 403 decided by vault",
    ),
    InAnswers(
        "aws",
        "a proxy refuses in the place of the cloud",
        {("test", "prod"): refused("aws", "AccessDeniedException", None)},
        "test asking for prod/a: 403 decided by sidecar, expected 403 decided by aws",
    ),
    InAnswers(
        "vault",
        "a secret is under another mount, so nobody was refused",
        {("test", "prod"): Answer(404, "urn:secret-access:problem:not-found", "vault", "404", "no such secret")},
        "test asking for prod/a: 404 decided by",
    ),
    InAnswers(
        "gcp",
        "the owner is refused too: a right is missing, and the refusal proves nothing",
        {("prod", "prod"): refused("gcp", "PERMISSION_DENIED")},
        "prod asking for prod/a: 403 decided by",
    ),
    InAnswers(
        "azure",
        "the identity does not answer",
        {("test", "prod"): Answer(None, detail="timed out after 5 s")},
        "test asking for prod/a: no answer decided by nobody, expected 403 decided by azure",
    ),
]


def questions(cloud: str) -> list[Question]:
    """Two namespaces, each asking for its own secret and the other's."""
    return [
        Question(cloud, asker, f"{owner}/a", READ if asker == owner else REFUSED)
        for asker in ("test", "prod")
        for owner in ("test", "prod")
    ]
