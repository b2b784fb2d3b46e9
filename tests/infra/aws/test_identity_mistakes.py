"""What AwsSecretAccess refuses of a way in which pods get their identity, before the role works."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from secret_access import AwsSecretAccess, InvalidArgument, PodIdentity, SecretWorkload
from secret_access.aws import documents
from secret_access.aws.role import TRUST_LIMIT
from tests.infra.aws.component import (
    AGENT,
    ASSOCIATION,
    OTHER_PROVIDER,
    OWN,
    POLICIES,
    ROLE,
    ROLE_ARN,
    SHARED_ROLE_ARN,
    TAGS,
    TARGET_ARN,
)
from tests.infra.components import aws_access, aws_args
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, ISSUER_HOST, PROVIDER_ARN, Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

MANY = [PROVIDER_ARN.replace("EXAMPLED539", f"{number:032}") for number in range(6)]


def test_a_trust_policy_longer_than_iam_takes_is_refused() -> None:
    """Unless the account's quota was raised, and this is said."""
    many = {"oidc_provider_arn": None, "oidc_provider_arns": MANY}
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**many))
    assert_all_in(["trust policy of the role is too long", "at most 2048", "trust_policy_quota"], error)
    role = run(aws_access(**many, trust_policy_quota=4096)).one(ROLE)
    size = len(documents.compact(json.loads(role.inputs["assumeRolePolicy"])))
    assert TRUST_LIMIT < size <= 4096


def test_a_session_policy_longer_than_sts_takes_is_refused() -> None:
    """With the way out."""
    keys = [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{number:036}" for number in range(20)]
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**POLICIES, kms_key_arns=keys))
    assert_all_in(["session policy of the association is too long", "at most 2048", "role_per_namespace"], error)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"oidc_provider_arn": None},
            ["oidc_provider_arn is missing", "pod_identity and eks_cluster_arn", "ClusterTrust"],
        ),
        ({"oidc_provider_arn": None, "oidc_provider_arns": []}, ["oidc_provider_arn is missing"]),
        ({"oidc_provider_arns": [OTHER_PROVIDER]}, ["oidc_provider_arns beside oidc_provider_arn"]),
        ({"existing_role_arn": ROLE_ARN}, ["existing_role_arn beside oidc_provider_arn"]),
        ({"eks_cluster_arn": CLUSTER_ARN}, ["eks_cluster_arn without pod_identity", "role_per_namespace, session_po"]),
        ({"target_role_arn": TARGET_ARN}, ["target_role_arn beside IRSA", "a provider of that account"]),
        ({"pod_identity_agent_url": AGENT}, ["pod_identity_agent_url beside IRSA"]),
        ({"pod_identity": "shared"}, ["pod_identity", "given 'shared'", "session_tags"]),
        ({"pod_identity": True}, ["pod_identity", "given True"]),
        ({**OWN, "eks_cluster_arn": None}, ["pod_identity without eks_cluster_arn", "arn:aws:eks:"]),
        ({**OWN, "oidc_provider_arn": PROVIDER_ARN}, ["oidc_provider_arn beside pod_identity", "belongs to IRSA"]),
        ({**OWN, "oidc_provider_arns": [PROVIDER_ARN]}, ["oidc_provider_arns beside pod_identity"]),
        ({**OWN, "irsa_annotation": True}, ["irsa_annotation beside pod_identity", "belongs to IRSA"]),
        ({**OWN, "session_duration": 900}, ["session_duration beside pod_identity"]),
        ({**POLICIES, "existing_role_arn": None}, ["session_policies without the role", "AwsSharedRole"]),
        ({**TAGS, "existing_role_arn": None}, ["session_tags without the role", "AwsSharedRole"]),
        ({**TAGS, "target_role_arn": TARGET_ARN}, ["target_role_arn beside pod_identity: session_tags"]),
        ({**POLICIES, "target_role_arn": TARGET_ARN}, ["target_role_arn beside pod_identity: session_policies"]),
        ({**TAGS, "kms_key_arns": ["x"]}, ["kms_key_arns beside existing_role_arn", "never changed"]),
        ({**TAGS, "secret_prefix": "team/"}, ["secret_prefix does not end in the namespace", "team-a/test/"]),
        ({**TAGS, "secret_prefix": "my-test/"}, ["secret_prefix does not end in the namespace"]),
        ({**OWN, "target_role_arn": TARGET_ARN, "kms_key_arns": ["x"]}, ["kms_key_arns beside target_role_arn"]),
        ({**OWN, "existing_role_arn": TARGET_ARN}, ["existing_role_arn", "another account", ACCOUNT]),
        ({**POLICIES, "role_name": "x"}, ["role_name beside existing_role_arn"]),
        ({**POLICIES, "role_path": "/x/"}, ["role_path beside existing_role_arn"]),
        ({**POLICIES, "permissions_boundary": "x"}, ["permissions_boundary beside existing_role_arn"]),
        ({**POLICIES, "policy_arns": ["x"]}, ["policy_arns beside existing_role_arn"]),
        ({**POLICIES, "trust_conditions": {"Null": {}}}, ["trust_conditions beside existing_role_arn"]),
        ({**POLICIES, "trust_policy_quota": 4096}, ["trust_policy_quota beside existing_role_arn"]),
        (
            {"oidc_provider_arn": None, "existing_role_arn": ROLE_ARN, "tags": {"team": "a"}},
            ["tags beside existing_role_arn", "never changed", "where the role is made"],
        ),
    ],
)
def test_what_does_not_go_together_is_refused(changed: dict[str, Any], words: list[str]) -> None:
    """Before anything is made, also where a value is known later."""
    for delay in (lambda value: value, Later):
        args = {
            name: value if value is None or name == "pod_identity" else delay(value) for name, value in changed.items()
        }
        if delay is Later and changed.get("oidc_provider_arns") == []:
            continue  # an Output says that there are some
        world = World()
        with pytest.raises(InvalidArgument) as error:
            run(aws_access(**args), world)
        assert_all_in(["AwsSecretAccess 'test'", *words], error)
        assert world.of(ROLE) == world.of(ASSOCIATION) == []


def test_the_way_is_chosen_plainly() -> None:
    """It decides what is made."""
    with pytest.raises(InvalidArgument, match="pod_identity: given 'an Output', expected a plain value"):
        run(aws_access(**{**OWN, "pod_identity": Later("role_per_namespace")}))
    assert run(aws_access(**{**OWN, "pod_identity": PodIdentity.ROLE_PER_NAMESPACE})).of(ASSOCIATION)


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("eks_cluster_arn", "blue", ["eks_cluster_arn is not the ARN of an EKS cluster", "arn:aws:eks:"]),
        ("eks_cluster_arn", CLUSTER_ARN.replace("blue", "*"), ["holds a *"]),
        ("eks_cluster_arn", CLUSTER_ARN.replace(ACCOUNT, "*"), ["holds a *"]),
        ("existing_role_arn", "secret-access-test", ["existing_role_arn is not the ARN of a role"]),
        ("existing_role_arn", f"arn:aws:iam::{ACCOUNT}:role/*", ["existing_role_arn is not the ARN of a role"]),
        (
            "existing_role_arn",
            f"arn:aws:sts::{ACCOUNT}:assumed-role/x/y",
            ["existing_role_arn is the ARN of a role's session"],
        ),
        ("target_role_arn", f"arn:aws:iam::{ACCOUNT}:role/a?/x", ["target_role_arn is not the ARN of a role"]),
        ("target_role_arn", f"arn:aws:iam::{ACCOUNT}:role/${{aws:username}}/x", ["is not the ARN of a role"]),
        ("role_path", "/a*/", ["role_path", "given '/a*/'"]),
        ("role_path", "/${aws:username}/", ["role_path"]),
        ("target_role_arn", "x", ["target_role_arn is not the ARN of a role"]),
        ("region", "cn-north-1", ["partition aws-cn", "the partition of eks_cluster_arn"]),
        ("role_path", "team", ["role_path", "given 'team'", "/secret-access/"]),
        ("role_path", f"/{'x' * 511}/", ["role_path has 513 characters", "at most 512"]),
        ("trust_policy_quota", 2000, ["trust_policy_quota", "2048 to 8192"]),
        ("replica_regions", ["us-east-1"], ["replica_regions holds the home region"]),
        ("replica_regions", ["cn-north-1"], ["replica_regions", "another partition"]),
        ("replica_regions", ["us-west"], ["replica_regions", "given 'us-west'"]),
        ("replica_regions", ["*"], ["replica_regions", "given '*'"]),
        ("replica_regions", "us-west-2", ["replica_regions", "write ['us-west-2']"]),
        ("pod_identity_agent_url", "http://agent.example/v1", ["pod_identity_agent_url", "169.254.170.23"]),
        ("trust_conditions", {"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}}, ["never has this key"]),
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_mistake_stops_the_program_before_the_role_works(
    argument: str, value: Any, words: list[str], delay: Any
) -> None:
    """What, the value, the value expected, and the fix."""
    world = World()
    given = {key: item for key, item in OWN.items() if not (argument == "existing_role_arn" and key == argument)}
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**{**given, argument: delay(value)}), world)
    assert_all_in(words, error)
    if argument != "pod_identity_agent_url":  # which is the sidecar's alone
        assert world.of(ASSOCIATION) == []


@pytest.mark.parametrize(
    ("providers", "words"),
    [
        ([PROVIDER_ARN, PROVIDER_ARN], ["oidc_provider_arns", "twice"]),
        ([PROVIDER_ARN, OTHER_PROVIDER.replace(ACCOUNT, "444455556666")], ["oidc_provider_arns", "another account"]),
        ([PROVIDER_ARN, OTHER_PROVIDER.replace("arn:aws:", "arn:aws-cn:")], ["oidc_provider_arns", "partition"]),
        ([PROVIDER_ARN, ISSUER_HOST], ["oidc_provider_arns is a host"]),
        (Later([]), ["oidc_provider_arns names none"]),
    ],
)
def test_providers_that_one_role_cannot_trust_are_refused(providers: Any, words: list[str]) -> None:
    """Each once, all of one account, for the role is in it."""
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(oidc_provider_arn=None, oidc_provider_arns=providers))
    assert_all_in(words, error)


@pytest.mark.parametrize("seconds", [899, 43201, 1000.5, "3600"])
def test_a_session_has_an_end_that_sts_takes(seconds: Any) -> None:
    """15 minutes to 12 hours."""
    with pytest.raises(InvalidArgument, match=r"session_duration: given .*, expected seconds from 900 to 43200"):
        run(aws_access(session_duration=seconds))


def _chinese(arn: str) -> str:
    return arn.replace("arn:aws:", "arn:aws-cn:").replace("us-east-1", "cn-north-1")


CHINESE_CLUSTER = Later(_chinese(CLUSTER_ARN))


@pytest.mark.parametrize(
    "changed",
    [
        {"oidc_provider_arn": None, "existing_role_arn": Later(_chinese(ROLE_ARN))},
        {**TAGS, "existing_role_arn": _chinese(SHARED_ROLE_ARN), "eks_cluster_arn": CHINESE_CLUSTER},
        {**OWN, "target_role_arn": _chinese(TARGET_ARN), "eks_cluster_arn": CHINESE_CLUSTER},
    ],
)
def test_no_workload_is_made_for_a_region_of_another_partition(changed: dict[str, Any]) -> None:
    """Also where no policy of the program names the region."""

    def program(**further: Any) -> Callable[[], None]:
        def make() -> None:
            access = AwsSecretAccess("test", outputs_in(aws_args(**changed, **further)))
            SecretWorkload("shop", {"access": access.workload_access, "image": "registry.example/shop:1"})

        return make

    world = World()
    with pytest.raises(InvalidArgument, match="region is of the partition aws"):
        run(program(), world)
    assert world.of("kubernetes:apps/v1:Deployment") == []
    assert len(run(program(region="cn-north-1")).of("kubernetes:apps/v1:Deployment")) == 1
