"""Checks of arguments in Google Cloud's terms.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Sources: Resource Manager, "Creating and managing projects"; IAM, "Create service accounts", "Understanding custom
roles"; GKE, REST reference of clusters.
"""

import re
from collections.abc import Sequence

from ..checks import distinct, host_and_port, invalid, match, no_credentials, texts
from .documents import GLOBAL, IAM, GcpGrant
from .program_limits import OPERATORS_PER_CONDITION

EXAMPLE_CLUSTER = "projects/my-project/locations/europe-west3/clusters/blue"
EXAMPLE_EMAIL = "test-secrets@my-project.iam.gserviceaccount.com"
EXAMPLE_ROLE = "projects/my-project/roles/secretVersionWatcher"
GKE = "https://container.googleapis.com/v1/"

_PROJECT_ID = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
CLUSTER = re.compile(rf"projects/({_PROJECT_ID})/locations/[a-z0-9-]+/clusters/[a-z0-9-]+")
PROJECT = re.compile(_PROJECT_ID)
NUMBER = re.compile(r"[0-9]{1,19}")
LOCATION = re.compile(rf"{GLOBAL}|[a-z]+(?:-[a-z]+)+[0-9]{{1,2}}")
EMAIL = re.compile(r"[a-z]([a-z0-9-]{4,28}[a-z0-9])@[a-z0-9.-]+\.iam\.gserviceaccount\.com")
ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
ROLE = re.compile(
    rf"roles/secretmanager\.[A-Za-z]+|(?:projects/{_PROJECT_ID}|organizations/[0-9]+)/roles/[A-Za-z0-9_.]{{3,64}}"
)
ENDPOINT = re.compile(r"(?i:https?)://[^/\s?#]+/?")
DESCRIPTION_LIMIT = 256
"""Characters of a condition's description (IAM, "Overview of IAM Conditions")."""


def project(given: object, argument: str = "project") -> str:
    """Return a project by its id."""
    what, fix = argument, "take it from `gcloud projects list`"
    if isinstance(given, str) and NUMBER.fullmatch(given):
        what, fix = f"{argument} is a number", f"give the id here; the number is the argument {argument}_number"
    elif isinstance(given, str) and given.startswith("projects/"):
        what, fix = f"{argument} is a resource name", f"write {given.removeprefix('projects/')}"
    return match(PROJECT, what, given, "a project's id such as my-project", fix)


def project_number(given: object, argument: str = "project_number") -> str:
    """Return a project's number, in digits: conditions and principals do not take its id."""
    fix = "take projectNumber of `gcloud projects describe PROJECT`"
    if isinstance(given, int | float) and not isinstance(given, bool):
        fix = "put it in quotes"
    return match(NUMBER, argument, given, "a project's number in digits such as '123456789012'", fix)


def gke_pool(project_id: str) -> str:
    """Return the id of the pool that GKE has for the clusters of a project."""
    return f"{project_id}.svc.id.goog"


def location(given: object) -> str:
    """Return the place of the secrets: a region, or `global`."""
    fix = "leave it out for global secrets"
    if isinstance(given, str) and re.fullmatch(r"[a-z]+(?:-[a-z]+)+[0-9]{1,2}-[a-z]", given):
        fix = f"write {given[:-2]}: secrets are in regions, not in zones"
    return match(LOCATION, "location", given, "one region such as europe-west3", fix)


def granted_locations(given: object, own: str) -> list[str]:
    """Return the places whose secrets the identity may read; the sidecar's own is one of them."""
    if given is None:
        return [own]
    places = distinct(
        "granted_locations",
        [
            match(LOCATION, "granted_locations", place, "global, or one region such as europe-west3", "correct it")
            for place in texts("granted_locations", given, '["global", "europe-west3"]')
        ],
    )
    if own not in places:
        raise invalid("granted_locations leaves out where the sidecar reads", places, f"a list with {own}", "add it")
    if len(places) > OPERATORS_PER_CONDITION + 1:
        raise invalid(
            f"granted_locations has {len(places)} places",
            places,
            f"at most {OPERATORS_PER_CONDITION + 1}: a condition takes {OPERATORS_PER_CONDITION} logical operators",
            "leave out regions that have none of the secrets",
        )
    return places


def grant(given: object) -> GcpGrant:
    """Return `secrets` or `prefix`."""
    try:
        return GcpGrant(str(given))
    except ValueError:
        fix = "leave it out for a binding on each declared secret"
        raise invalid("grant", given, "secrets or prefix", fix) from None


def declared(given: object) -> list[str]:
    """Return the declared names, each of which gets a binding of its own; none would be an identity without rights."""
    names = texts("secrets", [] if given is None else given, '["database-password"]')
    if names:
        return names
    raise invalid(
        "secrets is empty, so the identity could read nothing",
        names,
        'the names of the secrets, such as ["database-password"]',
        "list them, or set grant to prefix",
    )


def not_exclusive(given: object) -> None:
    """Refuse `exclusive` beside a condition of our own, under which no other binding is."""
    raise invalid("exclusive", given, "grant: secrets beside it", "leave it out: a binding on the prefix is exclusive")


def unused_role(argument: str, given: object, switch: str, value: str) -> None:
    """Refuse a role that would not be granted."""
    fix = f"set {switch}, or leave it out"
    raise invalid(f"{argument} without {switch}", given, f"{switch}: {value} beside it", fix)


def google_service_account(given: object) -> str:
    """Return the email of a service account that was made for this purpose."""
    text = given if isinstance(given, str) else ""
    what, fix = "google_service_account", "take it from `gcloud iam service-accounts list`"
    if text.startswith("serviceAccount:"):
        what, fix = "google_service_account is a member", f"write {text.removeprefix('serviceAccount:')}"
    elif text.endswith(("@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")):
        what = "google_service_account is one that Google made, and that other workloads share"
        fix = "give the namespace one of its own, such as by google_service_account_id"
    elif ACCOUNT_ID.fullmatch(text):
        what, fix = "google_service_account is an id", "use google_service_account_id to have it created"
    return match(EMAIL, what, given, f"the email of a service account such as {EXAMPLE_EMAIL}", fix)


def google_service_account_id(given: object) -> str:
    """Return the id of a service account to create."""
    fix = "set google_service_account_id, such as test-secrets"
    if isinstance(given, str) and "@" in given:
        fix = "for a service account that exists already use google_service_account"
    return match(
        ACCOUNT_ID,
        "google_service_account_id",
        given,
        "6 to 30 lowercase letters, digits and -, such as test-secrets",
        fix,
    )


def one_account(given: Sequence[str]) -> None:
    """Refuse a service account that exists beside one that is to be created."""
    if len(given) > 1:
        expected = "one of them, or neither for the principal itself"
        raise invalid("two service accounts are named", list(given), expected, "remove one")


def role(argument: str, given: object) -> str:
    """Return a role of Secret Manager's or one of the platform's own; a basic one would reach the whole project."""
    fix = f"make a custom role with the permission, such as {EXAMPLE_ROLE}"
    return match(ROLE, argument, given, "a role of Secret Manager's, or a custom one", fix)


def condition_description(identity: str) -> str:
    """Return the description of a condition: the identity, so that no two identities have the same condition.

    A binding is known by its role and its condition: with the same one, two components would replace each other's
    members.
    """
    description = identity.removeprefix(f"principal:{IAM}")
    if len(description) > DESCRIPTION_LIMIT:
        raise invalid(
            f"the identity's name has {len(description)} characters",
            description,
            f"at most {DESCRIPTION_LIMIT}, to fit into the description of its condition",
            "set service_account_name to a shorter one, or grant to secrets",
        )
    return description


def endpoint_url(given: object) -> str | None:
    """Return the server that replaces Google's own."""
    if given is None:
        return None
    fix = "leave it out for Google's own"
    if isinstance(given, str):
        no_credentials("endpoint_url", given, fix)
    url = match(ENDPOINT, "endpoint_url", given, "a URL such as http://10.78.0.1:4570, without a path", fix)
    return host_and_port("endpoint_url", url, fix)
