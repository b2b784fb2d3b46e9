"""Who read a secret and who was refused, in Vault's own log: an audit device."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_vault as vault

from ..arguments import Arguments
from ..checks import flag
from ..inputs import children_of, lift
from . import checks


class VaultAuditTrailArgs(TypedDict):
    """Arguments of VaultAuditTrail."""

    file_path: NotRequired[pulumi.Input[str]]
    """The file on Vault's own machine that has each call as a line of JSON; `stdout` for the log of Vault's process,
    which the platform collects. Default: `stdout`. Example: `/vault/audit/audit.log`."""
    audit_path: NotRequired[pulumi.Input[str]]
    """Where the device is mounted, one path per device. Default: `secret-access`."""
    local: NotRequired[pulumi.Input[bool]]
    """The device is this cluster's alone, and not its replicas' (Vault Enterprise). Default: false."""


class VaultAuditTrail(pulumi.ComponentResource):
    """An audit device of Vault: each call as a line with who asked, for what, and whether it was refused.

    Secrets and tokens are in it as HMACs alone. Once for a Vault, in its root namespace. If none of its devices can
    write, Vault refuses every request, so have two. OpenBao takes devices from its configuration file alone by default.
    """

    audit_path: pulumi.Output[str]
    """Where the device is mounted."""
    file_path: pulumi.Output[str]
    """The file that has the calls."""

    def __init__(self, name: str, args: VaultAuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"VaultAuditTrail {name!r}", args, VaultAuditTrailArgs, example='{"file_path": "stdout"}')
        file_path = given.take("file_path", checks.audit_file, "stdout")
        audit_path = given.take("audit_path", checks.audit_path, "secret-access")
        local = given.named("local", flag, False)
        super().__init__("secret-access:index:VaultAuditTrail", name, {}, opts)
        device = vault.Audit(
            f"{name}-device",
            type="file",
            path=audit_path,
            description="Who reads secrets, and who is refused",
            options=lift(_options, file_path),
            local=local,
            opts=children_of(self, opts),
        )
        complete = pulumi.Output.all(audit_path, file_path, device.id)
        self.audit_path = complete.apply(lambda known: str(known[0]))
        self.file_path = complete.apply(lambda known: str(known[1]))
        self.register_outputs({"auditPath": self.audit_path, "filePath": self.file_path})


def _options(file_path: str) -> dict[str, str]:
    return {"file_path": file_path}
