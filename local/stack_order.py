"""Bringing up the stacks of several clouds: each as early as what it needs is there.

A cloud's environments need its cluster's stack. AWS's make the namespaces, and the other clouds' work in them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from local import cluster, config
from local.aws.cloud import AWS
from local.cloud import Cloud
from local.kubectl import Kubectl
from local.progress import step
from local.stacks import Pulumi

AT_ONCE = 4
"""Each is four processes, which take half a gigabyte."""


def bring_up(kubectl: Kubectl, pulumi: Pulumi, wanted: Sequence[Cloud]) -> None:
    """Bring up the clouds' stacks; without AWS, the namespaces are made first. Raises what the first failure raised."""
    if AWS not in wanted:
        cluster.make_namespaces(kubectl, config.ENVIRONMENTS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # A stack that waits for another has a thread meanwhile: those that are waited for are submitted before it.
        clusters = {cloud: pool.submit(_make, pulumi, cloud.cluster_stack) for cloud in wanted}
        made: dict[str, Future[None]] = {}
        given_up = threading.Event()

        def why_not(stack: Future[None]) -> str | None:
            return (
                "the stack that makes it failed" if given_up.is_set() or (stack.done() and stack.exception()) else None
            )

        def make_environment(cloud: Cloud, environment: str) -> None:
            clusters[cloud].result()
            if cloud is not AWS and environment in made:
                cluster.wait_for_namespace(kubectl, environment, partial(why_not, made[environment]))
            if not given_up.is_set():
                _make(pulumi, cloud.environment_stacks[environment])

        environments = []
        for cloud in sorted(wanted, key=lambda cloud: cloud is not AWS):
            for environment in config.ENVIRONMENTS:
                environments.append(pool.submit(make_environment, cloud, environment))
                if cloud is AWS:
                    made[environment] = environments[-1]
        try:
            for future in (*clusters.values(), *environments):
                future.result()
        except BaseException:
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _make(pulumi: Pulumi, stack: str) -> None:
    with step(f"pulumi up {stack}"):
        pulumi.up(stack)
