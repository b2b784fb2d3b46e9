"""The report of a run, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tests.soak import verdict
from tests.soak.run import Run


def document(run: Run) -> dict[str, Any]:
    """Return everything, as JSON."""
    samples, latencies = run.process.samples, sorted(run.judge.latencies)
    rests = verdict.judged(samples)
    return {
        "passed": run.passed,
        "seed": run.seed,
        "seconds": run.seconds,
        "routes": asdict(run.routes),
        "answers": sum(outcomes.total() for outcomes in run.judge.outcomes.values()),
        "changes": run.judge.expected.changes,
        "outcomes": {what: dict(counts.most_common()) for what, counts in sorted(run.judge.outcomes.items())},
        "faults": dict(run.journal.counts.most_common()),
        "latency_ms": {f"p{p}": _percentile(latencies, p) for p in (50, 90, 99)},
        "harness_lag_ms": round(run.lag * 1000, 1),
        "process": {
            "rss_kb": {
                "start": samples[0].rss,
                "warm": rests[0].rss,
                "most": max(sample.rss for sample in samples),
                "end": samples[-1].rss,
                "growth": round(verdict.memory_growth(samples)),
                "allowed": verdict.allowed_kb(run.seconds),
            },
            "in_use": {
                what: {"growth": round(growth), "allowed": verdict.allowed_in_use(run.seconds)[what]}
                for what, growth in verdict.in_use_growth(run.process.in_use).items()
            },
            "fds": {
                "idle_before": run.fds_idle[0],
                "idle_after": run.fds_idle[1],
                "most": max(sample.fds for sample in samples),
                "growth": round(verdict.fd_growth(samples), 1),
                "allowed": verdict.allowed_fds(run.seconds),
            },
            "threads": max(sample.threads for sample in samples),
            "cpu_seconds": samples[-1].cpu,
        },
        "log": dict(run.process.messages.most_common()),
        "violations": dict(run.judge.counts.most_common()),
        "first_violations": [asdict(violation) for violation in run.judge.violations],
    }


def _percentile(ordered: list[float], percent: int) -> float | None:
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000, 2) if ordered else None


def lines(run: Run) -> list[str]:
    """Return the summary."""
    summary = document(run)
    process = summary["process"]
    shown = [f"{what:18}{_row(counts)}" for what, counts in summary["outcomes"].items()]
    shown += ["", "faults: " + ", ".join(f"{what} {count}" for what, count in summary["faults"].items()), ""]
    shown.append(f"routes: {', '.join(what for what, there in summary['routes'].items() if there) or 'reading only'}")
    shown.append(f"{summary['answers']} answers in {run.seconds:.0f} s, {summary['changes']} changes, seed {run.seed}")
    shown.append("latency: " + ", ".join(f"{p} {ms} ms" for p, ms in summary["latency_ms"].items()))
    shown.append("memory in kB: " + ", ".join(f"{what} {kb}" for what, kb in process["rss_kb"].items()))
    in_use = (f"{what} {used['growth']} of {used['allowed']}" for what, used in process["in_use"].items())
    shown.append("growth of memory in use: " + ", ".join(in_use))
    shown.append("descriptors: " + ", ".join(f"{what} {count}" for what, count in process["fds"].items()))
    shown.append(
        f"CPU {process['cpu_seconds']:.1f} s, threads {process['threads']}, lag {summary['harness_lag_ms']} ms"
    )
    shown.append("log: " + ", ".join(f"{message} ({count})" for message, count in summary["log"].items()))
    if not run.passed:
        shown += ["", "VIOLATIONS: " + ", ".join(f"{rule} {count}" for rule, count in summary["violations"].items())]
        for violation in run.judge.violations:
            shown += ["", *violation.lines()]
    shown += ["", "passed" if run.passed else "FAILED"]
    return shown


def _row(counts: dict[str, int]) -> str:
    return "  ".join(f"{outcome}: {count}" for outcome, count in counts.items())
