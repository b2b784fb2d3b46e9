"""What a platform may tell the sidecar about Vault is what the sidecar knows."""

from secret_access.pods import sidecar_settings
from secret_access.vault import environment
from tests.infra.pods.test_sidecar_settings import documented


def test_every_setting_of_vault_is_either_a_platforms_or_refused_with_a_reason() -> None:
    """The spellings of OpenBao's command are refused where VAULT_ has the same meaning."""
    backend = environment.BACKEND
    known = {*backend.settable, *backend.set_by_component, *backend.credentials}
    told = set(documented("HashiCorp Vault and OpenBao"))
    assert told - known == set()
    assert known - told == {"BAO_ADDR", "BAO_NAMESPACE", "BAO_TOKEN"}
    assert not known & set(sidecar_settings.OF_EVERY_VAULT)
