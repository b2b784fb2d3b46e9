"""The metrics, in Prometheus' text format.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4). No label holds a secret, an
identity or a token; the names of secrets are labels only where that was asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""
MOST_SERIES = 2000
"""The most label combinations of a metric; further ones are counted as 'other'."""
_PREFIX = "secret_sidecar_"

Labels = tuple[str, ...]


class Counter:
    """Counts by labels."""

    kind = "counter"

    def __init__(self, name: str, about: str, labels: Labels = ()) -> None:
        self.name = _PREFIX + name
        self.about = about
        self._labels = labels
        self._counts: dict[Labels, float] = {} if labels else {(): 0}

    def add(self, *values: str) -> None:
        """Count one more."""
        counts = self._counts
        if values in counts:
            counts[values] += 1
        elif len(counts) < MOST_SERIES:
            counts[values] = 1
        else:
            other = ("other",) * len(values)
            counts[other] = counts.get(other, 0) + 1

    def lines(self) -> Iterable[str]:
        """Return the samples."""
        for values, count in list(self._counts.items()):
            yield f"{self.name}{_braces(zip(self._labels, values, strict=True))} {count}"


class Histogram:
    """Counts durations in seconds by one label."""

    kind = "histogram"

    def __init__(self, name: str, about: str, label: str) -> None:
        self.name = _PREFIX + name
        self.about = about
        self._label = label
        self._series: dict[str, list[float]] = {}

    def add(self, value: str, seconds: float) -> None:
        """Count one more."""
        series = self._series.get(value)
        if series is None:
            series = self._series[value] = [0.0] * (len(BUCKETS) + 2)  # the sum comes last
        series[bisect_left(BUCKETS, seconds)] += 1
        series[-1] += seconds

    def lines(self) -> Iterable[str]:
        """Return the samples: each bucket counts all that were no longer than its bound."""
        for value, series in list(self._series.items()):
            so_far = 0
            for bound, count in zip((*BUCKETS, "+Inf"), series, strict=False):
                so_far += int(count)
                yield f"{self.name}_bucket{_braces(((self._label, value), ('le', str(bound))))} {so_far}"
            label = _braces([(self._label, value)])
            yield f"{self.name}_sum{label} {series[-1]:.9g}"
            yield f"{self.name}_count{label} {so_far}"


class Gauge:
    """A gauge read on demand; None if there is no value."""

    kind = "gauge"

    def __init__(self, name: str, about: str, value: Callable[[], float | None]) -> None:
        self.name = _PREFIX + name
        self.about = about
        self._value = value

    def lines(self) -> Iterable[str]:
        """Return the sample."""
        value = self._value()
        if value is not None:
            yield f"{self.name} {value:.15g}"


class Metrics:
    """One sidecar's metrics."""

    def __init__(self, *, names: bool = False) -> None:
        self.requests = Counter("requests_total", "Requests to the API.", ("method", "route", "status"))
        self.request_seconds = Histogram("request_duration_seconds", "How long requests took.", "route")
        self.errors = Counter("errors_total", "Answers that are a problem, by its kind.", ("kind",))
        self.vault_calls = Counter("vault_calls_total", "Calls to the vault.", ("operation", "outcome"))
        self.vault_seconds = Histogram(
            "vault_call_duration_seconds", "How long calls to the vault took, retries and all.", "operation"
        )
        self.cache = Counter("cache_total", "Reads by how the cache served them.", ("result",))
        self.connections_ended = Counter(
            "connections_ended_total",
            "Connections ended so that others are served, by what they held.",
            ("held",),
        )
        self.audit_lost = Counter("audit_lines_lost_total", "Audit lines that could not be written.")
        self.reads = Counter("reads_total", "Reads by name.", ("name", "outcome")) if names else None
        self.requests_under_way = 0
        self._all: list[Counter | Histogram | Gauge] = [
            self.requests,
            self.request_seconds,
            Gauge("requests_in_flight", "Requests that wait for their answer.", lambda: self.requests_under_way),
            self.errors,
            self.vault_calls,
            self.vault_seconds,
            self.cache,
            self.connections_ended,
            self.audit_lost,
            *([self.reads] if self.reads else []),
        ]

    def gauge(self, name: str, about: str, value: Callable[[], float | None]) -> None:
        """Add a gauge that is read on demand."""
        self._all.append(Gauge(name, about, value))

    def render(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        lines: list[str] = []
        for metric in self._all:
            lines += (f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}", *metric.lines())
        return ("\n".join(lines) + "\n").encode()


def _braces(labels: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def route_of(scope: Mapping[str, object]) -> str:
    """Return the template of the path that a request was routed to; empty if it was to none."""
    return getattr(scope.get("route"), "path_format", "")
