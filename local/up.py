"""``make up``: from nothing to namespaces that read their own secrets and are refused the others'."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local import cluster, config, host, images, isolation, plugins
from local.aws import account
from local.kubectl import Kubectl
from local.progress import say, step
from local.stacks import Pulumi

SECRET = "database-password"  # noqa: S105 — a name
NAMES = tuple(f"{namespace}/{SECRET}" for namespace in config.NAMESPACE_STACKS)
APP = "app"


def up(tools: Path) -> list[isolation.Cell]:
    """Bring everything up, or what is missing of it, and ask for every secret from every namespace."""
    say(f"  pulumi plugins: {', '.join(map(str, plugins.choose()))}")
    kubectl, pulumi = Kubectl(tools), Pulumi(tools)
    with host.claim():
        tars = images.build(config.IMAGES)
        if not host.running():
            host.start(tools)
        _first_steps(kubectl, tars)  # also where an interrupted `make up` has left some of them to do
        with step(f"secrets {', '.join(NAMES)} in the vault"):
            account.seed(NAMES)
        _stacks(pulumi)
        with step("pods"):
            for namespace in config.NAMESPACE_STACKS:
                cluster.wait_for_pod(kubectl, namespace, APP)
        with step("asking from inside the pods"):
            return matrix(kubectl)


def _first_steps(kubectl: Kubectl, tars: list[Path]) -> None:
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(cluster.load_images, tars)
        with step("AWS and the Kubernetes API"):
            account.wait_for_aws()
            cluster.wait_for_api()
            cluster.publish_issuer(kubectl)
        with step("node"):
            cluster.wait_for_node(kubectl)
            if loaded.result():
                cluster.renew_pods(kubectl, config.NAMESPACE_STACKS)


def _stacks(pulumi: Pulumi) -> None:
    with step(f"pulumi up {config.CLUSTER_STACK}"):
        pulumi.up(config.CLUSTER_STACK)

    def make(stack: str) -> None:
        with step(f"pulumi up {stack}"):
            pulumi.up(stack)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, config.NAMESPACE_STACKS.values()))


def matrix(kubectl: Kubectl) -> list[isolation.Cell]:
    """Ask for everything, and keep what came of it as the evidence."""
    cells = ask_everything(kubectl)
    isolation.write(cells, config.ISOLATION)
    return cells


def ask_everything(kubectl: Kubectl) -> list[isolation.Cell]:
    """Ask for each namespace's secret from inside each namespace's app container."""
    cells = []
    for namespace in config.NAMESPACE_STACKS:
        pod = cluster.running_pod(kubectl, namespace, APP)
        for name in NAMES:
            question = isolation.Question(namespace, name, pod)
            mark = account.trail_length()
            answer = cluster.ask(kubectl, namespace, pod, name)
            cells.append(isolation.judge(question, answer, account.calls_since(mark), account.value(name)))
    return cells


def report(cells: list[isolation.Cell]) -> int:
    """Print the matrix and what to try next; the exit code."""
    print(isolation.table(cells))
    if problems := isolation.wrong(cells):
        for problem in problems:
            say(f"WRONG: {problem}")
        return 1
    own, other = NAMES
    asker = next(iter(config.NAMESPACE_STACKS))
    print(
        "\nEach namespace reads its own and is refused the other's, by AWS. "
        f"Written to {_shown(config.ISOLATION)}. Try:"
    )
    for name in (own, other):
        print(f"  make ask FROM={asker} NAME={name}")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(config.ROOT))
