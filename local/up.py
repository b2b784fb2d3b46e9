"""``make up``: from nothing to namespaces that read their own secrets and are refused the others'."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local import cluster, config, host, images, isolation, namespaces, plugins
from local.aws import account
from local.kubectl import Kubectl
from local.progress import say, step
from local.stacks import Pulumi


def up(tools: Path) -> list[isolation.Cell]:
    """Bring everything up, or what is missing of it, and ask for every secret from every namespace."""
    say(f"  pulumi plugins: {', '.join(map(str, plugins.choose()))}")
    kubectl, pulumi = Kubectl(tools), Pulumi(tools)
    with host.claim():
        tars = images.build(config.IMAGES)
        if not host.running():
            host.start(tools)
        _first_steps(kubectl, tars)  # also where an interrupted `make up` has left some of them to do
        _stacks(pulumi)
        return prove(kubectl, pulumi)


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
                cluster.renew_pods(kubectl)


def _stacks(pulumi: Pulumi) -> None:
    with step(f"pulumi up {config.CLUSTER_STACK}"):
        pulumi.up(config.CLUSTER_STACK)

    def make(stack: str) -> None:
        with step(f"pulumi up {stack}"):
            pulumi.up(stack)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, config.ENVIRONMENT_STACKS.values()))


def prove(kubectl: Kubectl, pulumi: Pulumi) -> list[isolation.Cell]:
    """Wait for the pods, give each declared secret that is not there a value, and ask for everything."""
    with step("pods"):
        made = namespaces.made_by_stacks(pulumi)
        pods = [cluster.wait_for_pod(kubectl, namespace.name) for namespace in made if namespace.has_workloads]
    names = [name for pod in pods for name in pod.declared]
    with step(f"secrets {', '.join(names)} in the vault"):
        account.seed(names)
    with step("asking from inside the pods"):
        return matrix(kubectl, pulumi)


def matrix(kubectl: Kubectl, pulumi: Pulumi) -> list[isolation.Cell]:
    """Ask for everything, and write the answers to `.local/isolation.json`."""
    cells = ask_everything(kubectl, pulumi)
    isolation.write(cells, config.ISOLATION)
    return cells


def ask_everything(kubectl: Kubectl, pulumi: Pulumi) -> list[isolation.Cell]:
    """Ask for every secret of every namespace, from inside an app container of each namespace.

    Left out, and said so: secrets outside all prefixes, which nobody can be expected to read, and namespaces whose
    workloads somebody else deploys while they have none.
    """
    made = namespaces.made_by_stacks(pulumi)
    stored = account.values()
    names = list(dict.fromkeys(name for owner in made for name in stored if name.startswith(owner.prefix)))
    if others := sorted(set(stored) - set(names)):
        say(f"  not asked for, because no namespace has their prefix: {', '.join(others)}")
    cells = []
    for namespace in made:
        find = cluster.running_pod if namespace.has_workloads else cluster.find_pod
        pod = find(kubectl, namespace.name)
        if pod is None:
            say(f"  not asked from {namespace.name}, which has no pod with a sidecar")
            continue
        for name in names:
            question = isolation.Question(namespace.name, namespace.prefix, name, pod.name, pod.app)
            mark = account.trail_length()
            answer = cluster.ask(kubectl, pod, name)
            cells.append(isolation.judge(question, answer, account.calls_since(mark), stored[name]))
    return cells


def report(cells: list[isolation.Cell]) -> int:
    """Print the matrix and what to try next; the exit code."""
    print(isolation.table(cells))
    if problems := isolation.wrong(cells):
        for problem in problems:
            say(f"WRONG: {problem}")
        return 1
    print(
        "\nEach namespace reads its own secrets and is refused the others', by AWS. "
        f"Written to {config.ISOLATION.relative_to(config.ROOT)}. Try:"
    )
    for expected in (200, 403):
        example = next((cell.question for cell in cells if cell.question.expected == expected), None)
        if example:
            print(f"  make ask FROM={example.asker} NAME={example.name}")
    return 0
