"""A project of Google Cloud before the first `up`, judged by this project's fake: each fault is made, and found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.google import apis
from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT, Pool, Project, Stored
from local.http_service import Reply, Request
from secret_access.gcp.documents import SUBJECT_MAPPING
from secret_access.preflight.check import Check
from secret_access.preflight.gcp import account
from secret_access.preflight.gcp.account import Google
from secret_access.preflight.login import NotSignedIn
from secret_access.preflight.stack import Stack
from tests.fakes.server import Server
from tests.free_port import free_port
from tests.infra.preflight.served import served

ISSUER = "https://issuer.example"
GKE = f"https://container.googleapis.com/v1/projects/{PROJECT}/locations/europe-west3/clusters/blue"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/blue-cluster"
AUDIENCE = f"https://iam.googleapis.com/{POOL}/providers/cluster"
NEW, TRUSTED = Stack(ISSUER, ("shop",)), Stack(ISSUER, ("shop",), trusted=True)
OWNER, CI = "user:owner@example.com", "serviceAccount:ci@my-project.iam.gserviceaccount.com"
IDS = ("gcp-project", "gcp-apis", "gcp-trust", "gcp-rights", "gcp-secrets")
CLUSTERS = f"/v1/projects/{PROJECT}/locations/-/clusters"


class Cloud:
    """A project, its server, and an owner's and another's tokens."""

    def __init__(self) -> None:
        self.project = Project(owners=frozenset({OWNER}), secrets={"shop--api-key": Stored([b"hunter2"])})
        self.clusters: dict[str, Any] = {}
        self.server = Server(self._answer)
        self.owner = self.project.issue(frozenset({OWNER}), OWNER, CLOUD_PLATFORM)
        self.ci = self.project.issue(frozenset({CI}), CI, CLOUD_PLATFORM)

    def _answer(self, request: Request) -> Reply:
        if request.path == CLUSTERS:
            return Reply(self.clusters)
        return apis.answer(self.project, request)

    def found(self, stack: Stack = NEW, token: str = "", pool: str | None = "blue-cluster") -> dict[str, Check]:
        """What is found, by id."""
        variables = {"GOOGLE_OAUTH_ACCESS_TOKEN": token or self.owner}
        checks = account.checks(stack, Google(PROJECT, pool), endpoint=self.server.url, environment=variables)
        return {check.id: check for check in checks}

    def severities(self, stack: Stack = NEW, token: str = "") -> dict[str, str]:
        return {name: str(check.severity) for name, check in self.found(stack, token).items()}

    def grant(self, *roles: str) -> None:
        """Give the other what these roles have on the project."""
        self.project.bindings = [{"role": f"roles/{role}", "members": [CI]} for role in roles]

    def trust(self, **changed: Any) -> None:
        """Make the pool and its provider as GcpClusterTrust does."""
        provider = {
            "name": f"{POOL}/providers/cluster",
            "state": "ACTIVE",
            "attributeMapping": SUBJECT_MAPPING,
            "oidc": {"issuerUri": ISSUER},
            **changed,
        }
        self.project.pools["blue-cluster"] = Pool({"name": POOL, "state": "ACTIVE"}, {"cluster": provider})


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with served((made := Cloud()).server):
        yield made


def test_a_project_without_fault_is_ready(cloud: Cloud) -> None:
    """Before the trust is made, and after; no token is in what is found."""
    assert cloud.severities() == dict.fromkeys(IDS, "ok")
    cloud.trust()
    assert cloud.severities(TRUSTED) == dict.fromkeys(IDS, "ok")
    assert cloud.owner not in f"{cloud.found()}"


def test_a_project_that_is_not_seen_or_about_to_be_deleted_is_found(cloud: Cloud) -> None:
    """Of one that is not seen nothing more is asked."""
    check = cloud.found(token=cloud.ci)["gcp-project"]
    assert (check.severity, "resourcemanager.projects.get" in check.found) == ("error", True)
    assert cloud.severities(token=cloud.ci).keys() == {"gcp-project"}
    assert cloud.severities(token="ya29.unknown") == {"gcp-project": "error"}
    cloud.project.state = "DELETE_REQUESTED"
    assert cloud.severities()["gcp-project"] == "error"


def test_a_google_that_does_not_answer_is_unknown() -> None:
    """And one who is not signed in is told how."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    (check,) = account.checks(
        NEW, Google(PROJECT), endpoint=endpoint, environment={"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.a"}
    )
    assert (check.id, check.severity) == ("gcp-project", "unknown")

    def refused() -> str:
        raise NotSignedIn("gcloud auth application-default print-access-token: no credentials")

    (check,) = account.checks(NEW, Google(PROJECT), endpoint=endpoint, environment={}, token=refused)
    assert (check.severity, check.mend) == ("error", "gcloud auth application-default login")


@pytest.mark.parametrize(
    ("off", "severity"),
    [("secretmanager", "error"), ("iam", "error"), ("sts", "error"), ("iamcredentials", "warning")],
)
def test_an_api_that_is_off_is_found(cloud: Cloud, off: str, severity: str) -> None:
    """With the command that turns it on; without service accounts one of them is not needed."""
    cloud.project.apis.remove(off)
    check = cloud.found()["gcp-apis"]
    assert (check.severity, check.found.startswith(f"off: {off}")) == (severity, True)
    assert check.mend == f"gcloud services enable {off}.googleapis.com --project {PROJECT}"


def test_a_pool_is_there_once(cloud: Cloud) -> None:
    """Missing, twice, deleted, disabled, without its provider."""
    assert cloud.severities(TRUSTED)["gcp-trust"] == "error"
    cloud.trust()
    assert cloud.severities(NEW)["gcp-trust"] == "warning"
    pool = cloud.project.pools["blue-cluster"]
    pool.document["disabled"] = True
    assert cloud.found(TRUSTED)["gcp-trust"].found == f"{POOL} is disabled"
    pool.document["state"] = "DELETED"
    for stack in (NEW, TRUSTED):
        check = cloud.found(stack)["gcp-trust"]
        assert (check.severity, "taken for 30 days" in check.found) == ("error", True)
    pool.document |= {"state": "ACTIVE", "disabled": False}
    pool.providers["cluster"]["state"] = "DELETED"
    assert cloud.severities(TRUSTED)["gcp-trust"] == "error"
    del pool.providers["cluster"]
    assert cloud.severities(NEW)["gcp-trust"] == "error"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"oidc": {"issuerUri": "https://other.example"}}, "is of issuer 'https://other.example'"),
        ({"oidc": {"issuerUri": ISSUER, "allowedAudiences": ["vault"]}}, "accepts the audiences ['vault'], and not"),
        ({"disabled": True}, "is disabled"),
        ({"attributeMapping": {"google.subject": "assertion.email"}}, "maps google.subject to 'assertion.email'"),
    ],
)
def test_a_provider_that_refuses_the_sidecars_tokens_is_found(cloud: Cloud, changed: Any, text: str) -> None:
    """Whether the trust is to be made or is there."""
    cloud.trust(**changed)
    for stack in (NEW, TRUSTED):
        check = cloud.found(stack)["gcp-trust"]
        assert (check.severity, text in check.found) == ("error", True)


@pytest.mark.parametrize("audience", [AUDIENCE, AUDIENCE.removeprefix("https:")])
def test_a_provider_that_names_its_own_audience_is_ready(cloud: Cloud, audience: str) -> None:
    """As Google spells it."""
    cloud.trust(oidc={"issuerUri": ISSUER, "allowedAudiences": ["vault", audience]})
    assert cloud.severities(TRUSTED)["gcp-trust"] == "ok"


def test_a_cluster_of_gke_has_its_pool(cloud: Cloud) -> None:
    """None is made; of another cluster the pool has to be named."""
    assert cloud.found(Stack(GKE), pool=None)["gcp-trust"].found.startswith(f"GKE's own pool {PROJECT}.svc.id.goog")
    assert cloud.found(NEW, pool=None)["gcp-trust"].severity == "unknown"
    assert cloud.found(Stack(None))["gcp-trust"].severity == "unknown"


def cluster(name: str, location: str = "europe-west3", pool: str | None = f"{PROJECT}.svc.id.goog") -> dict[str, Any]:
    """A cluster as GKE lists it, with its pool if it has one."""
    return {"name": name, "location": location, "workloadIdentityConfig": {"workloadPool": pool} if pool else {}}


@pytest.mark.parametrize("other", [cluster("green"), cluster("blue", "us-east1")])
def test_another_cluster_of_gkes_pool_is_found(cloud: Cloud, other: dict[str, Any]) -> None:
    """It has the same identities: two stacks, one of each cluster, would give rights to one principal unnoticed."""
    cloud.clusters = {"clusters": [cluster("blue"), cluster("old", pool=None), cluster("far", pool="x.svc.id.goog")]}
    assert cloud.found(Stack(GKE))["gcp-clusters"].severity == "ok"
    cloud.clusters["clusters"].append(other)
    check = cloud.found(Stack(GKE))["gcp-clusters"]
    name = f"projects/{PROJECT}/locations/{other['location']}/clusters/{other['name']}"
    assert (check.severity, f"the pool of {name} too" in check.found) == ("warning", True), check.found
    assert "gcp-clusters" not in cloud.found(NEW)


def test_clusters_that_google_does_not_list_are_unknown(cloud: Cloud) -> None:
    """As where a zone does not answer."""
    cloud.clusters = {"clusters": [cluster("blue")], "missingZones": ["us-east1-b"]}
    assert cloud.found(Stack(GKE))["gcp-clusters"].severity == "unknown"


ADMINS = ("browser", "iam.workloadIdentityPoolAdmin", "secretmanager.admin", "resourcemanager.projectIamAdmin")


@pytest.mark.parametrize(
    ("roles", "severity", "text"),
    [
        (ADMINS, "ok", "`grant: secrets` and `prefix`"),
        (ADMINS[:3], "ok", "`grant: secrets`"),
        ((*ADMINS[:2], ADMINS[3]), "ok", "`grant: prefix`"),
        (ADMINS[:2], "error", "lack secretmanager.secrets.getIamPolicy, secretmanager.secrets.setIamPolicy"),
        (
            (*ADMINS[:2], "secretmanager.viewer"),
            "error",
            "you lack secretmanager.secrets.setIamPolicy on the project",
        ),
        (
            (ADMINS[0], *ADMINS[2:]),
            "error",
            "lack iam.workloadIdentityPools.create, iam.workloadIdentityPools.get, iam",
        ),
    ],
)
def test_a_right_that_up_needs_and_the_caller_lacks_is_found(
    cloud: Cloud, roles: tuple[str, ...], severity: str, text: str
) -> None:
    """Bindings are made on each secret or on the project: one of both is enough."""
    cloud.grant(*roles)
    check = cloud.found(token=cloud.ci)["gcp-rights"]
    assert (check.severity, text in check.found) == (severity, True), check.found


def test_on_a_trusted_cluster_no_right_to_make_a_pool_is_needed(cloud: Cloud) -> None:
    """Nor on GKE, whose pool is Google's."""
    cloud.grant("browser", "secretmanager.admin")
    assert cloud.severities(NEW, cloud.ci)["gcp-rights"] == "error"
    assert cloud.severities(TRUSTED, cloud.ci)["gcp-rights"] == "ok"
    assert cloud.severities(Stack(GKE), cloud.ci)["gcp-rights"] == "ok"


def test_what_the_caller_may_not_ask_is_unknown(cloud: Cloud) -> None:
    """The other checks go on."""
    cloud.grant("browser")
    unknown = dict.fromkeys(("gcp-apis", "gcp-trust", "gcp-secrets"), "unknown")
    assert cloud.severities(NEW, cloud.ci) == {"gcp-project": "ok", **unknown, "gcp-rights": "error"}


def test_a_prefix_without_a_secret_is_found(cloud: Cloud) -> None:
    """One of another namespace that begins alike is not below it."""
    cloud.project.secrets["pay-eu--a"] = Stored([b"hunter2"])
    check = cloud.found(Stack(ISSUER, ("pay",)))["gcp-secrets"]
    assert (check.severity, check.what) == ("warning", "secrets under pay--")
    assert cloud.severities()["gcp-secrets"] == "ok"
