"""The pack hands to the rules what Pulumi shows it: inputs, sources, parents and providers."""

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import unknown_checking_proxy

from secret_access.policy import pack
from tests.infra.policy.cases.case import urn
from tests.infra.policy.cases.cloud_resources import JWT_ROLE

POLICY = "vault:index/policy:Policy"
OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def reads(path: str) -> dict[str, Any]:
    """The inputs of a policy of Vault's."""
    return {"name": "reads", "policy": f'path "secret/data/{path}" {{ capabilities = ["read"] }}'}


def by_provider(type_: str, name: str, inputs: Mapping[str, Any], namespace: str) -> PolicyResource:
    """A resource as Pulumi shows it to a pack, by a provider of a Vault namespace."""
    provider_urn = urn("pulumi:providers:vault", namespace)
    provider = PolicyProviderResource("pulumi:providers:vault", {"namespace": namespace}, provider_urn, namespace)
    return PolicyResource(
        type_, unknown_checking_proxy(dict(inputs)), urn(type_, name), name, OPTIONS, provider, None, [], {}
    )


def found(rule: str, resources: list[PolicyResource]) -> list[str]:
    """What the pack reports by a rule about a stack."""
    (policy,) = [each for each in pack.policies() if each.name == rule]
    assert isinstance(policy, StackValidationPolicy)
    said: list[str] = []

    def report(what: str, urn: str | None = None) -> None:
        said.append(what)

    policy.validate(StackValidationArgs(resources), report)
    return said


@pytest.mark.parametrize(("of_role", "breached"), [("wide", True), ("narrow", False)])
@pytest.mark.parametrize("last", ["wide", "narrow"])
def test_a_vault_policy_is_that_of_its_providers_namespace(of_role: str, breached: bool, last: str) -> None:
    """Two policies of one name are two, in whatever order they come."""
    role = {
        "roleName": "shop",
        "roleType": "jwt",
        "backend": "jwt",
        "boundAudiences": ["vault"],
        "boundSubject": "system:serviceaccount:shop:app",
        "tokenPolicies": ["reads"],
    }
    policies = {
        "wide": by_provider(POLICY, "wide", reads("*"), "wide"),
        "narrow": by_provider(POLICY, "narrow", reads("shop/*"), "narrow"),
    }
    in_order = [*(each for name, each in policies.items() if name != last), policies[last]]
    assert bool(found("isolation", [by_provider(JWT_ROLE, "it", role, of_role), *in_order])) == breached
