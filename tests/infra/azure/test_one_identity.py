"""Several components of one program with one managed identity: what Azure takes of them together."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pytest

from secret_access import AzureSecretAccess, InvalidArgument
from tests.infra.azure.answers import BINDING, CREDENTIAL, IDENTITY, VAULT
from tests.infra.azure.component import (
    BLUE,
    BOUND,
    CLUSTER_ID,
    EXISTING_IDENTITY,
    GREEN,
    IDENTITY_ID,
    ROLE,
    SERVICE_ACCOUNT,
    azure_args,
)
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

OTHER_ACCOUNT = {**EXISTING_IDENTITY, "service_account_name": "other"}
DELAYS: list[tuple[Any, Any]] = [
    (first, second) for first in (lambda value: value, Later) for second in (lambda value: value, Later)
]


def several(*changes: dict[str, Any], after: dict[int, int] | None = None) -> Callable[[], None]:
    """A program with a component for each; `after`: which depends on which."""

    def program() -> None:
        made: list[AzureSecretAccess] = []
        for number, changed in enumerate(changes):
            earlier = (after or {}).get(number)
            opts = pulumi.ResourceOptions(depends_on=[] if earlier is None else [made[earlier]])
            made.append(AzureSecretAccess(f"access-{number}", outputs_in(azure_args(**changed)), opts))

    return program


def issuers(number: int, name: str = "i") -> dict[str, str]:
    return {f"c{one}": f"https://issuer.example/{name}{one}" for one in range(number)}


def waits(world: World, kind: str = CREDENTIAL) -> dict[str, set[str]]:
    """The credentials that each waits for."""
    names = {one.name for one in world.of(kind)}
    return {one.name: set(one.waits_for & names) for one in world.of(kind)}


@pytest.mark.parametrize(("first", "second"), DELAYS)
def test_credentials_of_several_components_are_written_one_at_a_time(first: Any, second: Any) -> None:
    """Azure refuses two writes at a time to one identity with a 409; another identity's wait for nothing."""
    stranger = IDENTITY_ID.replace("mine", "theirs")
    world = run(
        several(
            {**EXISTING_IDENTITY, "identity_id": first(IDENTITY_ID), "issuers": {"blue": BLUE, "green": GREEN}},
            {**EXISTING_IDENTITY, "identity_id": second(stranger), "namespace": "stranger"},
            {**OTHER_ACCOUNT, "identity_id": second(IDENTITY_ID.upper())},
            {**OTHER_ACCOUNT, "identity_id": first(IDENTITY_ID), "service_account_name": "third"},
        )
    )
    assert waits(world) == {
        "access-0-credential/blue": set(),
        "access-0-credential/green": {"access-0-credential/blue"},
        "access-1-credential/blue": set(),
        "access-2-credential/blue": {"access-0-credential/green"},
        "access-3-credential/blue": {"access-2-credential/blue"},
    }


def test_components_come_in_the_programs_order_whenever_identities_are_known() -> None:
    """One that depends on another whose identity is known later would otherwise wait for it, and it for the first."""
    late = {**EXISTING_IDENTITY, "identity_id": Later(IDENTITY_ID)}
    world = run(several(late, OTHER_ACCOUNT, after={1: 0}))
    assert waits(world)["access-0-credential/blue"] == set()
    assert waits(world)["access-1-credential/blue"] == {"access-0-credential/blue"}


def test_a_credential_depends_on_no_other_identity() -> None:
    """It waits until that is known, and stays when that goes."""

    def program() -> None:
        for name in ("a", "b"):
            identity = azure_native.managedidentity.UserAssignedIdentity(
                name, resource_group_name="secrets", resource_name_=name
            )
            changed = {"namespace": name, "identity_id": identity.id}
            AzureSecretAccess(f"access-{name}", azure_args(**{**EXISTING_IDENTITY, **changed}))

    credentials = {one.name: one for one in run(program).of(CREDENTIAL)}
    assert "b" in credentials["access-b-credential/blue"].waits_for
    assert "a" not in credentials["access-b-credential/blue"].waits_for
    preview = World(preview=True)
    run(program, preview)
    assert len(preview.of(CREDENTIAL)) == 2


def test_identity_bindings_of_several_clusters_are_written_one_at_a_time() -> None:
    """AKS writes the identity's credential for them."""
    green = {**BOUND, "identity_binding_cluster_id": CLUSTER_ID.replace("blue", "green")}
    world = run(several({**EXISTING_IDENTITY, **BOUND}, {**EXISTING_IDENTITY, **green}))
    assert waits(world, BINDING) == {"access-0-binding": set(), "access-1-binding": {"access-0-binding"}}


@pytest.mark.parametrize(("first", "second"), DELAYS)
@pytest.mark.parametrize(("others", "is_taken"), [(10, True), (11, False)])
def test_twenty_credentials_are_counted_over_all_components(
    others: int, is_taken: bool, first: Any, second: Any
) -> None:
    """Azure would refuse the 21st after the others are written."""
    world = World()
    program = several(
        {**EXISTING_IDENTITY, "identity_id": first(IDENTITY_ID), "issuers": issuers(10)},
        {**OTHER_ACCOUNT, "identity_id": second(IDENTITY_ID.upper()), "issuers": issuers(others)},
    )
    if is_taken:
        assert len(run(program, world).of(CREDENTIAL)) == 20
        return
    with pytest.raises(InvalidArgument) as error:
        run(program, world)
    assert_all_in(["the identity would get 21 federated credentials", "'access-0' 10", "'access-1' 11"], error)
    assert_all_in(["expected at most 20", "use AKS identity bindings", "or another identity"], error)
    assert len(world.of(CREDENTIAL)) <= 11


def test_aks_credential_counts_once_whatever_the_number_of_bindings() -> None:
    """It is one for all bindings, beside those of issuers."""
    bound = {**EXISTING_IDENTITY, **BOUND}
    green = {**bound, "identity_binding_cluster_id": CLUSTER_ID.replace("blue", "green")}
    run(several(bound, green, {**OTHER_ACCOUNT, "issuers": issuers(19)}))
    with pytest.raises(InvalidArgument, match="the identity would get 21 federated credentials, from AKS 1, "):
        run(several(bound, green, {**OTHER_ACCOUNT, "issuers": issuers(20)}))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_an_issuer_and_subject_are_named_once(delay: Any) -> None:
    """Azure refuses the second, after the first is written."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(several(EXISTING_IDENTITY, {**EXISTING_IDENTITY, "issuers": {"mine": delay(BLUE)}}), world)
    assert_all_in(
        [
            "'access-1'",
            "issuers has one that AzureSecretAccess 'access-0' names for the same identity",
            f"given '{BLUE}'",
            "let each component name the issuer of its own cluster alone",
        ],
        error,
    )
    assert [one for one in world.asked if one.parent == "access-1"] == []


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_an_identity_is_bound_to_a_cluster_once(delay: Any) -> None:
    """AKS has one binding for each, which has one name."""
    bound, world = {**EXISTING_IDENTITY, **BOUND}, World()
    again = {**bound, "identity_binding_cluster_id": delay(CLUSTER_ID), "service_account_name": "other"}
    with pytest.raises(InvalidArgument, match="identity_binding_cluster_id is that of AzureSecretAccess 'access-0'"):
        run(several(bound, again), world)
    assert [one for one in world.asked if one.parent == "access-1"] == []


def recipe() -> None:
    """Two clusters that run one namespace, word for word as the page has it."""
    page = Path(__file__).parents[3] / "docs" / "azure.md"
    _, program = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    exec(program, {})  # noqa: S102  our own page


def test_a_namespace_on_two_clusters_has_one_identity_and_one_vault() -> None:
    """The second component trusts its own cluster alone, and makes nothing else at Azure."""
    world = run(recipe)
    assert len(world.of(IDENTITY)) == len(world.of(VAULT)) == len(world.of(ROLE)) == 1
    assert [(one.name, one.inputs["issuer"].split("/")[-2]) for one in world.of(CREDENTIAL)] == [
        ("blue-test-credential/blue", "BLUE"),
        ("green-test-credential/green", "GREEN"),
    ]
    assert len({one.inputs["federatedIdentityCredentialResourceName"] for one in world.of(CREDENTIAL)}) == 2
    assert waits(world)["green-test-credential/green"] == {"blue-test-credential/blue"}
    assert [one.provider for one in world.of(SERVICE_ACCOUNT)] == ["blue", "green"]


def test_the_recipe_can_be_previewed() -> None:
    """The identity is not known before it is made."""
    world = World(preview=True)
    run(recipe, world)
    assert len(world.of(CREDENTIAL)) == 2


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (("identity_id", "client_id", "principal_id"), "identity"),
        (("vault_id",), "vault"),
    ],
)
@pytest.mark.parametrize(("prefix", "is_refused"), [("prod/", True), ("test/", False)])
def test_what_a_component_creates_is_its_prefixs_alone(
    taken: tuple[str, ...], said: str, prefix: str, is_refused: bool
) -> None:
    """Another namespace's pods would be the same identity, or have their secrets in a vault that is read whole."""

    def program() -> None:
        first = AzureSecretAccess("first", azure_args())
        outputs = {"client_id": first.identity, **{name: getattr(first, name) for name in taken if name != "client_id"}}
        given = {name: outputs[name] for name in taken}
        others = {"namespace": "prod", "secret_prefix": prefix, "secrets": ["key"]}
        AzureSecretAccess("second", azure_args(**others, **given, issuers={"green": GREEN}))

    world = World()
    if not is_refused:
        run(program, world)
        assert len(world.of(SERVICE_ACCOUNT)) == 2
        return
    with pytest.raises(InvalidArgument, match=f"{said}(_id)? is that of AzureSecretAccess '(first|second)' too"):
        run(program, world)
    assert len(world.of(SERVICE_ACCOUNT)) <= 1
