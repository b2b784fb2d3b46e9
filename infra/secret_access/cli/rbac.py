"""`secret-access rbac`: who can still obtain each identity inside a live cluster."""

import json
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click

from ..errors import SecretAccessError
from ..kubectl import Kubectl
from ..printable import printable
from ..remainder.grants import EVERYWHERE
from ..remainder.live import cluster_name, read
from ..remainder.opening import Identity, OpenWay
from ..remainder.scan import scan

CLOSED, OPEN, UNUSABLE = 0, 1, 2
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0  no way is open but to the cluster's own parts and to those given with --trusted
  1  another subject has a way
  2  the arguments, kubectl or the cluster cannot be used, or there is no identity
"""
MOST = 12
"""Ways that one line of what to do names."""
NOT_SEEN = (
    "who is in a group: the identity provider knows",
    "rights that other authorizers give, such as EKS access entries, Google's IAM and Azure's roles for Kubernetes",
    "custom resources of operators that are not known by name, and have no containers in their schema",
    "namespaces that the API server's configuration exempts from Pod Security",
    "who controls the server of a webhook that changes pods",
    "what admission refuses of what RBAC allows, but for ServiceAccountGuards",
    "access to etcd, to the nodes, to the images, and to the pipeline that deploys",
)
"""What RBAC does not show; said beside every answer."""


def _identities(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[Identity, ...]:
    for each in given:
        namespace, _, name = each.partition("/")
        if not namespace or not name or "/" in name:
            raise click.BadParameter(f"{each!r}: expected NAMESPACE/SERVICEACCOUNT, such as shop/secret-access")
    return tuple(Identity(*each.split("/")) for each in given)


def _trusted(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    for each in given:
        kind, _, name = each.partition(" ")
        if kind not in ("User", "Group", "ServiceAccount") or not name:
            raise click.BadParameter(
                f"{each!r}: expected a subject as the answer names it, such as 'Group platform' or "
                "'ServiceAccount ci/deployer'"
            )
    return frozenset(given)


@click.command(epilog=EXIT_CODES)
@click.option("--context", help="A context of the kubeconfig. By default its current one.")
@click.option("--kubeconfig", metavar="FILE", help="A kubeconfig. By default the one that kubectl takes.")
@click.option("--kubectl", "command", default="kubectl", show_default=True, help="The kubectl to ask with.")
@click.option(
    "--identity",
    "identities",
    multiple=True,
    metavar="NAMESPACE/SERVICEACCOUNT",
    callback=_identities,
    help="A ServiceAccount to ask for, in place of those that are found. Repeatable.",
)
@click.option(
    "--trusted",
    multiple=True,
    metavar="SUBJECT",
    callback=_trusted,
    help="Who may, such as 'Group platform': counted with the cluster's own parts. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def rbac(
    context: str | None,
    kubeconfig: str | None,
    command: str,
    identities: tuple[Identity, ...],
    trusted: frozenset[str],
    as_json: bool,
) -> None:
    """List who can obtain a namespace's identity inside the cluster, which the cloud's IAM cannot stop.

    A cloud believes the cluster about who a pod is. A person who may create a pod of the ServiceAccount, a token of it,
    or a way into its pods has its secrets. It reads RBAC, namespaces, ServiceAccounts and pods, no Secret, and changes
    nothing. Identities are the ServiceAccounts with an annotation for a cloud, and those of pods with the sidecar.

    \b
    Examples:
      secret-access rbac --context blue
      secret-access rbac --identity shop/secret-access --trusted 'Group platform'
      secret-access rbac --json | jq '.ways[] | select(.namespace == "shop")'
    """
    kubectl = Kubectl(context, kubeconfig, command)
    try:
        cluster = read(kubectl, identities)
        name = cluster_name(kubectl)
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(UNUSABLE)
    if not cluster.identities:
        click.echo(
            "secret-access: the cluster has no identity: expected ServiceAccounts with an annotation for a cloud, or "
            "pods with the sidecar; name others with --identity NAMESPACE/SERVICEACCOUNT",
            err=True,
        )
        sys.exit(UNUSABLE)
    found = scan(cluster)
    expected = [way for way in found if way.is_own or way.subject in trusted]
    refused = [way for way in found if way.refused_by and way not in expected]
    ways = [way for way in found if not (way.is_own or way.subject in trusted or way.refused_by)]
    asked, listed = sorted(cluster.identities), (ways, refused, expected)
    click.echo(
        json.dumps(_as_json(name, asked, ways, refused, expected), indent=2)
        if as_json
        else "\n".join(_as_text(printable(name), asked, *(list(map(_printable, each)) for each in listed)))
    )
    sys.exit(OPEN if ways else CLOSED)


def _printable(way: OpenWay) -> OpenWay:
    return replace(way, subject=printable(way.subject), by=printable(way.by), refused_by=printable(way.refused_by))


def _as_json(
    cluster: str,
    identities: Sequence[Identity],
    ways: Sequence[OpenWay],
    refused: Sequence[OpenWay],
    expected: Sequence[OpenWay],
) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "scanned_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "identities": [asdict(identity) for identity in identities],
        "ways": [_way(way, "is_own", "refused_by") for way in ways],
        "refused": [_way(way, "is_own", "mend") for way in refused],
        "expected": _counts(expected),
        "not_seen": list(NOT_SEEN),
    }


def _way(way: OpenWay, *without: str) -> dict[str, Any]:
    return {key: value for key, value in asdict(way).items() if key not in without}


def _counts(ways: Sequence[OpenWay]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for way in ways:
        counted[way.subject] += 1
    return counted


def _collapsed(expected: Sequence[OpenWay]) -> Iterator[str]:
    """Yield who is expected, with Kubernetes' own controllers as one."""
    controllers = {way.subject for way in expected if way.is_own and way.subject.startswith("ServiceAccount ")}
    yield from (subject for subject in _counts(expected) if subject not in controllers)
    if controllers:
        yield _count(len(controllers), "controller of kube-system", "controllers of kube-system")


def _as_text(
    cluster: str,
    identities: Sequence[Identity],
    ways: Sequence[OpenWay],
    refused: Sequence[OpenWay],
    expected: Sequence[OpenWay],
) -> Iterator[str]:
    subjects = dict.fromkeys(way.subject for way in ways)
    for subject in subjects:
        yield click.style(subject, bold=True)
        for places, names in _alike([way for way in ways if way.subject == subject]):
            yield from _wrapped(f"{_where(places)}: {', '.join(names)}", "  ")
            others = len({place.by for place in places}) - 1
            more = f", and {others} like it" if others else ""
            yield from _wrapped(f"by {places[0].by}{more}", "    ")
    if ways:
        yield ""
        for mend in dict.fromkeys(way.mend for way in ways):
            mended = dict.fromkeys(way.kind for way in ways if way.mend == mend)
            yield from _wrapped(f"{_some(list(mended), 'ways', MOST)}: {mend}", "")
        yield ""
    for guard in dict.fromkeys(way.refused_by for way in refused):
        whose = ", ".join(_counts([way for way in refused if way.refused_by == guard]))
        yield from _wrapped(f"Refused by the guard {guard}, but to its deployers: {whose}", "")
    if expected:
        yield from _wrapped(f"Expected: {', '.join(_collapsed(expected))}", "")
    count = len({identity.namespace for identity in identities})
    where = f"{_count(count, 'namespace', 'namespaces')} of {cluster}"
    what = f"{_count(len(identities), 'identity', 'identities')} in {where}"
    if ways:
        yield click.style(f"OPEN to {_count(len(subjects), 'subject', 'subjects')}: {what}", fg="red", bold=True)
    else:
        yield click.style(f"closed: {what}", fg="green", bold=True)
    yield from _wrapped(f"Not seen: {'; '.join(NOT_SEEN)}", "")


def _count(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


class Place(NamedTuple):
    """Where a way is open."""

    namespace: str
    """Whose identities are reached."""
    scope: str
    """Where the rights are, if they reach every identity from there."""
    by: str


def _alike(ways: Sequence[OpenWay]) -> Iterator[tuple[list[Place], list[str]]]:
    """Yield what a subject may, with all places where it may the same, for 200 namespaces have the same bindings."""
    by_place: dict[Place, list[str]] = defaultdict(list)
    for way in ways:
        scope = way.scope if way.namespace == EVERYWHERE else ""
        by_place[Place(way.namespace, scope, way.by)].append(way.kind)
    by_names: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    for place, names in by_place.items():
        apart = place.by if place.scope == EVERYWHERE else place.scope and "from"
        by_names[apart, *names].append(place)
    for (_, *names), places in by_names.items():
        yield places, names


def _where(places: Sequence[Place]) -> str:
    names = list(dict.fromkeys(place.namespace for place in places))
    if names != [EVERYWHERE]:
        return f"in {_some(names, 'namespaces', 3)}"
    scopes = list(dict.fromkeys(place.scope for place in places))
    return "to every identity" + ("" if scopes == [EVERYWHERE] else f", from {_some(scopes, 'namespaces', 3)}")


def _some(names: Sequence[str], what: str, most: int) -> str:
    more = f" and {len(names) - most} {what} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
