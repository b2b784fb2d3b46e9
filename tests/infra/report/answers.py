"""What the commands print, to make reports of."""

import json
from typing import Any

from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource
from secret_access.proof.rendering import as_json
from secret_access.report.findings import Answers, answer
from tests.infra.proof.documents import arns, namespaces, policy, role_policy

WIDENED = role_policy("test", policy(arns("prod/*")), "more")
"""Lets the namespace `test` read `prod`'s secrets."""
NOW = "2026-11-26T10:00:00+00:00"


def evaluation(*more: Resource, names: tuple[str, ...] = ("test", "prod")) -> str:
    """What `evaluate --json` prints of namespaces, and of what is added."""
    resources = [*namespaces(*names), *more]
    return json.dumps(as_json(evaluate(resources, {}, ()), resources, NOW))


def cell(asker: str, owner: str, status: int | None = None, **more: Any) -> dict[str, Any]:
    """A question and its answer; by default the right one."""
    expected = 200 if asker == owner else 403
    right = {
        "vault": "aws",
        "from": asker,
        "name": f"{owner}/db",
        "expected": expected,
        "status": status or expected,
        "decided_by": "aws",
        "detail": "",
        "request_id": "83fbb4d9",
    }
    return {**right, **more}


def proof(*more: dict[str, Any], names: tuple[str, ...] = ("test", "prod")) -> str:
    """What `prove --json` prints of namespaces, with these answers in place of the right ones."""
    cells = [cell(asker, owner) for asker in names for owner in names]
    changed = {(each["from"], each["name"]) for each in more}
    cells = [each for each in cells if (each["from"], each["name"]) not in changed]
    return json.dumps({"asked_at": NOW, "cells": [*cells, *more], "isolated": not more, "wrong": []})


def rbac() -> str:
    """What `rbac --json` prints of a cluster in which somebody may create pods."""
    way = {
        "subject": "User jane",
        "namespace": "test",
        "way": "create pods",
        "by": "RoleBinding test/dev of ClusterRole edit",
        "mend": "take `create` on pods out",
    }
    identities = [{"namespace": each, "service_account": "app"} for each in ("test", "prod")]
    given = {"cluster": "blue", "scanned_at": NOW, "identities": identities, "ways": [way], "not_seen": ["nodes"]}
    return json.dumps({**given, "expected": {"Group system:masters": 3}, "refused": []})


def preflight() -> str:
    """What `preflight --json` prints: an error, and what is in order."""
    issuer = {"id": "issuer", "severity": "error", "what": "the issuer", "found": "no HTTPS", "mend": "serve HTTPS"}
    version = {"id": "version", "severity": "ok", "what": "Kubernetes", "found": "1.36", "mend": ""}
    return json.dumps({"ready": False, "checked_at": NOW, "checks": [issuer, version]})


def answers(**texts: str) -> Answers:
    """As the command reads them."""
    return Answers(**{kind: answer(kind, text.encode()) for kind, text in texts.items()})
