"""AWS as the laptop environment's commands see it."""

from __future__ import annotations

import sys

from local import config
from local.aws import account
from local.cloud import Cloud
from local.isolation import Question
from local.services import Keys, Service
from local.trail import Call, TrailFile


def _services(keys: Keys) -> list[Service]:
    folder = config.MACHINE / "aws"  # MiniStack would use the host's temporary folder, and leave its files there
    folder.mkdir(parents=True, exist_ok=True)
    env = {"TMPDIR": str(folder), "STATE_DIR": str(folder / "state"), "S3_DATA_DIR": str(folder / "s3")}
    return [Service("aws", [sys.executable, "-m", "local.aws.server", str(keys.authority.cert)], env=env)]


def _is_of_asker(call: Call, question: Question) -> bool:
    """Whether the session is the pod's own: `NAMESPACE.POD`, cut in the middle where that is too long for IAM."""
    namespace, _, pod = call.identity.rpartition("/")[2].partition(".")
    return bool(namespace and pod) and question.asker.startswith(namespace) and question.pod.endswith(pod)


AWS = Cloud(
    name="aws",
    title="AWS",
    decider="MiniStack behind a guard",
    url=config.AWS_URL,
    stack="local",
    variables=("AWS_",),
    services=_services,
    account=account,
    trail=TrailFile(config.TRAIL),
    read="secretsmanager.GetSecretValue",
    is_of_asker=_is_of_asker,
)
