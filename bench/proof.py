"""What `make bench-proof` runs: the documents of many namespaces, evaluated on one core.

Writes .local/bench-proof.json.

The documents are those of the components, by their own pure functions. Each namespace is judged against each one's
prefix: for all names by the prover, and for five names of each prefix one by one.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from secret_access.aws.documents import render, secrets_policy
from secret_access.aws.identifiers import Account, OidcProvider
from secret_access.aws.trust import irsa_trust
from secret_access.azure.documents import SECRETS_USER
from secret_access.checks import subject
from secret_access.proof.aws import stack
from secret_access.proof.evaluation import CLOUDS
from secret_access.proof.preview import UNKNOWN, Resource

WRITTEN = Path(__file__).parents[1] / ".local" / "bench-proof.json"
ACCOUNT = Account("aws", "111122223333")
PROVIDER = OidcProvider("aws", ACCOUNT.account_id, "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539")


def documents(cloud: str, namespaces: int) -> list[Resource]:
    """The documents of so many namespaces, whose names begin alike."""
    made = {"aws": _on_aws, "azure": _on_azure}[cloud]
    return [each for number in range(namespaces) for each in made(f"team-{number}")]


def _on_azure(namespace: str) -> list[Resource]:
    """With a vault each, as a first preview has it."""
    component = f"urn:pulumi:test::a::secret-access:index:AzureSecretAccess::{namespace}"
    identity, vault, group = f"urn::{namespace}-identity", f"urn::{namespace}-vault", {"resourceGroupName": "secrets"}
    given = {"vaultName": f"{namespace}-1a2b3c4d", "properties": {"enableRbacAuthorization": True}}
    return [
        Resource(identity, "azure-native:managedidentity:UserAssignedIdentity", group, {}, component),
        Resource(
            f"urn::{namespace}-credential",
            "azure-native:managedidentity:FederatedIdentityCredential",
            {**group, "resourceName": UNKNOWN, "subject": subject(namespace, "secret-access")},
            {"resourceName": (identity,)},
            component,
        ),
        Resource(vault, "azure-native:keyvault:Vault", {**group, **given}, {}, component),
        Resource(
            f"urn::{namespace}-role",
            "azure-native:authorization:RoleAssignment",
            {"scope": UNKNOWN, "principalId": UNKNOWN, "roleDefinitionId": SECRETS_USER},
            {"scope": (vault,), "principalId": (identity,)},
            component,
        ),
    ]


def _on_aws(namespace: str) -> list[Resource]:
    role = f"secret-access-{namespace}"
    trust = render(irsa_trust([PROVIDER], subject(namespace, "secret-access")))
    policy = render(secrets_policy(ACCOUNT, "us-east-1", f"{namespace}/"))
    return [
        Resource(f"urn::{role}", stack.ROLE, {"name": role, "assumeRolePolicy": trust}, {}),
        Resource(f"urn::{role}-policy", stack.ROLE_POLICY, {"role": role, "policy": policy}, {}),
    ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.proof", description=__doc__)
    parser.add_argument("--namespaces", type=int, default=200)
    parser.add_argument("--cloud", choices=("aws", "azure"), default="aws")
    asked = parser.parse_args()
    made = documents(asked.cloud, asked.namespaces)
    before = time.process_time()
    verdict = CLOUDS[asked.cloud](made, {}, ())
    seconds = time.process_time() - before
    if verdict.breaches or verdict.undecided or verdict.unreadable:
        raise SystemExit(f"bench: the components' own documents are not isolated: {verdict}")
    measured = {
        "cloud": asked.cloud,
        "namespaces": len(verdict.namespaces),
        "cells": verdict.cells,
        "names": verdict.names_asked,
        "seconds": round(seconds, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
