"""EKS Pod Identity from the components to the secret, with the real engine and a cluster's real tokens.

The associations, roles and documents that the components make are judged by MiniStack, by way of a fake agent that
assumes roles as EKS does. What MiniStack does not know of IAM is added to it: tests/fakes/ministack_iam.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.standins.kube_client import Client
from local.standins.kubeconfig import access
from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.store import open_store
from tests.fakes.eks import AUDIENCE, Eks
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

pytestmark = pytest.mark.anyio

OTHER_ACCOUNT = "444455556666"
CLUSTER_ARN = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/blue"
WAYS = ("own", "policies", "tags", "target")
NAMESPACES = tuple(f"{way}-{stage}" for way in WAYS for stage in ("test", "prod"))
POLICY = "own-secrets"

PROGRAM = """
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
from secret_access import AwsSecretAccess, AwsSharedRole, AwsTargetRole

def provider(name, account):
    endpoints = [aws.ProviderEndpointArgs(eks="{url}", iam="{url}", sts="{url}")]
    return aws.Provider(name, region="us-east-1", access_key=account, secret_key="test", endpoints=endpoints)

account, other = provider("aws", "{account}"), provider("other", "{other}")
kubernetes = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, enable_patch_force=True)
both = pulumi.ResourceOptions(providers=[account, kubernetes])
shared = {{
    mode: AwsSharedRole(
        mode,
        {{
            "pod_identity": mode,
            "eks_cluster_arns": ["{cluster}"],
            "region": "us-east-1",
            "role_name": mode.replace("_", "-"),
        }},
        pulumi.ResourceOptions(providers=[account]),
    )
    for mode in ("session_policies", "session_tags")
}}
ways = {{
    "own": lambda namespace: {{"pod_identity": "role_per_namespace"}},
    "policies": lambda namespace: {{
        "pod_identity": "session_policies", "existing_role_arn": shared["session_policies"].role_arn
    }},
    "tags": lambda namespace: {{"pod_identity": "session_tags", "existing_role_arn": shared["session_tags"].role_arn}},
    "target": lambda namespace: {{
        "pod_identity": "role_per_namespace",
        "target_role_arn": f"arn:aws:iam::{other}:role/secret-access-{{namespace}}",
    }},
}}
pods = {{}}
for namespace in {namespaces!r}:
    opts = pulumi.ResourceOptions(provider=kubernetes)
    made = k8s.core.v1.Namespace(namespace, metadata={{"name": namespace}}, opts=opts)
    access = AwsSecretAccess(
        namespace,
        {{
            "namespace": namespace,
            "sidecar_image": "secret-sidecar",
            "region": "us-east-1",
            "eks_cluster_arn": "{cluster}",
            "pod_identity_agent_url": "{agent}",
            "endpoint_url": "{url}",
            **ways[namespace.partition("-")[0]](namespace),
        }},
        pulumi.ResourceOptions.merge(both, pulumi.ResourceOptions(depends_on=[made])),
    )
    if namespace.startswith("target"):
        AwsTargetRole(
            f"{{namespace}}-target",
            {{
                "namespace": namespace,
                "eks_cluster_arn": "{cluster}",
                "account_id": "{other}",
                "region": "us-east-1",
                "external_id": access.external_id,
            }},
            pulumi.ResourceOptions(providers=[other]),
        )
    pods[namespace] = {{"env": access.sidecar["env"], "volumes": access.volumes, "identity": access.identity}}
pulumi.export("pods", pods)
"""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


@dataclass(frozen=True)
class Made:
    """What the program made, and where it is."""

    stack: Stack
    ministack: MiniStack
    api_server: ApiServer
    pods: dict[str, Any]
    folder: Path

    async def read(self, namespace: str, name: str) -> str:
        """What a pod of the namespace gets: a value, or the kind and code of the error in its place."""
        pod = self.pods[namespace]
        token = self.folder / f"token-{namespace}"
        token.write_text(self._token(namespace, pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]))
        environment = {item["name"]: item["value"] for item in pod["env"] if "value" in item}
        mounted = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
        assert mounted == "/var/run/secrets/secret-access/aws/token"
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(token)
        store = open_store(Settings.from_environment(environment, Path("/nonexistent")))
        try:
            return (await store.get(name, asyncio.get_running_loop().time() + 60)).value
        except VaultError as error:
            return f"{type(error).__name__} {error.code}"
        finally:
            await store.close()

    def _token(self, namespace: str, asked: dict[str, Any]) -> str:
        """A token as the kubelet would project it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/secret-access/token"
        spec = {"audiences": [asked["audience"]], "expirationSeconds": asked["expirationSeconds"]}
        return str(self.api_server.client.request("POST", path, {"spec": spec})["status"]["token"])

    def association(self, namespace: str) -> dict[str, str]:
        """Names the namespace's association in calls of EKS."""
        eks = self.ministack.client("eks")
        (found,) = eks.list_pod_identity_associations(clusterName="blue", namespace=namespace)["associations"]
        return {"clusterName": "blue", "associationId": found["associationId"]}


@pytest.fixture(scope="module")
def made(tools: Path, tmp_path_factory: pytest.TempPathFactory, api_server: ApiServer) -> Iterator[Made]:
    """Four ways with two namespaces each, and a secret for each namespace."""
    folder = tmp_path_factory.mktemp("pod-identity")
    with MiniStack.running(sys.executable, "-m", "tests.fakes.ministack_iam") as ministack:

        def client(service: str, keys: dict[str, Any] | None = None) -> Any:
            if keys is None:
                return ministack.client(service)
            return boto3.client(
                service,
                endpoint_url=ministack.url,
                region_name="us-east-1",
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
            )

        def review(token: str, audience: str) -> str | None:
            spec = {"spec": {"token": token, "audiences": [audience]}}
            with closing(Client(access(str(api_server.kubeconfig)))) as kubernetes:  # in a thread of its own
                answer = kubernetes.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", spec)["status"]
            return str(answer["user"]["username"]) if answer.get("authenticated") else None

        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        client("eks").create_cluster(name="blue", roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
        for namespace in NAMESPACES:
            account = OTHER_ACCOUNT if namespace.startswith("target") else ACCOUNT
            ministack.client("secretsmanager", account).create_secret(Name=f"{namespace}/key", SecretString=namespace)
        with Eks(CLUSTER_ARN, client, review).serving() as agent:
            stack = Stack.made(tools, folder / "stack", os.environ)
            stack.program(
                PROGRAM.format(
                    url=ministack.url,
                    agent=agent,
                    account=ACCOUNT,
                    other=OTHER_ACCOUNT,
                    cluster=CLUSTER_ARN,
                    kubeconfig=str(api_server.kubeconfig),
                    namespaces=NAMESPACES,
                )
            )
            stack.up()
            yield Made(stack, ministack, api_server, stack.outputs()["pods"], folder)
            stack.pulumi("destroy", "--yes")


def wide() -> str:
    statement = {"Effect": "Allow", "Action": ["secretsmanager:*", "sts:*"], "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def widen_role(name: str, account: str = ACCOUNT) -> Callable[[Made], None]:
    return lambda made: made.ministack.client("iam", account).put_role_policy(
        RoleName=name, PolicyName=POLICY, PolicyDocument=wide()
    )


def widen_association(made: Made) -> None:
    made.ministack.client("eks").update_pod_identity_association(**made.association("policies-test"), policy=wide())


WIDENED = {
    "own": widen_role("secret-access-own-test"),
    "policies": widen_association,
    "tags": widen_role("session-tags"),
    "target": widen_role("secret-access-target-test", OTHER_ACCOUNT),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_namespace_reads_its_own_secrets_alone(way: str, made: Made) -> None:
    """By the association and the role that the components made; the other's are refused by AWS's own code."""
    test, prod = f"{way}-test", f"{way}-prod"
    for namespace, other in ((test, prod), (prod, test)):
        assert await made.read(namespace, f"{namespace}/key") == namespace
        assert await made.read(namespace, f"{other}/key") == "Denied AccessDeniedException"


async def test_what_is_widened_by_hand_turns_its_cell_and_is_repaired(made: Made) -> None:
    """So it was the policy that refused: of the role, of the association, of the shared role, of the target role."""
    for way, widen in WIDENED.items():
        widen(made)
        assert await made.read(f"{way}-test", f"{way}-prod/key") == f"{way}-prod", way
    made.stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    for way in WAYS:
        assert await made.read(f"{way}-test", f"{way}-prod/key") == "Denied AccessDeniedException", way
        assert await made.read(f"{way}-test", f"{way}-test/key") == f"{way}-test", way


async def test_a_role_is_no_other_namespaces_although_somebody_associates_it(made: Made) -> None:
    """The role's trust goes by the tags that EKS sets; once it does not, the cell turns."""
    eks, iam = made.ministack.client("eks"), made.ministack.client("iam")
    association = made.association("own-test")
    eks.update_pod_identity_association(**association, roleArn=made.pods["own-prod"]["identity"])
    assert await made.read("own-test", "own-prod/key") == "IdentityUnavailable AccessDenied"
    principal = {"Service": AUDIENCE}
    trust = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName="secret-access-own-prod", PolicyDocument=document)
    assert await made.read("own-test", "own-prod/key") == "own-prod"
    made.stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert await made.read("own-test", "own-prod/key") == "Denied AccessDeniedException"


async def test_the_role_of_session_tags_wants_them(made: Made) -> None:
    """An association without them gets no session of it, and none that reads everything."""
    association = made.association("tags-test")
    eks = made.ministack.client("eks")
    eks.update_pod_identity_association(**association, disableSessionTags=True)
    assert await made.read("tags-test", "tags-test/key") == "IdentityUnavailable AccessDenied"
    eks.update_pod_identity_association(**association, disableSessionTags=False)
    assert await made.read("tags-test", "tags-test/key") == "tags-test"


async def test_a_target_role_is_no_other_namespaces(made: Made) -> None:
    """Neither the association's role nor the target's trust leads to another namespace's."""
    eks = made.ministack.client("eks")
    association = made.association("target-test")
    eks.update_pod_identity_association(**association, targetRoleArn=made.pods["target-prod"]["identity"])
    assert await made.read("target-test", "target-prod/key") == "IdentityUnavailable AccessDenied"
    widen_role("secret-access-target-test")(made)
    assert await made.read("target-test", "target-prod/key") == "IdentityUnavailable AccessDenied"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    statement = {**trust, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    made.ministack.client("iam", OTHER_ACCOUNT).update_assume_role_policy(
        RoleName="secret-access-target-prod",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    assert await made.read("target-test", "target-prod/key") == "target-prod"
    made.stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert await made.read("target-test", "target-test/key") == "target-test"


async def test_a_pod_whose_association_is_gone_has_no_identity(made: Made) -> None:
    """Until somebody makes it again."""
    made.ministack.client("eks").delete_pod_identity_association(**made.association("own-prod"))
    assert await made.read("own-prod", "own-prod/key") == "IdentityUnavailable ResourceNotFoundException"
    made.stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert await made.read("own-prod", "own-prod/key") == "own-prod"


def test_nothing_changes_without_a_change(made: Made) -> None:
    """Neither for the program nor in AWS."""
    made.stack.pulumi("preview", "--refresh", "--expect-no-changes")
