"""Clouds as the shared mode's tests see them: callers with tokens, a secret of each namespace, and who may read it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from local.azure import directory as azure
from local.azure.directory import FederatedCredential, RoleAssignment, Vault
from secret_names import dashed
from secret_sidecar.vaults.aws.token_exchange import AwsTokenExchange
from secret_sidecar.vaults.azure.token_exchange import AzureTokenExchange
from secret_sidecar.vaults.gcp.token_exchange import GcpTokenExchange
from tests.fakes import google
from tests.fakes.aws import REGION
from tests.fakes.aws_shared import TEMPLATE, SharedAws, token
from tests.fakes.azure import FakeAzure
from tests.fakes.google import FakeGoogle, Stored
from tests.fakes.issuer import Issuer
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, certificate_of

SECRET = "database-password"


class Cloud(Protocol):
    """A fake, and what a shared service in front of it is given."""

    backend: type
    server: AbstractAsyncContextManager[Any]

    def environment(self) -> dict[str, str]:
        """The variables that are the cloud's."""
        ...

    def token(self, namespace: str, number: int = 1) -> str:
        """A good token of a namespace's pod."""
        ...

    def identity(self, namespace: str, number: int = 1) -> str:
        """How the name ends of whom such a token becomes."""
        ...

    def put(self, name: str, value: str) -> str:
        """Give a secret a new value; the version that it is."""
        ...

    def access(self) -> str:
        """The latest access token, or session token, that was given for one."""
        ...

    @property
    def exchanges(self) -> int:
        """How often tokens were shown to the cloud."""
        ...


class AwsCloud:
    """STS believes the tokens that it was told of."""

    backend = AwsTokenExchange

    def __init__(self, namespaces: Iterable[str], issuer: Issuer, tls: ssl.SSLContext) -> None:  # noqa: ARG002
        self.server = self.fake = SharedAws(secrets={f"{n}/{SECRET}": f"{n}-0" for n in namespaces})
        self._versions = 1

    def environment(self) -> dict[str, str]:
        """A role of each namespace."""
        return {
            "SECRETS_BACKEND": "aws",
            "SECRETS_SHARED_ROLE_ARN": TEMPLATE,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.fake.url,
        }

    def token(self, namespace: str, number: int = 1) -> str:
        """A token that the fake knows."""
        return self.fake.know(token(namespace, number), namespace)

    def identity(self, namespace: str, number: int = 1) -> str:
        """The session: two callers of one namespace have different ones."""
        return f"/{namespace}.app-{number}"

    def put(self, name: str, value: str) -> str:
        """Give a secret a new value."""
        self._versions += 1
        self.fake.put(name, value, version := f"version-{self._versions}")
        return version

    def access(self) -> str:
        """The latest session token."""
        return [key.token or "" for key in self.fake.keys.values()][-1]

    @property
    def exchanges(self) -> int:
        """Calls of AssumeRoleWithWebIdentity."""
        return len(self.fake.assumed)


class Signed:
    """Tokens that the cluster's issuer signed."""

    audience: str

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer

    def token(self, namespace: str, number: int = 1, *, account: str = "app", **more: Any) -> str:
        """A token of a namespace's pod; `more` is what it says instead."""
        given = {"signer": self.issuer, "audience": self.audience, "lifetime": 3600, "nbf": int(time.time()), **more}
        signer, audience = given.pop("signer"), given.pop("audience")
        pod = {"namespace": namespace, "pod": {"name": f"app-{number}"}, "serviceaccount": {"name": account}}
        subject = f"system:serviceaccount:{namespace}:{account}"
        made: str = signer.token(subject, audience, **{"kubernetes.io": pod, **given})
        return made


class GoogleCloud(Signed):
    """A pool's principals, bound to what begins with their namespace."""

    backend = GcpTokenExchange
    audience = f"https:{google.PROVIDER}"

    def __init__(self, namespaces: Iterable[str], issuer: Issuer, tls: ssl.SSLContext) -> None:  # noqa: ARG002
        super().__init__(issuer)
        self.fake = FakeGoogle(issuer)
        self.server = self.fake.server
        for namespace in namespaces:
            self.put(f"{namespace}/{SECRET}", f"{namespace}-0")
            member = f"principal:{self.identity(namespace)}"
            for role in ("secretAccessor", "viewer"):
                expression = f'resource.name.startsWith("projects/{google.NUMBER}/secrets/{namespace}--")'
                binding = {"role": f"roles/secretmanager.{role}", "members": [member]}
                self.fake.bindings.append({**binding, "condition": {"expression": expression}})

    def environment(self) -> dict[str, str]:
        """A pool's provider."""
        names = ("SECRETMANAGER", "STS", "IAMCREDENTIALS")
        return {
            "SECRETS_BACKEND": "gcp",
            "GOOGLE_CLOUD_PROJECT": google.PROJECT,
            "GCP_WORKLOAD_IDENTITY_PROVIDER": google.PROVIDER,
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": self.fake.server.url for name in names},
        }

    def identity(self, namespace: str, number: int = 1) -> str:  # noqa: ARG002
        """The principal, as a binding spells it."""
        return f"//iam.googleapis.com/{google.POOL}/subject/system:serviceaccount:{namespace}:app"

    def widen(self, namespace: str) -> None:
        """Let a namespace read everything."""
        for binding in self.fake.bindings:
            if binding["members"] == [f"principal:{self.identity(namespace)}"]:
                binding["condition"]["expression"] = 'resource.name.startsWith("projects/")'

    def put(self, name: str, value: str) -> str:
        """Add a version."""
        versions = self.fake.secrets.setdefault(dashed(name), Stored()).versions
        versions.append(value.encode())
        return str(len(versions))

    def access(self) -> str:
        """The latest access token."""
        return list(self.fake.tokens)[-1]

    @property
    def exchanges(self) -> int:
        """Calls of STS."""
        return self.fake.server.asked.count("POST /v1/token")


class AzureCloud(Signed):
    """One vault, where each namespace's client has a role on its own secret."""

    backend = AzureTokenExchange
    audience = azure.AUDIENCE

    def __init__(self, namespaces: Iterable[str], issuer: Issuer, tls: ssl.SSLContext) -> None:
        super().__init__(issuer)
        self.namespaces = tuple(namespaces)
        self.fake = FakeAzure(issuer, tls)
        self.server = self.fake.server
        self.vault: Vault = self.fake.vaults["localhost"]
        for namespace in self.namespaces:
            self.put(f"{namespace}/{SECRET}", f"{namespace}-0")
            client = self.client(namespace)
            subject = f"system:serviceaccount:{namespace}:app"
            self.fake.federated[client] = [FederatedCredential(issuer.url, subject)]
            scope = f"{self.vault.id}/secrets/{namespace}--{SECRET}"
            self.fake.assignments.append(RoleAssignment(client, "Key Vault Secrets User", scope))

    def client(self, namespace: str) -> str:
        """The id of a namespace's client."""
        return f"33333333-3333-3333-3333-{self.namespaces.index(namespace):012}"

    def environment(self) -> dict[str, str]:
        """Who is which client."""
        return {
            "SECRETS_BACKEND": "azure",
            "SECRETS_SHARED_CLIENT_IDS": ",".join(f"{n}={self.client(n)}" for n in self.namespaces),
            "AZURE_TENANT_ID": azure.TENANT,
            "AZURE_KEYVAULT_URL": self.fake.server.url,
            "AZURE_AUTHORITY_HOST": self.fake.server.url,
        }

    def identity(self, namespace: str, number: int = 1) -> str:  # noqa: ARG002
        """The client."""
        return f"client {self.client(namespace)} of tenant {azure.TENANT}"

    def widen(self, namespace: str) -> None:
        """Let a namespace read everything."""
        self.fake.assignments.append(RoleAssignment(self.client(namespace), "Key Vault Secrets User", self.vault.id))

    def put(self, name: str, value: str) -> str:
        """Add a version."""
        return self.vault.add(dashed(name), value).id

    def access(self) -> str:
        """The latest access token."""
        return list(self.fake.tokens)[-1]

    @property
    def exchanges(self) -> int:
        """Calls of Entra's token endpoint."""
        return self.fake.server.asked.count(f"POST /{azure.TENANT}/oauth2/v2.0/token")


CLOUDS = {"aws": AwsCloud, "gcp": GoogleCloud, "azure": AzureCloud}
"""By the name of the backend."""
SIGNED = {"gcp": GoogleCloud, "azure": AzureCloud}
"""Those that verify signatures."""


def environment_of(cloud: Cloud, authority: Authority, folder: Path) -> dict[str, str]:
    """What a shared service in front of a cloud is given."""
    certificate = str(certificate_of(authority, folder))
    return {
        "SECRETS_MODE": "shared",
        "SECRETS_TLS_CERT_FILE": certificate,
        "SECRETS_TLS_KEY_FILE": certificate,
        "SECRETS_SHARED_HOSTS": HOST,
        **cloud.environment(),
    }
