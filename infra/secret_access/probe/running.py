"""Jobs made, waited for, read and deleted: several at a time, and none is left when it is stopped."""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Self

from ..errors import SecretAccessError
from ..kubectl import ClusterNotReached, KubectlError
from . import job
from .answers import Answers
from .cluster import Cluster, answers, has_ended, is_of, last_warning, why_waiting
from .plan import Probe

PAUSE = 1.0
"""Seconds between two looks at a pod."""


class Stopped(Exception):
    """Somebody stopped the run."""


class Run:
    """One run on a cluster: a context manager, whose end waits until the Jobs that are there are deleted."""

    def __init__(self, cluster: Cluster, *, seconds: int, parallel: int) -> None:
        """`seconds`: how long each pod may ask in its own place. `parallel`: how many pods ask at a time."""
        self.name = secrets.token_hex(4)
        self._cluster = cluster
        self._seconds = seconds
        self._stopped = threading.Event()
        # The pool's own shutdown overlooks a thread that was being started when Ctrl-C came
        self._asking = 0
        self._change = threading.Condition()
        self._pool = ThreadPoolExecutor(parallel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._stopped.set()
            self._change.wait_for(lambda: not self._asking)
        self._pool.shutdown(cancel_futures=True)

    def ask(self, probes: Sequence[Probe]) -> Iterator[tuple[Probe, Answers]]:
        """Yield the answers of each probe, in the order in which they come."""
        asked = {self._pool.submit(self._ask, probe): probe for probe in probes}
        for each in as_completed(asked):
            yield asked[each], each.result()

    def _ask(self, probe: Probe) -> Answers:
        with self._change:
            if self._stopped.is_set():
                raise Stopped
            self._asking += 1
        try:
            return self._with_job(probe)
        finally:
            with self._change:
                self._asking -= 1
                self._change.notify_all()

    def _with_job(self, probe: Probe) -> Answers:
        try:
            made = job.job(probe, self._seconds, run=self.name)
        except SecretAccessError as error:
            return Answers("", {}, why_none=str(error))
        namespace, name = made["metadata"]["namespace"], made["metadata"]["name"]
        try:
            (created,) = self._cluster.create(made)
            return self._wait(probe, made, str(created["metadata"]["uid"]))
        except KubectlError as error:
            return Answers("", {}, why_none=str(error))
        finally:
            with suppress(KubectlError):  # Kubernetes itself deletes it some time after it has ended
                self._cluster.delete("job", name, namespace)

    def _wait(self, probe: Probe, made: job.Manifest, uid: str) -> Answers:
        namespace, name = made["metadata"]["namespace"], made["metadata"]["name"]
        selector = f"{job.RUN_LABEL}={self.name},{job.PROBE_LABEL}={probe.key}"
        limit = job.limit(probe, self._seconds)
        until = time.monotonic() + limit
        pods: list[job.Manifest] = []
        trouble = ""
        while True:
            try:
                pods = [each for each in self._cluster.find("pods", namespace, selector) if is_of(each, uid)]
                if pods and has_ended(pods[0]):
                    return answers(self._cluster, pods[0], made, "the pod ended before it was answered")
                trouble = ""
            except ClusterNotReached as error:  # it may be reached a moment later
                trouble = str(error)
            if time.monotonic() >= until:
                break
            if self._stopped.wait(PAUSE):
                raise Stopped
        reason = trouble or why_waiting(pods) or last_warning(self._cluster, namespace, name) or "nobody says why"
        why = f"the Job did not end within {limit} s: {reason}"
        if pods and not trouble:
            with suppress(KubectlError):  # a container that never started has no log
                return answers(self._cluster, pods[0], made, why)
        return Answers(pods[0]["metadata"]["name"] if pods else "", {}, why_none=why)
