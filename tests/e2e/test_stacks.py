"""The stacks: stable once up, refused on the wrong account, independent of each other."""

import shutil

import pytest

from local import clouds, config, stacks
from local.aws import account
from local.aws.cloud import AWS
from tests.e2e.conftest import Environment

STACKS = [stack for cloud in clouds.ALL.values() for stack in cloud.stacks]


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_left_to_do_after_up(environment: Environment, stack: str) -> None:
    """A second look finds no difference between what is wanted and what is there."""
    environment.pulumi("preview", f"--stack={stack}", "--expect-no-changes")


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_drifts_by_itself(environment: Environment, stack: str) -> None:
    """What was made is read back as it was made."""
    environment.pulumi("refresh", f"--stack={stack}", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_deployment_changed_by_hand_is_repaired(environment: Environment) -> None:
    """Somebody's `kubectl` that takes the sidecar's token away shows at refresh, and up puts it back."""
    stack = AWS.environment_stacks["prod"]
    token = "{.spec.template.spec.volumes[0].projected.sources[0].serviceAccountToken.audience}"
    patch = '[{"op": "replace", "path": "%s", "value": "elsewhere"}]'
    path = "/spec/template/spec/volumes/0/projected/sources/0/serviceAccountToken/audience"
    environment.kubectl("patch", "deployment", "app", "-n", "prod", "--type=json", "-p", patch % path)
    shown = environment.pulumi("refresh", f"--stack={stack}", "--yes", "--skip-preview")
    assert "kubernetes:apps/v1:Deployment" in shown
    assert "updated" in shown
    environment.pulumi("up", f"--stack={stack}", "--yes", "--skip-preview")
    audience = environment.kubectl("get", "deployment", "app", "-n", "prod", "-o", f"jsonpath={token}")
    assert audience == "sts.amazonaws.com"
    assert environment.ask("prod", "database-password")["status"] == 200


def test_the_wrong_account_stops_before_anything_is_made(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another account's credentials `up` says which account it expected, and makes nothing anywhere."""
    other = "999988887777"
    namespaces = environment.kubectl("get", "namespaces", "-o", "name")
    with monkeypatch.context() as patch:
        patch.setitem(account.ROOT_CREDENTIALS, "AWS_ACCESS_KEY_ID", other)
        assert account.client("sts").get_caller_identity()["Account"] == other
        for stack in AWS.stacks:  # each as if it were new: with a backend of its own
            patch.setattr(config, "PULUMI_BACKEND", config.STATE / "pulumi-elsewhere")
            with pytest.raises(stacks.StackError) as stopped:
                environment.pulumi.up(stack)
            assert config.ACCOUNT in str(stopped.value)
            assert other in str(stopped.value)
        assert account.client("iam").list_roles()["Roles"] == []
        assert account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert environment.kubectl("get", "namespaces", "-o", "name") == namespaces
    shutil.rmtree(config.STATE / "pulumi-elsewhere")
