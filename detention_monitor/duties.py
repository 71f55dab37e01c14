"""From openings and closings to the state of a duty: arithmetic, and nothing inferred.

Every back-end hands over the same conclusions; what they amount to at an instant is worked out
here, to the second. A deadline itself is in time: late is `done > due` (design D4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from detention_monitor.clocks import live
from detention_monitor.drafts import Certainty, Situation, head_of, message_of, shown, unique
from detention_monitor.findings import (
    ASKED,
    NO_MEASURES,
    SEVERITIES,
    Finding,
    GradeState,
    Status,
    gravest,
    lowered,
)
from detention_monitor.rulemodel import Severity
from detention_monitor.terms import Terms
from detention_monitor.timeline import ESTABLISHED, Closing, Fact
from detention_monitor.times import in_words, next_local
from detention_monitor.values import Immutable
from detention_monitor.wording import Wording

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


class _Act(Immutable, frozen=True, gc=False):
    """A closing that may count: when, where, how sure."""

    at: int
    place: int
    sure: bool


class Duty:
    """One duty toward one child: when it arose, by when it was due, how it stands."""

    def __init__(
        self, terms: Terms, subject: int, place: int, certainty: int, now: Situation
    ) -> None:
        self.terms, self.place, self.now = terms, place, now
        self.fact = now.facts[place]
        self._acts = _acts(now.found.closings_of(subject, place), now.facts)
        self.sure = certainty == ESTABLISHED and terms.sure
        first = self._acts.get
        self.done, self.doubted = first("done"), first("doubted")
        self.lapse, self.excuse = first("lapses"), first("excused")
        self.mitigation, self.waited_for = first("mitigated"), first("after")
        self.contrary = first("doubts")
        self.latest = _time(self.fact, "due_latest") if terms.by_clock else None
        self.early = _time(self.fact, "early") if terms.by_clock else None
        self._on_entries: set[str] = set()
        self.steps = self._steps()
        self.first_due: int | None = None
        """The instant of the first step, if it is known."""
        for step in self.steps:
            if step.at is not None:
                self.first_due = step.at
                break
        self.end = self._end()
        if not self.steps:
            # What comes after the end of custody cannot undo that the duty was missed by then.
            self.lapse = self._by_the_end(self.lapse)
            if not terms.excused_late:
                self.excuse = self._by_the_end(self.excuse)

    def _end(self) -> int | None:
        """Return when the time of custody ended in which the duty had to be done, if it has.

        Custody may begin again when bail is answered: what was missed by then stays missed, and
        what is due after the return is a duty of its own. The clocks of detention run on over
        bail, and end only with the last time of custody.
        """
        if self.terms.outlasts_detention or not self.now.ends:
            return None
        if self.terms.by_clock:
            ended = self.now.ended_at
            return ended if ended is not None and ended >= self.fact.at else None
        begun = self.fact.at if self.waited_for is None else max(self.fact.at, self.waited_for.at)
        for end in self.now.ends:
            if end >= begun:
                return end
        return None

    def _by_the_end(self, act: _Act | None) -> _Act | None:
        """Return the act if it was done in the time of custody in which the duty arose."""
        over = act is not None and self.end is not None and act.at // 60 > self.end // 60
        return None if over else act

    def _steps(self) -> list[GradeState]:
        """Return the steps of the duty in order of time; those without an instant come last."""
        terms = self.terms
        due = self._due()
        if terms.by_lateness and due is not None:
            return [
                GradeState(name, due + offset, severity, terms.authority, passed=False)
                for name, offset, severity in lateness(terms.severity)
            ]
        steps = []
        if terms.steps:
            for step in terms.steps:
                at = self._after(step.at) if step.at else self._on_waited(f"grade_{step.name}")
                if not step.at:
                    self._on_entries.add(step.name)
                steps.append(GradeState(step.name, at, step.severity, step.authority, passed=False))
            if len(steps) > 1:
                steps.sort(key=_when)
        elif terms.asks_after and due is not None:
            ours = self.now.parameters.declared[terms.asks_after[1:]].authority
            steps.append(GradeState(ASKED, due, terms.severity, ours, passed=False))
        elif due is not None or terms.before:
            steps.append(GradeState("due", due, terms.severity, terms.authority, passed=False))
            if terms.before:
                self._on_entries.add("due")
        return steps

    def _due(self) -> int | None:
        terms = self.terms
        if terms.within or terms.asks_after:
            return self._after(terms.within or terms.asks_after)
        if terms.before:
            return self._on("before")
        if terms.before_local:
            return next_local(self.fact.at, terms.before_local)
        return _time(self.fact, terms.deadline) if terms.deadline else None

    def _after(self, span: str) -> int | None:
        """Return the instant a span after the duty arose, or after what it waits for."""
        seconds = self.now.parameters.span(span, self.fact.at)
        base = self.fact.at
        if self.waited_for is not None:
            base = self.waited_for.at
        elif self.terms.waits:
            return None
        if not self.terms.pauses_while:
            return base + seconds
        return live(base, seconds, self.now.pauses.get(self.terms.pauses_while, ()))

    def _on(self, role: str) -> int | None:
        act = self._acts.get(role)
        return None if act is None else act.at

    def _on_waited(self, role: str) -> int | None:
        """Return when the entry of a step came, unless what the duty waits for had not come by then."""
        at = self._on(role)
        if at is None or not self.terms.waits:
            return at
        return at if self.waited_for is not None and self.waited_for.at <= at else None

    def finding(self) -> Finding:
        """Return how the duty stands at the instant of the assessment."""
        done, doubt = self.done, False
        if self.doubted is not None and (done is None or self.doubted.at < done.at):
            due = self.first_due
            undoubted_late = done is None or (due is not None and done.at > due)
            doubt = undoubted_late and due is not None and self.doubted.at <= due
            if not doubt:
                done = self.doubted
        status, until = self._status(done)
        if doubt and status in ("open", "due_soon"):
            done, status, until = self.doubted, "met", self.doubted.at if self.doubted else until
        steps = self.steps
        if status in ("overdue", "missed", "met_late"):
            steps = [self._passed(step, until, status) for step in steps]
        self._note_changes(status)
        return self._assembled(done, status, until, steps, doubt=doubt)

    def _status(self, done: _Act | None) -> tuple[Status, int]:
        """Return the status, and the instant up to which lateness runs."""
        due, as_of = self.first_due, self.now.as_of
        lapse, excuse = self.lapse, self.excuse
        late = excuse is not None and due is not None and excuse.at // 60 > due // 60
        if excuse is not None and late and not self.terms.excused_late:
            # Too late to excuse what was missed; from then on nothing more is due.
            ends = [act for act in (lapse, excuse) if act is not None]
            lapse, excuse = min(ends, key=lambda act: (act.at, act.place)), None
        if due is None:
            in_time = done is not None and (bool(self.steps) or self._by_the_end(done) is not None)
        else:
            in_time = done is not None and (done.at <= due or self._same_minute(done))
        if done is not None and in_time and not (lapse and _earlier(lapse, done)):
            return "met", done.at
        if excuse is not None and not (lapse and _earlier(lapse, excuse)):
            return "excused", excuse.at
        if lapse is not None and (done is None or _earlier(lapse, done)):
            if due is None or lapse.at <= due:
                return "lapsed", lapse.at
            return ("missed" if self._carried() else "cannot_tell"), lapse.at
        if done is not None:
            return "met_late", done.at
        if not self._carried():
            return "cannot_tell", as_of
        undone = self._undone()
        return undone, (min(as_of, self.end) if undone == "missed" and self.end else as_of)

    def _undone(self) -> Status:
        """Return the status of a duty that nothing has discharged, excused or made moot."""
        due, as_of = self.first_due, self.now.as_of
        over = self.end is not None
        until = as_of if self.end is None else min(as_of, self.end)
        if due is not None and (until > due or self._is_entry(due)):
            return "missed" if over else "overdue"
        if over:
            # "As soon as practicable" ends with the detention. A duty that waits for something
            # that never came, or a bare time that was not reached, has become moot.
            if self.terms.waits:
                return "missed" if self.waited_for is not None else "lapsed"
            return "missed" if due is None and not self.steps else "lapsed"
        warned = max((self._span(each) for each in self.terms.warn), default=0)
        ahead = due if self.early is None else self.early
        return "due_soon" if ahead is not None and warned and as_of >= ahead - warned else "open"

    def _is_entry(self, due: int) -> bool:
        """Whether the deadline is an entry that the duty had to come before."""
        if not self._on_entries:
            return False
        return any(step.at == due and step.name in self._on_entries for step in self.steps)

    def _span(self, span: str) -> int:
        return self.now.parameters.span(span, self.fact.at)

    def _same_minute(self, done: _Act) -> bool:
        """Whether the act shares the clock minute of the entry it had to come before."""
        due = self.first_due
        return due is not None and self._is_entry(due) and done.at // 60 == due // 60

    def _carried(self) -> bool:
        coverage = self.now.coverage
        return coverage.is_whole or any(map(coverage.carries, self.terms.happen))

    def _passed(self, step: GradeState, until: int, status: Status) -> GradeState:
        if step.at is None:
            return step
        at_once = step.name in self._on_entries and status != "met_late"
        over = until >= step.at if at_once else until > step.at
        if not over:
            return step
        return GradeState(step.name, step.at, step.severity, step.authority, passed=over)

    def _note_changes(self, status: Status) -> None:
        if status not in ("open", "due_soon", "overdue"):
            return
        for step in self.steps:
            if step.at is not None:
                self.now.change_at(step.at + 1)
                for each in self.terms.warn:
                    self.now.change_at(step.at - self._span(each))
        if self.early is not None:
            for each in self.terms.warn:
                self.now.change_at(self.early - self._span(each))
        if self.latest is not None:
            self.now.change_at(self.latest + 1)

    def _certainty(
        self, done: _Act | None, status: Status, until: int, *, doubt: bool
    ) -> Certainty:
        sure = self.sure and not doubt and status != "cannot_tell"
        if done is not None and status in ("met", "met_late"):
            unordered = done.at // 60 == self.fact.at // 60 and done.place != self.place
            entry = self._same_minute(done)
            sure = sure and done.sure and not entry and not (unordered and not self.terms.by_clock)
        if status in ("overdue", "missed", "met_late") and self.latest is not None:
            sure = sure and until > self.latest
        if status == "excused" and self.excuse is not None:
            sure = sure and self.excuse.sure
        sure = sure and self._left_within(status) is None and not self._contradicted(status, done)
        return "established" if sure else "possible"

    def _contradicted(self, status: Status, done: _Act | None) -> bool:
        """Whether an entry of the same custody shows as done by then what was found late or undone."""
        contrary = self.contrary
        if contrary is None or status not in ("overdue", "missed", "met_late"):
            return False
        if status == "met_late" and done is not None:
            return _earlier(contrary, done)
        return self._by_the_end(contrary) is not None

    def _left_within(self, status: Status) -> int | None:
        """Return the seconds to the end of custody if they left no sure time for what was missed.

        Whether anybody could have done it is then a judgement, as in "as soon as practicable".
        """
        if not self.terms.needs_time or self.end is None or status not in ("missed", "met_late"):
            return None
        begun = self.fact.at if self.waited_for is None else max(self.fact.at, self.waited_for.at)
        left = self.end - begun
        return left if left <= self._span(self.terms.needs_time) else None

    def _assembled(
        self,
        done: _Act | None,
        status: Status,
        until: int,
        steps: list[GradeState],
        *,
        doubt: bool,
    ) -> Finding:
        terms, now, fact = self.terms, self.now, self.fact
        passed = [step for step in steps if step.passed]
        current = _current(passed or steps, gravest_of_all=bool(passed))
        if status == "missed" and not passed:
            current = None  # the duty itself was missed, before any step of ours was reached
        severity = current.severity if current else terms.severity
        if passed and self.mitigation is not None:
            severity = lowered(severity)
        due = current.at if current else None
        if terms.by_lateness:
            due = steps[0].at if steps else None
        final = status == "met_late" or (
            status == "missed" and due is not None and not self._is_entry(due)
        )
        late = _minutes(until - due) if final and due is not None and until > due else None
        discharge = done if status in ("met", "met_late") else None
        evidence = fact.evidence
        contrary = self.contrary if self._contradicted(status, done) else None
        over = self.lapse if status in ("lapsed", "missed") else None
        for act in (discharge, self.excuse, over, contrary):
            if act is not None:
                evidence += now.facts[act.place].evidence
        waits = status in ("open", "due_soon")
        left = _time(fact, "left") if waits and terms.by_clock else None
        early = self.early if waits else None
        words: dict[str, str] = {}
        for name in terms.places:
            if name == "due":
                on = f"{_left(left)} after the paused clock goes on" if left is not None else None
                words[name] = on or shown(due)
            elif name == "done":
                words[name] = shown(discharge.at) if discharge else "no entry shows it"
            elif name in ("late", "past"):
                # A running lateness is for screens to count: a finding must not change by itself.
                behind = in_words(until - due) if late is not None and due is not None else ""
                line = f" past the {current.name} line" if passed and current else ""
                words[name] = behind if name == "late" else f"{behind}{line}".strip()
        message = message_of(terms, fact, words)
        if early is not None:
            message += _alert(early)
        hurry = self._left_within(status)
        if hurry is not None:
            message += _hurried(hurry)
        if contrary is not None:
            message += _otherwise(now.facts[contrary.place], terms.wording)
        return Finding(
            *head_of(terms, fact, now, current.authority if current else terms.authority),
            severity,
            status,
            self._certainty(done, status, until, doubt=doubt),
            message,
            fact.at,  # arose_at
            due,
            self.latest if self.latest != due else None,
            discharge.at if discharge else None,
            late,
            left // 60 if left is not None else None,
            early,
            None,  # occurred_at
            () if terms.by_lateness else tuple(steps),
            evidence if len(evidence) < 2 else unique(evidence),
            () if discharge is not None else terms.looked_for,
            None,  # because_of
            terms.clears if status in ("open", "due_soon", "overdue") else "",
            self._measures(discharge),
            now.unclosed,
            now.ruleset,
            now.judged_by,
        )

    def _measures(self, done: _Act | None) -> Mapping[str, int]:
        if done is None or not self.terms.measures:
            return NO_MEASURES
        out: dict[str, int] = {}
        for name, kind in self.terms.measures:
            start = next((fact.at for fact in self.now.facts if fact.kind == kind), None)
            if start is not None and start <= done.at:
                out[name] = (done.at - start) // 60
        return out


def _acts(closings: Mapping[str, Closing], facts: Sequence[Fact]) -> dict[str, _Act]:
    """Return the first act in each role: an unsure one counts, and says so (design D7)."""
    out: dict[str, _Act] = {}
    for role, closing in closings.items():
        place = closing.certain if closing.unsure is None else closing.unsure
        assert place is not None  # a closing has at least one place
        plain = _plain(role)
        if plain not in out or place < out[plain].place:  # facts lie in order of time
            out[plain] = _Act(facts[place].at, place, place == closing.certain)
    return out


_NUMBERED = ("lapses", "excused", "mitigated", "doubts", "after")


@lru_cache(maxsize=1_024)
def _plain(role: str) -> str:
    """Return a role without the number that tells alternatives apart: `lapses0` is `lapses`."""
    plain = role.rstrip("0123456789")
    return plain if plain in _NUMBERED else role


def _earlier(one: _Act, other: _Act) -> bool:
    """Whether one act came in an earlier clock minute; in one minute the deed wins."""
    return one.at // 60 < other.at // 60


def _current(steps: Sequence[GradeState], *, gravest_of_all: bool) -> GradeState | None:
    """Return the last of the gravest steps passed, or before any the first to come."""
    if len(steps) < 2:
        return steps[0] if steps else None
    if not gravest_of_all:
        return next((step for step in steps if step.at is not None), steps[0])
    worst = gravest([step.severity for step in steps])
    return [step for step in steps if step.severity == worst][-1]


def _minutes(seconds: int) -> int:
    """Return whole minutes late; any lateness is at least one minute."""
    return -(-seconds // 60)


def _left(seconds: int) -> str:
    """Return what is left of a paused clock in words, never more than there is."""
    return in_words(seconds - seconds % 60)


def _alert(early: int) -> str:
    return f" Early alert: {shown(early)}, as if hospital had not paused the clock."


def _hurried(left: int) -> str:
    return (
        f" Custody ended {in_words(left)} later: whether there was time is for a person to judge."
    )


def _otherwise(entry: Fact, wording: Wording) -> str:
    return (
        f" By the entry '{wording.name(entry.kind)}' of {shown(entry.at)} it may be otherwise: which "
        "entry is right is for a person to find out."
    )


def _when(step: GradeState) -> tuple[bool, int]:
    return step.at is None, step.at or 0


def _time(fact: Fact, name: str) -> int | None:
    value = fact.attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
