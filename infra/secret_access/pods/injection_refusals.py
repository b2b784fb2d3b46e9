"""Why the sidecar is not put into a pod: the reasons, in the words of the pure function and of the admission policy.

Pure. `injection_checks` looks for them in a pod template, `admission_checks` writes the same as expressions of CEL.
"""

from dataclasses import dataclass

from .. import cel
from ..checks import invalid
from ..program_errors import InvalidArgument


@dataclass(frozen=True)
class Refusal:
    """A reason: templates of `str.format`, whose words are known once it is found."""

    what: str
    expected: str
    fix: str

    def error(self, given: object, **words: object) -> InvalidArgument:
        """Return the error that the pure function raises."""
        return invalid(self.what.format(**words), given, self.expected.format(**words), self.fix.format(**words))

    def message(self, given: str, **words: str) -> str:
        """Return the expression of the same message; `given` and `words` are expressions of texts."""
        template = f"{self.what}: given {{given}}, expected {self.expected}; {self.fix}"
        return cel.text(template, given=given, **words)


SHARED_WITH_THE_NODE = {
    "hostNetwork": "every pod of the node would reach the sidecar on localhost, and read this namespace's secrets",
    "hostPID": "every process of the node that may look at another could read the sidecar's token and memory",
    "shareProcessNamespace": "the other containers could read the sidecar's token and memory under /proc",
}
OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
NO_ACCOUNT = ("", "default")
"""What a pod that names no ServiceAccount has: `default` is what Kubernetes takes for none."""
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
PROBED_BY = ("httpGet", "tcpSocket", "grpc")
ROOT = 0

SHARED = Refusal("{field} of the pod template", "none: {reason}", "remove it")
WINDOWS = Refusal(
    "the operating system of the pod template",
    "linux, which the sidecar's image is for",
    "let the pod call a SharedSecretService instead",
)
LOCALHOST = Refusal(
    "hostAliases of the pod template",
    "none for localhost: the containers would ask that address for their secrets",
    "remove it",
)
OTHER_ACCOUNT = Refusal(
    "{field} of the pod template",
    "{account}, whose tokens may become the identity, or none",
    "remove it, or make the access component with service_account_name {other} and existing_service_account true",
)
ROOT_USER = Refusal(
    "securityContext.runAsUser of the pod template",
    "a user other than root, which the sidecar gets too since sidecar_user is platform",
    "set runAsUser of the containers that need root, or sidecar_user of the access component",
)
OTHER_VOLUME = Refusal(
    "the volume {volume} of the pod template",
    "no volume of this name, or that of the access component",
    "give yours another name, or remove the one that an older version put there",
)
TOKEN = Refusal(
    "the volume {volume} of the pod template",
    "no token that the cloud accepts for the identity, but in the sidecar",
    "remove it, and read the secrets from SECRETS_URL",
)
AUDIENCE = "a token with the audience "
OTHER_SIDECAR = Refusal(
    "a container of the pod template has the sidecar's name {name}",
    "another name, or the sidecar as the access component returns it",
    "rename it, or remove the one that an older version put there",
)
OTHER_URL = Refusal(
    "SECRETS_URL of the container {container}",
    "{url}, the sidecar's address",
    "remove it, or set port of the access component if the sidecar is to have another",
)
MOUNTED = Refusal(
    "the container {container} mounts the sidecar's volume",
    "a volume of its own: the token is for the sidecar alone",
    "remove the mount, and read the secrets from SECRETS_URL",
)
PORT = Refusal(
    "a port of the container {container}",
    "none of {ports}, which the sidecar listens on",
    "let it listen on another, or set port of the access component if it is not 8081",
)
METADATA = Refusal(
    "the pod template's {what} {name}",
    "{wanted}",
    "remove it: the access component sets this {what}",
)
NOT_INJECTED = Refusal(
    "the sidecar of a pod that asks for it",
    "a container {name} and its address in every other one: the MutatingAdmissionPolicy has not acted",
    "create the pod again, since a new policy takes a second to act, or see that the policy and its binding exist",
)
