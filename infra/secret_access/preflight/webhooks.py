"""Admission webhooks in the way: those that nobody answers for, and those that give pods another identity. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .check import Check, Severity

Manifest = Mapping[str, Any]
OF_CLOUDS = {
    "iam-for-pods.amazonaws.com": "EKS's, which acts on ServiceAccounts with eks.amazonaws.com/role-arn",
    "mutation.azure-workload-identity.io": "AKS's, which acts on pods with azure.workload.identity/use",
    "vault.hashicorp.com": "Vault's agent injector, which acts on pods with vault.hashicorp.com/agent-inject",
}
"""Webhooks that give pods an identity or secrets, by name, and when."""
TOUCHED = {"": {"pods", "serviceaccounts", "namespaces"}, "apps": {"deployments"}, "batch": {"jobs"}}
"""What an `up` creates."""


@dataclass(frozen=True)
class Webhook:
    """One webhook that is asked when an `up` creates something."""

    name: str
    configuration: str
    fails: bool
    """Without an answer, the request is refused."""
    service: tuple[str, str] | None
    """Its Service's namespace and name; None where it is a URL."""

    @property
    def title(self) -> str:
        """Name it for people."""
        return f"the webhook {self.name} of {self.configuration}"


def of(configurations: Iterable[Manifest]) -> list[Webhook]:
    """Return the webhooks of configurations, mutating or validating, that what an `up` creates meets."""
    return [
        Webhook(
            webhook["name"],
            configuration["metadata"]["name"],
            webhook.get("failurePolicy", "Fail") == "Fail",
            (service["namespace"], service["name"]) if service else None,
        )
        for configuration in configurations
        for webhook in configuration.get("webhooks") or ()
        for service in [webhook["clientConfig"].get("service")]
        if any(map(_is_met, webhook.get("rules") or ()))
    ]


def dead(webhook: Webhook, slices: Iterable[Manifest]) -> Iterator[Check]:
    """Yield that a webhook refuses everything, where its Service has no endpoint that is ready."""
    ready = any(
        (endpoint.get("conditions") or {}).get("ready", True) is not False
        for each in slices
        for endpoint in each.get("endpoints") or ()
    )
    if webhook.fails and webhook.service and not ready:
        namespace, name = webhook.service
        found = f"its Service {namespace}/{name} has no ready endpoint, and its failurePolicy is Fail"
        mend = "let its pods run, or delete its configuration if nothing serves it any more"
        yield Check("webhook-dead", Severity.ERROR, webhook.title, found, mend)


def of_clouds(webhooks: Iterable[Webhook]) -> Iterator[Check]:
    """Yield the webhooks that give pods another identity, and when they do; our pods ask for none."""
    for webhook in webhooks:
        if webhook.name in OF_CLOUDS:
            yield Check("webhook-identity", Severity.OK, webhook.title, OF_CLOUDS[webhook.name])


def _is_met(rule: Manifest) -> bool:
    if not {"*", "CREATE"}.intersection(rule.get("operations") or ()):
        return False
    groups, resources = set(rule.get("apiGroups") or ()), set(rule.get("resources") or ())
    return any(
        not groups.isdisjoint({"*", group}) and not resources.isdisjoint({"*", "*/*", *names})
        for group, names in TOUCHED.items()
    )
