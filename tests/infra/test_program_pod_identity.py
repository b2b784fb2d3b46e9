"""EKS Pod Identity in a stack: a role per namespace, one that exists, or one that the stack of the cluster makes."""

import json

import pytest

from secret_access import InvalidSetting
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, World
from tests.infra.program import up
from tests.infra.stack_files import CLUSTER, ENVIRONMENT, changed


def test_an_environment_may_use_pod_identity() -> None:
    """The cluster's OIDC provider is left alone then; a role that exists is made by nobody."""
    config = changed(ENVIRONMENT, "secret-access:pod_identity", "role_per_namespace")
    config = changed(config, "secret-access:eks_cluster_arn", CLUSTER_ARN)
    world = up(config)
    trusted = json.loads(world.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]["Principal"]
    assert trusted == {"Service": "pods.eks.amazonaws.com"}
    role = f"arn:aws:iam::{ACCOUNT}:role/secret-access"
    config = changed(
        changed(config, "secret-access:pod_identity", "session_tags"), "secret-access:existing_role_arn", role
    )
    world = up(config)
    assert world.of("aws:iam/role:Role") == []
    association = world.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["roleArn"], association["namespace"]) == (role, "test")


SHARED = {"pod_identity": "session_tags", "common_prefix": "team-a/"}


def shared_role(**further: str) -> World:
    """What is there where the cluster's stack has made a role that its namespaces share."""
    config = changed(CLUSTER, "secret-access:eks_cluster_arn", CLUSTER_ARN)
    outputs = up(changed(config, "secret-access:shared_role", {**SHARED, **further})).outputs["stack"]
    return World(stacks={"organization/secret-access/aws-cluster": outputs})


def test_the_namespaces_of_a_cluster_may_share_a_role_of_its_stack() -> None:
    """An environment says how sessions are restricted, and takes the role and the cluster from the cluster's stack."""
    config = changed(ENVIRONMENT, "secret-access:pod_identity", "session_tags")
    world = shared_role()
    up(changed(config, "secret-access:namespaces.test.secret_prefix", "team-a/test/"), world)
    assert world.of("aws:iam/role:Role") == []
    association = world.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert association["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/secret-access-shared_blue"
    assert association["clusterName"] == "blue"


def test_a_shared_role_whose_sessions_are_restricted_otherwise_is_refused() -> None:
    """Session tags that the role's policy does not go by would restrict nothing."""
    with pytest.raises(
        InvalidSetting, match="pod_identity: given 'session_policies', expected session_tags, as shared"
    ):
        up(changed(ENVIRONMENT, "secret-access:pod_identity", "session_policies"), shared_role())


def test_a_prefix_that_a_shared_role_does_not_cover_is_refused() -> None:
    """The role's policy goes by the common prefix and the namespace: every read would be denied."""
    with pytest.raises(
        InvalidSetting, match=r"namespaces\.test\.secret_prefix: given 'test/', expected 'team-a/test/'"
    ):
        up(changed(ENVIRONMENT, "secret-access:pod_identity", "session_tags"), shared_role())


def test_writes_that_a_shared_role_does_not_grant_are_refused() -> None:
    """A role of a stack that has not run since does not say what it grants, and is taken."""
    config = changed(ENVIRONMENT, "secret-access:pod_identity", "session_tags")
    config = changed(config, "secret-access:namespaces.test.secret_prefix", "team-a/test/")
    config = changed(config, "secret-access:namespaces.test.access", "read_write")
    with pytest.raises(
        InvalidSetting, match=r"namespaces\.test\.access: given 'read_write', expected read, as shared_role of"
    ):
        up(config, shared_role())
    older = shared_role()
    del older.stacks["organization/secret-access/aws-cluster"]["shared_role_access"]
    for world in (shared_role(access="read_write"), older):
        assert up(config, world).of("aws:eks/podIdentityAssociation:PodIdentityAssociation")


@pytest.mark.parametrize(
    ("mode", "cluster"), [("role_per_namespace", None), ("session_tags", None), ("session_tags", CLUSTER_ARN)]
)
def test_pod_identity_without_what_the_clusters_stack_should_have_is_refused(mode: str, cluster: str | None) -> None:
    """The message says which output is missing, and where it is set."""
    config = changed(ENVIRONMENT, "secret-access:pod_identity", mode)
    if cluster:
        config = changed(config, "secret-access:eks_cluster_arn", cluster)
    with pytest.raises(InvalidSetting, match=r"stack of the cluster blue has no output (eks_cluster|shared_role)_arn"):
        up(config)
