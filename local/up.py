"""``make up``: from nothing to namespaces that read their own secrets and are refused the others'."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from local import clouds, cluster, config, host, images, isolation, namespaces, plugins, selection
from local.aws.cloud import AWS
from local.cloud import Cloud
from local.kubectl import Kubectl
from local.progress import say, step
from local.stack_order import bring_up
from local.stacks import Pulumi


def up(tools: Path) -> list[isolation.Cell]:
    """Bring everything up, or what is missing of it, and ask for every secret from every namespace."""
    wanted = clouds.wanted()
    if host.running():
        selection.check_is_up()
    say(f"  pulumi plugins: {', '.join(map(str, plugins.choose()))}")
    kubectl, pulumi = Kubectl(tools), Pulumi(tools)
    with host.claim():
        tars = images.build(config.IMAGES)
        if not host.running():
            host.start(tools)
        _first_steps(kubectl, tars, wanted)  # also where an interrupted `make up` has left some of them to do
        bring_up(kubectl, pulumi, wanted)
        return prove(kubectl, pulumi, wanted)


def _first_steps(kubectl: Kubectl, tars: list[Path], wanted: Sequence[Cloud]) -> None:
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(cluster.load_images, tars)
        with step(f"{', '.join(cloud.title for cloud in wanted)} and the Kubernetes API"):
            cluster.wait_for_api()
            cluster.publish_issuer(kubectl)
            for cloud in wanted:
                cloud.account.wait()
        with step("node"):
            cluster.wait_for_node(kubectl)
            if loaded.result():
                cluster.renew_pods(kubectl)


def prove(kubectl: Kubectl, pulumi: Pulumi, wanted: Sequence[Cloud]) -> list[isolation.Cell]:
    """Wait for the pods, give each declared secret that is not there a value, and ask for everything."""
    with step("pods"):
        pods = {
            cloud: [
                cluster.wait_for_pod(kubectl, cloud, namespace.name)
                for namespace in namespaces.made_by_stacks(pulumi, cloud)
                if namespace.has_workloads
            ]
            for cloud in wanted
        }
    declared = {cloud: [name for pod in pods[cloud] for name in pod.declared] for cloud in wanted}
    with step(f"secrets {', '.join(dict.fromkeys(chain(*declared.values())))} in the vault"):
        for cloud, names in declared.items():
            cloud.account.seed(names)
    with step("asking from inside the pods"):
        return matrix(kubectl, pulumi, wanted)


def matrix(kubectl: Kubectl, pulumi: Pulumi, wanted: Sequence[Cloud]) -> list[isolation.Cell]:
    """Ask for everything, and write the answers to `.local/isolation.json`."""
    cells = ask_everything(kubectl, pulumi, wanted)
    isolation.write(cells, config.ISOLATION)
    return cells


def ask_everything(kubectl: Kubectl, pulumi: Pulumi, wanted: Sequence[Cloud]) -> list[isolation.Cell]:
    """Ask each cloud for every secret of every namespace, from inside an app container of each namespace."""
    with ThreadPoolExecutor() as pool:
        asked = pool.map(lambda cloud: _ask_cloud(kubectl, pulumi, cloud), wanted)
    return list(chain(*asked))


def _ask_cloud(kubectl: Kubectl, pulumi: Pulumi, cloud: Cloud) -> list[isolation.Cell]:
    """Ask one cloud.

    Left out, and said so: secrets outside all prefixes, which nobody can be expected to read, and namespaces whose
    workloads somebody else deploys while they have none.
    """
    made = namespaces.made_by_stacks(pulumi, cloud)
    stored = cloud.account.values()
    names = list(dict.fromkeys(name for owner in made for name in stored if name.startswith(owner.prefix)))
    if others := sorted(set(stored) - set(names)):
        say(f"  not asked for, because no namespace has their prefix: {', '.join(others)}")
    cells = []
    for namespace in made:
        find = cluster.running_pod if namespace.has_workloads else cluster.find_pod
        pod = find(kubectl, cloud, namespace.name)
        if pod is None:
            say(f"  not asked from {namespace.name}, which has no pod with a sidecar")
            continue
        for name in names:
            question = isolation.Question(cloud, namespace.name, namespace.prefix, name, pod.name, pod.app, pod.address)
            mark = cloud.trail.length()
            answer = cluster.ask(kubectl, pod, name)
            cells.append(isolation.judge(question, answer, cloud.trail.since(mark), stored[name]))
    return cells


def report(cells: list[isolation.Cell]) -> int:
    """Print the matrix and what to try next; the exit code."""
    print(isolation.table(cells))
    if problems := isolation.wrong(cells):
        for problem in problems:
            say(f"WRONG: {problem}")
        return 1
    asked = [clouds.ALL[vault] for vault in dict.fromkeys(cell.question.vault for cell in cells)]
    if asked != [AWS]:
        print("\n" + "; ".join(f"{cloud.name}: {cloud.decider}" for cloud in asked))
    *others, last = (cloud.title for cloud in asked)
    deciders = f"{', '.join(others)} and {last}" if others else last
    print(
        f"\nEach namespace reads its own secrets and is refused the others', by {deciders}. "
        f"Written to {config.ISOLATION.relative_to(config.ROOT)}. Try:"
    )
    for expected in (200, 403):
        example = next((cell.question for cell in cells if cell.question.expected == expected), None)
        if example:
            picked = "" if asked == [AWS] else f" CLOUD={example.vault}"
            print(f"  make ask FROM={example.asker} NAME={example.name}{picked}")
    return 0
