"""EKS Pod Identity: an agent gives the credentials. botocore's own provider must be content with the fake agent too."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from botocore.credentials import ContainerProvider
from botocore.utils import ContainerMetadataFetcher

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable, SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.pod_identity import AgentUrl, PodIdentity
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.aws.sources import open_source
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from secret_sidecar.vaults.identity.refreshing import Refreshing
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Key, Reply, Request
from tests.sidecar.conftest import rewrite, soon

pytestmark = pytest.mark.anyio

EXPIRES = (datetime.now(UTC) + timedelta(hours=6)).replace(microsecond=0)


class FakeAgent(FakeAws):
    """Gives a pod's credentials to whoever shows the pod's token; `faults` as with the fake AWS."""

    token = "pod-token-1"
    document: dict[str, Any]

    async def serve(self, request: Request, writer: Any) -> bool:
        self.sts_faults = self.faults
        return await super().serve(request, writer)

    def sts(self, request: Request) -> Reply:
        """Answer as the agent does."""
        assert (request.method, request.target) == ("GET", "/v1/credentials")
        if request.headers.get("authorization") != self.token:
            return Reply(401, b"[id]: (InvalidTokenException): no", "text/plain; charset=utf-8")
        return Reply(200, json.dumps(self.document).encode(), "application/json")


@pytest.fixture
async def agent(aws: FakeAws) -> AsyncIterator[FakeAgent]:
    """An agent whose credentials the fake AWS accepts."""
    aws.keys["ASIAPOD"] = Key("pod-secret", "pod-session", float("inf"), ("test/",))
    fake = FakeAgent()
    async with fake:
        fake.document = {
            "AccessKeyId": "ASIAPOD",
            "SecretAccessKey": "pod-secret",
            "Token": "pod-session",
            "AccountId": "111122223333",
            "Expiration": EXPIRES.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        yield fake


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The pod's token."""
    path = tmp_path / "eks-pod-identity-token"
    path.write_text("pod-token-1")
    return path


@pytest.fixture
def environment(agent: FakeAgent, token_file: Path) -> dict[str, str]:
    """What EKS sets in a pod."""
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file),
    }


def settings_of(environment: dict[str, str], **more: str) -> Settings:
    return Settings.from_environment(
        {"SECRETS_BACKEND": "aws", "SECRETS_NAMESPACE": "test", "AWS_REGION": fake_aws.REGION, **environment, **more},
        Path("/nonexistent"),
    )


def issuer(environment: dict[str, str]) -> PodIdentity:
    """What the settings lead to, without the wrapping."""
    source = open_source(settings_of(environment))
    assert isinstance(source, Refreshing)
    assert isinstance(source._issuer, PodIdentity)
    return source._issuer


async def test_botocore_gets_the_same_credentials(environment: dict[str, str]) -> None:
    """The fake is one that AWS's own SDK is content with."""
    frozen = await to_thread.run_sync(lambda: ContainerProvider(environment).load().get_frozen_credentials())
    ours = await issuer(environment).obtain(soon())
    assert (ours.access_key, ours.secret_key, ours.token) == (frozen.access_key, frozen.secret_key, frozen.token)
    assert ours.expires == EXPIRES.timestamp()
    assert ours.identity.startswith("access key ASIAPOD of account 111122223333 from the agent at http://127.0.0.1:")


async def test_a_secret_is_read_with_them(environment: dict[str, str], aws: FakeAws) -> None:
    """The session token goes along, and the vault refuses another namespace's secret to this identity."""
    store = open_store(settings_of(environment, AWS_ENDPOINT_URL=aws.url))
    assert (await store.get("test/database-password", soon())).value == "hunter2-test"
    await store.close()


async def test_the_token_is_read_anew_each_time(
    environment: dict[str, str], agent: FakeAgent, token_file: Path
) -> None:
    """The kubelet rotates it; the file's last line may end as files do."""
    pod = issuer(environment)
    await pod.obtain(soon())
    agent.token = "pod-token-2"
    with pytest.raises(IdentityUnavailable, match="gave no credentials: InvalidTokenException") as failure:
        await pod.obtain(soon())
    assert failure.value.code == "InvalidTokenException"
    assert "pod-token" not in str(failure.value)
    rewrite(token_file, b"pod-token-2\n")
    assert (await pod.obtain(soon())).access_key == "ASIAPOD"


async def test_a_token_without_a_file(environment: dict[str, str]) -> None:
    """As ECS gives it."""
    del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    given = issuer(environment | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod-token-1"})
    assert (await given.obtain(soon())).access_key == "ASIAPOD"
    with pytest.raises(IdentityUnavailable, match="InvalidTokenException"):
        await issuer(environment).obtain(soon())


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two\nlines", b"\xff\xfe"])
async def test_a_token_file_that_holds_no_token(
    content: bytes | None, environment: dict[str, str], token_file: Path
) -> None:
    """The path is told, the content is not."""
    rewrite(token_file, content)
    with pytest.raises(IdentityUnavailable, match=r"token file .*eks-pod-identity-token") as failure:
        await issuer(environment).obtain(soon())
    assert "two" not in str(failure.value)


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Reply(500, b"oops"), IdentityDelayed, "HTTP 500"),
        (Reply(429, b'{"code":"ThrottlingException"}'), IdentityDelayed, "ThrottlingException"),
        (
            Reply(500, b"[id]: (AccessDeniedException): no"),
            IdentityUnavailable,
            "AccessDeniedException; a new association or role takes some seconds to be seen",
        ),
        (
            Reply(404, b'{"code":"ResourceNotFoundException"}'),
            IdentityUnavailable,
            "ResourceNotFoundException; a new association or role takes some seconds to be seen",
        ),
        (Reply(404, b'{"Code":"NotFound"}'), IdentityUnavailable, "NotFound"),
        (Reply(200, b"[]"), IdentityUnavailable, "other than credentials"),
        (Reply(200, b'{"AccessKeyId":"a"}'), IdentityUnavailable, "other than credentials"),
        (
            Reply(200, b'{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":3}'),
            IdentityUnavailable,
            "other than credentials",
        ),
        (
            Reply(200, b'{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c\\n","Expiration":"2030-01-01T00:00:00Z"}'),
            IdentityUnavailable,
            "other than credentials",
        ),
        (None, IdentityDelayed, "closed the connection"),
        (b"SSH-2.0\r\n\r\n", IdentityUnavailable, "did not answer in HTTP"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_an_agent_that_fails(
    fault: Reply | bytes | None,
    kind: type[IdentityUnavailable],
    message: str,
    environment: dict[str, str],
    agent: FakeAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What may pass is tried again before it is told; what will not is told at once."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    agent.faults = deque([fault] * 8)  # a kept connection that is lost is tried anew within one attempt
    with pytest.raises(IdentityUnavailable, match=message) as failure:
        await issuer(environment).obtain(soon())
    assert type(failure.value) is kind
    assert (len(agent.faults) < 7) == (kind is IdentityDelayed)
    agent.faults = deque([Reply(500, b"oops")])
    assert (await issuer(environment).obtain(soon())).access_key == "ASIAPOD"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "http://169.254.170.2/v2/credentials/id?x=1",
        "http://127.0.0.1:8080/x",
        "http://127.9.9.9/x",
        "http://[::1]/x",
        "http://localhost/x",
        "https://agent.example/x",
    ],
)
def test_an_agent_that_may_be_asked(url: str) -> None:
    """As botocore has it."""
    parsed = AgentUrl.parse(url)
    assert f"{parsed.origin}{parsed.target}" == url
    ContainerMetadataFetcher()._validate_allowed_url(url)


@pytest.mark.parametrize(
    "url",
    ["http://agent.example/x", "http://169.254.169.254/x", "http://10.0.0.1/x", "http://169.254.170.23.example/x"],
)
def test_an_agent_that_may_not(url: str) -> None:
    """In plain text keys come from this machine alone, as botocore has it."""
    with pytest.raises(SettingsError, match=r"AWS_CONTAINER_CREDENTIALS_FULL_URI='http.*: expected https"):
        settings_of({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
    with pytest.raises(ValueError, match="Unsupported host"):
        ContainerMetadataFetcher()._validate_allowed_url(url)


@pytest.mark.parametrize(
    "url", ["agent", "http://[::1/x", "http://u:p@127.0.0.1/", "http://localhost/a b", "ftp://localhost/"]
)
def test_what_is_no_url_of_an_agent(url: str) -> None:
    """The form is told."""
    with pytest.raises(ValueError, match=r"such as 'http://169\.254\.170\.23/v1/credentials'"):
        AgentUrl.parse(url)


async def test_the_order_of_sources(environment: dict[str, str], role_settings: Settings, token_file: Path) -> None:
    """Keys, then a web identity, then the agent: as botocore's resolver has it."""
    agent = settings_of(environment)
    vault: AwsSettings = replace(
        agent.vault_as(AwsSettings),
        role_arn=fake_aws.ROLE,
        web_identity_token_file=token_file,
        endpoint_url=role_settings.vault_as(AwsSettings).endpoint_url,
    )
    both = open_source(replace(agent, vault=vault))
    assert isinstance(both, Refreshing)
    assert isinstance(both._issuer, WebIdentity)
    assert isinstance(issuer(environment), PodIdentity)
    names = [provider.METHOD for provider in _resolver().providers]
    assert names.index("env") < names.index("assume-role-with-web-identity") < names.index("container-role")


def _resolver() -> Any:
    import botocore.session

    return botocore.session.Session().get_component("credential_provider")


async def test_an_agent_is_never_asked_through_a_proxy(environment: dict[str, str]) -> None:
    """Whatever is set, and wherever it is."""
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://agent.example/x"
    assert issuer(environment | {"HTTPS_PROXY": "proxy:3128"})._client._proxy is None
