"""ExternalSecretAccess with the real External Secrets Operator, API server, engine, OpenBao and MiniStack."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.progress import wait_for
from local.standins.errors import ApiError
from secret_access.vault import documents
from tests.free_port import free_port
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack, died, process
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

NAMESPACES = {"vault": ("eso-test", "eso-prod"), "aws": ("eso-aws-test", "eso-aws-prod")}
CLOUDS = {
    "vault": """
import pulumi_vault as vault
from secret_access import VaultClusterTrust, VaultSecretAccess

own = vault.Provider("vault", address="{url}", skip_child_token=True)
opts = pulumi.ResourceOptions(providers=[own, cluster])
trust = VaultClusterTrust("blue", {{"issuer": "https://127.0.0.1", "jwks_url": "{jwks}", "ca_pem": {ca!r}}}, opts)

def access(namespace, given):
    given |= {{"address": "{url}", "auth_path": trust.auth_path}}
    return VaultSecretAccess(namespace, given, opts)
""",
    "aws": """
import pulumi_aws as aws
from secret_access import AwsSecretAccess, ClusterTrust

endpoints = [aws.ProviderEndpointArgs(iam="{url}", sts="{url}")]
own = aws.Provider("aws", region="us-east-1", access_key="{account}", secret_key="test", endpoints=endpoints)
opts = pulumi.ResourceOptions(providers=[own, cluster])
trust = ClusterTrust("blue", {{"issuer": "https://127.0.0.1"}}, opts)

def access(namespace, given):
    given |= {{"region": "us-east-1", "oidc_provider_arn": trust.oidc_provider_arn}}
    return AwsSecretAccess(namespace, given, opts)
""",
}
PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from secret_access import ExternalSecretAccess

def soon(args):
    "Others wait for roles that have just been made; here a refusal is at once."
    if args.name.startswith("foreign") and args.type_.endswith(":ExternalSecret"):
        waiting = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="15s", update="15s"))
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, waiting))

pulumi.runtime.register_stack_transformation(soon)
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
{cloud}
for namespace in ({test!r}, {prod!r}):
    given = {{"namespace": namespace, "sidecar_image": "registry.example/sidecar:1", "external_secrets": True}}
    made = access(namespace, given)
    keys = {{"password": {{"name": "database-password"}}, "user": {{"name": "database", "field": "user"}}}}
    secrets = {{"database": {{"keys": keys}}}}
    args = {{"store": made.external_store, "store_name": "own", "secrets": secrets, "refresh_seconds": 10}}
    ExternalSecretAccess(f"{{namespace}}-own", args, opts)
    if {foreign} and namespace == {test!r}:
        # A program that says of the namespace what is not so: the vault alone is left to refuse
        store = made.external_store.apply(lambda store: {{**store, "secret_prefix": {prod!r} + "/"}})
        secrets = {{"foreign": {{"keys": {{"password": {{"name": "database-password"}}}}}}}}
        ExternalSecretAccess("foreign", {{"store": store, "store_name": "foreign", "secrets": secrets}}, opts)
"""


@dataclass(frozen=True)
class Cluster:
    """The API server, as vaults that trust its tokens know it."""

    server: str
    ca: str

    @property
    def jwks(self) -> str:
        """Where its public keys are."""
        return f"{self.server}/openid/v1/jwks"


@pytest.fixture(scope="module")
def cluster(api_server: ApiServer) -> Cluster:
    """The cluster, with keys that anybody may read, and the namespaces."""
    api_server.open_keys()
    for namespace in (*NAMESPACES["vault"], *NAMESPACES["aws"]):
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    found = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
    return Cluster(found["server"], base64.b64decode(found["certificate-authority-data"]).decode())


@pytest.fixture(scope="module")
def bao(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server with two namespaces' secrets and nothing that grants access to them."""
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        for namespace in NAMESPACES["vault"]:
            running.put(f"{namespace}/database-password", value=f"hunter2-{namespace}")
            running.put(f"{namespace}/database", user=f"shop-{namespace}", host="db.example")
        yield running


@pytest.fixture(scope="module")
def account(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """The same in an AWS account whose STS verifies the cluster's tokens."""
    (ca := tmp_path_factory.mktemp("aws") / "ca.pem").write_text(cluster.ca)
    with MiniStack.running(sys.executable, "-m", "tests.fakes.ministack_cluster", cluster.jwks, str(ca)) as running:
        secrets = running.client("secretsmanager")
        for namespace in NAMESPACES["aws"]:
            secrets.create_secret(Name=f"{namespace}/database-password", SecretString=f"hunter2-{namespace}")
            document = json.dumps({"user": f"shop-{namespace}", "host": "db.example"})
            secrets.create_secret(Name=f"{namespace}/database", SecretString=document)
        yield running


@pytest.fixture(scope="module")
def operator(
    api_server: ApiServer, account: MiniStack, external_secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The operator, with rights on everything in the cluster and none in a vault; where it logs."""
    definitions = (external_secrets / "custom-resource-definitions.yaml").read_text()
    for definition in yaml.load_all(definitions, yaml.CSafeLoader):
        definition["spec"].pop("conversion", None)  # by a webhook, from versions that nobody here uses
        api_server.client.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    for kind in ("secretstores", "externalsecrets"):
        path = f"/apis/external-secrets.io/v1/namespaces/default/{kind}"
        wait_for(kind, partial(api_server.client.get, path))
    log = tmp_path_factory.mktemp("operator") / "log"
    command = (external_secrets / "external-secrets", f"--metrics-addr=127.0.0.1:{free_port()}")
    theirs = ("VAULT_", "BAO_", "AWS_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(theirs)}
    env |= {"AWS_SECRETSMANAGER_ENDPOINT": account.url, "AWS_STS_ENDPOINT": account.url}
    with process(*command, log=log, env={**env, "KUBECONFIG": str(api_server.kubeconfig)}) as running:
        yield log
        assert died(running, log) is None


@pytest.fixture
def stack(tools: Path, real_kubernetes_plugin: Path, bao: OpenBao, operator: Path, tmp_path: Path) -> Stack:
    """A project with Pulumi's own Kubernetes plugin, which waits for conditions."""
    made = Stack.made(tools, tmp_path, os.environ, real_kubernetes_plugin)
    return replace(made, env={**made.env, "VAULT_TOKEN": bao.root})


@pytest.fixture
def programs(api_server: ApiServer, cluster: Cluster, bao: OpenBao, account: MiniStack) -> Callable[..., str]:
    """Two namespaces of a cloud with a copy of their own secrets; with `foreign`, one wants the other's too."""

    def program(cloud: str, *, foreign: bool = False) -> str:
        url = bao.url if cloud == "vault" else account.url
        test, prod = NAMESPACES[cloud]
        return PROGRAM.format(
            cloud=CLOUDS[cloud].format(url=url, jwks=cluster.jwks, ca=cluster.ca, account=ACCOUNT),
            kubeconfig=api_server.kubeconfig.read_text(),
            test=test,
            prod=prod,
            foreign=foreign,
        )

    return program


def _is_gone(api_server: ApiServer, namespace: str) -> bool:
    return copy(api_server, namespace, "database") is None


def copy(api_server: ApiServer, namespace: str, name: str) -> dict[str, str] | None:
    """What is in etcd for whoever may get Secrets."""
    found = api_server.client.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if found is None:
        return None
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}


def condition(api_server: ApiServer, namespace: str, name: str) -> dict[str, Any]:
    """Whether the operator has synchronised an ExternalSecret, and why not."""
    path = f"/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets/{name}"
    (ready,) = api_server.client.request("GET", path)["status"]["conditions"]
    return dict(ready)


def events(api_server: ApiServer, namespace: str, name: str) -> str:
    """What the operator says of an ExternalSecret."""
    found = api_server.client.request("GET", f"/api/v1/namespaces/{namespace}/events")["items"]
    return "\n".join(event["message"] for event in found if event["involvedObject"]["name"] == name)


@pytest.fixture
def up(stack: Stack, programs: Callable[..., str], api_server: ApiServer) -> Iterator[Callable[[str], Stack]]:
    """Bring up both namespaces of a cloud with their own copies, which are gone when the test is over."""
    brought: list[str] = []

    def bring(cloud: str) -> Stack:
        brought.append(cloud)
        stack.program(programs(cloud))
        stack.up()
        return stack

    yield bring
    stack.pulumi("destroy", "--yes")
    for namespace in (namespace for cloud in brought for namespace in NAMESPACES[cloud]):
        wait_for("the copy to be gone", partial(_is_gone, api_server, namespace))


def widen(cloud: str, bao: OpenBao, account: MiniStack) -> None:
    """Let the identity of the first namespace read all secrets."""
    test, _ = NAMESPACES[cloud]
    if cloud == "vault":
        widened = documents.secrets_policy("secret", "eso-", external=True)
        bao("PUT", f"sys/policies/acl/secret-access-{test}", {"policy": documents.render(widened)})
    else:
        statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        account.client("iam").put_role_policy(
            RoleName=f"secret-access-{test}", PolicyName="wider", PolicyDocument=policy
        )


@pytest.mark.parametrize(("cloud", "refusal"), [("vault", "Code: 403"), ("aws", "AccessDeniedException")])
def test_a_namespace_gets_its_own_and_is_refused_anothers(
    cloud: str,
    refusal: str,
    up: Callable[[str], Stack],
    programs: Callable[..., str],
    bao: OpenBao,
    account: MiniStack,
    api_server: ApiServer,
) -> None:
    """By the vault, which the operator's event, its condition and `up` show; with the policy widened it gets it."""
    test, prod = NAMESPACES[cloud]
    stack = up(cloud)
    for namespace in (test, prod):
        assert copy(api_server, namespace, "database") == {
            "password": f"hunter2-{namespace}",
            "user": f"shop-{namespace}",
        }
    stack.program(programs(cloud, foreign=True))
    assert f"(key: {prod}/database-password), err: " in stack.up(fails=True)
    ready = condition(api_server, test, "foreign")
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "SecretSyncedError")
    assert refusal in events(api_server, test, "foreign")
    assert copy(api_server, test, "foreign") is None

    widen(cloud, bao, account)
    wait_for("the copy of another's", lambda: copy(api_server, test, "foreign"), limit=60)
    assert copy(api_server, test, "foreign") == {"password": f"hunter2-{prod}"}


def test_a_copy_follows_the_vault_and_outlives_a_revoked_right(
    up: Callable[[str], Stack], bao: OpenBao, api_server: ApiServer
) -> None:
    """What the pattern gives up: the value that was copied stays until the vault itself has it no longer.

    Pulumi's state has none, and what the operator writes is no drift.
    """
    stack = up("vault")
    assert "hunter2" not in stack.pulumi("stack", "export", "--show-secrets")
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    path = "/apis/external-secrets.io/v1/namespaces/eso-test/externalsecrets/database"
    policy = bao("GET", "sys/policies/acl/secret-access-eso-test")["data"]["policy"]

    def annotated() -> bool:
        found = api_server.client.request("GET", path)
        found["metadata"]["annotations"]["force-sync"] = str(time.monotonic())
        try:
            api_server.client.request("PUT", path, found)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:  # the operator was faster
                raise
            return False
        return True

    def refresh() -> None:
        wait_for("the annotation", annotated)

    def password() -> str | None:
        return (copy(api_server, "eso-test", "database") or {}).get("password")

    bao.put("eso-test/database-password", value="hunter3")
    refresh()
    wait_for("the rotation", lambda: password() == "hunter3")
    bao("PUT", "sys/policies/acl/secret-access-eso-test", {"policy": '{"path": {}}'})
    refresh()
    wait_for("the refusal", lambda: condition(api_server, "eso-test", "database")["status"] == "False")
    assert password() == "hunter3"
    bao("PUT", "sys/policies/acl/secret-access-eso-test", {"policy": policy})
    for name in ("database-password", "database"):
        bao("DELETE", f"secret/metadata/eso-test/{name}")
    refresh()
    wait_for("the deletion", lambda: copy(api_server, "eso-test", "database") is None)
