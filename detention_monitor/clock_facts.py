"""From entries to clock facts: reviews due and held, limits of detention, nights in custody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from operator import attrgetter

from detention_monitor import times
from detention_monitor.clocks import (
    Authority,
    CountedReview,
    Postponement,
    Review,
    ReviewDue,
    Span,
    elapsed,
    live,
    night,
    rest_lost,
    review_chain,
    union,
)
from detention_monitor.court_facts import court_facts
from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, FAR, POSSIBLE, Fact, Interval

BAIL_ARREST_HOURS = 3 * times.HOUR
RIGHT_DELAYED_AT_MOST = 36 * times.HOUR
"""From the relevant time (PACE s.56(3), s.58(5), Code C Annex B 6)."""
BAIL_ARREST_FROM = date(2022, 10, 28)
"""After an arrest under s.46A the first three hours do not count (s.47(6A)), if the original arrest
was on this day or later."""
CLOCK_KINDS = frozenset({
    "arrested", "arrived", "transferred_in", "transferred_out", "detention_authorised",
    "bailed", "bail_answered", "hospital_out", "hospital_back", "questioning_started",
    "questioning_ended", "review_held", "review_postponed", "charged", "detention_after_charge",
    "extension_authorised", "warrant_issued", "certificate_made", "rest_started", "rest_ended",
    "right_delay_authorised",
    "released", "moved_to_la", "court_appearance", "age_corrected",
    "bail_decided", "court_not_sitting_noted", "warrant_applied", "warrant_refused",
    "refusal_anticipated",
    "la_requested", "yjs_contacted",
})  # fmt: skip
"""Kinds of entry from which the clocks, measures and the person are worked out."""
ENDS = ("released", "moved_to_la", "court_appearance")


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """The durations (seconds) and local times of day (seconds) by which the clocks run."""

    review_first: int
    review_next: int
    custody_limit: int
    night_from: int
    night_to: int
    night_least: int
    contact_before_charge: int

    @classmethod
    def read(cls, value: Callable[[str], int]) -> ClockSettings:
        """Take each setting by its name from the parameters."""
        return cls(*(value(name) for name in cls.__dataclass_fields__))


@dataclass(slots=True)
class Derived:
    """Clock facts, the nights as intervals, and the later instants at which they may change."""

    facts: list[Fact] = field(default_factory=list)
    overnight: list[Interval] = field(default_factory=list)
    next_instants: list[int] = field(default_factory=list)


def derive(facts: Sequence[Fact], settings: ClockSettings, as_of: int) -> Derived:
    """Work out the clocks of a detention from its entries, in order of time, up to `as_of`.

    The clocks run for detention for an offence only (C23 Note 15B). A record that begins with a
    transfer whose first half is not in the data, and does not carry its times, has clocks that
    cannot be told; they are never restarted.
    """
    out = Derived()
    entries = _Entries(facts)
    if entries.basis == "offence":
        headless = is_headless(facts)
        for clock, name, work in (
            ("review", "first_authorised_at", _reviews),
            ("custody", "relevant_time", _limits),
        ):
            if not headless or entries.knows(name):
                out.facts += work(entries, settings)
                continue
            at, key = facts[0].at, f"clock_unknown:{clock}"
            evidence = entries.all("transferred_in", "bail_answered")[0].evidence
            attrs: dict[str, Value] = {"clock": clock}
            out.facts.append(Fact("clock_unknown", at, attrs, ESTABLISHED, evidence, key))
    out.facts += _charged_on_all(entries)
    out.facts += court_facts(facts, entries.excluded(), settings.contact_before_charge)
    out.facts += _delay_limits(entries, facts)
    _nights(entries, settings, as_of, out)
    _rest(entries, as_of, out)
    return out


def is_headless(facts: Sequence[Fact]) -> bool:
    """Whether a detention begins with a transfer or a return: its first half is not in the data."""
    continued = ("transferred_in", "bail_answered")
    begun = (fact.kind for fact in facts if fact.kind in ("detention_authorised", *continued))
    return next(begun, "") in continued


def excluded(facts: Sequence[Fact]) -> list[Span]:
    """Return the stretches of a detention that no clock of Part IV counts, joined, in order."""
    return union(_Entries(facts).excluded())


def detained(facts: Sequence[Fact]) -> list[Span]:
    """Return the times in police detention: from authority, transfer or return from bail to an end."""
    return _detained(_Entries(facts))


class _Entries:
    """The entries of a detention, asked by kind."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self._by_kind: dict[str, list[Fact]] = {}
        for fact in facts:
            self._by_kind.setdefault(fact.kind, []).append(fact)

    def all(self, *kinds: str) -> list[Fact]:
        found = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        if len(found) < 2:
            return [*found[0]] if found else []
        return sorted(chain.from_iterable(found), key=attrgetter("at"))

    def first(self, kind: str) -> Fact:
        return self._by_kind[kind][0]

    @property
    def basis(self) -> str:
        """The basis of detention; for an offence as soon as it was authorised for one."""
        found = [
            str(fact.attrs.get("detention_basis", "offence"))
            for fact in self.all("detention_authorised", "transferred_in", "bail_answered")
        ]
        return "offence" if "offence" in found else next(iter(found), "none")

    def carried(self, name: str) -> tuple[int, Fact] | None:
        """Return a time that an entry carries, such as the relevant time, and the entry."""
        for fact in self.all("transferred_in", "bail_answered", "detention_authorised", "arrived"):
            value = fact.attrs.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value, fact
        return None

    def knows(self, name: str) -> bool:
        """Whether a time that an entry carries says how long a clock ran before this data begins.

        Before a return from bail it does not: how long the child was on bail is not in the data.
        """
        carried = self.carried(name)
        first = self.all("transferred_in", "bail_answered")[0]
        return carried is not None and (first.kind != "bail_answered" or carried[0] >= first.at)

    def spans(self, begins: str, *ends: str) -> list[tuple[Fact, Fact | None]]:
        out: list[tuple[Fact, Fact | None]] = []
        over = self.all(*ends)
        for fact in self.all(begins):
            after = [each for each in over if each.at >= fact.at]
            out.append((fact, after[0] if after else None))
        return out

    def excluded(self, *, hospital: bool = True) -> list[Span]:
        """Return the time that no clock counts: bail, and hospital for treatment.

        Without the hospital it is what a clock runs by that is not paused (early alerts).
        """
        out = [
            Span(out_.at, back.at)  # bail not answered yet: what was due has lapsed or was met
            for out_, back in self.spans("bailed", "bail_answered")
            if back is not None
        ]
        out += [
            Span(fact.at, fact.at + BAIL_ARREST_HOURS)
            for fact in self.all("bail_answered")
            if fact.attrs.get("arrested_s46a") is True
            and self.facts[0].at >= times.start_of_day(BAIL_ARREST_FROM)
        ]
        if not hospital:
            return out
        questioned = [
            (begun.at, over.at if over else FAR)
            for begun, over in (
                *self.spans("questioning_started", "questioning_ended"),
                *self.spans("interview_started", "interview_ended"),
            )
        ]
        for away, back in self.spans("hospital_out", "hospital_back", "bailed", *ENDS):
            # Purpose not recorded: no pause, the cautious reading (domain.md 2.4).
            if away.attrs.get("purpose") != "medical":
                continue
            out += _without(Span(away.at, back.at if back else None), questioned)
        return out

    def doubtful(self, due: int | None) -> bool:
        """Whether a visit to hospital of unknown purpose came before a due time: it may pause it."""
        unknown = (each for each in self.all("hospital_out") if each.attrs.get("purpose") is None)
        return due is not None and any(each.at < due for each in unknown)


def _without(span: Span, cuts: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """Yield a span less the stretches in which the child was questioned (s.41(6))."""
    start = span.start
    for begun, over in sorted(cuts):
        if over <= start or (span.end is not None and begun >= span.end):
            continue
        if begun > start:
            yield Span(start, begun)
        start = max(start, over)
    if span.end is None or start < span.end:
        yield Span(start, span.end)


def _authorities(entries: _Entries) -> list[Authority]:
    """Return the first authority, and the one after each return from bail; never at a transfer."""
    carried = entries.carried("first_authorised_at")
    out = [Authority(carried[0], carried[1].evidence[0])] if carried else []
    returns = entries.all("bail_answered")
    for fact in entries.all("detention_authorised"):
        if fact.attrs.get("detention_basis", "offence") != "offence":
            continue
        came_back = [each for each in returns if out and out[-1].at < each.at <= fact.at]
        if not out or came_back:
            out.append(Authority(fact.at, fact.evidence[0]))
    return out


def _reviews(entries: _Entries, settings: ClockSettings) -> Iterator[Fact]:
    reviews = [
        Review(
            fact.at,
            fact.evidence[0],
            2 if fact.attrs.get("valid_review") is True else 1,
            fact.attrs.get("disputed_review") is True,
        )
        for fact in entries.all("review_held")
        if fact.attrs.get("valid_review") is not False
    ]
    excluded = entries.excluded()
    postponements = [
        Postponement(
            fact.at,
            fact.evidence[0],
            _whole(fact.attrs, "recorded_at"),
            str(fact.attrs.get("ground", "")),
        )
        for fact in entries.all("review_postponed")
        if fact.attrs.get("lawful_postponement") is not False
        and not _inside(fact.at, excluded)  # not needed: the clock was paused (T05)
    ]
    decisions = [
        Authority(fact.at, fact.evidence[0]) for fact in entries.all("detention_after_charge")[:1]
    ]
    found = review_chain(
        _authorities(entries), reviews, postponements, decisions, excluded,
        settings.review_first, settings.review_next, entries.excluded(hospital=False),
    )  # fmt: skip
    seen: Counter[str] = Counter()
    for due in found.dues:
        key = f"review_due:{due.ordinal}:{due.phase}"
        seen[key] += 1
        doubt = POSSIBLE if entries.doubtful(due.due) else ESTABLISHED
        yield _due_fact(due, doubt, key if seen[key] == 1 else f"{key}:{seen[key]}")
    for counted in found.counted:
        yield from _counted_facts(counted, found.dues)
    if found.put_off_by is not None:
        yield _used(found.put_off_by, found.dues[-1])


def _inside(at: int, spans: Sequence[Span]) -> bool:
    return any(span.start <= at and (span.end is None or at < span.end) for span in spans)


def _due_fact(due: ReviewDue, doubt: int, key: str) -> Fact:
    attrs: dict[str, Value] = {"ordinal": due.ordinal, "phase": due.phase}
    attrs["paused"] = due.due is None
    for name in ("due", "due_latest", "early", "left"):
        value = getattr(due, name)
        if value is not None:
            attrs[name] = value
    certainty = min(due.certainty, doubt)
    return Fact("review_due", due.opened_at, attrs, certainty, due.opened_by, key)


def _counted_facts(counted: CountedReview, dues: Sequence[ReviewDue]) -> Iterator[Fact]:
    review = counted.review
    attrs: dict[str, Value] = {
        "ordinal": counted.ordinal,
        "disputed": counted.disputed,
        "postponed": counted.postponed_by is not None,
        "late": counted.late,
    }
    due = next((each.due for each in dues if each.ordinal == counted.ordinal), None)
    if due is not None:
        attrs["behind"] = max(0, review.at - due)
    key = f"review_counted:{review.entry}"
    leave = counted.postponed_by
    if leave is not None and leave.ground:
        attrs["ground"] = leave.ground
    evidence = (review.entry,) if leave is None else (review.entry, leave.entry)
    yield Fact("review_counted", review.at, attrs, review.counts, evidence, key)
    if leave is not None:
        yield _used(leave, next(each for each in dues if each.ordinal == counted.ordinal))


def _used(leave: Postponement, link: ReviewDue) -> Fact:
    """Return the fact that a link was lawfully put off, and whether that was written down late.

    It takes effect by the due time, even if it was written down after the review.
    """
    written = leave.recorded_at if leave.recorded_at is not None else leave.at
    late = link.due is not None and max(written, leave.at) > link.due
    attrs: dict[str, Value] = {"ordinal": link.ordinal, "recorded_late": late}
    at = leave.at if link.due is None else min(leave.at, link.due)
    key = f"postponement_used:{leave.entry}"
    return Fact("postponement_used", at, attrs, ESTABLISHED, (leave.entry,), key)


def _whole(attrs: Mapping[str, Value], name: str) -> int | None:
    value = attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# --- the limit of detention without charge -----------------------------------------------------


def relevant_time(entries: _Entries) -> tuple[int, Fact] | None:
    """Return the relevant time and the entry it comes from (PACE s.41(2); domain.md 2.3).

    An explicit relevant time wins. A child arrested for another force and not questioned counts
    from arrival there, or 24 hours after arrest if that is earlier. Otherwise the first arrival.
    """
    carried = entries.carried("relevant_time")
    if carried is not None:
        return carried
    for left in entries.all("transferred_out"):
        arrived = [each for each in entries.all("transferred_in") if each.at >= left.at]
        begun = next((each.at for each in entries.all("detention_authorised")), FAR)
        arrests = [
            each
            for each in entries.all("arrested")
            if each.attrs.get("for_force")
            and each.at <= begun  # later ones: s.41(5), D09-second-area
        ]
        if arrived and arrests and left.attrs.get("questioned") is False:
            return min(arrived[0].at, arrests[0].at + 24 * times.HOUR), arrived[0]
    for kind in ("arrived", "transferred_in", "detention_authorised"):
        if found := entries.all(kind):
            return found[0].at, found[0]
    return None


def _limits(entries: _Entries, settings: ClockSettings) -> Iterator[Fact]:
    """Yield the limits; with when each would be had no visit to hospital paused the clock.

    While it is paused, the seconds left are what lay between the pause and the limit then.
    """
    excluded, unpaused = union(entries.excluded()), union(entries.excluded(hospital=False))
    closed = [span for span in excluded if span.end is not None]
    paused_at = next((span.start for span in excluded if span.end is None), 0)
    paused = unpaused != excluded  # without a visit to hospital there is nothing to be early for
    early = _dues(_limits_by(entries, settings, unpaused)) if paused else {}
    before = _dues(_limits_by(entries, settings, closed)) if paused_at else {}
    for fact in _limits_by(entries, settings, excluded):
        attrs = {**fact.attrs}
        which = attrs.get("basis"), fact.evidence
        if which in early and early[which] != attrs.get("due"):
            attrs["early"] = early[which]
        if attrs.get("paused") is True and which in before:
            attrs["left"] = before[which] - paused_at
        yield fact.saying(attrs)


_Limit = tuple[Value | None, tuple[str, ...]]


def _dues(limits: Iterable[Fact]) -> dict[_Limit, int]:
    """Return the limits by their basis and the entries they rest on."""
    found = ((fact, _whole(fact.attrs, "due")) for fact in limits if fact.kind == "custody_limit")
    return {(fact.attrs["basis"], fact.evidence): due for fact, due in found if due is not None}


def _limits_by(
    entries: _Entries, settings: ClockSettings, excluded: Sequence[Span]
) -> Iterator[Fact]:
    """Yield each limit of detention without charge, and what replaced it (PACE ss.41-44)."""
    begun = relevant_time(entries)
    if begun is None:
        return
    limits = _Limits(entries, *begun, settings.custody_limit, excluded)
    yield limits.current("initial", begun[0], begun[1].evidence, limits.sure)
    done = [fact.at for fact in _charged_on_all(entries)]
    again = [fact for fact in entries.all("arrested") if done and fact.at > done[0]]
    steps = entries.all(
        "extension_authorised", "warrant_applied", "warrant_issued", "bail_answered",
        "court_not_sitting_noted", "warrant_refused",
    )  # fmt: skip
    for fact in sorted([*steps, *again], key=limits.takes_effect):
        if fact.kind in ("bail_answered", "arrested"):
            yield limits.resume(fact)
        elif limits.due is None:
            continue  # paused: nothing can be said of what is added to it
        elif fact.kind == "court_not_sitting_noted":
            yield from limits.await_court(fact)
        elif fact.kind == "extension_authorised":
            yield from limits.extend(fact)
        elif fact.kind == "warrant_applied":
            yield from limits.apply(fact)
        elif fact.kind == "warrant_refused":
            yield from limits.refuse(fact)
        else:
            yield from limits.warrant(fact)


class _Limits:
    """The limit of detention as it stands: `due` None while the clock is paused."""

    def __init__(
        self, entries: _Entries, start: int, source: Fact, initial: int, excluded: Sequence[Span]
    ) -> None:
        self._entries, self._start, self._source = entries, start, source
        self._excluded = excluded
        self.due = self._first = live(start, initial, self._excluded)
        self._basis = "initial"
        self._applied = False
        self.sure = POSSIBLE if entries.doubtful(self.due) else ESTABLISHED
        self._ordinal = 1
        self._at_36 = live(start, 36 * times.HOUR, self._excluded)
        self._at_42 = live(start, 42 * times.HOUR, self._excluded)
        self._noted = False
        self._warranted: int | None = None

    def takes_effect(self, step: Fact) -> int:
        """Return from when a step counts: a note may be written after the time it explains."""
        noted = step.kind == "court_not_sitting_noted" and self._at_36 is not None
        return min(step.at, self._at_36) if noted and self._at_36 is not None else step.at

    @property
    def _may_wait(self) -> bool:
        """Whether this is the limit of 36 hours, at which a court may be waited for (s.43(5)(b))."""
        return self.due is not None and self.due == self._at_36 and self._warranted is None

    def current(self, basis: str, at: int, evidence: tuple[str, ...], sure: int) -> Fact:
        """Return the limit as it stands; whether a court is waited for may be noted later."""
        attrs: dict[str, Value] = {"ordinal": self._ordinal, "basis": basis}
        attrs["paused"] = self.due is None
        if self.due is not None:
            attrs["due"] = self.due
        if self._may_wait and self._at_42 is not None and at <= self._at_42:
            attrs["due_latest"] = self._at_42
        return Fact("custody_limit", at, attrs, sure, evidence, f"custody_limit:{self._ordinal}")

    def resume(self, fact: Fact) -> Fact:
        """Go on after bail or a further arrest: released or charged, the limit was kept.

        Now it runs again, on the same hours; one that had run out before is passed from now on.
        """
        self._ordinal += 1
        evidence = (*self._source.evidence, *fact.evidence)
        limit = self.current(self._basis, fact.at, evidence, self.sure)
        if self.due is None:
            return limit
        return limit.saying({**limit.attrs, "due": max(self.due, fact.at)})

    def _replace(
        self, due: int | None, basis: str, at: int, evidence: tuple[str, ...], sure: int
    ) -> Iterator[Fact]:
        attrs: dict[str, Value] = {"ordinal": self._ordinal}
        yield Fact("limit_extended", at, attrs, sure, evidence, f"limit_extended:{self._ordinal}")
        self._ordinal, self.due, self._basis = self._ordinal + 1, due, basis
        yield self.current(basis, at, evidence, sure)

    def await_court(self, note: Fact) -> Iterator[Fact]:
        """Add six hours if no court could sit at 36 hours and one will within them (s.43(5)(b)).

        When it sits may be left blank; then what follows is only possible (design D7).
        """
        sits = _whole(note.attrs, "sits_at")
        if not self._may_wait or self._at_36 is None or self._at_42 is None:
            return
        if note.at > self._at_42 or (sits is not None and not self._at_36 < sits <= self._at_42):
            return
        self._noted = True
        sure = POSSIBLE if sits is None else self.sure
        at = self.takes_effect(note)
        yield from self._replace(self._at_42, "court_awaited", at, note.evidence, sure)

    def extend(self, fact: Fact) -> Iterator[Fact]:
        """Count a superintendent's extension, to 36 hours from the relevant time at most (s.42).

        Of no effect before the second review (s.42(4)(b)), nor after the limit: a first one by
        24 hours (s.42(4)(a)), a further one while that before it runs (s.42(2)). What is left
        blank counts as done.
        """
        further = self._basis == "extension"
        limit, until = self.due if further else self._first, _until(fact, self.due)
        attrs: dict[str, Value] = {"further": further}
        if limit is not None:
            attrs["late"] = fact.at > limit
        if until is not None and self._at_36 is not None:
            attrs["over_36h"] = until > self._at_36
        key, certainty = f"extension_weighed:{fact.key}", min(fact.certainty, self.sure)
        yield Fact("extension_weighed", fact.at, attrs, certainty, fact.evidence, key)
        valid = fact.attrs.get("valid_extension")
        if valid is False or self.due is None or fact.at > self.due:
            return
        if not _second_review(self._entries, fact.at) or (until is not None and until <= fact.at):
            return
        if valid is not True or until is None:
            self.sure = POSSIBLE
        due = self._moved(until, fact, 36)
        yield from self._replace(due, "extension", fact.at, fact.evidence, self.sure)

    def _too_late(self, at: int) -> bool | None:
        """Say whether a court was asked too late: after 42 hours, or after the warrant it lengthens.

        Between 36 and 42 hours it may be in time (s.43(5)(b)); that is for the note, and a person.
        """
        last = self._at_42 if self._warranted is None else self._warranted
        return None if last is None else at > last

    def apply(self, fact: Fact) -> Iterator[Fact]:
        """Say of an application for a warrant whether it came too late (s.43(5), s.44)."""
        self._applied = True
        late = self._too_late(fact.at)
        key, sure = f"application_weighed:{fact.key}", min(fact.certainty, self.sure)
        if late is not None:
            yield Fact("application_weighed", fact.at, {"late": late}, sure, fact.evidence, key)

    def refuse(self, fact: Fact) -> Iterator[Fact]:
        """End the wait for a court when it refuses (s.43(6)(a), (15)).

        What was authorised before runs on (s.43(16), s.44(8)): then a refusal changes nothing.
        """
        if self._warranted is not None or self._at_36 is None or self._at_42 is None:
            return
        if self._at_36 < fact.at <= self._at_42 and (self._noted or self._may_wait):
            yield from self._replace(fact.at, "court_refused", fact.at, fact.evidence, self.sure)

    def warrant(self, fact: Fact) -> Iterator[Fact]:
        """Count a warrant: 36 hours each, 96 in all (ss.43, 44); what a court orders has effect.

        A first warrant runs from its issue, a later one from the end of the one before, which it
        lengthens. One without an end counts for 36 hours, and what follows is only possible.
        """
        assert self.due is not None  # a paused limit is not asked
        until = _whole(fact.attrs, "until")
        base = fact.at if self._warranted is None else max(self._warranted, fact.at)
        longest = base + 36 * times.HOUR
        in_all = live(self._start, 96 * times.HOUR, self._known(fact))
        attrs: dict[str, Value] = {}
        in_the_six = (
            self._at_36 is not None
            and self._at_42 is not None
            and self._at_36 < fact.at <= self._at_42
        )
        if in_the_six and (self._may_wait or self._noted):
            attrs["noted"] = self._noted
        if until is not None and in_all is not None:
            attrs |= {"over_36h": until > longest, "over_96h": until > in_all}
        late = self._too_late(fact.at)
        if late is not None and not self._applied:  # else the application says it
            attrs["late"] = late
        self._applied = False
        key = f"warrant_weighed:{fact.key}"
        yield Fact("warrant_weighed", fact.at, attrs, fact.certainty, fact.evidence, key)
        if until is not None and until <= fact.at:
            return
        if in_the_six and self._may_wait and self._at_36 is not None:
            # The court sat within the six hours: what is missing is the note (s.43(6)(b)).
            yield from self._replace(
                self._at_42, "court_awaited", self._at_36, fact.evidence, POSSIBLE
            )
        if until is None:
            self.sure = POSSIBLE
        due = self._moved(longest if until is None else min(until, longest), fact, 96)
        self._warranted = due
        yield from self._replace(due, "warrant", fact.at, fact.evidence, self.sure)

    def _known(self, fact: Fact) -> list[Span]:
        return [span for span in self._excluded if span.start <= fact.at]

    def _moved(self, until: int | None, fact: Fact, most: int) -> int | None:
        """Return the new limit, at most so many hours in all.

        A clock time given on the authority moves with what is excluded after it, such as bail.
        """
        in_all = live(self._start, most * times.HOUR, self._excluded)
        if until is None:
            return in_all
        run = elapsed(self._start, until, self._known(fact))
        moved = live(self._start, run, self._excluded)
        return None if moved is None or in_all is None else min(moved, in_all)


def _delay_limits(entries: _Entries, facts: Sequence[Fact]) -> Iterator[Fact]:
    """Yield by when each delayed right must be allowed at the latest.

    Plain hours from the relevant time: ss.56 and 58 are not in Part IV, so s.41(6) does not pause
    them. Where the relevant time is not in the data, none can be told.
    """
    begun = relevant_time(entries)
    if begun is None or (is_headless(facts) and entries.carried("relevant_time") is None):
        return
    due = begun[0] + RIGHT_DELAYED_AT_MOST
    for fact in entries.all("right_delay_authorised"):
        attrs: dict[str, Value] = {"due": due}
        if "right" in fact.attrs:
            attrs["right"] = fact.attrs["right"]
        evidence = (*begun[1].evidence, *fact.evidence)
        yield Fact(
            "delay_limit", fact.at, attrs, fact.certainty, evidence, f"delay_limit:{fact.key}"
        )


def _charged_on_all(entries: _Entries) -> list[Fact]:
    """Return the facts that all offences arrested for are charged; one each time that came true.

    Where neither arrests nor charges name offences, the first charge is taken to be for all.
    """
    arrested: set[str] = set()
    charged: set[str] = set()
    out: list[Fact] = []
    complete = False
    for fact in entries.all("arrested", "charged", "detention_after_charge"):
        named = str(fact.attrs.get("offence_ref", ""))
        if fact.kind == "arrested":
            if named:
                complete = complete and named in arrested
                arrested.add(named)
            continue
        charged.add(named)
        if not complete and (not named or not arrested or arrested <= charged):
            complete = True
            key = f"charged_on_all:{len(out) + 1}"
            out.append(Fact("charged_on_all", fact.at, {}, ESTABLISHED, fact.evidence, key))
    return out


def _until(fact: Fact, due: int | None) -> int | None:
    until = _whole(fact.attrs, "until")
    if until is not None:
        return until
    hours, minutes = _whole(fact.attrs, "hours"), _whole(fact.attrs, "minutes")
    if due is None or (hours is None and minutes is None):
        return None
    return due + (hours or 0) * times.HOUR + (minutes or 0) * times.MINUTE


def _second_review(entries: _Entries, at: int) -> bool:
    held = [
        fact
        for fact in entries.all("review_held")
        if fact.at // 60 <= at // 60 and fact.attrs.get("valid_review") is not False
    ]
    return len(held) >= 2


# --- nights ------------------------------------------------------------------------------------


def _nights(entries: _Entries, settings: ClockSettings, as_of: int, out: Derived) -> None:
    """Add each night in police detention, once it is long enough to count."""
    begun = entries.all("detention_authorised", "transferred_in")
    if not begun:
        return
    detained = _detained(entries)
    last = max(as_of if span.end is None else min(span.end, as_of) for span in detained)
    decisions = entries.all("detention_after_charge")
    decision = decisions[0].at if decisions else None
    made = [fact.attrs.get("valid_certificate") for fact in entries.all("certificate_made")]
    for evening, start, end in times.night_windows(
        begun[0].at, max(last, begun[0].at) + times.DAY, settings.night_from, settings.night_to
    ):
        open_ = any(span.end is None for span in detained)
        if open_ and end > as_of:
            in_it = elapsed(max(start, begun[0].at), max(as_of, start))
            out.next_instants += [max(as_of, start, begun[0].at) + settings.night_least - in_it]
            if decision is not None:
                out.next_instants.append(max(start, decision) + settings.night_least)
        window = Span(start, end)
        found = night(window, detained, decision, settings.night_least, as_of)
        if found is None:
            continue
        phase = found.phase(settings.night_least)
        attrs: dict[str, Value] = {
            "evening": evening.isoformat(),
            "phase": phase,
        }
        if end <= as_of or not open_:  # while it goes on, its length is for screens to count
            attrs |= {"minutes": found.minutes, "minutes_post": found.minutes_post}
        if True in made or None not in made:
            attrs["certified"] = True in made
        midnight = times.start_of_day(date.fromordinal(evening.toordinal() + 1))
        attrs["midnight"] = any(
            span.start <= midnight and (span.end is None or span.end > midnight)
            for span in detained
        )
        sources = (*begun[0].evidence, *(decisions[0].evidence if decisions else ()))
        key = f"night:{evening.isoformat()}"
        out.facts.append(Fact("night", found.reached_at, attrs, ESTABLISHED, sources, key))
        if phase != "pre":
            out.overnight.append(Interval("overnight", start, end, ESTABLISHED, sources))


def _detained(entries: _Entries) -> list[Span]:
    spans: list[Span] = []
    start: int | None = None
    for fact in entries.facts:
        if fact.kind in ("detention_authorised", "transferred_in", "bail_answered"):
            start = fact.at if start is None else start
        elif fact.kind in (*ENDS, "bailed") and start is not None:
            spans.append(Span(start, fact.at))
            start = None
    if start is not None:
        spans.append(Span(start))
    return spans


# --- rest --------------------------------------------------------------------------------------

_ALLOWED_INTERRUPTIONS = ("review", "care", "requested")
"""Interruptions after which no fresh period of rest is due (Code C 12.2(b), (c))."""


def _rest(entries: _Entries, as_of: int, out: Derived) -> None:
    """Add the first instant at which 8 hours of rest were missing from the last 24."""
    begun = relevant_time(entries)
    detained = _detained(entries)
    if begun is None or not detained:
        return
    blocks = _rests(entries)
    last = detained[-1].end
    until = as_of if last is None else min(as_of, last)
    start = begun[0] if len(detained) == 1 else detained[-1].start  # anew after bail
    found = rest_lost(start, blocks, until)
    if found.at is None:
        if last is None and found.next_at is not None:
            out.next_instants.append(found.next_at)
        return
    attrs: dict[str, Value] = {"recorded": bool(blocks), "longest": found.longest // 60}
    evidence = (*begun[1].evidence, *(fact.evidence[0] for fact in entries.all("rest_started")))
    out.facts.append(Fact("rest_lost", found.at, attrs, ESTABLISHED, evidence, "rest_lost"))


def _rests(entries: _Entries) -> list[list[Span]]:
    """Return each continuous rest as its stretches.

    A rest goes on after an interruption for which no fresh one is due, if it goes on within the
    hour and nobody questioned the child meanwhile. What was questioned away is no rest, whether
    or not an entry ends it, and what follows is a rest of its own.
    """
    blocks: list[list[Span]] = []
    joins = False
    asked = [
        (begun.at, over.at if over else begun.at)
        for begun, over in (
            *entries.spans("questioning_started", "questioning_ended"),
            *entries.spans("interview_started", "interview_ended"),
        )
    ]
    questioned = [at for at, _ in asked]
    for fact, over in entries.spans("rest_started", "rest_ended"):
        span = Span(fact.at, over.at if over else None)
        last = blocks[-1][-1].end if blocks else fact.at
        if last is None or fact.at < last:
            continue  # started while one was going on
        soon = fact.at - last <= times.HOUR
        quiet = not any(last <= at <= fact.at for at in questioned)
        parts = [*_without(span, asked)] if asked else [span]
        if blocks and joins and soon and quiet and parts:
            blocks[-1].append(parts.pop(0))
        blocks += [[each] for each in parts]
        joins = over is not None and over.attrs.get("reason") in _ALLOWED_INTERRUPTIONS
    return blocks
