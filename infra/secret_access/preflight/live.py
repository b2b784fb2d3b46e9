"""The checks, asked of a live cluster. Nothing is created: pods are asked about by a dry run of the server."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from ..kubectl import ClusterNotReached, Forbidden, Kubectl, KubectlError, NotFound
from . import admission, clock, https, issuer, namespaces, versions, webhooks
from .check import Check, Severity

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
SLICES = "/apis/discovery.k8s.io/v1"
DISCOVERY = "/.well-known/openid-configuration"
AT_A_TIME = 8
"""Dry runs."""
Asked = Callable[[], Iterable[Check]]


def checks(
    kubectl: Kubectl, chosen: Collection[str], image: str, authorities: str | None, now: Callable[[], datetime]
) -> Iterator[Check]:
    """Yield what each check found; one that the API server refuses to answer is unknown, and the others go on.

    `chosen`: namespaces, or none for all but Kubernetes' own. `authorities`: a PEM file of those that the vault trusts
    besides the system's. `now` is this machine's time. Raise `ClusterNotReached` where no API server answers.
    """
    yield versions.api_server(kubectl.read("/version"))
    yield from _asked(
        "node-version", "the nodes' versions", lambda: [versions.nodes(kubectl.read_all("/api/v1/nodes"))]
    )
    yield from _asked("issuer-document", "the issuer", lambda: of_issuer(kubectl, authorities, now))
    yield from _asked("webhook-dead", "admission webhooks", lambda: of_webhooks(kubectl))
    yield from _asked("pod-security", "the namespaces", lambda: of_namespaces(kubectl, chosen, image))


def _asked(check: str, what: str, ask: Asked) -> Iterator[Check]:
    try:
        yield from ask()
    except (Forbidden, NotFound) as error:
        yield Check(check, Severity.UNKNOWN, what, str(error))


def issuer_of(kubectl: Kubectl) -> str | None:
    """Return the issuer of the cluster's tokens; None where the API server refuses to say it."""
    try:
        return str(kubectl.read(DISCOVERY)["issuer"])
    except (Forbidden, NotFound):
        return None


def of_issuer(kubectl: Kubectl, authorities: str | None, now: Callable[[], datetime]) -> Iterator[Check]:
    """Yield what is found of the issuer, its keys, and the clocks."""
    document = kubectl.read(DISCOVERY)
    of_cluster = kubectl.read("/openid/v1/jwks")
    name = str(document["issuer"])
    address = issuer.address(name)
    yield address
    offset = None
    if address.severity is Severity.OK:
        url, what = issuer.discovery_url(name), issuer.DOCUMENT
        try:
            before = now()
            served = https.fetch(url, authorities)
            offset = clock.ahead(served.date, before, now()) if served.date else None
            judged = issuer.published(name, served.document)
            yield judged
            if judged.severity is Severity.OK:
                url, what = served.document["jwks_uri"], issuer.KEYS
                yield issuer.keys(of_cluster, https.fetch(url, authorities).document)
        except https.NotServed as error:
            yield issuer.not_served(what, url, str(error))
    before = now()
    who = kubectl.answer("auth", "whoami", "--output=json")
    said = datetime.fromisoformat(who["metadata"]["creationTimestamp"])
    yield from clock.clocks(clock.ahead(said, before, now()), offset)


def of_webhooks(kubectl: Kubectl) -> Iterator[Check]:
    """Yield what is found of admission webhooks."""
    kinds = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
    found = webhooks.of(each for kind in kinds for each in kubectl.read_all(f"{ADMISSION}/{kind}"))
    yield from webhooks.of_clouds(found)
    dead = [
        check
        for webhook in found
        if webhook.service
        for check in webhooks.dead(
            webhook,
            kubectl.read_all(
                f"{SLICES}/namespaces/{webhook.service[0]}/endpointslices",
                labelSelector=f"kubernetes.io/service-name={webhook.service[1]}",
            ),
        )
    ]
    met = "asked by what `pulumi up` creates"
    count = f"{len(found)} {met}, none without an endpoint" if found else f"none is {met}"
    yield from dead or [Check("webhook-dead", Severity.OK, "admission webhooks", count)]


def of_namespaces(kubectl: Kubectl, chosen: Collection[str], image: str) -> Iterator[Check]:
    """Yield what is found in the namespaces, with a dry run in each."""
    every = {each["metadata"]["name"]: each for each in kubectl.read_all("/api/v1/namespaces")}
    for missing in sorted(set(chosen) - every.keys()):
        yield Check("pod", Severity.OK, f"the namespace {missing}", "there is none yet: `pulumi up` makes it")
    names = sorted(every.keys() & set(chosen) if chosen else every.keys() - set(namespaces.SYSTEM))
    if not names:
        return
    yield from namespaces.pod_security(every[name] for name in names)
    policies = kubectl.read_all("/apis/networking.k8s.io/v1/networkpolicies")
    yield from namespaces.egress(each for each in policies if each["metadata"]["namespace"] in names)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = [check for several in pool.map(lambda name: _dry_run(kubectl, name, image), names) for check in several]
    yield from found or [
        Check("pod", Severity.OK, "a pod with the sidecar", f"admitted in {len(names)} namespaces, unchanged")
    ]


def _dry_run(kubectl: Kubectl, namespace: str, image: str) -> list[Check]:
    sent = admission.pod(namespace, image)
    arguments = ("create", "--dry-run=server", "--filename=-", "--output=json")
    try:
        admitted = kubectl.answer(*arguments, given=json.dumps(sent))
    except ClusterNotReached:
        raise
    except KubectlError as error:
        said = error.complaint.rpartition('"STDIN": ')[2] or str(error)
        if "cannot create resource" in said:
            return [Check("pod", Severity.UNKNOWN, f"a pod with the sidecar in {namespace}", said)]
        return [admission.refused(namespace, said)]
    return list(admission.changed(namespace, sent, admitted))


def local_time() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)
