"""Stacks on Google Cloud: their settings, the provider for their project, and their components."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp import organizations

from secret_access import (
    GcpClusterTrust,
    GcpClusterTrustArgs,
    GcpSecretAccess,
    GcpSecretAccessArgs,
    SecretAccess,
    WrongAccount,
    checks,
)
from secret_access.gcp import checks as gcp_checks
from secret_access.gcp import cluster_checks
from secret_access.gcp.documents import GLOBAL, GcpGrant
from secret_access.gcp.environment import BACKEND
from section import Section

from .cloud import Arguments, Cloud, ClusterOutputs
from .credentials import NOTHING_CREATED, ask


@dataclass(frozen=True)
class Gcp(Cloud):
    """The project that a stack is for."""

    project: str
    project_number: str
    endpoint: str | None = None
    """Endpoint in place of Google's own (the laptop environment)."""

    name = "gcp"
    backend = BACKEND
    same = ("project", "project_number")
    needed = ("workload_identity_provider",)

    def cluster_arguments(self, top: Section) -> Arguments:
        arguments = top.given(
            {
                "issuer": cluster_checks.issuer,
                "gke_cluster": self._gke_cluster,
                "pool_id": cluster_checks.pool_id,
                "jwks_json": _jwks_json,
            }
        )
        clusters = [key for key in ("issuer", "gke_cluster") if key in arguments]
        top.checked("", cluster_checks.one_cluster, clusters)
        if clusters == ["issuer"]:
            top.checked("pool_id", cluster_checks.pool_id, arguments.get("pool_id"))
        for name in ("pool_id", "jwks_json") if clusters == ["gke_cluster"] else ():
            top.checked(name, partial(cluster_checks.no_pool, name), arguments.get(name))
        return arguments

    def _gke_cluster(self, given: object) -> object:
        cluster_checks.gke_cluster(given, self.project)
        return given

    def environment_arguments(self, top: Section) -> Arguments:
        """Return nothing: the bindings and principals of Google Cloud have no labels."""
        del top
        return {}

    def namespace_arguments(self, section: Section, shared: Arguments) -> Arguments:
        del shared
        given = section.given(
            {
                "google_service_account": gcp_checks.google_service_account,
                "google_service_account_id": gcp_checks.google_service_account_id,
                "shared_identity": partial(checks.flag, "shared_identity"),
                "grant": gcp_checks.grant,
                "exclusive": partial(checks.flag, "exclusive"),
                "location": gcp_checks.location,
                "events": partial(checks.flag, "events"),
                "events_role": partial(gcp_checks.role, "events_role"),
                "write_role": partial(gcp_checks.role, "write_role"),
            }
        )
        if given.get("grant") is not GcpGrant.PREFIX:
            section.checked("secrets", gcp_checks.declared, section.take("secrets", None))
        own = given.get("location", GLOBAL)
        return {**given, **section.given({"granted_locations": partial(gcp_checks.granted_locations, own=own)})}

    def provider(self) -> gcp.Provider:
        """Return the provider for one project, after asking for the project's number.

        Credentials that may not see the project are refused that answer.
        """
        provider = gcp.Provider("gcp", project=self.project, **self._endpoints())
        expected = f"those of the stack's gcp.project {self.project!r}"
        fix = "run `gcloud auth application-default login`, or choose another stack"
        found = ask(
            lambda: organizations.get_project(self.project, opts=pulumi.InvokeOptions(provider=provider)),
            cloud="Google Cloud",
            where=self.endpoint or "Google's Resource Manager",
            expected=expected,
            fix=fix,
        )
        if found.number != self.project_number:
            raise WrongAccount(
                f"the project {self.project!r} has another number: given {self.project_number!r} as "
                f"gcp.project_number, expected {found.number!r}; correct it, or choose another stack; {NOTHING_CREATED}"
            )
        return provider

    def _endpoints(self) -> dict[str, str]:
        """The endpoint for every service that the program and the provider use, as each spells its own."""
        if self.endpoint is None:
            return {}
        paths = {
            "cloud_resource_manager_custom_endpoint": "v1/",
            "resource_manager_custom_endpoint": "v1/",
            "iam_custom_endpoint": "v1/",
            "iam_beta_custom_endpoint": "v1/",
            "secret_manager_custom_endpoint": "v1/",
            "secret_manager_regional_custom_endpoint": "v1/",
        }
        return {name: f"{self.endpoint}/{path}" for name, path in paths.items()}

    def trust(self, name: str, arguments: Arguments, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[str]]:
        args = {**arguments, "project": self.project}
        trust = GcpClusterTrust(name, cast("GcpClusterTrustArgs", args), opts)
        return {"issuer": trust.issuer, "workload_identity_provider": trust.workload_identity_provider}

    def access(
        self, name: str, arguments: Arguments, cluster: pulumi.Output[ClusterOutputs], opts: pulumi.ResourceOptions
    ) -> SecretAccess:
        args = {
            **arguments,
            "project": self.project,
            "project_number": self.project_number,
            "workload_identity_provider": cluster.apply(lambda known: known.own["workload_identity_provider"]),
            **({"endpoint_url": self.endpoint} if self.endpoint else {}),
        }
        return GcpSecretAccess(name, cast("GcpSecretAccessArgs", args), opts)


def read(section: Section) -> Gcp:
    """Return the settings under the key `gcp`."""
    settings = Gcp(
        project=section.checked("project", gcp_checks.project, section.take("project", example="my-project")),
        project_number=section.checked(
            "project_number",
            gcp_checks.project_number,
            section.take("project_number", example='"123456789012" (digits, in quotes)'),
        ),
        endpoint=section.checked("endpoint", gcp_checks.endpoint_url, section.take("endpoint", None)),
    )
    section.close()
    return settings


def _jwks_json(given: object) -> str | None:
    """Return the keys as a text; what the file has as one reaches the program as a mapping, since it looks like one."""
    return cluster_checks.jwks_json(json.dumps(given) if isinstance(given, Mapping) else given)
