"""Roles that services hand out, to whom no document says: in doubt, where they may use secrets."""

import json
from typing import Any

import pytest

from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource

from .documents import arns, namespaces, policy, role, role_policy
from .outcomes import outcome

CERTIFICATES = ["rolesanywhere.amazonaws.com", "credentials.iot.amazonaws.com"]
HANDED_OUT = [*CERTIFICATES, "capabilities.eks.amazonaws.com"]
READS, LOGS = policy(arns("prod/*")), policy("*", action="logs:PutLogEvents")


def trust(principal: dict[str, str], **condition: Any) -> dict[str, Any]:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}
    return {"Version": "2012-10-17", "Statement": statement}


def of_service(service: str, *documents: Any, **condition: Any) -> list[Resource]:
    made = role("machines", trust({"Service": service}, **condition), description=None)
    return [made, *(role_policy("machines", each, str(number)) for number, each in enumerate(documents))]


@pytest.mark.parametrize("service", HANDED_OUT)
def test_a_role_that_a_service_hands_out_and_that_may_use_secrets_is_undecided(service: str) -> None:
    stack = namespaces("test", "prod")
    by_name = {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "ci"}}
    assert outcome([*stack, *of_service(service, READS)]) == "undecided"
    assert outcome([*stack, *of_service(service, READS, **by_name)]) == "undecided"
    assert outcome([*stack, *of_service(service, LOGS)]) == "isolated"
    assert outcome([*stack, *of_service("batch.amazonaws.com", READS)]) == "isolated"


@pytest.mark.parametrize("service", HANDED_OUT)
def test_a_role_that_a_service_hands_out_and_that_may_become_another_is_undecided(service: str) -> None:
    machines = "arn:aws:iam::111122223333:role/secret-access-machines"
    may_become = policy(machines.replace("machines", "reader"), action="sts:AssumeRole")
    reader = role("reader", trust({"AWS": machines}), description=None)
    stack = [*namespaces("test", "prod"), *of_service(service, may_become), reader]
    assert outcome([*stack, role_policy("reader", LOGS)]) == "isolated"
    assert outcome([*stack, role_policy("reader", READS)]) == "undecided"


def test_the_certificates_are_said() -> None:
    (verdict,) = evaluate([*namespaces("test"), *of_service(CERTIFICATES[0], READS)], {}, ())
    (said,) = verdict.undecided
    assert said.startswith("role secret-access-machines is for certificates of IAM Roles Anywhere and may use prod/")
    assert said.endswith("which pods hold one is in no document; take the right out")


@pytest.mark.parametrize("service", HANDED_OUT)
def test_a_role_of_another_provider_that_a_service_hands_out_is_undecided(service: str) -> None:
    document = json.dumps(trust({"Service": service}))
    made = Resource("urn:x", "aws-native:iam:Role", {"assumeRolePolicyDocument": document}, {})
    assert outcome([*namespaces("test"), made]) == "undecided"
