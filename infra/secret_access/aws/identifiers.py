"""What AWS names by ARNs: an account, an OIDC provider, an EKS cluster, a role. Pure."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Account:
    """An AWS account of a partition."""

    partition: str
    account_id: str


@dataclass(frozen=True)
class OidcProvider(Account):
    """An IAM OIDC provider: the parts of its ARN."""

    issuer: str
    """The issuer's URL without `https://`, as IAM spells it in condition keys."""

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:oidc-provider/{self.issuer}"


@dataclass(frozen=True)
class Cluster(Account):
    """An EKS cluster: the parts of its ARN."""

    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:eks:{self.region}:{self.account_id}:cluster/{self.name}"


@dataclass(frozen=True)
class Role(Account):
    """An IAM role: the parts of its ARN."""

    path_and_name: str

    @classmethod
    def of(cls, account: Account, path: str | None, name: str) -> Self:
        """Return the role of an account that has this path, None for `/`, and this name."""
        return cls(account.partition, account.account_id, f"{(path or '/')[1:]}{name}")

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.path_and_name}"
