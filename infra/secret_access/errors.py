"""What goes wrong, each with a message that is the whole story. Pulumi is not imported for these: commands start fast.

SecretAccessError
├── InvalidAnswer     what a team said of itself cannot be
├── NoPattern         no pattern meets all that a team said of its secrets
├── DocumentError     a document cannot be judged (proof/errors.py)
└── what stops a deployment (program_errors.py)
"""


class SecretAccessError(Exception):
    """The base of all."""


class InvalidAnswer(SecretAccessError):
    """What a team said of itself, or of a secret, that cannot be."""


class NoPattern(SecretAccessError):
    """No pattern meets all that was said of a team's secrets; the message names what excludes each."""
