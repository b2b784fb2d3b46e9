"""The resources of IAM that the stand-in knows.

Names, ids and defaults are those of the real provider: https://www.pulumi.com/registry/packages/aws/api-docs/iam/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from local.standins.aws_kind import AwsKind
from local.standins.errors import Gone
from local.standins.protocol import Properties


class Role(AwsKind):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html"""

    type_name = "aws:iam/role:Role"
    replaces = ("name", "namePrefix", "path")
    documents = ("assumeRolePolicy",)
    defaults: ClassVar[Mapping[str, Any]] = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    computed = ("arn", "createDate", "uniqueId")
    refused: ClassVar[Mapping[str, str]] = {
        "inlinePolicies": "use aws.iam.RolePolicy",
        "managedPolicyArns": "use aws.iam.RolePolicyAttachment",
        "namePrefix": "use name",
    }
    named = "name"
    tagged = True
    not_read = ("forceDetachPolicies",)

    def create(self, inputs: Properties) -> str:
        given = {
            "Description": inputs.get("description"),
            "PermissionsBoundary": inputs.get("permissionsBoundary"),
            "Tags": self.listed(inputs),
        }
        self.iam.create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Path=inputs["path"],
            MaxSessionDuration=inputs["maxSessionDuration"],
            **{key: value for key, value in given.items() if value},
        )
        return str(inputs["name"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        role = self.iam.get_role(RoleName=identity)["Role"]
        inputs = {
            "name": role["RoleName"],
            "path": role["Path"],
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
            "forceDetachPolicies": False,
            **_present("description", role.get("Description")),
            **_present("permissionsBoundary", role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")),
            **self.own_tags(role.get("Tags", [])),
        }
        known = {"arn": role["Arn"], "uniqueId": role["RoleId"], "createDate": role["CreateDate"].isoformat()}
        return inputs, known

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        if live["assumeRolePolicy"] != inputs["assumeRolePolicy"]:
            self.iam.update_assume_role_policy(RoleName=identity, PolicyDocument=inputs["assumeRolePolicy"])
        settings = ("description", "maxSessionDuration")
        if any(live.get(key) != inputs.get(key) for key in settings):
            self.iam.update_role(
                RoleName=identity,
                Description=inputs.get("description") or "",
                MaxSessionDuration=inputs["maxSessionDuration"],
            )
        boundary = inputs.get("permissionsBoundary")
        if boundary and boundary != live.get("permissionsBoundary"):
            self.iam.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=boundary)
        if not boundary and live.get("permissionsBoundary"):
            self.iam.delete_role_permissions_boundary(RoleName=identity)
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            self.iam.untag_role(RoleName=identity, TagKeys=gone)
        if wanted:
            self.iam.tag_role(RoleName=identity, Tags=wanted)

    def delete(self, identity: str, inputs: Properties) -> None:
        if inputs.get("forceDetachPolicies"):
            for policy in self.iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]:
                self.iam.detach_role_policy(RoleName=identity, PolicyArn=policy["PolicyArn"])
            for name in self.iam.list_role_policies(RoleName=identity)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=identity, PolicyName=name)
        self.iam.delete_role(RoleName=identity)


class RolePolicy(AwsKind):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    replaces = ("name", "namePrefix", "role")
    documents = ("policy",)
    refused: ClassVar[Mapping[str, str]] = {"namePrefix": "use name"}
    named = "name"

    def create(self, inputs: Properties) -> str:
        self.iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        role, _, name = identity.partition(":")
        found = self.iam.get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": _text(found["PolicyDocument"])}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        role, _, name = identity.partition(":")
        self.iam.delete_role_policy(RoleName=role, PolicyName=name)


class Policy(AwsKind):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html"""

    type_name = "aws:iam/policy:Policy"
    replaces = ("name", "namePrefix", "path", "description")
    documents = ("policy",)
    defaults: ClassVar[Mapping[str, Any]] = {"path": "/"}
    computed = ("arn", "policyId", "attachmentCount")
    refused: ClassVar[Mapping[str, str]] = {"namePrefix": "use name", "delayAfterPolicyCreationInMs": "leave it out"}
    named = "name"
    tagged = True

    def create(self, inputs: Properties) -> str:
        given = {"Description": inputs.get("description"), "Tags": self.listed(inputs)}
        created = self.iam.create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Path=inputs["path"],
            **{key: value for key, value in given.items() if value},
        )
        return str(created["Policy"]["Arn"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        policy = self.iam.get_policy(PolicyArn=identity)["Policy"]
        version = self.iam.get_policy_version(PolicyArn=identity, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        inputs = {
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": _text(version["Document"]),
            **_present("description", policy.get("Description")),
            **self.own_tags(policy.get("Tags", [])),
        }
        known = {"arn": identity, "policyId": policy["PolicyId"], "attachmentCount": policy.get("AttachmentCount", 0)}
        return inputs, known

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        if live["policy"] != inputs["policy"]:
            before = self.iam.get_policy(PolicyArn=identity)["Policy"]["DefaultVersionId"]
            self.iam.create_policy_version(PolicyArn=identity, PolicyDocument=inputs["policy"], SetAsDefault=True)
            self.iam.delete_policy_version(PolicyArn=identity, VersionId=before)
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            self.iam.untag_policy(PolicyArn=identity, TagKeys=gone)
        if wanted:
            self.iam.tag_policy(PolicyArn=identity, Tags=wanted)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.iam.delete_policy(PolicyArn=identity)


class RolePolicyAttachment(AwsKind):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html"""

    type_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    replaces = ("role", "policyArn")

    def create(self, inputs: Properties) -> str:
        self.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, identity: str) -> tuple[Properties, Properties]:
        role, _, policy = identity.partition("/")
        attached = self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        if all(found["PolicyArn"] != policy for found in attached):
            raise Gone(f"ListAttachedRolePolicies: the policy {policy} is not attached to the role {role}")
        return {"role": role, "policyArn": policy}, {}

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        role, _, policy = identity.partition("/")
        self.iam.detach_role_policy(RoleName=role, PolicyArn=policy)


class OpenIdConnectProvider(AwsKind):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html"""

    type_name = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    replaces = ("url",)
    computed = ("arn", "thumbprintLists")
    tagged = True

    def create(self, inputs: Properties) -> str:
        given = {"ThumbprintList": inputs.get("thumbprintLists"), "Tags": self.listed(inputs)}
        made = self.iam.create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            **{key: value for key, value in given.items() if value},
        )
        return str(made["OpenIDConnectProviderArn"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=identity)
        url = found["Url"]
        inputs = {
            "url": url if "://" in url else f"https://{url}",
            "clientIdLists": found.get("ClientIDList", []),
            **_present("thumbprintLists", found.get("ThumbprintList")),
            **self.own_tags(found.get("Tags", [])),
        }
        return inputs, {"arn": identity, "thumbprintLists": found.get("ThumbprintList", [])}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        iam = self.iam
        before, after = live["clientIdLists"], inputs["clientIdLists"]
        for audience in (one for one in after if one not in before):
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=identity, ClientID=audience)
        for audience in (one for one in before if one not in after):
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=identity, ClientID=audience)
        thumbprints = inputs.get("thumbprintLists")
        if thumbprints and thumbprints != live.get("thumbprintLists"):
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=identity, ThumbprintList=thumbprints
            )
        gone, wanted = self.tag_changes(live, inputs)
        if gone:
            iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=identity, TagKeys=gone)
        if wanted:
            iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=identity, Tags=wanted)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=identity)

    def outputs(self, inputs: Properties, known: Properties) -> Properties:
        outputs = super().outputs(inputs, known)
        if isinstance(outputs.get("url"), str):
            outputs["url"] = outputs["url"].removeprefix("https://")
        return outputs


KINDS: tuple[type[AwsKind], ...] = (Role, RolePolicy, Policy, RolePolicyAttachment, OpenIdConnectProvider)


def _text(document: Any) -> str:
    """A policy document as text: IAM gives it percent-encoded, and boto3 decodes it into an object."""
    return unquote(document) if isinstance(document, str) else json.dumps(document)


def _present(key: str, value: Any) -> Properties:
    return {key: value} if value else {}
