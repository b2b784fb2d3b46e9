"""Whether a pod is the one that was to ask: what stands between a Job and its pod may change it. Pure.

Admission webhooks and policies change pods as they come. What they add does not matter here: a mesh's container, a
volume. Another ServiceAccount, other settings of the sidecar or another program do: the answers would be somebody
else's. Pods that an earlier print of the Jobs made may be of earlier settings, too.
"""

from collections.abc import Mapping
from typing import Any

from .asking import AT

Manifest = Mapping[str, Any]


def changed(wanted: Manifest, pod: Manifest, *, by_us: bool) -> str:
    """Return what of a pod's spec differs from the wanted one such that its answers prove nothing; empty if none does.

    `by_us`: whether the pod was made of this very spec; if not, it may ask for other names.
    """
    mend = "see which webhook or policy of the cluster changes pods" if by_us else "print the Jobs again and apply them"
    account = pod.get("serviceAccountName")
    if account != wanted["serviceAccountName"]:
        return f"the pod ran as the ServiceAccount {account!r}, expected {wanted['serviceAccountName']!r}; {mend}"
    there = _containers(pod)
    for name, container in _containers(wanted).items():
        found = there.get(name)
        if found is None:
            return f"the pod has no container {name!r}; {mend}"
        if found.get("command") != container.get("command"):
            return f"the pod's container {name!r} ran another program; {mend}"
        if _told(found, by_us=by_us) != _told(container, by_us=by_us):
            return f"the pod's container {name!r} had other arguments; {mend}"
        env = _values(found)
        for variable, value in _values(container).items():
            if env.get(variable) != value:
                return f"the pod's container {name!r} had another {variable}; {mend}"
    return ""


def _containers(spec: Manifest) -> dict[str, Manifest]:
    return {each["name"]: each for each in (*(spec.get("initContainers") or []), *(spec.get("containers") or []))}


def _told(container: Manifest, *, by_us: bool) -> list[str]:
    """Return the arguments; of those of another print none, for they are in what the program prints."""
    given = list(container.get("args") or [])
    return given if by_us or AT not in given else []


def _values(container: Manifest) -> dict[str, str]:
    """Return the variables with a value; of two of one name the last one counts, as for Kubernetes."""
    given = {each["name"]: each for each in container.get("env") or []}
    return {name: str(each.get("value") or "") for name, each in given.items() if not each.get("valueFrom")}
