"""components.md and a page per cloud say all that the components take and give, and their examples work."""

import inspect
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pulumi
import pytest

import secret_access
from secret_access import SecretAccess, SecretAccessArgs
from secret_access.aws.documents import secrets_policy
from secret_access.aws.identifiers import OidcProvider
from secret_access.aws.trust import irsa_trust
from secret_access.checks import subject
from secret_access.shared_service.backends import CHOICES
from tests.infra.engine import run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "components.md").read_text()
COMPONENTS = sorted(
    (
        found
        for name in secret_access.__all__
        if inspect.isclass(found := getattr(secret_access, name)) and issubclass(found, pulumi.ComponentResource)
    ),
    key=lambda component: component.__name__,
)


def package(component: type) -> str:
    """The package of secret_access that a component is in, such as `aws`; empty for what no package has."""
    return component.__module__.removeprefix("secret_access").removeprefix(".").rpartition(".")[0]


OUTPUT = re.compile(r"\boutputs? `(\w+)`")
OUTPUT_OF = re.compile(r"\boutputs? `?(\w+)`? of (?:(?:an?|the) )?([A-Z]\w+)")
CLOUDS = sorted(
    {package(component) for component in COMPONENTS if issubclass(component, SecretAccess)} - {package(SecretAccess)}
)
PAGES = [DOCS / "components.md", *(DOCS / f"{cloud}.md" for cloud in CLOUDS)]


def own_page(component: type) -> str:
    """The page that has a component's own arguments: its package's, or that of what all clouds share."""
    pages = (*CLOUDS, "patterns")
    return (DOCS / f"{package(component)}.md").read_text() if package(component) in pages else PAGE


def own_section(component: type) -> str:
    name = component.__name__
    page = own_page(component)
    assert f"\n## {name}\n" in page, f"no section {name}"
    return page.split(f"\n## {name}\n")[1].split("\n## ")[0]


def tables_of(component: type) -> tuple[set[str], set[str]]:
    """Names in the first column of the component's two tables: arguments, outputs."""
    arguments, _, outputs = own_section(component).partition("| output | |")
    return _first_column(arguments), _first_column(outputs)


def _first_column(table: str) -> set[str]:
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def arguments_of(component: type) -> Any:
    return getattr(secret_access, f"{component.__name__}Args")


def own(component: type, names: Iterable[str]) -> set[str]:
    """Names of arguments without those of every cloud, which SecretAccess alone documents."""
    inherits = issubclass(component, SecretAccess) and component is not SecretAccess
    return set(names) - set(SecretAccessArgs.__annotations__ if inherits else ())


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_argument_and_output_is_documented_and_no_other(component: type) -> None:
    """A component and its page cannot drift apart; what every cloud has is told once, under SecretAccess."""
    arguments, outputs = tables_of(component)
    assert arguments == own(component, arguments_of(component).__annotations__)
    assert outputs == set(inspect.get_annotations(component))


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_page_says_what_is_required(component: type) -> None:
    """`required` stands where an argument may not be left out, and nowhere else."""
    required = set(re.findall(r"^\| `(\w+)` \| required\.", own_section(component), re.MULTILINE))
    assert required == own(component, arguments_of(component).__required_keys__)


def outputs_of(component: type) -> set[str]:
    """Its outputs, and those of every cloud where it has them."""
    return {name for base in component.__mro__ for name in inspect.get_annotations(base)}


def test_an_output_that_is_named_is_there() -> None:
    """Where a docstring, a message or a page says "the output `x` of Y", Y has it; else some component has."""
    of = {component.__name__: outputs_of(component) for component in COMPONENTS}
    some = set().union(*of.values())
    components = Path(secret_access.__file__).parent
    checked: set[str] = set()
    for path in (*components.rglob("*.py"), *DOCS.glob("*.md"), ROOT / "README.md"):
        text = " ".join(path.read_text().split())
        assert set(OUTPUT.findall(text)) <= some, path
        for output, component in OUTPUT_OF.findall(text):
            assert output in of.get(component, {output}), f"{path}: {component} has no output {output}"
            checked.add(component)
    assert {"AzureSecretAccess", "AwsSharedRole", "SharedSecretService"} <= checked


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_argument_of_a_shared_services_vault_is_documented(cloud: str) -> None:
    """In one row for each vault, those that are required first."""
    form = CHOICES[cloud].form
    (row,) = re.findall(rf"^\| {cloud} \| (.*) \|$", own_section(secret_access.SharedSecretService), re.MULTILINE)
    required, _, others = row.partition(", required")
    assert set(re.findall(r"`(\w+)`", required)) == form.__required_keys__
    assert set(re.findall(r"`(\w+)`", row)) >= set(form.__annotations__)
    assert others


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_has_a_page_that_says_the_same_things(cloud: str) -> None:
    """Who may read what and by which document, limits, and what only a stand-in or fake has seen; it is linked."""
    page = (DOCS / f"{cloud}.md").read_text()
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert {"Who may read what", "What is checked", "Limits"} <= set(headings)
    assert any(heading.startswith("What only a ") for heading in headings)
    assert f"({cloud}.md)" in PAGE


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


def test_the_readmes_program_is_short_and_works() -> None:
    """Two clouds and three kinds of workloads in at most 30 lines, as printed."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(program.splitlines()) <= 30
    made = made_by(program)
    assert {"Role", "SecretIamMember", "ServiceAccount", "Deployment", "StatefulSet", "CronJob"} <= made


def test_the_example_of_a_workload_works() -> None:
    """It goes on from the example of the components."""
    sidecar = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (workload,) = re.findall(r"```python\n(.*?)```", (DOCS / "workloads.md").read_text(), re.DOTALL)
    assert made_by(sidecar + workload) - made_by(sidecar) == {"CronJob"}


def test_the_examples_of_the_clouds_work() -> None:
    """The page of a cloud has programs that make a ServiceAccount with an identity there."""
    for cloud in CLOUDS:
        examples = re.findall(r"```python\n(.*?)```", (DOCS / f"{cloud}.md").read_text(), re.DOTALL)
        assert examples, cloud
        assert all("ServiceAccount" in made_by(example) for example in examples), cloud


def test_the_examples_of_the_other_patterns_work() -> None:
    """The page of what may be in etcd makes a store and a secret of the operator's, and a Secret."""
    _, external, kubernetes = re.findall(r"```python\n(.*?)```", (DOCS / "patterns.md").read_text(), re.DOTALL)
    assert made_by(external) >= {"ServiceAccount", "SecretStore", "ExternalSecret"}
    assert made_by(kubernetes) == {"Namespace", "Secret"}
    assert "(patterns.md)" in PAGE


def test_the_examples_of_injection_work() -> None:
    """They go on from the page's first example, with its access and provider; the transforms have no pod to act on."""
    sidecar = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    chart, labelled, policies = re.findall(r"```python\n(.*?)```", (DOCS / "injection.md").read_text(), re.DOTALL)
    both = {f"{kind}AdmissionPolicy{part}" for kind in ("Mutating", "Validating") for part in ("", "Binding")}
    assert made_by(sidecar + policies) >= both
    assert "ServiceAccount" in made_by(sidecar + chart + labelled)
    assert "(injection.md)" in PAGE


def test_the_documents_that_security_reviewers_see_are_those_that_are_made() -> None:
    """docs/security.md shows the laptop environment's role of the namespace test, word for word."""
    trust, policy = map(json.loads, re.findall(r"```json\n(.*?)```", (DOCS / "security.md").read_text(), re.DOTALL))
    provider = OidcProvider("aws", "111122223333", "10.78.0.1")
    assert trust == irsa_trust([provider], subject("test", "secret-access"))
    assert policy == secrets_policy(provider, "us-east-1", "test/")


def test_the_pages_say_which_kubernetes_has_native_sidecars() -> None:
    """Older clusters would run the sidecar as an init container that never ends."""
    readme = (ROOT / "README.md").read_text()
    assert "Kubernetes 1.29 or newer" in readme
    assert "Kubernetes 1.29 or newer" in PAGE
