"""What keeps the documents from being judged.

SecretAccessError
└── DocumentError   a document, or the preview, is not what its place asks for
"""

from ..errors import SecretAccessError


class DocumentError(SecretAccessError):
    """A document is not what its place asks for; the message says which, and what was expected."""
