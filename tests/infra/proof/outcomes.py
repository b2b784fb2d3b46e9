"""What `secret-access evaluate` says of resources, in a word."""

from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource

PREFIXES = {"test": "test/", "prod": "prod/"}


def outcome(resources: list[Resource]) -> str:
    """What `secret-access evaluate` would end with."""
    verdicts = evaluate(resources, PREFIXES, ())
    if any(verdict.breaches for verdict in verdicts):
        return "breach"
    return "undecided" if any(verdict.undecided for verdict in verdicts) else "isolated"


def sub(namespace: str) -> str:
    """The subject of a namespace's ServiceAccount."""
    return f"system:serviceaccount:{namespace}:secret-access"
