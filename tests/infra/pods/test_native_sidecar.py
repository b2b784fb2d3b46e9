"""A cluster that drops native sidecars is found out by its answer."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import workload
from tests.infra.engine import Cloud, World, run
from tests.infra.pods.test_workload_kinds import NEEDED, TYPES


def dropping(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """Answer every workload without a field of its init containers, as an older API server does."""
    answer = Cloud.new_resource

    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {name: pruned(item) for name, item in value.items()}
            for container in kept.get("initContainers") or []:
                container.pop(field, None)
            return kept
        return [pruned(item) for item in value] if isinstance(value, list) else value

    def older(cloud: Cloud, args: Any) -> Any:
        identity, state = answer(cloud, args)
        return identity, pruned(state) if args.typ in TYPES.values() else state

    monkeypatch.setattr(Cloud, "new_resource", older)


@pytest.mark.parametrize("kind", TYPES)
def test_a_cluster_that_drops_the_sidecars_restart_policy_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app would wait for ever behind an init container that never ends."""
    dropping(monkeypatch, "restartPolicy")
    with pytest.raises(InvalidArgument, match=r"SecretWorkload 'shop': the cluster drops restartPolicy.*1\.29"):
        run(workload(kind=kind, spec=NEEDED.get(kind, {})))


@pytest.mark.parametrize("kind", TYPES)
def test_a_cluster_that_drops_something_else_is_not(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it keeps is what counts."""
    dropping(monkeypatch, "terminationMessagePolicy")
    world = World()
    run(workload(kind=kind, spec=NEEDED.get(kind, {})), world)
    assert world.outputs["shop"] == {"namespace": "test", "workloadName": "shop"}
