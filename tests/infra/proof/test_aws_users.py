"""Access keys of users: a pod may hold one, so what the user may do is in doubt."""

from typing import Any

import pytest

from secret_access.proof.aws import users
from secret_access.proof.aws.stack import POLICY, SEVERAL
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import arns, namespaces, policy, resource
from .outcomes import outcome

USER, GROUP = (f"urn:pulumi:test::secret-access::{kind}::{kind}" for kind in (users.USER, users.GROUP))
BY_USER, BY_GROUP = {"user": (USER,)}, {"group": (GROUP,)}
MADE = [Resource(USER, users.USER, {"name": "mailer"}, {}), Resource(GROUP, users.GROUP, {"name": "mailers"}, {})]
READS, MAILS = policy(arns("prod/*")), policy("*", action="ses:SendRawEmail")


def key(**inputs: Any) -> Resource:
    return resource(users.ACCESS_KEY, "key", BY_USER, user=UNKNOWN, **inputs)


def of_user(document: Any) -> list[Resource]:
    return [resource(users.USER_POLICIES[0], "own", BY_USER, user=UNKNOWN, policy=document)]


def attached(arn: str) -> list[Resource]:
    return [resource(users.USER_POLICIES[1], "att", BY_USER, user=UNKNOWN, policyArn=arn)]


def of_group(document: Any) -> list[Resource]:
    """A policy of a group, and the user in it by name."""
    member = Resource("urn:m", users.MEMBERSHIPS[0], {"user": "mailer", "groups": ["mailers"]}, {})
    return [member, resource(users.GROUP_POLICIES[0], "own", BY_GROUP, group=UNKNOWN, policy=document)]


def of_stack(document: Any) -> list[Resource]:
    """A policy of the stack that is attached."""
    own = resource(POLICY, "own", policy=document)
    return [own, resource(users.USER_POLICIES[1], "att", {**BY_USER, "policyArn": (own.urn,)}, policyArn=UNKNOWN)]


def listed(kind: str, documents: list[Any], *arns: str, **named: Any) -> list[Resource]:
    """Policies of the stack and others that a list attaches, and the user in the group."""
    own = [resource(POLICY, f"own-{number}", policy=each) for number, each in enumerate(documents)]
    given = [*([UNKNOWN] * len(own)), *arns]
    key = "policyArn" if kind == SEVERAL else "policyArns"
    values: dict[str, Any] = {key: given[0] if kind == SEVERAL else given, **named}
    member = Resource("urn:m", users.MEMBERSHIPS[0], {"user": "mailer", "groups": ["mailers"]}, {})
    return [*own, member, Resource("urn:listed", kind, values, {key: tuple(each.urn for each in own)})]


OF_USER, OF_GROUP = users.USER_POLICIES[2], users.GROUP_POLICIES[2]


def native(kind: str, **inputs: Any) -> list[Resource]:
    return [Resource("urn:pulumi:test::secret-access::native::other", kind, inputs, {})]


AWS = "arn:aws:iam::aws:policy/"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (of_user(READS), "undecided"),
        (of_user(MAILS), "isolated"),
        (of_user(policy("*", action="iam:PutUserPolicy")), "undecided"),
        (of_group(READS), "undecided"),
        (of_group(MAILS), "isolated"),
        (of_stack(READS), "undecided"),
        (of_stack(MAILS), "isolated"),
        (attached(f"{AWS}SecretsManagerReadWrite"), "undecided"),
        (attached("arn:aws:iam::111122223333:policy/own"), "undecided"),
        (attached(f"{AWS}AmazonSESFullAccess"), "isolated"),
        (listed(SEVERAL, [READS], users=["mailer"]), "undecided"),
        (listed(SEVERAL, [READS], groups=["mailers"]), "undecided"),
        (listed(SEVERAL, [READS], users=["another"]), "isolated"),
        (listed(SEVERAL, [MAILS], users=["mailer"], groups=["mailers"]), "isolated"),
        (listed(SEVERAL, [], f"{AWS}AdministratorAccess", users=["mailer"]), "undecided"),
        (listed(OF_USER, [MAILS, READS], userName="mailer"), "undecided"),
        (listed(OF_USER, [MAILS], "arn:aws:iam::1:policy/own", userName="mailer"), "undecided"),
        (listed(OF_USER, [MAILS], f"{AWS}AmazonSESFullAccess", userName="mailer"), "isolated"),
        (listed(OF_GROUP, [READS], groupName="mailers"), "undecided"),
        (listed(OF_GROUP, [READS], groupName="others"), "isolated"),
        (of_user(UNKNOWN), "undecided"),
        (native("aws-native:iam:UserPolicy", userName="mailer"), "undecided"),
        (native("aws-native:iam:UserPolicy", userName="another"), "isolated"),
        (native("aws-native:iam:User", userName="mailer", policies=[{}]), "undecided"),
        (native("aws-native:iam:User", userName="mailer"), "isolated"),
    ],
)
def test_a_user_with_a_key_who_may_use_secrets_is_undecided(given: list[Resource], expected: str) -> None:
    stack = [*namespaces("test", "prod"), *MADE, *given]
    assert [outcome(stack), outcome([*stack, key()])] == ["isolated", expected]
    assert outcome([*stack, key(status="Inactive")]) == "isolated"


def test_the_user_and_the_way_are_said() -> None:
    (said,) = evaluate([*namespaces("test"), *MADE, *of_user(READS), key()], {}, ())[0].undecided
    assert said.startswith("user mailer has an access key in this stack and may use prod/")
    assert "by policy own of user mailer, statement Added (secretsmanager:GetSecretValue)" in said
    assert said.endswith("which pods hold the key is in no document; give pods a role")


def test_a_stack_of_users_alone_is_none_of_pods() -> None:
    assert evaluate([*MADE, *of_user(READS), key()], {}, ()) == []
