"""Which source the settings ask for."""

from __future__ import annotations

import importlib.util
import socket

from secret_sidecar import tls
from secret_sidecar.credentials import Source, sts
from secret_sidecar.credentials.refreshing import Refreshing
from secret_sidecar.credentials.static import Static
from secret_sidecar.credentials.web_identity import WebIdentity
from secret_sidecar.errors import SettingsError
from secret_sidecar.http import Client
from secret_sidecar.regions import endpoint
from secret_sidecar.settings import Settings


def open_source(settings: Settings) -> Source:
    """Return static keys if there are any, else the web identity, else boto3's chain, in the order AWS's SDKs take."""
    if settings.aws_access_key_id:
        return Static(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token or None)
    if settings.aws_role_arn and settings.aws_web_identity_token_file:
        origin = settings.aws_endpoint_url_sts or settings.aws_endpoint_url or endpoint("sts", settings.aws_region)
        client = Client(origin, tls.context_for(origin, settings.aws_ca_bundle))
        session = sts.session_name(settings.namespace, settings.pod_name or socket.gethostname())
        web_identity = WebIdentity(client, settings.aws_role_arn, settings.aws_web_identity_token_file, session)
        return Refreshing(web_identity, settings.timeout)
    if importlib.util.find_spec("boto3") is None:
        raise SettingsError(
            "no AWS credentials: expected AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; to use a profile, install secret-sidecar[laptop]"
        )
    from secret_sidecar.credentials.chain import Chain  # noqa: PLC0415 (boto3 costs 25 MB)

    return Refreshing(Chain(), settings.timeout)
