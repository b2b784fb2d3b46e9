"""The stand-in for the kubernetes provider plugin: server-side apply of any kind, awaited; dry runs in previews.

https://www.pulumi.com/registry/packages/kubernetes/
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import provider_pb2

from local.standins import kube_messages, live_inputs, rollout
from local.standins.changes import answer, under
from local.standins.errors import ApiError, Cancelled, KubeconfigError, NotReady, Refused, RolloutFailed, TimedOut
from local.standins.kube_client import Client
from local.standins.kube_objects import id_of, immutable, kind_of, manager_of, said, sealed, state_of, trimmed, without
from local.standins.kubeconfig import Access, access
from local.standins.protocol import UNKNOWN, Properties, has_unknown, name_of, type_of
from local.standins.provider import Live, Provider, run
from local.standins.schema import Failure

CONFIG = {
    "cluster",
    "clusterIdentifier",
    "context",
    "enableConfigMapMutable",
    "enablePatchForce",
    "enableSecretMutable",
    "enableServerSideApply",
    "kubeconfig",
    "namespace",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "upsertExistingObjects",
}
NOT_DONE = ("pulumi.com/patchFieldManager", "pulumi.com/waitFor")
AUTONAMED = "pulumi.com/autonamed"
TEN_MINUTES = 600.0


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(Kubernetes())


class Kubernetes(Provider):
    """Objects of one cluster."""

    package = "kubernetes"
    _configured = False

    def check_config(self, inputs: Properties) -> list[Failure]:
        beyond = [
            Failure(key, f"the kubernetes stand-in does not do {key!r}; it knows {', '.join(sorted(CONFIG))}")
            for key in sorted(inputs.keys() - CONFIG)
        ]
        if not _on(inputs.get("enableServerSideApply", True)):
            beyond.append(Failure("enableServerSideApply", "the kubernetes stand-in does server-side apply only"))
        return super().check_config(inputs) or beyond

    def config_replaces(self, old: Properties, new: Properties) -> tuple[str, ...]:
        if "clusterIdentifier" in {*old, *new}:
            return ("clusterIdentifier",)
        return () if _server(old) == _server(new) else ("kubeconfig", "context", "cluster")

    def configure(self, inputs: Properties) -> None:
        try:
            to = _access(inputs)
        except KubeconfigError as error:
            raise Refused(str(error)) from None
        self._client = Client(to, lambda text: self.log("", text, warning=True))
        self._configured = True
        self._namespace = inputs.get("namespace") or to.namespace or "default"
        self._force = _on(os.environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE", inputs.get("enablePatchForce", False)))
        mutable = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
        self._fixed_content = {kind for kind, key in mutable.items() if not _on(inputs.get(key, False))}
        self._upsert = _on(inputs.get("upsertExistingObjects", False))

    def cancel(self) -> None:
        if self._configured:
            self._client.cancel()

    def check(
        self, urn: str, old: Properties, new: Properties, random: Callable[[], str]
    ) -> tuple[Properties, list[Failure]]:
        kind = type_of(urn).rpartition(":")[2]
        if kind.endswith(("Patch", "List")) or ":helm.sh/" in type_of(urn):
            raise Refused(f"the kubernetes stand-in does not do {type_of(urn)!r}; use the objects' own types")
        failures: list[Failure] = []
        for failure in self.known_failures(urn, new):  # the API server has a say on all others
            if failure.unknown:
                self.log(urn, f"{failure.path}: {failure.reason}; it is left out", warning=True)
                new = without(new, failure.path)
        api_version, kind = kind_of(urn)
        inputs = {"apiVersion": api_version, "kind": kind, **new, "metadata": dict(new.get("metadata") or {})}
        metadata = inputs["metadata"]
        if not metadata.get("name"):
            before = old.get("metadata") or {}
            kept = AUTONAMED in (before.get("annotations") or {})
            metadata["name"] = before["name"] if kept else f"{name_of(urn)}-{random()[:8]}"
            metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
        failures += [
            Failure("metadata.annotations", f"the kubernetes stand-in does not do {key}")
            for key in NOT_DONE
            if key in (metadata.get("annotations") or {})
        ]
        if not failures and self._asked(inputs, self._client.namespaced, inputs["apiVersion"], inputs["kind"]):
            metadata.setdefault("namespace", self._namespace)
        return inputs, failures

    def diff(self, urn: str, old: Properties, new: Properties) -> provider_pb2.DiffResponse:
        del urn
        fixed_content = new["kind"] in self._fixed_content
        replaces = under(*immutable(old, new, fixed_content=fixed_content))
        same_name = all(old["metadata"].get(key) == new["metadata"].get(key) for key in ("name", "namespace"))
        return answer(old, new, replaces=replaces, delete_first=same_name)

    def create(self, urn: str, inputs: Properties, *, preview: bool, timeout: float) -> tuple[str, Properties]:
        manager = manager_of({})
        if preview:
            return "", self._rehearsed(urn, inputs, {}, manager)
        if not self._upsert and self._asked(inputs, self._client.get, self._path(inputs)):
            raise Refused(
                f"{said(inputs)} already exists; import it, or set upsertExistingObjects on the provider to adopt it"
            )
        applied = self._applied(urn, inputs, manager)
        why = functools.partial(kube_messages.made_but_not_live, urn)
        return id_of(applied), self._settled(urn, inputs, applied, manager, timeout, why)

    def read(self, urn: str, identity: str, inputs: Properties, state: Properties) -> Live | None:
        api_version, kind = kind_of(urn)
        namespace, _, name = identity.rpartition("/")
        given = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace or None}}
        live = self._asked(given, self._client.get, self._path(given))
        if live is None:
            return None
        found = live_inputs.managed(inputs, live) if inputs else live_inputs.imported(live)
        found, outputs = sealed(found), state_of(found, live, manager_of(state))
        if inputs and rollout.awaited(live):
            try:
                lacking = rollout.missing(live)
            except RolloutFailed as error:
                lacking = str(error)
            if lacking:
                failed = kube_messages.unhealthy(live["metadata"]["name"])
                raise NotReady(id_of(live), found, outputs, [failed, lacking, *rollout.reasons(self._client, live)])
        return Live(id_of(live), found, outputs)

    def update(
        self, urn: str, identity: str, inputs: Properties, state: Properties, *, preview: bool, timeout: float
    ) -> Properties:
        manager = manager_of(state)
        failed = functools.partial(kube_messages.not_live, identity)
        try:
            if preview:
                return self._rehearsed(urn, inputs, state, manager)
            applied = self._apply(inputs, manager)
        except Refused as error:  # as the real plugin: what the program wants is kept with what is there
            live = self._asked(inputs, self._client.get, self._path(inputs)) or state
            raise NotReady(identity, sealed(inputs), state_of(inputs, live, manager), [failed(str(error))]) from None
        return self._settled(urn, inputs, applied, manager, timeout, failed)

    def delete(self, urn: str, identity: str, inputs: Properties, state: Properties, *, timeout: float) -> None:
        del identity
        annotations = (inputs.get("metadata") or {}).get("annotations") or {}
        policy = annotations.get("pulumi.com/deletionPropagationPolicy", "foreground").capitalize()
        uid = state["metadata"].get("uid")
        try:
            path = self._path(state)
            self._client.request("DELETE", path, propagationPolicy=policy)
        except ApiError as error:
            if error.status == 404:
                return
            raise Refused(f"{said(state)}: {error.message}") from None
        if annotations.get("pulumi.com/skipAwait") == "true":
            return

        def gone(live: Properties | None) -> bool:
            if live is None or live["metadata"]["uid"] != uid:
                return True
            self.log(urn, "waiting for it to be gone", passing=True)
            return False

        try:
            self._client.follow(path, gone, timeout or TEN_MINUTES)
        except TimedOut as error:
            held = ((error.last or {}).get("metadata") or {}).get("finalizers") or []
            raise Refused(f"{said(state)} is not gone in time; finalizers left: {', '.join(held) or 'none'}") from None
        except Cancelled:
            raise Refused(f"{said(state)}: cancelled while it was being deleted") from None
        except ApiError as error:
            raise Refused(f"{said(state)}: {error.message}") from None

    def known_failures(self, urn: str, inputs: Properties) -> list[Failure]:
        """Kinds of CustomResourceDefinitions are in no SDK: only the API server knows them."""
        group = kind_of(urn)[0].partition("/")[0]
        known = self.sdk.module(type_of(urn))["modules"]
        if "." in group and not any(module.startswith(f"{group}/") for module in known):
            return []
        return super().known_failures(urn, inputs)

    def _path(self, given: Properties) -> str:
        metadata = given["metadata"]
        namespace = metadata.get("namespace") or self._namespace
        return self._client.path(given["apiVersion"], given["kind"], namespace, metadata["name"])

    def _apply(self, inputs: Properties, manager: str, **query: str) -> Properties:
        """Server-side apply: fields no longer set are removed, other managers' fields stay; a conflict is an error."""
        annotations = inputs["metadata"].get("annotations") or {}
        force = self._force or annotations.get("pulumi.com/patchForce") == "true"
        body = {key: value for key, value in inputs.items() if not key.startswith("__")}
        options = {"fieldManager": manager, "fieldValidation": "Warn", "force": str(force).lower(), **query}

        try:
            return dict(self._client.request("PATCH", self._path(inputs), body, **options))
        except ApiError as error:
            message = _without_values(error.message, inputs)
            conflict = error.reason == "Conflict" and error.status == 409
            raise Refused(kube_messages.conflict(manager, message) if conflict else message) from None

    def _applied(self, urn: str, inputs: Properties, manager: str, **query: str) -> Properties:
        """The object that was created, or that a dry run would create."""
        try:
            return self._apply(inputs, manager, **query)
        except Refused as error:
            raise Refused(kube_messages.not_made(urn, str(error))) from None

    def _rehearsed(self, urn: str, inputs: Properties, state: Properties, manager: str) -> Properties:
        """What a preview shows: the API server's dry run, where it can be had before the update."""
        creating = not state
        if has_unknown(inputs) or (creating and self._not_to_rehearse(inputs)):
            outputs = {**inputs, "metadata": {**(state.get("metadata") or {}), **inputs["metadata"]}}
        elif creating:
            outputs = trimmed(self._applied(urn, inputs, manager, dryRun="All"))
        else:
            outputs = trimmed(self._apply(inputs, manager, dryRun="All"))
        later = ["generation", "resourceVersion", *(["creationTimestamp", "uid"] if creating else [])]
        return sealed(
            {**outputs, "metadata": {**outputs["metadata"], **dict.fromkeys(later, UNKNOWN)}, "status": UNKNOWN}
        )

    def _not_to_rehearse(self, inputs: Properties) -> bool:
        """Whether its namespace is still to be made, or an object that it replaces is still there."""
        namespace = inputs["metadata"].get("namespace")
        missing = namespace and not self._asked(
            inputs, self._client.get, self._client.path("v1", "Namespace", None, namespace)
        )
        return bool(missing or self._asked(inputs, self._client.get, self._path(inputs)))

    def _settled(
        self,
        urn: str,
        inputs: Properties,
        applied: Properties,
        manager: str,
        timeout: float,
        failed: Callable[[str], str],
    ) -> Properties:
        """The outputs once the object is ready; ``failed`` says, with the reason, that it does not become so."""
        if not rollout.awaited(applied):
            return state_of(inputs, applied, manager)
        latest = [applied]
        told = [""]

        def ready(live: Properties | None) -> bool:
            if live is None:
                raise Refused(f"{said(inputs)} was deleted while it was waited for")
            latest[0] = live
            lacking = rollout.missing(live)
            if lacking and lacking != told[0]:
                told[0] = lacking
                self.log(urn, lacking, passing=True)
            return lacking is None

        try:
            self._asked(inputs, self._client.follow, self._path(inputs), ready, timeout or TEN_MINUTES)
        except TimedOut:
            why = kube_messages.timed_out(inputs["metadata"]["name"])
        except Cancelled:
            why = kube_messages.cancelled(inputs["metadata"]["name"])
        except RolloutFailed as error:
            why = str(error)
        else:
            return state_of(inputs, latest[0], manager)
        reasons = [failed(why), told[0], *rollout.reasons(self._client, latest[0])]
        raise NotReady(id_of(latest[0]), sealed(inputs), state_of(inputs, latest[0], manager), reasons)

    def _asked(self, given: Properties, call: Callable[..., Any], *arguments: Any) -> Any:
        """What the API server answers, its errors in words that hold no secret value."""
        try:
            return call(*arguments)
        except ApiError as error:
            raise Refused(f"{said(given)}: {_without_values(error.message, given)}") from None


def _without_values(message: str, given: Properties) -> str:
    if given.get("kind") == "Secret":
        for value in (*(given.get("data") or {}).values(), *(given.get("stringData") or {}).values()):
            message = message.replace(str(value), "[secret]")
    return message


def _on(value: Any) -> bool:
    return str(value).lower() == "true"


def _access(inputs: Properties) -> Access:
    return access(inputs.get("kubeconfig"), inputs.get("context"), inputs.get("cluster"))


def _server(inputs: Properties) -> tuple[str, int] | None:
    """Where the API server of a provider is, as far as its inputs can be read now."""
    try:
        to = _access(inputs)
    except KubeconfigError:
        return None
    return to.host, to.port
