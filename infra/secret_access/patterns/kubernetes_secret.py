"""A Kubernetes Secret, for what may be in etcd."""

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..checks import invalid
from ..inputs import children_of, is_plain
from . import secret_objects, secret_type
from .secret_type import SecretType

MOST_BYTES = 1024 * 1024
"""Of all values together (Kubernetes, "Secrets", "Restriction on Secret data size")."""
HIDDEN = "a value that is not shown"
FIX = "mark it as secret where it comes from: require_secret of the configuration, or pulumi config set --secret"


class KubernetesSecretArgs(TypedDict):
    """Arguments of KubernetesSecret."""

    namespace: pulumi.Input[str]
    """The namespace, which must exist. Example: `test`."""
    values: Mapping[str, pulumi.Input[str]]
    """The values, by key, each a secret Output: a text in the program, and an Output that is not secret, are refused.
    Example: `{"url": config.require_secret("databaseUrl")}`."""
    secret_name: NotRequired[pulumi.Input[str]]
    """Name of the Secret. Default: the component's name. Example: `database`."""
    type: NotRequired[SecretType]
    """Type of the Secret, whose keys it must have. Default: `Opaque`. Example: `kubernetes.io/tls`."""
    immutable: NotRequired[bool]
    """Kubernetes refuses changes, and kubelets do not watch the Secret: a change of the program replaces it, and pods
    have the new value after a restart. Default: false."""
    labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the Secret. Default: none. Example: `{"team": "a"}`."""


class KubernetesSecret(pulumi.ComponentResource):
    """A Secret whose values are in etcd, and encrypted in Pulumi's state.

    For what may be there: credentials of low value that rarely change, in a cluster whose administrators may all read
    them. Use a ConfigMap for values that are not secret, such as a feature flag.

    It gives up, against the sidecar:

    - the values are in etcd and its backups; the cluster has to encrypt them at rest
    - a person who may get, list or watch Secrets of the namespace, or create pods there, has them: the boundary is the
      cluster's RBAC, and one RoleBinding too many opens all of them
    - they are in Pulumi's state too, encrypted with the stack's key: a person who can decrypt the stack can read them
    - they are not rotated: a new value needs an `up`, and a restart of pods that have it in their environment
    - no vault has a trail of who read them; the cluster's audit log has the reads through its API alone
    """

    namespace: pulumi.Output[str]
    """The namespace."""
    secret_name: pulumi.Output[str]
    """Name of the Secret, known once it is there."""

    def __init__(self, name: str, args: KubernetesSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"KubernetesSecret {name!r}"
        given = Arguments(where, args, KubernetesSecretArgs)
        namespace = given.take("namespace", checks.namespace)
        secret_name = given.take("secret_name", partial(secret_objects.object_name, "secret_name"), name)
        kind = given.plain("type", secret_type.secret_type, SecretType.OPAQUE)
        values = given.plain("values", partial(_values, kind), {}, by_name=True)
        immutable = given.plain("immutable", partial(checks.flag, "immutable"), False)
        labels = given.take("labels", checks.labels, {})
        data: Any = _data(given, values)  # the SDK marks it as secret, as an input and as an output
        super().__init__("secret-access:index:KubernetesSecret", name, {}, opts)
        child = children_of(self, opts)

        self.namespace = secret_objects.admitted(name, where, namespace, child)
        metadata: Any = {
            "name": secret_name,
            "namespace": self.namespace,
            **({"labels": labels} if "labels" in given else {}),
        }
        secret = k8s.core.v1.Secret(
            f"{name}-secret",
            metadata=metadata,
            type=str(kind),
            data=data,
            immutable=True if immutable else None,
            opts=child,
        )
        self.secret_name = secret.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"namespace": self.namespace, "secretName": self.secret_name})


def _values(kind: SecretType, given: object) -> dict[str, Any]:
    """Return the values by key; which keys there are is known at once, and the values are not looked at yet."""
    if not isinstance(given, Mapping):
        raise invalid("values", HIDDEN, 'secret Outputs by key, such as {"url": config.require_secret("url")}', FIX)
    secret_type.keys(kind, list(given))
    for key, value in given.items():
        if is_plain(value):
            expected = "a secret Output: a text in the program is in its repository, and in every build that has it"
            raise invalid(f"values of {key!r}", HIDDEN, expected, FIX)
    return dict(given)


def _data(given: Arguments, values: Mapping[str, Any]) -> pulumi.Input[dict[str, str]]:
    """Return `data` of the Secret, once it is known of each value whether it is secret."""
    known = {
        key: pulumi.Output.all(pulumi.Output.from_input(value), _is_secret(value)) for key, value in values.items()
    }
    return given.check(_encoded, known)


def _is_secret(value: Any) -> pulumi.Output[bool]:
    return pulumi.Output.from_input(pulumi.Output.from_input(value).is_secret())


def _encoded(known: Mapping[str, Any]) -> dict[str, str]:
    """Return values as the API has them; messages never show one."""
    data = {}
    for key, (value, is_secret) in known.items():
        if not is_secret:
            expected = "a secret Output: this one is in Pulumi's state as plain text already, where it comes from"
            raise invalid(f"values of {key!r}", HIDDEN, expected, FIX)
        if not isinstance(value, str):
            raise invalid(f"values of {key!r}", HIDDEN, "a text", "encode what is no text, such as in JSON")
        data[key] = base64.b64encode(value.encode()).decode()
    size = sum(len(value) * 3 // 4 for value in data.values())
    if size > MOST_BYTES:
        raise invalid("values", f"{size} bytes", f"at most {MOST_BYTES}", "keep large files in the vault")
    return data
