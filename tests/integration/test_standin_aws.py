"""The aws plugin's stand-in, with the real engine and MiniStack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.standins import documents
from local.standins.aws import Aws
from local.standins.errors import Refused
from tests.integration.real_parts import ACCOUNT, MiniStack, Stack

ISSUER = "https://oidc.example.test"

PROVIDER = """
import json
import pulumi, pulumi_aws as aws

provider = aws.Provider(
    "aws",
    region="us-east-1",
    access_key="{account}",
    secret_key="test",
    allowed_account_ids=["{allowed}"],
    endpoints=[aws.ProviderEndpointArgs(iam="{url}", sts="{url}")],
)
opts = pulumi.ResourceOptions(provider=provider)
"""

TRUST = """
issuer = aws.iam.OpenIdConnectProvider("issuer", url="{issuer}", client_id_lists=["sts.amazonaws.com"], opts=opts)
trust = issuer.arn.apply(lambda arn: json.dumps({{
    "Version": "2012-10-17",
    "Statement": [{{"Effect": "Allow", "Principal": {{"Federated": arn}}, "Action": "sts:AssumeRoleWithWebIdentity"}}],
}}))
"""

ROLE = """
role = aws.iam.Role(
    "reader", name="{name}", assume_role_policy=trust, description="{description}", tags={{"team": "{team}"}}, opts=opts
)
policy = aws.iam.RolePolicy("reads", role=role.name, name="reads", policy='{policy}', opts=opts)
pulumi.export("arn", role.arn)
pulumi.export("url", issuer.url)
pulumi.export("account", aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=provider)).account_id)
"""

READS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",'
    ' "Resource": "arn:aws:secretsmanager:us-east-1:111122223333:secret:test/*"}]}'
)


def program(ministack: MiniStack, *parts: str, allowed: str = ACCOUNT, account: str = ACCOUNT, **values: Any) -> str:
    """A program of a provider and further parts."""
    settings = {"description": "reads", "team": "a", "policy": READS, "name": "reader", "issuer": ISSUER, **values}
    return "\n".join((PROVIDER, *parts)).format(url=ministack.url, allowed=allowed, account=account, **settings)


def whole(ministack: MiniStack, **values: Any) -> str:
    """A program of an OIDC provider, a role that trusts it, and the role's policy."""
    return program(ministack, TRUST, ROLE, **values)


def test_a_role_lives_from_preview_to_destroy(stack: Stack, ministack: MiniStack) -> None:
    """Unknown in the preview, made by the update, unchanged at the next, changed in place, replaced, gone at last."""
    iam = ministack.client("iam")
    stack.program(whole(ministack))
    previewed = stack.pulumi("preview", "--diff")
    assert "arn    : [unknown]" in previewed
    assert not iam.list_roles()["Roles"]

    stack.up()
    role = iam.get_role(RoleName="reader")["Role"]
    assert stack.outputs() == {"arn": role["Arn"], "url": ISSUER.removeprefix("https://"), "account": ACCOUNT}
    federated = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Federated"]
    assert federated == f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.test"
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")

    stack.program(whole(ministack, description="reads more", team="b"))
    assert "1 updated" in stack.up()
    role = iam.get_role(RoleName="reader")["Role"]
    assert (role["Description"], role["Tags"]) == ("reads more", [{"Key": "team", "Value": "b"}])

    stack.program(whole(ministack, name="renamed", description="reads more", team="b"))
    assert "2 replaced" in stack.up()
    assert [found["RoleName"] for found in iam.list_roles()["Roles"]] == ["renamed"]
    assert iam.get_role_policy(RoleName="renamed", PolicyName="reads")["PolicyDocument"] == json.loads(READS)

    stack.pulumi("destroy", "--yes")
    assert not iam.list_roles()["Roles"]
    assert not iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_a_policy_widened_by_hand_shows_and_is_repaired(stack: Stack, ministack: MiniStack) -> None:
    """A reformatted document is no change; one that means something else is found by refresh and undone by up."""
    iam = ministack.client("iam")
    stack.program(whole(ministack))
    stack.up()

    statement = json.loads(READS)["Statement"][0]
    listed = {**statement, "Action": [statement["Action"]], "Resource": [statement["Resource"]]}
    iam.put_role_policy(
        RoleName="reader",
        PolicyName="reads",
        PolicyDocument=json.dumps({"Statement": [listed], "Version": "2012-10-17"}, indent=4),
    )
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    stack.program(whole(ministack, policy=READS.replace(" ", "")))
    stack.pulumi("preview", "--expect-no-changes")

    wide = {**json.loads(READS), "Statement": [{**listed, "Resource": "*"}]}
    iam.put_role_policy(RoleName="reader", PolicyName="reads", PolicyDocument=json.dumps(wide))
    iam.tag_role(RoleName="reader", Tags=[{"Key": "team", "Value": "someone else"}])
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes", fails=True)
    assert "2 updated" in stack.pulumi("refresh", "--yes")
    assert "2 updated" in stack.up()
    assert documents.same(
        json.dumps(iam.get_role_policy(RoleName="reader", PolicyName="reads")["PolicyDocument"]), READS
    )
    assert iam.get_role(RoleName="reader")["Role"]["Tags"] == [{"Key": "team", "Value": "a"}]

    iam.delete_role_policy(RoleName="reader", PolicyName="reads")
    stack.pulumi("refresh", "--yes")
    assert "1 created" in stack.up()
    stack.pulumi("destroy", "--yes")


MANAGED = """
managed = aws.iam.Policy("managed", name="managed", policy='{policy}', tags={{"team": "{team}"}}, opts=opts)
pulumi.export("arn", managed.arn)
"""


def test_a_managed_policy_lives_from_preview_to_destroy(stack: Stack, ministack: MiniStack) -> None:
    """Another document is another version of the same policy; what somebody changes by hand is repaired."""
    iam = ministack.client("iam")

    def document() -> Any:
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]["Document"]

    stack.program(program(ministack, MANAGED))
    stack.up()
    arn = stack.outputs()["arn"]
    assert documents.same(json.dumps(document()), READS)
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    denies = READS.replace("Allow", "Deny")
    stack.program(program(ministack, MANAGED, policy=denies, team="b"))
    assert "1 updated" in stack.up()
    assert documents.same(json.dumps(document()), denies)
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 1
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=READS, SetAsDefault=True)
    assert "1 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert documents.same(json.dumps(document()), denies)
    stack.pulumi("destroy", "--yes")
    assert not iam.list_policies(Scope="Local")["Policies"]


OWNED = """
inline = aws.iam.RolePoliciesExclusive("inline", role_name=role.name, policy_names=[{names}], opts=opts)
managed = aws.iam.RolePolicyAttachmentsExclusive("managed", role_name=role.name, policy_arns={arns}, opts=opts)
"""


def test_a_role_whose_policies_are_owned_as_a_whole(stack: Stack, ministack: MiniStack) -> None:
    """One more is found by refresh alone and taken away by up; those that are listed are attached, in any order."""
    iam = ministack.client("iam")
    one, two, extra = (
        iam.create_policy(PolicyName=name, PolicyDocument=READS)["Policy"]["Arn"] for name in ("one", "two", "extra")
    )

    def attached() -> set[str]:
        return {found["PolicyArn"] for found in iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"]}

    def owned(**values: Any) -> str:
        return program(ministack, TRUST, ROLE, OWNED, **{"names": "policy.name", **values})

    stack.program(owned(arns=[one, two]))
    stack.up()
    assert attached() == {one, two}
    stack.program(owned(arns=[two, one]))
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    iam.put_role_policy(RoleName="reader", PolicyName="extra", PolicyDocument=READS)
    iam.attach_role_policy(RoleName="reader", PolicyArn=extra)
    iam.detach_role_policy(RoleName="reader", PolicyArn=one)
    stack.pulumi("preview", "--expect-no-changes")  # it is refresh that asks AWS
    stack.pulumi("preview", "--refresh", "--expect-no-changes", fails=True)
    assert "2 updated" in stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == ["reads"]
    assert attached() == {one, two}

    iam.delete_role_policy(RoleName="reader", PolicyName="reads")
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == ["reads"]
    stack.program(owned(arns=[], names="policy.name, 'no-document'"))
    assert "the role reader has no inline policy 'no-document'" in stack.up(fails=True)
    stack.program(owned(arns=[]))
    stack.up()
    assert attached() == set()
    stack.pulumi("destroy", "--yes")
    for arn in (one, two, extra):
        iam.delete_policy(PolicyArn=arn)


def test_what_exists_can_be_imported(stack: Stack, ministack: MiniStack) -> None:
    """The id alone yields the inputs, and a program that says the same changes nothing."""
    iam = ministack.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="old", AssumeRolePolicyDocument=trust, Description="made by hand")
    text = program(
        ministack, "aws.iam.Role('old', name='old', description='made by hand', assume_role_policy=TRUST, opts="
    )
    text = text.replace("TRUST", repr(trust)) + "pulumi.ResourceOptions(provider=provider, import_='old'))"
    stack.program(text)
    assert "1 imported" in stack.up()
    stack.program(text.replace(", import_='old'", ""))
    stack.pulumi("preview", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="old")


def test_the_wrong_account_is_refused_and_nothing_made(stack: Stack, ministack: MiniStack) -> None:
    """The account that the credentials belong to is asked of AWS before anything else is."""
    stack.program(whole(ministack, account="444455556666"))
    printed = stack.up(fails=True)
    assert "AWS account ID not allowed: 444455556666" in printed
    for account in ("444455556666", ACCOUNT):
        assert not ministack.client("iam", account).list_roles()["Roles"]
        assert not ministack.client("iam", account).list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_an_input_that_the_sdk_does_not_have_is_refused(stack: Stack, ministack: MiniStack) -> None:
    """At the preview already, with what was given and what is nearest to it."""
    resource = "pulumi.CustomResource('aws:iam/role:Role', 'x', {'asumeRolePolicy': '{}'}, opts=opts)"
    stack.program(program(ministack) + resource)
    printed = stack.pulumi("preview", fails=True)
    assert "unknown property 'asumeRolePolicy'; did you mean 'assumeRolePolicy'?" in printed
    assert "missing required property 'assumeRolePolicy'" in printed


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("aws:iam/role:Rol", "has no resource type 'aws:iam/role:Rol'; did you mean 'aws:iam/role:Role'?"),
        ("aws:iam/rolle:Role", "has no resource type 'aws:iam/rolle:Role'; did you mean 'aws:iam/role:Role'?"),
        (
            "aws:iam/group:Group",
            "the aws stand-in has no 'aws:iam/group:Group'; it has aws:cloudtrail/trail:Trail,",
        ),
    ],
)
def test_a_type_that_the_sdk_or_the_stand_in_does_not_have_is_refused(token: str, words: str) -> None:
    """The nearest type that there is, or all that the stand-in knows, is named."""
    with pytest.raises(Refused) as refused:
        Aws().check(f"urn:pulumi:only::inline::{token}::x", {}, {}, lambda: "0" * 8)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("inputs", "path", "words"),
    [
        ({"assumeRolePolicy": "{"}, "assumeRolePolicy", "'assumeRolePolicy' contains an invalid JSON policy"),
        ({"assumeRolePolicy": "{}", "namePrefix": "x"}, "namePrefix", "does not do 'namePrefix'; use name"),
        ({"assumeRolePolicy": "{}", "tags": ["a"]}, "tags", "expected a map, got a list"),
        (
            {"assumeRolePolicy": "{}", "assume_role_policy": "{}"},
            "assume_role_policy",
            "did you mean 'assumeRolePolicy'?",
        ),
    ],
)
def test_wrong_inputs_are_named(inputs: dict[str, Any], path: str, words: str) -> None:
    """Where it is, and what is expected there."""
    _, failures = Aws().check("urn:pulumi:only::inline::aws:iam/role:Role::x", {}, inputs, lambda: "0" * 8)
    assert [failure.path for failure in failures] == [path]
    assert words in failures[0].reason


def test_provider_settings_that_the_stand_in_does_not_do_are_refused() -> None:
    """A setting that the real provider would obey is never passed over in silence."""
    (failure,) = Aws().check_config({"region": "us-east-1", "useFipsEndpoint": "true"})
    assert "the aws stand-in does not do 'useFipsEndpoint'" in failure.reason
    (unknown,) = Aws().check_config({"regoin": "us-east-1"})
    assert unknown.reason == "unknown property 'regoin'; did you mean 'region'?"


def test_a_role_without_a_name_keeps_the_one_it_was_given(stack: Stack, ministack: MiniStack) -> None:
    """Auto-named from the resource's name, seven digits of chance, and the same at the next update."""
    text = "role = aws.iam.Role('auto', assume_role_policy='{{}}', max_session_duration={seconds}, opts=opts)\n"
    text += "pulumi.export('name', role.name)"
    stack.program(program(ministack, text, seconds=3600))
    stack.up()
    name = stack.outputs()["name"]
    assert name.startswith("auto-")
    assert len(name) == len("auto-") + 7
    stack.program(program(ministack, text, seconds=7200))
    stack.up()
    assert stack.outputs()["name"] == name
    assert ministack.client("iam").get_role(RoleName=name)["Role"]["MaxSessionDuration"] == 7200
    stack.pulumi("destroy", "--yes")


def test_documents_are_the_same_when_they_mean_the_same() -> None:
    """Spacing, order and a list of one say nothing; another value does."""
    one = '{"Statement": {"Action": "a", "Resource": ["x", "y"], "Condition": {"StringEquals": {"k": "v"}}}}'
    other = '{"Statement": [{"Resource": ["y", "x"], "Action": ["a"], "Condition": {"StringEquals": {"k": ["v"]}}}]}'
    assert documents.same(one, other)
    assert not documents.same(one, other.replace('"v"', '"w"'))
