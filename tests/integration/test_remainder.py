"""Who can still obtain an identity: the scan of a live cluster, with the API server as the judge."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from click.testing import CliRunner

from local.progress import wait_for
from secret_access.cli.main import cli
from secret_access.cli.rbac import OPEN
from secret_access.kubectl import Kubectl
from secret_access.remainder.grants import EVERYWHERE, Grants, Rbac, Subject, grants
from secret_access.remainder.live import read
from secret_access.remainder.opening import Identity
from secret_access.remainder.rules import Right
from secret_access.remainder.scan import scan
from secret_access.remainder.ways import WAYS
from tests.integration import ways
from tests.integration.real_parts import ApiServer
from tests.integration.ways import RBAC, RBAC_GROUP

Object = dict[str, Any]
NAMESPACES = ("judged-a", "judged-b")
SUBJECTS = (
    Subject("User", "ann"),
    Subject("User", "bob"),
    Subject("ServiceAccount", "deployer", "judged-a"),
    Subject("ServiceAccount", "default", "judged-b"),
    Subject("Group", "dev"),
    Subject("Group", "system:serviceaccounts"),
    Subject("Group", "system:serviceaccounts:judged-a"),
    Subject("Group", "system:authenticated"),
)
RIGHTS = {right for way in WAYS for right in way.rights}
ODD = ("pods/*", "*/exec", "*/*", "*/token", "pods/exec/more", "*/", "deployments/*")
"""Spellings that look like wildcards; some are."""


@dataclass(frozen=True)
class Asked:
    """One question to the API server."""

    subject: Subject
    right: Right
    namespace: str
    name: str

    def review(self) -> Object:
        """As a SubjectAccessReview; a Group is asked as a stranger who is in it."""
        resource, _, subresource = self.right.resource.partition("/")
        attributes = {
            "verb": self.right.verb,
            "group": self.right.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": "" if self.namespace == EVERYWHERE else self.namespace,
            "name": self.name,
        }
        groups = [each.name for each in self.subject.groups]
        user = self.subject.name
        if self.subject.kind == "ServiceAccount":
            user = f"system:serviceaccount:{self.subject.namespace}:{self.subject.name}"
        if self.subject.kind == "Group":
            user, groups = "stranger", [self.subject.name, *groups]
        return {"spec": {"user": user, "groups": groups, "resourceAttributes": attributes}}

    def allowed(self, by_subject: Grants) -> bool:
        """As the scan reads RBAC."""
        return any(
            grant.names is None or self.name in grant.names
            for whose in (self.subject, *self.subject.groups)
            for scope in {self.namespace, EVERYWHERE}
            for grant in by_subject.get(whose, {}).get(scope, {}).get(self.right, ())
        )


def binding(chance: random.Random, number: int, kind: str, role: str) -> Object:
    """A binding of a role to two of the subjects, in the spellings that Kubernetes takes."""
    subjects = []
    for subject in chance.sample(SUBJECTS, 2):
        if subject.kind == "ServiceAccount" and chance.random() < 0.3:
            name = f"system:serviceaccount:{subject.namespace}:{subject.name}"
            subjects.append({"apiGroup": RBAC_GROUP, "kind": "User", "name": name})
        elif subject.kind == "ServiceAccount":
            subjects.append({"kind": subject.kind, "name": subject.name, "namespace": subject.namespace})
        else:
            subjects.append({"apiGroup": RBAC_GROUP, "kind": subject.kind, "name": subject.name})
    reference = {"apiGroup": RBAC_GROUP, "kind": kind, "name": role}
    return {"metadata": {"name": f"g-{number}"}, "roleRef": reference, "subjects": subjects}


def generated(seed: int) -> list[tuple[str, Object]]:
    """Roles and bindings, with the paths to create them at."""
    chance = random.Random(seed)
    known = sorted(RIGHTS)

    def some(*of: str, most: int = 3) -> list[str]:
        return chance.sample(of, chance.randint(1, min(most, len(of))))

    def rule() -> Object:
        about = chance.choice(known)
        made: Object = {
            "verbs": chance.choice([["*"], [about.verb], some("get", "create", "patch", "bind", about.verb)]),
            "apiGroups": chance.choice([["*"], [about.group], [about.group, "apps"]]),
            "resources": chance.choice([["*"], [about.resource], some(about.resource, "pods", *ODD)]),
        }
        if chance.random() < 0.3:
            made["resourceNames"] = some("a", "b", "")
        return made

    made: list[tuple[str, Object]] = [
        (f"{RBAC}/clusterroles", {"metadata": {"name": f"g-{number}"}, "rules": [rule(), rule()]})
        for number in range(14)
    ]
    for namespace, number in itertools.product(NAMESPACES, range(6)):
        role = {"metadata": {"name": f"g-{number}"}, "rules": [rule()]}
        made.append((f"{RBAC}/namespaces/{namespace}/roles", role))
    aggregated = {
        "metadata": {"name": "g-aggregated"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": "yes"}}]},
    }
    part = {"metadata": {"name": "g-part", "labels": {"part": "yes"}}, "rules": [rule(), rule()]}
    made += [(f"{RBAC}/clusterroles", aggregated), (f"{RBAC}/clusterroles", part)]

    for number in range(7):
        made.append(
            (f"{RBAC}/clusterrolebindings", binding(chance, number, "ClusterRole", f"g-{chance.randrange(14)}"))
        )
    for namespace, number in itertools.product(NAMESPACES, range(8)):
        kind, of = chance.choice([("Role", chance.randrange(7)), ("ClusterRole", chance.randrange(15))])
        name = "g-aggregated" if (kind, of) == ("ClusterRole", 14) else f"g-{of}"  # Role 6 does not exist
        made.append((f"{RBAC}/namespaces/{namespace}/rolebindings", binding(chance, number, kind, name)))
    return made


@pytest.fixture(scope="module")
def kubectl(api_server: ApiServer, kubectl_command: str) -> Kubectl:
    """As the cluster's admin."""
    return Kubectl(kubeconfig=str(api_server.kubeconfig), command=kubectl_command)


@pytest.fixture(scope="module", autouse=True)
def namespaces(api_server: ApiServer) -> None:
    """Those that are asked about."""
    for name in (*NAMESPACES, "ways", "empty"):
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


@pytest.fixture(params=range(4))
def rbac(request: pytest.FixtureRequest, api_server: ApiServer, kubectl: Kubectl) -> Iterator[Rbac]:
    """What was generated, in force, as the scan reads it."""
    made = generated(request.param)
    for path, manifest in made:
        api_server.client.request("POST", path, manifest)

    def aggregated() -> bool:
        return bool(api_server.client.request("GET", f"{RBAC}/clusterroles/g-aggregated").get("rules"))

    wait_for("the aggregated role", aggregated)
    last = [
        (f"{RBAC}/clusterroles", {"metadata": {"name": "g-last"}, "rules": [MARK]}),
        (f"{RBAC}/namespaces/judged-b/roles", {"metadata": {"name": "g-last"}, "rules": [MARK]}),
        (f"{RBAC}/clusterrolebindings", bound("ClusterRole", "in-cluster")),
        (f"{RBAC}/namespaces/judged-b/rolebindings", bound("Role", "in-namespace")),
    ]
    for path, manifest in last:
        api_server.client.request("POST", path, manifest)
    for user in ("in-cluster", "in-namespace"):
        asked = Asked(Subject("User", user), Right("mark", "", "marks"), "judged-b", "")
        wait_for(f"what {user} may", lambda asked=asked: judged(api_server, asked))  # type: ignore[misc]
    yield read(kubectl, [Identity("judged-a", "a")]).rbac
    for path, manifest in (*made, *last):
        api_server.client.request("DELETE", f"{path}/{manifest['metadata']['name']}")


MARK = {"verbs": ["mark"], "apiGroups": [""], "resources": ["marks"]}


def bound(kind: str, user: str, role: str = "g-last") -> Object:
    """A binding of a role to a user."""
    reference = {"apiGroup": RBAC_GROUP, "kind": kind, "name": role}
    subject = {"apiGroup": RBAC_GROUP, "kind": "User", "name": user}
    return {"metadata": {"name": role}, "roleRef": reference, "subjects": [subject]}


def judged(api_server: ApiServer, asked: Asked) -> bool:
    """What the API server's authorizer says."""
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(api_server.client.request("POST", path, asked.review())["status"]["allowed"])


def test_rights_are_read_as_the_api_server_reads_them(api_server: ApiServer, rbac: Rbac) -> None:
    """For generated roles and bindings, and every right that some way takes."""
    chance = random.Random(1)
    by_subject = grants(rbac, RIGHTS)
    every = [
        Asked(*each)
        for each in itertools.product(SUBJECTS, sorted(RIGHTS), (*NAMESPACES, EVERYWHERE), ("", "a", "b", "c"))
    ]
    allowed = [asked for asked in every if asked.allowed(by_subject)]
    refused = [asked for asked in every if not asked.allowed(by_subject)]
    asked_of = [*chance.sample(allowed, min(500, len(allowed))), *chance.sample(refused, min(500, len(refused)))]
    wrong = [asked for asked in asked_of if judged(api_server, asked) != asked.allowed(by_subject)]
    assert not wrong
    assert len(asked_of) > 800


@pytest.mark.parametrize("subject", [each for each in SUBJECTS if each.kind != "Group"], ids=str)
def test_the_groups_that_kubernetes_gives_are_known(api_server: ApiServer, subject: Subject) -> None:
    """As the API server says to whoever is the user or the ServiceAccount."""
    name = f"system:serviceaccount:{subject.namespace}:{subject.name}" if subject.namespace else subject.name
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    status, answer = ways.ask(
        api_server.client, "POST", review, "{}", {"Impersonate-User": name, "Content-Type": "application/json"}
    )
    assert status == 201, answer
    assert {each.name for each in subject.groups} == set(json.loads(answer)["status"]["userInfo"]["groups"])


BY_WAY = {
    "exec": "pods/exec",
    "attach": "pods/attach",
    "port-forward": "pods/portforward",
    "ephemeral container": "pods/ephemeralcontainers",
    "pod": "create pods",
    "another image in a pod": "change pods",
    "token": "create serviceaccounts/token",
    "the injected template": "change workloads",
    "the template of a ReplicaSet": "change workloads",
    "the template of a CronJob": "change workloads",
    "RoleBinding to oneself": "bind roles",
    "more in one's Role": "widen roles",
    "acting as the ServiceAccount": "impersonate serviceaccounts",
    "acting as a deployer": "impersonate users",
    "reading a Secret": "read Secrets",
    "listing Secrets": "read Secrets",
    "the kubelet": "nodes/proxy",
    "policy that injects": "change what is injected",
    "guard taken away": "take guards away",
    "labels of the namespace": "label namespaces",
}
"""What the scan calls the ways that were asked of an API server; of the rest, each makes a workload."""
NO_WAY = {
    "annotation of the ServiceAccount": "the cloud's trust names the ServiceAccount, not the annotation",
    "Secret with a token": "to read it is the way",
    "file that a pod reads": "RBAC does not show which files an application runs",
    "metrics through a pod's proxy": "the sidecar's port is not reached from outside the pod",
    "a Service's proxy": "the same",
    "client certificate": "it has to be approved",
}
"""What docs/developers.md has besides, and why the scan does not count it."""


def test_whoever_has_the_rights_of_a_way_is_listed_with_it(api_server: ApiServer, kubectl: Kubectl) -> None:
    """Every way that reaches an identity on a real API server; nobody is listed with another one."""
    client, expected = api_server.client, {}
    for number, (name, way) in enumerate({**ways.STREAMS, **ways.USES, **ways.RIGHTS}.items()):
        user = f"way-{number}"
        kind, where = ("ClusterRole", RBAC) if way.of_cluster else ("Role", f"{RBAC}/namespaces/ways")
        client.request("POST", f"{where}/{'clusterroles' if way.of_cluster else 'roles'}", way.role(user, "ways"))
        bindings = "clusterrolebindings" if way.of_cluster else "rolebindings"
        client.request("POST", f"{where}/{bindings}", bound(kind, user, user))
        expected[user] = None if name in NO_WAY else BY_WAY.get(name, "create workloads")
    enforced = {"metadata": {"name": "ways", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    client.request("PUT", "/api/v1/namespaces/ways", enforced)
    found: dict[str, set[str]] = {}
    for opened in scan(read(kubectl, [Identity("ways", ways.ACCOUNT)])):
        found.setdefault(opened.subject, set()).add(opened.way)
    for user, listed in expected.items():
        over_nodes = {f"{listed} (privileged), in ways"} if listed in ("bind roles", "widen roles") else set()
        assert found.get(f"User {user}", set()) == ({listed, *over_nodes} if listed else set()), user


def test_what_a_new_cluster_binds_is_its_own(kubectl: Kubectl) -> None:
    """Kubernetes' default bindings open ways to its own parts, and to nobody else."""
    cluster = read(kubectl, [Identity("empty", "app")])
    default = [each for each in cluster.rbac.cluster_role_bindings if each["metadata"].get("labels")]
    found = scan(replace(cluster, rbac=replace(cluster.rbac, cluster_role_bindings=default, role_bindings=[])))
    assert {way.subject for way in found if not way.is_own} == set()
    assert {"Group system:masters", "ServiceAccount kube-system/job-controller"} <= {way.subject for way in found}


def test_the_command_reads_a_real_cluster(api_server: ApiServer, kubectl: Kubectl) -> None:
    """From kubeconfig to exit code."""
    path = f"{RBAC}/namespaces/empty"
    api_server.client.request("POST", f"{path}/roles", ways.STREAMS["exec"].role("debug", "empty"))
    api_server.client.request("POST", f"{path}/rolebindings", bound("Role", "jane", "debug"))
    options = ("--kubeconfig", str(kubectl.kubeconfig), "--kubectl", kubectl.command, "--identity", "empty/app")
    result = CliRunner().invoke(cli, ["rbac", "--json", *options])
    assert result.exit_code == OPEN, result.output
    found = json.loads(result.output)
    (way,) = [way for way in found["ways"] if way["subject"] == "User jane"]
    assert (way["namespace"], way["way"], way["by"]) == (
        "empty",
        "pods/exec",
        "RoleBinding empty/debug of Role debug",
    )


def test_who_acts_as_somebody_for_one_purpose_is_listed(api_server: ApiServer, kubectl: Kubectl) -> None:
    """Kubernetes 1.36 asks for two rights where the verb `impersonate` is not given; without the second it refuses."""
    roles = f"{RBAC}/namespaces/judged-a"
    rules = [
        {
            "verbs": ["impersonate:serviceaccount"],
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["serviceaccounts"],
        },
        {"verbs": ["impersonate-on:serviceaccount:create"], "apiGroups": [""], "resources": ["pods"]},
    ]
    makes = ways.USES["pod"].role("makes-pods", "judged-a")
    account = {"kind": "ServiceAccount", "namespace": "judged-a", "name": "deployer"}
    roles_made: list[Object] = [
        makes,
        {"metadata": {"name": "for-pods"}, "rules": rules},
        {"metadata": {"name": "for-nothing"}, "rules": rules[:1]},
    ]
    for role in roles_made:
        api_server.client.request("POST", f"{roles}/roles", role)
        name = role["metadata"]["name"]
        made = bound("Role", name, name)
        api_server.client.request(
            "POST", f"{roles}/rolebindings", made | {"subjects": [account]} if role is makes else made
        )
    pod = {"metadata": {"name": "made"}, "spec": ways.pod_spec("default")}
    headers = {"Impersonate-User": "system:serviceaccount:judged-a:deployer", "Content-Type": "application/json"}

    def asked(user: str) -> int:
        path = f"{ways.CORE}/namespaces/judged-a/pods?dryRun=All"
        return ways.ask(api_server.user(user), "POST", path, json.dumps(pod), headers)[0]

    wait_for("the rights to act", lambda: asked("for-pods") == 201)
    assert asked("for-nothing") == 403
    found = {way.subject: way.way for way in scan(read(kubectl, [Identity("judged-a", "app")])) if way.namespace != "*"}
    assert found["User for-pods"] == "impersonate:serviceaccount"
    assert "User for-nothing" not in found
