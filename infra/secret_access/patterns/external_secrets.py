"""Copies of a namespace's secrets in etcd, kept by the External Secrets Operator with the namespace's own identity."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from ..arguments import Arguments, shown
from ..checks import invalid
from ..inputs import children_of, lift, output
from . import external_manifests as manifests
from . import secret_objects, secret_type
from .external_manifests import DeletionPolicy
from .external_store import ExternalStore
from .secret_type import SecretType

WAIT = {"pulumi.com/waitFor": "condition=Ready"}
"""`up` waits for the vault's answer, and fails with the operator's reason, as Pulumi's Kubernetes plugin does it."""
EXAMPLE = '{"database": {"keys": {"password": {"name": "database-password"}}}}'
MOST_WAIT = "2m"


class ExternalSecretKey(TypedDict):
    """Where a key of a Secret has its value from."""

    name: pulumi.Input[str]
    """The secret in the vault, under the namespace's prefix. Example: `database-password`."""
    field: NotRequired[pulumi.Input[str]]
    """One field of a secret that is a JSON object. Default: the whole secret; in Vault, whose secrets are maps, the
    field `value`. Example: `password`."""


class SyncedSecret(TypedDict):
    """A Secret that the operator keeps."""

    keys: Mapping[str, ExternalSecretKey]
    """The keys of the Secret. Example: `{"password": {"name": "database-password"}}`."""
    type: NotRequired[SecretType]
    """Type of the Secret, whose keys it must have. Default: `Opaque`. Example: `kubernetes.io/tls`."""


class ExternalSecretAccessArgs(TypedDict):
    """Arguments of ExternalSecretAccess."""

    store: pulumi.Input[ExternalStore]
    """The vault and the identity by which it is read: the output `external_store` of the namespace's access component,
    which has `external_secrets`. Example: `access.external_store`."""
    secrets: Mapping[str, SyncedSecret]
    """The Secrets, by name. Example: `{"database": {"keys": {"password": {"name": "database-password"}}}}`."""
    store_name: NotRequired[pulumi.Input[str]]
    """Name of the SecretStore. Default: the component's name. Example: `vault`."""
    refresh_seconds: NotRequired[pulumi.Input[int]]
    """Seconds between two reads of the vault, 10 to 86400. Each is a call for each key. Default: 300."""
    deletion_policy: NotRequired[pulumi.Input[DeletionPolicy]]
    """What becomes of a Secret when its secret in the vault is deleted: `Delete` or `Retain`. Default: `Delete`."""
    ca_bundle: NotRequired[pulumi.Input[str]]
    """Certificates in PEM that Vault's own is verified with. Default: those of the operator's system."""


class ExternalSecretAccess(pulumi.ComponentResource):
    """Secrets of one namespace, copied from its vault into etcd by the External Secrets Operator.

    For applications that read Kubernetes Secrets and cannot be changed, where the secrets may be in etcd. Makes a
    SecretStore that reads with the namespace's own identity, and an ExternalSecret for each Secret; never a
    ClusterSecretStore, whose one identity reads for every namespace. The operator must be installed. The vault still
    decides by namespace: `up` fails where it refuses a new one, and the ExternalSecret's events have the vault's own
    words.

    It gives up, against the sidecar:

    - the values are in etcd and its backups; the cluster has to encrypt them at rest
    - a person who may get, list or watch Secrets of the namespace, or create pods there, has them; the vault's trail
      shows the operator's reads alone
    - a rotation arrives after `refresh_seconds` at most, and reaches a pod's environment at its restart only
    - a right that is revoked in the vault stops the copying; the copy stays until it is deleted
    - the operator may create tokens of every ServiceAccount and read every Secret: who controls it, or may create pods
      in its namespace, is every identity of the cluster
    - a person who may create SecretStores in the namespace may read with any ServiceAccount there, and by one without
      `auth` with the operator's own identity: give the operator none
    - a ClusterSecretStore that exists in the cluster serves this namespace's ExternalSecrets too
    """

    namespace: pulumi.Output[str]
    """The namespace."""
    store_name: pulumi.Output[str]
    """Name of the SecretStore."""
    secret_names: pulumi.Output[list[str]]
    """Names of the Secrets, known once the operator has made them."""

    def __init__(self, name: str, args: ExternalSecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"ExternalSecretAccess {name!r}"
        given = Arguments(where, args, ExternalSecretAccessArgs, example='{"store": access.external_store, …}')
        store = given.check(partial(manifests.own_store, ExternalStore.__annotations__), given.get("store"))
        ca_bundle = given.get("ca_bundle")
        spec: Any = given.check(manifests.store_spec, store, ca_bundle)
        store_name = given.take("store_name", partial(secret_objects.object_name, "store_name"), name)
        refresh = given.take("refresh_seconds", manifests.refresh_seconds, 300)
        deletion = given.take("deletion_policy", manifests.deletion_policy, DeletionPolicy.DELETE)
        synced = given.plain("secrets", _by_name, {}, by_name=True)
        common = (store_name, refresh, deletion)
        specs = {secret: _spec(given, store, secret, asked, *common) for secret, asked in synced.items()}
        super().__init__("secret-access:index:ExternalSecretAccess", name, {}, opts)
        child = children_of(self, opts)

        # Nothing is made before all of it is known to be right
        namespace = lift(_namespace, store, spec, list(specs.values()))
        self.namespace = secret_objects.admitted(name, where, namespace, child)
        made = k8s.apiextensions.CustomResource(
            f"{name}-store",
            api_version=manifests.API_VERSION,
            kind="SecretStore",
            metadata={"name": store_name, "namespace": self.namespace, "annotations": WAIT},
            spec=spec,
            opts=pulumi.ResourceOptions.merge(child, _waiting()),
        )
        secrets = [
            k8s.apiextensions.CustomResource(
                f"{name}-secret/{secret}",
                api_version=manifests.API_VERSION,
                kind="ExternalSecret",
                metadata={"name": secret, "namespace": self.namespace, "annotations": WAIT},
                spec=specs[secret],
                opts=pulumi.ResourceOptions.merge(child, _waiting(made)),
            )
            for secret in synced
        ]
        self.store_name = output(store_name)
        complete = pulumi.Output.all(*(secret.id for secret in secrets))
        self.secret_names = complete.apply(lambda _: list(synced))
        self.register_outputs(
            {"namespace": self.namespace, "storeName": self.store_name, "secretNames": self.secret_names}
        )


def _waiting(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(
        depends_on=list(needed), custom_timeouts=pulumi.CustomTimeouts(create=MOST_WAIT, update=MOST_WAIT)
    )


def _namespace(store: Mapping[str, Any], *_: object) -> str:
    return str(store["namespace"])


def _by_name(given: object) -> dict[str, Any]:
    """Return what is asked of each Secret, by its name; which there are decides what is made."""
    if not isinstance(given, Mapping) or not given:
        raise invalid("secrets", shown(given), f"Secrets by name, such as {EXAMPLE}", "name one at least")
    return {secret_objects.object_name("secrets", name): asked for name, asked in given.items()}


def _spec(given: Arguments, store: Any, secret: str, *values: Any) -> Any:
    """Return `spec` of an ExternalSecret, whose messages name the Secret."""

    def spec(
        store: Mapping[str, Any], asked: object, store_name: str, refresh: int, deletion: DeletionPolicy
    ) -> manifests.Manifest:
        if not isinstance(asked, Mapping) or not isinstance(asked.get("keys"), Mapping):
            raise invalid(f"secrets of {secret!r}", asked, f"keys, and perhaps a type, such as {EXAMPLE}", "add keys")
        kind = secret_type.secret_type(asked.get("type") or SecretType.OPAQUE)
        return manifests.secret_spec(
            store_name=store_name,
            name=secret,
            kind=kind,
            keys={
                key: manifests.source(store, asked["keys"][key]) for key in secret_type.keys(kind, list(asked["keys"]))
            },
            refresh_seconds=refresh,
            deletion=deletion,
        )

    return given.check(spec, store, *values)
