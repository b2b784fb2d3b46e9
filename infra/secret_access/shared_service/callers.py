"""Checks of whom each caller of a shared service becomes: a template with `{namespace}`, or a client named for it.

Pure functions: they return the value and raise `InvalidArgument`. They refuse what the sidecar would refuse at start,
and a template that gives one of the callers a name that its cloud does not take.
"""

import re
from collections.abc import Callable, Sequence

import secret_names

from ..aws.checks import ROLE_NAME_LIMIT
from ..azure import checks as azure_checks
from ..checks import SERVICE_ACCOUNT, invalid, match, named, text_mapping
from ..gcp import checks as gcp_checks
from ..program_errors import InvalidArgument
from ..vault import checks as vault_checks

NAMESPACE = "{namespace}"
EXAMPLE_ROLE = "arn:aws:iam::111122223333:role/secret-access-blue-{namespace}"
EXAMPLE_EMAIL = "blue-{namespace}@my-project.iam.gserviceaccount.com"
EXAMPLE_VAULT_URL = "https://secrets-of-{namespace}.vault.azure.net"
EXAMPLE_CLIENTS = f'{{"test": "{azure_checks.EXAMPLE_UUID}"}}'
_ACCOUNT = "{service_account}"
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+")
_EMAIL = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.iam\.gserviceaccount\.com")
_ROLE_NAME = re.compile(r"[a-z0-9_.-]+")


def role_arn(template: object, callers: Sequence[str]) -> str:
    """Return the ARN of each caller's role on AWS."""
    expected = f"each caller's role, such as {EXAMPLE_ROLE}"
    fix = f"write the role_name of your AwsSecretAccess with {NAMESPACE} in the namespace's place"
    what = "role_arn holds a *, and a role is one" if "*" in str(template) else "role_arn is not a role's ARN"
    text = _template(_ROLE_ARN, "role_arn", what, template, expected, fix)
    return _for_each(callers, text, _short_role_name)


def _short_role_name(arn: str) -> None:
    name = arn.rpartition("/")[2]
    if len(name) > ROLE_NAME_LIMIT:
        what = f"role_arn gives a role whose name has {len(name)} characters"
        raise invalid(what, name, f"at most {ROLE_NAME_LIMIT}", "write a shorter template")


def google_service_account(template: object, callers: Sequence[str]) -> str | None:
    """Return the email of each caller's service account on Google Cloud; None where the principal reads itself."""
    if template is None:
        return None
    expected = f"each caller's service account, such as {EXAMPLE_EMAIL}"
    fix = "write it with {namespace} in the namespace's place, or leave it out for the principal itself"
    text = _template(_EMAIL, "google_service_account", "google_service_account", template, expected, fix)
    return _for_each(callers, text, gcp_checks.google_service_account)


def role_name(template: object, callers: Sequence[str]) -> str:
    """Return the name of each caller's role in Vault."""
    expected = "each caller's role, such as 'secret-access-blue-{namespace}'"
    fix = f"write the role_name of your VaultSecretAccess with {NAMESPACE} in the namespace's place"
    text = _template(_ROLE_NAME, "role_name", "role_name", template, expected, fix)
    return _for_each(callers, text, vault_checks.role_name)


def vault_url(url: object, callers: Sequence[str]) -> str:
    """Return the address of a key vault, or of each caller's own where its name has `{namespace}`."""
    expected, fix = f"an https URL without a path, such as {EXAMPLE_VAULT_URL}", "correct it"
    if not isinstance(url, str):
        raise invalid("vault_url", url, expected, fix)
    host = url.removeprefix("https://")
    label, _, domain = host.partition(".")
    if NAMESPACE in label and not domain:
        raise invalid("vault_url has no domain after its name", url, expected, fix)
    if set("{}") & set(label.replace(NAMESPACE, "", 1) + domain):
        raise invalid(f"vault_url has {NAMESPACE} elsewhere than once in the vault's name", url, expected, fix)
    azure_checks.https_url("vault_url", url.replace(NAMESPACE, "x"), EXAMPLE_VAULT_URL)
    return _for_each(callers, url, _vault_of_the_caller) if NAMESPACE in url else url


def _vault_of_the_caller(url: str) -> None:
    name = url.removeprefix("https://").partition(".")[0]
    limit = azure_checks.VAULT_NAME_LIMIT
    expected = f"3 to {limit} letters, digits and single -, with a letter first"
    what = f"vault_url gives a vault whose name has {len(name)} characters" if len(name) > limit else "vault_url"
    match(azure_checks.VAULT_NAME, what, name, expected, "write a shorter template, or give one vault for all")


def client_ids(given: object, callers: Sequence[str]) -> dict[str, str]:
    """Return the client ids of callers by namespace, or by namespace and ServiceAccount; each namespace has one."""
    clients = text_mapping("client_ids", given, EXAMPLE_CLIENTS)
    for caller, client in clients.items():
        namespace, slash, account = caller.partition("/")
        named(secret_names.default_prefix, "client_ids", namespace)
        if slash:
            expected = "NAMESPACE or NAMESPACE/SERVICEACCOUNT"
            match(SERVICE_ACCOUNT, f"client_ids of {caller!r}", account, expected, "correct it")
        azure_checks.unique_id(f"client_ids of {caller!r}", client, "run `az identity show --query clientId`")
    of = {caller.partition("/")[0] for caller in clients}
    if missing := [namespace for namespace in callers if namespace not in of]:
        raise invalid(
            f"client_ids has none for {', '.join(missing)}, whose callers would all be refused",
            sorted(clients),
            "a client for each of caller_namespaces",
            f"add one such as {EXAMPLE_CLIENTS}, or take the namespace out of caller_namespaces",
        )
    return clients


def _template(pattern: re.Pattern[str], argument: str, what: str, template: object, expected: str, fix: str) -> str:
    """Return a template of the form, with `{namespace}` in it; without, every caller would be the same."""
    if not isinstance(template, str) or not pattern.fullmatch(template.replace(NAMESPACE, "x").replace(_ACCOUNT, "x")):
        raise invalid(what, template, expected, fix)
    if NAMESPACE not in template:
        what = f"{argument} has no {NAMESPACE}, so every caller would become the same"
        raise invalid(what, template, expected, fix)
    return template


def _for_each(callers: Sequence[str], template: str, check: Callable[[str], object]) -> str:
    """Return a template that gives each caller a name that passes the check."""
    for namespace in callers:
        # Which ServiceAccounts call is not known: `default` is always there
        filled = template.replace(NAMESPACE, namespace).replace(_ACCOUNT, "default")
        try:
            check(filled)
        except InvalidArgument as problem:
            raise InvalidArgument(f"for callers of {namespace}: {problem}") from None
    return template
