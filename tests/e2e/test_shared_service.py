"""The shared service in the cluster: pods of two namespaces call it with their own tokens, and AWS tells them apart.

The laptop environment has nothing that routes a Service's name to a pod or enforces a NetworkPolicy: see
`shared_caller`, and `test_shared_service_network`, which adds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.aws import account
from local.aws.cloud import AWS
from local.progress import wait_for
from local.trail import Call
from tests.e2e.conftest import Environment
from tests.e2e.shared_caller import Answer
from tests.e2e.shared_environment import Service, running

TEST, PROD = "test/database-password", "prod/database-password"
READ, EXCHANGE = "secretsmanager.GetSecretValue", "AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def service(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Up before the first test, gone after the last."""
    with running(environment, tmp_path_factory.mktemp("authority")) as service:
        yield service


def call_of(mark: int, action: str, request_id: str | None) -> Call:
    """The call that AWS's trail has under this request."""
    (found,) = [call for call in AWS.trail.since(mark) if (call.action, call.request_id) == (action, request_id)]
    return found


def session(role: str, caller: str) -> str:
    """The ARN under which AWS knows a pod of test or prod that calls."""
    return f"arn:aws:sts::111122223333:assumed-role/{role.rpartition('/')[2]}/{caller}.{caller}"


@pytest.mark.parametrize(("caller", "own", "others"), [("test", TEST, PROD), ("prod", PROD, TEST)])
def test_each_reads_its_own_and_is_refused_the_others(
    service: Service, role_arns: dict[str, str], caller: str, own: str, others: str
) -> None:
    """By every replica, each decided by AWS under the caller's own role and session, which its trail shows."""
    mine = session(role_arns[caller], caller)
    assert len(service.addresses()) == 2
    for address in service.addresses():
        for name in (own, "database-password"):
            mark = AWS.trail.length()
            answer = service.callers[caller].ask(address, name)
            assert (answer.status, answer.body["value"]) == (200, account.value(own))
            assert [call.identity for call in AWS.trail.since(mark) if (call.action, call.name) == (READ, own)] == [
                mine,
                "root",  # account.value
            ]
        mark = AWS.trail.length()
        refused = service.callers[caller].ask(address, others)
        assert (refused.status, refused.body["identity"]) == (403, mine)
        decision = call_of(mark, READ, refused.body["request_id"])
        assert (decision.identity, decision.name, decision.code) == (mine, others, "AccessDeniedException")


def test_nothing_is_left_to_do_after_up(service: Service) -> None:
    """What the component asks for is what the API server has."""
    service.pulumi("preview", "--expect-no-changes")


def test_without_a_token_nobody_is_asked(service: Service) -> None:
    """401, and AWS has no call of it."""
    mark = AWS.trail.length()
    answer = service.ask("test", TEST, "none")
    assert (answer.status, answer.body["type"]) == (401, "urn:secret-access:problem:unauthenticated")
    assert AWS.trail.since(mark) == []


@pytest.mark.parametrize("spoilt", ["signature", "claims of prod"])
def test_a_forged_token_is_refused_by_aws(service: Service, spoilt: str) -> None:
    """Another signature, or prod's name under test's signature: AWS does not take it, and nothing is read."""
    mark = AWS.trail.length()
    answer = service.ask("test", PROD, spoilt)
    assert (answer.status, answer.body["code"]) == (401, "InvalidIdentityToken")
    assert call_of(mark, EXCHANGE, answer.body["request_id"]).code == "InvalidIdentityToken"
    assert [call for call in AWS.trail.since(mark) if call.action == READ] == []


@pytest.mark.parametrize(("caller", "namespace"), [("without-role", "test"), ("stranger", "stranger")])
def test_a_service_account_without_a_role_is_refused_by_aws(service: Service, caller: str, namespace: str) -> None:
    """Another ServiceAccount of test, which test's role does not trust, and one whose namespace has no role at all."""
    mark = AWS.trail.length()
    answer = service.ask(caller, TEST)
    assert (answer.status, answer.body["code"]) == (403, "AccessDenied")
    assert answer.body["identity"] == f"arn:aws:iam::111122223333:role/secret-access-local-{namespace}"
    assert call_of(mark, EXCHANGE, answer.body["request_id"]).code == "AccessDenied"
    assert [call for call in AWS.trail.since(mark) if call.action == READ] == []


def test_a_widened_policy_turns_the_refusal(service: Service, role_arns: dict[str, str]) -> None:
    """The control: what AWS refuses above it gives once test's own role may, and refuses again afterwards."""
    iam = account.client("iam")
    role = role_arns["test"].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    widened = document.replace(":secret:test/*", ":secret:*")
    assert widened != document
    assert service.ask("test", PROD).status == 403
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=widened)
    try:
        turned = service.ask("test", PROD)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
    assert (turned.status, turned.body["value"]) == (200, account.value(PROD))
    assert service.ask("test", PROD).status == 403


def test_its_log_names_callers_and_holds_no_value_and_no_token(service: Service) -> None:
    """An audit line says who read what; what was read, and what it was asked with, is nowhere in it."""
    service.ask("test", TEST)
    service.ask("test", TEST, "signature")
    pods = [pod["metadata"]["name"] for pod in service.pods()]
    log = "".join(service.environment.kubectl("logs", "-n", "platform", pod) for pod in pods)
    read = [json.loads(line) for line in log.splitlines() if '"audit"' in line]
    assert {"system:serviceaccount:test:secret-access"} <= {line["caller"] for line in read}
    assert TEST in {line["name"] for line in read}
    assert account.value(TEST) not in log
    assert account.value(PROD) not in log
    assert "eyJ" not in log


# Every file that the service's own user may read, and its environment.
FIND_TOKENS = """
import json, os, re
found = [name for name in os.environ if re.search("TOKEN|ACCESS_KEY|AWS_ROLE_ARN", name)]
for top in ("/run", "/var", "/tmp", "/etc"):
    for folder, _, files in os.walk(top):
        for name in files:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    if re.search(rb"eyJ[\\w-]+\\.eyJ[\\w-]+\\.[\\w-]+", file.read(1 << 20)):
                        found.append(os.path.join(folder, name))
            except OSError:
                pass
print(json.dumps(found))
"""


def test_the_service_itself_holds_no_identity(service: Service) -> None:
    """No token is in its pods, no key in their environment; a caller's pod shows that the search finds one."""

    def search(namespace: str, pod: str, container: str) -> list[str]:
        run = ("exec", "-n", namespace, pod, "-c", container, "--", "python3", "-c", FIND_TOKENS)
        searched: list[str] = json.loads(service.environment.kubectl(*run))
        return searched

    assert any(path.endswith("caller/token") for path in search("test", "test", "app"))  # a link and its target
    for pod in service.pods():
        assert search("platform", pod["metadata"]["name"], "secrets") == []


def test_a_new_certificate_is_shown_to_new_connections(service: Service) -> None:
    """The platform renews it, and no pod restarts."""
    before = service.pods()
    old = service.ask("test", TEST)
    serial = service.give_certificate("renewed")
    assert (old.status, old.serial != serial) == (200, True)
    for pod in before:  # a change of the pod is what makes it look at once instead of within a minute or two
        renewed = ("annotate", "pod", pod["metadata"]["name"], "-n", "platform", "--overwrite", f"serial={serial}")
        service.environment.kubectl(*renewed)
    for address in service.settled():
        shown = wait_for(
            "the new certificate",
            lambda address=address: _showing(service, address, serial),  # type: ignore[misc]
        )
        assert shown.status == 200
    assert [(pod["metadata"]["name"], restarts(pod)) for pod in service.pods()] == [
        (pod["metadata"]["name"], 0) for pod in before
    ]


def _showing(service: Service, address: str, serial: int) -> Answer | None:
    answer = service.callers["test"].ask(address, TEST)
    return answer if answer.serial == serial else None


def restarts(pod: dict[str, object]) -> int:
    status = pod["status"]
    assert isinstance(status, dict)
    return sum(container["restartCount"] for container in status["containerStatuses"])


def test_pods_come_and_go_without_anybodys_leave(service: Service) -> None:
    """Nothing is kept in a pod: after a rollout, and after one was deleted, the same tokens read the same secrets."""
    before = {pod["metadata"]["name"] for pod in service.pods()}
    service.environment.kubectl("rollout", "restart", "deployment", "secrets", "-n", "platform")
    service.environment.kubectl("rollout", "status", "deployment", "secrets", "-n", "platform", "--timeout=120s")
    service.settled()
    after = {pod["metadata"]["name"] for pod in service.pods()}
    assert before.isdisjoint(after)
    service.environment.kubectl("delete", "pod", after.pop(), "-n", "platform")
    for address in service.settled():
        for caller, name in (("test", TEST), ("prod", PROD)):
            answer = service.callers[caller].ask(address, name)
            assert (answer.status, answer.body["value"]) == (200, account.value(name))


STATUS = "print(*(line for line in open('/proc/1/status') if line.startswith(('VmRSS', 'VmHWM'))), sep='')"


def test_a_pods_memory_is_far_below_its_request(service: Service) -> None:
    """128 MiB are asked for, which is room for many callers more."""
    for pod in service.pods():
        run = ("exec", "-n", "platform", pod["metadata"]["name"], "--", "python3", "-c", STATUS)
        most = dict(line.split(":") for line in service.environment.kubectl(*run).splitlines() if line)["VmHWM"]
        kibibytes = int(most.split()[0])
        print(f"{pod['metadata']['name']}: {kibibytes} KiB at most")
        assert kibibytes < 64 << 10
