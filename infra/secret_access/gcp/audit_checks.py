"""Checks of what an audit trail takes. Pure functions: they return the value and raise `InvalidArgument`.

Sources: Cloud Monitoring API, "NotificationChannel"; Cloud Logging, "Route logs to supported destinations".
"""

import re

from ..checks import distinct, match, texts
from .checks import PROJECT

CHANNEL = re.compile(rf"projects/({PROJECT.pattern}|[0-9]+)/notificationChannels/[0-9]+")
DESTINATION = re.compile(
    r"storage\.googleapis\.com/[a-z0-9][a-z0-9._-]+"
    r"|bigquery\.googleapis\.com/projects/[^/\s]+/datasets/\w+"
    r"|pubsub\.googleapis\.com/projects/[^/\s]+/topics/[^/\s]+"
    r"|logging\.googleapis\.com/projects/[^/\s]+(/locations/[^/\s]+/buckets/[^/\s]+)?"
)
SINK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
EXAMPLE_CHANNEL = "projects/my-project/notificationChannels/1234567890"


def channels(given: object) -> list[str]:
    """Return the resource names of notification channels, each once."""
    names = distinct("notification_channels", texts("notification_channels", given, f'["{EXAMPLE_CHANNEL}"]'))
    for name in names:
        fix = "take it from gcloud beta monitoring channels list"
        match(CHANNEL, "notification_channels", name, f"a resource name such as {EXAMPLE_CHANNEL}", fix)
    return names


def destination(given: object) -> str:
    """Return where a sink writes to."""
    expected = "a destination of Cloud Logging such as storage.googleapis.com/BUCKET"
    fix = "write it without https:// or gs://"
    return match(DESTINATION, "sink_destination", given, expected, fix)


def sink_name(given: object) -> str:
    """Return the name of a sink."""
    expected = "1 to 100 letters, digits, _, - and ."
    return match(SINK, "sink_name", given, expected, "leave it out for secret-access")


def display_name(given: object) -> str:
    """Return what people see of an alert."""
    return match(re.compile(r"\S.{0,510}"), "display_name", given, "up to 511 characters", "leave it out")
