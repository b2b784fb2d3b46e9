"""Vault's policies in a stack, which Vault namespace each resource is in, and whose policies are which. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import DocumentError
from ..preview import UNKNOWN, Resource
from .methods import MINTING, TOKEN_ROLE
from .mounts import Mounts, mounts
from .policies import Path, paths

POLICY = "vault:index/policy:Policy"
PROVIDER = "pulumi:providers:vault"
DEFAULT = "default"


@dataclass
class Stack:
    """What the documents tell; `undecided` is what they do not."""

    providers: Mapping[str, Resource]
    """By URN."""
    policies: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    """By the Vault namespace and their name, in lower case."""
    unread: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why the text of a policy was not read, by the policy's key: it matters where somebody has the policy."""
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The key of each policy, by its URN."""
    mounts: Mounts = field(default_factory=lambda: Mounts({}, frozenset()))
    token_roles: list[tuple[str, Resource]] = field(default_factory=list)
    """Each with its Vault namespace, as those that mint."""
    minting: list[tuple[str, Resource]] = field(default_factory=list)
    """Roles of the engine that hands out tokens of ServiceAccounts."""
    undecided: list[str] = field(default_factory=list)

    def where(self, each: Resource) -> str:
        """Return the Vault namespace of a resource, closed by `/`; empty for the one without a name.

        That of the resource is below that of its provider (Vault provider, "Namespace support"). A path in a policy
        begins in the policy's namespace, and may go on into those below it.
        """
        provider = self.providers.get(each.provider.rpartition("::")[0])
        parts = []
        for one in (provider, each):
            if one is not None and one.is_pending("namespace"):
                self.undecided.append(f"the Vault namespace of {each.name} is known only after `pulumi up`")
            text = None if one is None else one.text("namespace")
            parts += [text.strip("/")] if text else []
        return "".join(f"{part}/" for part in parts)

    def paths_of(self, each: Resource, key: str, named: str) -> list[Path]:
        """Return the paths of the policies that a resource lists; say which are not among the documents."""
        given = each.inputs.get(key) or []
        names = [str(one) for one in (given if isinstance(given, list) else [given])]
        computed = [self.keys[urn] for urn in each.depends_on.get(key, ()) if urn in self.keys]
        return self.paths_by_name(self.where(each), names, named, computed)

    def paths_by_name(
        self, where: str, names: Iterable[str], named: str, computed: Sequence[tuple[str, str]] = ()
    ) -> list[Path]:
        """Return the paths of policies of a Vault namespace; `computed` are those in the place of unknown names."""
        found: list[Path] = []
        for name in dict.fromkeys(names):
            if UNKNOWN in name and computed:
                found += [path for key in computed for path in self._policy(key) or ()]
            elif (policy := self._policy((where, name.lower()))) is not None:
                found += policy
            elif UNKNOWN in name:
                self.undecided.append(f"{named} has a policy that is known only after `pulumi up`")
            elif name != DEFAULT:
                self.undecided.append(f"{named} has the policy {name}, which is not among the documents")
        return found

    def default_of(self, each: Resource) -> list[Path]:
        """Return the paths of the policy `default`, where the stack writes it and a resource leaves it on."""
        is_off = each.inputs.get("tokenNoDefaultPolicy") is True or each.inputs.get("noDefaultPolicy") is True
        return [] if is_off else self._policy((self.where(each), DEFAULT)) or []

    def _policy(self, key: tuple[str, str]) -> list[Path] | None:
        """Return the paths of a policy that somebody has, None if there is none; say why it was not read."""
        if key in self.unread:
            self.undecided.append(self.unread[key])
        return self.policies.get(key)


def read(resources: Sequence[Resource]) -> Stack:
    """Return the policies, and where engines are mounted."""
    stack = Stack({each.urn: each for each in resources if each.type == PROVIDER})
    for each in resources:
        if each.type == POLICY:
            _add_policy(stack, each)
        elif each.type == TOKEN_ROLE:
            stack.token_roles.append((stack.where(each), each))
        elif each.type == MINTING:
            stack.minting.append((stack.where(each), each))
    every = [path for policy in stack.policies.values() for path in policy]
    stack.mounts = mounts(resources, every, stack.where, stack.undecided)
    return stack


def _add_policy(stack: Stack, each: Resource) -> None:
    name, text, where = each.text("name") or each.name, each.text("policy"), stack.where(each)
    key = where, name.lower()
    stack.keys[each.urn] = key
    stack.policies[key] = []
    if text is None:
        stack.unread[key] = f"the policy {name} is known only after `pulumi up`"
        return
    try:
        stack.policies[key] = [replace(path, path=f"{where}{path.path}", where=where) for path in paths(name, text)]
    except DocumentError as error:
        stack.unread[key] = str(error)
