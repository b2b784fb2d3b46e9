"""What a run came to: for a person, and as JSON."""

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
        "routes": asdict(run.has),
        "answers": sum(outcomes.total() for outcomes in run.judge.outcomes.values()),
        "changes": run.judge.expected_state.changes,
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
                what: {"growth": round(growth), "allowed": verdict.allowed_held(run.seconds)[what]}
                for what, growth in verdict.held_growth(run.process.held).items()
            },
            "fds": {
                "idle_before": run.fds_idle[0],
                "idle_after": run.fds_idle[1],
                "most": max(sample.fds for sample in samples),
                "growth": round(verdict.fd_growth(samples), 1),
                "allowed": verdict.GROWTH_FDS,
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
    told = document(run)
    process = told["process"]
    shown = [f"{what:18}{_row(counts)}" for what, counts in told["outcomes"].items()]
    shown += ["", "faults: " + ", ".join(f"{what} {count}" for what, count in told["faults"].items()), ""]
    shown.append(f"routes: {', '.join(what for what, there in told['routes'].items() if there) or 'reading alone'}")
    shown.append(f"{told['answers']} answers in {run.seconds:.0f} s, {told['changes']} changes, seed {run.seed}")
    shown.append("latency: " + ", ".join(f"{p} {ms} ms" for p, ms in told["latency_ms"].items()))
    shown.append("memory in kB: " + ", ".join(f"{what} {kb}" for what, kb in process["rss_kb"].items()))
    held = (f"{what} {told['growth']} of {told['allowed']}" for what, told in process["in_use"].items())
    shown.append("growth of what is in use: " + ", ".join(held))
    shown.append("descriptors: " + ", ".join(f"{what} {count}" for what, count in process["fds"].items()))
    shown.append(f"CPU {process['cpu_seconds']:.1f} s, threads {process['threads']}, lag {told['harness_lag_ms']} ms")
    shown.append("log: " + ", ".join(f"{message} ({count})" for message, count in told["log"].items()))
    if not run.passed:
        shown += ["", "VIOLATIONS: " + ", ".join(f"{rule} {count}" for rule, count in told["violations"].items())]
        for violation in run.judge.violations:
            shown += ["", *violation.lines()]
    shown += ["", "passed" if run.passed else "FAILED"]
    return shown


def _row(counts: dict[str, int]) -> str:
    return "  ".join(f"{outcome}: {count}" for outcome, count in counts.items())
