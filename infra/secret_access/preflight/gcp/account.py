"""A project of Google Cloud, asked as Pulumi's provider is signed in. It reads, and no more."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from secret_names import dashed

from ...gcp import checks as gcp_checks
from ...gcp import cluster_checks
from ...gcp.documents import PROVIDER_ID, WorkloadIdentityProvider, pool_name
from ..api import REFUSALS, Api, NotAnswered, Refused
from ..check import Check, Severity
from ..login import NotSignedIn, printed
from ..stack import Stack, asked, without_issuer
from . import judging

SIGN_IN = "gcloud auth application-default login"


def of_gcloud() -> str:
    """Return the token of the application-default credentials."""
    return printed("gcloud", "auth", "application-default", "print-access-token")


@dataclass(frozen=True)
class Google:
    """Where a stack's secrets are, and the pool of the cluster's stack."""

    project: str
    pool: str | None = None


def checks(
    stack: Stack,
    google: Google,
    *,
    endpoint: str | None = None,
    environment: Mapping[str, str] = os.environ,
    token: Callable[[], str] = of_gcloud,
) -> Iterator[Check]:
    """Yield what each check found. Raise InvalidArgument for a project or a pool that cannot be.

    `endpoint`: a server in the place of all of Google's. `environment` has GOOGLE_OAUTH_ACCESS_TOKEN, as the provider
    reads it; without it `token` is asked.
    """
    project = gcp_checks.project(google.project)
    pool = None if google.pool is None else cluster_checks.pool_id(google.pool)
    try:
        bearer = environment.get("GOOGLE_OAUTH_ACCESS_TOKEN") or token()
    except NotSignedIn as error:
        yield Check("gcp-project", Severity.ERROR, judging.PROJECT, str(error), SIGN_IN)
        return
    api = partial(_api, bearer, endpoint)
    try:
        found = api("cloudresourcemanager").get(f"/projects/{project}")
    except Refused as error:
        mend = f"{SIGN_IN}, as somebody with resourcemanager.projects.get"
        yield Check("gcp-project", Severity.ERROR, judging.PROJECT, str(error), mend)
        return
    except NotAnswered as error:
        yield Check("gcp-project", Severity.UNKNOWN, judging.PROJECT, str(error), "check the network and HTTPS_PROXY")
        return
    yield judging.project(found)
    number = str(found.get("projectNumber"))
    ask = partial(asked, refusals=REFUSALS)
    yield from ask("gcp-apis", judging.APIS, ask=lambda: [_apis(api("serviceusage"), project)])
    yield from ask("gcp-trust", judging.TRUST, ask=lambda: _trust(api("iam"), stack, pool, number))
    if stack.issuer is not None and (of_gke := judging.gke_project(stack.issuer)):
        found_by = partial(_clusters, api("container"), stack.issuer, of_gke)
        yield from ask("gcp-clusters", judging.CLUSTERS, ask=found_by)
    yield from ask("gcp-rights", judging.RIGHTS, ask=lambda: [_rights(api("cloudresourcemanager"), stack, project)])
    if stack.namespaces:
        yield from ask("gcp-secrets", "secrets", ask=lambda: _secrets(api("secretmanager"), stack, project))


def _api(token: str, endpoint: str | None, name: str) -> Api:
    return Api(f"{endpoint or f'https://{name}.googleapis.com'}/v1", {"Authorization": f"Bearer {token}"})


def _apis(api: Api, project: str) -> Check:
    names = [judging.service(each, project) for each in (*judging.NEEDED, judging.OF_ACCOUNTS)]
    answer = api.get(f"/projects/{project}/services:batchGet", names=names)
    on = {str(each["name"]).rpartition("/")[2] for each in answer.get("services", ()) if each["state"] == "ENABLED"}
    return judging.apis({name.removesuffix(".googleapis.com") for name in on}, project)


def _trust(api: Api, stack: Stack, pool: str | None, number: str) -> Iterator[Check]:
    if stack.issuer is None:
        yield without_issuer("gcp-trust", judging.TRUST)
        return
    if of_gke := judging.gke_project(stack.issuer):
        found = f"GKE's own pool {gcp_checks.gke_pool(of_gke)}, which is there"
        yield Check("gcp-trust", Severity.OK, judging.TRUST, found)
        return
    if pool is None:
        found = "the pool of the cluster's stack is not known"
        yield Check("gcp-trust", Severity.UNKNOWN, judging.TRUST, found, "give its pool_id with --pool")
        return
    name = pool_name(number, pool)
    there = _there(api, name)
    of_pool = list(judging.pool(stack, name, there))
    yield from of_pool
    if not of_pool:
        expected = WorkloadIdentityProvider(pool, PROVIDER_ID, number)
        yield judging.provider(stack, expected, _there(api, f"{name}/providers/{PROVIDER_ID}"))


def _clusters(api: Api, issuer: str, project: str) -> list[Check]:
    return [judging.clusters(issuer, project, api.get(f"/projects/{project}/locations/-/clusters"))]


def _there(api: Api, name: str) -> dict[str, Any] | None:
    try:
        return api.get(f"/{name}")
    except Refused as error:
        if error.status == 404:
            return None
        raise


def _rights(api: Api, stack: Stack, project: str) -> Check:
    answer = api.post(f"/projects/{project}:testIamPermissions", {"permissions": judging.wanted(stack)})
    return judging.rights(stack, answer.get("permissions") or ())


def _secrets(api: Api, stack: Stack, project: str) -> Iterator[Check]:
    names = [str(each["name"]).rpartition("/")[2] for each in api.all(f"/projects/{project}/secrets", "secrets")]
    for namespace in stack.namespaces:
        prefix = dashed(f"{namespace}/")
        yield judging.secrets(prefix, sum(name.startswith(prefix) for name in names))
