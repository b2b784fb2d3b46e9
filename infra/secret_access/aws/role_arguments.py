"""Arguments that the components which create a role have in common. Pure: it imports no SDK."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class RoleArgs(TypedDict):
    """Arguments about the role that a component creates."""

    kms_key_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of the customer managed keys that encrypt the secrets, and their replicas. Default: none, only the
    account's `aws/secretsmanager` key.
    Example: `["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]`."""
    replica_regions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Regions to which the secrets are replicated; replicas there can be read too. Default: none.
    Example: `["us-west-2"]`."""
    policy_arns: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of managed policies to attach to the role; what they grant is not checked. Any other
    policy of the role is removed. Default: none. Example: `["arn:aws:iam::111122223333:policy/only-from-our-vpc"]`."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the role's permissions boundary. Default: none.
    Example: `arn:aws:iam::111122223333:policy/boundary`."""
    role_path: NotRequired[pulumi.Input[str]]
    """Path of the role. Default: `/`. Example: `/secret-access/`."""
    trust_conditions: NotRequired[
        pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]]]
    ]
    """Further conditions of the role's trust, all of which must hold: values by condition key, by operator. Keys that
    the request for the role never has are refused. Default: none.
    Example: `{"StringEquals": {"aws:SourceOrgID": ["o-a1b2c3d4e5"]}}`."""
    trust_policy_quota: NotRequired[pulumi.Input[int]]
    """Characters that the account's quota "Role trust policy length" allows, 2048 to 8192. Default: 2048."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of what is created in AWS. Default: none. Example: `{"team": "a"}`."""
