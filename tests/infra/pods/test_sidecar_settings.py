"""The settings that a platform may give the sidecar are those that it has."""

import re
from functools import partial
from pathlib import Path

import pytest

from secret_access.aws import environment
from secret_access.pods import sidecar_settings
from secret_access.program_errors import InvalidArgument
from secret_access.shared_service import checks as service_checks
from secret_access.shared_service.backends import CHOICES
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.infra.messages import assert_all_in

PAGE = (Path(__file__).parents[3] / "docs/operating.md").read_text()
ALIASES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_DEFAULT_REGION", "SSL_CERT_FILE"}


def documented(section: str) -> dict[str, str]:
    """The meaning of each variable in a section of the page."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)$", PAGE.split(f"### {section}\n")[1].split("\n### ")[0], re.MULTILINE)
    return dict(rows)


SECTIONS = ("What to serve, and as whom", "How", "Proxies", "AWS")


def test_every_setting_is_either_a_platforms_or_refused_with_a_reason() -> None:
    """What the page has for AWS, and what may be set or is refused, are the same names."""
    known = {
        *sidecar_settings.OF_EVERY_VAULT,
        *sidecar_settings.OF_AWS,
        *sidecar_settings.AWS_CREDENTIALS,
        *sidecar_settings.SET_BY_EVERY_COMPONENT,
        *environment.BACKEND.set_by_component,
    }
    told = {name for section in SECTIONS for name in documented(section)}
    assert told - known == set()
    assert known - told - ALIASES == {"SECRETS_MODE", "AWS_EC2_METADATA_DISABLED"}


@pytest.mark.parametrize(("name", "most"), sidecar_settings.MOST_SECONDS.items())
def test_seconds_are_bounded_as_the_sidecar_bounds_them(name: str, most: int) -> None:
    """The page gives the same bound."""
    assert f"at most {most}" in documented("How")[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("https_proxy", "http://proxy.example:3128"),
        ("HTTPS_PROXY", "HTTP://proxy.example/"),
        ("http_proxy", "proxy:3128"),
        ("http_proxy", "//10.0.0.1:3128"),
        ("http_proxy", "http://[fd00::1]:3128"),
        ("http_proxy", ""),
        ("AWS_ENDPOINT_URL_STS", "https://vpce-1.sts.us-east-1.vpce.amazonaws.com/"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://[fd00::1]:4566"),
        ("SECRETS_TIMEOUT", "0.5"),
        ("SECRETS_CACHE_TTL", "0"),
    ],
)
def test_what_the_sidecar_accepts_is_accepted(name: str, value: str) -> None:
    """Addresses and numbers in the forms that operating.md has."""
    assert sidecar_settings.sidecar_env({name: value}, backend=environment.BACKEND) == {name: value}


VALUES = (
    *(
        "",
        "0",
        "x",
        "true",
        "TRUE",
        "1",
        "60",
        "61",
        "3600.5",
        "1e3",
        "0.0000000001",
        ".5",
        "5.",
        "5\n",
        " 5",
        "a,b",
        "*",
    ),
    *(
        "proxy",
        "proxy:",
        "proxy:3128",
        "http://",
        "http://proxy:0",
        "http://proxy:65535",
        "http://proxy:65536",
        "HTTP://x",
    ),
    *(
        "http://[::1",
        "http://[zz]:1",
        "http://[fd00::1]:1/",
        "http://a..b",
        f"http://{'a' * 300}",
        "\x00",
        "é",
        "http://.",
    ),
    *(
        "https://sts.example",
        "https://sts.example.",
        "https://sts.example:",
        "https://sts.example:0",
        "https://é.example",
    ),
    *(
        "https://a_b.example",
        "https://sts.example/?",
        "https://sts.example\n",
        "10.0.0.0/8",
        "/etc/ca/ca.pem",
        "ca.pem",
    ),
)


@pytest.mark.parametrize("name", [*sidecar_settings.OF_EVERY_VAULT, *sidecar_settings.OF_AWS])
def test_what_is_accepted_the_sidecar_starts_with(name: str) -> None:
    """Else a mistake shows in a pod that restarts, after `up`; the sidecar is asked itself."""
    accepted = 0
    for value in VALUES:
        try:
            env = sidecar_settings.sidecar_env({name: value}, backend=environment.BACKEND)
        except InvalidArgument:
            continue
        Settings.from_environment({**env, "SECRETS_BACKEND": "aws", "AWS_REGION": "us-east-1"}, Path("/nonexistent"))
        accepted += 1
    assert accepted


OTHER = "https://vpce-1.example"


@pytest.mark.parametrize("kind", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
@pytest.mark.parametrize("service", ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"])
def test_a_kind_of_aws_endpoints_beside_another_server_is_refused(kind: str, service: str) -> None:
    """The sidecar would refuse to start, after `up`."""
    with pytest.raises(InvalidArgument) as error:
        sidecar_settings.sidecar_env({service: OTHER, kind: "true"}, backend=environment.BACKEND)
    assert_all_in([f"sidecar_env of {kind} beside {service}: given 'true'", "AWS's own endpoints", "leave out"], error)


@pytest.mark.parametrize(
    "env",
    [
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_USE_FIPS_ENDPOINT": "false", "AWS_ENDPOINT_URL_STS": OTHER},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL_STS": ""},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL_STS": OTHER, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_aws_endpoints_that_the_sidecar_starts_with_are_accepted(env: dict[str, str]) -> None:
    """The sidecar is asked itself."""
    assert sidecar_settings.sidecar_env(env, backend=environment.BACKEND) == env
    assert AwsSettings.from_environment({"AWS_REGION": "us-east-1", **env}).region == "us-east-1"


def is_known_to_a_shared_service(name: str, cloud: str) -> bool:
    """Whether the service of this vault takes a setting, or refuses it with a reason of its own."""
    choice = CHOICES[cloud]
    check = partial(service_checks.environment, backend=choice.backend, arguments=choice.form.__annotations__)
    try:
        check({name: ""}, has_endpoint_url=False)
    except InvalidArgument as problem:
        return "is unknown" not in str(problem)
    return True


def test_every_setting_of_the_shared_service_is_either_a_platforms_or_refused_with_a_reason() -> None:
    """A new setting of the sidecar is to be thought of here; those of another vault are unknown."""
    told = {
        name
        for name in re.findall(r"^\| `(\w+)` \|", PAGE.split("\n## Settings\n")[1], re.MULTILINE)
        if name.isupper() or name.endswith("_proxy")
    }
    unknown = {name for name in told if not any(is_known_to_a_shared_service(name, cloud) for cloud in CHOICES)}
    assert unknown == {"PASSWORD_STORE_DIR"}, "that of `pass`, which has no shared mode"
    own = {*service_checks.SET_BY_THE_COMPONENT, *service_checks.OF_CALLERS, *service_checks.OF_ONE_WORKLOAD}
    assert (own | set(service_checks.SETTABLE)) - ALIASES <= told
