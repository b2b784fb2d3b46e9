"""The sidecar's settings on Vault: the part of its contract with secret_sidecar that is Vault's own. Pure."""

from secret_names import vaults

from ..pods.sidecar_settings import OF_VAULT, Backend

TOKEN_FOLDER = "/var/run/secrets/secret-access/vault"  # noqa: S105  a path

BACKEND = Backend(
    name="vault",
    spelling=vaults.VAULT,
    token_folder=TOKEN_FOLDER,
    settable=OF_VAULT,
    set_by_component={
        "BAO_ADDR": "address",
        "BAO_NAMESPACE": "vault_namespace",
        "SECRETS_VAULT_AUTH_PATH": "auth_path",
        "SECRETS_VAULT_JWT_FILE": "",
        "SECRETS_VAULT_MOUNT": "mount",
        "SECRETS_VAULT_ROLE": "role_name",
        "VAULT_ADDR": "address",
        "VAULT_NAMESPACE": "vault_namespace",
    },
    are_exact_granted=True,
    credentials=("BAO_TOKEN", "HOME", "VAULT_TOKEN"),
)


def variables(
    *, address: str, vault_namespace: str | None, mount: str, auth_path: str, role_name: str
) -> dict[str, str | None]:
    """Return Vault's own variables."""
    return {
        "VAULT_ADDR": address,
        "VAULT_NAMESPACE": vault_namespace,
        "SECRETS_VAULT_MOUNT": mount,
        "SECRETS_VAULT_AUTH_PATH": auth_path,
        "SECRETS_VAULT_ROLE": role_name,
        "SECRETS_VAULT_JWT_FILE": f"{TOKEN_FOLDER}/token",
    }
