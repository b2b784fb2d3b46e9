"""Every rule of the pack."""

from collections.abc import Sequence

from . import (
    further_policies,
    identities,
    images,
    isolation,
    prefixes,
    rbac,
    secrets_in_etcd,
    sidecars,
    trust,
    wildcards,
)
from .rule import ResourceRule, Rule, Severity, StackRule

ERROR, WARNING = Severity.ERROR, Severity.WARNING
RULES: Sequence[Rule] = (
    ResourceRule(
        "wildcard-principal",
        ERROR,
        "A secret, or a role that may read some, is open to everybody.",
        "name the one principal; on Google Cloud the subject of one ServiceAccount, not its pool.",
        wildcards.principals,
    ),
    ResourceRule(
        "wildcard-resource",
        ERROR,
        "Somebody may use the secrets of every namespace.",
        "name one region, one account and one prefix with its closing slash, or the one vault or secret.",
        wildcards.resources,
    ),
    ResourceRule(
        "trust-without-audience",
        ERROR,
        "A token that was made for another service gets the identity.",
        "require the audience exactly: StringEquals on :aud, audiences, bound_audiences or audience.",
        trust.without_audience,
    ),
    ResourceRule(
        "trust-by-pattern",
        ERROR,
        "ServiceAccounts that are not named exactly get the identity.",
        "require system:serviceaccount:NAMESPACE:NAME exactly: StringEquals on :sub, or bound_subject.",
        trust.by_pattern,
    ),
    StackRule(
        "shared-identity",
        ERROR,
        "Pods of two namespaces get the same identity, so each reads the other's secrets.",
        "make an identity for each namespace.",
        identities.of_two_namespaces,
    ),
    StackRule(
        "covering-prefixes",
        ERROR,
        "The prefix of one namespace covers another's, so it reads the other's secrets.",
        "give each namespace a prefix of its own that ends in a slash.",
        prefixes.that_cover_each_other,
    ),
    StackRule(
        "widened-identity",
        ERROR,
        "An identity of pods has rights beside those on its own secrets, by which it gets all others.",
        "take them away; give the workload an identity of its own for what it needs beside its secrets.",
        further_policies.that_widen,
    ),
    StackRule(
        "secret-in-etcd",
        ERROR,
        "A namespace that is marked as read at runtime gets a Secret.",
        "let the application read it through the sidecar, or ask who set the label secret-access/runtime-only.",
        secrets_in_etcd.in_runtime_only_namespaces,
        secrets_in_etcd.OPTIONS,
    ),
    StackRule(
        "rbac-across-namespaces",
        ERROR,
        "Somebody gets the identities of other namespaces inside the cluster, which IAM cannot stop.",
        "bind in one namespace, to subjects of it; take the rights away that are named.",
        rbac.across_namespaces,
    ),
    StackRule(
        "rbac-in-namespace",
        WARNING,
        "Somebody gets the namespace's identity inside the cluster, and reads its secrets.",
        "take the rights away that are named, or see to it that all who are named may read the secrets.",
        rbac.in_a_namespace,
    ),
    ResourceRule(
        "sidecar-beyond-localhost",
        ERROR,
        "Others than the containers of its pod reach a sidecar, which serves them the namespace's secrets.",
        "take the field away; for callers outside the pod there is SharedSecretService, which asks for their tokens.",
        sidecars.listens_beyond_localhost,
    ),
    ResourceRule(
        "token-in-application",
        ERROR,
        "A container beside the sidecar has the token that gets the namespace's identity.",
        "mount the token in the sidecar alone, and read the secrets from SECRETS_URL.",
        sidecars.token_in_application,
    ),
    ResourceRule(
        "image-by-tag",
        WARNING,
        "What a container runs can change under the image's tag.",
        "name the image by its digest: IMAGE@sha256:DIGEST.",
        images.by_tag,
    ),
    StackRule(
        "isolation",
        ERROR,
        "The stack's documents let a namespace use a secret that is not its own.",
        "narrow the statement that is named, or tell the prefixes and what is shared in the pack's configuration.",
        isolation.breached,
        isolation.OPTIONS,
    ),
    StackRule(
        "not-judged",
        WARNING,
        "Something that decides who reads which secret could not be judged.",
        "give the document as text that is known at preview, in the stack that uses it.",
        isolation.undecided,
        isolation.OPTIONS,
    ),
)
