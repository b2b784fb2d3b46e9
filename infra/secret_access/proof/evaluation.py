"""The documents of every cloud in a preview, evaluated. Pure."""

from collections.abc import Callable, Mapping, Sequence

from . import declared
from .aws import stack as aws
from .azure import stack as azure
from .gcp import stack as gcp
from .isolation import Verdict
from .preview import Resource
from .vault import stack as vault

Evaluate = Callable[[Sequence[Resource], Mapping[str, str], Sequence[str]], Verdict]
CLOUDS: Mapping[str, Evaluate] = {
    "aws": aws.evaluate,
    "gcp": gcp.evaluate,
    "azure": azure.evaluate,
    "vault": vault.evaluate,
}


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str]) -> list[Verdict]:
    """Return a verdict for each cloud that has identities of pods among the resources.

    `prefixes` are those of namespaces, over what the stack's pods and components say. Raises DocumentError.
    """
    described: Mapping[str, Mapping[str, str]] = {"aws": aws.described(resources)}
    verdicts = [
        judge(resources, {**declared.prefixes(resources, cloud), **described.get(cloud, {}), **prefixes}, shared)
        for cloud, judge in CLOUDS.items()
    ]
    return [each for each in verdicts if each.namespaces or each.breaches or each.undecided]
