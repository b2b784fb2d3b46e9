"""components.md says all that the components take and give, and its example works; security.md, what is granted."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from secret_access import (
    AwsSecretAccess,
    AwsSecretAccessArgs,
    ClusterTrust,
    ClusterTrustArgs,
    SecretWorkload,
    SharedSecretService,
    SharedSecretServiceArgs,
)
from secret_access.aws.documents import OidcProvider, secrets_policy, trust_policy
from secret_access.checks import subject
from secret_access.pods.workload import SecretWorkloadArgs
from tests.infra.engine import run

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "components.md").read_text()
COMPONENTS = [
    (ClusterTrust, ClusterTrustArgs),
    (AwsSecretAccess, AwsSecretAccessArgs),
    (SecretWorkload, SecretWorkloadArgs),
    (SharedSecretService, SharedSecretServiceArgs),
]


def tables_of(component: type) -> tuple[set[str], set[str]]:
    """Names in the first column of the component's two tables: arguments, outputs."""
    section = PAGE.split(f"## {component.__name__}\n")[1].split("\n## ")[0]
    arguments, outputs = section.split("| output | |")
    return _first_column(arguments), _first_column(outputs)


def _first_column(table: str) -> set[str]:
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def outputs_of(component: type) -> set[str]:
    """Names of a component's outputs, those of the class that it extends included."""
    ours = (cls for cls in component.__mro__ if cls.__module__.startswith("secret_access"))
    return {name for cls in ours for name in inspect.get_annotations(cls)}


@pytest.mark.parametrize(("component", "args"), COMPONENTS)
def test_every_argument_and_output_is_documented_and_no_other(component: type, args: Any) -> None:
    """A component and its page cannot drift apart."""
    arguments, outputs = tables_of(component)
    assert arguments == set(args.__annotations__)
    assert outputs == outputs_of(component)


@pytest.mark.parametrize(("component", "args"), COMPONENTS)
def test_the_page_says_what_is_required(component: type, args: Any) -> None:
    """`required` stands where an argument may not be left out, and nowhere else."""
    section = PAGE.split(f"## {component.__name__}\n")[1]
    required = set(re.findall(r"^\| `(\w+)` \| required\.", section.split("\n## ")[0], re.MULTILINE))
    assert required == args.__required_keys__


def made_by(example: str) -> set[str]:
    """The types of what a program of the page makes, each by an explicit provider."""
    world = run(lambda: exec(example, {}))  # noqa: S102  our own page
    asked = [asked for asked in world.asked if asked.custom and not asked.type.startswith("pulumi:")]
    assert all(resource.provider for resource in asked)
    return {resource.type.split(":")[-1] for resource in asked}


def test_the_examples_work() -> None:
    """The page's programs make a trust, an identity and a workload; a shared service and who calls it."""
    sidecar, shared = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    policies = {"RolePolicy", "RolePoliciesExclusive", "RolePolicyAttachmentsExclusive"}
    identity = {"OpenIdConnectProvider", "Role", "ServiceAccount", *policies}
    assert made_by(sidecar) == identity | {"Deployment"}
    service = {"Service", "NetworkPolicy", "PodDisruptionBudget", "Deployment", "ServiceAccount"}
    assert made_by(sidecar + shared) == identity | service


def test_the_documents_that_security_reviewers_see_are_those_that_are_made() -> None:
    """docs/security.md shows the laptop environment's role of the namespace test, word for word."""
    trust, policy = map(json.loads, re.findall(r"```json\n(.*?)```", (DOCS / "security.md").read_text(), re.DOTALL))
    provider = OidcProvider("aws", "111122223333", "10.78.0.1")
    assert trust == trust_policy(provider, subject("test", "secret-access"))
    assert policy == secrets_policy(provider, "us-east-1", "test/")


def test_the_pages_say_which_kubernetes_has_native_sidecars() -> None:
    """Older clusters would run the sidecar as an init container that never ends."""
    readme = (DOCS.parent / "README.md").read_text()
    assert "Kubernetes 1.29 or newer" in readme
    assert "Kubernetes 1.29 or newer" in PAGE
