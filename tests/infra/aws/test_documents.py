"""The IAM documents, to the letter, and as an IAM evaluator that is not ours reads them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core import iam_evaluator as judge

from secret_access import Access
from secret_access.aws import documents, trust
from secret_access.aws.identifiers import OidcProvider
from tests.infra.engine import ACCOUNT, ISSUER_HOST, PROVIDER_ARN

PROVIDER = OidcProvider("aws", ACCOUNT, ISSUER_HOST)
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
READ = "secretsmanager:GetSecretValue"

segments = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12)
names = st.text(string.ascii_letters + string.digits + "/_+=.@-", min_size=1, max_size=40)


def allows(document: documents.Document, action: str, resource: str, **keys: str) -> bool:
    """Whether MiniStack's IAM evaluator finds the action allowed."""
    context = judge.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region="us-east-1",
        service_context=keys,
    )
    return bool(judge.evaluate(context, [judge.parse_policy_document(document)]).decision == "Allow")


def arn(name: str, region: str = "us-east-1", account: str = ACCOUNT) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"


def test_trust_names_one_service_account_and_one_audience() -> None:
    """A token for another audience, or of another ServiceAccount, is not trusted."""
    assert trust.irsa_trust([PROVIDER], "system:serviceaccount:test:secret-access") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OneServiceAccount",
                "Effect": "Allow",
                "Principal": {"Federated": PROVIDER_ARN},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER_HOST}:sub": "system:serviceaccount:test:secret-access",
                        f"{ISSUER_HOST}:aud": "sts.amazonaws.com",
                    }
                },
            }
        ],
    }


def test_reading_is_two_actions_on_one_prefix() -> None:
    """The grant is fixed to partition, region, account and prefix."""
    provider = OidcProvider("aws-us-gov", "444455556666", ISSUER_HOST)
    assert documents.secrets_policy(provider, "us-gov-west-1", "team/test/") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadOwnSecrets",
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                "Resource": "arn:aws-us-gov:secretsmanager:us-gov-west-1:444455556666:secret:team/test/*",
            }
        ],
    }


def test_a_key_decrypts_through_secrets_manager_and_for_own_secrets_only() -> None:
    """A customer managed key adds one statement, bound to the service and the secrets' encryption context."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", Access.READ, [KEY])
    assert document["Statement"][1] == {
        "Sid": "KeysOfOwnSecrets",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [KEY],
        "Condition": {
            "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"},
            "StringLike": {
                "kms:EncryptionContext:SecretARN": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:test/*"
            },
        },
    }


def test_writing_adds_three_actions_and_data_keys() -> None:
    """read_write grants what PUT, POST and DELETE need, on the same prefix."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", Access.READ_WRITE, [KEY])
    write, keys = document["Statement"][1:]
    assert write["Action"] == [
        "secretsmanager:CreateSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:DeleteSecret",
    ]
    assert write["Resource"] == document["Statement"][0]["Resource"]
    assert keys["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("keys", [[], [KEY]])
def test_documents_are_valid_to_an_independent_parser(access: Access, keys: list[str]) -> None:
    """MiniStack's validator, which answers MalformedPolicyDocument as IAM does, has no complaint."""
    assert (
        judge.validate_policy_document(documents.secrets_policy(PROVIDER, "us-east-1", "test/", access, keys)) is None
    )


@given(names)
def test_own_secrets_are_allowed(name: str) -> None:
    """Whatever its name, a secret under the prefix can be read."""
    assert allows(documents.secrets_policy(PROVIDER, "us-east-1", "test/"), READ, arn(f"test/{name}"))


@given(segments, names)
def test_no_namespace_reads_another_with_a_longer_name(suffix: str, name: str) -> None:
    """`test/*` never covers `test-eu/…`, `test2/…` and the like."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/")
    assert not allows(document, READ, arn(f"test{suffix}/{name}"))


@given(segments, segments, names)
def test_prefixes_of_two_namespaces_never_meet(one: str, other: str, name: str) -> None:
    """Of two namespaces neither reads the other's, however their names are alike."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", f"{one}/")
    assert allows(document, READ, arn(f"{other}/{name}")) is (one == other)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (READ, arn("test/a", region="eu-west-1")),
        (READ, arn("test/a", account="444455556666")),
        (READ, arn("test")),
        ("secretsmanager:PutSecretValue", arn("test/a")),
        ("secretsmanager:ListSecrets", "*"),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("secretsmanager:GetResourcePolicy", arn("test/a")),
        ("kms:Decrypt", KEY),
        ("iam:PassRole", "*"),
    ],
)
def test_nothing_else_is_allowed(action: str, resource: str) -> None:
    """Other regions, accounts, names and actions are refused, and keys outside Secrets Manager."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", Access.READ, [KEY])
    assert not allows(document, action, resource)


@pytest.mark.parametrize(
    ("via", "secret", "allowed"),
    [
        ("secretsmanager.us-east-1.amazonaws.com", arn("test/a"), True),
        ("secretsmanager.us-east-1.amazonaws.com", arn("test-eu/a"), False),
        ("secretsmanager.us-east-1.amazonaws.com", arn("prod/a"), False),
        ("secretsmanager.eu-west-1.amazonaws.com", arn("test/a"), False),
        ("s3.us-east-1.amazonaws.com", arn("test/a"), False),
    ],
)
def test_a_key_serves_own_secrets_through_secrets_manager(via: str, secret: str, allowed: bool) -> None:
    """An evaluator that is not ours refuses the key for others' secrets and other services."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", Access.READ, [KEY])
    keys = {"kms:viaservice": via, "kms:encryptioncontext:secretarn": secret}
    assert allows(document, "kms:Decrypt", KEY, **keys) is allowed


@pytest.mark.parametrize(
    ("claims", "trusted"),
    [
        ({"sub": "system:serviceaccount:test:secret-access", "aud": "sts.amazonaws.com"}, True),
        ({"sub": "system:serviceaccount:test:secret-access", "aud": "vault"}, False),
        ({"sub": "system:serviceaccount:test:secret-access"}, False),
        ({"sub": "system:serviceaccount:prod:secret-access", "aud": "sts.amazonaws.com"}, False),
        ({"sub": "system:serviceaccount:test:default", "aud": "sts.amazonaws.com"}, False),
        ({"sub": "system:serviceaccount:test:secret-access2", "aud": "sts.amazonaws.com"}, False),
    ],
)
def test_only_the_service_accounts_own_tokens_are_trusted(claims: dict[str, str], trusted: bool) -> None:
    """An evaluator that is not ours refuses every token but the ServiceAccount's own, for AWS."""
    document = trust.irsa_trust([PROVIDER], "system:serviceaccount:test:secret-access")
    keys = {f"{ISSUER_HOST}:{name}".lower(): value for name, value in claims.items()}
    asked = judge.EvalContext(
        principal_arn=PROVIDER_ARN,
        principal_type="FederatedUser",
        principal_account=ACCOUNT,
        action="sts:AssumeRoleWithWebIdentity",
        resource_arn="*",
        region="us-east-1",
        service_context=keys,
    )
    assert judge.evaluate_trust_policy(document, PROVIDER_ARN, asked) is trusted


def test_replicas_can_be_read_in_their_regions_and_written_in_none() -> None:
    """Other regions, and other prefixes there, stay refused."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", Access.READ_WRITE, [], ["us-west-2"])
    assert allows(document, READ, arn("test/a", region="us-west-2"))
    assert not allows(document, READ, arn("test/a", region="eu-west-1"))
    assert not allows(document, READ, arn("prod/a", region="us-west-2"))
    write = "secretsmanager:PutSecretValue"
    assert allows(document, write, arn("test/a"))
    assert not allows(document, write, arn("test/a", region="us-west-2"))


@given(names, names)
def test_an_exact_name_is_one_secret(name: str, longer: str) -> None:
    """That name's own, whatever six characters AWS adds, and none with a longer or another name."""
    document = documents.secrets_policy(PROVIDER, "us-east-1", "test/", exact_names=[name])
    assert allows(document, READ, arn(name))
    assert allows(document, READ, arn(longer)) is (longer == name or longer.startswith("test/"))
    assert allows(document, READ, arn(f"{name}-{longer}")) is name.startswith("test/")
    assert allows(document, READ, arn(f"{longer}{name}")) is f"{longer}{name}".startswith("test/")


def test_the_text_is_the_same_for_the_same_document() -> None:
    """A second `up` finds nothing to change."""
    first, second = (documents.render(documents.secrets_policy(PROVIDER, "us-east-1", "test/")) for _ in range(2))
    assert first == second
