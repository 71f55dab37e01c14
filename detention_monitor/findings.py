"""The finding: what an assessment concludes about a detention, and its public form in JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import orjson

from detention_monitor.rulemodel import Severity
from detention_monitor.times import rfc3339
from detention_monitor.values import Immutable, changed

Status = Literal[
    "open", "due_soon", "overdue", "met", "met_late", "missed", "excused", "lapsed",
    "broken", "matched", "not_recorded", "cannot_tell",
]  # fmt: skip
SEVERITIES: tuple[Severity, ...] = ("info", "medium", "high", "critical")
"""From the least to the most serious."""
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
BREACHES = frozenset({"overdue", "missed", "met_late", "broken", "matched", "not_recorded"})
"""What counts as found against a concern, in reports and for --fail-on."""
QUIET = ("met", "lapsed", "excused", "open")
"""What the table for people leaves out unless asked for all."""


ASKED = "asked"
"""The step of a duty for which the law gives no time: from then on, by a local line, a person is asked."""
NO_MEASURES: Mapping[str, int] = {}


class GradeState(Immutable, frozen=True, gc=False):
    """A step of a duty: its instant (seconds UTC; None while unknown), and whether it is passed."""

    name: str
    at: int | None
    severity: Severity
    authority: str
    passed: bool


class Finding(Immutable, frozen=True, gc=False):
    """One conclusion; instants are seconds UTC, `minutes_late` and `measures` whole minutes.

    `minutes_left` is given while the clock is paused: what is left once it goes on. `early_at` is
    when the duty would fall due had no visit to hospital paused it: an alert, never a breach.
    """

    key: str
    detention: str
    record: str
    duty: str | None
    rule: str
    rule_version: str
    title: str
    nature: str
    authority: str
    sources: tuple[str, ...]
    verified: bool
    severity: Severity
    status: Status
    certainty: Literal["established", "possible"]
    message: str
    arose_at: int | None = None
    due_at: int | None = None
    due_at_latest: int | None = None
    done_at: int | None = None
    minutes_late: int | None = None
    minutes_left: int | None = None
    early_at: int | None = None
    occurred_at: int | None = None
    grades: tuple[GradeState, ...] = ()
    evidence: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    because_of: str | None = None
    clears_on: str = ""
    measures: Mapping[str, int] = msgspec.field(default_factory=dict)
    unclosed: bool = False
    ruleset: str = ""
    judged_by: str = "durable_rules"

    @property
    def is_breach(self) -> bool:
        """Whether this counts as found against a duty: late, missed, broken, matched or a gap."""
        return self.nature == "concern" and self.status in BREACHES

    @property
    def asked_at(self) -> int | None:
        """By which local line a person was asked (seconds UTC), where the law gives no time."""
        step = self.grades[0] if self.grades and self.due_at is None else None
        return step.at if step is not None and step.name == ASKED and step.passed else None

    def sort_key(self) -> tuple[object, ...]:
        """Order of print: gravest first, then by due time, duty and key."""
        when = self.due_at if self.due_at is not None else self.occurred_at
        return (-_RANK[self.severity], when or 0, self.duty or "", self.rule, self.key)


def key_of(detention: str, rule: str, anchor: str) -> str:
    """Return the key of a finding: the same through amendments, rule versions and reloads."""
    return hashlib.sha256(f"{detention}\0{rule}\0{anchor}".encode()).hexdigest()[:20]


def lowered(severity: Severity) -> Severity:
    """Return the next lower severity; `info` stays.

    >>> lowered("critical")
    'high'
    """
    return SEVERITIES[max(0, _RANK[severity] - 1)]


def gravest(severities: list[Severity]) -> Severity:
    """Return the most serious of some severities."""
    return max(severities, key=_RANK.__getitem__)


def possible(finding: Finding) -> Finding:
    """Return the finding with certainty `possible`."""
    return changed(finding, certainty="possible")


def as_record(finding: Finding) -> dict[str, Any]:
    """Return the public JSON object: stable keys, times in RFC 3339 with offset, no empty keys."""
    first = {"key": finding.key, "detention": finding.detention, "record": finding.record}
    return {**first, **_of_rule(finding), **_of_detention(finding)}


def _of_rule(finding: Finding) -> dict[str, Any]:
    return {
        "duty": finding.duty,
        "rule": finding.rule,
        "rule_version": finding.rule_version,
        "title": finding.title,
        "nature": finding.nature,
        "authority": finding.authority,
        "sources": list(finding.sources),
        "verified": finding.verified,
    }


def _of_detention(finding: Finding) -> dict[str, Any]:
    out: dict[str, Any] = {
        "severity": finding.severity,
        "status": finding.status,
        "certainty": finding.certainty,
    }
    if finding.arose_at is not None:
        out["arose_at"] = rfc3339(finding.arose_at)
    if finding.early_at is not None:
        out["early_at"] = rfc3339(finding.early_at)
    if finding.due_at is not None:
        out["due_at"] = rfc3339(finding.due_at)
    if finding.due_at_latest is not None:
        out["due_at_latest"] = rfc3339(finding.due_at_latest)
    if finding.done_at is not None:
        out["done_at"] = rfc3339(finding.done_at)
    if finding.occurred_at is not None:
        out["occurred_at"] = rfc3339(finding.occurred_at)
    if finding.minutes_late is not None:
        out["minutes_late"] = finding.minutes_late
    if finding.minutes_left is not None:
        out["minutes_left"] = finding.minutes_left
    if finding.grades:
        out["grades"] = [_grade(each) for each in finding.grades]
    out["evidence"] = list(finding.evidence)
    out["absent"] = list(finding.absent)
    if finding.because_of:
        out["because_of"] = finding.because_of
    out["message"] = finding.message
    if finding.clears_on:
        out["clears_on"] = finding.clears_on
    if finding.measures:
        out["measures"] = dict(finding.measures)
    out["unclosed"] = finding.unclosed
    out["ruleset"] = finding.ruleset
    out["judged_by"] = finding.judged_by
    return out


def _grade(grade: GradeState) -> dict[str, Any]:
    at = None if grade.at is None else rfc3339(grade.at)
    return {
        "name": grade.name,
        "at": at,
        "severity": grade.severity,
        "authority": grade.authority,
        "passed": grade.passed,
    }


def as_line(finding: Finding) -> bytes:
    """Return the finding as one line of JSON, the same that `as_record` gives.

    What a rule says of every finding is written once and kept.
    """
    about = (
        finding.duty, finding.rule, finding.rule_version, finding.title, finding.nature,
        finding.authority, finding.sources, finding.verified,
    )  # fmt: skip
    same = _written.get(about)
    if same is None:
        same = orjson.dumps(_of_rule(finding))[1:-1]
        if len(_written) >= _MOST_WRITTEN:
            _written.clear()
        _written[about] = same
    begun = orjson.dumps(
        {"key": finding.key, "detention": finding.detention, "record": finding.record}
    )
    return b"%b,%b,%b\n" % (begun[:-1], same, orjson.dumps(_of_detention(finding))[1:])


_written: dict[tuple[object, ...], bytes] = {}
_MOST_WRITTEN = 5_000
