"""The images are what a cluster may run: small, closed, the same each time, and they work."""

from __future__ import annotations

import json
import re
import signal
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import config, images
from local.progress import wait_for
from tests.integration.oci import Archive, Container, Unpacked

PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
PROBE = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unpacked]:
    """Every image, built where the cache does not have it, and unpacked."""
    found = {}
    for tar in images.build(tmp_path_factory.mktemp("tars")):
        rootfs = tmp_path_factory.mktemp(tar.stem)
        rootfs.chmod(0o755)
        found[tar.stem] = Archive(tar).unpack(rootfs)
    return found


@pytest.fixture(scope="session")
def sidecar(unpacked: dict[str, Unpacked]) -> Unpacked:
    """The sidecar's image."""
    return unpacked["secret-sidecar"]


@pytest.fixture(scope="session")
def app(unpacked: dict[str, Unpacked]) -> Unpacked:
    """The application's image."""
    return unpacked["secret-access-app"]


@pytest.fixture(scope="session", params=["secret-sidecar", "secret-access-app"])
def python_image(request: pytest.FixtureRequest, unpacked: dict[str, Unpacked]) -> Unpacked:
    """Each image that holds a Python."""
    return unpacked[request.param]


@pytest.fixture
def pod(tmp_path: Path, sidecar: Unpacked, app: Unpacked) -> Iterator[tuple[Container, Container]]:
    """A sidecar, started, and an application that shares its network, not started; there is no cloud to reach."""
    secrets = Container(tmp_path, "secrets", sidecar.archive, sidecar.rootfs)
    application = Container(tmp_path, "app", app.archive, app.rootfs)
    try:
        secrets.start(
            {
                "SECRETS_BACKEND": "aws",
                "SECRETS_NAMESPACE": "test",
                "SECRETS_PREFIX": "test/",
                "SECRETS_TIMEOUT": "10",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "111122223333",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )
        wait_for(
            "/healthz to answer",
            lambda: probe(secrets, "http://localhost:8081/healthz") == "200",
            still_possible=lambda: None if secrets.running else f"the sidecar ended:\n{secrets.log.read_text()}",
        )
        yield secrets, application
    finally:
        application.delete()
        secrets.delete()


def probe(container: Container, url: str) -> str:
    """The status that a URL gives inside the container; empty without an answer."""
    return container.execute("/usr/bin/python3", "-c", PROBE, url).stdout.strip()


def test_the_image_names_its_user_its_program_and_its_ports(sidecar: Unpacked) -> None:
    """It runs as 65532, starts the sidecar, and listens on 8080 and 8081."""
    config = sidecar.archive.config
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/bin/python3", "-P", "-m", "secret_sidecar"]
    assert "Cmd" not in config
    assert set(config["ExposedPorts"]) == {"8080/tcp", "8081/tcp"}


def test_the_image_says_what_it_is(python_image: Unpacked) -> None:
    """Title, licence and version are labels of the OCI's names, and the version is the package's."""
    project = tomllib.loads((config.ROOT / "sidecar/pyproject.toml").read_text())["project"]
    labels = python_image.archive.config["Labels"]
    assert labels["org.opencontainers.image.title"] in python_image.archive.manifest["RepoTags"][0]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.description"]


def test_the_environment_is_python_s_alone(python_image: Unpacked) -> None:
    """No certificate, index, proxy or key of the machine that built it is set in the image."""
    names = {line.partition("=")[0] for line in python_image.archive.config["Env"]}
    assert names == {"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def test_the_references_are_those_that_pods_use(unpacked: dict[str, Unpacked]) -> None:
    """Each archive carries the name under which ctr imports it."""
    tags = {name: image.archive.manifest["RepoTags"] for name, image in unpacked.items()}
    assert tags == {
        "secret-sidecar": [images.SIDECAR_IMAGE],
        "secret-access-app": [images.APP_IMAGE],
        "pause": [images.PAUSE_IMAGE],
    }


def test_there_is_nothing_to_run_but_python(sidecar: Unpacked, app: Unpacked) -> None:
    """No shell and no package manager: the sidecar's image holds one program, the application's one more."""
    (version,) = {name for name in sidecar.commands() if re.fullmatch(r"python3\.\d+", name)}
    assert sidecar.commands() == {"python3", version}
    assert app.commands() == {"python3", version, "ask"}


def test_nothing_gives_privileges_or_may_be_changed(unpacked: dict[str, Unpacked]) -> None:
    """Every file is root's, none is setuid or setgid, and only /tmp is everybody's to write."""
    for image in unpacked.values():
        assert {(member.uid, member.gid) for member in image.members} <= {(0, 0)}
        assert not [member.name for member in image.members if member.mode & (stat.S_ISUID | stat.S_ISGID)]
        writable = [m.name.strip("/") for m in image.members if not m.issym() and m.mode & stat.S_IWOTH]
        assert writable in ([], ["tmp"])


def test_no_tool_of_the_build_is_left(python_image: Unpacked) -> None:
    """Neither installers nor AWS's SDK are in the image, nor what the build mounted or unpacked."""
    names = {part for member in python_image.members for part in Path(member.name).parts}
    unwanted = {
        "pip",
        "ensurepip",
        "uv",
        "setuptools",
        "venv",
        "boto3",
        "botocore",
        "apt",
        "dpkg-deb",
        "perl",
        "secrets",
    }
    assert not {name for name in names if name.partition("-")[0] in unwanted}
    assert not [path for path in ("build", "root", "run/secrets", "var/cache") if (python_image.rootfs / path).exists()]


def test_every_module_of_the_sidecar_has_its_bytecode(python_image: Unpacked) -> None:
    """Each source has bytecode beside it that is taken unchecked (PEP 552: flags 1), also of the standard library."""
    sources = [path for path in python_image.rootfs.rglob("*.py") if path.is_file()]
    assert sources
    for source in sources:
        (compiled,) = source.parent.glob(f"__pycache__/{source.stem}.cpython-*.pyc")
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00", source


def test_the_packages_are_the_locked_ones(sidecar: Unpacked) -> None:
    """What is installed is what uv.lock names for the sidecar without its extras, version for version."""
    packages = {package["name"]: package for package in tomllib.loads((config.ROOT / "uv.lock").read_text())["package"]}
    wanted: dict[str, str] = {}
    waiting = ["secret-sidecar"]
    while waiting:
        name = waiting.pop()
        wanted[name] = packages[name]["version"]
        needs = [need for need in packages[name].get("dependencies", []) if "win32" not in need.get("marker", "")]
        waiting += [need["name"] for need in needs if need["name"] not in wanted]
    records = [path.name.removesuffix(".dist-info") for path in (sidecar.rootfs / "app").glob("*.dist-info")]
    found = {name.replace("_", "-"): version for name, _, version in (record.rpartition("-") for record in records)}
    assert found == wanted


def test_the_system_s_packages_are_on_record(python_image: Unpacked) -> None:
    """A scanner finds Debian's packages, and each record has its licence beside it."""
    records = list((python_image.rootfs / "var/lib/dpkg/status.d").iterdir())
    assert {"libc6", "libssl3", "ca-certificates"} <= {record.name for record in records}
    for record in records:
        assert "Status: install ok installed" in record.read_text()
        assert (python_image.rootfs / "usr/share/doc" / record.name / "copyright").stat().st_size


def test_the_certificates_are_debian_s(python_image: Unpacked) -> None:
    """The image trusts the public authorities and none that only the building machine has."""
    bundle = set(PEM.findall((python_image.rootfs / "etc/ssl/certs/ca-certificates.crt").read_text()))
    own = {
        pem for path in Path("/usr/local/share/ca-certificates").rglob("*.crt") for pem in PEM.findall(path.read_text())
    }
    assert len(bundle) > 100
    assert not bundle & own


def test_the_same_sources_give_the_same_image(tmp_path: Path) -> None:
    """Built again from nothing but its inputs and its base, the image has the same id."""
    context, once, again = tmp_path / "context", tmp_path / "once.tar", tmp_path / "again.tar"
    images.SIDECAR.copy(context)
    with images.lock():
        images.SIDECAR.make(context, once)
        images.SIDECAR.make(context, again, afresh=True)
    assert Archive(once).image_id == Archive(again).image_id


def test_a_second_call_runs_no_builder(
    unpacked: dict[str, Unpacked], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing changed, the tars come from the cache: no command is found, and none is needed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    tars = images.build(tmp_path / "out")
    assert [tar.name for tar in tars] == ["secret-sidecar.tar", "secret-access-app.tar", "pause.tar"]
    assert [Archive(tar).image_id for tar in tars] == [unpacked[tar.stem].archive.image_id for tar in tars]


@pytest.mark.parametrize("image", images.ALL, ids=lambda image: image.name)
def test_any_change_of_the_sources_changes_the_key(image: images.Image, tmp_path: Path) -> None:
    """A byte more, another name or another permission is another image."""
    image.copy(tmp_path)
    keys = {image.key(tmp_path)}
    for path in image.files(tmp_path):
        file = tmp_path / path
        file.write_bytes(file.read_bytes() + b"\n")
        keys.add(image.key(tmp_path))
        file.chmod(file.stat().st_mode ^ stat.S_IXUSR)
        keys.add(image.key(tmp_path))
        moved = file.rename(file.with_name(f"other-{file.name}"))
        keys.add(image.key(tmp_path))
        moved.rename(file)
    assert len(keys) == 1 + 3 * len(image.files(tmp_path))


def test_the_sidecar_serves_its_health_on_a_read_only_root(pod: tuple[Container, Container]) -> None:
    """As 65532, without a capability and with nowhere to write, it answers /healthz with 200."""
    secrets, _ = pod
    assert probe(secrets, "http://localhost:8081/healthz") == "200"
    identity = "import os; print(os.getuid(), os.getgid(), os.access('/app', os.W_OK))"
    assert secrets.execute("/usr/bin/python3", "-c", identity).stdout.split() == ["65532", "65532", "False"]
    assert not list(secrets.rootfs.glob("tmp/*"))


def test_the_sidecar_ends_when_told_to(pod: tuple[Container, Container]) -> None:
    """SIGTERM ends it though it is process 1, which the kernel does not end by default."""
    secrets, _ = pod
    assert secrets.running
    secrets.signal("TERM")
    wait_for("the sidecar to end", lambda: not secrets.running)


def test_the_application_asks_from_inside(pod: tuple[Container, Container]) -> None:
    """`ask` prints status, media type and body of what the sidecar answered, on one line of JSON."""
    _, application = pod
    application.start({"SECRETS_URL": "http://localhost:8080"}, network_of=pod[0])
    asked = application.execute("ask", "test/database-password")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert (answer["status"], answer["content_type"]) == (503, "application/problem+json")
    assert answer["body"]["status"] == 503
    shown = application.execute("ask", "-v", "database-password").stdout
    assert shown.startswith("> GET /v1/secrets/database-password HTTP/1.1\n>\n< HTTP/1.1 503 ")


def test_the_application_ends_when_told_to(pod: tuple[Container, Container]) -> None:
    """It says that it is up, waits, and ends by SIGTERM though it is process 1."""
    _, application = pod
    application.start({"SECRETS_URL": "http://localhost:8080"}, network_of=pod[0])
    wait_for("the application to be up", lambda: "app: up" in application.log.read_text())
    application.signal("TERM")
    wait_for("the application to end", lambda: not application.running)
    assert "app: SIGTERM, ending" in application.log.read_text()


def test_the_application_does_not_start_without_its_sidecar(pod: tuple[Container, Container]) -> None:
    """Where nothing answers at SECRETS_URL it says so and ends."""
    _, application = pod
    application.start({"SECRETS_URL": "http://localhost:1"}, network_of=pod[0])
    wait_for("the application to end", lambda: not application.running)
    assert "app: no answer from SECRETS_URL http://localhost:1" in application.log.read_text()


def test_the_pause_holds_a_sandbox_until_told_to_end(unpacked: dict[str, Unpacked], tmp_path: Path) -> None:
    """One static program, as a user that owns nothing, that waits for SIGTERM."""
    pause = unpacked["pause"]
    assert [member.name for member in pause.members] == ["pause"]
    container = Container(tmp_path, "pause", pause.archive, pause.rootfs)
    try:
        container.start({})
        assert container.running
        wait_for("pause to take SIGTERM", lambda: container.catches(signal.SIGTERM))  # until then the kernel drops it
        container.signal("TERM")
        wait_for("pause to end", lambda: not container.running)
    finally:
        container.delete()
