"""What a trail's bucket, topic and rule say: documents as pure functions of names.

Sources: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail"; EventBridge User Guide, "Receiving read-only
management events from AWS services" and "Using resource-based policies for Amazon EventBridge".
"""

from typing import Any

from .documents import Document, document
from .identifiers import Account

Pattern = dict[str, Any]
READ_ONLY_TOO = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""The state of a rule that gets read-only events: `GetSecretValue` is one, and an `ENABLED` rule never sees it."""
SECRET_CALLS = ("BatchGetSecretValue", "DescribeSecret", "GetSecretValue")
WRITING_CALLS = ("CreateSecret", "DeleteSecret", "PutSecretValue")
IDENTITY_CALLS = ("AssumeRole", "AssumeRoleForPodIdentity", "AssumeRoleWithWebIdentity")
DENIED = ("AccessDenied", "AccessDeniedException")


def refusals() -> Pattern:
    """Return the event pattern of refused calls: of a secret, or of a role by a token that is not its own."""
    return {
        "source": ["aws.eks-auth", "aws.secretsmanager", "aws.sts"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventName": sorted({*SECRET_CALLS, *WRITING_CALLS, *IDENTITY_CALLS}),
            "errorCode": list(DENIED),
        },
    }


def trail_arn(account: Account, region: str, name: str) -> str:
    """Return the ARN of a trail."""
    return f"arn:{account.partition}:cloudtrail:{region}:{account.account_id}:trail/{name}"


def bucket_policy(account: Account, bucket: str, trail: str) -> Document:
    """Let one trail write its account's logs to the bucket, and refuse requests without TLS."""
    service = {"Service": "cloudtrail.amazonaws.com"}
    arn = f"arn:{account.partition}:s3:::{bucket}"
    only_this = {"aws:SourceArn": trail}
    return document(
        {
            "Sid": "TrailSeesBucket",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
            "Condition": {"StringEquals": only_this},
        },
        {
            "Sid": "TrailWritesLogs",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account.account_id}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **only_this}},
        },
        {
            "Sid": "OnlyWithTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def topic_policy(topic: str, rule: str) -> Document:
    """Let one rule of EventBridge publish to the topic."""
    return document(
        {
            "Sid": "RulePublishes",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
    )
