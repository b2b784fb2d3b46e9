"""What a team says of itself and of a secret, for `recommend`: five questions, and the facts that exclude patterns."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

from ..errors import InvalidAnswer
from ..messages import nearest, refusal

E = TypeVar("E", bound=StrEnum)


class SecretKind(StrEnum):
    """What a secret is; eight kinds that differ in what is lost with them, and in how often they change."""

    DATABASE_URL = "database_url"
    DATABASE_PASSWORD = "database_password"  # noqa: S105  a kind
    SERVICE_ENDPOINT = "service_endpoint"
    API_TOKEN = "api_token"  # noqa: S105  a kind
    FEATURE_FLAGS = "feature_flags"
    ENCRYPTION_KEY = "encryption_key"
    OAUTH_CLIENT_ID = "oauth_client_id"
    OAUTH_CLIENT_SECRET = "oauth_client_secret"  # noqa: S105  a kind


class Vault(StrEnum):
    """A vault that the team has."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"
    VAULT = "vault"


class Reads(StrEnum):
    """How the application takes its secrets."""

    CODE = "code"
    """By a request or a library: it can be changed."""
    FILES = "files"
    """From files that are there when it starts."""
    ENVIRONMENT = "environment"
    """From its environment alone."""


@dataclass(frozen=True)
class Situation:
    """A team, its platform and its applications. Raises InvalidAnswer."""

    isolates_namespaces: bool
    """Question 1: namespaces are tenants, and none may read another's secrets."""
    may_be_in_etcd: bool
    """Question 2: secrets may be in etcd, and in the cluster's backups."""
    declarative: bool
    """Question 3: what there is must be in Git as manifests."""
    simplicity: bool
    """Question 4: operational simplicity is critical."""
    polyglot: bool
    """Question 5: the applications are in several languages."""
    pods: int
    """How many pods there are, about."""
    vaults: Collection[str] = (Vault.AWS,)
    """The vaults that the secrets are in, or can be; none if there is none. Each `aws`, `azure`, `gcp` or `vault`."""
    reads: str = Reads.CODE
    """How applications take their secrets."""
    takes_sidecar: bool = True
    """Pods can have one more container."""
    uses_sdk: bool = False
    """The applications use their cloud's SDK already."""
    vendor_supported: bool = False
    """Only what the cloud's or the vault's vendor supports may run."""

    def __post_init__(self) -> None:
        """Refuse what is no answer: `"no"` would be taken for true."""
        for field in fields(self):
            if field.type in (bool, "bool"):
                given = getattr(self, field.name)
                if not isinstance(given, bool):
                    raise _invalid(field.name, given, "true or false", "write it without quotes")
        if type(self.pods) is not int or self.pods < 0:
            raise _invalid("pods", self.pods, "a whole number, 0 or more", "give about how many there are")
        if isinstance(self.vaults, str) or not isinstance(self.vaults, Collection):
            raise _invalid("vaults", self.vaults, f"a list of {', '.join(Vault)}", "write a list, or [] for none")
        object.__setattr__(self, "vaults", frozenset(member(Vault, "vaults", vault) for vault in self.vaults))
        object.__setattr__(self, "reads", member(Reads, "reads", self.reads))


def member(kind: type[E], argument: str, given: object) -> E:
    """Return the word of an enumeration that was given, by its name or as it is."""
    try:
        return kind(str(given))
    except ValueError:
        near = nearest(str(given), kind)
        raise _invalid(
            argument, given, f"one of {', '.join(kind)}", f"did you mean {near}?" if near else "correct it"
        ) from None


def _invalid(what: str, given: object, expected: str, fix: str) -> InvalidAnswer:
    return InvalidAnswer(refusal(what, given, expected, fix))
