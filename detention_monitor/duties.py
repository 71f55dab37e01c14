"""From openings and closings to the state of a duty: arithmetic, and nothing inferred.

Every back-end hands over the same conclusions; what they amount to at an instant is worked out
here, to the second. A deadline itself is in time: late is `done > due` (design D4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from detention_monitor.clocks import live
from detention_monitor.drafts import Certainty, Situation, draft_of, shown, unique
from detention_monitor.findings import SEVERITIES, Finding, GradeState, Status, gravest, lowered
from detention_monitor.rulecheck import deadline_attribute
from detention_monitor.rulemodel import Rule, Severity
from detention_monitor.timeline import ESTABLISHED, Closing, Fact
from detention_monitor.times import in_words, next_local
from detention_monitor.values import value

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


@value
class _Act:
    """A closing that may count: when, where, how sure."""

    at: int
    place: int
    sure: bool


class Duty:
    """One duty toward one child: when it arose, by when it was due, how it stands."""

    def __init__(
        self, rule: Rule, subject: int, place: int, certainty: int, now: Situation
    ) -> None:
        self.rule, self.subject, self.place, self.now = rule, subject, place, now
        self.fact = now.facts[place]
        self._acts = _acts(now.found.closings_of(subject, place), now.facts)
        self.sure = certainty == ESTABLISHED and rule.certainty == "established"
        first = self._acts.get
        self.done, self.doubted = first("done"), first("doubted")
        self.lapse, self.excuse = first("lapses"), first("excused")
        self.mitigation, self.waited_for = first("mitigated"), first("after")
        self._waits = rule.must is not None and bool(rule.must.after)
        self.latest = _time(self.fact, "due_latest") if rule.by_clock else None
        self.early = _time(self.fact, "early") if rule.by_clock else None
        self._on_entries: set[str] = set()
        self.steps = self._steps()
        self.first_due = next((step.at for step in self.steps if step.at is not None), None)
        """The instant of the first step, if it is known."""
        self.end = self._end()
        if not self.steps:
            # What comes after the end of custody cannot undo that the duty was missed by then.
            self.lapse = self._by_the_end(self.lapse)
            if not rule.excused_late:
                self.excuse = self._by_the_end(self.excuse)

    def _end(self) -> int | None:
        """Return when the time of custody ended in which the duty had to be done, if it has.

        Custody may begin again when bail is answered: what was missed by then stays missed, and
        what is due after the return is a duty of its own. The clocks of detention run on over
        bail, and end only with the last time of custody.
        """
        if self.rule.outlasts_detention:
            return None
        if self.rule.by_clock:
            ended = self.now.ended_at
            return ended if ended is not None and ended >= self.fact.at else None
        begun = self.fact.at if self.waited_for is None else max(self.fact.at, self.waited_for.at)
        return next((end for end in self.now.ends if end >= begun), None)

    def _by_the_end(self, act: _Act | None) -> _Act | None:
        """Return the act if it was done in the time of custody in which the duty arose."""
        over = act is not None and self.end is not None and act.at // 60 > self.end // 60
        return None if over else act

    def _steps(self) -> list[GradeState]:
        """Return the steps of the duty in order of time; those without an instant come last."""
        rule = self.rule
        due = self._due()
        if rule.grades == "by_lateness" and due is not None:
            return [
                GradeState(name, due + offset, severity, rule.authority, passed=False)
                for name, offset, severity in lateness(rule.severity)
            ]
        steps = []
        if isinstance(rule.grades, tuple) and rule.grades:
            for grade in rule.grades:
                at = self._after(grade.at) if grade.at else self._on(f"grade_{grade.name}")
                steps.append(
                    GradeState(grade.name, at, grade.severity, grade.authority, passed=False)
                )
                if grade.on:
                    self._on_entries.add(grade.name)
        elif due is not None or (rule.must is not None and rule.must.before):
            steps.append(GradeState("due", due, rule.severity, rule.authority, passed=False))
            if rule.must is not None and rule.must.before:
                self._on_entries.add("due")
        if len(steps) > 1:
            steps.sort(key=lambda step: (step.at is None, step.at or 0))
        return steps

    def _due(self) -> int | None:
        must = self.rule.must
        assert must is not None  # only duties come here
        if must.within is not None:
            return self._after(must.within)
        if must.before:
            return self._on("before")
        if must.before_local is not None:
            return next_local(self.fact.at, must.before_local)
        name = deadline_attribute(must.by) if must.by else None
        return _time(self.fact, name) if name else None

    def _after(self, span: str) -> int | None:
        """Return the instant a span after the duty arose, or after what it waits for."""
        seconds = self.now.parameters.span(span, self.fact.at)
        name = self.rule.pauses_while
        spans = self.now.pauses.get(name, ()) if name else ()
        base = self.waited_for.at if self.waited_for is not None else self.fact.at
        if self._waits and self.waited_for is None:
            return None
        return live(base, seconds, spans)

    def _on(self, role: str) -> int | None:
        act = self._acts.get(role)
        return None if act is None else act.at

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
        if excuse is not None and late and not self.rule.excused_late:
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
            if self._waits:
                return "missed" if self.waited_for is not None else "lapsed"
            return "missed" if due is None and not self.steps else "lapsed"
        warned = max((self._span(each) for each in self.rule.warn), default=0)
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
        must = self.rule.must
        assert must is not None  # only duties come here
        coverage = self.now.coverage
        return coverage.is_whole or any(coverage.carries(kind) for kind in must.happen)

    def _passed(self, step: GradeState, until: int, status: Status) -> GradeState:
        if step.at is None:
            return step
        at_once = step.name in self._on_entries and status != "met_late"
        over = until >= step.at if at_once else until > step.at
        return GradeState(step.name, step.at, step.severity, step.authority, passed=over)

    def _note_changes(self, status: Status) -> None:
        if status not in ("open", "due_soon", "overdue"):
            return
        for step in self.steps:
            if step.at is not None:
                self.now.change_at(step.at + 1)
                for each in self.rule.warn:
                    self.now.change_at(step.at - self._span(each))
        if self.early is not None:
            for each in self.rule.warn:
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
            sure = sure and done.sure and not entry and not (unordered and not self.rule.by_clock)
        if status in ("overdue", "missed", "met_late") and self.latest is not None:
            sure = sure and until > self.latest
        if status == "excused" and self.excuse is not None:
            sure = sure and self.excuse.sure
        sure = sure and self._left_within(status) is None
        return "established" if sure else "possible"

    def _left_within(self, status: Status) -> int | None:
        """Return the seconds to the end of custody if they left no sure time for what was missed.

        Whether anybody could have done it is then a judgement, as in "as soon as practicable".
        """
        if self.rule.needs_time is None or self.end is None or status not in ("missed", "met_late"):
            return None
        begun = self.fact.at if self.waited_for is None else max(self.fact.at, self.waited_for.at)
        left = self.end - begun
        return left if left <= self._span(self.rule.needs_time) else None

    def _assembled(
        self,
        done: _Act | None,
        status: Status,
        until: int,
        steps: list[GradeState],
        *,
        doubt: bool,
    ) -> Finding:
        rule, now = self.rule, self.now
        passed = [step for step in steps if step.passed]
        coming = [step for step in steps if step.at is not None] or steps
        current = _gravest_step(passed) if passed else (coming[0] if coming else None)
        if status == "missed" and not passed:
            current = None  # the duty itself was missed, before any step of ours was reached
        severity = current.severity if current else rule.severity
        if passed and self.mitigation is not None:
            severity = lowered(severity)
        due = current.at if current else None
        if rule.grades == "by_lateness":
            due = steps[0].at if steps else None
        by_time = due is not None and not self._is_entry(due)
        final = status == "met_late" or (status == "missed" and by_time)
        late = _minutes(until - due) if final and due is not None and until > due else None
        certainty = self._certainty(done, status, until, doubt=doubt)
        evidence = [*self.fact.evidence]
        discharge = done if status in ("met", "met_late") else None
        for act in (discharge, self.excuse, self.lapse if status in ("lapsed", "missed") else None):
            evidence += [*now.facts[act.place].evidence] if act is not None else []
        absent = () if discharge is not None else rule.looked_for
        draft = draft_of(rule, self.fact, now)
        # A running lateness is for screens to count: a finding must not change by itself (D1).
        behind = in_words(until - due) if late is not None and due is not None else ""
        line = f"past the {current.name} line" if passed and current else ""
        waits = status in ("open", "due_soon")
        left = _time(self.fact, "left") if waits and rule.by_clock else None
        early = self.early if waits else None
        words = {
            "due": shown(due) if left is None else f"{_left(left)} after the paused clock goes on",
            "done": shown(discharge.at) if discharge else "no entry shows it",
            "late": behind,
            "past": f"{behind} {line}".strip(),
        }
        return draft.finding(
            severity=severity,
            status=status,
            certainty=certainty,
            authority=current.authority if current else rule.authority,
            message=draft.message(words) + _alert(early) + _hurried(self._left_within(status)),
            arose_at=self.fact.at,
            due_at=due,
            due_at_latest=self.latest if self.latest != due else None,
            done_at=discharge.at if discharge else None,
            minutes_late=late,
            minutes_left=left // 60 if left is not None else None,
            early_at=early,
            grades=() if rule.grades == "by_lateness" else tuple(steps),
            evidence=unique(evidence),
            absent=absent,
            clears_on=_clears(rule) if status in ("open", "due_soon", "overdue") else "",
            measures=self._measures(discharge),
        )

    def _measures(self, done: _Act | None) -> dict[str, int]:
        out: dict[str, int] = {}
        if done is None:
            return out
        for name, kind in self.rule.measures.items():
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


@lru_cache(maxsize=1_024)
def _plain(role: str) -> str:
    """Return a role without the number that tells alternatives apart: `lapses0` is `lapses`."""
    plain = role.rstrip("0123456789")
    return plain if plain in ("lapses", "excused", "mitigated", "after") else role


def _earlier(one: _Act, other: _Act) -> bool:
    """Whether one act came in an earlier clock minute; in one minute the deed wins."""
    return one.at // 60 < other.at // 60


def _gravest_step(steps: Sequence[GradeState]) -> GradeState:
    worst = gravest([step.severity for step in steps])
    return [step for step in steps if step.severity == worst][-1]


def _minutes(seconds: int) -> int:
    """Return whole minutes late; any lateness is at least one minute."""
    return -(-seconds // 60)


def _left(seconds: int) -> str:
    """Return what is left of a paused clock in words, never more than there is."""
    return in_words(seconds - seconds % 60)


def _alert(early: int | None) -> str:
    if early is None:
        return ""
    return f" Early alert: {shown(early)}, as if hospital had not paused the clock."


def _hurried(left: int | None) -> str:
    if left is None:
        return ""
    return (
        f" Custody ended {in_words(left)} later: whether there was time is for a person to judge."
    )


def _time(fact: Fact, name: str) -> int | None:
    value = fact.attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _clears(rule: Rule) -> str:
    return rule.clears or " or ".join(rule.looked_for)
