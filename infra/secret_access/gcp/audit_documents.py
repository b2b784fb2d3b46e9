"""Which log entries are reads of secrets, and which are refusals: filters of Cloud Logging. Pure.

Sources: Secret Manager, "Audit logging"; Cloud Logging, "Logging query language" and "Understand audit logs"
(`protoPayload.status` is a google.rpc.Status, whose code 7 is PERMISSION_DENIED).
"""

SERVICE = "secretmanager.googleapis.com"
LOG_TYPES = ("ADMIN_READ", "DATA_READ")
"""`AccessSecretVersion` is DATA_READ; listing, and looking at versions, is ADMIN_READ."""
RATE_LIMIT = "300s"
"""The least pause between two notifications of a policy that matches log entries (Cloud Monitoring API)."""


def calls(project: str) -> str:
    """Return the filter of every call of Secret Manager that is kept, reading ones included."""
    log = 'log_id("cloudaudit.googleapis.com/data_access") OR log_id("cloudaudit.googleapis.com/activity")'
    return f'logName:"projects/{project}/" AND protoPayload.serviceName="{SERVICE}" AND ({log})'


def refusals(project: str) -> str:
    """Return the filter of the refused ones."""
    return f"{calls(project)} AND protoPayload.status.code=7"
