"""What a caller of the shared service puts into its own pod."""

from typing import Any

import pulumi
import pytest

from secret_access import InvalidArgument, caller_token
from tests.infra.engine import run

URL, AUDIENCE = "https://secrets.platform.svc:8080", "sts.amazonaws.com"
FOLDER = "/var/run/secrets/secret-access/caller"
TOKEN = {"serviceAccountToken": {"audience": AUDIENCE, "expirationSeconds": 3600, "path": "token"}}


def test_a_container_gets_its_own_token_and_the_services_address() -> None:
    """The token is projected for the vault's audience, where the variable says."""
    caller = caller_token(URL, AUDIENCE)
    assert caller["volume"] == {"name": "secret-access-token", "projected": {"sources": [TOKEN]}}
    assert caller["volume_mount"] == {"name": "secret-access-token", "mountPath": FOLDER, "readOnly": True}
    assert caller["env"] == [
        {"name": "SECRETS_URL", "value": URL},
        {"name": "SECRETS_TOKEN_FILE", "value": f"{FOLDER}/token"},
    ]


def test_whom_to_trust_comes_in_the_same_volume() -> None:
    """The authority's certificate is in a ConfigMap, which no namespace need keep secret."""
    caller: Any = caller_token(URL, AUDIENCE, ca_config_map="secrets-ca")
    _, authority = caller["volume"]["projected"]["sources"]
    assert authority == {"configMap": {"name": "secrets-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    assert caller["env"][-1] == {"name": "SECRETS_CA_FILE", "value": f"{FOLDER}/ca.crt"}


def test_outputs_give_the_same() -> None:
    """The service's own outputs are known later."""
    seen: list[Any] = []

    def program() -> None:
        caller = caller_token(pulumi.Output.from_input(URL), pulumi.Output.from_input(AUDIENCE))
        pulumi.Output.all(caller["volume"], caller["env"]).apply(seen.append)

    run(program)
    plain = caller_token(URL, AUDIENCE)
    assert seen == [[plain["volume"], plain["env"]]]


def test_a_lifetime_that_kubernetes_does_not_take_is_refused() -> None:
    """As in AwsSecretAccess."""
    with pytest.raises(InvalidArgument, match="token_expiration_seconds"):
        caller_token(URL, AUDIENCE, token_expiration_seconds=60)
