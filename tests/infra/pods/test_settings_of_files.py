"""A setting that names a file names one that the sidecar has: mounted with sidecar_files, or in its image."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.pods.sidecar_settings import BUNDLE, FILES, OF_EVERY_VAULT
from secret_access.shared_service.backends import CHOICES
from secret_access.shared_service.checks import OF_ONE_WORKLOAD
from secret_sidecar.env_fields import file, file_name
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.gcp.settings import GcpSettings
from secret_sidecar.vaults.hashicorp.settings import HashicorpSettings
from tests.infra.azure.component import azure_access
from tests.infra.components import Program, aws_access, gcp_access, shared_service
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in
from tests.infra.shared_service.test_backends import MINIMAL
from tests.infra.vault.component import vault_access

COMPONENTS: dict[str, Callable[..., Program]] = {
    "aws": aws_access,
    "azure": azure_access,
    "gcp": gcp_access,
    "vault": vault_access,
}
ALL = [
    (cloud, name)
    for cloud in COMPONENTS
    for name in FILES
    if name in (*OF_EVERY_VAULT, *CHOICES[cloud].backend.settable)
]
OF_A_CERTIFICATE = ("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY")
CA = {"configMap": {"name": "ca"}}


def naming(name: str, path: str) -> dict[str, str]:
    """Settings of which one names the file; a client certificate goes with its key."""
    return dict.fromkeys(OF_A_CERTIFICATE if name in OF_A_CERTIFICATE else (name,), path)


def test_every_setting_that_names_a_file_is_checked() -> None:
    """The sidecar itself says which those are; SSL_CERT_FILE is OpenSSL's."""
    settings = (Settings, AwsSettings, AzureSettings, GcpSettings, HashicorpSettings)
    fields = [field for kind in settings for field in dataclasses.fields(kind)]
    name_files = [field for field in fields if field.metadata.get("parse") in (file, file_name)]
    named = {variable for field in name_files for variable in field.metadata["variables"]}
    settable = {*OF_EVERY_VAULT, *(name for choice in CHOICES.values() for name in choice.backend.settable)}
    assert named & settable == set(FILES) - {"SSL_CERT_FILE"}


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("cloud", "name"), ALL)
@pytest.mark.parametrize("files", [{}, {"/etc/ca-other": CA}, {"/etc/ca/ca.crt": CA}])
def test_a_file_that_is_not_mounted_is_refused(cloud: str, name: str, files: dict[str, Any], delay: Any) -> None:
    """The sidecar would not start, or trust no server, after `up`."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(COMPONENTS[cloud](sidecar_env=delay({name: "/etc/ca/ca.crt"}), sidecar_files=files), world)
    assert_all_in(
        [f"{name} in sidecar_env names a file that is neither", "given '/etc/ca/ca.crt'", "with sidecar_files"], error
    )
    assert delay is Later or world.asked == []


def test_a_path_is_judged_by_where_it_leads() -> None:
    with pytest.raises(InvalidArgument, match="names a file that is neither mounted nor in the image"):
        run(aws_access(sidecar_env={"SSL_CERT_FILE": "/etc/ssl/../../tmp/ca.crt"}))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("cloud", "name"), ALL)
@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("/etc/ca/ca.crt", {"/etc/ca": CA}),
        ("/etc/ca/below/ca.crt", {"/etc/ca": CA}),
        ("/run/ca/ca.crt", {"/var/run/ca": CA}),
        (BUNDLE, {}),
        ("/etc/ssl/certs/company.pem", {"/etc/ca": CA}),
        ("/etc/pki/tls/certs/ca-bundle.crt", {}),
        ("/opt/company/ca.pem", {}),
        ("", {}),
    ],
)
def test_a_file_that_is_mounted_or_in_the_image_is_taken(
    cloud: str, name: str, path: str, files: dict[str, Any], delay: Any
) -> None:
    """Also one that a company has put among its own image's certificates."""
    world = run(COMPONENTS[cloud](sidecar_env=delay(naming(name, path)), sidecar_files=delay(files)))
    told = {item["name"]: item.get("value") for item in world.outputs["test"]["sidecar"]["env"]}
    assert told.get(name, "") == path


@pytest.mark.parametrize(("cloud", "name"), [each for each in ALL if each[1] not in OF_ONE_WORKLOAD])
def test_the_shared_service_wants_its_files_mounted_too(cloud: str, name: str) -> None:
    """Its own certificate's folder may have the authority's beside it, as cert-manager's has."""
    service = {"backend": {cloud: MINIMAL[cloud]}}
    with pytest.raises(InvalidArgument, match=f"{name} in sidecar_env names a file that is neither"):
        run(shared_service(**service, sidecar_env={name: "/etc/ca/ca.crt"}))
    for path in ("/etc/ca/ca.crt", BUNDLE, "/var/run/secrets/secret-access/certificate/ca.crt"):
        run(shared_service(**service, sidecar_env=naming(name, path), sidecar_files={"/etc/ca": CA}))
