"""Service Usage: which of Google's APIs are on in the project.

https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from local.google.project import CLOUD_PLATFORM, NUMBER, PROJECT_RESOURCE, Project
from local.google.tokens import caller
from local.http_service import Reply, Request


def batch_get(project: Project, request: Request) -> Reply:
    """Answer which of the services that are named are on."""
    who = caller(project, request, {CLOUD_PLATFORM})
    project.authorize(who, "serviceusage.services.get", PROJECT_RESOURCE)
    names = [name.rpartition("/")[2] for name in parse_qs(urlsplit(request.target).query)["names"]]
    return Reply(
        {
            "services": [
                {
                    "name": f"projects/{NUMBER}/services/{name}",
                    "parent": f"projects/{NUMBER}",
                    "state": "ENABLED" if name.removesuffix(".googleapis.com") in project.apis else "DISABLED",
                }
                for name in names
            ]
        }
    )
