"""The stand-in for the aws provider plugin: IAM by boto3, at whatever endpoints the provider is given.

It refuses an account that is not allowed before anything is made, as the real one does:
https://www.pulumi.com/registry/packages/aws/installation-configuration/
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pulumi.runtime.proto import provider_pb2

from local.standins import documents
from local.standins.aws_kind import Kind
from local.standins.aws_resources import KINDS
from local.standins.changes import answer, under
from local.standins.errors import Refused
from local.standins.protocol import UNKNOWN, Properties, name_of, type_of
from local.standins.provider import Live, Provider, run
from local.standins.schema import Failure

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CONFIG = {
    "accessKey",
    "allowedAccountIds",
    "defaultTags",
    "endpoints",
    "forbiddenAccountIds",
    "profile",
    "region",
    "secretKey",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "token",
}


def main(_arguments: list[str]) -> None:
    """Serve the engine."""
    run(Aws())


class Aws(Provider):
    """Resources of AWS."""

    package = "aws"

    def __init__(self) -> None:
        super().__init__()
        self._default_tags: dict[str, str] = {}

    def check_config(self, inputs: Properties) -> list[Failure]:
        beyond = [
            Failure(key, f"the aws stand-in does not do {key!r}; it knows {', '.join(sorted(CONFIG))}")
            for key in sorted(inputs.keys() - CONFIG)
        ]
        return super().check_config(inputs) or beyond

    def configure(self, inputs: Properties) -> None:
        import boto3  # noqa: PLC0415  (a third of a second, and only where a provider is configured)

        self._session = boto3.Session(
            aws_access_key_id=inputs.get("accessKey"),
            aws_secret_access_key=inputs.get("secretKey"),
            aws_session_token=inputs.get("token"),
            region_name=inputs.get("region"),
            profile_name=inputs.get("profile"),
        )
        self._endpoints = {name: url for entry in inputs.get("endpoints") or [] for name, url in entry.items()}
        self._default_tags = (inputs.get("defaultTags") or {}).get("tags") or {}
        if not self._session.region_name:
            raise Refused("missing required configuration key 'aws:region': the region where AWS operations take place")
        allowed, forbidden = inputs.get("allowedAccountIds") or [], inputs.get("forbiddenAccountIds") or []
        unasked = str(inputs.get("skipRequestingAccountId")).lower() == "true"
        if not unasked or allowed or forbidden:
            self._check_account(self._caller["Account"], allowed, forbidden)

    @functools.cached_property
    def _caller(self) -> Properties:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return dict(self._client("sts").get_caller_identity())
        except ClientError as error:
            raise Refused(f"retrieving AWS account details: {_said(error)}") from None
        except BotoCoreError as error:
            raise Refused(f"retrieving AWS account details: {error}") from None

    def _check_account(self, account: str, allowed: list[Any], forbidden: list[Any]) -> None:
        if account in map(str, forbidden) or (allowed and account not in map(str, allowed)):
            raise Refused(f"AWS account ID not allowed: {account}")

    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoints.get(service))

    @functools.cached_property
    def _iam(self) -> Any:
        return self._client("iam")

    def _kind(self, urn: str) -> Kind:
        token = type_of(urn)
        if token not in KINDS:
            raise Refused(f"the aws stand-in has no {token!r}; it has {', '.join(sorted(KINDS))}")
        return KINDS[token](self._default_tags)

    def check(
        self, urn: str, old: Properties, new: Properties, random: Callable[[], str]
    ) -> tuple[Properties, list[Failure]]:
        failures = self.known_failures(urn, new)
        kind = self._kind(urn)
        new = {key: value for key, value in new.items() if (key, value) != ("tags", {})}  # AWS reads none back
        failures += [
            Failure(key, f"the aws stand-in does not do {key!r}; {instead}")
            for key, instead in kind.refused.items()
            if new.get(key) is not None
        ]
        for key in kind.documents:
            if isinstance(new.get(key), str) and new[key] != UNKNOWN and (fault := documents.fault(new[key])):
                failures.append(Failure(key, f"{key!r} {fault}"))
        defaults = {key: value for key, value in kind.defaults.items() if new.get(key) is None}
        if kind.named and new.get("name") is None:
            kept = "name" in old.get("__defaults", ())
            defaults["name"] = old["name"] if kept else f"{name_of(urn)}-{random()[:7]}"
        return {**new, **defaults, "__defaults": sorted(defaults)}, failures

    def diff(self, urn: str, old: Properties, new: Properties) -> provider_pb2.DiffResponse:
        kind = self._kind(urn)
        before = {**old, **_unchanged(kind, old, new)}
        fixed = kind.named and "name" not in new.get("__defaults", ()) and old.get("name") == new.get("name")
        return answer(before, new, replaces=under(*kind.replaces), delete_first=fixed)

    def create(self, urn: str, inputs: Properties, *, preview: bool, timeout: float) -> tuple[str, Properties]:
        del timeout
        kind = self._kind(urn)
        if preview:
            return "", {**self._outputs(kind, inputs, {}), **dict.fromkeys(kind.computed, UNKNOWN)}
        identity = self._asked(kind.create, self._iam, inputs)
        return identity, self._outputs(kind, inputs, self._asked(kind.read, self._iam, identity)[1])

    def read(self, urn: str, identity: str, inputs: Properties, state: Properties) -> Live | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        del state
        kind = self._kind(urn)
        try:
            live, known = kind.read(self._iam, identity)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchEntity":
                return None
            raise Refused(_said(error)) from None
        found = {**live, **_kept(kind, live, inputs)}
        if inputs:
            found = {key: value for key, value in found.items() if key in inputs or key not in kind.computed}
        return Live(identity, found, self._outputs(kind, found, known))

    def update(
        self, urn: str, identity: str, inputs: Properties, state: Properties, *, preview: bool, timeout: float
    ) -> Properties:
        del timeout
        kind = self._kind(urn)
        if preview:
            return self._outputs(kind, inputs, {key: state[key] for key in kind.computed if key in state})
        live = self._asked(kind.read, self._iam, identity)[0]
        self._asked(kind.update, self._iam, identity, live, inputs)
        return self._outputs(kind, inputs, self._asked(kind.read, self._iam, identity)[1])

    def delete(self, urn: str, identity: str, inputs: Properties, state: Properties, *, timeout: float) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        del state, timeout
        try:
            self._kind(urn).delete(self._iam, identity, inputs)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise Refused(_said(error)) from None

    def invoke(self, token: str, inputs: Properties) -> Properties:
        region = self._session.region_name
        caller = self._caller
        functions: dict[str, Callable[[], Properties]] = {
            "getCallerIdentity": lambda: {
                "accountId": caller["Account"],
                "arn": caller["Arn"],
                "id": caller["Account"],
                "userId": caller["UserId"],
            },
            "getPartition": lambda: _partition(self._session.get_partition_for_region(region)),
            "getRegion": lambda: {"id": region, "name": region, "region": region, **inputs},
        }
        name = token.rpartition(":")[2]
        if token != f"aws:index/{name}:{name}" or name not in functions:
            known = ", ".join(f"aws:index/{one}:{one}" for one in sorted(functions))
            raise Refused(f"the aws stand-in has no function {token!r}; it has {known}")
        return functions[name]()

    def _outputs(self, kind: Kind, inputs: Properties, known: Properties) -> Properties:
        outputs = {key: value for key, value in inputs.items() if not key.startswith("__")}
        if kind.tagged:
            outputs["tagsAll"] = UNKNOWN if inputs.get("tags") == UNKNOWN else kind.tags(inputs)
        if isinstance(outputs.get("url"), str):
            outputs["url"] = outputs["url"].removeprefix("https://")
        return {**outputs, **known}

    def _asked(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What AWS answers, its errors in words."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return call(*arguments)
        except ClientError as error:
            raise Refused(_said(error)) from None
        except BotoCoreError as error:
            raise Refused(str(error)) from None


def _kept(kind: Kind, live: Properties, inputs: Properties) -> Properties:
    """What stays as the program wrote it: what means the same, and what AWS does not know."""
    own: Properties = {key: inputs[key] for key in ("__defaults", "forceDetachPolicies") if key in inputs}
    return {**_unchanged(kind, live, inputs), **own}


def _unchanged(kind: Kind, old: Properties, new: Properties) -> Properties:
    """What of the new is only spelled otherwise: documents that mean the same, lists whose order says nothing."""
    documents = {key: new[key] for key in kind.documents if _same_document(old.get(key), new.get(key))}
    return documents | {key: new[key] for key in kind.sets if _same_set(old.get(key), new.get(key))}


def _same_set(one: Any, other: Any) -> bool:
    return isinstance(one, list) and isinstance(other, list) and set(one) == set(other)


def _same_document(one: Any, other: Any) -> bool:
    return (
        isinstance(one, str) and isinstance(other, str) and UNKNOWN not in (one, other) and documents.same(one, other)
    )


def _partition(name: str) -> Properties:
    suffix = {"aws-cn": "amazonaws.com.cn"}.get(name, "amazonaws.com")
    return {
        "id": name,
        "partition": name,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _said(error: ClientError) -> str:
    """An error of AWS: the call, its code and words, and the request id that support asks for."""
    answered = error.response
    request = answered.get("ResponseMetadata", {}).get("RequestId", "none")
    said = answered["Error"]
    return f"{error.operation_name}: {said['Code']}: {said.get('Message', '')} (request id {request})"
