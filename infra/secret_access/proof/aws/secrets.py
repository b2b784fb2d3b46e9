"""How AWS spells the names of secrets: as ARNs, in any account and region, with six characters of its own behind.

Sources: Secrets Manager API Reference, CreateSecret (Name); Service Authorization Reference, "Resource types defined by
AWS Secrets Manager".
"""

import string
from functools import cache

from ..isolation import Spelling
from ..strings import StringSet, literal, sequence, some

_ALPHABET = string.ascii_letters + string.digits + "!/_+=.@-"
_SUFFIX = 6
EXAMPLE = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
"""Where the names that are asked one by one are thought to be, unless the documents say it."""


@cache
def under(prefix: str) -> StringSet:
    """Return the ARNs of all secrets under a prefix."""
    return sequence(
        literal("arn:aws"),
        some(string.ascii_lowercase + "-", 0, more=True),
        literal(":secretsmanager:"),
        some(string.ascii_lowercase + string.digits + "-", more=True),
        literal(":"),
        some(string.digits, 12),
        literal(f":secret:{prefix}"),
        some(_ALPHABET, 0, more=True),
        literal("-"),
        some(string.ascii_letters + string.digits, _SUFFIX),
    )


def spelling(where: str = EXAMPLE) -> Spelling:
    """Return how names are spelled; `where` is the part of an ARN before the name."""
    return Spelling(under=under, spelled=lambda name: f"{where}{name}-AbCdEf", name_of=name_of)


def name_of(arn: str) -> str:
    """Return the name of a secret, from its ARN."""
    return arn.split(":", 6)[6][: -_SUFFIX - 1]
