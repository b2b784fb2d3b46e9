"""Google Cloud as the laptop environment's commands see it."""

from __future__ import annotations

import sys

from local import config
from local.cloud import Cloud
from local.google import account
from local.google.trail import READ
from local.isolation import Question
from local.services import Keys, Service
from local.trail import Call, TrailFile


def _services(keys: Keys) -> list[Service]:
    return [Service("google", [sys.executable, "-m", "local.google.server", str(keys.authority.cert)])]


def _is_of_asker(call: Call, question: Question) -> bool:
    """Whether the call came from the pod's address, with a token of a ServiceAccount of its namespace."""
    _, found, subject = call.identity.partition("system:serviceaccount:")
    return bool(found) and subject.partition(":")[0] == question.asker and call.client == question.address


GOOGLE = Cloud(
    name="gcp",
    title="Google Cloud",
    decider="a fake of this project",
    url=config.GOOGLE_URL,
    stack="local-gcp",
    variables=("GOOGLE_", "GCP_", "GCE_", "GCLOUD_", "CLOUDSDK_"),
    services=_services,
    account=account,
    trail=TrailFile(config.LOGS / "google-trail.jsonl"),
    read=READ,
    is_of_asker=_is_of_asker,
    request_ids=False,
)
