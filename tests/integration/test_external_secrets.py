"""ExternalSecretAccess with the real External Secrets Operator, API server, engine and OpenBao: who gets a copy."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from dataclasses import replace
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
from tests.integration.real_parts import ApiServer, Stack, died, process
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

NAMESPACES = ("eso-test", "eso-prod")
PROGRAM = """
import pulumi, pulumi_kubernetes as k8s, pulumi_vault as vault
from secret_access import ExternalSecretAccess, VaultClusterTrust, VaultSecretAccess

def soon(args):
    "Others wait for roles that have just been made; here a refusal is at once."
    if args.type_.endswith(":ExternalSecret"):
        waiting = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="5s", update="5s"))
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, waiting))

pulumi.runtime.register_stack_transformation(soon)
server = vault.Provider("vault", address={url!r}, skip_child_token=True)
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
both = pulumi.ResourceOptions(providers=[server, cluster])
trust = VaultClusterTrust("blue", {{"issuer": "https://127.0.0.1", "jwks_url": {jwks!r}, "ca_pem": {ca!r}}}, both)
for namespace in {namespaces!r}:
    given = {{"namespace": namespace, "sidecar_image": "registry.example/sidecar:1", "address": {url!r}}}
    given |= {{"auth_path": trust.auth_path, "external_secrets": True}}
    access = VaultSecretAccess(namespace, given, both)
    keys = {{"password": {{"name": "database-password"}}, "user": {{"name": "database", "field": "user"}}}}
    secrets = {{"database": {{"keys": keys}}}}
    args = {{"store": access.external_store, "store_name": "own", "secrets": secrets, "refresh_seconds": 10}}
    ExternalSecretAccess(f"{{namespace}}-own", args, both)
    if namespace == {foreign!r}:
        # A program that says of the namespace what is not so: the vault alone is left to refuse
        store = access.external_store.apply(lambda store: {{**store, "secret_prefix": "eso-prod/"}})
        secrets = {{"foreign": {{"keys": {{"password": {{"name": "database-password"}}}}}}}}
        ExternalSecretAccess("foreign", {{"store": store, "store_name": "foreign", "secrets": secrets}}, both)
"""


@pytest.fixture(scope="module")
def bao(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server with two namespaces' secrets and nothing that grants access to them."""
    api_server.open_keys()
    for namespace in NAMESPACES:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        for namespace in NAMESPACES:
            running.put(f"{namespace}/database-password", value=f"hunter2-{namespace}")
            running.put(f"{namespace}/database", user=f"shop-{namespace}", host="db.example")
        yield running


@pytest.fixture(scope="module")
def operator(api_server: ApiServer, external_secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The operator, with rights on everything; where it logs."""
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
    with process(*command, log=log, env={**env, "KUBECONFIG": str(api_server.kubeconfig)}) as running:
        yield log
        assert died(running, log) is None


@pytest.fixture
def stack(tools: Path, real_kubernetes_plugin: Path, bao: OpenBao, operator: Path, tmp_path: Path) -> Stack:
    """A project with Pulumi's own Kubernetes plugin, which waits for conditions."""
    made = Stack.made(tools, tmp_path, os.environ, real_kubernetes_plugin)
    return replace(made, env={**made.env, "VAULT_TOKEN": bao.root})


def program(bao: OpenBao, api_server: ApiServer, foreign: str = "") -> str:
    """Two namespaces with a copy of their own secrets; `foreign` wants the other's too."""
    cluster = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
    return PROGRAM.format(
        url=bao.url,
        kubeconfig=api_server.kubeconfig.read_text(),
        jwks=f"{cluster['server']}/openid/v1/jwks",
        ca=base64.b64decode(cluster["certificate-authority-data"]).decode(),
        namespaces=NAMESPACES,
        foreign=foreign,
    )


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
def up(bao: OpenBao, api_server: ApiServer, stack: Stack) -> Iterator[Stack]:
    """Both namespaces with their own copies, until the test is over."""
    stack.program(program(bao, api_server))
    stack.up()
    yield stack
    stack.pulumi("destroy", "--yes")
    for namespace in NAMESPACES:
        wait_for("the copy to be gone", partial(_is_gone, api_server, namespace))


def test_a_namespace_gets_its_own_and_is_refused_anothers(up: Stack, bao: OpenBao, api_server: ApiServer) -> None:
    """By the vault, which the operator's event, its condition and `up` show; with the policy widened it gets it."""
    for namespace in NAMESPACES:
        assert copy(api_server, namespace, "database") == {
            "password": f"hunter2-{namespace}",
            "user": f"shop-{namespace}",
        }
    assert "hunter2" not in up.pulumi("stack", "export", "--show-secrets")
    up.pulumi("preview", "--refresh", "--expect-no-changes")

    up.program(program(bao, api_server, foreign="eso-test"))
    said = up.up(fails=True)
    assert "(key: eso-prod/database-password), err: cannot read secret data from Vault" in said
    ready = condition(api_server, "eso-test", "foreign")
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "SecretSyncedError")
    assert "Code: 403" in events(api_server, "eso-test", "foreign")
    assert copy(api_server, "eso-test", "foreign") is None

    widened = documents.secrets_policy("secret", "eso-", external=True)
    bao("PUT", "sys/policies/acl/secret-access-eso-test", {"policy": documents.render(widened)})
    wait_for("the copy of another's", lambda: copy(api_server, "eso-test", "foreign"), limit=60)
    assert copy(api_server, "eso-test", "foreign") == {"password": "hunter2-eso-prod"}


def test_a_copy_follows_the_vault_and_outlives_a_revoked_right(up: Stack, bao: OpenBao, api_server: ApiServer) -> None:
    """What the pattern gives up: the value that was copied stays until the vault itself has it no longer."""
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
