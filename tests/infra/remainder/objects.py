"""Objects of RBAC, as short as tests want them."""

from collections.abc import Iterable, Sequence
from typing import Any

from secret_access.remainder.grants import Rbac
from secret_access.remainder.opening import Identity, OpenWay
from secret_access.remainder.operators import Operators
from secret_access.remainder.rules import Right
from secret_access.remainder.scan import Cluster, scan
from secret_access.remainder.ways import CLIENT_SIGNER, Clause, Named, Way

Object = dict[str, Any]
SHOP = Identity("shop", "secret-access")


def role(name: str, *rights: Right, namespace: str = "", names: Sequence[str] = ()) -> Object:
    """A Role, or a ClusterRole where no namespace is given, with a rule for each right."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    limit = {"resourceNames": list(names)} if names else {}
    rules = [
        {"verbs": [right.verb], "apiGroups": [right.group], "resources": [right.resource], **limit} for right in rights
    ]
    return {"metadata": metadata, "rules": rules}


def user(name: str) -> Object:
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def group(name: str) -> Object:
    return {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def account(namespace: str, name: str) -> Object:
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def binding(name: str, of: str, *subjects: Object, namespace: str = "", kind: str = "ClusterRole") -> Object:
    """A RoleBinding, or a ClusterRoleBinding where no namespace is given."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"metadata": metadata, "roleRef": {"kind": kind, "name": of}, "subjects": list(subjects)}


def rbac(*objects: Object) -> Rbac:
    """Roles and bindings, told apart by what they have."""

    def chosen(key: str, *, namespaced: bool) -> list[Object]:
        return [each for each in objects if key in each and ("namespace" in each["metadata"]) == namespaced]

    return Rbac(
        chosen("rules", namespaced=True),
        chosen("rules", namespaced=False),
        chosen("roleRef", namespaced=True),
        chosen("roleRef", namespaced=False),
    )


def scanned(
    *objects: Object,
    identities: Iterable[Identity] = (SHOP,),
    enforced: Iterable[str] = ("shop", "other"),
    minor: int = 36,
    on_node: Iterable[str] = (),
    operators: Operators | None = None,
    has_aws_auth: bool = False,
) -> list[OpenWay]:
    """What a scan finds; every namespace enforces Pod Security unless the test says otherwise."""
    return scan(
        Cluster(
            rbac(*objects),
            tuple(identities),
            frozenset(enforced),
            minor,
            on_node=tuple(on_node),
            operators=operators or Operators(),
            has_aws_auth=has_aws_auth,
        )
    )


def names_for(clause: Clause) -> Sequence[str]:
    """A limit of names that still opens the way, if one does."""
    match clause.named:
        case Named.NONE:
            return ()
        case Named.ANY:
            return ("x",)
        case Named.ACCOUNT:
            return (SHOP.service_account,)
        case Named.NAMESPACE:
            return (SHOP.namespace,)
        case Named.SIGNER:
            return (CLIENT_SIGNER[0],)
        case Named.API:
            return ("v1.apps",)
        case _:
            raise AssertionError(clause)  # of no way that WAYS has


def one_of_each(way: Way) -> list[Right]:
    """One right of each clause."""
    return [clause.rights[0] for clause in way.clauses]
