"""The laptop's fake of Google Cloud (local/google) on a server of the test's, with a metadata server beside it."""

from __future__ import annotations

from local.google import apis, tokens
from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT, Project, Provider, Stored, members
from local.http_service import Reply, Request
from tests.fakes.issuer import Issuer
from tests.fakes.server import Server

__all__ = [
    "CLOUD_PLATFORM",
    "GKE_ISSUER",
    "GKE_POOL",
    "GKE_PROVIDER",
    "MACHINE",
    "NUMBER",
    "POOL",
    "PROJECT",
    "PROVIDER",
    "FakeGoogle",
    "Provider",
    "Stored",
    "members",
]

POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/clusters"
PROVIDER = f"//iam.googleapis.com/{POOL}/providers/staging"
GKE_POOL = f"{PROJECT}.svc.id.goog"
GKE_ISSUER = f"https://container.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/clusters/staging"
GKE_PROVIDER = f"identitynamespace:{GKE_POOL}:{GKE_ISSUER}"
MACHINE = f"machine@{PROJECT}.iam.gserviceaccount.com"


class FakeGoogle(Project):
    """One project, whose pool and GKE's take the tokens of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self.providers = {
            PROVIDER: Provider(issuer.url, issuer.jwks, (f"https:{PROVIDER}",)),
            GKE_PROVIDER: Provider(issuer.url, issuer.jwks, (GKE_POOL,)),
        }
        self.machine = frozenset({f"serviceAccount:{MACHINE}"})
        self.server = Server(self.answer)

    def answer(self, request: Request) -> Reply:
        """Answer a request for any of the services."""
        if request.path.startswith("/computeMetadata/"):
            return self._metadata(request)
        return apis.answer(self, request)

    def _metadata(self, request: Request) -> Reply:
        """https://cloud.google.com/compute/docs/access/authenticate-workloads#applications"""
        flavor = {"Metadata-Flavor": "Google"}
        if request.headers.get("metadata-flavor") != "Google":
            return Reply(b"Missing Metadata-Flavor:Google header.", 403, flavor, "text/html")
        what = request.path.removeprefix("/computeMetadata/v1/instance/service-accounts/default/")
        if what == "email":
            return Reply(MACHINE.encode(), 200, flavor, "application/text")
        if what == "token":
            return Reply(tokens.bearer(self, self.machine, MACHINE, CLOUD_PLATFORM).document, 200, flavor)
        return Reply(b"", 404, flavor)


__all__ = ["FakeGoogle", "Project", "Provider", "Stored", "members"]
