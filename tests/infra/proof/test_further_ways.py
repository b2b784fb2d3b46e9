"""Ways to another namespace's secret beside a plain policy: each is a breach, or said to be undecided."""

import json
from typing import Any

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.errors import DocumentError
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource, resources

from .azure_documents import GROUP, custom, with_own_vaults
from .documents import (
    ISSUER,
    Document,
    arns,
    namespaces,
    permissions,
    policy,
    resource,
    role,
    role_policy,
    trust,
)

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
PROVIDER: Document = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"
ACCESSOR = "roles/secretmanager.secretAccessor"
ACCOUNT = "gcp:serviceaccount/account:Account"
ON_PROJECT = "gcp:projects/iAMMember:IAMMember"
PREFIXES = {"test": "test/", "prod": "prod/"}


def outcome(resources: list[Resource]) -> str:
    """What `secret-access evaluate` would end with."""
    verdicts = evaluate(resources, PREFIXES, ())
    if any(verdict.breaches for verdict in verdicts):
        return "breach"
    return "undecided" if any(verdict.undecided for verdict in verdicts) else "isolated"


def sub(namespace: str) -> str:
    return f"system:serviceaccount:{namespace}:secret-access"


# AWS


def trusting(*statements: Document) -> list[Resource]:
    """The namespace test, and a role of prod with this trust."""
    prod = role("prod", {"Statement": list(statements)})
    return [*namespaces("test"), prod, role_policy("prod", permissions("prod/"))]


def web_identity(effect: str = "Allow", principal: object = None, **condition: Any) -> Document:
    found = {key.replace("_", ":"): value for key, value in condition.items()}
    return {"Effect": effect, "Action": WEB_IDENTITY, "Principal": principal or PROVIDER, "Condition": found}


@pytest.mark.parametrize(
    "statements",
    [
        [web_identity(ForAllValues_StringEquals={"other.example:sub": sub("prod")})],
        [web_identity(), web_identity("Deny", ForAnyValue_StringNotEquals={"other.example:sub": "x"})],
        [web_identity(principal={"AWS": "*"})],
    ],
    ids=["ForAllValues holds without its key", "ForAnyValue does not", "anybody of AWS"],
)
def test_a_trust_that_lets_everybody_in_is_a_breach(statements: list[Document]) -> None:
    assert outcome(trusting(*statements)) == "breach"


@pytest.mark.parametrize(
    "action",
    [
        "iam:*",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "eks:CreatePodIdentityAssociation",
        "eks:UpdatePodIdentityAssociation",
    ],
)
def test_a_role_that_may_change_rights_is_a_breach(action: str) -> None:
    added = role_policy("test", policy("*", action=action), "more")
    found = evaluate([*namespaces("test", "prod"), added], {}, ())[0].breaches
    assert ("test", "prod") in [(each.namespace, each.owner) for each in found]
    assert "statement Added" in found[0].statements[-1]


def test_a_right_to_bring_back_an_old_value_is_a_breach() -> None:
    added = role_policy("test", policy(arns("prod/*"), action="secretsmanager:UpdateSecretVersionStage"), "more")
    assert outcome([*namespaces("test", "prod"), added]) == "breach"


def test_a_trust_of_tokens_with_and_without_a_subject_is_of_all() -> None:
    assert outcome(trusting(web_identity(Null={f"{ISSUER}:sub": ["true", "false"]}))) == "breach"


def test_what_is_kept_when_it_is_deleted_counts() -> None:
    kept = role_policy("test", policy("*"), "more")
    created = [
        {"op": "create", "urn": each.urn, "newState": {"type": each.type, "inputs": each.inputs}}
        for each in namespaces("test", "prod")
    ]
    state = {"type": kept.type, "inputs": kept.inputs}
    gone = {"op": "delete", "urn": kept.urn, "oldState": state}
    retained = {**gone, "oldState": {**state, "retainOnDelete": True}}
    assert outcome(resources(json.dumps({"steps": [*created, gone]}))) == "isolated"
    assert outcome(resources(json.dumps({"steps": [*created, retained]}))) == "breach"


def test_a_roles_description_prevails_over_its_sidecars_settings() -> None:
    settings = [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": "live/"}]
    pods = Resource(
        "urn:pulumi:test::secret-access::kubernetes:apps/v1:Deployment::app",
        "kubernetes:apps/v1:Deployment",
        {"metadata": {"namespace": "test"}, "spec": {"containers": [{"env": settings}]}},
        {},
    )
    widened = [role("test"), role_policy("test", permissions("live/")), *namespaces("prod"), pods]
    assert [each.name for each in evaluate(widened, {}, ())[0].breaches] != []


def test_attached_policies_that_are_not_counted_yet_are_undecided() -> None:
    made = resource("aws:iam/policy:Policy", "own", name="own", policy=permissions("test/"))
    attached = resource(
        stack.ROLE,
        "test-role",
        {"managedPolicyArns": (made.urn,)},
        name="secret-access-test",
        assumeRolePolicy=trust("test"),
        managedPolicyArns=UNKNOWN,
    )
    assert outcome([attached, made, *namespaces("prod")]) == "undecided"


@pytest.mark.parametrize("kind", ["iam:Role", "iam:RolePolicy", "iam:ManagedPolicy", "eks:PodIdentityAssociation"])
def test_identities_of_another_provider_of_aws_are_undecided(kind: str) -> None:
    assert outcome([*namespaces("test", "prod"), resource(f"aws-native:{kind}", "other")]) == "undecided"


@pytest.mark.parametrize(("effect", "expected"), [("Allow", "undecided"), ("Deny", "isolated")])
@pytest.mark.parametrize("kind", ["secretPolicy:SecretPolicy", "secret:Secret"])
def test_a_resource_policy_that_allows_is_undecided(kind: str, effect: str, expected: str) -> None:
    document = policy("*", effect=effect, Principal="*")
    found = resource(f"aws:secretsmanager/{kind}", "a", secretArn=arns("prod/a-AbCdEf"), policy=document)
    assert outcome([*namespaces("test", "prod"), found]) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Resource": "arn:x"}]}',
        '{"Statement": [{"Effect": "Allow", "action": "*", "Resource": "*"}]}',
    ],
    ids=["a key twice", "an element that IAM does not have"],
)
def test_a_policy_that_may_be_read_in_two_ways_is_refused(text: str) -> None:
    added = resource(stack.ROLE_POLICY, "more", role="secret-access-test", name="more", policy=text)
    with pytest.raises(DocumentError, match="more"):
        evaluate([*namespaces("test", "prod"), added], {}, ())


# Google Cloud


def google(called: str, kind: str, depends_on: dict[str, tuple[str, ...]] | None = None, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, inputs, depends_on or {})


def principal(namespace: str) -> str:
    return f"principal:{POOL}/subject/{sub(namespace)}"


def named(namespace: str) -> str:
    return f'resource.name.startsWith("projects/1/secrets/{namespace}--")'


def member(called: str, who: str, expression: str | None = None, role_name: str = ACCESSOR, **more: Any) -> Resource:
    kind = more.pop("kind", ON_PROJECT)
    condition: dict[str, Any] = {} if expression is None else {"condition": {"title": "own", "expression": expression}}
    return google(called, kind, member=who, role=role_name, **condition, **more)


def direct() -> list[Resource]:
    """Two namespaces by principals of a pool."""
    return [member(each, principal(each), named(each)) for each in PREFIXES]


def email(namespace: str) -> str:
    return f"serviceAccount:sa-{namespace}@x.iam.gserviceaccount.com"


def impersonator(of: str, who: str, role_name: str) -> Resource:
    target = f"projects/x/serviceAccounts/sa-{of}@x.iam.gserviceaccount.com"
    kind = "gcp:serviceaccount/iAMMember:IAMMember"
    return member(f"{of}-{role_name}", who, None, role_name, kind=kind, serviceAccountId=target)


def by_accounts() -> list[Resource]:
    """Two namespaces by service accounts."""
    return [
        made
        for each in PREFIXES
        for made in (
            google(f"sa-{each}", ACCOUNT, accountId=f"sa-{each}"),
            impersonator(each, principal(each), "roles/iam.workloadIdentityUser"),
            member(each, email(each), named(each)),
        )
    ]


def test_the_namespaces_of_google_are_isolated_as_they_are() -> None:
    assert [outcome(direct()), outcome(by_accounts())] == ["isolated", "isolated"]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("gcp:projects/iAMPolicy:IAMPolicy", {"project": "x"}),
        ("gcp:secretmanager/secretIamPolicy:SecretIamPolicy", {"secretId": "prod--a"}),
        ("gcp:secretmanager/regionalSecretIamPolicy:RegionalSecretIamPolicy", {"secretId": "prod--a"}),
        ("gcp:folder/iAMPolicy:IAMPolicy", {"folder": "1"}),
        ("gcp:organizations/iAMPolicy:IAMPolicy", {"orgId": "1"}),
        ("gcp:folder/iAMMember:IAMMember", {"folder": "1", "member": principal("test"), "role": ACCESSOR}),
        ("gcp:organizations/iAMBinding:IAMBinding", {"members": [principal("test")], "role": ACCESSOR}),
    ],
)
def test_bindings_that_are_not_judged_are_undecided(kind: str, inputs: dict[str, Any]) -> None:
    assert outcome([*direct(), google("more", kind, **inputs)]) == "undecided"


def test_a_harmless_role_on_a_folder_is_none_of_them() -> None:
    viewer = google("more", "gcp:folder/iAMMember:IAMMember", member=principal("test"), role="roles/logging.viewer")
    assert outcome([*direct(), viewer]) == "isolated"


@pytest.mark.parametrize(
    "role_name",
    [
        "roles/admin",
        "roles/writer",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityPoolAdmin",
        "roles/iam.workloadIdentityUser",
        "roles/resourcemanager.projectIamAdmin",
    ],
)
@pytest.mark.parametrize("expression", [None, named("test")])
def test_a_role_that_takes_rights_or_accounts_is_a_breach(role_name: str, expression: str | None) -> None:
    assert outcome([*direct(), member("more", principal("test"), expression, role_name)]) == "breach"


def test_a_service_account_that_may_become_another_has_its_rights() -> None:
    assert outcome([*by_accounts(), impersonator("prod", email("test"), "roles/iam.serviceAccountTokenCreator")]) == (
        "breach"
    )


@pytest.mark.parametrize(
    ("named_too", "expected"),
    [(email("test"), "breach"), ("serviceAccount:else@y.iam.gserviceaccount.com", "undecided")],
)
def test_each_member_of_a_binding_counts_beside_one_that_is_computed(named_too: str, expected: str) -> None:
    accounts = by_accounts()
    sources = {"members": tuple(each.urn for each in accounts if each.name == "sa-prod")}
    binding = google(
        "more",
        "gcp:projects/iAMBinding:IAMBinding",
        sources,
        role=ACCESSOR,
        members=[UNKNOWN, named_too],
        condition={"title": "prod", "expression": named("prod")},
    )
    assert outcome([*accounts, binding]) == expected


@pytest.mark.parametrize(
    "expression",
    [
        f"true ? true : true && {named('test')}",
        f'request.time < timestamp("2030-01-01T00:00:00Z") // && {named("test")}',
        f"[true, true && {named('test')} && true].size() == 2",
    ],
)
def test_a_condition_that_is_more_than_it_seems_is_a_breach(expression: str) -> None:
    assert outcome([*direct(), member("more", principal("test"), expression)]) == "breach"


def test_all_service_accounts_of_a_project_are_members_in_doubt() -> None:
    everyone = "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount"
    assert outcome([*by_accounts(), member("more", everyone)]) == "breach"


def test_a_namespace_whose_spelled_prefix_is_under_anothers_keeps_its_names() -> None:
    pods = {each: member(each, principal(each), named(each)) for each in ("test", "test--eu")}
    found = evaluate([*pods.values()], {}, ())[0].breaches
    assert [(each.namespace, each.owner) for each in found] == [("test", "test--eu")]


def test_a_cloud_of_which_nothing_is_known_is_not_left_out() -> None:
    unknown = google("more", ON_PROJECT, member=UNKNOWN, role=ACCESSOR)
    assert outcome([*namespaces("test", "prod"), unknown]) == "undecided"


def test_another_provider_of_azure_is_not_left_out() -> None:
    other = google("more", "azure:authorization/assignment:Assignment")
    assert outcome([*namespaces("test", "prod"), other]) == "undecided"


# Azure


def test_permissions_of_a_role_that_are_known_later_count_as_all() -> None:
    later = custom("test", GROUP, {"actions": [], "dataActions": UNKNOWN})
    found = evaluate([*with_own_vaults("test", "prod"), *later], {}, ())[0].breaches
    assert ("test", "prod") in [(each.namespace, each.owner) for each in found]


# Vault


def vault(*more: str, **bound: Any) -> list[Resource]:
    """Two namespaces, and policies that test has as well."""
    role_kind, policy_kind = "vault:jwt/authBackendRole:AuthBackendRole", "vault:index/policy:Policy"
    own = {each: json.dumps({"path": {f"secret/data/{each}/*": {"capabilities": ["read"]}}}) for each in PREFIXES}
    added = {f"more-{number}": text for number, text in enumerate(more)}
    policies = {"test": ["test", *added], "prod": ["prod"]}
    return [
        *(
            google(each, role_kind, roleName=each, boundSubject=sub(each), tokenPolicies=policies[each])
            for each in PREFIXES
        ),
        *(google(name, policy_kind, name=name, policy=text) for name, text in {**own, **added}.items()),
        *([google("bound", role_kind, roleName="bound", tokenPolicies=["prod"], **bound)] if bound else []),
    ]


def test_a_claim_that_is_known_later_may_be_anybodys() -> None:
    assert [outcome(vault()), outcome(vault(boundClaims={"sub": UNKNOWN}))] == ["isolated", "breach"]


def test_a_path_of_vaults_may_begin_with_a_slash() -> None:
    assert outcome(vault(json.dumps({"path": {"/secret/*": {"capabilities": ["read"]}}}))) == "breach"


@pytest.mark.parametrize(
    "text",
    [
        '{"path": {"secret/data/prod/*": {"capabilities": ["list"], "policy": "write"}}}',
        '{"path": {"secret/data/prod/*": {"capabilities": ["read"]}}, "path": {}}',
    ],
    ids=["an old policy beside capabilities", "a key twice"],
)
def test_a_policy_of_vault_that_may_be_read_in_two_ways_is_undecided(text: str) -> None:
    assert outcome(vault(text)) == "undecided"


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("sys/policies/acl/*", "update"),
        ("sys/policy/prod", "create"),
        ("auth/jwt/role/*", "update"),
        ("auth/+/role/prod", "patch"),
        ("identity/entity/*", "update"),
        ("sys/*", "sudo"),
    ],
)
def test_a_policy_that_may_change_policies_or_roles_is_a_breach(path: str, capability: str) -> None:
    assert outcome(vault(json.dumps({"path": {path: {"capabilities": [capability, "update"]}}}))) == "breach"


def test_a_policy_that_may_read_policies_and_roles_is_none() -> None:
    readable = {path: {"capabilities": ["read", "list"]} for path in ("sys/policies/acl/*", "auth/jwt/role/*")}
    assert outcome(vault(json.dumps({"path": readable}))) == "isolated"


def test_a_preview_without_its_unchanged_resources_is_refused() -> None:
    """`pulumi preview --json` counts these, and prints them with `--show-sames` alone."""
    made = namespaces("test")[0]
    step = {"op": "same", "urn": made.urn, "newState": {"type": made.type, "inputs": made.inputs}}
    assert [each.urn for each in resources(json.dumps({"steps": [step], "changeSummary": {"same": 1}}))] == [made.urn]
    with pytest.raises(DocumentError, match=r"leaves out 1 unchanged resources.*--show-sames"):
        resources(json.dumps({"steps": [step], "changeSummary": {"same": 2}}))
