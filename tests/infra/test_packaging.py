"""The components can be packaged for any language: Pulumi's own analyzer makes a schema of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.provider.experimental.util import camel_case

import secret_access
from secret_access.packaging import Package, components_of
from tests.infra.argument_values import COMPONENTS

PLUGINS = Path(__file__).parents[2] / "infra/plugin"
CLOUDS = ("aws", "azure", "gcp", "vault")
CLOUDS_OF = {"all": CLOUDS, **{cloud: (cloud,) for cloud in CLOUDS}}
"""By the folder of a plugin, the clouds whose components it has."""


def schema_of(*clouds: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Package(components_of(clouds)).schema or "")
    return loaded


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return schema_of(*CLOUDS)


def names(resources: dict[str, Any]) -> set[str]:
    return {token.removeprefix("secret-access:index:") for token in resources}


def test_every_component_is_in_the_schema_under_the_type_it_registers(schema: dict[str, Any]) -> None:
    """The types in state are the same, whether imported in Python or used from another language."""
    assert set(schema["resources"]) == {f"secret-access:index:{component.__name__}" for component in COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_schema_has_each_argument_and_output_of_a_component(schema: dict[str, Any], component: type) -> None:
    """By their names in Python, spelled as the schema spells them."""
    found = schema["resources"][f"secret-access:index:{component.__name__}"]
    arguments = getattr(secret_access, f"{component.__name__}Args")
    outputs = {
        name
        for kind in component.__mro__
        if kind.__module__.startswith("secret_access")
        for name in kind.__annotations__
    }
    assert set(found["inputProperties"]) == {camel_case(name) for name in arguments.__annotations__}
    assert set(found["properties"]) == {camel_case(name) for name in outputs}
    assert set(found["requiredInputs"]) == {camel_case(name) for name in arguments.__required_keys__}


def test_every_input_and_output_is_described(schema: dict[str, Any]) -> None:
    """Each attribute's docstring reaches the schema; inputs that may be left out give their default."""
    for name, resource in schema["resources"].items():
        required = resource["requiredInputs"]
        assert resource.get("description"), name
        for key, value in {**resource["inputProperties"], **resource["properties"]}.items():
            assert value.get("description"), f"{name}.{key}"
        for key, value in resource["inputProperties"].items():
            assert key in required or "Default: " in value["description"], f"{name}.{key}"
            assert "Example: " in value["description"] or "Default: " in value["description"], f"{name}.{key}"


def test_every_nested_object_and_word_is_described(schema: dict[str, Any]) -> None:
    """Objects, their properties, and the words of an enumeration."""
    for name, kind in schema["types"].items():
        assert kind.get("description"), name
        for key, value in [*kind.get("properties", {}).items(), *((v["value"], v) for v in kind.get("enum", []))]:
            assert value.get("description"), f"{name}.{key}"


def test_descriptions_name_properties_as_the_schema_does(schema: dict[str, Any]) -> None:
    """A program in YAML or TypeScript has no `workload_access`; and no description is indented."""
    access = schema["resources"]["secret-access:index:SecretWorkload"]["inputProperties"]["access"]["description"]
    assert "`workloadAccess`" in access
    assert "\n    " not in json.dumps(schema).replace("\\n", "\n")


def test_access_is_an_enumeration(schema: dict[str, Any]) -> None:
    """Other languages see the two words."""
    values = [value["value"] for value in schema["types"]["secret-access:index:Access"]["enum"]]
    assert values == ["read", "read_write"]


def test_a_number_may_be_a_word_where_something_else_decides_it(schema: dict[str, Any]) -> None:
    """A null, which Python could give, reaches no component from another language."""
    found = {
        f"{component.rpartition(':')[2]}.{name}"
        for component, resource in schema["resources"].items()
        for name, given in resource["inputProperties"].items()
        if given.get("oneOf") == [{"type": "integer"}, {"type": "string"}]
    }
    access = {f"{component}.sidecarUser" for component in names(schema["resources"]) if "SecretAccess" in component}
    own = {"SecretWorkload.replicas", "SharedSecretService.replicas", "SharedSecretService.sidecarUser"}
    assert found == own | access - {"ExternalSecretAccess.sidecarUser"}
    assert "number-or-word" not in json.dumps(schema)


def test_required_inputs_are_few(schema: dict[str, Any]) -> None:
    """A namespace needs three things said, and by which of AWS's ways it gets its identity."""
    assert schema["resources"]["secret-access:index:AwsSecretAccess"]["requiredInputs"] == [
        "namespace",
        "region",
        "sidecarImage",
    ]


@pytest.mark.parametrize("folder", CLOUDS_OF)
def test_a_plugin_has_the_components_of_its_clouds_and_installs_their_sdks_alone(folder: str) -> None:
    """And those of no cloud; all have one name, so that a program that outgrows one changes the address alone."""
    plugin = yaml.safe_load((PLUGINS / folder / "PulumiPlugin.yaml").read_text())
    assert plugin == yaml.safe_load((PLUGINS / "all/PulumiPlugin.yaml").read_text())
    requirements = (PLUGINS / folder / "requirements.txt").read_text().split()
    assert requirements[1:] == ["../../../names", f"../../../infra[{folder}]"]
    served = (PLUGINS / folder / "__main__.py").read_text()
    assert f"serve({', '.join(json.dumps(cloud) for cloud in CLOUDS_OF[folder])})" in served

    own = {name for name in secret_access.__all__ if secret_access.cloud_of(name) in (*CLOUDS_OF[folder], None)}
    expected = {component.__name__ for component in COMPONENTS if component.__name__ in own}
    assert names(schema_of(*CLOUDS_OF[folder])["resources"]) == expected
    assert "SecretWorkload" in expected


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_plugin_of_one_cloud_imports_no_other_clouds_sdk(cloud: str) -> None:
    """It has none installed."""
    program = f"""
import sys
from secret_access.packaging import Package, components_of
Package(components_of([{cloud!r}]))
print(*sorted(name for name in sys.modules if name.startswith("pulumi_") and "." not in name))
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    sdk = {"azure": "pulumi_azure_native"}.get(cloud, f"pulumi_{cloud}")
    assert printed == sorted([sdk, "pulumi_kubernetes"])
