"""All of it was made with the real Kubernetes plugin; its stand-in makes the same, and each goes on from the other."""

import pytest

from local import isolation, plugins
from local.aws.cloud import AWS
from local.up import up
from tests.e2e.conftest import Environment


def runs_with(environment: Environment, choice: plugins.Choice) -> bool:
    """Whether the engine says that it runs this plugin."""
    said = environment.pulumi("preview", f"--stack={AWS.environment_stacks['test']}")
    return f"using {choice.plugin.command} from $PATH at {choice.folder}/" in said


def test_the_kubernetes_plugin_is_the_real_one(environment: Environment) -> None:
    """`make e2e` builds it where the machine has none; `PLUGINS=standin` says otherwise."""
    kubernetes, *_ = plugins.choose()
    assert kubernetes.real or plugins.wanted() is plugins.Wanted.STANDIN
    assert runs_with(environment, kubernetes)


def test_the_stand_in_makes_the_same(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds nothing to change, makes an environment anew, and the real plugin finds nothing to change in that."""
    with monkeypatch.context() as patch:
        patch.setenv("PLUGINS", "standin")
        kubernetes, *_ = plugins.choose()
        assert runs_with(environment, kubernetes)
        for stack in AWS.stacks:
            environment.pulumi("preview", f"--stack={stack}", "--refresh", "--expect-no-changes")
        environment.destroy("test")
        assert isolation.wrong(up(environment.pulumi.tools)) == []
    for stack in AWS.stacks:
        environment.pulumi("preview", f"--stack={stack}", "--refresh", "--expect-no-changes")
