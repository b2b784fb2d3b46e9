"""Service accounts of the gcp package.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from local.standins.kinds import Kind
from local.standins.protocol import Properties
from local.standins.schema import Failure

NO_PROJECT = Failure("project", "set project: the gcp stand-in takes none from its provider")
_TEXTS = ("displayName", "description")


class Account(Kind):
    """https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/account/"""

    type_name = "gcp:serviceaccount/account:Account"
    replaces = ("accountId", "project")
    computed = ("email", "name", "uniqueId", "member")
    none_when_empty = _TEXTS
    refused: ClassVar[Mapping[str, str]] = {
        "createIgnoreAlreadyExists": "import it",
        "deletionPolicy": "leave it out",
        "disabled": "leave it out",
    }

    def faults(self, inputs: Properties) -> list[Failure]:
        return [] if inputs.get("project") else [NO_PROJECT]

    def create(self, inputs: Properties) -> str:
        account = {key: inputs[key] for key in _TEXTS if key in inputs}
        body = {"accountId": inputs["accountId"], "serviceAccount": account}
        return str(self.api.of("accounts").post(f"/projects/{inputs['project']}/serviceAccounts", body)["name"])

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.api.of("accounts").get(f"/{identity}")
        inputs = {"accountId": found["email"].partition("@")[0], "project": found["projectId"]}
        inputs |= {key: found[key] for key in _TEXTS if found.get(key)}
        known = {key: found[key] for key in ("email", "name", "uniqueId")}
        return inputs, {**known, "member": f"serviceAccount:{found['email']}"}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        account = {key: inputs.get(key, "") for key in _TEXTS}
        self.api.of("accounts").patch(f"/{identity}", {"serviceAccount": account, "updateMask": ",".join(_TEXTS)})

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.of("accounts").delete(f"/{identity}")
