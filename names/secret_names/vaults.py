"""How each vault spells names: the portable ones, and those of its own that a caller asks for as `exact:NAME`.

`exact:` says that the rest is the name as the vault has it, for secrets that were there before: no prefix is put before
it, and whatever the vault itself allows is allowed. A secret has one full name all the same: `exact:test/key` in Vault,
and `exact:test--key` in Google's Secret Manager, are `test/key`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from secret_names import InvalidName, check_aws_name, check_aws_prefix, check_name, check_prefix, qualify

EXACT = "exact:"

# Printable ASCII. A comma separates names in lists; what a percent sign or a backslash means depends on who reads it.
_VISIBLE = r"[ !-$&-+\-.0-\[\]-~]"
_SEGMENTS = "printable ASCII without '%', ',' and '\\', in segments joined by '/'"


@dataclass(frozen=True)
class Spelling:
    """One vault's names: `check` and `check_prefix` take those without `exact:`, `own` is what the vault allows."""

    vault: str
    own: re.Pattern[str]
    own_form: str
    check: Callable[[str], str] = check_name
    check_prefix: Callable[[str], str] = check_prefix
    slash: str = "/"
    ignores_case: bool = False

    def full_name(self, name: str, prefix: str) -> str:
        """Return a name in full, or raise InvalidName.

        One without `/` belongs to the prefix, one with `/` is taken whole; after `exact:`, the vault's own spelling.
        """
        if not name.startswith(EXACT):
            return self.check(qualify(name, prefix))
        own = name[len(EXACT) :]
        if not self.own.fullmatch(own):
            expected = f"after 'exact:' a name of {self.vault}: {self.own_form}"
            raise InvalidName("secret name", name, expected=expected, fix=f"write the name as {self.vault} has it")
        if self.ignores_case:
            own = own.lower()
        plain = own.replace(self.slash, "/")
        return plain if self._is_full(plain, prefix) and self.spelled(plain) == own else EXACT + own

    def spelled(self, full_name: str) -> str:
        """Return how the vault spells a full name."""
        if full_name.startswith(EXACT):
            return full_name[len(EXACT) :]
        return full_name if self.slash == "/" else full_name.replace("/", self.slash)

    def _is_full(self, plain: str, prefix: str) -> bool:
        try:
            return self.check(qualify(plain, prefix)) == plain
        except InvalidName:
            return False


# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html; those that other services of
# AWS's make have a '!': https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
AWS = Spelling(
    "AWS Secrets Manager",
    re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}"),
    "1 to 512 ASCII letters, digits and '/_+=.@!-'",
    check_aws_name,
    check_aws_prefix,
)
# https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create (secretId)
GOOGLE = Spelling(
    "Google Cloud Secret Manager",
    re.compile(r"[A-Za-z0-9_-]{1,255}"),
    "1 to 255 ASCII letters, digits, '_' and '-'",
    slash="--",
)
# https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name
AZURE = Spelling(
    "Azure Key Vault",
    re.compile(r"[A-Za-z0-9-]{1,127}"),
    "1 to 127 ASCII letters, digits and '-'",
    slash="--",
    ignores_case=True,
)
# Vault documents no alphabet: what it takes was tried. `.` and `..` as segments would lead to another path.
VAULT = Spelling(
    "Vault",
    re.compile(rf"(?=.{{1,512}}\Z)(?!\.\.?(/|\Z))(?! ){_VISIBLE}+(?<! )(/(?!\.\.?(/|\Z))(?! ){_VISIBLE}+(?<! ))*"),
    f"{_SEGMENTS}, none of them '.' or '..'",
)
# A name is a file's path, and an argument of a command: no segment is hidden or an option.
PASS = Spelling(
    "pass",
    re.compile(rf"(?=.{{1,512}}\Z)(?![.-]|[ ]){_VISIBLE}+(?<! )(/(?![.-]|[ ]){_VISIBLE}+(?<! ))*"),
    f"{_SEGMENTS}, none of them beginning with '.' or '-'",
)
