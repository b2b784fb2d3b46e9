"""AWS's documents evaluated: what each namespace may use by the roles that it gets. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..emptiness import Undecided
from ..isolation import Reach, Verdict, judge
from ..preview import Resource
from . import cluster_access, cluster_groups, in_doubt, nodes, other_provider, sessions
from .chains import Session
from .elsewhere import Elsewhere, elsewhere
from .secrets import EXAMPLE, spelling
from .stack import Stack, read

NOT_IN_THE_DOCUMENTS = (
    "resource policies of secrets and keys",
    "service and resource control policies of the organization",
    "policies that other stacks or people attach, and roles of theirs that pods or these roles may assume",
    "roles of nodes that other stacks make, and pods on a node's own network, which reach its metadata service",
)
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:")


def evaluate(
    resources: Sequence[Resource], prefixes: Mapping[str, str] | None = None, shared: Sequence[str] = ()
) -> Verdict:
    """Return what AWS's documents among the resources let through.

    `prefixes` are those that are known beside what the components declare. Raises DocumentError.
    """
    stack = read(resources)
    stack.undecided += (unread_here := list(other_provider.not_judged(resources)))
    declared = {**stack.prefixes, **(prefixes or {})}
    of_pods = [*sessions.by_tokens(stack, set(declared)), *sessions.by_associations(stack)]
    is_about_pods = bool(declared or of_pods) or not all(role.trust for role in stack.roles.values())
    instances = nodes.instances(stack, resources)
    of_nodes = [
        session
        for urn, each in instances.items()
        if each.by_pods
        for session in sessions.by_nodes(stack.roles[urn], each.trust, set(declared))
    ]
    first = [*of_pods, *of_nodes]
    reached = _reached(stack, had := [*first, *sessions.by_chains(stack, first)])
    reached += cluster_access.by_pods(stack, resources, had, tuple(reached))
    reached += cluster_groups.by_groups(stack, resources, had, set(instances))
    if not is_about_pods and not any(in_doubt.may_use(each.allowed, shared) for each in reached):
        return Verdict("aws", {}, (), tuple(unread_here), not_in_documents=NOT_IN_THE_DOCUMENTS)
    of_instances = [urn for urn, each in instances.items() if each.by_pods is None]
    stack.undecided += in_doubt.of_instances(stack, of_instances, shared)
    handed_out = in_doubt.handed_out(stack)
    stack.undecided += in_doubt.of_services(stack, handed_out, shared)
    stack.undecided += in_doubt.of_users(resources, shared)
    for urn in dict.fromkeys([*(each.role for each in had), *of_instances, *handed_out]):
        stack.undecided += stack.roles[urn].undecided
    beside = _elsewhere(stack, had)
    verdict = judge(
        "aws",
        declared,
        reached,
        spelling(_where(stack)),
        shared=shared,
        undecided=list(dict.fromkeys([*stack.undecided, *beside.undecided])),
        not_in_documents=(
            *NOT_IN_THE_DOCUMENTS,
            *(f"the trust and the rights of {arn}, which EKS assumes for {who}" for arn, who in beside.targets.items()),
        ),
    )
    readable = set(beside.targets.values())
    return replace(verdict, unreadable=tuple(each for each in verdict.unreadable if each not in readable))


def _reached(stack: Stack, had: Sequence[Session]) -> list[Reach]:
    found: list[Reach] = []
    for each in had:
        try:
            found.append(_reach(each))
        except Undecided as error:
            stack.undecided.append(f"rights of role {each.name}: {error}")
    return found


def _reach(session: Session) -> Reach:
    def why(arn: str) -> tuple[str, ...]:
        action, statement = session.rights.why(arn)
        return *session.lets_in, f"{statement} ({action})"

    return Reach(session.namespace, f"role {session.name}", session.rights.any_allowed, why)


def _elsewhere(stack: Stack, had: Sequence[Session]) -> Elsewhere:
    try:
        return elsewhere(had, list(stack.roles.values()))
    except Undecided as error:
        return Elsewhere([f"roles that are not among the documents: {error}"])


def _where(stack: Stack) -> str:
    """Return the part of ARNs before the name, as the policies spell it."""
    for role in stack.roles.values():
        for statement in role.policies:
            for resource in statement.resources:
                if found := _ARN.match(resource):
                    return found[0]
    return EXAMPLE
