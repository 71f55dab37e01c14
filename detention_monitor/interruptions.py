"""Which alerts would call an inspector away from other work, when, and how grave they are.

An alert interrupts when something must still be done or answered for: a breach of medium severity
or more that is new, or has become graver. What follows from another breach (`because_of`), what
was done late but is done, and what is within the recording grace is on the screen and is silent.
All that is new for one child in one clock minute is one interruption (design D8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import SEVERITIES, Finding, gravest
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Severity

_LEAST = SEVERITIES.index("medium")


@dataclass(frozen=True, slots=True)
class Interruption:
    """One call on an inspector for one child (`at` seconds UTC), and what it is about."""

    detention: str
    at: int
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The gravest of what is new."""
        return gravest([finding.severity for finding in self.findings])


def interruptions(
    detention: Detention, ruleset: RuleSet, backend: Backend
) -> Iterator[Interruption]:
    """Yield the interruptions that a detention would have caused, from entry to entry.

    An entry arrives when it was recorded, or when it happened if that is not known; between
    arrivals the clocks run on. Nothing is reported later than the last arrival.
    """
    waiting = sorted(detention.entries, key=arrival)
    last = arrival(waiting[-1])
    now: int | None = arrival(waiting[0])
    told: dict[str, int] = {}
    while now is not None and now <= last:
        known = tuple(entry for entry in waiting if arrival(entry) <= now)
        whole = Detention(detention.id, known, detention.coverage)
        result = assess(whole, ruleset, now, backend=backend)
        grace = int(ruleset.parameters.value("recording_grace", now))
        new = [each for each in _calling(result, grace) if _rank(each) > told.get(each.key, -1)]
        told |= {each.key: _rank(each) for each in new}
        if new:
            yield Interruption(detention.id, now, tuple(new))
        now = _next(now, waiting, result, grace)


def arrival(entry: CustodyEvent) -> int:
    """Return when an entry becomes known (seconds UTC)."""
    return entry.recorded_at if entry.recorded_at is not None else entry.at


def _calling(result: Assessment, grace: int) -> Iterator[Finding]:
    for each in result.findings:
        if not each.is_breach or each.because_of or _rank(each) < _LEAST:
            continue
        due = each.due_at if each.status == "overdue" else each.asked_at
        fresh = due is not None and result.as_of - due <= grace
        if each.status != "met_late" and not fresh:
            yield each


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _next(now: int, waiting: Sequence[CustodyEvent], result: Assessment, grace: int) -> int | None:
    """Return the next instant at which something may call: an entry, a clock, the end of grace."""
    instants = [arrival(entry) for entry in waiting]
    instants += [each.due_at + grace + 1 for each in result.findings if each.due_at is not None]
    if result.next_change_at is not None:
        instants.append(result.next_change_at)
    return min((at for at in instants if at > now), default=None)
