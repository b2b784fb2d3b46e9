"""Checks of what an audit trail takes. Pure functions: they return the value and raise `InvalidArgument`.

Sources: S3 User Guide, "General purpose bucket naming rules"; CloudTrail User Guide, "Naming requirements";
EventBridge API, PutRule and PutTargets.
"""

import re

from ..checks import invalid, match
from .checks import partition_of
from .identifiers import Account

ACCOUNT_ID = re.compile(r"[0-9]{12}")
BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
TRAIL = re.compile(r"(?!.*[._-]{2})(?=.{3,128}\Z)[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]")
RULE = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRAIL_ARN = re.compile(r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]+")
TARGET_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:[^\s]+")
EXAMPLE_TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events"
EXAMPLE_TARGET = "arn:aws:sns:us-east-1:111122223333:security"


def account(account_id: object, of_region: str) -> Account:
    """Return the account, in the region's partition."""
    checked = match(ACCOUNT_ID, "account_id", account_id, "12 digits in quotes", "see aws sts get-caller-identity")
    return Account(partition_of(of_region), checked)


def bucket_name(name: object) -> str:
    """Return the name of a bucket, unique in all of AWS."""
    expected = "3 to 63 lowercase letters, digits, - and ."
    return match(BUCKET, "bucket_name", name, expected, "leave it out for secret-access-trail-ACCOUNT-REGION")


def trail_name(name: object) -> str:
    """Return the name of a trail."""
    expected = "3 to 128 letters, digits, ., _ and -, no two of the last three in a row"
    return match(TRAIL, "trail_name", name, expected, "leave it out for secret-access")


def rule_name(name: object) -> str:
    """Return the name of a rule, which its topic has too."""
    return match(RULE, "rule_name", name, "1 to 64 letters, digits, ., _ and -", "leave it out")


def existing_trail(arn: object) -> str:
    """Return the ARN of a trail that is there already, in the account or of its organization."""
    fix = "take it from aws cloudtrail describe-trails"
    return match(TRAIL_ARN, "existing_trail_arn", arn, f"an ARN such as {EXAMPLE_TRAIL}", fix)


def target(arn: object, of_region: str) -> str:
    """Return the ARN of whatever gets the refusals: EventBridge reaches most of its own region alone."""
    fix = "leave it out, and a topic is made"
    text = match(TARGET_ARN, "target_arn", arn, f"an ARN such as {EXAMPLE_TARGET}", fix)
    if text.split(":")[3] not in ("", of_region):
        raise invalid("target_arn is of another region than the rule", arn, f"one of {of_region}", fix)
    return text
