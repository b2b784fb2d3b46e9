"""What each check of `secret-access preflight` goes by, where a real cluster cannot be made to have the fault."""

from datetime import UTC, datetime, timedelta

import pytest

from secret_access.preflight import admission, clock, https, issuer, versions, webhooks
from secret_access.preflight.check import Severity

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "severity"),
    [
        ("https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539", "ok"),
        ("https://issuer.example/", "ok"),
        ("http://issuer.example", "error"),
        ("issuer.example", "error"),
        ("https://", "error"),
        ("https://issuer.example?x=1", "error"),
        ("https://kubernetes.default.svc", "error"),
        ("https://kubernetes.default.svc.cluster.local", "error"),
        ("https://localhost:6443", "error"),
        ("https://svc.example", "ok"),
    ],
)
def test_an_issuer_has_an_address_that_clouds_reach(url: str, severity: str) -> None:
    """kubeadm's own is a name inside the cluster."""
    assert issuer.address(url).severity == severity


def test_the_issuer_is_the_same_to_the_letter() -> None:
    """A slash more or less is another issuer; the document is below the path either way."""
    with_slash = {"issuer": "https://a.example/", "jwks_uri": "https://a.example/keys"}
    assert issuer.published("https://a.example", with_slash).severity == "error"
    assert issuer.published("https://a.example/", with_slash).severity == "ok"
    assert issuer.discovery_url("https://a.example/") == issuer.discovery_url("https://a.example")


KEY = {"kid": "a", "kty": "RSA", "n": "AQ", "e": "AQAB"}


def test_what_is_beside_a_key_may_differ() -> None:
    """Not the key; every key of the cluster is published, for it may sign with each."""
    assert issuer.keys({"keys": [KEY | {"use": "sig"}]}, {"keys": [KEY | {"alg": "RS256"}]}).severity == "ok"
    assert issuer.keys({"keys": [KEY]}, {"keys": [KEY | {"e": "AQAC"}]}).severity == "error"
    new = KEY | {"kid": "b", "n": "Ag"}
    found = issuer.keys({"keys": [KEY, new]}, {"keys": [KEY]})
    assert (found.severity, found.found) == ("error", "not published: b")
    assert issuer.keys({"keys": []}, {"keys": [KEY]}).severity == "error"


@pytest.mark.parametrize(
    ("given", "severity", "text"),
    [
        ("v1.28.9-eks-036c24b", "error", "v1.28.9"),
        ("v1.29.0", "ok", "ServiceAccountGuard needs 1.30; SidecarInjection needs 1.36"),
        ("v1.33.5-gke.1", "ok", "SidecarInjection needs 1.36"),
        ("v1.36.3", "ok", "v1.36.3"),
        ("", "unknown", "''"),
    ],
)
def test_a_version_has_what_the_sidecar_needs(given: str, severity: str, text: str) -> None:
    """Native sidecars; the components that need more are named."""
    found = versions.api_server({"gitVersion": given})
    assert (found.severity, found.found.endswith(text) or found.found.startswith(text)) == (severity, True)


@pytest.mark.parametrize(
    ("said", "ahead"),
    [
        (NOON, 0),
        (NOON + timedelta(seconds=2), 0),
        (NOON - timedelta(seconds=1), 0),
        (NOON + timedelta(seconds=33), 30),
        (NOON - timedelta(seconds=31), -30),
    ],
)
def test_a_slow_answer_is_no_difference_of_clocks(said: datetime, ahead: int) -> None:
    """Here it takes three seconds, and the server says whole ones."""
    assert clock.ahead(said, NOON, NOON + timedelta(seconds=3)) == timedelta(seconds=ahead)


@pytest.mark.parametrize(
    ("headers", "time"),
    [
        ({"Date": "Thu, 01 Jan 2026 12:00:00 GMT"}, NOON),
        ({"Date": "Thu, 01 Jan 2026 12:00:00 -0000"}, NOON),
        ({"Date": "Thu, 01 Jan 2026 11:59:00 GMT", "Age": "60"}, NOON),
        ({"Date": "Thu, 01 Jan 2026 12:00:00 GMT", "Age": "old"}, None),
        ({"Date": "Thu, 01 Jan 2026 12:00:00 GMT", "Age": "9" * 20}, None),
        ({"Date": "noon"}, None),
        ({}, None),
    ],
)
def test_a_servers_time_is_read_or_left_out(headers: dict[str, str], time: datetime | None) -> None:
    """What cannot be read keeps nobody from reading the document."""
    assert https.time_of(headers) == time


def test_tokens_go_by_the_clusters_clock() -> None:
    """So it is held against the cloud's as well, wherever this machine's is."""
    of_machine, of_issuer = clock.clocks(timedelta(minutes=5), timedelta(minutes=5))
    assert (of_machine.severity, of_issuer.severity) == ("error", "ok")
    _, of_issuer = clock.clocks(timedelta(), timedelta(minutes=-5))
    assert (of_issuer.severity, of_issuer.found) == ("error", "300 s ahead of that of the issuer's server")
    assert len(clock.clocks(timedelta(), None)) == 1


@pytest.mark.parametrize(
    ("seconds", "severity"), [(0, "ok"), (10, "ok"), (-10, "ok"), (11, "warning"), (-60, "warning"), (61, "error")]
)
def test_a_difference_of_clocks_is_a_warning_before_it_is_an_error(seconds: int, severity: str) -> None:
    """Whichever of both is ahead."""
    assert clock.clocks(timedelta(seconds=seconds), None)[0].severity == severity


@pytest.mark.parametrize(
    ("versions_of_nodes", "severity", "found"),
    [
        ({}, "ok", "there is no node"),
        ({"a": "v1.29.0", "b": "v1.33.5-gke.1", "c": "v1.29.0"}, "ok", "v1.29.0, v1.33.5-gke.1"),
        ({"a": "v1.29.0", "old": "v1.28.15-eks-1"}, "error", "old (v1.28.15-eks-1)"),
        ({"a": "v1.29.0", "odd": "unknown"}, "error", "odd (unknown)"),
    ],
)
def test_a_node_that_drops_the_sidecars_restart_policy_is_named(
    versions_of_nodes: dict[str, str], severity: str, found: str
) -> None:
    """One whose version cannot be read may be such a node."""
    nodes = [
        {"metadata": {"name": name}, "status": {"nodeInfo": {"kubeletVersion": version}}}
        for name, version in versions_of_nodes.items()
    ]
    check = versions.nodes(nodes)
    assert (check.severity, check.found) == (severity, found)


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0", "quota"),
        ("failed quota: q: must specify limits.cpu for: secrets", "quota"),
        ("minimum memory usage per Container is 1Gi, but request is 64Mi", "limit-range"),
        ('failed calling webhook "a": no endpoints available', "webhook-dead"),
        ('admission webhook "a" denied the request: no', "webhook-denies"),
        ("ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no", "policy-denies"),
        ('violates PodSecurity "restricted:latest": x', "pod-security"),
        ("something else", "pod"),
    ],
)
def test_what_admission_says_is_told_apart(message: str, check: str) -> None:
    """Each an error with what to do."""
    found = admission.refused("shop", message)
    assert (found.id, found.severity, found.found) == (check, Severity.ERROR, message)
    assert found.mend


def configuration(**rule: list[str]) -> dict[str, object]:
    made = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]} | rule
    client = {"service": {"namespace": "a", "name": "b"}}
    return {"metadata": {"name": "c"}, "webhooks": [{"name": "w", "clientConfig": client, "rules": [made]}]}


def test_webhooks_count_where_an_up_meets_them() -> None:
    """By operation, group and resource, with their wildcards; failurePolicy is Fail where none is said."""
    for rule in ({}, {"operations": ["*"]}, {"apiGroups": ["*"], "resources": ["*/*"]}, {"resources": ["*"]}):
        (found,) = webhooks.of([configuration(**rule)])
        assert (found.fails, found.service) == (True, ("a", "b"))
    for rule in ({"operations": ["DELETE"]}, {"resources": ["services"]}, {"apiGroups": ["x"]}):
        assert webhooks.of([configuration(**rule)]) == []


def test_a_webhook_is_dead_without_an_endpoint_that_is_ready() -> None:
    """A condition that is not said counts as ready, as EndpointSlice has it."""
    (webhook,) = webhooks.of([configuration()])
    for slices in ([], [{"endpoints": None}], [{"endpoints": [{"conditions": {"ready": False}}]}]):
        assert [each.id for each in webhooks.dead(webhook, slices)] == ["webhook-dead"]
    ready: list[dict[str, object]] = [{}, {"conditions": {}}]
    ready += [{"conditions": {"ready": None}}, {"conditions": {"ready": True}}]
    for endpoint in ready:
        assert list(webhooks.dead(webhook, [{"endpoints": [endpoint]}])) == []
