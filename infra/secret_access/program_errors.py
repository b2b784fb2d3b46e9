"""What stops a deployment, each with a message that is the whole story.

    ProgramError          a SecretAccessError
    ├── InvalidArgument   an argument of a component
    ├── InvalidSetting    a key of a stack file
    ├── NotIsolated       the documents let a namespace use secrets that are not its own
    ├── WrongAccount      the credentials belong to another account than the stack
    └── NotReached        AWS did not answer, so nothing is known of the credentials

All are `pulumi.RunError` too, of which Pulumi prints the message and no stack trace.
"""

import pulumi

from .errors import SecretAccessError


class ProgramError(SecretAccessError, pulumi.RunError):
    """The base of all that a Pulumi program raises."""


class InvalidArgument(ProgramError):
    """An argument of a component that cannot work."""


class InvalidSetting(ProgramError):
    """A key of a stack file that is missing, unknown or cannot work."""


class NotIsolated(ProgramError):
    """The documents of the program let a namespace use secrets that are not its own."""


class WrongAccount(ProgramError):
    """The credentials at hand are of another account than the stack's."""


class NotReached(ProgramError):
    """AWS did not answer, so nothing is known of the credentials."""
