"""Vault's roles, policies and identities in a stack, and which namespace gets what by them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..emptiness import Undecided, member
from ..isolation import Reach, Spelling, Verdict, judge
from ..preview import Resource
from ..strings import StringSet, union
from ..subjects import namespaces_among, spelled_out
from . import methods
from .documents import Stack, read
from .logins import Login, logins
from .mounts import ANOTHER, on_unknown_engine, spelling
from .policies import Path, of_caller, statement
from .rights import Rights
from .sessions import Doubted, Session, sessions

NOT_IN_THE_DOCUMENTS = (
    "roles, policies, entities and groups of other stacks",
    "the policy `default`, where a role leaves it on and the stack does not write it",
    "logins of people, such as by OIDC, LDAP or GitHub",
    "who holds the secret ids, passwords, certificates and tokens of other auth methods",
    "secrets engines other than KV",
)


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str] = ()) -> Verdict:
    """Return what Vault's documents among the resources let through; `prefixes` are those that are known."""
    roles = logins(resources)
    stack = read(resources)
    found, doubted = sessions(stack, resources, roles)
    named = {name for each in roles for name in each.named} | {
        name for each in found for name in spelled_out(each.subjects)
    }
    if not roles and not named:
        return Verdict("vault", {}, ())
    declared = {**{name: f"{name}/" for name in named}, **prefixes}
    judged = _Judged(stack, declared, shared, spelling(stack.mounts))
    reached: list[Reach] = []
    for session in found:
        try:
            reached += judged.reached(session)
        except Undecided as error:
            stack.undecided.append(f"{session.identity}: {error}")
    judged.say_doubts([*doubted, *(_chosen_by_labels(stack, each, declared) for each in roles if each.selector)])
    return judge(
        "vault",
        declared,
        reached,
        judged.spelling,
        shared=shared,
        undecided=tuple(dict.fromkeys(stack.undecided)),
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def _chosen_by_labels(stack: Stack, each: Login, declared: Mapping[str, str]) -> Doubted:
    """Return what further namespaces get by a role, those that have some labels: by templates, their own names."""
    paths = [*stack.paths_of(each.role, "tokenPolicies", f"role {each.name}"), *stack.default_of(each.role)]
    firsts = {prefix.partition("/")[0] for prefix in declared.values()}
    keys = each.namespace_keys if firsts <= {*declared} else ()
    filled = of_caller(paths, keys, ANOTHER.removesuffix("/"))
    why = f"which namespaces have {each.selector} is not among the documents"
    return Doubted(f"role {each.name}", tuple(filled), why, own=ANOTHER)


@dataclass
class _Judged:
    """What sessions are judged by."""

    stack: Stack
    declared: Mapping[str, str]
    shared: Sequence[str]
    spelling: Spelling

    def reached(self, session: Session) -> Iterator[Reach]:
        """Yield what each namespace gets by a session, and note what is not known of it; raises Undecided."""
        plain = Rights(session.found, self.stack.mounts)
        is_filled = of_caller(session.found, session.keys, "a") != [*session.found]
        asked = {*self.declared}
        if is_filled:  # a namespace that nobody declared may be named as the first part of another's prefix
            asked |= {prefix.partition("/")[0] for prefix in self.declared.values()}
        doubts: dict[str, None] = {}
        for namespace, subject in namespaces_among(session.subjects, asked):
            paths = tuple(of_caller(session.found, session.keys, namespace)) if is_filled else session.found
            rights = Rights(paths, self.stack.mounts) if is_filled else plain
            may_use = rights.allowed
            if is_filled and namespace not in self.declared:
                may_use -= self._undeclared(namespace)
            doubts |= dict.fromkeys(self._doubts(paths, self.declared.get(namespace)))
            yield Reach(namespace, session.identity, may_use, partial(_why, f"{session.lets_in} {subject}", rights))
        self.stack.undecided += [f"{session.identity} {each}" for each in doubts]

    def say_doubts(self, doubted: Sequence[Doubted]) -> None:
        """Note the policies that matter and of which nobody knows whose they are."""
        for each in doubted:
            try:
                if (path := self._value(each)) is not None:
                    by = Rights(each.found, self.stack.mounts).why(path)
                    self.stack.undecided.append(f"{each.what} may use {path} by {by}: {each.why}")
            except Undecided as error:
                self.stack.undecided.append(f"{each.what}: {error}")

    def _doubts(self, found: Sequence[Path], own: str | None) -> Iterator[str]:
        """Yield what is not known of the rights that some paths give."""
        prefixes = [each for each in self.declared.values() if each not in self.shared]
        path = member(on_unknown_engine(found, self.stack.mounts, own, prefixes, self.shared))
        if path is not None:
            yield (
                f"may use {path} by {statement(found, path)}: no document says which engine is there; "
                "make its mount in this program (vault.Mount), or name it by MOUNT/data/"
            )
        for path in methods.unknown_token_roles(found, self.stack.token_roles):
            yield f"may create tokens by {path}: its token role is not among the documents"
        for path in methods.minted(found, self.stack.minting):
            yield f"may get tokens of ServiceAccounts by {path}: whose is not judged"

    def _value(self, doubted: Doubted) -> str | None:
        """Return a path by which somebody may get what is not everybody's, with a credential a namespace's secrets."""
        rights = Rights(doubted.found, self.stack.mounts)
        if rights.taken is not None:
            return rights.taken
        matters = union(map(self.spelling.under, self.declared.values() if doubted.has_credential else [""]))
        everybodys = union(map(self.spelling.under, [*self.shared, *([doubted.own] if doubted.own else [])]))
        path = member((rights.allowed & matters) - everybodys)
        if path is None:
            known = self.stack.mounts, doubted.own, [*self.declared.values()], self.shared
            unknown = on_unknown_engine(doubted.found, *known)
            path = member(unknown)
        return path

    def _undeclared(self, namespace: str) -> StringSet:
        """The names of a namespace that nobody declared: those under its name that are under no declared prefix."""
        return self.spelling.under(f"{namespace}/") - union(map(self.spelling.under, self.declared.values()))


def _why(lets_in: str, rights: Rights, path: str) -> tuple[str, ...]:
    return lets_in, rights.why(path)
