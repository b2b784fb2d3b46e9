"""What may not happen twice in one program is found at preview: identities with two owners, policies that are full."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access import GcpSecretAccess, InvalidArgument
from secret_access.gcp.program_limits import ConditionalBinding, Seen
from tests.infra.components import GKE_PROVIDER, POOL_PROVIDER, PROJECT, gcp_args
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.gcp.component import EMAIL, PROJECT_BINDING, SECRET_MEMBER
from tests.infra.messages import assert_all_in

GREEN = GKE_PROVIDER.replace("/blue", "/green")
Change = Callable[[Any], Any]
delays = pytest.mark.parametrize("delay", [lambda value: value, Later])


def components(*changes: dict[str, Any]) -> Callable[[], None]:
    """A program with several components."""

    def program() -> None:
        for number, changed in enumerate(changes):
            GcpSecretAccess(f"access-{number}", outputs_in(gcp_args(**changed)))

    return program


def made(program: Callable[[], None]) -> int:
    """How many components a program makes to their end: the last that each makes is its ServiceAccount."""
    return sum(asked.type == "kubernetes:core/v1:ServiceAccount" for asked in run(program).asked)


def refused(*changes: dict[str, Any]) -> pytest.ExceptionInfo[InvalidArgument]:
    """Why a program with these components is refused."""
    with pytest.raises(InvalidArgument) as error:
        run(components(*changes))
    return error


@delays
def test_two_clusters_of_gkes_pool_are_one_identity(delay: Change) -> None:
    """The same namespace and ServiceAccount there is the same principal, whose secrets would be everybody's."""
    error = refused({"workload_identity_provider": delay(GKE_PROVIDER)}, {"workload_identity_provider": delay(GREEN)})
    assert_all_in(
        ["'access-1'", "'access-0'", "are one identity", "ns/test/sa/secret-access", "shared_identity"], error
    )


@delays
def test_two_providers_of_one_pool_are_one_identity(delay: Change) -> None:
    """A pool has one principal for a subject, whoever vouches for it."""
    error = refused({}, {"workload_identity_provider": delay(POOL_PROVIDER.replace("/cluster", "/green"))})
    assert_all_in(["are one identity", "a pool for each cluster"], error)


@pytest.mark.parametrize("same", ["google_service_account", "google_service_account_id"])
@delays
def test_two_namespaces_with_one_service_account_are_one_identity(delay: Change, same: str) -> None:
    """Each would read what the other may."""
    value = EMAIL if same == "google_service_account" else EMAIL.partition("@")[0]
    error = refused({"google_service_account": EMAIL}, {"namespace": "prod", same: delay(value)})
    assert_all_in([EMAIL, "are one identity", "a service account of its own", "shared_identity in both"], error)


BLUE = {"workload_identity_provider": GKE_PROVIDER, "google_service_account_id": "test-blue"}
OF_GREEN = [{"google_service_account_id": "test-green"}, {"google_service_account": EMAIL}, {}]


@pytest.mark.parametrize("account", OF_GREEN)
@delays
def test_a_service_account_for_each_cluster_of_gkes_pool_does_not_keep_them_apart(
    delay: Change, account: dict[str, str]
) -> None:
    """One principal may impersonate both accounts, whichever of the clusters it is in."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(components(BLUE, {"workload_identity_provider": delay(GREEN), **account}), world)
    assert_all_in(["'access-1'", "'access-0'", "are one identity", "ns/test/sa/secret-access"], error)
    assert not [asked for asked in world.asked if asked.name.startswith("access-1-impersonation")]


@pytest.mark.parametrize("account", OF_GREEN)
def test_service_accounts_of_one_principal_may_be_meant(account: dict[str, str]) -> None:
    """Both components have to say so; in another pool, or for another ServiceAccount, it is another principal."""
    green = {"workload_identity_provider": GREEN, **account}
    assert made(components({**BLUE, "shared_identity": True}, {**green, "shared_identity": True})) == 2
    assert made(components(BLUE, {**green, "service_account_name": "other"})) == 2
    assert made(components(BLUE, account)) == 2


def test_it_takes_both_to_share() -> None:
    """Whoever is read by another has to agree."""
    refused(
        {"google_service_account": EMAIL, "shared_identity": True}, {"namespace": "b", "google_service_account": EMAIL}
    )
    shared = {"google_service_account": EMAIL, "shared_identity": True}
    world = run(components(shared, {"namespace": "prod", **shared}))
    assert len(world.of(SECRET_MEMBER)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"namespace": "prod"},
        {"service_account_name": "other"},
        {"workload_identity_provider": POOL_PROVIDER.replace("/blue/", "/green/")},
        {"workload_identity_provider": GKE_PROVIDER},
        {"secret_prefix": "other/", "existing_service_account": False},
    ],
)
def test_what_is_another_identity_or_the_same_component_twice_is_not_refused(other: dict[str, Any]) -> None:
    """Another namespace, ServiceAccount or pool is another principal."""
    assert made(components({}, other)) == 2


def test_two_programs_of_one_process_know_nothing_of_each_other() -> None:
    """Pulumi's Automation API runs several."""
    assert made(components({"workload_identity_provider": GKE_PROVIDER})) == 1
    assert made(components({"workload_identity_provider": GREEN})) == 1


def prefixes(count: int, **changed: Any) -> list[dict[str, Any]]:
    """Components of several namespaces, each with a condition."""
    return [{"namespace": f"n{number}", "grant": "prefix", "secrets": None, **changed} for number in range(count)]


SHARED = {"google_service_account": EMAIL, "shared_identity": True}


@delays
def test_a_role_and_member_have_at_most_20_conditions(delay: Change) -> None:
    """Twenty namespaces may be one service account by conditions; the next one is told the way out."""
    error = refused(*prefixes(21, **SHARED, project=delay(PROJECT)))
    assert_all_in(["roles/secretmanager.secretAccessor", f"serviceAccount:{EMAIL}", "21", "at most 20", "grant"], error)


@delays
def test_conditions_of_one_prefix_are_as_many_as_their_namespaces(delay: Change) -> None:
    """They differ by their titles, which name the namespaces: Google keeps a binding for each."""
    shared = {**SHARED, "secret_prefix": "team/"}
    error = refused(*prefixes(21, **shared, project=delay(PROJECT)))
    assert_all_in([f"serviceAccount:{EMAIL}", "21", "at most 20"], error)
    world = run(components(*prefixes(20, **shared)))
    titles = {asked.inputs["condition"]["title"] for asked in world.of(PROJECT_BINDING)}
    assert len(titles) == 20


def test_what_does_not_fit_is_refused_before_anything_of_it_is_made() -> None:
    """The twenty before it are made."""
    world = World()
    with pytest.raises(InvalidArgument):
        run(components(*prefixes(21, **SHARED)), world)
    assert {asked.name for asked in world.of(PROJECT_BINDING)} == {f"access-{number}-access" for number in range(20)}
    assert not [asked for asked in world.asked if asked.name.startswith("access-20")]


def binding(number: int) -> ConditionalBinding:
    """The binding of one member."""
    return ConditionalBinding("roles/secretmanager.secretAccessor", f"serviceAccount:{number}", "Secrets", "true")


def test_a_project_has_at_most_100_conditional_bindings() -> None:
    """Those of this program are counted, the same one once, and each project apart; others' may be there too."""
    seen = Seen()
    for number in range(100):
        seen.bind(PROJECT, binding(number))
        seen.bind(PROJECT, binding(number))
        seen.bind("their-project", binding(number))
    with pytest.raises(InvalidArgument) as error:
        seen.bind(PROJECT, binding(100))
    assert_all_in([f"the project {PROJECT}", "101 of this program", "those of others included", "grant"], error)


def test_bindings_on_secrets_have_no_such_limit() -> None:
    """They have no condition."""
    world = run(components(*[{**prefix, "grant": "secrets", "secrets": ["key"]} for prefix in prefixes(21, **SHARED)]))
    assert len(world.of(SECRET_MEMBER)) == 21


OTHER_POOL = {"workload_identity_provider": POOL_PROVIDER.replace("/blue/", "/green/")}


@delays
@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_a_secret_that_is_one_identitys_alone_is_not_given_to_another(first: bool, second: bool, delay: Change) -> None:
    """Each `up` would remove the other's rights, as while one cluster replaces another."""
    error = refused({"exclusive": first, "secret_prefix": delay("test/")}, {"exclusive": second, **OTHER_POOL})
    assert_all_in(["'access-1'", "'access-0'", "exclusive", "test--database-password", "leave exclusive out"], error)


def test_an_exclusive_secret_leaves_others_to_others() -> None:
    """Another secret of the same name is in another project or region; one identity may be two components."""
    exclusive = {"exclusive": True}
    for other in (
        {"project": "other-project", "project_number": "42"},
        {"location": "europe-west3"},
        {"secrets": ["api-key"]},
    ):
        assert made(components(exclusive, {**exclusive, **OTHER_POOL, **other})) == 2
    assert made(components({}, OTHER_POOL)) == 2
    both = {**exclusive, "shared_identity": True}
    run(components({**both, "workload_identity_provider": GKE_PROVIDER}, {**both, "workload_identity_provider": GREEN}))
