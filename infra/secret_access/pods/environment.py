"""The sidecar's environment: its contract with secret_sidecar. Pure."""

from collections.abc import Mapping, Sequence

from ..checks import Access
from .sidecar_container import HEALTH_PORT, Manifest


def environment(
    *,
    backend: str,
    namespace: str,
    secret_prefix: str,
    secrets: Sequence[str],
    port: int,
    access: Access,
    variables: Mapping[str, str | None],
    settings: Mapping[str, str],
) -> list[Manifest]:
    """Return the variables, spelled as in a manifest; empty ones are left out.

    `variables` are the cloud's own, `settings` those that the platform chose.
    """
    values = {
        "SECRETS_BACKEND": backend,
        "SECRETS_NAMESPACE": namespace,
        "SECRETS_PREFIX": secret_prefix,
        "SECRETS_NAMES": ",".join(secrets),
        "SECRETS_PORT": str(port),
        "SECRETS_HEALTH_PORT": str(HEALTH_PORT),
        **variables,
        "SECRETS_ACCESS": "read_write" if access == Access.READ_WRITE else None,
        **settings,
    }
    listed: list[Manifest] = [{"name": name, "value": value} for name, value in values.items() if value]
    # The cloud's trail shows it where the cloud lets a session have a name: with it, the pod that read
    return [*listed, {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
