"""Which source the settings ask for."""

from __future__ import annotations

import importlib.util
import socket

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws import sts
from secret_sidecar.vaults.aws.credentials import Source
from secret_sidecar.vaults.aws.pod_identity import PodIdentity
from secret_sidecar.vaults.aws.settings import CA_BUNDLE, AwsSettings
from secret_sidecar.vaults.aws.static_keys import StaticKeys
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from secret_sidecar.vaults.identity.refreshing import Refreshing


def open_source(settings: Settings) -> Source:
    """Return static keys if there are any, else the web identity, the agent, boto3's chain: the order of AWS's SDKs."""
    aws = settings.vault_as(AwsSettings)
    if aws.access_key_id:
        return StaticKeys(aws.access_key_id, aws.secret_access_key, aws.session_token or None)
    if aws.role_arn and aws.web_identity_token_file:
        origin = aws.origin("sts")
        client = settings.network.client(origin, aws.ca_bundle, CA_BUNDLE)
        session = sts.session_name(settings.namespace, settings.pod_name or socket.gethostname())
        web_identity = WebIdentity(client, aws.role_arn, aws.web_identity_token_file, session, aws.session_duration)
        return Refreshing(web_identity, settings.timeout)
    if url := aws.container_credentials_full_uri:  # never through a proxy: the agent is beside the workload
        client = Client(url.origin, settings.network.trust(url.origin, aws.ca_bundle, CA_BUNDLE))
        token_file, token = aws.container_authorization_token_file, aws.container_authorization_token
        return Refreshing(PodIdentity(client, url, token_file, token), settings.timeout)
    if importlib.util.find_spec("boto3") is None:
        raise SettingsError(
            "no AWS credentials: expected AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or "
            "AWS_CONTAINER_CREDENTIALS_FULL_URI, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
            "to use a profile, install secret-sidecar[laptop]"
        )
    from secret_sidecar.vaults.aws.chain import Chain  # noqa: PLC0415 (boto3 costs 25 MB)

    return Refreshing(Chain(), settings.timeout)
