"""`secret-access prove`: each namespace asks for its own and every other's secrets, and the cloud answers."""

import hashlib
import json
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from ..errors import SecretAccessError
from ..kubectl import Kubectl
from ..probe import job, plan, rendering
from ..probe.answers import Answers, Asked, cells
from ..probe.cluster import collected, with_pods, without_pod
from ..probe.errors import ProbeError
from ..probe.identities import read
from ..probe.matrix import READ, breaches, wrong
from ..probe.plan import Plan, Probe
from ..probe.resumption import Resumption
from ..probe.running import Run

ISOLATED, BREACHED, UNUSABLE, UNDECIDED, STOPPED = 0, 1, 2, 3, 130
"""Exit codes."""
EXIT_CODES = """\b
Exit codes:
  0    every namespace reads its own secrets, and the cloud refuses it every other's
  1    some namespace reads a secret that is not its own
  2    the arguments, the cluster or the file cannot be used
  3    nothing foreign was read, but some answer is no proof: a 404, an error, a time-out, no known name
  130  stopped by Ctrl-C or SIGTERM; the Jobs are deleted
"""


def _names(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for each in given:
        namespace, separator, name = each.partition("=")
        if not (namespace and separator and name):
            raise click.BadParameter(f"{each!r}: expected NAMESPACE=NAME, such as shop=database-password")
        found.append((namespace, name))
    return found


@click.command(epilog=EXIT_CODES)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAMESPACE=NAME",
    callback=_names,
    help="A secret of a namespace, beside those that its sidecars declare. It must exist. Repeatable.",
)
@click.option(
    "-n", "--namespace", "namespaces", multiple=True, help="Ask in this namespace. Repeatable. Default: in all."
)
@click.option(
    "--parallel", type=click.IntRange(1, 100), default=10, show_default=True, help="How many pods ask at a time."
)
@click.option(
    "--timeout",
    type=click.IntRange(5, 3600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long a pod may ask in its own place, beside a minute to start, and 10 s more for each further place.",
)
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep what was answered in FILE, and do not ask again what is in it. No secret is in it.",
)
@click.option("--print-jobs", is_flag=True, help="Print the Jobs and make none: for Git, or to read them.")
@click.option("--cron", metavar="SCHEDULE", help='With --print-jobs: CronJobs, such as "0 3 * * *".')
@click.option("--collect", is_flag=True, help="Make no Jobs: read the logs of those that --print-jobs has printed.")
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    default=36,
    show_default=True,
    metavar="HOURS",
    help="With --collect: what was answered before that counts for nothing.",
)
@click.option("--context", help="A context of the kubeconfig. Default: its current one.")
@click.option("--kubeconfig", help="The path of a kubeconfig. Default: as kubectl takes it.")
@click.option("--json", "as_json", is_flag=True, help="Print the matrix as JSON.")
def prove(
    names: list[tuple[str, str]],
    namespaces: tuple[str, ...],
    parallel: int,
    timeout: int,
    resume: Path | None,
    print_jobs: bool,
    cron: str | None,
    collect: bool,
    max_age: int,
    context: str | None,
    kubeconfig: str | None,
    as_json: bool,
) -> None:
    """Ask, after deploy, from inside each namespace for its own and every other namespace's secrets.

    The namespaces, their ServiceAccounts, prefixes and names of secrets are read from the pods that have a sidecar. In
    each namespace a Job runs that sidecar, with that ServiceAccount, and asks it. The cloud has to refuse every foreign
    name with its own denial: a 404, an error or a time-out counts for nothing, nor does the refusal of a secret that
    its owner could not read either. No value leaves the sidecar.

    \b
    Examples:
      secret-access prove
      secret-access prove --name shop=api-key --resume proof.jsonl
      secret-access prove --print-jobs --cron "0 3 * * *" > probes.json
      secret-access prove --collect --json
    """
    if sum((print_jobs, collect, resume is not None)) > 1:
        raise click.UsageError("give one of --print-jobs, --collect and --resume")
    if cron is not None and not print_jobs:
        raise click.UsageError("--cron goes with --print-jobs")
    kubectl = Kubectl(context=context, kubeconfig=kubeconfig)
    try:
        with _stopping():
            planned = _plan(kubectl, namespaces, names)
            if print_jobs:
                click.echo(json.dumps(_manifests(planned, timeout, cron), indent=2))
                return
            with Run(kubectl, seconds=timeout, parallel=parallel) as run:
                known = _collected(kubectl, planned, max_age) if collect else _asked(kubectl, planned, run, resume)
                answered = list(_shown(known, len(planned.probes)))
            sys.exit(_report(planned, answered, as_json=as_json))
    except SecretAccessError as error:
        click.echo(f"secret-access: {error}", err=True)
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        hint = f"; --resume {resume} goes on" if resume else "; with --resume FILE the next run would go on"
        click.echo(f"secret-access: stopped, its Jobs are deleted{hint}", err=True)
        sys.exit(STOPPED)


def _plan(kubectl: Kubectl, namespaces: Sequence[str], names: Iterable[tuple[str, str]]) -> Plan:
    found = read(with_pods(kubectl, namespaces))
    there = {each.namespace for each in found.identities}
    missing = [namespace for namespace in namespaces if namespace not in there]
    if missing or not (found.identities or found.unread):
        where = f"in {', '.join(missing)}" if missing else "in the cluster"
        raise ProbeError(
            f"no pod or workload {where} has a sidecar (a container with SECRETS_BACKEND of a cloud or Vault); give "
            "the context of the cluster that has them, and namespaces that it has"
        )
    planned = plan.plan(plan.with_names(found.identities, names))
    notes = (*planned.notes, *without_pod(kubectl, namespaces, found.identities))
    return replace(planned, gaps=(*found.unread, *planned.gaps), notes=notes)


def _manifests(planned: Plan, timeout: int, cron: str | None) -> dict[str, Any]:
    made = [job.job(probe, timeout) if cron is None else job.cron_job(probe, timeout, cron) for probe in planned.probes]
    return {"apiVersion": "v1", "kind": "List", "items": made}


def _collected(kubectl: Kubectl, planned: Plan, hours: int) -> Iterator[tuple[Probe, Answers]]:
    now = datetime.now(UTC)
    return collected(kubectl, planned.probes, now - timedelta(hours=hours), now)


def _asked(kubectl: Kubectl, planned: Plan, run: Run, resume: Path | None) -> Iterator[tuple[Probe, Answers]]:
    """Yield what is known from an earlier run, then what is asked now."""
    if resume is None:
        yield from run.ask(planned.probes)
        return
    resumption = Resumption.of(resume, _cluster(kubectl))
    known = {probe.key: answers for probe in planned.probes if (answers := resumption.answers_to(probe))}
    read: set[Asked] = set()
    for probe, answers in run.ask([probe for probe in planned.probes if probe.key not in known]):
        resumption.add(probe, answers)
        read |= {asked for asked, answer in answers.to.items() if answer.status == READ}
        yield probe, answers
    again = []
    for probe in planned.probes:
        if probe.key in known and resumption.proves_nothing_of(probe, read):
            again.append(probe)
        elif probe.key in known:
            yield probe, known[probe.key]
    for probe, answers in run.ask(again):
        resumption.add(probe, answers)
        yield probe, answers


def _cluster(kubectl: Kubectl) -> str:
    """Return what tells the cluster from others: several may have one address, such as a tunnel's."""
    template = "jsonpath={.clusters[0].cluster.server} {.clusters[0].cluster.certificate-authority-data}"
    server, _, authority = kubectl.run("config", "view", "--minify", "--flatten", f"--output={template}").partition(" ")
    return f"{server} {hashlib.sha256(authority.encode()).hexdigest()[:16]}"


def _shown(answered: Iterable[tuple[Probe, Answers]], count: int) -> Iterator[tuple[Probe, Answers]]:
    """Pass on what comes, and show on a terminal how far it is."""
    is_shown = sys.stderr.isatty()
    for number, (probe, answers) in enumerate(answered, 1):
        if is_shown:
            click.echo(f"\r\x1b[K  {number} of {count} asked: {probe.identity.namespace}", err=True, nl=False)
        yield probe, answers
    if is_shown:
        click.echo("\r\x1b[K", err=True, nl=False)


def _report(planned: Plan, answered: Sequence[tuple[Probe, Answers]], *, as_json: bool) -> int:
    by_probe = {probe.key: answers for probe, answers in answered}
    found = [cell for probe in planned.probes for cell in cells(probe, by_probe[probe.key])]
    problems = [*wrong(found), *planned.gaps]
    times = [answers.asked_at for _, answers in answered if answers.asked_at]
    asked_at = min(times, default=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if as_json:
        document = rendering.as_json(found, problems, planned.notes, asked_at)
        click.echo(json.dumps(document, indent=2))
    else:
        width = shutil.get_terminal_size((120, 0)).columns
        click.echo(rendering.as_text(found, problems, planned.notes, asked_at, width))
    return BREACHED if breaches(found) else UNDECIDED if problems else ISOLATED


@contextmanager
def _stopping() -> Iterator[None]:
    """Let SIGTERM stop the run as Ctrl-C does: CI sends it."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
