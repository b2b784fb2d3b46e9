"""Bringing up the stacks of several clouds: each as early as what it needs is there.

A cloud's environments need its cluster's stack. AWS's make the namespaces, and the other clouds' work in them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from local import cluster, config
from local.aws.cloud import AWS
from local.cloud import Cloud
from local.kubectl import Kubectl
from local.progress import say, step
from local.stacks import Pulumi

AT_ONCE = 4
"""Each is four processes, which take half a gigabyte."""


def bring_up(kubectl: Kubectl, pulumi: Pulumi, wanted: Sequence[Cloud]) -> None:
    """Bring up the clouds' stacks; without AWS, the namespaces are made first. Raises what the first failure raised."""
    if AWS not in wanted:
        cluster.make_namespaces(kubectl, config.ENVIRONMENTS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        stacks = _Stacks(kubectl, pulumi)
        try:
            proven = [future.result() for future in stacks.submit(pool, wanted)]
            say(f"  documents of {sum(proven)} stacks: proven isolated before these were made")
        except BaseException:
            stacks.given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Stacks:
    """Each stack in a thread, in which it first waits for those that it needs: they are submitted before it."""

    def __init__(self, kubectl: Kubectl, pulumi: Pulumi) -> None:
        self._kubectl = kubectl
        self._pulumi = pulumi
        self._clusters: dict[Cloud, Future[bool]] = {}
        self._of_aws: dict[str, Future[bool]] = {}
        self.given_up = threading.Event()

    def submit(self, pool: ThreadPoolExecutor, wanted: Sequence[Cloud]) -> list[Future[bool]]:
        """Begin with every stack of these clouds."""
        for cloud in wanted:
            self._clusters[cloud] = pool.submit(self._make, cloud.cluster_stack)
        environments = []
        for cloud in sorted(wanted, key=lambda cloud: cloud is not AWS):
            for environment in config.ENVIRONMENTS:
                environments.append(pool.submit(self._make_environment, cloud, environment))
                if cloud is AWS:
                    self._of_aws[environment] = environments[-1]
        return [*self._clusters.values(), *environments]

    def _make_environment(self, cloud: Cloud, environment: str) -> bool:
        self._clusters[cloud].result()
        if cloud is not AWS and environment in self._of_aws:
            maker = self._of_aws[environment]
            cluster.wait_for_namespace(self._kubectl, environment, lambda: self._why_not(maker))
        return self._make(cloud.environment_stacks[environment], preview=True)

    def _why_not(self, maker: Future[bool]) -> str | None:
        failed = maker.done() and maker.exception()
        return "a stack failed that comes first" if failed or self.given_up.is_set() else None

    def _make(self, stack: str, *, preview: bool = False) -> bool:
        if self.given_up.is_set():
            return False
        with step(f"pulumi up {stack}"):
            return self._pulumi.up(stack, preview=preview)
