"""Roles that are made apart from a namespace: one that namespaces share, and one in the account of the secrets."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from ministack.core import iam_evaluator as judge

from secret_access import (
    Access,
    AwsSecretAccess,
    AwsSharedRole,
    AwsSharedRoleArgs,
    AwsTargetRole,
    AwsTargetRoleArgs,
    InvalidArgument,
)
from secret_access.aws import documents, trust
from secret_access.aws.identifiers import Account, Cluster, Role
from tests.infra.components import aws_args
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
GREEN_ARN = CLUSTER_ARN.replace("blue", "green")
BLUE = Cluster("aws", ACCOUNT, "us-east-1", "blue")
GREEN = Cluster("aws", ACCOUNT, "us-east-1", "green")
SECRETS_ACCOUNT = "444455556666"
READ = "secretsmanager:GetSecretValue"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"


def shared_args(**changed: Any) -> dict[str, Any]:
    """Arguments of AwsSharedRole; None leaves one out."""
    args = {"pod_identity": "session_tags", "eks_cluster_arns": [CLUSTER_ARN], "region": "us-east-1", **changed}
    return {name: value for name, value in args.items() if value is not None}


def shared_role(**changed: Any) -> Callable[[], object]:
    """A program that makes an AwsSharedRole."""
    return lambda: AwsSharedRole("all", cast("AwsSharedRoleArgs", outputs_in(shared_args(**changed))))


def target_args(**changed: Any) -> dict[str, Any]:
    """Arguments of AwsTargetRole; None leaves one out."""
    args = {
        "namespace": "test",
        "eks_cluster_arn": CLUSTER_ARN,
        "account_id": SECRETS_ACCOUNT,
        "region": "us-east-1",
        **changed,
    }
    return {name: value for name, value in args.items() if value is not None}


def target_role(**changed: Any) -> Callable[[], object]:
    """A program that makes an AwsTargetRole."""
    return lambda: AwsTargetRole("target", cast("AwsTargetRoleArgs", outputs_in(target_args(**changed))))


def secret_arn(name: str) -> str:
    return f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name}-AbCdEf"


def allows(policy: str, action: str, resource: str, keys: dict[str, str], **tags: str) -> bool:
    """Whether MiniStack's evaluator lets a session do it; it knows no variables, so they are filled in here."""
    for tag, value in tags.items():
        policy = policy.replace(f"${{aws:PrincipalTag/kubernetes-{tag}}}", value)
    context = judge.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/secret-access/s",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region="us-east-1",
        service_context=keys,
    )
    return bool(judge.evaluate(context, [judge.parse_policy_document(json.loads(policy))]).decision == "Allow")


def reads(policy: str, name: str, **tags: str) -> bool:
    return allows(policy, READ, secret_arn(name), {}, **tags)


@pytest.mark.parametrize("count", [1, 10])
def test_with_session_tags_namespaces_have_one_role_in_all(count: int) -> None:
    """And an association each."""

    def program() -> None:
        role = AwsSharedRole("all", cast("AwsSharedRoleArgs", shared_args()))
        for number in range(count):
            AwsSecretAccess(
                f"n{number}",
                aws_args(
                    namespace=f"n{number}",
                    oidc_provider_arn=None,
                    pod_identity="session_tags",
                    eks_cluster_arn=CLUSTER_ARN,
                    existing_role_arn=role.role_arn,
                ),
            )

    world = run(program)
    assert len(world.of(ROLE)) == len(world.of(POLICY)) == 1
    assert len(world.of(ASSOCIATION)) == count
    assert {asked.inputs["roleArn"] for asked in world.of(ASSOCIATION)} == {
        f"arn:aws:iam::{ACCOUNT}:role/secret-access"
    }


def test_by_session_tags_each_namespace_reads_its_own() -> None:
    """The policy goes by the tag that EKS sets, below the common prefix."""
    world = run(shared_role(eks_cluster_arns=[CLUSTER_ARN, Later(GREEN_ARN)], common_prefix="team/"))
    role = world.one(ROLE).inputs
    assert json.loads(role["assumeRolePolicy"]) == trust.tagged_sessions_trust([BLUE, GREEN], "secret-access")
    policy = world.one(POLICY).inputs["policy"]
    assert "secret:team/${aws:PrincipalTag/kubernetes-namespace}/*" in policy
    assert reads(policy, "team/test/a", namespace="test")
    for foreign in ("team/prod/a", "team/test-eu/a", "test/a", "team/a", "team/test"):
        assert not reads(policy, foreign, namespace="test")
    assert not reads(policy, "team/test/a"), "a session without tags reads nothing"


def test_by_session_tags_a_key_decrypts_the_namespaces_own_secrets_alone() -> None:
    """Secrets Manager tells KMS which secret it decrypts, and the policy compares it with the session's tag."""
    policy = run(shared_role(kms_key_arns=[KEY])).one(POLICY).inputs["policy"]
    via = "secretsmanager.us-east-1.amazonaws.com"

    def decrypts(name: str, service: str = via) -> bool:
        keys = {"kms:viaservice": service, "kms:encryptioncontext:secretarn": secret_arn(name)}
        return allows(policy, "kms:Decrypt", KEY, keys, namespace="test")

    assert decrypts("test/a")
    assert [name for name in ("prod/a", "test-eu/a", "test", "a") if decrypts(name)] == []
    assert not decrypts("test/a", "s3.us-east-1.amazonaws.com")


def test_by_session_policies_the_role_may_read_what_the_namespaces_have_in_common() -> None:
    """The trust can tell only clusters apart, for such sessions have no tags."""
    world = run(shared_role(pod_identity="session_policies", common_prefix="team/"))
    document = json.loads(world.one(ROLE).inputs["assumeRolePolicy"])
    assert document == trust.restricted_sessions_trust([BLUE])
    policy = world.one(POLICY).inputs["policy"]
    assert (reads(policy, "team/test/a"), reads(policy, "other/a")) == (True, False)
    assert reads(run(shared_role(pod_identity="session_policies")).one(POLICY).inputs["policy"], "other/a")


def test_a_shared_role_is_owned_as_a_whole() -> None:
    """Its name, path, rights and tags are said once."""
    world = run(
        shared_role(access="read_write", kms_key_arns=[KEY], role_name="all", role_path="/team/", tags={"team": "a"})
    )
    expected = documents.secrets_policy(
        Account("aws", ACCOUNT), "us-east-1", f"{documents.NAMESPACE_TAG}/", Access.READ_WRITE, [KEY]
    )
    assert json.loads(world.one(POLICY).inputs["policy"]) == expected
    role = world.one(ROLE).inputs
    assert (role["name"], role["path"], role["tags"]) == ("all", "/team/", {"team": "a"})
    exclusive = {asked.name: asked.inputs for asked in world.asked if "Exclusive" in asked.type}
    assert exclusive == {
        "all-policies": {"roleName": "all", "policyNames": ["own-secrets"]},
        "all-attachments": {"roleName": "all", "policyArns": []},
    }
    assert world.outputs["all"] == {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/team/all"}


def test_a_target_role_is_made_for_one_namespace_of_a_cluster_in_another_account() -> None:
    """It trusts the role that the namespace's AwsSecretAccess makes, and grants in its own account."""
    world = run(target_role())
    document = json.loads(world.one(ROLE).inputs["assumeRolePolicy"])
    association_role = Role("aws", ACCOUNT, "secret-access-test")
    assert document == trust.target_role_trust(association_role, BLUE, "test", "secret-access")
    granted = documents.secrets_policy(Account("aws", SECRETS_ACCOUNT), "us-east-1", "test/")
    assert json.loads(world.one(POLICY).inputs["policy"]) == granted


def test_a_target_role_can_demand_the_associations_external_id() -> None:
    """For the assumption; tags have none."""
    association_role = f"arn:aws:iam::{ACCOUNT}:role/team/mine"
    external_id = f"us-east-1/{ACCOUNT}/blue/test/shop"
    world = run(
        target_role(association_role_arn=association_role, external_id=Later(external_id), service_account_name="shop")
    )
    document = json.loads(world.one(ROLE).inputs["assumeRolePolicy"])
    role = Role("aws", ACCOUNT, "team/mine")
    assert document == trust.target_role_trust(role, BLUE, "test", "shop", external_id)


def test_a_target_role_and_its_association_know_each_other_in_one_run() -> None:
    """The association names the role before it is there, and the role's trust the association's external id."""

    def program() -> None:
        arn = f"arn:aws:iam::{SECRETS_ACCOUNT}:role/secret-access-test"
        args = {"pod_identity": "role_per_namespace", "eks_cluster_arn": CLUSTER_ARN, "oidc_provider_arn": None}
        access = AwsSecretAccess("test", aws_args(**args, target_role_arn=arn))
        AwsTargetRole("target", cast("AwsTargetRoleArgs", target_args(external_id=access.external_id)))

    world = run(program)
    assert world.one(ASSOCIATION).inputs["targetRoleArn"] == f"arn:aws:iam::{SECRETS_ACCOUNT}:role/secret-access-test"
    external_id = f"us-east-1/{ACCOUNT}/blue/test/secret-access"
    assert world.outputs["test"]["externalId"] == external_id
    (role,) = (each for each in world.of(ROLE) if each.parent == "target")
    source = Role("aws", ACCOUNT, "secret-access-test")
    trusted = trust.target_role_trust(source, BLUE, "test", "secret-access", external_id)
    assert json.loads(role.inputs["assumeRolePolicy"]) == trusted
    assert "test-association" in role.waits_for


@pytest.mark.parametrize("way", [{}, {"pod_identity": "role_per_namespace", "eks_cluster_arn": CLUSTER_ARN}])
def test_there_is_an_external_id_with_a_target_role_alone(way: dict[str, Any]) -> None:
    args = {"oidc_provider_arn": None, **way} if way else {}
    assert run(lambda: AwsSecretAccess("test", aws_args(**args))).outputs["test"].get("externalId") is None


def test_a_preview_knows_which_target_role_a_namespaces_role_may_become() -> None:
    """Its ARN depends on nothing that AWS makes: what is computed of it can be judged before there is anything."""

    def program() -> None:
        target = AwsTargetRole("target", cast("AwsTargetRoleArgs", target_args(role_path="/team/")))
        args = {"pod_identity": "role_per_namespace", "eks_cluster_arn": CLUSTER_ARN, "oidc_provider_arn": None}
        AwsSecretAccess("test", aws_args(**args, target_role_arn=target.role_arn))

    for preview in (True, False):
        world = run(program, World(preview=preview))
        (policy,) = (each for each in world.of(POLICY) if each.parent == "test")
        arn = f"arn:aws:iam::{SECRETS_ACCOUNT if preview else ACCOUNT}:role/team/secret-access-test"
        assert json.loads(policy.inputs["policy"])["Statement"][0]["Resource"] == arn


SHARED_MISTAKES = [
    ("pod_identity", "role_per_namespace", ["pod_identity", "session_tags or session_policies"]),
    ("pod_identity", "tags", ["pod_identity", "given 'tags'"]),
    ("eks_cluster_arns", [], ["eks_cluster_arns names none"]),
    ("eks_cluster_arns", ["blue"], ["eks_cluster_arns is not the ARN of an EKS cluster"]),
    ("eks_cluster_arns", [CLUSTER_ARN, CLUSTER_ARN], ["eks_cluster_arns", "twice"]),
    ("eks_cluster_arns", [CLUSTER_ARN, GREEN_ARN.replace(ACCOUNT, SECRETS_ACCOUNT)], ["another account", ACCOUNT]),
    ("common_prefix", "team", ["common_prefix", "also covers"]),
    ("common_prefix", "*/", ["common_prefix"]),
    ("region", "cn-north-1", ["partition aws-cn", "eks_cluster_arns"]),
    ("access", "write", ["access", "read or read_write"]),
    ("trust_conditions", {"IpAddress": {"aws:SourceIp": ["192.0.2.1"]}}, ["never has this key"]),
    ("role_name", "r" * 65, ["has 65 characters"]),
    ("policy_arns", [f"arn:aws:iam::{SECRETS_ACCOUNT}:policy/x"], ["another account"]),
]
TARGET_MISTAKES = [
    ("account_id", "4444", ["account_id", "12 digits"]),
    ("account_id", 444455556666, ["account_id", "in quotes"]),
    ("eks_cluster_arn", "blue", ["eks_cluster_arn is not the ARN of an EKS cluster"]),
    ("association_role_arn", f"arn:aws:iam::{SECRETS_ACCOUNT}:role/x", ["association_role_arn", "another account"]),
    ("association_role_arn", "x", ["association_role_arn is not the ARN of a role"]),
    ("external_id", "a*", ["external_id", "externalId of the association"]),
    ("secret_prefix", "test", ["secret_prefix also covers"]),
    ("region", "us-gov-west-1", ["partition aws-us-gov"]),
    ("trust_conditions", {"StringEquals": {"aws:SourceOrgID": ["o-1"]}}, ["aws:PrincipalOrgID"]),
    ("namespace", "*", ["namespace: given '*'"]),
]


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(
    ("program", "argument", "value", "words"),
    [
        *((shared_role, *mistake) for mistake in SHARED_MISTAKES),
        *((target_role, *mistake) for mistake in TARGET_MISTAKES),
    ],
)
def test_a_mistake_stops_the_program_before_the_role_is_made(
    program: Any, argument: str, value: Any, words: list[str], delay: Any
) -> None:
    """What, the value, the value expected, and the fix."""
    world = World()
    decides = argument == "pod_identity" and delay is Later
    with pytest.raises(InvalidArgument) as error:
        run(program(**{argument: delay(value)}), world)
    assert_all_in(["expected a plain value"] if decides else words, error)
    if argument not in ("common_prefix", "access", "policy_arns", "secret_prefix", "region"):  # of its policies
        assert world.of(ROLE) == []
    assert world.of(POLICY) == [] or argument == "policy_arns"


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_service_account_that_no_trust_names_is_refused(delay: Any) -> None:
    """With session policies the role's trust is in any association; with session tags it names the ServiceAccount."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(shared_role(pod_identity="session_policies", service_account_name=delay("shop")), world)
    assert_all_in(["service_account_name beside pod_identity: session_policies", "use pod_identity: session"], error)
    assert world.of(ROLE) == []
    assert '"shop"' in run(shared_role(service_account_name=delay("shop"))).one(ROLE).inputs["assumeRolePolicy"]
