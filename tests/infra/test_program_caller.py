"""Whose account and which cluster a stack works in, and where it stops before it makes anything."""

import json
from typing import Any

import pytest

from secret_access import InvalidSetting, NotReached, WrongAccount
from tests.infra.engine import ACCOUNT, CLUSTER_OUTPUTS, World
from tests.infra.program import AWS_PROVIDER, KUBERNETES_PROVIDER, up
from tests.infra.stack_files import CLUSTER, ENVIRONMENT, config_of

IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"


def test_the_providers_are_held_to_the_account_and_the_cluster() -> None:
    """AWS to one account and region, Kubernetes to one context: never to what the shell points at."""
    world = up(ENVIRONMENT)
    _, held = world.of(AWS_PROVIDER)
    aws = {key: value for key, value in held.inputs.items() if key in ("region", "endpoints")}
    assert json.loads(held.inputs["allowedAccountIds"]) == [ACCOUNT]
    assert aws == {"region": "us-east-1"}
    kubernetes = world.one(KUBERNETES_PROVIDER).inputs
    assert (kubernetes["context"], kubernetes["clusterIdentifier"]) == ("blue", "blue")
    assert "kubeconfig" not in kubernetes


def test_a_local_stack_talks_to_the_local_environment_alone() -> None:
    """Every service that the program and the provider use goes to the given endpoint."""
    world = up(config_of("local-cluster"))
    for provider in world.of(AWS_PROVIDER):
        (endpoints,) = json.loads(provider.inputs["endpoints"])
        assert endpoints == dict.fromkeys(("eks", "iam", "kms", "secretsmanager", "sts"), "http://10.78.0.1:4566")


@pytest.mark.parametrize("config", [CLUSTER, ENVIRONMENT])
def test_the_first_question_is_whose_account_this_is(config: dict[str, Any]) -> None:
    """It is asked once, through a provider that refuses no account, and before the one that is held to the stack's."""
    world = up(config)
    assert world.calls == [(IDENTITY, "aws-caller")]
    asks, held = world.of(AWS_PROVIDER)
    assert "allowedAccountIds" not in asks.inputs
    assert (asks.name, held.name) == ("aws-caller", "aws")


@pytest.mark.parametrize("config", [CLUSTER, ENVIRONMENT])
def test_the_wrong_account_stops_everything(config: dict[str, Any]) -> None:
    """With another account's credentials only the provider that was asked is there, and the message says what to do."""
    world = World(caller="999999999999")
    with pytest.raises(WrongAccount) as error:
        up(config, world)
    assert [asked.type for asked in world.asked] == [AWS_PROVIDER]
    expected = ("given '999999999999'", "user/ann", f"aws.account_id '{ACCOUNT}'", "AWS_PROFILE", "nothing was created")
    for part in expected:
        assert part in str(error.value)


@pytest.mark.parametrize(
    "refusal",
    [
        "AWS account ID not allowed: 999999999999",
        "No valid credential sources found",
        "no EC2 IMDS role found, operation error ec2imds: GetMetadata, request send failed, dial tcp 169.254.169.254",
        "operation error STS: GetCallerIdentity, https response error StatusCode: 403, api error ExpiredToken: expired",
    ],
)
def test_a_provider_that_refuses_the_credentials_stops_everything(refusal: str) -> None:
    """The provider's own refusal, in its words, ends the program before anything else is asked for."""
    world = World(refusal=refusal)
    with pytest.raises(WrongAccount) as error:
        up(ENVIRONMENT, world)
    assert [asked.type for asked in world.asked] == [AWS_PROVIDER]
    assert f"given '{refusal}', expected the stack's aws.account_id '{ACCOUNT}'; set AWS_PROFILE" in str(error.value)


@pytest.mark.parametrize(
    "refusal",
    [
        'operation error STS: GetCallerIdentity, request send failed, Post "https://sts…": dial tcp: no such host',
        'Could not connect to the endpoint URL: "http://10.78.0.1:4566/"',
        "request send failed, tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ],
)
def test_a_network_that_does_not_lead_to_aws_is_not_taken_for_missing_credentials(refusal: str) -> None:
    """Where AWS did not answer, the network is what is to be looked at."""
    world = World(refusal=refusal)
    with pytest.raises(NotReached) as error:
        up(ENVIRONMENT, world)
    assert [asked.type for asked in world.asked] == [AWS_PROVIDER]
    for part in (f"given {refusal!r}", "expected an answer of AWS in us-east-1", "HTTPS_PROXY", "nothing was created"):
        assert part in str(error.value)
    assert "AWS_PROFILE" not in str(error.value)


SHAPE = "expected the texts context and, if it is set, kubeconfig; run pulumi up --stack aws-cluster"


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({**CLUSTER_OUTPUTS, "kubernetes": "apiVersion: v1"}, f"given a value of type str, {SHAPE}"),
        ({**CLUSTER_OUTPUTS, "kubernetes": {"server": "x"}}, rf"given the keys \['server'\], {SHAPE}"),
        ({**CLUSTER_OUTPUTS, "kubernetes": {"context": "a", "token": "x"}}, r"given the keys \['context', 'token'\]"),
        ({**CLUSTER_OUTPUTS, "kubernetes": {"context": ["a"]}}, f"given context, a value of type list, {SHAPE}"),
        (
            {**CLUSTER_OUTPUTS, "name": {"a": "b"}},
            "the output name of the stack 'aws-cluster' has another form: given a",
        ),
        (
            {**CLUSTER_OUTPUTS, "cloud": "gcp"},
            "the stack 'aws-cluster' is of another cloud: given 'gcp', expected 'aws'",
        ),
        ({**CLUSTER_OUTPUTS, "account_id": "999999999999"}, r"aws.account_id: given '1{4}.*expected '9{12}'"),
        ({**CLUSTER_OUTPUTS, "region": "eu-west-1"}, r"aws.region: given 'us-east-1', expected 'eu-west-1'"),
        ({}, r"no output name: given \[\].*run pulumi up --stack aws-cluster"),
        ({"namespaces": {}}, r"no output name: given \['namespaces'\], expected a stack with kind: cluster"),
    ],
)
def test_a_cluster_of_another_account_or_region_stops_everything(outputs: dict[str, Any], message: str) -> None:
    """An environment is on a cluster of its own account and region, or nothing of it is made."""
    world = World(stacks={"organization/secret-access/aws-cluster": outputs})
    with pytest.raises(InvalidSetting, match=message):
        up(ENVIRONMENT, world)
    assert {asked.type for asked in world.asked if asked.custom} == {AWS_PROVIDER, "pulumi:pulumi:StackReference"}
