"""Resources of the gcp package that are parts of an IAM policy: one member, one binding, or all of it.

They read a policy, change it and write it with its etag, and try again where somebody else wrote in between, as the
real ones do. https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from local.standins.errors import Gone, Refused
from local.standins.kinds import Kind
from local.standins.protocol import UNKNOWN, Properties
from local.standins.schema import Failure

TRIES = 20
Bindings = list[dict[str, Any]]


class PolicyKind(Kind):
    """A part of the policy of one thing; the id begins with the thing's path."""

    service: ClassVar[str]
    """The API that has the thing."""
    path: ClassVar[str]
    """The thing's path, with the inputs that name it."""
    reads_by_get: ClassVar[bool] = False
    computed = ("etag",)

    def faults(self, inputs: Properties) -> list[Failure]:
        names = re.findall(r"{(\w+)}", self.path)
        return [
            Failure(name, f"set {name}: the gcp stand-in takes none from its provider")
            for name in names
            if not inputs.get(name)
        ]

    def thing(self, inputs: Properties) -> str:
        """The path of the thing that the inputs name."""
        return self.path.format(**inputs)

    def naming(self, thing: str) -> Properties:
        """The inputs that name a thing."""
        pattern = re.sub(
            r"{(\w+)}", r"(?P<\1>.+)" if self.path == "{serviceAccountId}" else r"(?P<\1>[^/]+)", self.path
        )
        found = re.fullmatch(pattern, thing)
        if found is None:
            raise Refused(f"{thing!r} is not of the form {self.path}")
        return found.groupdict()

    def policy(self, thing: str) -> dict[str, Any]:
        """The policy with its conditions; raises Gone where there is no such thing."""
        api = self.api.of(self.service)
        if self.reads_by_get:
            found = api.get(f"/{thing}:getIamPolicy?options.requestedPolicyVersion=3")
        else:
            found = api.post(f"/{thing}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
        return {"bindings": [], **found}

    def change(self, thing: str, change: Callable[[Bindings], Bindings]) -> None:
        """Write the policy with other bindings."""
        for attempt in range(TRIES):
            policy = self.policy(thing)
            bindings = [binding for binding in change(policy["bindings"]) if binding["members"]]
            new = {"bindings": bindings, "etag": policy["etag"], "version": 3}
            try:
                self.api.of(self.service).post(f"/{thing}:setIamPolicy", {"policy": new})
            except Refused as refused:
                if ": 409 " not in str(refused) or attempt == TRIES - 1:
                    raise
                time.sleep(random.uniform(0, 0.05 * min(attempt + 1, 10)))  # noqa: S311  a pause, no secret
            else:
                return


class IamMember(PolicyKind):
    """One member of a binding; all others are left as they are."""

    def create(self, inputs: Properties) -> str:
        thing, role, member, condition = self.thing(inputs), inputs["role"], inputs["member"], inputs.get("condition")

        def add(bindings: Bindings) -> Bindings:
            for binding in _alike(bindings, role, condition):
                binding["members"] = sorted({*binding["members"], member})
                return bindings
            return [*bindings, _binding(role, [member], condition)]

        self.change(thing, add)
        return _id(thing, role, condition, member)

    def read(self, identity: str) -> tuple[Properties, Properties]:
        thing, role, condition, member = _parts(identity)
        policy = self.policy(thing)
        if any(member in binding["members"] for binding in _alike(policy["bindings"], role, condition)):
            inputs = {**self.naming(thing), "role": role, "member": member}
            return {**inputs, **({"condition": condition} if condition else {})}, {"etag": policy["etag"]}
        raise Gone(f"{member} has no {role} there")

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        thing, role, condition, member = _parts(identity)

        def remove(bindings: Bindings) -> Bindings:
            for binding in _alike(bindings, role, condition):
                binding["members"] = [other for other in binding["members"] if other != member]
            return bindings

        self.change(thing, remove)


class IamBinding(PolicyKind):
    """All members of a role under one condition, or under none."""

    sets = ("members",)

    def create(self, inputs: Properties) -> str:
        thing, role, condition = self.thing(inputs), inputs["role"], inputs.get("condition")
        self._set(thing, role, condition, inputs["members"])
        return _id(thing, role, condition)

    def read(self, identity: str) -> tuple[Properties, Properties]:
        thing, role, condition, _ = _parts(identity)
        policy = self.policy(thing)
        found = list(_alike(policy["bindings"], role, condition))
        if not found:
            raise Gone(f"nobody has {role} there")
        members = sorted({member for binding in found for member in binding["members"]})
        inputs = {**self.naming(thing), "role": role, "members": members}
        return {**inputs, **({"condition": condition} if condition else {})}, {"etag": policy["etag"]}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        thing, role, condition, _ = _parts(identity)
        self._set(thing, role, condition, inputs["members"])

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        thing, role, condition, _ = _parts(identity)
        self._set(thing, role, condition, [])

    def _set(self, thing: str, role: str, condition: Properties | None, members: list[str]) -> None:
        def replace(bindings: Bindings) -> Bindings:
            mine = list(_alike(bindings, role, condition))
            return [*(binding for binding in bindings if binding not in mine), _binding(role, members, condition)]

        self.change(thing, replace)


class IamPolicy(PolicyKind):
    """The whole policy of a thing; the id is the thing's path."""

    def create(self, inputs: Properties) -> str:
        thing = self.thing(inputs)
        self.change(thing, lambda _: json.loads(inputs["policyData"]).get("bindings", []))
        return thing

    def read(self, identity: str) -> tuple[Properties, Properties]:
        policy = self.policy(identity)
        bindings = {"bindings": policy["bindings"]}
        return {**self.naming(identity), "policyData": json.dumps(bindings)}, {"etag": policy["etag"]}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.change(identity, lambda _: [])

    def same(self, key: str, old: Any, new: Any) -> bool:
        if key != "policyData" or UNKNOWN in (old, new):
            return super().same(key, old, new)
        return _in_no_order(old) == _in_no_order(new)


class ProjectIamMember(IamMember):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/projects/iammember/"""

    type_name = "gcp:projects/iAMMember:IAMMember"
    service, path = "projects", "projects/{project}"
    replaces = ("project", "role", "member", "condition")


class ProjectIamBinding(IamBinding):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/projects/iambinding/"""

    type_name = "gcp:projects/iAMBinding:IAMBinding"
    service, path = "projects", "projects/{project}"
    replaces = ("project", "role", "condition")


class SecretIamMember(IamMember):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/secretiammember/"""

    type_name = "gcp:secretmanager/secretIamMember:SecretIamMember"
    service, path, reads_by_get = "secrets", "projects/{project}/secrets/{secretId}", True
    replaces = ("project", "secretId", "role", "member", "condition")


class SecretIamBinding(IamBinding):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/secretiambinding/"""

    type_name = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
    service, path, reads_by_get = "secrets", "projects/{project}/secrets/{secretId}", True
    replaces = ("project", "secretId", "role", "condition")


class RegionalSecretIamMember(IamMember):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/regionalsecretiammember/"""

    type_name = "gcp:secretmanager/regionalSecretIamMember:RegionalSecretIamMember"
    service, path, reads_by_get = "regional", "projects/{project}/locations/{location}/secrets/{secretId}", True
    replaces = ("project", "location", "secretId", "role", "member", "condition")


class RegionalSecretIamBinding(IamBinding):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/regionalsecretiambinding/"""

    type_name = "gcp:secretmanager/regionalSecretIamBinding:RegionalSecretIamBinding"
    service, path, reads_by_get = "regional", "projects/{project}/locations/{location}/secrets/{secretId}", True
    replaces = ("project", "location", "secretId", "role", "condition")


class AccountIamMember(IamMember):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/iammember/"""

    type_name = "gcp:serviceaccount/iAMMember:IAMMember"
    service, path = "accounts", "{serviceAccountId}"
    replaces = ("serviceAccountId", "role", "member", "condition")


class AccountIamPolicy(IamPolicy):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/iampolicy/"""

    type_name = "gcp:serviceaccount/iAMPolicy:IAMPolicy"
    service, path = "accounts", "{serviceAccountId}"
    replaces = ("serviceAccountId",)


def _id(thing: str, role: str, condition: Properties | None, member: str = "") -> str:
    """A condition is the last part, as only its title, description and expression together tell it from others."""
    return " ".join([thing, role, member or "-", *([json.dumps(condition, sort_keys=True)] if condition else [])])


def _parts(identity: str) -> tuple[str, str, Properties | None, str]:
    thing, role, member, *condition = identity.split(" ", 3)
    return thing, role, json.loads(condition[0]) if condition else None, member


def _binding(role: str, members: list[str], condition: Properties | None) -> dict[str, Any]:
    return {"role": role, "members": sorted(members), **({"condition": condition} if condition else {})}


def _alike(bindings: Bindings, role: str, condition: Properties | None) -> Iterator[dict[str, Any]]:
    """The bindings of a role under this condition."""
    return (binding for binding in bindings if binding["role"] == role and binding.get("condition") == condition)


def _in_no_order(policy: str) -> set[str]:
    try:
        bindings = json.loads(policy).get("bindings", [])
        return {json.dumps({**binding, "members": sorted(binding["members"])}, sort_keys=True) for binding in bindings}
    except (ValueError, KeyError, AttributeError, TypeError):
        return {policy}
