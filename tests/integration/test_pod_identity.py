"""EKS Pod Identity against MiniStack: an agent that assumes roles with session tags, as EKS Auth does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.store import Store
from tests.fakes.eks import AUDIENCE, Eks
from tests.integration.real_parts import ACCOUNT, MiniStack

pytestmark = pytest.mark.anyio

KEY = rsa.generate_private_key(65537, 2048)
ASSOCIATIONS = {
    ("pods-test", "app"): "pods-test",
    ("pods-prod", "app"): "pods-prod",
    ("pods-test", "default"): "pods-test",
    ("other", "app"): "pods-test",
}
"""Which role is meant for a ServiceAccount; the last two are ones that its trust does not know of."""


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
    """An agent that verifies the pod's token, and takes the role of the ServiceAccount's association."""
    eks = ministack.client("eks")
    trust = document({"Effect": "Deny", "Principal": "*", "Action": "sts:*"})
    cluster_role = ministack.client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    eks.create_cluster(name="blue", roleArn=cluster_role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    for (namespace, account), role in ASSOCIATIONS.items():
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        eks.create_pod_identity_association(
            clusterName="blue", namespace=namespace, serviceAccount=account, roleArn=arn
        )

    def review(token: str, audience: str) -> str | None:
        try:
            return str(jwt.decode(token, KEY.public_key(), ["RS256"], audience=audience)["sub"])
        except jwt.InvalidTokenError:
            return None

    cluster_arn = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/blue"
    with Eks(cluster_arn, lambda service, _=None: ministack.client(service), review).serving() as url:
        yield url


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
        ({"namespace": "nobody"}, "ResourceNotFoundException"),
        ({"namespace": "pods-test", "key": forged}, "InvalidTokenException"),
    ):
        assert await outcome(store_of(**pod), "pods-test/database-password") == f"IdentityUnavailable {code}"
