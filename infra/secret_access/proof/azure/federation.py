"""Who may become which identity: by federated credentials, and by bindings to an AKS cluster. Pure."""

from collections.abc import Mapping, Sequence

from ..preview import Resource
from .documents import BINDING, CREDENTIAL, IDENTITY, Stack, component_of, lower
from .identities import Identity, names_identity, of_credential, users_of_bindings
from .scopes import scope


def add_identities(stack: Stack, resources: Sequence[Resource]) -> None:
    """Add the identities, and who may become them: by federated credentials, or by bindings to an AKS cluster."""
    for each in stack.of(IDENTITY):
        name = each.text("resourceName") or each.name
        stack.identities.append(Identity(name, lower(each.text("resourceGroupName")), {each.urn, *component_of(each)}))
    for each in stack.of(CREDENTIAL):
        given = each.text("resourceName"), each.text("resourceGroupName")
        one = _identity(stack, each, "resourceName", *given)
        subject = each.text("subject") or "a subject that is in doubt"
        one.become.append((of_credential(each), f"federated credential {each.name}, which takes {subject}"))
    bound: list[tuple[Identity, str]] = []
    for each in stack.of(BINDING):
        properties = each.inputs.get("properties")
        managed = properties.get("managedIdentity") if isinstance(properties, Mapping) else None
        named = scope(str(managed.get("resourceId"))) if isinstance(managed, Mapping) else None
        where = (None, None) if named is None else (named.name, named.group)
        bound.append((_identity(stack, each, "properties", *where), f"identity binding {each.name}"))
    urns = {urn for one in stack.identities for urn in one.urns}
    for role, subjects, by in users_of_bindings(resources) if bound else ():
        for one, binding in bound:
            if names_identity(role, one, urns):
                one.become.append((subjects, f"{binding}, which {by} of ClusterRole {role.name} lets use"))


def _identity(stack: Stack, each: Resource, key: str, name: str | None, group: str | None) -> Identity:
    """Return the identity that a resource is about; one that is not of this stack is added."""
    for one in stack.identities:
        is_named = name is not None and one.name.lower() == name.lower() and lower(group) in (None, one.group)
        if is_named or one.urns & {*each.depends_on.get(key, ())}:
            one.urns |= {*component_of(each)}
            return one
    if name is None:
        stack.undecided.append(f"the identity of {each.name} is known only after `pulumi up`")
    stack.identities.append(Identity(name or f"of {each.name}", lower(group), {*component_of(each)}))
    return stack.identities[-1]
