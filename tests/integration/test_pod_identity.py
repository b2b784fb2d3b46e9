"""EKS Pod Identity against MiniStack: an agent that assumes roles with session tags, as EKS Auth does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.store import Store
from tests.integration.real_parts import ACCOUNT, MiniStack

pytestmark = pytest.mark.anyio

KEY = rsa.generate_private_key(65537, 2048)
AUDIENCE = "pods.eks.amazonaws.com"
ASSOCIATIONS = {"pods-test": "pods-test", "pods-prod": "pods-prod", "other": "pods-test"}
"""Which role is meant for a namespace; the last is one that its trust does not know of."""


@pytest.fixture(scope="module")
def ministack() -> Iterator[MiniStack]:
    """An AWS of these tests' own: others count the roles in theirs."""
    with MiniStack.running() as running:
        yield running


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def may_read(ministack: MiniStack, role: str, resource: str) -> None:
    """Give a role its one policy."""
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}
    ministack.client("iam").put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=document(read))


@pytest.fixture(scope="module")
def roles(ministack: MiniStack) -> None:
    """For each of two namespaces a role that trusts its tags, and a secret."""
    for namespace in ("pods-test", "pods-prod"):
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": AUDIENCE},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": "app",
                }
            },
        }
        ministack.client("iam").create_role(RoleName=namespace, AssumeRolePolicyDocument=document(trust))
        may_read(ministack, namespace, f"arn:aws:secretsmanager:*:*:secret:{namespace}/*")
        ministack.client("secretsmanager").create_secret(
            Name=f"{namespace}/database-password", SecretString=f"hunter2-{namespace}"
        )


@pytest.fixture(scope="module")
def agent(ministack: MiniStack, roles: None) -> Iterator[str]:
    """An agent that verifies the pod's token, and takes the role of the namespace's association."""

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                claims = jwt.decode(self.headers["Authorization"], KEY.public_key(), ["RS256"], audience=AUDIENCE)
                *_, namespace, account = claims["sub"].split(":")
                self._answer(200, self._credentials(namespace, account))
            except jwt.InvalidTokenError:
                self._answer(400, {"message": "no", "code": "InvalidTokenException"})
            except ClientError as error:
                self._answer(400, {"message": "no", "code": error.response["Error"]["Code"]})

        def _credentials(self, namespace: str, account: str) -> dict[str, str]:
            tags = {"kubernetes-namespace": namespace, "kubernetes-service-account": account}
            made = ministack.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{ASSOCIATIONS[namespace]}",
                RoleSessionName="eks-cluster-app-1",
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )["Credentials"]
            return {
                "AccessKeyId": made["AccessKeyId"],
                "SecretAccessKey": made["SecretAccessKey"],
                "Token": made["SessionToken"],
                "Expiration": made["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "AccountId": ACCOUNT,
            }

        def _answer(self, status: int, answer: dict[str, str]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Agent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/credentials"
        server.shutdown()
        thread.join()


@pytest.fixture
def store_of(agent: str, ministack: MiniStack, tmp_path: Path) -> Any:
    """Open the store of a ServiceAccount's pod, with nothing set but what EKS and our infrastructure set."""

    def make(namespace: str, account: str = "app", key: Any = KEY) -> Store:
        claims = {"sub": f"system:serviceaccount:{namespace}:{account}", "aud": [AUDIENCE], "exp": 4_000_000_000}
        file = tmp_path / "eks-pod-identity-token"
        file.write_text(jwt.encode(claims, key, algorithm="RS256"))
        environment = {
            "SECRETS_BACKEND": "aws",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": ministack.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
        }
        return open_store(Settings.from_environment(environment, Path("/nonexistent")))

    return make


async def outcome(store: Store, name: str) -> str:
    """A value, or the kind and the code of the error that came instead of it."""
    try:
        return (await store.get(name, asyncio.get_running_loop().time() + 60)).value
    except VaultError as error:
        return f"{type(error).__name__} {error.code}"
    finally:
        await store.close()


@pytest.mark.parametrize(("namespace", "other"), [("pods-test", "pods-prod"), ("pods-prod", "pods-test")])
async def test_a_pod_reads_its_own_namespaces_secrets_alone(namespace: str, other: str, store_of: Any) -> None:
    """By the role whose trust has its tags; the other's are refused by AWS's own code."""
    assert await outcome(store_of(namespace), f"{namespace}/database-password") == f"hunter2-{namespace}"
    assert await outcome(store_of(namespace), f"{other}/database-password") == "Denied AccessDeniedException"


async def test_a_widened_policy_turns_the_refusal(ministack: MiniStack, store_of: Any) -> None:
    """So it was the policy that refused."""
    may_read(ministack, "pods-test", "*")
    try:
        assert await outcome(store_of("pods-test"), "pods-prod/database-password") == "hunter2-pods-prod"
    finally:
        may_read(ministack, "pods-test", "arn:aws:secretsmanager:*:*:secret:pods-test/*")


async def test_a_pod_without_an_association_or_with_a_forged_token_gets_nothing(store_of: Any) -> None:
    """Another ServiceAccount, another namespace, another cluster's key: the agent's code is told."""
    forged = rsa.generate_private_key(65537, 2048)
    for pod, code in (
        ({"namespace": "pods-test", "account": "default"}, "AccessDenied"),
        ({"namespace": "other"}, "AccessDenied"),
        ({"namespace": "pods-test", "key": forged}, "InvalidTokenException"),
    ):
        assert await outcome(store_of(**pod), "pods-test/database-password") == f"IdentityUnavailable {code}"
