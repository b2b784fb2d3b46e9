"""What users trip over on Google Cloud is named where it is given: what, the value, the value expected, and the fix.

Each mistake is made twice, with the value known to the program and with an Output, which is known only once the engine
has answered; then the deployment ends before a right is granted.
"""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import GKE_PROVIDER, POOL, POOL_PROVIDER, PROJECT, gcp_access
from tests.infra.engine import PROJECT_NUMBER, Later, World, run
from tests.infra.gcp.component import EMAIL, PLAIN, token
from tests.infra.messages import assert_all_in

REGIONS = [f"europe-west{number}" for number in range(1, 14)]

OF_THE_SIDECAR = ("endpoint_url", "metrics_namespaces", "sidecar_env", "sidecar_files", "token_audience")
"""Arguments that no right depends on."""

MISTAKES: list[tuple[str, Any, list[str]]] = [
    ("workload_identity_provider", "", ["is missing", "//iam.googleapis.com/projects/", "GcpClusterTrust"]),
    ("workload_identity_provider", f"https:{POOL_PROVIDER}", ["is the audience of tokens", f"write {POOL_PROVIDER}"]),
    ("workload_identity_provider", f"{POOL}/providers/cluster", ["is a resource name", f"write {POOL_PROVIDER}"]),
    (
        "workload_identity_provider",
        POOL_PROVIDER.replace(PROJECT_NUMBER, PROJECT),
        ["names the project by its id", "write the project's number"],
    ),
    ("workload_identity_provider", f"//iam.googleapis.com/{POOL}", ["is a pool", "add /providers/PROVIDER"]),
    ("workload_identity_provider", f"{PROJECT}.svc.id.goog", ["is GKE's pool", "identitynamespace:"]),
    ("workload_identity_provider", "https://issuer.example", ["is an issuer", "GcpClusterTrust"]),
    ("workload_identity_provider", POOL_PROVIDER.replace("cluster", "*"), ["holds a *"]),
    ("workload_identity_provider", GKE_PROVIDER.replace("/blue", "/*"), ["holds a *"]),
    ("workload_identity_provider", "arn:aws:iam::1:oidc-provider/x", ["has another form"]),
    ("workload_identity_provider", 3, ["given 3"]),
    ("workload_identity_provider", POOL_PROVIDER.replace("012/", "\u0660/"), ["names the project by its id"]),
    ("workload_identity_provider", GKE_PROVIDER.replace(PROJECT, "their-project"), ["pool_project_number is missing"]),
    ("pool_project_number", "999", ["is not the number in workload_identity_provider", PROJECT_NUMBER]),
    ("project", PROJECT_NUMBER, ["project is a number", "project_number"]),
    ("project", "*", ["project: given '*'", "my-project"]),
    ("project", "", ["project: given ''"]),
    ("project_number", PROJECT, ["project_number: given 'my-project'", "in digits", "gcloud projects describe"]),
    ("project_number", 123456789012, ["project_number: given 123456789012", "put it in quotes"]),
    ("project_number", "12345678901\u0662", ["project_number", "in digits"]),
    ("project_number", "*", ["project_number: given '*'"]),
    ("google_service_account", "test-secrets", ["is an id", "google_service_account_id"]),
    ("google_service_account", f"serviceAccount:{EMAIL}", ["is a member", f"write {EMAIL}"]),
    ("google_service_account", "1-compute@developer.gserviceaccount.com", ["other workloads share", "one of its own"]),
    ("google_service_account", f"{PROJECT}@appspot.gserviceaccount.com", ["other workloads share"]),
    ("google_service_account", "ann@example.com", ["the email of a service account such as"]),
    ("google_service_account", "*@my-project.iam.gserviceaccount.com", ["the email of a service account such as"]),
    ("google_service_account_id", EMAIL, ["google_service_account_id", "use google_service_account"]),
    ("google_service_account_id", "test", ["given 'test'", "6 to 30"]),
    ("google_service_account_id", "Test-Secrets", ["given 'Test-Secrets'"]),
    ("google_service_account_id", "t" * 31, ["6 to 30"]),
    ("service_account_name", "*", ["service_account_name", "a * would trust them all"]),
    ("service_account_name", "s" * 103, ["has 130 characters", "at most 127", "service_account_name to a shorter"]),
    ("namespace", "*", ["namespace: given '*'", "one Kubernetes namespace"]),
    ("namespace", "a--b", ["no default prefix", "'a-b/'"]),
    ("secret_prefix", "test", ["secret_prefix also covers 'test-other': given 'test'", "expected 'test/'"]),
    ("secret_prefix", "te--st/", ["secret_prefix: given 'te--st/'"]),
    ("secret_prefix", "*/", ["secret_prefix: given '*/'"]),
    ("secrets", [], ["secrets is empty", "set grant to prefix"]),
    ("secrets", ["prod/database-password"], ["outside the namespace's prefix", "a name under test/"]),
    ("secrets", ["exact:prod--database-password"], ["outside the namespace's prefix"]),
    ("secrets", ["key", "test/key"], ["secrets", "twice"]),
    ("secrets", "database-password", ["secrets", "write ['database-password']"]),
    ("secrets", ["*"], ["secrets, in full 'test/*': given '*'"]),
    ("grant", "project", ["grant: given 'project'", "secrets or prefix"]),
    ("exclusive", "yes", ["exclusive", "true or false"]),
    ("shared_identity", "yes", ["shared_identity", "true or false"]),
    ("events", "yes", ["events", "true or false"]),
    ("location", "europe-west3-a", ["location: given 'europe-west3-a'", "write europe-west3", "not in zones"]),
    ("location", "*", ["location: given '*'"]),
    ("location", "eu", ["location: given 'eu'", "europe-west3"]),
    ("granted_locations", ["europe-west3"], ["leaves out where the sidecar reads", "a list with global"]),
    ("granted_locations", ["global", "*"], ["granted_locations: given '*'"]),
    ("granted_locations", ["global", "global"], ["twice"]),
    ("granted_locations", ["global", *REGIONS], ["has 14 places", "at most 13", "12 logical operators"]),
    ("events_role", f"projects/{PROJECT}/roles/watcher", ["events_role without events", "set events"]),
    ("write_role", f"projects/{PROJECT}/roles/writer", ["write_role without access", "read_write"]),
    ("access", "write", ["access", "given 'write'"]),
    ("token_audience", "two words", ["token_audience", "given 'two words'"]),
    ("token_audience", "https://kubernetes.default.svc", ["token_audience is the API server's", "leave it out"]),
    ("token_audience", "https://kubernetes.default.svc.cluster.local", ["token_audience is the API server's"]),
    ("token_audience", "*", ["token_audience holds a *", "leave it out"]),
    ("endpoint_url", "10.78.0.1:4570", ["endpoint_url", "http://"]),
    ("endpoint_url", "https://x.example/path", ["endpoint_url", "without a path"]),
    ("endpoint_url", "http://10.78.0.1:0", ["endpoint_url", "a port from 1 to 65535"]),
    ("endpoint_url", "http://h\u00f6st.example", ["endpoint_url", "a host of ASCII letters"]),
    ("endpoint_url", "https://ann:s3cr3t@x.example", ["endpoint_url", "no user and no password"]),
    ("sidecar_env", {"GOOGLE_CLOUD_PROJECT": "x"}, ["'GOOGLE_CLOUD_PROJECT'", "use the argument project"]),
    ("sidecar_env", {"SECRETS_GCP_LOCATION": "x"}, ["'SECRETS_GCP_LOCATION'", "use the argument location"]),
    ("sidecar_env", {"GOOGLE_APPLICATION_CREDENTIALS": "/x"}, ["'GOOGLE_APPLICATION_CREDENTIALS'", "no credentials"]),
    ("sidecar_env", {"AWS_CA_BUNDLE": "/x"}, ["AWS_CA_BUNDLE is unknown"]),
    ("sidecar_env", {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": "sts.example"}, ["a URL such as https://"]),
    ("sidecar_files", {"/run/secrets/secret-access/gcp": {"secret": {"secretName": "x"}}}, ["the token"]),
    ("metrics_namespaces", ["*"], ["metrics_namespaces"]),
    ("project_id", PROJECT, ["project_id is unknown", "did you mean project"]),
]


@pytest.mark.parametrize(("argument", "value", "message"), MISTAKES)
def test_a_mistake_stops_the_program_before_anything_is_made(argument: str, value: Any, message: list[str]) -> None:
    """With a plain value nothing at all is registered."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(**{argument: value}), world)
    assert_all_in(message, error)
    assert "s3cr3t" not in str(error.value)
    assert world.asked == []


@pytest.mark.parametrize(
    ("argument", "value", "message"), [mistake for mistake in MISTAKES if mistake[0] not in (*PLAIN, "project_id")]
)
def test_a_mistake_that_is_known_later_stops_before_a_right_is_granted(
    argument: str, value: Any, message: list[str]
) -> None:
    """With an Output the deployment fails with the same message, and where rights depend on it none is granted."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(**{argument: Later(value)}), world)
    assert_all_in(message, error)
    if argument not in OF_THE_SIDECAR:
        assert [asked.type for asked in world.asked if asked.custom] == []


@pytest.mark.parametrize("argument", PLAIN)
def test_what_decides_what_is_made_is_known_to_the_program(argument: str) -> None:
    """An Output is refused with what to write instead."""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(**{argument: Later(PLAIN[argument])}))
    assert_all_in([argument, "a plain value, which decides what is made"], error)


def test_an_item_that_is_known_later_is_refused_too() -> None:
    """Each declared secret is a resource."""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(secrets=["key", Later("other")]))
    assert_all_in(["secrets", "a plain value"], error)


def test_with_a_prefix_the_declared_names_may_be_known_later() -> None:
    """They are for the sidecar alone."""
    world = run(gcp_access(secrets=Later(["key"]), grant="prefix"))
    assert [asked.type for asked in world.asked if asked.type.endswith(":ServiceAccount")] != []


@pytest.mark.parametrize("role", ["roles/editor", "roles/owner", "roles/viewer", "secretAccessor", "*", "roles/*"])
@pytest.mark.parametrize(
    ("argument", "switch"), [("events_role", {"events": True}), ("write_role", {"access": "read_write"})]
)
def test_a_basic_role_is_refused(argument: str, switch: dict[str, Any], role: str) -> None:
    """It would reach far more than secrets."""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(**switch, **{argument: role}))
    assert_all_in([argument, repr(role), "a custom one"], error)


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_gkes_pool_takes_no_audience_but_its_own(delay: Callable[[Any], Any]) -> None:
    """Each exchange would fail: the audience of that pool cannot be changed."""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(workload_identity_provider=delay(GKE_PROVIDER), token_audience="secrets.example"))
    expected = f"{PROJECT}.svc.id.goog"
    assert_all_in(["token_audience is not GKE's pool", "'secrets.example'", expected, "leave it out"], error)
    world = run(gcp_access(workload_identity_provider=delay(GKE_PROVIDER), token_audience=expected))
    assert token(world)["audience"] == expected


def test_one_service_account_is_named_or_created_not_both() -> None:
    """Which of them would have the rights?"""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(google_service_account=EMAIL, google_service_account_id="test-secrets"))
    assert_all_in(["two service accounts are named", "one of them"], error)


def test_a_condition_is_exclusive_by_itself() -> None:
    """`exclusive` would say nothing there."""
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(grant="prefix", exclusive=True))
    assert_all_in(["exclusive", "grant: secrets"], error)


def test_an_existing_service_account_needs_the_annotation() -> None:
    """It fails with the command that adds it."""
    world = World(found={"test/secret-access": {"metadata": {"name": "secret-access", "annotations": {}}}})
    with pytest.raises(InvalidArgument) as error:
        run(gcp_access(existing_service_account=True), world)
    assert_all_in(["has no annotation secret-access/google-identity", "kubectl annotate --overwrite"], error)


def test_a_role_that_would_not_be_granted_is_shown() -> None:
    """Its value if it is known, and that it is an Output if it is not."""
    role = f"projects/{PROJECT}/roles/watcher"
    for given, shown in ((role, repr(role)), (Later(role), "'an Output'")):
        with pytest.raises(InvalidArgument, match=f"events_role without events: given {shown}, expected events: true"):
            run(gcp_access(events_role=given))
