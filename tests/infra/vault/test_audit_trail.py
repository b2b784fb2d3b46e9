"""What VaultAuditTrail asks of Vault, and what it refuses."""

from typing import Any, cast

import pytest

from secret_access import InvalidArgument, VaultAuditTrail, VaultAuditTrailArgs
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

DEVICE = "vault:index/audit:Audit"


def trail(**changed: Any) -> Any:
    """A program that makes a VaultAuditTrail."""
    return lambda: VaultAuditTrail("audit", cast("VaultAuditTrailArgs", outputs_in(changed)))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_device_of_a_file(delay: Any) -> None:
    """Nothing turns the HMACs off."""
    device = run(trail(file_path=delay("/vault/audit.log"), audit_path=delay("file"))).one(DEVICE)
    assert device.inputs["options"] == {"file_path": "/vault/audit.log"}
    assert (device.inputs["type"], device.inputs["path"], device.inputs["local"]) == ("file", "file", False)
    assert run(trail()).one(DEVICE).inputs["options"] == {"file_path": "stdout"}


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"file_path": "audit.log"}, ["file_path: given 'audit.log'", "leave it out for stdout"]),
        ({"file_path": "discard"}, ["file_path keeps nothing"]),
        ({"audit_path": "a/"}, ["audit_path: given 'a/'"]),
        ({"local": "yes"}, ["local: given 'yes'"]),
        ({"log_raw": True}, ["log_raw is unknown"]),
    ],
)
def test_a_mistake_is_named_and_nothing_is_made(changed: dict[str, Any], message: list[str], delay: Any) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(trail(**{name: delay(value) for name, value in changed.items()}), world)
    assert_all_in(["VaultAuditTrail 'audit'", *message], error)
    assert world.of(DEVICE) == []
