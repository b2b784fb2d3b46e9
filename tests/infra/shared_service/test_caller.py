"""What a caller of the shared service puts into its own pod: the output `caller_access`."""

from typing import Any

from tests.infra.components import shared_service
from tests.infra.engine import run

URL, AUDIENCE = "https://secrets.platform.svc:8080", "sts.amazonaws.com"
FOLDER = "/var/run/secrets/secret-access/caller"


def caller_access(**changed: Any) -> Any:
    return run(shared_service(**changed)).outputs["secrets"]["callerAccess"]


def test_a_container_gets_its_own_token_and_the_services_address() -> None:
    """The token is projected for the vault's audience, where the variable says."""
    token = {"serviceAccountToken": {"audience": AUDIENCE, "expirationSeconds": 3600, "path": "token"}}
    assert caller_access() == {
        "url": URL,
        "volume": {"name": "secret-access-token", "projected": {"sources": [token]}},
        "volume_mount": {"name": "secret-access-token", "mountPath": FOLDER, "readOnly": True},
        "env": [{"name": "SECRETS_URL", "value": URL}, {"name": "SECRETS_TOKEN_FILE", "value": f"{FOLDER}/token"}],
    }


def test_whom_to_trust_comes_in_the_same_volume() -> None:
    """The authority's certificate is in a ConfigMap, which no namespace need keep secret."""
    caller = caller_access(ca_config_map="secrets-ca", token_expiration_seconds=600)
    token, authority = caller["volume"]["projected"]["sources"]
    assert token["serviceAccountToken"]["expirationSeconds"] == 600
    assert authority == {"configMap": {"name": "secrets-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    assert caller["env"][-1] == {"name": "SECRETS_CA_FILE", "value": f"{FOLDER}/ca.crt"}
