"""What stops a probe before it asks anything."""

from ..errors import SecretAccessError


class ProbeError(SecretAccessError):
    """Arguments, a cluster or a file that a probe cannot work with."""
