"""The entries of a detention as its clocks ask for them, and the settings by which clocks run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from operator import attrgetter

from detention_monitor import times
from detention_monitor.clocks import Span
from detention_monitor.entries import Value
from detention_monitor.timeline import FAR, Fact, Interval

BAIL_ARREST_HOURS = 3 * times.HOUR
BAIL_ARREST_FROM = date(2022, 10, 28)
"""After an arrest under s.46A the first three hours do not count (s.47(6A)), if the original arrest
was on this day or later."""
_BEGINS = frozenset({"detention_authorised", "transferred_in", "bail_answered"})
_ENDS = frozenset({"released", "bailed", "moved_to_la", "court_appearance"})


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


class Entries:
    """The entries of a detention, asked by kind."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self._by_kind: dict[str, list[Fact]] = {}
        for fact in facts:
            self._by_kind.setdefault(fact.kind, []).append(fact)

    def all(self, *kinds: str) -> list[Fact]:
        """Return the entries of some kinds, in order of time."""
        found = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        if len(found) < 2:
            return [*found[0]] if found else []
        return sorted(chain.from_iterable(found), key=attrgetter("at"))

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
        """Return each entry of a kind with the first that ends it, None while it goes on."""
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
        for away, back in self.spans("hospital_out", "hospital_back", *_ENDS):
            # Purpose not recorded: no pause, the cautious reading (domain.md 2.4).
            if away.attrs.get("purpose") != "medical":
                continue
            out += without(Span(away.at, back.at if back else None), questioned)
        return out

    def doubtful(self, due: int | None) -> bool:
        """Whether a visit to hospital of unknown purpose came before a due time: it may pause it."""
        unknown = (each for each in self.all("hospital_out") if each.attrs.get("purpose") is None)
        return due is not None and any(each.at < due for each in unknown)


def without(span: Span, cuts: Sequence[tuple[int, int]]) -> Iterator[Span]:
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


def whole(attrs: Mapping[str, Value], name: str) -> int | None:
    """Return an attribute that is a whole number, such as a time; None where it is not there."""
    value = attrs.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def detained_spans(entries: Entries) -> list[Span]:
    """Return the times of custody; the last has no end while it goes on."""
    spans: list[Span] = []
    start: int | None = None
    for fact in entries.facts:
        if fact.kind in _BEGINS:
            start = fact.at if start is None else start
        elif fact.kind in _ENDS and start is not None:
            spans.append(Span(start, fact.at))
            start = None
    if start is not None:
        spans.append(Span(start))
    return spans


def relevant_time(entries: Entries) -> tuple[int, Fact] | None:
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
