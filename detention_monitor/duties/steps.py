"""When a duty is due: its steps, each with an instant, and how grave it is from then on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from detention_monitor.clocks import live
from detention_monitor.drafts import Situation
from detention_monitor.duties.acts import Act
from detention_monitor.findings import ASKED, SEVERITIES, GradeState, gravest
from detention_monitor.rulemodel import Severity
from detention_monitor.terms import Terms
from detention_monitor.timeline import Fact
from detention_monitor.times import next_local

LATENESS: tuple[tuple[str, int, Severity], ...] = (
    ("late", 0, "info"),
    ("over_5_min", 300, "medium"),
    ("over_30_min", 1800, "high"),
    ("from_2_h", 7199, "critical"),
)
"""Steps of severity by seconds late (each passed when exceeded); domain.md 2.1, our choice."""


@lru_cache(maxsize=1_024)
def lateness(most: Severity) -> tuple[tuple[str, int, Severity], ...]:
    """Return the steps by lateness of a rule whose severity is `most`, which none exceeds.

    >>> [severity for _, _, severity in lateness("high")]
    ['info', 'medium', 'high', 'high']
    """
    above = SEVERITIES[SEVERITIES.index(most) :]
    return tuple((name, at, most if each in above else each) for name, at, each in LATENESS)


def steps_of(
    terms: Terms, fact: Fact, acts: Mapping[str, Act], now: Situation
) -> Sequence[GradeState]:
    """Return the steps of a duty in order of time, none passed; those without an instant come last."""
    base: int | None = fact.at
    if terms.waits:
        awaited = acts.get("after")
        base = None if awaited is None else awaited.at
    if terms.steps:
        steps = [
            GradeState(
                step.name,
                _after(step.at, base, terms, fact, now)
                if step.at
                else _on(f"grade_{step.name}", base, terms, acts),
                step.severity,
                step.authority,
                passed=False,
            )
            for step in terms.steps
        ]
        if len(steps) > 1:
            steps.sort(key=_when)
        return steps
    if terms.within or terms.asks_after:
        due = _after(terms.within or terms.asks_after, base, terms, fact, now)
    elif terms.before:
        due = None if (act := acts.get("before")) is None else act.at
    elif terms.before_local:
        due = next_local(fact.at, terms.before_local)
    else:
        due = time_of(fact, terms.deadline) if terms.deadline else None
    if due is not None and terms.by_lateness:
        return [
            GradeState(name, due + offset, severity, terms.authority, passed=False)
            for name, offset, severity in lateness(terms.severity)
        ]
    if due is None and not terms.before:
        return ()
    if terms.asks_after:
        ours = now.parameters.declared[terms.asks_after[1:]].authority
        return (GradeState(ASKED, due, terms.severity, ours, passed=False),)
    return (GradeState("due", due, terms.severity, terms.authority, passed=False),)


def _after(span: str, base: int | None, terms: Terms, fact: Fact, now: Situation) -> int | None:
    """Return the instant a span after the base; a paused clock that stands still has none."""
    if base is None:
        return None
    seconds = now.parameters.span(span, fact.at)
    if not terms.pauses_while:
        return base + seconds
    return live(base, seconds, now.pauses.get(terms.pauses_while, ()))


def _on(role: str, base: int | None, terms: Terms, acts: Mapping[str, Act]) -> int | None:
    """Return when the entry of a step came, unless what the duty waits for had not come by then."""
    act = acts.get(role)
    if act is None or (terms.waits and (base is None or base > act.at)):
        return None
    return act.at


def _when(step: GradeState) -> tuple[bool, int]:
    return step.at is None, step.at or 0


def passed_by(until: int, step: GradeState, *, at_once: bool) -> GradeState:
    """Return a step as it stands at an instant: passed once it is exceeded, or `at_once`."""
    if step.at is None or until < step.at or (until == step.at and not at_once):
        return step
    return GradeState(step.name, step.at, step.severity, step.authority, passed=True)


def current(steps: Sequence[GradeState]) -> GradeState | None:
    """Return the last of the gravest steps passed, or before any the first to come."""
    passed = [step for step in steps if step.passed]
    if not passed:
        return steps[0] if steps else None
    worst = gravest([step.severity for step in passed])
    return [step for step in passed if step.severity == worst][-1]


def time_of(fact: Fact, name: str) -> int | None:
    """Return an attribute of a fact that is an instant or a number of seconds, if it has one."""
    value = fact.attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
