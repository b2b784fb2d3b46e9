"""Which pattern serves a team's secrets: a pure function of what the team says.

What excludes a pattern is asked before what makes one convenient, and etcd before scale: a small team of a regulated
firm may not keep secrets in etcd either.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ..errors import NoPattern
from .catalogue import PATTERNS, Pattern, Traits
from .situation import Reads, SecretKind, Situation, Vault, member

FEW_PODS = 50
"""Below, Kubernetes Secrets are easily seen over."""
STATIC = frozenset({SecretKind.DATABASE_URL, SecretKind.SERVICE_ENDPOINT, SecretKind.OAUTH_CLIENT_ID})
"""Worth little alone, and rarely changed."""


@dataclass(frozen=True)
class Alternative:
    """Another pattern that breaks nothing of what was said."""

    pattern: Pattern
    when: str
    """When it is the better choice."""


@dataclass(frozen=True)
class Recommendation:
    """A pattern for one kind of secret."""

    secret: SecretKind
    pattern: Pattern
    reasons: tuple[str, ...]
    """Why this one, in the order in which it was decided."""
    gives_up: tuple[str, ...]
    """What is lost by it."""
    next_steps: tuple[str, ...]
    """How to begin."""
    alternatives: tuple[Alternative, ...]
    """Others that would do."""


def recommend(situation: Situation, secret: SecretKind | str = SecretKind.DATABASE_PASSWORD) -> Recommendation:
    """Return the pattern for a kind of secret. Raises InvalidAnswer, and NoPattern where nothing meets all of it."""
    kind = member(SecretKind, "secret", secret)
    if kind is SecretKind.FEATURE_FLAGS:
        return _of(
            Pattern.CONFIG_MAP, situation, kind, ("it is no secret, so nothing is lost where all may read it",), ()
        )
    reasons: list[str] = []
    left = _left(situation, reasons)
    keep_out = _keep_out_of_etcd(situation, kind, left, reasons)
    if keep_out:
        left = [pattern for pattern in left if not PATTERNS[pattern].is_in_etcd]
    pattern, why = _choose(situation, kind, left)
    return _of(pattern, situation, kind, (*reasons, why), left)


def recommend_all(
    situation: Situation, secrets: Collection[SecretKind | str] = tuple(SecretKind)
) -> list[Recommendation]:
    """Return the pattern for each kind of secret, as most teams need several patterns."""
    return [recommend(situation, secret) for secret in secrets]


def _excluding(situation: Situation) -> Mapping[str, Callable[[Traits], bool]]:
    """Return what was said that excludes patterns, by how it is said, each with the patterns that it leaves.

    The order is that of the questions: etcd first.
    """
    several = len(situation.vaults) > 1
    said: dict[str, tuple[bool, Callable[[Traits], bool]]] = {
        "secrets may not be in etcd": (not situation.may_be_in_etcd, lambda traits: not traits.is_in_etcd),
        "no namespace may read another's secrets": (situation.isolates_namespaces, lambda traits: traits.isolates),
        "there is no vault": (not situation.vaults, lambda traits: not traits.needs_vault),
        f"applications read {situation.reads}": (
            situation.reads is not Reads.CODE,
            lambda traits: situation.reads in traits.serves,
        ),
        "the applications are in several languages": (situation.polyglot, lambda traits: traits.serves_any_language),
        "the secrets are in several vaults": (several, lambda traits: traits.is_for_several_vaults),
        f"the vault is {', '.join(sorted(situation.vaults))}": (
            bool(situation.vaults),
            lambda traits: set(situation.vaults) <= traits.vaults,
        ),
        "pods take no further container": (not situation.takes_sidecar, lambda traits: not traits.is_container),
        "only what the vendor supports may run": (
            situation.vendor_supported,
            lambda traits: traits.is_vendor_supported,
        ),
    }
    return {text: leaves for text, (holds, leaves) in said.items() if holds}


def _left(situation: Situation, reasons: list[str]) -> list[Pattern]:
    """Return the patterns that break nothing of what was said, and add why others are out."""
    left: list[Pattern] = [pattern for pattern in Pattern if pattern is not Pattern.CONFIG_MAP]
    for text, leaves in _excluding(situation).items():
        out = [pattern for pattern in left if not leaves(PATTERNS[pattern])]
        left = [pattern for pattern in left if pattern not in out]
        if out:
            reasons.append(f"{text}, which excludes {_names(out)}")
        if not left:
            raise NoPattern(f"no pattern is left: {'; '.join(reasons)}; give up one of these, or {_way_out(situation)}")
    return left


def _way_out(situation: Situation) -> str:
    """Return what would open a way that does not weaken anything."""
    if not situation.vaults:
        return "set up a vault: OpenBao runs in a cluster of its own"
    return "let the application read a file or ask by HTTP: an environment without etcd has no secret in it"


def _keep_out_of_etcd(situation: Situation, kind: SecretKind, left: list[Pattern], reasons: list[str]) -> bool:
    """Tell whether this secret stays out of etcd though others may be there."""
    if kind is not SecretKind.ENCRYPTION_KEY or all(PATTERNS[pattern].is_in_etcd for pattern in left):
        return False
    if situation.may_be_in_etcd:
        reasons.append(
            "an encryption key opens all that it encrypted, so it stays out of etcd, with a trail of each read"
        )
    return True


def _choose(situation: Situation, kind: SecretKind, left: list[Pattern]) -> tuple[Pattern, str]:
    """Return the first rule's pattern that is left. What makes a pattern convenient is asked here, and scale last."""
    return next((pattern, why) for holds, pattern, why in _rules(situation, kind) if holds and pattern in left)


def _rules(situation: Situation, kind: SecretKind) -> list[tuple[bool, Pattern, str]]:
    is_static = kind in STATIC
    one_language = not situation.polyglot
    few_pods = situation.pods < FEW_PODS
    return [
        (
            situation.simplicity,
            Pattern.KUBERNETES_SECRET,
            "it may be in etcd, all who have the cluster may read it, and nothing is simpler",
        ),
        (is_static, Pattern.KUBERNETES_SECRET, "it may be in etcd, is worth little alone, and rarely changes"),
        (
            few_pods and not situation.declarative,
            Pattern.KUBERNETES_SECRET,
            f"it may be in etcd, and in fewer than {FEW_PODS} pods it is easily seen who has it",
        ),
        (
            situation.declarative,
            Pattern.EXTERNAL_SECRETS,
            "it may be in etcd, and what there is stays in Git as manifests, while the vault has the value",
        ),
        (
            situation.reads is Reads.FILES,
            Pattern.CSI_DRIVER,
            "the driver mounts files from the vault with the pod's identity, and nothing is in etcd",
        ),
        (
            one_language and (situation.uses_sdk or situation.may_be_in_etcd),
            Pattern.NATIVE_SDK,
            "one language and one vault: a server between the application and its vault would add nothing",
        ),
        (
            True,
            Pattern.SIDECAR,
            "the vault decides by namespace, any language asks by HTTP, and a read is never older than its request",
        ),
        (True, Pattern.VENDOR_AGENT, "any language asks it, and the vendor supports it"),
        (
            True,
            Pattern.SHARED_SERVICE,
            "pods take no sidecar, and callers send their own tokens: the vault still decides by namespace",
        ),
        (True, Pattern.CSI_DRIVER, "the vendor supports it, any language reads its files, and none is in etcd"),
        (True, Pattern.EXTERNAL_SECRETS, "it may be in etcd, and the vault has the value"),
        (True, Pattern.KUBERNETES_SECRET, "it may be in etcd, and there is no vault"),
    ]


def _of(
    pattern: Pattern, situation: Situation, kind: SecretKind, reasons: tuple[str, ...], left: Collection[Pattern]
) -> Recommendation:
    traits = PATTERNS[pattern]
    vaults = [vault for vault in Vault if vault in situation.vaults]
    return Recommendation(
        secret=kind,
        pattern=pattern,
        reasons=reasons,
        gives_up=(*traits.gives_up, *_unmet(pattern, situation, kind)),
        next_steps=(*(traits.by_vault[vault] for vault in vaults if vault in traits.by_vault), *traits.next_steps),
        alternatives=tuple(Alternative(other, PATTERNS[other].fits) for other in left if other is not pattern),
    )


def _unmet(pattern: Pattern, situation: Situation, kind: SecretKind) -> list[str]:
    """Return what was wished for and is not had; a wish excludes no pattern."""
    unmet = []
    if situation.declarative and pattern in (Pattern.NATIVE_SDK, Pattern.VENDOR_AGENT, Pattern.SHARED_SERVICE):
        unmet.append("what secrets there are is in no manifest")
    if situation.simplicity and PATTERNS[pattern].needs_vault:
        unmet.append("identities and a vault are to be set up first: it is not the simplest")
    if situation.isolates_namespaces and PATTERNS[pattern].is_in_etcd:
        unmet.append("the vault's isolation ends at the copy, where RBAC has to be right")
    if kind is SecretKind.ENCRYPTION_KEY and PATTERNS[pattern].is_in_etcd:
        unmet.append("whoever reads the key opens all that it encrypted: let a key management service encrypt instead")
    return unmet


def _names(patterns: Collection[Pattern]) -> str:
    return ", ".join(PATTERNS[pattern].name for pattern in patterns)
