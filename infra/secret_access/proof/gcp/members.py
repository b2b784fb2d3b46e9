"""Members of IAM bindings, as sets of the subjects of ServiceAccounts' tokens. Pure.

Source: IAM, "Principal identifiers"; GKE, "Workload Identity Federation for GKE".
"""

import json
import re

from ..errors import DocumentError
from ..strings import ANYTHING, NOTHING, StringSet, literal
from ..subjects import of_namespace

_POOL = r"//iam\.googleapis\.com/projects/[^/]+/locations/global/workloadIdentityPools/[^/]+"
_SUBJECT = re.compile(rf"principal:{_POOL}/subject/(?P<subject>.+)")
_NAMESPACE = re.compile(rf"principalSet:{_POOL}/namespace/(?P<namespace>[^/]+)")
_SET = re.compile(r"principalSet:(?!//iam\.googleapis\.com/locations/global/workforcePools/).+")
"""Any set but one of a pool of people."""
_GKE = re.compile(r"serviceAccount:[^\[]+\.svc\.id\.goog\[(?P<namespace>[^/\]]+)/(?P<account>[^\]]+)\]")
_GKE_SUBJECT = re.compile(r"ns/(?P<namespace>[^/]+)/sa/(?P<account>[^/]+)")
EVERYBODY = ("allUsers", "allAuthenticatedUsers")


def subjects(member: str) -> StringSet:
    """Return the subjects whose tokens are this member; for a set that nobody knows, all."""
    if found := _SUBJECT.fullmatch(member):
        gke = _GKE_SUBJECT.fullmatch(found["subject"])
        return literal(_subject(gke) if gke else found["subject"])
    if found := _NAMESPACE.fullmatch(member):
        return of_namespace(found["namespace"])
    if found := _GKE.fullmatch(member):
        return literal(_subject(found))
    return ANYTHING if member in EVERYBODY or _SET.fullmatch(member) else NOTHING


def email(member: str) -> str | None:
    """Return the email of a service account that is a member; None for another."""
    name = member.removeprefix("serviceAccount:")
    return name if name != member and "@" in name and "[" not in name else None


def policy_members(source: str, text: str) -> list[str]:
    """Return the members of an IAM policy's bindings, from JSON; raises DocumentError."""
    try:
        listed = [_listed(binding.get("members", [])) for binding in json.loads(text).get("bindings", [])]
        return [str(member) for members in listed for member in members]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise DocumentError(
            f"{source} is no IAM policy: {error}; expected JSON such as "
            '{"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": ["principal://…"]}]}'
        ) from None


def _listed(given: object) -> list[object]:
    if not isinstance(given, list):
        raise TypeError(f"members are a list: {given!r}")
    return given


def _subject(found: re.Match[str]) -> str:
    return f"system:serviceaccount:{found['namespace']}:{found['account']}"
