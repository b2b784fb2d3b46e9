"""Stacks on Vault to judge: two namespaces of the component's, and what else a stack may have."""

import json
from typing import Any

from secret_access.proof.preview import UNKNOWN, Resource
from secret_access.proof.vault import mounts
from secret_access.proof.vault.documents import POLICY
from secret_access.proof.vault.identities import ALIAS, ENTITY
from secret_access.proof.vault.logins import JWT, KUBERNETES

from .documents import Document
from .test_vault import namespaces, reading, role

TEST, PROD = ("system:serviceaccount:test:secret-access", "system:serviceaccount:prod:secret-access")
ACCESSOR = "{{identity.entity.aliases.auth_kubernetes_0e73be2f.metadata.service_account_namespace}}"


def made(kind: str, called: str, depends_on: dict[str, tuple[str, ...]] | None = None, /, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, inputs, depends_on or {})


def policy(called: str, document: Document) -> Resource:
    return made(POLICY, called, name=called, policy=json.dumps(document))


def with_more(document: Document, *more: Resource, of: str = "test") -> list[Resource]:
    """Two namespaces, of which one has a further policy."""
    both = [f"secret-access-{of}", "more"]
    other = "prod" if of == "test" else "test"
    own = [each for each in namespaces(of) if each.type == POLICY]
    return [role(of, token_policies=both), *own, *namespaces(other), policy("more", document), *more]


def kubernetes(called: str = "pods", **inputs: Any) -> Resource:
    given = {"roleName": called, "boundServiceAccountNames": ["secret-access"], "tokenPolicies": ["more"], **inputs}
    return made(KUBERNETES, called, backend="kubernetes", **given)


def by_claim(**inputs: Any) -> list[Resource]:
    """A role for every namespace that has its claim in a template."""
    claim = "/kubernetes.io/namespace"
    given = {"boundClaims": {claim: "*"}, "boundClaimsType": "glob", "claimMappings": {claim: "ns"}, "userClaim": "sub"}
    own = {"userClaimJsonPointer": True, "tokenPolicies": ["more"], **given, **inputs}
    template = "secret/data/{{identity.entity.aliases.auth_jwt_0e73be2f.metadata.ns}}/*"
    return [made(JWT, "all", roleName="all", roleType="jwt", **own), policy("more", reading(template))]


PODS_NAME = {"roleType": "jwt", "userClaim": "sub", "claimMappings": {"/kubernetes.io/pod/name": "ns"}}
"""What a pod chooses, in the place of its namespace."""


def mount(path: str, kind: str, **options: str) -> Resource:
    return made(mounts.MOUNT, path, path=path, type=kind, **({"options": options} if options else {}))


def pods(**settings: str) -> Resource:
    """Pods of prod, with what their sidecar is told."""
    env = [{"name": name, "value": value} for name, value in {"SECRETS_BACKEND": "vault", **settings}.items()]
    spec = {"containers": [{"env": env}]}
    return made("kubernetes:apps/v1:Deployment", "app", metadata={"namespace": "prod"}, spec=spec)


def other(kind: str, called: str = "ci", **inputs: Any) -> list[Resource]:
    """Two namespaces, and another method's login with a policy on prod's secrets."""
    return [*namespaces("test", "prod"), policy("more", reading("secret/data/prod/*")), made(kind, called, **inputs)]


def identity(
    kind: str, called: str, depends_on: dict[str, tuple[str, ...]] | None = None, /, **inputs: Any
) -> Resource:
    return made(kind, called, depends_on, name=called, policies=["more"], **inputs)


def alias(of: Resource, name: str) -> Resource:
    return made(
        ALIAS, f"{of.name}-alias", {"canonicalId": (of.urn,)}, name=name, canonicalId=UNKNOWN, mountAccessor="a"
    )


ENTITY_OF_POD, PERSON = identity(ENTITY, "pods-entity"), identity(ENTITY, "person")
CREATE_TOKENS = reading("auth/token/create/wide", can=["update"])
ON_PROD = policy("more", reading("secret/data/prod/*"))
