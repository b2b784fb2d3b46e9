"""What clusters commonly have beside namespaces with secrets: none of it is a reason for anything but «isolated»."""

from typing import Any

import pytest

from secret_access.checks import subject
from secret_access.proof.aws import nodes, stack
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource

from .documents import ISSUER, PROVIDER, Document, namespaces, policy, resource
from .outcomes import outcome

AWS = "arn:aws:iam::aws:policy/"


def of_service(name: str, service: str, *attached: str) -> list[Resource]:
    """A role of a service, with policies of AWS's own, or of people's."""
    principal = {"Service": service}
    trusted = {"Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}}
    return [made(name, {"Version": "2012-10-17", **trusted}), *attachments(name, *attached)]


def of_controller(name: str, namespace: str, *attached: str, allowed: Document | None = None) -> list[Resource]:
    """A role of a controller's ServiceAccount."""
    own = {f"{ISSUER}:sub": subject(namespace, name), f"{ISSUER}:aud": "sts.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": {"Federated": PROVIDER.arn}, "Condition": {"StringEquals": own}}
    trusted = {"Statement": {**statement, "Action": "sts:AssumeRoleWithWebIdentity"}}
    given = [] if allowed is None else [resource(stack.ROLE_POLICY, name, role=name, name=name, policy=allowed)]
    return [made(name, {"Version": "2012-10-17", **trusted}), *attachments(name, *attached), *given]


def made(name: str, trust: Document) -> Resource:
    return resource(stack.ROLE, name, name=name, assumeRolePolicy=trust)


def attachments(name: str, *arns: str) -> list[Resource]:
    return [resource(stack.ATTACHMENT, f"{name}-{number}", role=name, policyArn=arn) for number, arn in enumerate(arns)]


def allowing(*actions: str) -> Document:
    statement: dict[str, Any] = policy("*")["Statement"][0]
    return {"Version": "2012-10-17", "Statement": [{**statement, "Action": list(actions)}]}


OF_NODES = [
    f"{AWS}{each}"
    for each in (
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEKS_CNI_Policy",
        "AmazonSSMManagedInstanceCore",
    )
]
LOAD_BALANCERS = allowing("iam:CreateServiceLinkedRole", "ec2:Describe*", "elasticloadbalancing:*", "shield:*", "waf:*")
CLUSTER = [
    *of_service("cluster", "eks.amazonaws.com", f"{AWS}AmazonEKSClusterPolicy", f"{AWS}AmazonEKSVPCResourceController"),
    *of_service("nodes", "ec2.amazonaws.com", *OF_NODES),
    resource(nodes.NODE_GROUP, "nodes", nodeRoleArn="arn:aws:iam::111122223333:role/nodes"),
    *of_service("fargate", "eks-fargate-pods.amazonaws.com", f"{AWS}AmazonEKSFargatePodExecutionRolePolicy"),
    *of_service("bastion", "ec2.amazonaws.com", f"{AWS}AmazonSSMManagedInstanceCore"),
    resource(nodes.INSTANCE_PROFILE, "bastion", role="bastion"),
    *of_service("function", "lambda.amazonaws.com", f"{AWS}service-role/AWSLambdaBasicExecutionRole", "arn:x:policy/y"),
]
CONTROLLERS = [
    *of_controller("ebs-csi-controller-sa", "kube-system", f"{AWS}service-role/AmazonEBSCSIDriverPolicy"),
    *of_controller("aws-load-balancer-controller", "kube-system", allowed=LOAD_BALANCERS),
    *of_controller("cluster-autoscaler", "kube-system", allowed=allowing("autoscaling:*", "ec2:Describe*")),
    *of_controller("external-dns", "external-dns", allowed=allowing("route53:*")),
    *of_controller("cert-manager", "cert-manager", allowed=allowing("route53:*")),
    *of_controller("fluent-bit", "logging", f"{AWS}CloudWatchAgentServerPolicy"),
]


USED_BY_PODS = [
    "AmazonS3ReadOnlyAccess",
    "AmazonS3FullAccess",
    "AmazonSQSFullAccess",
    "AmazonSNSFullAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonKinesisReadOnlyAccess",
    "AmazonSESFullAccess",
    "CloudWatchReadOnlyAccess",
    "AWSXrayWriteOnlyAccess",
    "service-role/AWSLambdaBasicExecutionRole",
]


@pytest.mark.parametrize("name", USED_BY_PODS)
def test_a_policy_of_aws_without_a_right_to_secrets_raises_nothing(name: str) -> None:
    """On a role of pods, and on that of their nodes."""
    of_pods = attachments("secret-access-test", f"{AWS}{name}")
    of_nodes = [resource(stack.ATTACHMENT, "further", role="nodes", policyArn=f"{AWS}{name}")]
    assert outcome([*namespaces("test", "prod"), *CLUSTER, *of_pods, *of_nodes]) == "isolated"


@pytest.mark.parametrize("name", ["AmazonDynamoDBFullAccess", "AWSLambda_FullAccess", "AmazonSSMFullAccess"])
def test_a_policy_of_aws_that_passes_roles_or_runs_commands_is_undecided(name: str) -> None:
    of_pods = attachments("secret-access-test", f"{AWS}{name}")
    assert outcome([*namespaces("test", "prod"), *CLUSTER, *of_pods]) == "undecided"


def test_an_ordinary_cluster_beside_namespaces_raises_nothing() -> None:
    (verdict,) = evaluate([*namespaces("test", "prod"), *CLUSTER, *CONTROLLERS], {}, ())
    assert (verdict.breaches, verdict.undecided) == ((), ())
    assert {"test", "prod"} <= set(verdict.judged)


def test_an_ordinary_cluster_alone_raises_nothing() -> None:
    assert evaluate(CLUSTER, {}, ()) == []
