"""Whether the cluster's version has what the sidecar needs. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .check import Check, Severity

SIDECARS = 29
"""The minor version of Kubernetes 1 from which on native sidecars are on:
https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"""
GUARD, INJECTION = 30, 36
"""Those that have ValidatingAdmissionPolicy and MutatingAdmissionPolicy as stable."""


def minor(version: str) -> int | None:
    """Return the minor version of a text such as `v1.31.4-eks-a1b2` or `31+`; None for what is no such text."""
    found = re.match(r"(?:v?1\.)?(\d+)", version)
    return int(found[1]) if found else None


def api_server(version: Mapping[str, Any]) -> Check:
    """Judge the API server's own version."""
    given, what = str(version.get("gitVersion", "")), "Kubernetes' version"
    found = minor(given)
    if found is None:
        return Check("version", Severity.UNKNOWN, what, f"{given!r}", "expected a version such as v1.31.4")
    if found < SIDECARS:
        return Check("version", Severity.ERROR, what, given, f"update to 1.{SIDECARS}: the sidecar is a native one")
    lacking = [
        f"{component} needs 1.{needed}"
        for component, needed in (("ServiceAccountGuard", GUARD), ("SidecarInjection", INJECTION))
        if found < needed
    ]
    return Check("version", Severity.OK, what, "; ".join([given, *lacking]))


def nodes(found: Iterable[Mapping[str, Any]]) -> Check:
    """Judge the kubelets' versions: an old one drops the sidecar's `restartPolicy`."""
    what = "the nodes' versions"
    versions = {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in found}
    old = sorted(name for name, version in versions.items() if (minor(version) or 0) < SIDECARS)
    if old:
        shown = ", ".join(f"{name} ({versions[name]})" for name in old[:5])
        return Check("node-version", Severity.ERROR, what, shown, f"update these nodes to 1.{SIDECARS}")
    return Check("node-version", Severity.OK, what, ", ".join(sorted(set(versions.values()))) or "there is no node")
