"""The gcp plugin's stand-in, with the real engine and the laptop's fake of Google Cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.google import account
from local.google.project import NUMBER, PROJECT
from local.standins.errors import Refused
from local.standins.gcp import Gcp
from tests.fakes.issuer import Issuer
from tests.integration.real_parts import Stack
from tests.local.google.running import Running, running
from tests.local.google.test_account import exchange, read

ISSUER = Issuer("https://issuer.example")
OWN, FOREIGN = "test/database-password", "prod/database-password"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/blue"
PRINCIPAL = f"principal://iam.googleapis.com/{POOL}/subject/system:serviceaccount:test:app"
STRANGER = PRINCIPAL.replace(":test:", ":prod:")
CONDITION = {
    "title": "Secrets of the namespace test",
    "description": "test",
    "expression": f'resource.name.startsWith("projects/{NUMBER}/secrets/test--")',
}

PROVIDER = """
import json
from concurrent.futures import ThreadPoolExecutor
import pulumi, pulumi_gcp as gcp

provider = gcp.Provider(
    "gcp",
    project="my-project",
    access_token="{token}",
    resource_manager_custom_endpoint="{url}/v1/",
    iam_custom_endpoint="{url}/v1/",
    iam_beta_custom_endpoint="{url}/v1/",
    secret_manager_custom_endpoint="{url}/v1/",
    secret_manager_regional_custom_endpoint="{url}/v1/",
)
opts = pulumi.ResourceOptions(provider=provider)
principal = "{principal}"
accessor = "roles/secretmanager.secretAccessor"
"""

TRUST = """
pool = gcp.iam.WorkloadIdentityPool("pool", project="my-project", workload_identity_pool_id="blue", opts=opts)
cluster = gcp.iam.WorkloadIdentityPoolProvider(
    "cluster",
    project="my-project",
    workload_identity_pool_id=pool.workload_identity_pool_id,
    workload_identity_pool_provider_id="cluster",
    attribute_mapping={{"google.subject": "assertion.sub"}},
    oidc={{"issuer_uri": "{issuer}"}},
    opts=opts,
)
pulumi.export("provider", cluster.name)
found = gcp.organizations.get_project_output("my-project", opts=pulumi.InvokeOptions(provider=provider))
pulumi.export("number", found.number)
"""

PREFIX = """
gcp.projects.IAMBinding(
    "access",
    project="my-project",
    role=accessor,
    members=[principal],
    condition={condition},
    opts=opts,
)
"""

SECRETS = """
where = {{"project": "my-project", "secret_id": "test--database-password", "opts": opts}}
gcp.secretmanager.SecretIamMember("member", role=accessor, member=principal, **where)
gcp.secretmanager.SecretIamBinding("binding", role="roles/secretmanager.viewer", members=[principal], **where)
gcp.projects.IAMMember(
    "events", project="my-project", role="roles/secretmanager.viewer", member=principal, opts=opts
)
"""

ACCOUNT = """
account = gcp.serviceaccount.Account("account", account_id="test-secrets", project="my-project", opts=opts)
policy = {{"bindings": [{{"role": "roles/iam.workloadIdentityUser", "members": [principal]}}]}}
gcp.serviceaccount.IAMPolicy(
    "impersonation", service_account_id=account.name, policy_data=json.dumps(policy), opts=opts
)
pulumi.export("email", account.email)
"""


@pytest.fixture
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An empty project with a secret of test's and one of prod's."""
    with running(tmp_path_factory.mktemp("google"), ISSUER) as found:
        account.wait()
        account.seed([OWN, FOREIGN])
        yield found


Up = Callable[..., str]


@pytest.fixture
def up(stack: Stack, google: Running) -> Up:
    """Bring up a program of these parts."""

    def write(*parts: str) -> str:
        values: dict[str, Any] = {"condition": CONDITION, "principal": PRINCIPAL, "issuer": ISSUER.url}
        stack.program("\n".join((PROVIDER, *parts)).format(url=google.url, token=account.owner_token(), **values))
        return stack.up()

    return write


def of_a_pod(google: Running, namespace: str = "test") -> str:
    """The access token of a pod."""
    audience = f"https://iam.googleapis.com/{POOL}/providers/cluster"
    token = ISSUER.token(f"system:serviceaccount:{namespace}:app", audience)
    return str(exchange(google, token, POOL)[1]["access_token"])


def test_a_prefix_lives_from_preview_to_destroy_and_a_member_added_by_hand_is_removed(
    stack: Stack, google: Running, up: Up
) -> None:
    """Made, unchanged at the next, widened by hand, seen and repaired by a refresh, gone at last."""
    theirs = {"role": "roles/secretmanager.secretAccessor", "members": ["user:ann@x.example"]}
    google.project.bindings = [theirs]
    up(TRUST, PREFIX)
    assert stack.outputs() == {"provider": f"{POOL}/providers/cluster", "number": NUMBER}
    mine = {"role": "roles/secretmanager.secretAccessor", "members": [PRINCIPAL], "condition": CONDITION}
    assert google.project.bindings == [theirs, mine]
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    pod, stranger = of_a_pod(google), of_a_pod(google, "prod")
    assert (read(google, pod, OWN), read(google, pod, FOREIGN), read(google, stranger, OWN)) == (200, 403, 403)

    google.project.bindings[1] = {**mine, "members": [PRINCIPAL, STRANGER]}
    assert read(google, stranger, OWN) == 200
    assert "1 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert google.project.bindings == [theirs, mine]
    assert read(google, stranger, OWN) == 403

    google.project.bindings = [theirs]
    assert "1 created" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert read(google, pod, OWN) == 200

    stack.pulumi("destroy", "--yes")
    assert google.project.bindings == [theirs]
    assert google.project.pools["blue"].document["state"] == "DELETED"


def test_bindings_on_a_secret_and_single_members_leave_the_others_alone(stack: Stack, google: Running, up: Up) -> None:
    """A member is one of several; a binding is all of its role's; both come back when they are taken away."""
    other = "user:ann@x.example"
    roles = ("roles/secretmanager.secretAccessor", "roles/secretmanager.viewer")
    google.project.secret_bindings["test--database-password"] = [{"role": role, "members": [other]} for role in roles]
    up(SECRETS)
    expected = [
        {"role": roles[0], "members": [PRINCIPAL, other]},
        {"role": roles[1], "members": [PRINCIPAL]},
    ]
    assert google.project.secret_bindings["test--database-password"] == expected
    assert google.project.bindings == [{"role": roles[1], "members": [PRINCIPAL]}]
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    google.project.secret_bindings["test--database-password"] = [
        {"role": roles[0], "members": [other, STRANGER]},
        {"role": roles[1], "members": [PRINCIPAL, STRANGER]},
    ]
    google.project.bindings = []
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    repaired = google.project.secret_bindings["test--database-password"]
    assert {binding["role"]: set(binding["members"]) for binding in repaired} == {
        roles[0]: {PRINCIPAL, other, STRANGER},
        roles[1]: {PRINCIPAL},
    }
    assert google.project.bindings == [{"role": roles[1], "members": [PRINCIPAL]}]

    stack.pulumi("destroy", "--yes")
    (left,) = google.project.secret_bindings["test--database-password"]
    assert (left["role"], set(left["members"])) == (roles[0], {STRANGER, other})


def test_a_service_account_is_impersonated_by_its_policy_alone(stack: Stack, google: Running, up: Up) -> None:
    """Who is added to its policy by hand is removed."""
    up(ACCOUNT)
    email = f"test-secrets@{PROJECT}.iam.gserviceaccount.com"
    assert stack.outputs() == {"email": email}
    mine = {"role": "roles/iam.workloadIdentityUser", "members": [PRINCIPAL]}
    assert google.project.account_bindings[email] == [mine]
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    google.project.account_bindings[email] = [{**mine, "members": [STRANGER, PRINCIPAL]}]
    assert "1 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert google.project.account_bindings[email] == [mine]
    stack.pulumi("destroy", "--yes")
    assert (google.project.accounts, google.project.account_bindings) == ({}, {})


def test_a_type_that_the_pinned_sdk_does_not_have_is_refused() -> None:
    """With the nearest that it has; so is an input, and one that the stand-in does not do."""
    cloud = Gcp()
    urn = "urn:pulumi:only::inline::{}::x"
    with pytest.raises(Refused, match="has no resource type 'gcp:projects/iAMBindin:IAMBindin'"):
        cloud.check(urn.format("gcp:projects/iAMBindin:IAMBindin"), {}, {}, str)
    with pytest.raises(Refused, match="the gcp stand-in has no 'gcp:secretmanager/secret:Secret'"):
        cloud.check(urn.format("gcp:secretmanager/secret:Secret"), {}, {"secretId": "x", "replication": {}}, str)
    given = {"accountId": "a", "projekt": "p", "disabled": True}
    _, failures = cloud.check(urn.format("gcp:serviceaccount/account:Account"), {}, given, str)
    assert {failure.path for failure in failures} == {"projekt", "disabled", "project"}


def test_it_reaches_no_google_of_its_own(google: Running) -> None:
    """Without an address there is no API, and without a token nothing at all."""
    cloud = Gcp()
    with pytest.raises(Refused, match="set accessToken, or GOOGLE_OAUTH_ACCESS_TOKEN"):
        cloud.configure({"project": PROJECT})
    cloud.configure({"project": PROJECT, "accessToken": "x"})
    with pytest.raises(Refused, match="set iamCustomEndpoint"):
        cloud.api.of("accounts")
    cloud.configure({"accessToken": "x", "resourceManagerCustomEndpoint": f"{google.url}/v1/"})
    with pytest.raises(Refused, match="401"):
        cloud.invoke("gcp:organizations/getProject:getProject", {"projectId": PROJECT})


def test_two_that_write_one_policy_lose_nothing(google: Running) -> None:
    """A write that finds another policy than was read reads it again."""
    cloud = Gcp()
    cloud.configure({"accessToken": account.owner_token(), "resourceManagerCustomEndpoint": f"{google.url}/v1/"})
    kind: Any = cloud._kind("urn:pulumi:only::inline::gcp:projects/iAMMember:IAMMember::x")
    wanted = {"project": PROJECT, "role": "roles/secretmanager.viewer", "member": PRINCIPAL}
    policy = kind.policy
    reads: list[str] = []

    def in_between(thing: str) -> dict[str, Any]:
        found: dict[str, Any] = policy(thing)
        if not reads:
            account.call("POST", f"/v1/{thing}:setIamPolicy", {"policy": {"bindings": [{**_of(wanted, STRANGER)}]}})
        reads.append(json.dumps(found))
        return found

    kind.policy = in_between
    kind.create(wanted)
    assert len(reads) == 2
    (binding,) = google.project.bindings
    assert set(binding["members"]) == {PRINCIPAL, STRANGER}


def _of(wanted: dict[str, str], member: str) -> dict[str, Any]:
    return {"role": wanted["role"], "members": [member]}


def test_many_that_write_one_policy_at_once_lose_nothing(google: Running) -> None:
    """Two stacks do so in `make up`."""
    cloud = Gcp()
    cloud.configure({"accessToken": account.owner_token(), "resourceManagerCustomEndpoint": f"{google.url}/v1/"})
    kind = cloud._kind("urn:pulumi:only::inline::gcp:projects/iAMMember:IAMMember::x")
    wanted = [
        {"project": PROJECT, "role": "roles/secretmanager.viewer", "member": f"user:u{number}@x.example"}
        for number in range(40)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kind.create, wanted))
    (binding,) = google.project.bindings
    assert set(binding["members"]) == {one["member"] for one in wanted}
