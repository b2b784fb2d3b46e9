"""The package's process knows which components are of one program, and loses no refusal.

In Python these tests are those of each cloud; here the components come one by one, as the engine asks for them.
"""

import asyncio
import contextvars
import gc
import re
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pulumi.runtime import rpc

from secret_access.per_program import MOST_DEPLOYMENTS, Deployments, PerProgram
from tests.infra.argument_values import ACCESS, DEFINITIONS, ROLE_ARN, arguments_with
from tests.infra.azure.component import EXISTING_IDENTITY, azure_args
from tests.infra.azure.test_one_identity import issuers
from tests.infra.components import GKE_CLUSTER, aws_args, gcp_args
from tests.infra.engine import expect_unread_errors
from tests.infra.messages import WHOLE
from tests.infra.package_process import Process, deployment, process
from tests.infra.test_other_languages import OTHERWISE_LATER, PLAIN_AT_RUN_TIME
from tests.infra.vault.component import ADDRESS

IMAGE = {"sidecar_image": "registry.example/secret-sidecar:0.1.0"}
VAULT = {**IMAGE, "address": ADDRESS}
EMAIL = "reader@my-project.iam.gserviceaccount.com"


def ran(program: Callable[[Process], Awaitable[None]]) -> None:
    """Run what asks one process for components."""

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(expect_unread_errors)
        async with process() as package:
            await program(package)

    asyncio.run(run())


TWO: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "a role of Vault": (
        "VaultSecretAccess",
        {**VAULT, "namespace": "a", "role_name": "team"},
        {**VAULT, "namespace": "b", "role_name": "team"},
        "roleName is that of VaultSecretAccess '(one|two)' too",
    ),
    "a role of AWS": (
        "AwsSecretAccess",
        dict(aws_args(oidc_provider_arn=None, existing_role_arn=ROLE_ARN)),
        dict(aws_args(oidc_provider_arn=None, existing_role_arn=ROLE_ARN, namespace="prod")),
        "existingRoleArn is that of AwsSecretAccess '(one|two)' too, so the namespace (test|prod) reads",
    ),
    "an identity of Azure": (
        "AzureSecretAccess",
        dict(azure_args(**EXISTING_IDENTITY)),
        dict(azure_args(**EXISTING_IDENTITY, namespace="prod")),
        "identityId is that of AzureSecretAccess '(one|two)' too, so the namespace (test|prod) reads",
    ),
    "credentials of an identity of Azure": (
        "AzureSecretAccess",
        dict(azure_args(**{**EXISTING_IDENTITY, "issuers": issuers(10)})),
        dict(azure_args(**{**EXISTING_IDENTITY, "issuers": issuers(11, "other"), "service_account_name": "other"})),
        "the identity would get 21 federated credentials",
    ),
    "a service account of Google": (
        "GcpSecretAccess",
        dict(gcp_args(google_service_account=EMAIL)),
        dict(gcp_args(google_service_account=EMAIL, namespace="prod")),
        "are one identity",
    ),
    "a role on a secret that one wants alone": (
        "GcpSecretAccess",
        dict(gcp_args(exclusive=True)),
        dict(gcp_args(exclusive=True, namespace="prod", secret_prefix="test/")),
        "exclusive would remove the other's",
    ),
}


@pytest.mark.parametrize("case", TWO)
@pytest.mark.parametrize("preview", [True, False])
def test_what_no_two_components_may_have_is_refused_in_the_package(case: str, preview: bool) -> None:
    """The engine asks for both at once; in YAML no one else could tell."""
    component, first, second, said = TWO[case]

    async def program(package: Process) -> None:
        with deployment(preview=preview) as one:
            found = await asyncio.gather(
                package.construct(one, component, "one", first), package.construct(one, component, "two", second)
            )
        refused = [each for each in found if each]
        assert len(refused) == 1, found
        assert re.search(said, refused[0]), refused

    ran(program)


def test_conditions_of_one_projects_policy_are_counted_in_the_package() -> None:
    """Google refuses the 21st for one role and member, in the middle of an update."""
    args = {"grant": "prefix", "google_service_account": EMAIL, "shared_identity": True, "secrets": None}

    async def program(package: Process) -> None:
        with deployment(preview=True) as one:
            found = [
                await package.construct(one, "GcpSecretAccess", name, dict(gcp_args(**args, namespace=name)))
                for name in (f"team-{number}" for number in range(21))
            ]
        assert found[:20] == [""] * 20
        assert "at most 20" in found[20]

    ran(program)


def test_deployments_of_one_process_know_nothing_of_each_other() -> None:
    """A preview and its update, another stack: what one of them has is free in the others, and taken in its own."""
    component, first, second, _ = TWO["a role of Vault"]

    async def program(package: Process) -> None:
        with deployment(preview=True) as preview, deployment() as update, deployment("other") as other:
            assert await package.construct(preview, component, "one", first) == ""
            assert await package.construct(update, component, "one", first) == ""
            assert await package.construct(other, component, "two", second) == ""
            for of in (preview, update):
                assert "roleName" in await package.construct(of, component, "two", second)
            assert "roleName" in await package.construct(other, component, "one", first)

    ran(program)


def test_a_deployment_is_told_by_its_monitor() -> None:
    """Two updates of one stack, one after the other, as with `pulumi watch`: a role may move to another component."""
    component, first, second, _ = TWO["a role of Vault"]

    async def program(package: Process) -> None:
        with deployment() as before, deployment() as after:
            assert await package.construct(before, component, "one", first) == ""
            assert await package.construct(after, component, "two", second) == ""

    ran(program)


def test_the_oldest_deployments_are_forgotten() -> None:
    """A process that lives for days does not grow."""
    lists: PerProgram[list[str]] = PerProgram(list)
    deployments = Deployments()

    def a_task() -> None:
        for number in range(MOST_DEPLOYMENTS):
            deployments.enter(number)
            lists.get().append(str(number))
        deployments.enter(0)
        assert lists.get() == ["0"]
        deployments.enter("another")
        assert lists.get() == []
        deployments.enter(0)
        assert lists.get() == ["0"], "the latest but one"
        deployments.enter(1)
        assert lists.get() == [], "the oldest"

    contextvars.copy_context().run(a_task)


def test_what_refers_to_its_deployment_is_forgotten_with_it() -> None:
    """As the Outputs of components do, by their context."""
    lists: PerProgram[list[object]] = PerProgram(list)
    deployments = Deployments()

    def a_task() -> weakref.ref[Deployments]:
        deployments.enter("first")
        made = Deployments()
        lists.get().extend([made, contextvars.copy_context()])
        return weakref.ref(made)

    made = contextvars.copy_context().run(a_task)
    gc.collect()
    assert made() is not None, "the deployment may go on"
    for number in range(MOST_DEPLOYMENTS):
        contextvars.copy_context().run(deployments.enter, number)
    gc.collect()
    assert made() is None


@pytest.mark.parametrize("preview", [True, False])
def test_one_provider_is_one_in_every_component(preview: bool) -> None:
    """The engine names it, and each component has an object of its own for it; two providers are two servers."""
    component, first, second, said = TWO["a role of Vault"]

    async def program(package: Process) -> None:
        with deployment(preview=preview) as one:
            blue, green = (one.provider("vault", name, {"address": ADDRESS}) for name in ("blue", "green"))
            assert await package.construct(one, component, "one", first, providers=blue) == ""
            assert await package.construct(one, component, "other", second, providers=green) == ""
            assert re.search(said, await package.construct(one, component, "two", second, providers=blue))

    ran(program)


@pytest.mark.parametrize("preview", [True, False])
def test_a_provider_with_a_namespace_of_vault_wants_the_argument_in_the_package_too(preview: bool) -> None:
    """By the provider's state, which the engine has."""
    args = {**VAULT, "namespace": "a"}

    async def program(package: Process) -> None:
        with deployment(preview=preview) as one:
            admin = one.provider("vault", "admin", {"address": ADDRESS, "namespace": "admin"})
            found = await package.construct(one, "VaultSecretAccess", "one", args, providers=admin)
            assert "vaultNamespace is left out" in found
            assert found.endswith("write vaultNamespace: admin")
            given = {**args, "vault_namespace": "admin"}
            assert await package.construct(one, "VaultSecretAccess", "two", given, providers=admin) == ""

    ran(program)


LOST: dict[str, tuple[dict[str, Any], str, str]] = {
    "VaultSecretAccess": (
        {**VAULT, "namespace": "test", "existing_service_account": True, "image_pull_secrets": ["registry"]},
        "image_pull_secrets",
        "imagePullSecrets beside existingServiceAccount: given ['registry']",
    ),
    "GcpClusterTrust": (
        {"project": "my-project", "gke_cluster": GKE_CLUSTER, "pool_id": "blue-cluster"},
        "pool_id",
        "poolId beside gkeCluster",
    ),
    "AzureSecretAccess": (
        dict(azure_args(external_secrets=True, authority_host="https://login.example")),
        "authority_host",
        "externalSecrets with an authorityHost that the External Secrets Operator does not know",
    ),
    "SecretWorkload": (
        {"access": ACCESS, "image": "app:1", "kind": "CronJob", "spec": {"schedule": "0 3 * * *"}, "replicas": 2},
        "replicas",
        "replicas of a CronJob: given 2",
    ),
    "SidecarInjection": (
        {"access": ACCESS, "all_pods": True, "label_value": "shop"},
        "label_value",
        "labelValue beside allPods: given 'shop'",
    ),
}
"""Arguments that exclude each other, so no resource and no output is made of the wrong one."""


@pytest.mark.parametrize("is_output", [False, True])
@pytest.mark.parametrize("component", LOST)
def test_a_refusal_that_nothing_is_made_of_is_not_lost(component: str, is_output: bool) -> None:
    """Pulumi's own server would not wait for the Output, and make the component."""
    args, argument, said = LOST[component]

    async def program(package: Process) -> None:
        with deployment() as wrong, deployment() as right:
            assert said in await package.construct(wrong, component, "one", args, later=argument if is_output else "")
            assert await package.construct(right, component, "one", {**args, argument: None}) == ""

    ran(program)


@pytest.mark.parametrize("component", DEFINITIONS)
def test_a_preview_takes_each_argument_that_it_does_not_know(component: str) -> None:
    """Sent without a resource that it depends on, it is no Output yet, and no number, text or mapping either."""
    mapping, inputs = DEFINITIONS[component].inputs_mapping, DEFINITIONS[component].inputs
    may_be_later = [
        argument
        for schema, argument in mapping.items()
        if not inputs[schema].plain and (component, argument) not in PLAIN_AT_RUN_TIME | OTHERWISE_LATER
    ]
    assert may_be_later

    async def program(package: Process) -> None:
        for argument in may_be_later:
            with deployment(preview=True) as one:
                args = {**arguments_with(component, argument), argument: rpc.UNKNOWN}
                assert await package.construct(one, component, "one", args) == "", argument

    ran(program)


@pytest.mark.parametrize("component", DEFINITIONS)
def test_what_is_missing_or_of_a_wrong_type_is_refused_by_the_component(component: str) -> None:
    """With the fix, as in Python; Pulumi's own server says no more than what it expected, or ends with a traceback."""
    definition = DEFINITIONS[component]

    async def refused(package: Process, args: dict[str, Any]) -> str:
        with deployment(preview=True) as one:
            said = await package.construct(one, component, "one", args)
        assert not said or WHOLE.search(said), said
        return said

    async def program(package: Process) -> None:
        for schema, argument in definition.inputs_mapping.items():
            args = arguments_with(component, argument)
            if not definition.inputs[schema].optional:
                assert await refused(package, {**args, argument: None})
            found = [await refused(package, {**args, argument: wrong}) for wrong in ("x", ["x"], {"a": "x"})]
            assert any(schema in said for said in found), argument

    ran(program)
