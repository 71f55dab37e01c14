"""From openings and closings to findings: the arithmetic of duties, and nothing inferred.

Every back-end hands over the same conclusions; what they amount to at an instant is worked out
here, to the second. A deadline itself is in time: late is `done > due` (design D4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from detention_monitor.clocks import Span, live
from detention_monitor.conditions import parse, tests
from detention_monitor.findings import Finding, GradeState, Status, gravest, key_of, lowered
from detention_monitor.parameters import Parameters
from detention_monitor.rulecheck import deadline_attribute
from detention_monitor.rulemodel import Rule, Severity, Source
from detention_monitor.times import day_of, in_words, local_text, next_local
from detention_monitor.timeline import ESTABLISHED, Closing, Conclusions, Fact
from detention_monitor.vocabulary import Coverage

LATENESS: tuple[tuple[str, int, Severity], ...] = (
    ("late", 0, "info"),
    ("over_5_min", 300, "medium"),
    ("over_30_min", 1800, "high"),
    ("from_2_h", 7199, "critical"),
)
"""Steps of severity by seconds late (each passed when exceeded); domain.md 2.1, our choice."""

Certainty = Literal["established", "possible"]


@dataclass(slots=True)
class Situation:
    """A detention at an instant, as far as verdicts need it; instants are seconds UTC."""

    detention: str
    facts: Sequence[Fact]
    found: Conclusions
    as_of: int
    ended_at: int | None
    unclosed: bool
    parameters: Parameters
    ruleset: str
    judged_by: str
    records: Mapping[str, str] = field(default_factory=dict)
    pauses: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=Coverage)
    changes: list[int] = field(default_factory=list)

    def change_at(self, instant: int | None) -> None:
        """Note an instant after `as_of` at which a finding may change."""
        if instant is not None and instant > self.as_of:
            self.changes.append(instant)


def findings_of(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    """Yield what one rule finds."""
    if rule.only_if is not None and not now.parameters.value(rule.only_if[1:], now.as_of):
        return
    match rule.shape:
        case "duty":
            opened = now.found.opened.get((subject, "arises"), {})
            for place in sorted(opened):
                finding = _Duty(rule, subject, place, opened[place], now).finding()
                if rule.nature == "concern":
                    yield finding
                elif finding.status == "met":  # good practice is only ever found done
                    yield replace(finding, status="matched", occurred_at=finding.done_at)
        case "prohibition":
            yield from _prohibited(rule, subject, now)
        case "count":
            yield from _counted(rule, subject, now)
        case "sequence":
            yield from _followed(rule, subject, now)


# --- duties ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Act:
    """A closing that may count: when, where, how sure."""

    at: int
    place: int
    sure: bool


class _Duty:
    """One duty toward one child: when it arose, by when it was due, how it stands."""

    def __init__(
        self, rule: Rule, subject: int, place: int, certainty: int, now: Situation
    ) -> None:
        self.rule, self.subject, self.place, self.now = rule, subject, place, now
        self.fact = now.facts[place]
        self.sure = certainty == ESTABLISHED and rule.certainty == "established"
        self.done = self._earliest("done")
        self.doubted = self._earliest("doubted")
        self.lapse = self._first_of("lapses", len(rule.lapses_on))
        self.excuse = self._first_of("excused", len(rule.excused_by))
        self.mitigation = self._first_of("mitigated", len(rule.mitigated_by))
        self.latest = _time(self.fact, "due_latest") if _clock(rule) else None
        self.steps = self._steps()

    def _earliest(self, role: str) -> _Act | None:
        """Return the first closing in a role: an unsure one counts, and says so (design D7)."""
        closing = self.now.found.closed.get((self.subject, role, self.place), Closing())
        found = [
            _Act(self.now.facts[place].at, place, sure)
            for place, sure in ((closing.certain, True), (closing.unsure, False))
            if place is not None
        ]
        return min(found, key=lambda act: (act.at, act.place), default=None)

    def _first_of(self, role: str, count: int) -> _Act | None:
        acts = [self._earliest(f"{role}{number}") for number in range(count)]
        kept = [act for act in acts if act is not None]
        return min(kept, key=lambda act: (act.at, act.place), default=None)

    def _steps(self) -> list[GradeState]:
        """Return the steps of the duty in order of time; those without an instant come last."""
        rule = self.rule
        due = self._due()
        if rule.grades == "by_lateness" and due is not None:
            return [
                GradeState(name, due + offset, severity, rule.authority, passed=False)
                for name, offset, severity in LATENESS
            ]
        steps = []
        if isinstance(rule.grades, tuple) and rule.grades:
            for grade in rule.grades:
                at = self._after(grade.at) if grade.at else self._on(f"grade_{grade.name}")
                steps.append(GradeState(grade.name, at, grade.severity, grade.authority, False))
        elif due is not None or rule.must is not None and rule.must.before:
            steps.append(GradeState("due", due, rule.severity, rule.authority, passed=False))
        return sorted(steps, key=lambda step: (step.at is None, step.at or 0))

    def _due(self) -> int | None:
        must = self.rule.must
        assert must is not None  # only duties come here
        if must.after:
            begun = self._first_of("after", len(must.after))
            assert must.within is not None  # the rule model refuses 'after' without it
            return None if begun is None else begun.at + self.now.parameters.span(
                must.within, self.fact.at
            )
        if must.within is not None:
            return self._after(must.within)
        if must.before:
            return self._on("before")
        if must.before_local is not None:
            return next_local(self.fact.at, must.before_local)
        name = deadline_attribute(must.by) if must.by else None
        return _time(self.fact, name) if name else None

    def _after(self, span: str) -> int | None:
        seconds = self.now.parameters.span(span, self.fact.at)
        name = self.rule.pauses_while
        spans = self.now.pauses.get(name, ()) if name else ()
        return live(self.fact.at, seconds, spans)

    def _on(self, role: str) -> int | None:
        act = self._earliest(role)
        return None if act is None else act.at

    @property
    def first_due(self) -> int | None:
        return next((step.at for step in self.steps if step.at is not None), None)

    def finding(self) -> Finding:
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
        steps = [_passed(step, until, status) for step in self.steps]
        self._note_changes(status)
        return self._assembled(done, status, until, steps, doubt=doubt)

    def _status(self, done: _Act | None) -> tuple[Status, int]:
        """Return the status, and the instant up to which lateness runs."""
        due, as_of = self.first_due, self.now.as_of
        if done is not None and (due is None or done.at <= due or self._same_minute(done)):
            if self.lapse is None or not self._before(self.lapse, done):
                return "met", done.at
        if self.excuse is not None:
            return "excused", self.excuse.at
        lapse = self.lapse
        if lapse is not None and (done is None or self._before(lapse, done)):
            if due is None or lapse.at <= due:
                return "lapsed", lapse.at
            return "missed", lapse.at
        if done is not None:
            return "met_late", done.at
        if not self._carried():
            return "cannot_tell", as_of
        ended = self.now.ended_at
        over = ended is not None and ended >= self.fact.at
        if due is not None and as_of > due:
            return ("missed" if over else "overdue"), as_of
        if over:
            return ("missed" if due is None and not self.steps else "lapsed"), as_of
        warned = max((self._warning(each) for each in self.rule.warn), default=0)
        soon = due is not None and warned and as_of >= due - warned
        return ("due_soon" if soon else "open"), as_of

    def _warning(self, span: str) -> int:
        return self.now.parameters.span(span, self.fact.at)

    def _before(self, one: _Act, other: _Act) -> bool:
        """Whether one act came in an earlier clock minute; in one minute the deed wins."""
        return one.at // 60 < other.at // 60

    def _same_minute(self, done: _Act) -> bool:
        """Whether the act shares the clock minute of the entry it had to come before."""
        must = self.rule.must
        due = self.first_due
        entry = must is not None and bool(must.before) and due is not None
        return entry and due is not None and done.at // 60 == due // 60

    def _carried(self) -> bool:
        must = self.rule.must
        assert must is not None  # only duties come here
        return any(self.now.coverage.carries(kind) for kind in must.happen)

    def _note_changes(self, status: Status) -> None:
        if status not in ("open", "due_soon", "overdue"):
            return
        for step in self.steps:
            if step.at is not None:
                self.now.change_at(step.at + 1)
                for each in self.rule.warn:
                    self.now.change_at(step.at - self._warning(each))
        if self.latest is not None:
            self.now.change_at(self.latest + 1)

    def _certainty(self, done: _Act | None, status: Status, until: int, *, doubt: bool) -> Certainty:
        sure = self.sure and not doubt
        if done is not None and status in ("met", "met_late"):
            unordered = done.at // 60 == self.fact.at // 60 and done.place != self.place
            entry = self._same_minute(done)
            sure = sure and done.sure and not entry and not (unordered and not _clock(self.rule))
        if status in ("overdue", "missed", "met_late") and self.latest is not None:
            sure = sure and until > self.latest
        if status == "excused" and self.excuse is not None:
            sure = sure and self.excuse.sure
        return "established" if sure else "possible"

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
        severity = current.severity if current else rule.severity
        if passed and self.mitigation is not None:
            severity = lowered(severity)
        due = current.at if current else None
        if rule.grades == "by_lateness":
            due = steps[0].at if steps else None
        final = status == "met_late" or (status == "missed" and self.lapse is not None)
        late = _minutes(until - due) if final and due is not None else None
        certainty = self._certainty(done, status, until, doubt=doubt)
        evidence = [*self.fact.evidence]
        shown = done if status in ("met", "met_late") else None
        for act in (shown, self.excuse, self.lapse if status in ("lapsed", "missed") else None):
            evidence += [*now.facts[act.place].evidence] if act is not None else []
        absent = () if shown is not None else _looked_for(rule)
        draft = _draft(rule, self.fact, now)
        words = {
            **draft.words,
            "due": _local(due),
            "done": _local(shown.at if shown else None),
            "late": in_words(until - due) if due is not None and until > due else "",
            "absent": "; ".join(f"no {each}" for each in absent),
            "grade": current.name if current else "",
        }
        return draft.finding(
            severity=severity,
            status=status,
            certainty=certainty,
            authority=current.authority if current else rule.authority,
            message=fill(rule.message, words),
            arose_at=self.fact.at,
            due_at=due,
            due_at_latest=self.latest if self.latest != due else None,
            done_at=shown.at if shown else None,
            minutes_late=late,
            grades=() if rule.grades == "by_lateness" else tuple(steps),
            evidence=_unique(evidence),
            absent=absent,
            clears_on=_clears(rule) if status in ("open", "due_soon", "overdue") else "",
            measures=self._measures(shown),
        )

    def _measures(self, done: _Act | None) -> dict[str, int]:
        if done is None:
            return {}
        out = {}
        for name, kind in self.rule.measures.items():
            starts = [fact.at for fact in self.now.facts if fact.kind == kind and fact.at <= done.at]
            if starts:
                out[name] = (done.at - starts[0]) // 60
        return out


def _passed(step: GradeState, until: int, status: Status) -> GradeState:
    over = step.at is not None and until > step.at
    counts = status in ("overdue", "missed", "met_late")
    return GradeState(step.name, step.at, step.severity, step.authority, over and counts)


def _gravest_step(steps: Sequence[GradeState]) -> GradeState:
    worst = gravest([step.severity for step in steps])
    return [step for step in steps if step.severity == worst][-1]


def _minutes(seconds: int) -> int:
    """Return whole minutes late; any lateness is at least one minute."""
    return -(-seconds // 60)


def _clock(rule: Rule) -> bool:
    return rule.must is not None and rule.must.by is not None and rule.must.by.endswith("_clock.due")


def _time(fact: Fact, name: str) -> int | None:
    value = fact.attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# --- prohibitions ------------------------------------------------------------------------------


def _prohibited(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    assert rule.never is not None  # only prohibitions come here
    opened = now.found.opened.get((subject, "never"), {})
    asked = tests(parse(rule.never.where)) if rule.never.where else ()
    compared = {test.attribute for test in asked if test.operator not in ("exists", "missing")}
    for place in sorted(opened):
        fact = now.facts[place]
        status: Status = rule.finds
        severity = rule.severity
        certain = opened[place] == ESTABLISHED and rule.certainty == "established"
        blank = {name for name in compared if fact.attrs.get(name) in (None, "", ())}
        untold = [name for name in rule.cannot_tell_without if fact.attrs.get(name) is None]
        uncarried = any(not now.coverage.carries(fact.kind, name) for name in blank)
        if untold or (opened[place] != ESTABLISHED and uncarried):
            status, certain = "cannot_tell", False
        elif opened[place] != ESTABLISHED and blank:
            unknown = rule.when_unknown
            if unknown.status == "silent":
                continue
            status = rule.finds if unknown.status == "possible" else unknown.status
            severity = unknown.severity or severity
        for number, raised in enumerate(rule.raised):
            if place in now.found.opened.get((subject, f"raised{number}"), {}):
                severity = raised.severity
        draft = _draft(rule, fact, now)
        absent = tuple(sorted(blank | set(untold))) if status != "broken" else ()
        yield draft.finding(
            severity=severity,
            status=status,
            certainty="established" if certain else "possible",
            authority=rule.authority,
            message=fill(rule.message, {**draft.words, "occurred": _local(fact.at)}),
            occurred_at=fact.at,
            evidence=_unique(fact.evidence),
            absent=absent,
        )


# --- patterns ----------------------------------------------------------------------------------


def _counted(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    assert rule.counts is not None  # only counts come here
    hits = now.found.opened.get((subject, "counted"), {})
    among = now.found.opened.get((subject, "among"), {})
    places = sorted({*hits, *among}, key=lambda place: (now.facts[place].at, place))
    count = total = 0
    sure = True
    reached: dict[str, tuple[int, int, int, bool]] = {}
    for place in places:
        total += 1
        if place in hits:
            count += 1
            sure = sure and hits[place] == ESTABLISHED
        for grade in rule.counts.grades:
            enough = count >= grade.count and total >= grade.total
            if grade.name not in reached and enough and (not grade.every or count == total):
                reached[grade.name] = (place, count, total, sure)
    if rule.nature == "good_practice" and count < total:
        reached = {}  # praise for every one of them is taken back by the first exception
    if not reached:
        return
    grades = [grade for grade in rule.counts.grades if grade.name in reached]
    worst = gravest([grade.severity for grade in grades])
    current = [grade for grade in grades if grade.severity == worst][-1]
    place, count, total, sure = reached[current.name]
    hit_facts = [now.facts[each] for each in sorted(hits) if now.facts[each].at <= now.facts[place].at]
    draft = _draft(rule, hit_facts[0], now)
    states = tuple(
        GradeState(
            grade.name,
            now.facts[reached[grade.name][0]].at if grade.name in reached else None,
            grade.severity,
            grade.authority,
            grade.name in reached,
        )
        for grade in rule.counts.grades
    )
    words = {**draft.words, "count": str(count), "total": str(total), "grade": current.name}
    yield draft.finding(
        severity=current.severity,
        status="matched",
        certainty="established" if sure and rule.certainty == "established" else "possible",
        authority=current.authority,
        message=fill(rule.message, words),
        occurred_at=now.facts[place].at,
        grades=states,
        evidence=_unique([each for fact in hit_facts for each in fact.evidence]),
    )


def _followed(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    assert rule.sequence is not None  # only sequences come here
    opened = now.found.opened.get((subject, "step0"), {})
    reached: set[int] = set()
    for place in sorted(opened):
        path, sure = _path(rule, subject, place, now)
        if not path or path[-1] in reached or not _undisturbed(rule, subject, path[-1], now):
            continue
        reached.add(path[-1])
        facts = [now.facts[each] for each in path]
        sure = sure and opened[place] == ESTABLISHED and rule.certainty == "established"
        draft = _draft(rule, facts[0], now)
        words = {**draft.words, "first": _local(facts[0].at), "last": _local(facts[-1].at)}
        words["late"] = in_words(facts[1].at - facts[0].at)
        yield draft.finding(
            severity=rule.severity,
            status="matched",
            certainty="established" if sure else "possible",
            authority=rule.authority,
            message=fill(rule.message, words),
            arose_at=facts[0].at,
            occurred_at=facts[-1].at,
            evidence=_unique([each for fact in facts for each in fact.evidence]),
        )


def _path(rule: Rule, subject: int, start: int, now: Situation) -> tuple[list[int], bool]:
    assert rule.sequence is not None  # only sequences come here
    path, sure = [start], True
    for number, step in enumerate(rule.sequence.steps, start=1):
        closing = now.found.closed.get((subject, f"step{number}", path[-1]), Closing())
        place = closing.certain if closing.unsure is None else closing.unsure
        if place is None:
            return [], False
        sure = sure and place == closing.certain
        took = now.facts[place].at - now.facts[path[-1]].at
        at = now.facts[place].at
        if step.within is not None and took > now.parameters.span(step.within, at):
            return [], False
        if step.after is not None and took <= now.parameters.span(step.after, at):
            return [], False
        path.append(place)
    return path, sure


def _undisturbed(rule: Rule, subject: int, last: int, now: Situation) -> bool:
    """Whether what must not follow the last step did not, and no longer can."""
    without = rule.sequence.without if rule.sequence is not None else None
    if without is None:
        return True
    at = now.facts[last].at
    window = now.parameters.span(without.within, at) if without.within else None
    closing = now.found.closed.get((subject, "without", last), Closing())
    place = closing.certain if closing.certain is not None else closing.unsure
    if place is not None and (window is None or now.facts[place].at - at <= window):
        return False
    if window is not None and now.ended_at is None:
        now.change_at(at + window + 1)
        return now.as_of > at + window
    return True


# --- putting a finding together ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Draft:
    rule: Rule
    fact: Fact
    now: Situation
    words: dict[str, str]

    def finding(self, **parts: object) -> Finding:
        rule, now = self.rule, self.now
        entry = self.fact.evidence[0] if self.fact.evidence else ""
        anchor = self.fact.key or entry
        if rule.shape == "count":
            anchor = "count"
        return Finding(
            key=key_of(now.detention, rule.id, anchor),
            detention=now.detention,
            record=now.records.get(entry, now.detention),
            duty=rule.duty,
            rule=rule.id,
            rule_version=rule.in_force.start.isoformat(),
            title=rule.title,
            nature=rule.nature,
            sources=tuple(source.cite for source in rule.sources),
            verified=all(verified_on(source, self.fact.at) for source in rule.sources),
            unclosed=now.unclosed,
            ruleset=now.ruleset,
            judged_by=now.judged_by,
            **parts,  # type: ignore[arg-type]
        )


def _draft(rule: Rule, fact: Fact, now: Situation) -> _Draft:
    plain = {
        name: str(value).replace("_", " ")
        for name, value in fact.attrs.items()
        if isinstance(value, int | str) and len(str(value)) < 80
    }
    return _Draft(rule, fact, now, {**plain, "arose": _local(fact.at), "who": rule.who})


def verified_on(source: Source, at: int) -> bool:
    """Whether text and number of a citation are both verified for an instant (seconds UTC)."""
    day = day_of(at)
    return all(
        value if isinstance(value, bool) else day >= value
        for value in (source.text_verified, source.number_verified)
    )


def fill(template: str, words: Mapping[str, str]) -> str:
    """Put words into the places of a message; text of records is never read as a template."""
    filled = re.sub(r"\{([^}]*)\}", lambda match: words.get(match[1], ""), template)
    return re.sub(r"\s+([.;,])", r"\1", filled).strip()


def _local(instant: int | None) -> str:
    return "" if instant is None else local_text(instant)


def _looked_for(rule: Rule) -> tuple[str, ...]:
    if rule.must is None:
        return ()
    where = f" where {rule.must.where}" if rule.must.where else ""
    return tuple(f"{kind}{where}" for kind in rule.must.happen)


def _clears(rule: Rule) -> str:
    return rule.clears or " or ".join(_looked_for(rule))


def _unique(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
