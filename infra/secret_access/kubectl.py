"""kubectl as a Python object: it finds the cluster and signs in with the settings of the person who runs it.

SecretAccessError
└── KubectlError            kubectl failed; the message has what it said
    ├── KubectlMissing      there is no kubectl
    ├── ClusterNotReached   no answer of an API server, or it does not know who asks
    ├── Forbidden           the API server refused the request
    ├── NotFound            no such object, or no such kind
    └── AlreadyExists       an object of this name exists
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .errors import SecretAccessError

Object = dict[str, Any]
RESTARTS = 5
"""How often a list is read anew."""
PAGE = 500
"""Objects of one answer to a long list, as kubectl itself asks for them:
https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks"""


class KubectlError(SecretAccessError):
    """kubectl failed; the message has what it said.

    `complaint`: what kubectl itself printed.
    """

    def __init__(self, message: str, complaint: str = "") -> None:
        super().__init__(message)
        self.complaint = complaint


class KubectlMissing(KubectlError):
    """There is no kubectl."""


class ClusterNotReached(KubectlError):
    """No API server answered, or the one that did does not know who asks."""


class Forbidden(KubectlError):
    """The API server refused the request."""


class NotFound(KubectlError):
    """There is no such object, or no such kind."""


class AlreadyExists(KubectlError):
    """An object of this name exists."""


_ERRORS: tuple[tuple[str, type[KubectlError], str], ...] = (
    (r"\(Forbidden\)", Forbidden, "use a context whose user may do this, or ask for the right"),
    (r"\(NotFound\)|doesn't have a resource type|could not find the requested resource", NotFound, ""),
    (r"\(AlreadyExists\)", AlreadyExists, ""),
    (
        r"Unauthorized|must be logged in|asked for the client to provide credentials|getting credentials",
        ClusterNotReached,
        "sign in as this kubeconfig's user does, until `kubectl get namespaces` works",
    ),
    (
        r"context .* does not exist|context was not found|cannot stat|error loading config|no such file",
        ClusterNotReached,
        "give a context that `kubectl config get-contexts` lists, and a kubeconfig that exists",
    ),
    (
        r"Unable to connect|connection to the server|dial tcp|i/o timeout|x509|TLS handshake|no configuration",
        ClusterNotReached,
        "check the context, the network and the VPN, until `kubectl get namespaces` works",
    ),
)
"""What kubectl prints of a failure, what that is, and how to mend it; the first that matches counts."""


@dataclass(frozen=True)
class Kubectl:
    """One cluster, asked through kubectl."""

    context: str | None = None
    """A context of the kubeconfig; by default its current one."""
    kubeconfig: str | None = None
    """The path of a kubeconfig; by default what kubectl takes: $KUBECONFIG, else ~/.kube/config."""
    command: str = "kubectl"
    """The name of the program on PATH, or its path."""
    seconds: float = 60
    """How long one run may take."""

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """Return one object; raise NotFound where there is none."""
        return self.answer("get", *_inside(namespace), "--output=json", "--", kind, name)

    def find(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """Return the objects of a kind that a label selector matches, in one namespace or in all."""
        where = _inside(namespace) if namespace else ["--all-namespaces"]
        found = self.answer("get", *where, f"--selector={selector}", "--output=json", "--", kind)
        return list(found["items"])

    def read_all(self, path: str, **query: str) -> Iterator[Object]:
        """Yield every object of a collection such as `/api/v1/pods`, page by page, so that few are in memory at a time.

        Where the server has forgotten the place (410), all is read anew: an object may come twice, none is lost.
        """
        following, restarts = "", 0
        while True:
            asked = {**query, "limit": str(PAGE), **({"continue": following} if following else {})}
            try:
                page = self.read(f"{path}?{urlencode(asked)}")
            except KubectlError as error:
                if not following or "(Expired)" not in str(error) or restarts == RESTARTS:
                    raise
                following, restarts = "", restarts + 1
                continue
            if "items" not in page:
                raise KubectlError(f"kubectl get --raw={path}: expected a list, got an object without items")
            yield from page["items"] or ()
            following = (page.get("metadata") or {}).get("continue") or ""
            if not following:
                return

    def read(self, path: str) -> Object:
        """Return the object that a GET of the API server answers."""
        return self.answer("get", f"--raw={path}")

    def raw(self, path: str) -> str:
        """Return the body of a GET of the API server, such as of `/openid/v1/jwks`."""
        return self.run("get", f"--raw={path}")

    def apply(self, *objects: Mapping[str, Any]) -> list[Object]:
        """Create the objects, or change them to what is given; return them as they are then."""
        return self._sent("apply", objects)

    def create(self, *objects: Mapping[str, Any]) -> list[Object]:
        """Create the objects and return them; raise AlreadyExists where one exists. A `generateName` gets its name."""
        return self._sent("create", objects)

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object, if there is one, without waiting until it is gone; what it owns goes with it."""
        self.run("delete", *_inside(namespace), "--ignore-not-found", "--wait=false", "--", kind, name)

    def logs(self, pod: str, namespace: str, container: str | None = None) -> str:
        """Return what a pod's container has printed."""
        of = [f"--container={container}"] if container else []
        return self.run("logs", *_inside(namespace), *of, "--", pod)

    def run(self, *arguments: str, given: str = "", seconds: float | None = None) -> str:
        """Run kubectl with text on its standard input, and return what it prints. Raise KubectlError."""
        cluster = [f"--context={self.context}"] if self.context else []
        cluster += [f"--kubeconfig={self.kubeconfig}"] if self.kubeconfig else []
        limit = self.seconds if seconds is None else seconds
        run = f"kubectl {' '.join(arguments)}"
        try:
            code, printed, complaint = _run([self.command, *cluster, *arguments], given, limit)
        except OSError as error:
            raise KubectlMissing(
                f"cannot run {self.command!r}: {error.strerror}; expected kubectl: install it "
                "(https://kubernetes.io/docs/tasks/tools/), or give its path"
            ) from None
        except subprocess.TimeoutExpired:
            raise ClusterNotReached(
                f"{run}: no answer in {limit:g} s; try `kubectl get namespaces`: it shows whether the cluster is "
                "reached, and whether its sign-in waits for you"
            ) from None
        if code:
            raise _failure(run, complaint.strip() or f"exit code {code}")
        return printed

    def answer(self, *arguments: str, given: str = "") -> Object:
        """Run kubectl, and return the JSON object that it prints. Raise KubectlError where it is none."""
        printed = self.run(*arguments, given=given)
        try:
            found = json.loads(printed)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise KubectlError(f"kubectl {' '.join(arguments)}: expected JSON; is {self.command!r} kubectl?")
        return found

    def _sent(self, verb: str, objects: tuple[Mapping[str, Any], ...]) -> list[Object]:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        made = self.answer(verb, "--filename=-", "--output=json", given=text)
        return list(made["items"]) if made.get("kind") == "List" else [made]


def _run(command: list[str], given: str, seconds: float) -> tuple[int, str, str]:
    """Return the exit code and both outputs; on a time-out or Ctrl-C, end kubectl and the sign-in that it started."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        process_group=0,
    ) as running:
        try:
            printed, complaint = running.communicate(given, timeout=seconds)
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    return running.returncode, printed, complaint


def _failure(run: str, complaint: str) -> KubectlError:
    for pattern, kind, mend in _ERRORS:
        if re.search(pattern, complaint):
            return kind(f"{run}: {complaint}" + (f"; {mend}" if mend else ""), complaint)
    return KubectlError(f"{run}: {complaint}", complaint)


def _inside(namespace: str | None) -> list[str]:
    return [f"--namespace={namespace}"] if namespace else []
