"""What stops a deployment, each with a message that is the whole story.

    SecretAccessError
    ├── InvalidArgument   an argument of a component
    ├── InvalidSetting    a key of a stack file
    ├── WrongAccount      the credentials belong to another account than the stack
    ├── NotReached        AWS did not answer, so nothing is known of the credentials
    └── NoPattern         no pattern meets all that a team said of its secrets

All are `pulumi.RunError`, of which Pulumi prints the message and no stack trace.
"""

import pulumi


class SecretAccessError(pulumi.RunError):
    """The base of all."""


class InvalidArgument(SecretAccessError):
    """An argument of a component that cannot work."""


class InvalidSetting(SecretAccessError):
    """A key of a stack file that is missing, unknown or cannot work."""


class WrongAccount(SecretAccessError):
    """The credentials at hand are of another account than the stack's."""


class NotReached(SecretAccessError):
    """AWS did not answer, so nothing is known of the credentials."""


class NoPattern(SecretAccessError):
    """No pattern meets all that was said of a team's secrets; the message names what excludes each."""
