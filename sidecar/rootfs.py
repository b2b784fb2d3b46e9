"""Collect the root filesystem of an image that runs Python and nothing else: used by the Dockerfiles' build stages.

``rootfs.py interpreter ROOT`` copies the running interpreter, its standard library, the shared libraries it loads, CA
certificates and the user database. ``rootfs.py finish ROOT [PYPROJECT ...]``, once packages were put under ROOT/app,
adds the libraries that those load, their bytecode, and the installed-package records of the pyproject files named. What
Debian brought is recorded under var/lib/dpkg/status.d, with its licences, so that scanners see what the image holds.
"""

import argparse
import compileall
import os
import py_compile
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from pathlib import Path

# Development tools, screens, sound, NIS and local databases: nothing that serves HTTP imports them, and some bring
# libraries of their own (NIS brings Kerberos).
UNNEEDED = shutil.ignore_patterns(
    *("__pycache__", "site-packages", "dist-packages", "sitecustomize.py", "config-*", "test", "*.a"),
    *("distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "tkinter", "turtledemo", "turtle.py", "venv"),
    *("curses", "dbm", "sqlite3", "_curses*", "_dbm*", "_gdbm*", "_sqlite3*", "_tkinter*", "readline*"),
    *("audioop*", "crypt.py", "_crypt*", "nis*", "ossaudiodev*", "_test*", "_ctypes_test*", "_xx*", "xx*"),
)
SOURCES_OF_EXTENSIONS = (".c", ".h", ".pxd", ".pxi", ".pyx")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def run(*command: str | Path) -> str:
    """The command's standard output; its failure ends the build."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Root:
    """The folder that becomes the image's root."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def at(self, path: Path | str) -> Path:
        """Where the image's ``path`` lies now."""
        return self.path / str(path).lstrip("/")

    def copy(self, source: Path) -> None:
        """Copy one file to its own place, under its own name, with whatever links lead to it resolved."""
        to = self.at(source.parent.resolve() / source.name)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, to)
        to.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
        self.record(source)

    def record(self, source: Path) -> None:
        """Say in the image which Debian package a file came from, as Debian's and distroless's scanners expect it."""
        package = PACKAGES.get(str(source.resolve()).removeprefix("/usr"))
        if package is None or self.at(f"var/lib/dpkg/status.d/{package}").exists():
            return
        self.write(f"var/lib/dpkg/status.d/{package}", run("dpkg-query", "--status", package))
        licence = Path(f"/usr/share/doc/{package}/copyright")
        if licence.exists():
            self.write(str(licence), licence.read_text())

    def write(self, path: str, text: str) -> None:
        """Write one file that everybody may read."""
        to = self.at(path)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)
        to.chmod(0o644)

    def link(self, path: str, to: str) -> None:
        """Make ``path`` a symbolic link to ``to``."""
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)


def debian_files() -> dict[str, str]:
    """Which package each file of the build base came from; /lib and /usr/lib are one (merged /usr)."""
    lists = Path("/var/lib/dpkg/info").glob("*.list")
    return {
        line.removeprefix("/usr"): file.stem.partition(":")[0]
        for file in lists
        for line in file.read_text().splitlines()
    }


PACKAGES = debian_files()


def libraries(objects: Iterable[Path]) -> set[Path]:
    """Every shared library that these executables and extension modules load, the loader included."""
    found = run("ldd", *sorted(objects))
    if missing := re.findall(r"(\S+) => not found", found):
        raise SystemExit(f"shared libraries not found: {', '.join(sorted(set(missing)))}; expected in the build base")
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", found)}


def add_libraries(root: Root) -> None:
    """Copy what the objects already under ``root`` load, and the index by which the loader finds it."""
    objects = [path for path in root.path.rglob("*.so") if path.is_file()]
    for library in sorted(libraries([interpreter(), *objects])):
        root.copy(library)
    root.write("etc/ld.so.conf", "/usr/local/lib\n")
    run("ldconfig", "-r", root.path, "-X")
    shutil.rmtree(root.at("var/cache"), ignore_errors=True)


def interpreter() -> Path:
    """The interpreter's own file, with no link before it."""
    return Path(sys.executable).resolve()


def add_interpreter(root: Root) -> None:
    """The running Python, its standard library, and what any program expects of a system."""
    for top in ("lib", "lib64"):
        if (place := Path("/", top)).is_symlink():
            root.link(top, str(place.readlink()))
    root.copy(interpreter())
    if not root.at("usr/bin/python3").exists():
        root.link("usr/bin/python3", str(interpreter()))
    standard = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(standard, root.at(standard), ignore=UNNEEDED)
    root.record(standard / "os.py")
    root.record(standard / "asyncio/base_events.py")
    # Loaded by name when a thread ends, so ldd does not see it.
    root.copy(Path(re.findall(r"libgcc_s\.so\.1 .*=> (/\S+)", run("ldconfig", "-p"))[0]))
    add_libraries(root)
    root.copy(BUNDLE)
    root.record(Path("/usr/sbin/update-ca-certificates"))
    root.link(ssl.get_default_verify_paths().openssl_cafile, str(BUNDLE))
    for path, text in TEXTS.items():
        root.write(path, text)
    root.copy(Path("/etc/os-release"))
    root.link("var/run", "/run")
    root.at("run").mkdir()
    root.at("tmp").mkdir(mode=0o1777)
    root.at("tmp").chmod(0o1777)
    compile_all(root, standard)


def compile_all(root: Root, folder: Path) -> None:
    """Bytecode that is taken as it is: nothing at run time checks it against the source, or could write it anew."""
    done = compileall.compile_dir(
        root.at(folder),
        maxlevels=20,
        quiet=1,
        stripdir=str(root.path),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise SystemExit(f"{folder} does not compile; the errors are above")


def finish(root: Root, projects: Iterable[Path]) -> None:
    """Make ROOT/app ready to run, and every date the same."""
    app = root.at("app")
    shutil.rmtree(app / "bin", ignore_errors=True)
    (app / ".lock").unlink(missing_ok=True)
    for path in app.rglob("*"):
        if path.suffix in SOURCES_OF_EXTENSIONS:
            path.unlink()
    for file in projects:
        project = tomllib.loads(file.read_text())["project"]
        name, version = project["name"], project["version"]
        record = f"app/{name.replace('-', '_')}-{version}.dist-info/METADATA"
        root.write(record, f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: {project['license']}\n")
    add_libraries(root)
    compile_all(root, Path("/app"))
    for path in [root.path, *root.path.rglob("*")]:
        os.utime(path, (0, 0), follow_symlinks=False)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("step", choices=["interpreter", "finish"])
    parser.add_argument("root", type=Path)
    parser.add_argument("project", type=Path, nargs="*")
    given = parser.parse_args()
    root = Root(given.root)
    if given.step == "interpreter":
        add_interpreter(root)
    else:
        finish(root, given.project)


if __name__ == "__main__":
    main()
