"""Whether an answer is correct: documented, what the vault held, or excused by a fault."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.soak import documented
from tests.soak.documented import Kind
from tests.soak.expected_state import MARK, ExpectedState, Value, now
from tests.soak.http_client import Answer, Request
from tests.soak.journal import Journal

SHOWN = 20
"""Violations that are kept in full."""
BEFORE = 1.0
"""Seconds before a request of which a violation tells what happened to its name."""
NO_SUCH_KEY = "nowhere"
"""A field that no secret has."""
STATUSES = {403: "denied", 404: "not-found", 410: "deleted"}
"""What a healthy vault may say of a name, beside its value."""


@dataclass(frozen=True)
class Violation:
    """An answer that is wrong."""

    rule: str
    why: str
    request: str
    answer: str
    start: float
    end: float
    context: list[str]
    at: str = field(default_factory=lambda: time.strftime("%H:%M:%S"))

    def lines(self) -> list[str]:
        """The lines of the report."""
        fields = asdict(self)
        context = fields.pop("context")
        return [*(f"  {key}: {value}" for key, value in fields.items()), *(f"    {line}" for line in context)]


class Judge:
    """Checks answers and counts them."""

    def __init__(self, expected: ExpectedState, journal: Journal, problems: frozenset[Kind]) -> None:
        self.expected = expected
        self.journal = journal
        self.problems = problems
        self.outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.latencies: list[float] = []
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()

    def violation(
        self, rule: str, why: str, request: Request | None = None, answer: Answer | None = None, name: str = ""
    ) -> None:
        """Note one."""
        self.counts[rule] += 1
        if len(self.violations) >= SHOWN:
            return
        start, end = (request.start if request else 0.0), (answer.end if answer else 0.0)
        sent = request.render()[:400].decode("latin-1") if request else ""
        shown = f"{answer.status} {answer.headers} {answer.body[:600].decode(errors='replace')}" if answer else ""
        context = self._context(name, start - BEFORE, end) if name else []
        self.violations.append(Violation(rule, why, sent, shown, start, end, context))

    def _context(self, full: str, start: float, end: float) -> list[str]:
        lines = self.journal.between(full, start, end)
        if full in self.expected.names:
            for period in self.expected.names[full].during(start, end):
                version = period.value.version if period.value else None
                lines.append(f"{period.start:.4f} to {period.end:.4f} {period.status} {version}")
        return sorted(lines)[-60:]

    def read(self, full: str, request: Request, answer: Answer, seen: str | None = None, **selected: str) -> None:
        """Judge the answer to a read of a name; `seen` is the version that the caller has (If-None-Match)."""
        self.latencies.append(answer.end - request.start)
        if answer.status == 304:
            self._count(request, "304")
            if seen is None or f'"{seen}"' != answer.headers.get("etag"):
                self.violation("protocol", "304 with an ETag other than the one sent", request, answer, full)
            elif not self.expected.was_current(full, seen, request.start, answer.end):
                self.violation("stale", f"304 for version {seen}, which was not current", request, answer, full)
        elif answer.status == 200:
            self._count(request, "200")
            self._secret(full, request, answer, selected)
        else:
            self._refusal(full, request, answer, selected)

    def problem(self, request: Request, answer: Answer, kinds: Collection[Kind]) -> None:
        """Judge an answer that does not depend on the vault: it must be one of these problems."""
        kind = self._problem(request, answer)
        if kind is not None and kind not in kinds:
            self.violation("wrong answer", f"{kind}, expected one of {sorted(kinds)}", request, answer)

    def ok(self, request: Request, answer: Answer) -> dict[str, Any] | None:
        """Judge an answer that must be 200 and JSON; its document."""
        self._count(request, str(answer.status))
        if answer.status != 200 or answer.media_type != "application/json":
            self.violation("wrong answer", "expected 200 and application/json", request, answer)
            return None
        return answer.document

    def health(self, request: Request, answer: Answer) -> None:
        """Judge an answer of the health port: 200 always, and no secret in it, not even a name."""
        self._count(request, str(answer.status))
        if answer.status != 200:
            self.violation("wrong answer", "expected 200", request, answer)
        if MARK.encode() in answer.body or b"test/" in answer.body:
            self.violation("leak", "a secret, or its name", request, answer)

    def _count(self, request: Request, outcome: str) -> None:
        self.outcomes[request.what][outcome] += 1

    def _secret(self, full: str, request: Request, answer: Answer, selected: dict[str, str]) -> None:
        headers = answer.headers
        if answer.media_type != "application/json" or headers.get("cache-control") != "no-store":
            self.violation("protocol", "expected application/json and no-store", request, answer, full)
        if request.method == "HEAD":
            version = headers.get("etag", "").strip('"')
            if not self.expected.was_current(full, version, request.start, answer.end):
                self.violation("stale", "ETag of a version that was not current", request, answer, full)
            return
        document = answer.document
        if headers.get("etag") != f'"{document.get("version")}"':
            self.violation("protocol", "ETag is not the version", request, answer, full)
        self.secret(full, document, request, answer, selected)

    def secret(
        self, full: str, document: dict[str, Any], request: Request, answer: Answer, selected: dict[str, str]
    ) -> None:
        """Judge a secret in an answer."""
        if document.get("name") != full:
            self.violation("foreign", f"another name than {full}", request, answer, full)
            return
        version = str(document.get("version"))
        for value in self.expected.readable(full, request.start, answer.end, selected):
            if value.version == version:
                shown = field_of(value, selected["key"]) if "key" in selected else value.shown
                if (document.get("value"), document.get("encoding")) != (shown, value.encoding):
                    self.violation("mixed", "not the value of this version", request, answer, full)
                return
        owner = self.expected.owner.get(version)
        if owner is None:
            self.violation("unknown", f"version {version} was never set", request, answer, full)
        elif owner != full:
            self.violation("foreign", f"version {version} is one of {owner}", request, answer, full)
        else:
            self.violation("stale", f"version {version} was not to be read at that time", request, answer, full)

    def batch(self, names: list[str], document: dict[str, Any], request: Request, answer: Answer) -> None:
        """Judge the answer to a batch: each name once, as a secret or as a problem."""
        if MARK in json.dumps(document["errors"]):
            self.violation("leak", "a value, a key or a token in an error", request, answer)
        listed = [str(item.get("name")) for item in (*document["secrets"], *document["errors"])]
        if sorted(listed) != sorted(names):
            self.violation("lost", f"listed {sorted(listed)}, expected {sorted(names)}", request, answer)
            return
        for item in document["secrets"]:
            self._count(request, "a secret")
            self.secret(item["name"], item, request, answer, {})
        for item in document["errors"]:
            kind = (int(item["status"]), documented.slug(item["type"]))
            self._count(request, " ".join(map(str, kind)))
            if kind not in self.problems:
                self.violation("undocumented", f"{kind} is not in the table", request, answer)
            self.refusal(item["name"], kind, item, request, answer, {})

    def write(self, full: str, text: str, request: Request, answer: Answer) -> None:
        """Judge the answer to a write: if it says so, the value was set, for this name, once."""
        if self.expected.written[text] > 1:
            self.violation(
                "written twice", f"{self.expected.written[text]} versions of one write", request, answer, full
            )
        if answer.status != 200:
            self._refusal(full, request, answer, {})
            return
        self._count(request, "200")
        document = answer.document
        value = self.expected.recent.get(str(document.get("version")))
        if value is None or (value.name, value.shown) != (full, text) or document.get("name") != full:
            self.violation("lost", "this version has not the value that was written", request, answer, full)
        elif not self.expected.was_current(full, value.version, request.start, answer.end):
            self.violation("stale", "written before the request arrived", request, answer, full)

    def event(self, full: str, version: str, request: Request, since: float, ordinal: int) -> int:
        """Judge an event of a version that was looked up after `since`; its ordinal, to be given with the next one."""
        self._count(request, "version")
        value = self.expected.recent.get(version)
        if value is None or value.name != full:
            self.violation("foreign", f"event of version {version}, which is none of {full}", request, name=full)
            return ordinal
        if value.ordinal < ordinal or not self.expected.was_current(full, version, since, now()):
            self.violation("stale", f"event of version {version} of {full}, which is gone", request, name=full)
        return value.ordinal

    def looked(self, full: str, kind: Kind, document: dict[str, Any], request: Request, since: float) -> None:
        """Judge an event that is a problem."""
        self._count(request, " ".join(map(str, kind)))
        answer = Answer(kind[0], {"retry-after": "in an event"}, json.dumps(document).encode(), now())
        if MARK in json.dumps(document):
            self.violation("leak", "a value, a key or a token in an event", request, answer)
        if kind not in self.problems:
            self.violation("undocumented", f"{kind} is not in the table", request, answer)
        self.refusal(full, kind, document, replace(request, start=since), answer, {})

    def _refusal(self, full: str, request: Request, answer: Answer, selected: dict[str, str]) -> None:
        kind = self._problem(request, answer)
        if kind is not None:
            self.refusal(full, kind, answer.document, request, answer, selected)

    def refusal(
        self,
        full: str,
        kind: Kind,
        document: dict[str, Any],
        request: Request,
        answer: Answer,
        selected: dict[str, str],
    ) -> None:
        """Judge a problem that is the answer to a read of a name."""
        status, slug = kind
        if document.get("name") != full:
            self.violation("foreign", f"a problem of another name than {full}", request, answer, full)
        if slug == STATUSES.get(status):
            if not self.expected.was(full, status, request.start, answer.end, selected):
                self.violation("lost", f"{status} for a name that was none of it", request, answer, full)
            self._decided(full, document, request, answer)
        elif slug == "overloaded":
            if "retry-after" not in answer.headers and request.what != "batch":
                self.violation("protocol", "overloaded without Retry-After", request, answer, full)
        elif "key" in selected and slug == self._key_problem(full, selected["key"]):
            pass
        elif slug not in self.journal.excused(full, request.start, answer.end):
            self.violation("unexcused", f"{kind}, though nothing was wrong that could cause it", request, answer, full)

    def _key_problem(self, full: str, key: str) -> str | None:
        if self.expected.names[full].kind != "json":
            return "not-an-object"
        return "no-such-key" if key == NO_SUCH_KEY else None

    def _decided(self, full: str, document: dict[str, Any], request: Request, answer: Answer) -> None:
        """The cloud decided: by a call for this name, made for this request."""
        at, name = self.journal.requests.get(str(document.get("request_id")), (0.0, ""))
        if name != full or not request.start <= at <= answer.end:
            why = f"request_id of a call for {name!r} at {at:.4f}, not of one for this request"
            self.violation("stale" if name == full else "foreign", why, request, answer, full)
        if document["status"] == 403 and not document.get("identity"):
            self.violation("protocol", "403 without identity", request, answer, full)

    def _problem(self, request: Request, answer: Answer) -> Kind | None:
        """Return what kind of a problem an answer is, or None if it is none that is documented."""
        if MARK.encode() in answer.body or any(MARK in value for value in answer.headers.values()):
            self.violation("leak", "a value, a key or a token in an answer that is no value", request, answer)
        if request.method == "HEAD":
            slugs = {slug for status, slug in self.problems if status == answer.status}
            self._count(request, str(answer.status))
            if not slugs:
                self.violation("undocumented", f"{answer.status}", request, answer)
            return None
        try:
            document = answer.document
        except ValueError:
            self.violation("undocumented", "an error that is no JSON object", request, answer)
            return None
        if answer.media_type != "application/problem+json" or answer.headers.get("cache-control") != "no-store":
            self.violation("protocol", "expected application/problem+json and no-store", request, answer)
        kind = (answer.status, documented.slug(str(document.get("type"))))
        self._count(request, " ".join(map(str, kind)))
        if kind not in self.problems or document.get("status") != answer.status or not document.get("detail"):
            self.violation("undocumented", f"{kind} is not in the table", request, answer)
            return None
        if answer.status == 500:
            self.violation("internal-error", "the sidecar says so itself", request, answer)
            return None
        if answer.status == 429 and not answer.headers.get("retry-after", "").isdigit():
            self.violation("protocol", "429 without Retry-After", request, answer)
        return kind


def field_of(value: Value, key: str) -> str:
    """Return what `?key=` picks of a JSON secret."""
    found = json.loads(value.shown)[key]
    return found if isinstance(found, str) else json.dumps(found)
