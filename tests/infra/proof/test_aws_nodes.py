"""Roles of nodes, which pods of every namespace get from the metadata service, unless it is kept from them."""

from typing import Any

import pytest

from secret_access.proof.aws import nodes, stack
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import Document, arns, namespaces, permissions, policy, resource, role, role_policy
from .outcomes import outcome

KEPT = {"httpTokens": "required", "httpPutResponseHopLimit": 1}
OF_NODES = "secret-access-nodes"
MANAGED = "arn:aws:iam::aws:policy/"


def trusting(service: str) -> Document:
    statement = {"Sid": "Instances", "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def node_role(*policies: str, service: str = "ec2.amazonaws.com") -> list[Resource]:
    """A role of instances that may read these secrets."""
    made = role("nodes", trusting(service), description=None)
    return [made, *(role_policy("nodes", policy(arns(each))) for each in policies)]


def made(kind: str, called: str, sources: dict[str, Resource] | None = None, /, **inputs: Any) -> Resource:
    urn = f"urn:pulumi:test::secret-access::{kind}::{called}"
    return Resource(urn, kind, inputs, {key: (each.urn,) for key, each in (sources or {}).items()})


def template(**inputs: Any) -> Resource:
    return made(nodes.LAUNCH_TEMPLATE, "template", **inputs)


def group(template: Resource | None = None) -> list[Resource]:
    """A node group, with a launch template of the stack."""
    given: dict[str, Any] = {"nodeRoleArn": f"arn:aws:iam::1:role/{OF_NODES}"}
    if template is None:
        return [made(nodes.NODE_GROUP, "group", **given)]
    launched = {**given, "launchTemplate": {"id": UNKNOWN, "version": "1"}}
    return [made(nodes.NODE_GROUP, "group", {"launchTemplate": template}, **launched), template]


def with_profile(**inputs: Any) -> list[Resource]:
    """Instances of a launch template, of which no document says that they are nodes."""
    profile = made(nodes.INSTANCE_PROFILE, "profile", role=OF_NODES)
    launched = {"iamInstanceProfile": {"arn": UNKNOWN}, **inputs}
    return [profile, made(nodes.LAUNCH_TEMPLATE, "template", {"iamInstanceProfile": profile}, **launched)]


def entry(kind: str) -> Resource:
    return made(nodes.ACCESS_ENTRY, "entry", type=kind, principalArn=f"arn:aws:iam::1:role/{OF_NODES}")


def karpenter(version: str = "v1", **spec: Any) -> Resource:
    return made(f"kubernetes:karpenter.k8s.aws/{version}:EC2NodeClass", "class", spec={"role": OF_NODES, **spec})


def auto_mode() -> Resource:
    settings = {"enabled": True, "nodeRoleArn": f"arn:aws:iam::1:role/{OF_NODES}"}
    return made(nodes.CLUSTER, "cluster", computeConfig=settings)


USES: dict[str, tuple[list[Resource], str]] = {
    "a node group as EKS makes it": (group(), "breach"),
    "a template without a word of it": (group(template()), "breach"),
    "two hops": (group(template(metadataOptions={**KEPT, "httpPutResponseHopLimit": 2})), "breach"),
    "one hop, and no token asked for": (group(template(metadataOptions={"httpPutResponseHopLimit": 1})), "breach"),
    "hops that are known later": (
        group(template(metadataOptions={**KEPT, "httpPutResponseHopLimit": UNKNOWN})),
        "breach",
    ),
    "a token, and one hop": (group(template(metadataOptions=KEPT)), "isolated"),
    "no metadata service": (group(template(metadataOptions={"httpEndpoint": "disabled"})), "isolated"),
    "a template of another stack": (group(template())[:1], "undecided"),
    "one group of two that keeps pods out": (
        [*group(template(metadataOptions=KEPT)), made(nodes.NODE_GROUP, "b", nodeRoleArn=f"arn:x/{OF_NODES}")],
        "breach",
    ),
    "nothing": ([], "undecided"),
    "instances": (with_profile(), "undecided"),
    "instances that keep containers out": (with_profile(metadataOptions=KEPT), "isolated"),
    "instances that join the cluster": ([*with_profile(), entry("EC2_LINUX")], "breach"),
    "instances that join it, and keep pods out": (
        [*with_profile(metadataOptions=KEPT), entry("EC2_LINUX")],
        "isolated",
    ),
    "nodes of which nothing else is known": ([entry("EC2_LINUX")], "undecided"),
    "nodes of Auto Mode": ([auto_mode()], "isolated"),
    "nodes of Auto Mode, by their access entry": ([entry("EC2")], "isolated"),
    "a class of Auto Mode": ([made(nodes.AUTO_MODE, "class", spec={"role": OF_NODES})], "isolated"),
    "Karpenter's class": ([karpenter()], "isolated"),
    "Karpenter's class with two hops": ([karpenter(metadataOptions={"httpPutResponseHopLimit": 2})], "breach"),
    "Karpenter's older class": ([karpenter("v1beta1")], "breach"),
}


@pytest.mark.parametrize("use", USES)
def test_what_nodes_may_read_is_everybodys_unless_pods_are_kept_from_it(use: str) -> None:
    instances, expected = USES[use]
    assert outcome([*namespaces("test", "prod"), *node_role("prod/*"), *instances]) == expected


def test_the_way_by_the_nodes_is_said() -> None:
    found = evaluate([*namespaces("test", "prod"), *node_role("prod/*"), *group()], {}, ())[0].breaches
    by_test = next(each for each in found if each.namespace == "test")
    assert (by_test.owner, by_test.identity) == ("prod", f"role {OF_NODES}")
    assert by_test.statements == (
        f"trust of {OF_NODES}, statement Instances",
        "any pod of its nodes reaches their metadata service",
        f"policy own-secrets of {OF_NODES}, statement Added (secretsmanager:GetSecretValue)",
    )


def test_instances_that_may_be_nodes_are_undecided_with_what_to_do() -> None:
    (said,) = evaluate([*namespaces("test", "prod"), *node_role("prod/*")], {}, ())[0].undecided
    assert said.startswith(f"role {OF_NODES} is for EC2 instances and may use prod/")
    assert "set httpTokens to required and httpPutResponseHopLimit to 1" in said


@pytest.mark.parametrize("instances", [group(), with_profile(), []], ids=["nodes", "instances", "nothing"])
def test_a_role_of_nodes_without_rights_to_secrets_raises_nothing(instances: list[Resource]) -> None:
    names = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "CloudWatchAgentServerPolicy")
    own = [f"{MANAGED}{each}" for each in names]
    (given,) = node_role()
    given = Resource(given.urn, given.type, {**given.inputs, "managedPolicyArns": own}, {})
    pulls = resource(stack.ATTACHMENT, "pulls", role=OF_NODES, policyArn=f"{MANAGED}AmazonEC2ContainerRegistryReadOnly")
    buckets = role_policy("nodes", policy("arn:aws:s3:::logs/*", action="s3:PutObject"), "logs")
    assert outcome([*namespaces("test", "prod"), given, pulls, buckets, *instances]) == "isolated"


def test_a_policy_of_nodes_that_is_not_among_the_documents_is_undecided() -> None:
    attached = resource(stack.ATTACHMENT, "more", role=OF_NODES, policyArn="arn:aws:iam::111122223333:policy/own")
    assert outcome([*namespaces("test", "prod"), *node_role(), *group(), attached]) == "undecided"


@pytest.mark.parametrize("name", ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "SecretsManagerReadWrite"])
def test_a_policy_of_aws_that_gives_every_secret_is_a_breach(name: str) -> None:
    attached = resource(stack.ATTACHMENT, "more", role=OF_NODES, policyArn=f"{MANAGED}{name}")
    assert outcome([*namespaces("test", "prod"), *node_role(), *group(), attached]) == "breach"
    to_pods = resource(stack.ATTACHMENT, "more", role="secret-access-test", policyArn=f"{MANAGED}{name}")
    assert outcome([*namespaces("test", "prod"), to_pods]) == "breach"


def test_what_is_for_everybody_nodes_may_read_too() -> None:
    made = [*namespaces("test", "prod"), *node_role("common/*")]
    verdicts = [evaluate([*made, *each], {}, ["common/"])[0] for each in (group(), [])]
    assert [(each.breaches, each.undecided) for each in verdicts] == [((), ()), ((), ())]


def test_a_role_that_nodes_may_assume_is_everybodys_too() -> None:
    nodes_alone = {"AWS": f"arn:aws:iam::111122223333:role/{OF_NODES}"}
    by_nodes = {"Effect": "Allow", "Principal": nodes_alone, "Action": "sts:AssumeRole"}
    reader = role("reader", {"Version": "2012-10-17", "Statement": by_nodes}, description=None)
    made = [*namespaces("test"), *node_role(), reader, role_policy("reader", permissions("prod/"))]
    assert outcome([*made, *group()]) == "breach"


def test_a_stack_of_nodes_alone_is_judged_where_they_may_read_secrets() -> None:
    assert [each.cloud for each in evaluate([*node_role("prod/*"), *group()], {}, ())] == ["aws"]
    assert outcome([*node_role("prod/*"), *group()]) == "breach"
    assert evaluate([*node_role(), *group()], {}, ()) == []
    assert evaluate([*node_role("prod/*"), *with_profile()], {}, ()) == []


def test_instances_of_china_are_instances() -> None:
    given = node_role("prod/*", service="ec2.amazonaws.com.cn")
    assert outcome([*namespaces("test", "prod"), *given, *group()]) == "breach"


def test_a_role_of_capabilities_that_may_use_secrets_is_undecided() -> None:
    """They make what objects of any namespace ask for."""
    service = "capabilities.eks.amazonaws.com"
    assert outcome([*namespaces("test", "prod"), *node_role("prod/*", service=service)]) == "undecided"
    assert outcome([*namespaces("test", "prod"), *node_role(service=service)]) == "isolated"
    attached = resource(stack.ATTACHMENT, "more", role=OF_NODES, policyArn=f"{MANAGED}AdministratorAccess")
    assert outcome([*namespaces("test", "prod"), *node_role(service=service), attached]) == "undecided"
    own = Resource(attached.urn, attached.type, {**attached.inputs, "policyArn": "arn:aws:iam::1:policy/own"}, {})
    assert outcome([*namespaces("test", "prod"), *node_role(service=service), own]) == "undecided"


def test_what_karpenters_controller_may_do_raises_nothing() -> None:
    """It starts instances with the nodes' role, which may use no secret."""
    passes = policy(f"arn:aws:iam::111122223333:role/{OF_NODES}", action="iam:PassRole")
    starts = policy("*", action="ec2:RunInstances")
    profiles = policy("*", action="iam:AddRoleToInstanceProfile")
    controller = [role_policy("test", each, str(number)) for number, each in enumerate([passes, starts, profiles])]
    made = [*namespaces("test", "prod"), *controller, *node_role()]
    assert outcome([*made, karpenter()]) == "isolated"
    assert outcome([*made, *node_role("prod/*")[1:], karpenter()]) == "breach"


@pytest.mark.parametrize("service", ["lambda.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"])
def test_roles_of_other_services_are_nobodys(service: str) -> None:
    """Nor is what is attached to them of any effect."""
    attached = resource(stack.ATTACHMENT, "more", role=OF_NODES, policyArn="arn:aws:iam::1:policy/any")
    assert outcome([*namespaces("test", "prod"), *node_role("prod/*", service=service), attached]) == "isolated"
