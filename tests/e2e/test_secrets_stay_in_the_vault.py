"""The secrets' bytes are nowhere but in the vaults."""

import base64
import itertools
import re
import urllib.parse
from pathlib import Path

import pytest

from local import clouds, config
from tests.e2e.conftest import Environment

NAMES = ("test/database-password", "prod/database-password")


def holding(folder: Path, needles: list[bytes]) -> list[Path]:
    """The files below a folder that contain any of these bytes."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(needle in content for needle in needles):
                found.append(path)
    return found


@pytest.fixture(scope="module")
def values(environment: Environment) -> list[bytes]:
    """Every vault's values as they are and as base64 in its three alignments, each read through a sidecar before."""
    spelled = []
    for cloud, name in itertools.product(clouds.wanted(), NAMES):
        assert environment.ask(name.partition("/")[0], name, cloud)["status"] == 200
        value = cloud.account.value(name).encode()
        spelled.append(value)
        spelled += [base64.b64encode(b"x" * pad + value)[4 : len(value)] for pad in range(3)]
    assert len(set(spelled)) == 4 * len(NAMES) * len(clouds.ALL)  # a random one in each vault
    return spelled


@pytest.mark.parametrize(
    ("folder", "known"),
    [
        pytest.param(config.PULUMI_BACKEND, b"secretsmanager:GetSecretValue", id="Pulumi's state"),
        pytest.param(config.MACHINE / "etcd", b"database-password", id="etcd's data"),
        pytest.param(config.MACHINE / "containerd", b"secret_sidecar", id="the containers' file systems"),
        pytest.param(config.IMAGES, b"secret_sidecar", id="the images"),
        pytest.param(config.LOGS, b"prod/database-password", id="the logs of every component and container"),
    ],
)
def test_no_value_is_in(folder: Path, known: bytes, values: list[bytes]) -> None:
    """What the folder certainly holds is found by the same search; a value is not."""
    assert holding(folder, [known])
    assert holding(folder, values) == []


def test_no_token_is_in_any_log_or_state(environment: Environment) -> None:
    """A JSON Web Token that somebody could use is in no log and in no state."""
    token = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{40,}")
    fresh = environment.kubectl("create", "token", "secret-access", "-n", "test", "--audience=sts.amazonaws.com")
    assert token.match(fresh.encode())  # so it would be found
    for folder in (config.LOGS, config.PULUMI_BACKEND):
        assert [path for path in folder.rglob("*") if path.is_file() and token.search(path.read_bytes())] == []


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("folder", [config.LOGS, config.PULUMI_BACKEND])
def test_no_owners_credential_is_in_any_log_or_state(folder: Path) -> None:
    """What Pulumi manages each cloud with is the machine's own, and in no file but its own. AWS's is MiniStack's."""
    secrets = [
        value.encode()
        for cloud in clouds.ALL.values()
        for name, value in cloud.account.environment().items()
        if name.endswith(("_TOKEN", "_SECRET")) and name != "AWS_SESSION_TOKEN"
    ]
    assert len(set(secrets)) == len(clouds.ALL) - 1
    assert holding(config.MACHINE, secrets)
    assert holding(folder, secrets) == []


def test_the_search_knows_the_vaults_spelling(values: list[bytes], tmp_path: Path) -> None:
    """A value that did leak would be found, also inside a base64 text."""
    leak = tmp_path / "leak"
    leak.write_bytes(b"prefix " + base64.b64encode(b"user:" + values[0]))
    assert holding(tmp_path, values) == [leak]
    assert urllib.parse.quote(values[0].decode()) == values[0].decode()  # so a form body or a URL spells it the same
