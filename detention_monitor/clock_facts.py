"""From entries to clock facts: reviews due and held, limits of detention, nights in custody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

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
from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, FAR, POSSIBLE, Fact, Interval

BAIL_ARREST_HOURS = 3 * times.HOUR
BAIL_ARREST_FROM = date(2022, 10, 28)
"""After an arrest under s.46A the first three hours do not count (s.47(6A)), if the original arrest
was on this day or later."""
CLOCK_KINDS = frozenset({
    "arrested", "arrived", "transferred_in", "transferred_out", "detention_authorised",
    "bailed", "bail_answered", "hospital_out", "hospital_back", "questioning_started",
    "questioning_ended", "review_held", "review_postponed", "charged", "detention_after_charge",
    "extension_authorised", "warrant_issued", "certificate_made", "rest_started", "rest_ended",
    "released", "moved_to_la", "court_appearance", "age_corrected",
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
            if not headless or entries.carried(name) is not None:
                out.facts += work(entries, settings)
                continue
            at, key = facts[0].at, f"clock_unknown:{clock}"
            evidence = entries.all("transferred_in", "bail_answered")[0].evidence
            attrs: dict[str, Value] = {"clock": clock}
            out.facts.append(Fact("clock_unknown", at, attrs, ESTABLISHED, evidence, key))
    out.facts += _charged_on_all(entries)
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


class _Entries:
    """The entries of a detention, asked by kind."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self._by_kind: dict[str, list[Fact]] = {}
        for fact in facts:
            self._by_kind.setdefault(fact.kind, []).append(fact)

    def all(self, *kinds: str) -> list[Fact]:
        found = [fact for kind in kinds for fact in self._by_kind.get(kind, ())]
        return sorted(found, key=lambda fact: fact.at)

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

    def spans(self, begins: str, *ends: str) -> list[tuple[Fact, Fact | None]]:
        out: list[tuple[Fact, Fact | None]] = []
        for fact in self.all(begins):
            after = [each for each in self.all(*ends) if each.at >= fact.at]
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
        Postponement(fact.at, fact.evidence[0], _whole(fact.attrs, "recorded_at"))
        for fact in entries.all("review_postponed")
        if fact.attrs.get("lawful_postponement") is not False
        and not _inside(fact.at, excluded)  # not needed: the clock was paused (T05)
    ]
    decisions = [
        Authority(fact.at, fact.evidence[0]) for fact in entries.all("detention_after_charge")[:1]
    ]
    chain = review_chain(
        _authorities(entries), reviews, postponements, decisions, excluded,
        settings.review_first, settings.review_next, entries.excluded(hospital=False),
    )  # fmt: skip
    seen: Counter[str] = Counter()
    for due in chain.dues:
        key = f"review_due:{due.ordinal}:{due.phase}"
        seen[key] += 1
        doubt = POSSIBLE if entries.doubtful(due.due) else ESTABLISHED
        yield _due_fact(due, doubt, key if seen[key] == 1 else f"{key}:{seen[key]}")
    for counted in chain.counted:
        yield from _counted_facts(counted, chain.dues)
    if chain.put_off_by is not None:
        yield _used(chain.put_off_by, chain.dues[-1])


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
    key = f"review_counted:{review.entry}"
    leave = counted.postponed_by
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
        arrests = [each for each in entries.all("arrested") if each.attrs.get("for_force")]
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
    excluded = union(entries.excluded())
    closed = [span for span in excluded if span.end is not None]
    paused_at = next((span.start for span in excluded if span.end is None), 0)
    early = _dues(_limits_by(entries, settings, entries.excluded(hospital=False)))
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
    begun = relevant_time(entries)
    if begun is None:
        return
    start, source = begun
    due = live(start, settings.custody_limit, excluded)
    evidence = source.evidence
    ordinal = 1
    sure = POSSIBLE if entries.doubtful(due) else ESTABLISHED
    yield _limit(ordinal, "initial", start, due, evidence, sure)
    done = [fact.at for fact in _charged_on_all(entries)]
    again = [fact for fact in entries.all("arrested") if done and fact.at > done[0]]
    steps = entries.all("extension_authorised", "warrant_issued", "bail_answered")
    for fact in sorted([*steps, *again], key=lambda each: each.at):
        if fact.kind in ("bail_answered", "arrested"):
            # Released or charged: the limit was kept. Now it runs again, on the same hours; one
            # that had run out before is passed from now on.
            ordinal += 1
            now = None if due is None else max(due, fact.at)
            yield _limit(ordinal, "initial", fact.at, now, (*evidence, *fact.evidence), sure)
            continue
        extension = fact.kind == "extension_authorised"
        valid = fact.attrs.get("valid_extension" if extension else "valid_warrant")
        if valid is False or due is None or fact.at > due:
            continue
        if extension and not _second_review(entries, fact.at):
            continue  # s.42(4)(b): of no effect before the second review
        until = _until(fact, due)
        if until is not None and until <= fact.at:
            continue
        # What is left blank counts as done, and makes what follows only possible (design D7).
        if valid is not True or until is None:
            sure = POSSIBLE
        key = f"limit_extended:{ordinal}"
        extended: dict[str, Value] = {"ordinal": ordinal}
        yield Fact("limit_extended", fact.at, extended, sure, fact.evidence, key)
        ordinal += 1
        due = _limited(fact, start, until, excluded, extension=extension)
        basis = "extension" if extension else "warrant"
        yield _limit(ordinal, basis, fact.at, due, fact.evidence, sure)


def _limited(
    fact: Fact, start: int, until: int | None, excluded: Sequence[Span], *, extension: bool
) -> int | None:
    """Return the new limit: by extension at most 36 hours, by warrants 36 each and 96 in all.

    A clock time given on the authority moves with what is excluded after it, such as bail.
    """
    most = live(start, (36 if extension else 96) * times.HOUR, excluded)
    if until is None:
        return most
    if not extension:
        until = min(until, fact.at + 36 * times.HOUR)
    known = [span for span in excluded if span.start <= fact.at]
    moved = live(start, elapsed(start, until, known), excluded)
    return None if moved is None or most is None else min(moved, most)


def _limit(
    ordinal: int, basis: str, at: int, due: int | None, evidence: tuple[str, ...], sure: int
) -> Fact:
    attrs: dict[str, Value] = {"ordinal": ordinal, "basis": basis, "paused": due is None}
    if due is not None:
        attrs["due"] = due
    return Fact("custody_limit", at, attrs, sure, evidence, f"custody_limit:{ordinal}")


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
    hour and nobody questioned the child meanwhile.
    """
    blocks: list[list[Span]] = []
    joins = False
    questioned = [fact.at for fact in entries.all("interview_started", "questioning_started")]
    for fact, over in entries.spans("rest_started", "rest_ended"):
        span = Span(fact.at, over.at if over else None)
        last = blocks[-1][-1].end if blocks else fact.at
        if last is None or fact.at < last:
            continue  # started while one was going on
        soon = fact.at - last <= times.HOUR
        quiet = not any(last <= at <= fact.at for at in questioned)
        if blocks and joins and soon and quiet:
            blocks[-1].append(span)
        else:
            blocks.append([span])
        joins = over is not None and over.attrs.get("reason") in _ALLOWED_INTERRUPTIONS
    return blocks
