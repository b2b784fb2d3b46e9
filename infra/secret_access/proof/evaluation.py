"""The documents of every cloud in a preview, evaluated. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from . import declared
from .aws import evaluation as aws
from .aws.stack import described
from .azure import stack as azure
from .errors import DocumentError
from .gcp import stack as gcp
from .isolation import Verdict
from .preview import Resource
from .unread import unread
from .vault import stack as vault

Evaluate = Callable[[Sequence[Resource], Mapping[str, str], Sequence[str]], Verdict]
CLOUDS: Mapping[str, Evaluate] = {
    "aws": aws.evaluate,
    "gcp": gcp.evaluate,
    "azure": azure.evaluate,
    "vault": vault.evaluate,
}


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str]) -> list[Verdict]:
    """Return a verdict for each cloud whose secrets identities of pods among the resources may use.

    `prefixes` are those of namespaces, over what the stack's pods and components say. Raises DocumentError, also where
    a prefix does not end in a slash: the empty one would make every name the namespace's own.
    """
    for prefix in (*prefixes.values(), *shared):
        if not prefix.endswith("/"):
            raise DocumentError(f"the prefix {prefix!r} ends in no /; expected one such as team-a/shop/")
    verdicts = [_verdict(cloud, resources, prefixes, shared) for cloud in CLOUDS]
    judged = {namespace for verdict in verdicts for namespace in verdict.judged}
    return [
        _with_unread(_without_given(each, judged & set(prefixes)), resources)
        for each in verdicts
        if each.judged or each.breaches or each.undecided
    ]


def _with_unread(verdict: Verdict, resources: Sequence[Resource]) -> Verdict:
    """Add what may decide in this cloud and is read by nothing, such as roles inside CloudFormation's templates."""
    said = [
        what
        for each in resources
        if not any(known.startswith(f"{each.name} ") for known in verdict.undecided)
        for what in unread(verdict.cloud, [each])
    ]
    return replace(verdict, undecided=(*verdict.undecided, *said))


def without_identities(resources: Sequence[Resource], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts, undecided where pods or components speak of a namespace whose identity is in no document.

    A program may well have pods whose identities another one makes: it is no fault, but no proof of the namespace.
    """
    by_cloud = {verdict.cloud: verdict for verdict in verdicts}
    found: list[Verdict] = []
    for cloud in CLOUDS:
        verdict = by_cloud.get(cloud, Verdict(cloud, {}, ()))
        missing = sorted(set(_declared(resources, cloud)) - set(verdict.judged))
        doubts = [f"namespace {each} has no identity among the documents that may use a secret" for each in missing]
        if cloud in by_cloud or doubts:
            unreadable = tuple(each for each in verdict.unreadable if each not in missing)
            found.append(replace(verdict, undecided=(*verdict.undecided, *doubts), unreadable=unreadable))
    return found


def _declared(resources: Sequence[Resource], cloud: str) -> dict[str, str]:
    """Return the prefixes of namespaces, as the stack has them."""
    return {**declared.prefixes(resources, cloud), **_by_components(resources, cloud)}


def _by_components(resources: Sequence[Resource], cloud: str) -> dict[str, str]:
    """Return the prefixes that components are given or write: pods have no say beside these."""
    written = described(resources) if cloud == "aws" else {}
    return {**declared.prefixes_of_components(resources, cloud), **written}


def _verdict(cloud: str, resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str]) -> Verdict:
    known = _declared(resources, cloud)
    settled = {*_by_components(resources, cloud), *prefixes}
    verdict = CLOUDS[cloud](resources, {**known, **prefixes}, shared)
    in_doubt = [
        f"the pods of namespace {namespace} have several prefixes, {', '.join(of)}: give the one that is its own"
        for namespace, of in declared.prefixes_of_pods(resources, cloud).items()
        if len(of) > 1 and namespace not in settled
    ]
    by_identities = set(verdict.namespaces) - {*known, *prefixes}
    judged = tuple(sorted({*verdict.judged, *by_identities}))
    return replace(verdict, undecided=(*verdict.undecided, *in_doubt), judged=judged)


def _without_given(verdict: Verdict, judged: set[str]) -> Verdict:
    """Leave out of `unreadable` what `prefixes` is told of a namespace that is another cloud's."""
    elsewhere = judged - set(verdict.judged)
    return replace(verdict, unreadable=tuple(each for each in verdict.unreadable if each not in elsewhere))
