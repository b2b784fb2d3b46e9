"""The examples in five languages, each built and run for real against a real sidecar process.

Behind the sidecar is MiniStack, where a user's policy decides, and for a busy vault the fake AWS. Needed on PATH:
python3, javac and java (17), node (18 or later), go (1.22 or later), curl (7.84 or later), jq, pass, gpg. A missing one
is a failure: what is shown to people in five languages is shown to work in five.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from local.progress import wait_for
from secret_sidecar.retry import TRIES
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.free_port import free_port
from tests.integration.real_parts import ACCOUNT, MiniStack, died, process

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REGION = "us-east-1"
LONG = 'Grüße, "мир" \\ 世界 🔑\t' * 2000
VALUES = {
    "test/database-password": "hunter2",
    "test/unicode": 'pa"ss\\wörd /\n\t мир 世界 🔑 "value": "no"',
    "test/long": LONG,
    "prod/database-password": "hunter2-prod",
}

Command = list[str]


def _found(tool: str) -> str:
    where = shutil.which(tool)
    assert where, f"{tool} is not on PATH: expected it, for the example that needs it is run for real"
    return where


def _built(*command: str | Path, **variables: str) -> None:
    environment = {**os.environ, **variables}
    built = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, f"{' '.join(map(str, command))}:\n{built.stdout}{built.stderr}"


def _python(_: Path) -> Command:
    return [_found("python3"), str(EXAMPLES / "python" / "get_secret.py")]


def _java(folder: Path) -> Command:
    _built(_found("javac"), "-Xlint:all", "-Werror", "-d", folder, EXAMPLES / "java" / "GetSecret.java")
    return [_found("java"), "-cp", str(folder), "GetSecret"]


def _node(_: Path) -> Command:
    return [_found("node"), str(EXAMPLES / "node" / "get-secret.mjs")]


def _go(folder: Path) -> Command:
    go = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    _built(_found("go"), "-C", EXAMPLES / "go", "build", "-o", folder / "get-secret", **go)
    return [str(folder / "get-secret")]


def _shell(_: Path) -> Command:
    _found("curl")
    _found("jq")
    return [_found("sh"), str(EXAMPLES / "shell" / "get-secret.sh")]


LANGUAGES: dict[str, Callable[[Path], Command]] = {
    "python": _python,
    "java": _java,
    "node": _node,
    "go": _go,
    "shell": _shell,
}


@pytest.fixture(scope="module", params=LANGUAGES)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command that runs one language's example, built if it has to be."""
    return LANGUAGES[request.param](tmp_path_factory.mktemp(request.param))


@contextmanager
def sidecar(log: Path, **variables: str) -> Iterator[str]:
    """Run `python -m secret_sidecar` with no other settings than these; its URL once it is ready."""
    port, health_port = free_port(), free_port()
    ports = {"SECRETS_PORT": str(port), "SECRETS_HEALTH_PORT": str(health_port)}
    environment = {
        "PATH": os.environ["PATH"],
        "SECRETS_BACKEND": "aws",
        "AWS_REGION": REGION,
        "SECRETS_TIMEOUT": "60",
        **ports,
        **variables,
    }

    def ready() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{health_port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (HTTPError, OSError):
            return False

    with process(sys.executable, "-m", "secret_sidecar", log=log, env=environment) as running:
        wait_for("the sidecar", ready, still_possible=lambda: died(running, log))
        yield f"http://localhost:{port}"


def run(example: Command, url: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """What an example says when asked for a name: exit code, standard output, standard error."""
    # A proxy that nobody answers at: an example that sends a secret through one fails.
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
    environment = {**os.environ, **proxies, "SECRETS_URL": url, **variables}
    for variable in ("NO_PROXY", "no_proxy"):
        environment.pop(variable, None)
    done = subprocess.run([*example, *arguments], env=environment, capture_output=True, check=False, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def account(ministack: MiniStack) -> dict[str, str]:
    """Secrets of two environments, and a static key whose user may read those of test."""
    secrets, iam = ministack.client("secretsmanager"), ministack.client("iam")
    for name, value in VALUES.items():
        secrets.create_secret(Name=name, SecretString=value)
    read = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:test/*",
    }
    iam.create_user(UserName="reader")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="module")
def url(ministack: MiniStack, account: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sidecar outside of Kubernetes: a static key, and a prefix for names without `/`."""
    log = tmp_path_factory.mktemp("sidecar") / "log"
    with sidecar(log, SECRETS_PREFIX="test/", AWS_ENDPOINT_URL=ministack.url, **account) as url:
        yield url


@pytest.mark.parametrize("name", ["database-password", "test/database-password"])
def test_a_value_is_read(name: str, example: Command, url: str) -> None:
    """By its short name and by its full one."""
    assert run(example, url, name) == (0, "hunter2\n", "")


@pytest.mark.parametrize("name", ["test/unicode", "test/long"])
def test_values_arrive_intact(name: str, example: Command, url: str) -> None:
    """Quotes, escapes, line breaks, every plane of Unicode, and 60 kB of it, whatever the locale."""
    assert run(example, url, name, LC_ALL="C") == (0, f"{VALUES[name]}\n", "")


def test_a_denied_name_is_told_apart(example: Command, url: str) -> None:
    """Another environment's secret is refused by the cloud: nothing is printed but the reason."""
    code, shown, reason = run(example, url, "prod/database-password")
    assert (code, shown) == (1, "")
    assert reason.startswith("denied: ")
    assert "'prod/database-password'" in reason


def test_a_missing_name_is_told_apart(example: Command, url: str) -> None:
    """A name that is not there is something else than one that is denied."""
    code, shown, reason = run(example, url, "missing")
    assert (code, shown) == (1, "")
    assert reason.startswith("not found: ")
    assert "'test/missing'" in reason


def test_a_sidecar_that_is_not_there_is_an_error(example: Command) -> None:
    """An exit code that is not 0, nothing on standard output, and one line that names the address."""
    url = f"http://127.0.0.1:{free_port()}"
    code, shown, reason = run(example, url, "database-password")
    assert code == 1
    assert shown == ""
    assert f"no answer from {url}" in reason
    assert len(reason.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["database-password", "one-more"]], ids=["none", "two"])
def test_one_name_is_expected(example: Command, arguments: list[str]) -> None:
    """Anything else ends with the usage, and asks for nothing."""
    code, shown, reason = run(example, "http://127.0.0.1:1", *arguments)
    assert (code, shown) == (2, "")
    assert reason.startswith("usage: ")
    assert " NAME" in reason
    assert len(reason.splitlines()) == 1


def test_what_answers_and_is_no_sidecar_is_an_error(example: Command, somebody_else: str) -> None:
    """Another program has the port: its HTML is no secret, and the address is named."""
    code, shown, reason = run(example, somebody_else, "database-password")
    assert (code, shown) == (1, "")
    assert reason.startswith(f"HTTP 404 from {somebody_else}")
    assert len(reason.splitlines()) == 1


@pytest.fixture(scope="module")
def somebody_else() -> Iterator[str]:
    """Another program's server, which answers with a page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """A loop beside the tests."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def busy(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeAws, str]]:
    """A vault that can be told to throttle, and the sidecar in front of it."""
    fake = FakeAws(secrets={"test/database-password": "hunter2"})
    keys = {"AWS_ACCESS_KEY_ID": fake_aws.STATIC_KEY, "AWS_SECRET_ACCESS_KEY": fake_aws.STATIC_SECRET}
    log = tmp_path_factory.mktemp("busy") / "log"
    with ExitStack() as started:
        started.enter_context(portal.wrap_async_context_manager(fake))
        yield fake, started.enter_context(sidecar(log, SECRETS_PREFIX="test/", AWS_ENDPOINT_URL=fake.url, **keys))


def test_a_busy_vault_is_asked_again(example: Command, busy: tuple[FakeAws, str]) -> None:
    """One answer of 429 with Retry-After, then the value."""
    fake, url = busy
    fake.asked.clear()
    fake.faults.extend([fake_aws.error("ThrottlingException")] * TRIES)
    assert run(example, url, "database-password") == (0, "hunter2\n", "")
    assert (list(fake.faults), len(fake.asked)) == ([], 1)


def test_a_vault_that_stays_busy_is_an_error(example: Command, busy: tuple[FakeAws, str]) -> None:
    """Three answers of 429, then the client gives up and says so."""
    fake, url = busy
    fake.asked.clear()
    fake.faults.extend([fake_aws.error("ThrottlingException")] * TRIES * 3)
    code, shown, reason = run(example, url, "database-password")
    assert (code, shown, list(fake.faults), fake.asked) == (1, "", [], [])
    assert reason.startswith("HTTP 429: ")


def _curl_lines(text: str) -> list[str]:
    blocks = text.split("```")[1::2]
    return [line for block in blocks for line in block.splitlines()[1:] if line.startswith("curl")]


@pytest.mark.parametrize("line", _curl_lines((EXAMPLES / "README.md").read_text()))
def test_the_one_liners_print_the_value(line: str, url: str) -> None:
    """Each line with curl in the README, as it stands there."""
    assert run([_found("sh"), "-c", line], url, "sh")[:2] == (0, "hunter2\n")


def test_a_profile_serves_as_well(ministack: MiniStack, account: dict[str, str], tmp_path: Path) -> None:
    """On a laptop the sidecar takes the person's own profile, by boto3's chain."""
    profile = "\n".join(f"{key.lower()} = {value}" for key, value in account.items())
    (tmp_path / "credentials").write_text(f"[work]\n{profile}\n")
    own = {"AWS_PROFILE": "work", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    with sidecar(tmp_path / "log", AWS_ENDPOINT_URL=ministack.url, SECRETS_PREFIX="test/", **own) as url:
        assert run(_python(tmp_path), url, "database-password") == (0, "hunter2\n", "")


@pytest.fixture
def password_store(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A store of `pass` with a gpg key of its own, and one secret."""
    with TemporaryDirectory(
        ignore_cleanup_errors=True,
    ) as keys:  # short, for the agent's socket is in there
        own = {"PASSWORD_STORE_DIR": str(tmp_path / "store"), "GNUPGHOME": keys, "HOME": str(tmp_path)}
        _built(_found("gpg"), "--batch", "--passphrase", "", "--quick-gen-key", "a@example.test", **own)
        _built(_found("pass"), "init", "a@example.test", **own)
        insert = [_found("pass"), "insert", "--multiline", "test/database-password"]
        subprocess.run(insert, input=b"hunter2", env={**os.environ, **own}, check=True, stdout=subprocess.DEVNULL)
        yield own
        _built(_found("gpgconf"), "--kill", "all", **own)


def test_the_backend_changes_and_the_application_does_not(password_store: dict[str, str], tmp_path: Path) -> None:
    """On a laptop, without any cloud, the same example reads from `pass`."""
    with sidecar(tmp_path / "log", SECRETS_BACKEND="pass", SECRETS_PREFIX="test/", **password_store) as url:
        assert run(_python(tmp_path), url, "database-password") == (0, "hunter2\n", "")
