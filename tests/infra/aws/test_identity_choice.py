"""IRSA or EKS Pod Identity, a role of the component's own or one that exists: what each makes."""

import json
from typing import Any

import pytest

from secret_access import Access, AwsSecretAccess, InvalidArgument
from secret_access.aws import documents, trust
from secret_access.aws.identifiers import Account, OidcProvider, Role
from tests.infra.aws.component import (
    AGENT,
    ASSOCIATION,
    CLUSTER,
    OTHER_PROVIDER,
    OWN,
    POLICIES,
    POLICY,
    ROLE,
    ROLE_ARN,
    SERVICE_ACCOUNT,
    SHARED_ROLE_ARN,
    TAGS,
    TARGET_ARN,
)
from tests.infra.components import aws_access, aws_args, environment
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, PROVIDER_ARN, Later, World, run


def audience(world: World) -> str:
    """That of the sidecar's token."""
    token = world.outputs["test"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    return str(token["audience"])


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_pod_identity_makes_a_role_and_its_association(delay: Any) -> None:
    """The role trusts EKS for the ServiceAccount; pods come after the association."""
    world = run(aws_access(**{**OWN, "eks_cluster_arn": delay(CLUSTER_ARN)}))
    role = world.one(ROLE).inputs
    assert json.loads(role["assumeRolePolicy"]) == trust.pod_identity_trust(CLUSTER, "test", "secret-access")
    granted = documents.secrets_policy(Account("aws", ACCOUNT), "us-east-1", "test/")
    assert json.loads(world.one(POLICY).inputs["policy"]) == granted
    association = world.one(ASSOCIATION)
    assert (association.name, association.parent) == ("test-association", "test")
    assert association.inputs == {
        "clusterName": "blue",
        "region": "us-east-1",
        "namespace": "test",
        "serviceAccount": "secret-access",
        "roleArn": ROLE_ARN,
        "disableSessionTags": False,
    }
    assert world.one(SERVICE_ACCOUNT).waits_for >= {"test-policies", "test-attachments", "test-association"}
    assert world.outputs["test"]["identity"] == ROLE_ARN


def test_the_sidecar_has_the_agents_token_without_a_webhook() -> None:
    """So a pod that is made right after its association has its identity; the webhook sets the same for others."""
    world = run(aws_access(**OWN))
    assert audience(world) == "pods.eks.amazonaws.com"
    told = environment(world)
    assert told["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == AGENT
    assert told["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == "/var/run/secrets/secret-access/aws/token"
    assert not {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} & set(told)
    assert told["AWS_EC2_METADATA_DISABLED"] == "true"
    ipv6 = "http://[fd00:ec2::23]/v1/credentials"
    told = environment(run(aws_access(**OWN, pod_identity_agent_url=ipv6)))
    assert told["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == ipv6


def test_one_role_for_all_with_a_policy_per_association() -> None:
    """No role is made; the association restricts its sessions, without tags, to what an own role would grant."""
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    world = run(aws_access(**POLICIES, access="read_write", kms_key_arns=[key]))
    assert world.of(ROLE) == world.of(POLICY) == []
    association = world.one(ASSOCIATION).inputs
    granted = documents.secrets_policy(Account("aws", ACCOUNT), "us-east-1", "test/", Access.READ_WRITE, [key])
    assert json.loads(association.pop("policy")) == granted
    assert (association["roleArn"], association["disableSessionTags"]) == (SHARED_ROLE_ARN, True)
    assert world.outputs["test"]["identity"] == SHARED_ROLE_ARN


def test_one_role_for_all_by_session_tags() -> None:
    """The role's policy goes by the tags: the association has no policy, which EKS takes only without tags."""
    association = run(aws_access(**TAGS)).one(ASSOCIATION).inputs
    assert "policy" not in association
    assert (association["roleArn"], association["disableSessionTags"]) == (SHARED_ROLE_ARN, False)


def test_namespaces_that_share_a_role_make_none() -> None:
    """Whatever their number."""

    def program() -> None:
        for namespace in ("test", "prod", "shop"):
            AwsSecretAccess(namespace, aws_args(**TAGS, namespace=namespace))

    world = run(program)
    assert world.of(ROLE) == world.of(POLICY) == []
    assert len(world.of(ASSOCIATION)) == 3


def test_a_target_role_reads_and_the_associations_own_role_may_only_become_it() -> None:
    """The identity is the role that reads, in the account of the secrets."""
    world = run(aws_access(**OWN, target_role_arn=TARGET_ARN))
    target = Role("aws", "444455556666", "secret-access-test")
    assert json.loads(world.one(POLICY).inputs["policy"]) == documents.target_role_policy(target)
    assert world.one(ASSOCIATION).inputs["targetRoleArn"] == TARGET_ARN
    assert world.one(ASSOCIATION).inputs["roleArn"] == ROLE_ARN
    assert world.outputs["test"]["identity"] == TARGET_ARN


def test_several_clusters_may_assume_one_role() -> None:
    """A statement per provider, each for its own cluster's token."""
    world = run(aws_access(oidc_provider_arn=None, oidc_provider_arns=[PROVIDER_ARN, Later(OTHER_PROVIDER)]))
    providers = [
        OidcProvider("aws", ACCOUNT, arn.partition("oidc-provider/")[2]) for arn in (PROVIDER_ARN, OTHER_PROVIDER)
    ]
    document = trust.irsa_trust(providers, "system:serviceaccount:test:secret-access")
    assert json.loads(world.one(ROLE).inputs["assumeRolePolicy"]) == document


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_an_existing_role_is_used_and_left_as_it_is(delay: Any) -> None:
    """Nothing is asked of AWS at all; the pods exchange their tokens for it."""
    arn = "arn:aws:iam::444455556666:role/team/theirs"
    world = run(aws_access(oidc_provider_arn=None, existing_role_arn=delay(arn)))
    assert [asked.type for asked in world.asked if asked.type.startswith("aws:")] == []
    assert world.outputs["test"]["identity"] == environment(world)["AWS_ROLE_ARN"] == arn
    assert audience(world) == "sts.amazonaws.com"


def test_an_existing_role_can_be_associated() -> None:
    """Pod Identity with a role of the cluster's account."""
    world = run(aws_access(**OWN, existing_role_arn=SHARED_ROLE_ARN))
    assert world.of(ROLE) == []
    assert world.one(ASSOCIATION).inputs["roleArn"] == SHARED_ROLE_ARN


def test_path_and_session_duration_reach_role_and_sidecar() -> None:
    """A role's maximum is an hour at least; shorter sessions are the sidecar's to ask for."""
    role = run(aws_access(role_path="/team/")).one(ROLE).inputs
    assert role["path"] == "/team/"
    assert "maxSessionDuration" not in role
    for seconds, maximum in ((900, 3600), (43200.0, 43200)):
        world = run(aws_access(session_duration=seconds))
        assert world.one(ROLE).inputs["maxSessionDuration"] == maximum
        assert environment(world)["SECRETS_AWS_SESSION_DURATION"] == str(int(seconds))


def test_replicas_can_be_read_where_they_are() -> None:
    """The grant names their regions and keys; the sidecar knows them; writes stay in the home region."""
    keys = [f"arn:aws:kms:{region}:{ACCOUNT}:key/1234abcd" for region in ("us-east-1", "us-west-2")]
    world = run(aws_access(replica_regions=["us-west-2"], kms_key_arns=keys, access="read_write"))
    read, write, decrypt = json.loads(world.one(POLICY).inputs["policy"])["Statement"]
    both = [f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:test/*" for region in ("us-east-1", "us-west-2")]
    assert (read["Resource"], write["Resource"], decrypt["Resource"]) == (both, both[0], keys)
    assert decrypt["Condition"]["StringEquals"]["kms:ViaService"] == [
        "secretsmanager.us-east-1.amazonaws.com",
        "secretsmanager.us-west-2.amazonaws.com",
    ]
    assert decrypt["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"] == both
    assert environment(world)["SECRETS_AWS_REPLICA_REGIONS"] == "us-west-2"


RDS = "rds!cluster-3b1a4c5d"


@pytest.mark.parametrize("way", [{}, OWN, POLICIES], ids=["irsa", "pod identity", "session policies"])
def test_a_declared_name_that_only_exact_spells_is_granted_as_it_is(way: dict[str, Any]) -> None:
    """Wherever it is, to be read alone; names of other namespaces stay refused, however they are spelled."""
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    declared = ["database-password", f"exact:{RDS}", "exact:test/My_Key"]
    world = run(aws_access(**way, secrets=declared, access="read_write", kms_key_arns=[key]))
    text = world.one(ASSOCIATION).inputs["policy"] if way == POLICIES else world.one(POLICY).inputs["policy"]
    read, write, decrypt = json.loads(text)["Statement"]
    own = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:test/*"
    assert read["Resource"] == [own, f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{RDS}-??????"]
    assert write["Resource"] == own
    assert decrypt["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"] == read["Resource"]
    assert environment(world)["SECRETS_NAMES"] == ",".join(declared)
    for foreign in ("exact:prod/database-password", "prod/database-password"):
        with pytest.raises(InvalidArgument, match="outside the namespace's prefix, which its identity may not read"):
            run(aws_access(**way, secrets=[foreign]))


@pytest.mark.parametrize(
    "way",
    [
        TAGS,
        {"oidc_provider_arn": None, "existing_role_arn": ROLE_ARN},
        {**OWN, "target_role_arn": TARGET_ARN},
    ],
    ids=["session tags", "existing role", "target role"],
)
def test_a_name_outside_the_prefix_is_refused_where_the_component_grants_nothing(way: dict[str, Any]) -> None:
    """It says where to grant it."""
    with pytest.raises(InvalidArgument, match=r"not this component's to grant it.*where the role is made"):
        run(aws_access(**way, secrets=[f"exact:{RDS}"]))
    run(aws_access(**way, secrets=["exact:test/My_Key"]))


def test_further_conditions_stand_beside_the_components_own() -> None:
    """In the role's trust, under the same operator."""
    world = run(aws_access(**OWN, trust_conditions={"StringEquals": {"aws:SourceOrgID": ["o-a1b2c3d4e5"]}}))
    (statement,) = json.loads(world.one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    own = trust.pod_identity_trust(CLUSTER, "test", "secret-access")["Statement"][0]["Condition"]["StringEquals"]
    assert statement["Condition"] == {"StringEquals": {**own, "aws:SourceOrgID": ["o-a1b2c3d4e5"]}}


def test_an_existing_role_that_is_associated_leaves_the_tags_to_the_association() -> None:
    """IRSA with an existing role makes nothing in AWS that could have them, and refuses them."""
    world = run(aws_access(**OWN, existing_role_arn=SHARED_ROLE_ARN, tags={"team": "a"}))
    assert world.one(ASSOCIATION).inputs["tags"] == {"team": "a"}
    run(aws_access(oidc_provider_arn=None, existing_role_arn=ROLE_ARN, tags={}))
