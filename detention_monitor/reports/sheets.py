"""Figures as they may be shown: exact inside the force, small numbers hidden outside it.

What a page, a chart and a file say comes from here, so that none tells what another hides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from detention_monitor.reports.carried import NOT_CARRIED, NOT_RECORDED
from detention_monitor.reports.counted import SHARES, Breakdown, Share, Spread
from detention_monitor.reports.disclosure import (
    HIDDEN,
    LEAST,
    LEAST_FOR_QUANTILES,
    Grid,
    may_tell,
    published,
    rounded,
)
from detention_monitor.reports.figures import ALL, Figures, Minutes, Place, bands, mean, quantile
from detention_monitor.reports.intervals import wilson
from detention_monitor.reports.page import Column, Table
from detention_monitor.text import several

QUANTILES = ((10, "10 %"), (25, "25 %"), (50, "median"), (75, "75 %"), (90, "90 %"))
NOTHING = "-"
NOT_ALL_CARRIED = (
    "The source of some detentions, or of all, does not carry what this rests on, or half of the detention "
    "is absent: they are not counted in these numbers, and none recorded does not mean none."
)


class Value(NamedTuple):
    """A number and how it is told; no number where it is hidden or there is none."""

    number: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of values: `rows` are a label and its values, `totals` the places of total rows."""

    id: str
    title: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Value, ...]], ...]
    totals: frozenset[int] = frozenset()
    definition: str = ""
    places: tuple[Place, ...] = ()
    """Where the rows speak of places: which."""
    notes: tuple[str, ...] = field(default=())

    def table(self, caption: str | None = None) -> Table:
        """Return the table of a page."""
        columns = (Column(self.label), *(Column(name, numeric=True) for name in self.columns))
        rows = tuple((label, *(each.text for each in values)) for label, values in self.rows)
        notes = (*((self.definition,) if self.definition else ()), *self.notes)
        return Table(columns, rows, self.title if caption is None else caption, notes, self.totals)

    def column(self, name: str) -> list[tuple[str, float | None]]:
        """Return the labels and numbers of a column, without totals."""
        place = self.columns.index(name)
        return [
            (label, values[place].number)
            for number, (label, values) in enumerate(self.rows)
            if number not in self.totals
        ]


def count(number: int | None) -> Value:
    """Return a count as it is told."""
    return Value(None, HIDDEN) if number is None else Value(number, f"{number:,}")


def how_many(number: int | None, thing: str) -> str:
    """Return how many of a thing there are, as it may be told."""
    return f"{HIDDEN} {thing}s" if number is None else several(number, thing)


def percent(has: int | None, base: int | None) -> Value:
    """Return a share in per cent as it is told."""
    if has is None or base is None:
        return Value(None, HIDDEN)
    if base == 0:
        return Value(None, NOTHING)
    share = 100 * has / base
    told = "under 1 %" if 0 < share < 1 else "over 99 %" if 99 < share < 100 else f"{share:.0f} %"
    return Value(share, told)


def lowered(title: str) -> str:
    """Return a title as it stands within a sentence.

    >>> lowered("Any breach of the Code")
    'any breach of the Code'
    """
    return title[:1].lower() + title[1:]


def duration(minutes: float | None) -> Value:
    """Return minutes as hours and minutes.

    >>> duration(272.4).text, duration(None).text
    ('4:32', '-')
    """
    if minutes is None:
        return Value(None, NOTHING)
    hours, rest = divmod(round(minutes), 60)
    return Value(minutes, f"{hours}:{rest:02d}")


class Show:
    """Makes sheets of figures for readers inside or outside the force."""

    def __init__(self, figures: Figures, *, outside: bool = False) -> None:
        self.figures, self.outside = figures, outside

    def grid(
        self, inner: Sequence[Sequence[int]], also: frozenset[tuple[int, int]] = frozenset()
    ) -> tuple[tuple[int | None, ...], ...]:
        """Return counts with their totals as they may be shown."""
        whole = Grid.of(inner)
        return published(whole, also) if self.outside else whole.numbers

    def breakdown(self, of: Breakdown, place: Place = ALL) -> Sheet:
        """Return the sheet of a breakdown at a place."""
        counts = self.figures.count(of.id, place)
        labels = _ordered(of.order, (label for label, _ in counts))
        if of.across is None:
            return self._list(of.id, of.title, of.label, of.unit, of.definition,
                              [(label, counts[label, ""]) for label in labels])  # fmt: skip
        columns = _ordered(of.columns, (across for _, across in counts))
        shown = self.grid([[counts[label, across] for across in columns] for label in labels])
        rows = [
            (label, tuple(count(number) for number in numbers))
            for label, numbers in zip((*labels, f"all {of.unit}"), shown, strict=True)
        ]
        return Sheet(of.id, of.title, of.label, (*columns, "all"), tuple(rows),
                     frozenset({len(labels)}), of.definition, notes=self.left_out(of.id))  # fmt: skip

    def bands(self, of: Spread, place: Place = ALL) -> Sheet:
        """Return how many lie in each band of a time."""
        found = bands(of, self.figures.spread(of.id, place))
        return self._list(of.id, of.title, "time", of.unit, of.definition, found)

    def _list(
        self, name: str, title: str, label: str, unit: str, definition: str,
        counts: Sequence[tuple[str, int]],
    ) -> Sheet:  # fmt: skip
        shown = self.grid([[number] for _, number in counts])
        total = shown[-1][0]
        labels = (*(each for each, _ in counts), f"all {unit}")
        rows = tuple(
            (label, (count(numbers[0]), percent(numbers[0], total)))
            for label, numbers in zip(labels, shown, strict=True)
        )
        return Sheet(name, title, label, (unit, "of all"), rows, frozenset({len(counts)}),
                     definition, notes=self.left_out(name))  # fmt: skip

    def left_out(self, name: str) -> tuple[str, ...]:
        """Return what to say where the source of some detentions does not carry what is counted."""
        if name not in self.figures.not_carried:
            return ()
        return (NOT_ALL_CARRIED,)

    def quantiles(self, of: Spread, places: Sequence[Place]) -> Sheet:
        """Return the quantiles of a time at some places, and in all."""
        every = (*places, ALL) if len(places) != 1 else tuple(places)
        known = self.known(of.id, places)
        rows = [
            (_named(place), self._times(self.figures.spread(of.id, place), known[place]))
            for place in every
        ]
        columns = ("number", "mean", *(name for _, name in QUANTILES))
        columns = columns if self.outside else (*columns, "longest")
        totals = frozenset({len(every) - 1}) if len(every) > 1 else frozenset()
        return Sheet(f"{of.id}_quantiles", f"{of.title}: how long (h:mm)", "where", columns,
                     tuple(rows), totals,
                     f"Of {of.unit} with a time; 10 %: a tenth took no longer than that.", every,
                     self.left_out(of.id))  # fmt: skip

    def known(self, name: str, places: Sequence[Place]) -> dict[Place, int | None]:
        """Return of how many a time is known at each place and in all; None where hidden.

        Stations add up to all, and so do months; what is hidden does not depend on which are asked
        for, so that no page tells what a file beside it hides.
        """
        out: dict[Place, int | None] = {}
        months = [Place(month=each) for each in self.figures.months()]
        for group in (self.figures.stations(), months):
            found = [_with_time(self.figures.spread(name, place)) for place in (*group, ALL)]
            shown = self.grid([[number] for number in found[:-1]] or [[found[-1]]])
            out |= {place: row[0] for place, row in zip(group, shown, strict=False)}
            whole = shown[-1][0]
            out[ALL] = whole if out.get(ALL, whole) is not None else None  # hidden by either
        return {place: out[place] for place in (*places, ALL)}

    def _times(self, values: Minutes, known: int | None) -> tuple[Value, ...]:
        told = [mean(values), *(quantile(values, share / 100) for share, _ in QUANTILES)]
        if not self.outside:
            longest = max((value for value in values if value is not None), default=None)
            return (count(known), *(duration(each) for each in (*told, longest)))
        if known is None or _with_time(values) < LEAST_FOR_QUANTILES:
            return (count(known), *(Value(None, HIDDEN if known != 0 else NOTHING) for _ in told))
        number = _with_time(values)
        tellable = [True, *(may_tell(share / 100, number) for share, _ in QUANTILES)]
        rough = [None if each is None else rounded(each) for each in told]
        return (count(known), *(duration(each) if ok else Value(None, HIDDEN)
                                for each, ok in zip(rough, tellable, strict=True)))  # fmt: skip

    def shares(self, stations: Sequence[Place], months: Sequence[str]) -> dict[str, Shares]:
        """Return every share by station and month, with totals, as it may be shown."""
        return {each.id: self._share(each, stations, months) for each in SHARES}

    def _share(self, of: Share, stations: Sequence[Place], months: Sequence[str]) -> Shares:
        rates = [
            [self.figures.rate(of.id, Place(at.force, at.station, month)) for month in months]
            for at in stations
        ]
        base = self.grid([[each.base for each in row] for row in rates])
        has = [[each.has for each in row] for row in rates]
        rest = Grid.of([[each.base - each.has for each in row] for row in rates]).numbers
        also = frozenset(
            (i, j)
            for i, row in enumerate(rest)
            for j, left in enumerate(row)
            if base[i][j] is None or 0 < left < LEAST
        )
        shown = self.grid(has, also if self.outside else frozenset())
        untold = sum(each.untold for row in rates for each in row)
        unsaid = sum(each.unsaid for row in rates for each in row)
        return Shares(of, shown, base, self.alone(untold), self.alone(unsaid))

    def duties(self, titles: Mapping[str, str], place: Place = ALL) -> Sheet:
        """Return how often each duty was found broken, by whose standard and how surely."""
        counts = self.figures.duties.get(place, Counter())
        whole = self.figures.rate("charged", place).base
        columns = ("law", "possible", "local", "cannot_tell")
        found = sorted({duty for duty, _ in counts}, key=_by_section)
        rows = []
        for duty in found:
            numbers = [counts.get((duty, column), 0) for column in columns]
            told = [self.alone(number) for number in numbers]
            title = f"{duty}  {titles.get(duty, '')}".strip()
            share = percent(told[0], self.alone(whole))
            rows.append((title, (count(told[0]), share, *(count(each) for each in told[1:]))))
        return Sheet(
            "duties", "Detentions with a possible breach, by duty", "duty",
            ("law, established", "of detentions", "law, possible", "local or guidance only",
             "cannot tell"),
            tuple(rows), frozenset(),
            "Each detention once for each duty, in the gravest way found: a breach of statute or "
            "Code that holds on every reading; one that is only possible; a local target, a Note "
            "for Guidance or good practice, which are not law; or a source that does not carry what "
            "the rule needs.",
        )  # fmt: skip

    def alone(self, number: int) -> int | None:
        """Return a count that is part of no total as it may be shown."""
        if not self.outside:
            return number
        return None if 0 < number < LEAST else rounded(number)


@dataclass(frozen=True, slots=True)
class Shares:
    """One share by station (rows) and month (columns), the last of each for all."""

    of: Share
    has: tuple[tuple[int | None, ...], ...]
    base: tuple[tuple[int | None, ...], ...]
    untold: int | None
    """Of how many the source cannot tell; None where so few that it is hidden."""
    unsaid: int | None = 0
    """Of how many the record does not say, likewise."""

    def left_out(self) -> list[str]:
        """Return of how many it is not known, and why; they are in no number here."""
        told = ((self.untold, "the source does not carry what it needs"),
                (self.unsaid, "the record does not say"))  # fmt: skip
        title = self.of.title.lower()
        return [
            f"{how_many(number, 'detention')} left out of '{title}': {why}."
            for number, why in told
            if number != 0
        ]

    def unknown(self) -> str:
        """Return why nothing at all is known of it; nothing where something is, or nobody is concerned."""
        if self.base[-1][-1] != 0 or (self.untold == 0 and self.unsaid == 0):
            return ""
        return NOT_CARRIED if self.untold != 0 else NOT_RECORDED

    def at(self, station: int, month: int) -> tuple[int | None, int | None]:
        """Return how many of how many; -1 stands for all stations or all months."""
        return self.has[station][month], self.base[station][month]

    def told(self, station: int, month: int) -> Value:
        """Return the share as it is told: per cent, and how many of how many."""
        has, base = self.at(station, month)
        share = percent(has, base)
        if has is None or not base:
            return share
        return Value(share.number, f"{share.text} ({has:,} of {base:,})")

    def cell(self, station: int, month: int) -> str:
        """Return the same for a cell of a table, in two lines."""
        return self.told(station, month).text.replace(" (", "\n").rstrip(")")

    def interval(self, station: int, month: int) -> tuple[float, float] | None:
        """Return Wilson's interval of the share in per cent, if it is shown."""
        has, base = self.at(station, month)
        if has is None or base is None:
            return None
        found = wilson(min(has, base), base)
        return None if found is None else (100 * found[0], 100 * found[1])


def _with_time(values: Minutes) -> int:
    return values.total() - values.get(None, 0)


def _named(place: Place) -> str:
    if place == ALL:
        return "all"
    if place.month:
        return place.month
    return place.station


def named(places: Sequence[Place]) -> list[str]:
    """Return what stations are called: with their force where there are several forces."""
    several = len({each.force for each in places}) > 1
    return [f"{each.force} {each.station}" if several else each.station for each in places]


def _ordered(first: Sequence[str], found: Iterator[str] | Sequence[str]) -> list[str]:
    """Return the labels in their order, others after them, what is not recorded last."""
    every = {*first, *found}
    out = [*(each for each in first if each != NOT_RECORDED)]
    out += sorted(every - {*out, NOT_RECORDED})
    return [*out, NOT_RECORDED] if NOT_RECORDED in every else out


def _by_section(duty: str) -> tuple[bool, str]:
    """Order duties as the catalogue does: A to F, good practice last."""
    return duty.startswith("GP"), duty
