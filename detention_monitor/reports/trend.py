"""`report trend`: month on month, station against station, before and after a change.

Every figure stands with the number of records behind it and an interval, so that nobody takes the
luck of a small station for its merit. Rules and targets are those of each day: a duty that the rules
ask from some day on is not counted before it.
"""

from __future__ import annotations

import csv
import io
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from detention_monitor.reports import charts
from detention_monitor.reports.charts import Point
from detention_monitor.reports.counted import ALWAYS, SHARES, SPREADS, Share, Spread
from detention_monitor.reports.disclosure import HIDDEN, LEAST, LEAST_FOR_QUANTILES, Grid, rounded
from detention_monitor.reports.figures import (
    ALL,
    Figures,
    Minutes,
    Place,
    month_name,
    quantile,
)
from detention_monitor.reports.intervals import Interval, newcombe, of_median, rank_of_median
from detention_monitor.reports.page import SENSITIVE, Column, Section, Table, report_page
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.sheets import NOTHING, Shares, Show, count, duration, how_many, named
from detention_monitor.reports.statistics import OUTSIDE
from detention_monitor.text import cell, several
from detention_monitor.wording import day_in_words

TIMES = ("adult_waited", "held", "replied", "after_charge", "unlawful")
NAMES = (*(each.id for each in SHARES), *TIMES)
"""What a trend can be asked for."""
USUAL = ("overnight", "adult_in_2h", "adult_waited", "bail_refused", "asked", "moved", "certified",
         "unlawful", "never_seen", "searched", "held", "by_law")  # fmt: skip
LEAST_COMPARED = 10
"""Of fewer on either side no difference is called clear: the intervals are too short for so few.

Newcombe's of 4 of 4 against 0 of 1 leaves out 0; by chance alone that happens once in five times.
"""
_MOST_BESIDE = 20
"""Rows that stand beside a chart, which a printed page does not part from it."""
TOO_FEW = "too few to compare"
_SHARES = {each.id: each for each in SHARES}
_SPREADS = {each.id: each for each in SPREADS}


@dataclass(frozen=True, slots=True)
class Change:
    """A day from which something was different, what it was, and what was counted before and after."""

    day: date
    what: str
    before: Figures
    after: Figures

    def one_sided(self) -> str:
        """Return what to say where no child was detained before it, or none from it on; else nothing."""
        before, after = (each.rate(ALWAYS, ALL).base for each in (self.before, self.after))
        day = day_in_words(self.day)
        if not before:
            return f"No detention in these records began before {day}."
        return "" if after else f"No detention in these records began on {day} or later."

    def place(self) -> tuple[str, float]:
        """Return where it stands among months: the month, and how much of it had passed."""
        days = monthrange(self.day.year, self.day.month)[1]
        return month_name(f"{self.day:%Y-%m}"), (self.day.day - 1) / days


@dataclass(frozen=True, slots=True)
class Told:
    """A figure at a place or in a month: its value, its interval, and how many records are behind it."""

    name: str
    value: float | None
    between: Interval | None
    shown: str
    interval: str
    behind: str

    def point(self) -> Point:
        """Return the figure for a chart."""
        low, high = self.between or (None, None)
        return Point(self.name, self.value, low, high, self.shown.removesuffix(" %"))


def page(
    figures: Figures, provenance: Provenance, names: Sequence[str] = USUAL, *,
    change: Change | None = None, outside: bool = False,
) -> str:  # fmt: skip
    """Return the trends as one page; `names` are of `NAMES`."""
    trend = Trend(figures, change, outside=outside)
    if not trend.months:
        change, names = None, ()
    sections = [trend.section(name) for name in names]
    if change is not None:
        sections.insert(0, trend.changed(names))
    return report_page(
        "Children in police custody: trends and comparison", sections, provenance,
        summary=trend.summary(provenance.period), marking=OUTSIDE if outside else SENSITIVE,
    )  # fmt: skip


class Trend:
    """Makes the sections of a page from figures by month and station."""

    def __init__(self, figures: Figures, change: Change | None, *, outside: bool) -> None:
        self.show, self.change = Show(figures, outside=outside), change
        self.stations, self.months = figures.stations(), figures.months()
        self.shares = self.show.shares(self.stations, self.months)

    def summary(self, period: str) -> list[str]:
        """Return what is compared, and how to read it."""
        whole = self.shares[ALWAYS].base[-1][-1]
        if whole == 0:
            return [f"No child was detained in these records: {period}."]
        first = (
            f"{how_many(whole, 'detention')} of children in {several(len(self.months), 'month')} at "
            f"{several(len(self.stations), 'station')}, {period}."
        )
        return [
            first,
            *([self.change.one_sided()] if self.change and self.change.one_sided() else []),
            (
                "The interval beside a figure is how far chance alone could have moved it (95 %): where "
                "intervals overlap widely, do not read a difference into it."
            ),
        ]

    def section(self, name: str) -> Section:
        """Return a figure by month and by station."""
        of: Share | Spread = _SHARES[name] if name in _SHARES else _SPREADS[name]
        unit = "per cent" if isinstance(of, Share) else "hours, median"
        heads = (
            (unit, of.base)
            if isinstance(of, Share)
            else ("median (h:mm)", f"{of.unit} with a time")
        )
        by_month = [
            self.told(name, month_name(month), -1, place) for place, month in enumerate(self.months)
        ]
        at = named(self.stations)
        by_station = [self.told(name, each, place, -1) for place, each in enumerate(at)]
        whole = self.told(name, "all", -1, -1)
        tables = [_table("month", [*by_month, whole], *heads)]
        if len(by_station) > 1:
            tables.append(_table("station", [*by_station, whole], *heads))
        fits = len(by_month) + len(by_station) <= _MOST_BESIDE
        beside = 2 if fits else 1
        notes = [of.definition, *([] if isinstance(of, Share) else self._untimed(of))]
        notes += self.shares[name].left_out() if name in self.shares else self.show.left_out(name)
        return Section(of.title, "", self._chart(of, by_month, by_station, whole, unit),
                       tuple(tables), tuple(notes), beside=beside)  # fmt: skip

    def _chart(
        self, of: Share | Spread, by_month: Sequence[Told], by_station: Sequence[Told], whole: Told,
        unit: str,
    ) -> Any:  # fmt: skip
        month = None if self.change is None else f"{self.change.day:%Y-%m}"
        marked = self.change.place() if self.change and month in self.months else None
        line = charts.line(
            [each.point() for each in by_month], unit,
            f"{of.title}, month by month with intervals, as in the table beside", change=marked,
            narrow=True,
        )  # fmt: skip
        if len(by_station) < 2 or line is None:
            return line
        dots = charts.dots(
            [each.point() for each in by_station], f"{unit}; the dashed line is all stations",
            f"{of.title}, station by station with intervals, as in the table beside",
            all_of=whole.value, narrow=True,
        )  # fmt: skip
        return line if dots is None else line + dots

    def _untimed(self, of: Spread) -> list[str]:
        """Return what to say of those of whom there is no time: a median does not know of them."""
        left = self.show.alone(self.show.figures.spread(of.id, ALL).get(None, 0))
        if left == 0:
            return []
        return [
            f"The median leaves out {how_many(left, of.unit.removesuffix('s'))} without a time ({of.nothing})."
        ]

    def told(self, name: str, label: str, station: int, month: int) -> Told:
        """Return a figure at a station or in a month, by their places; -1 stands for all."""
        if name in self.shares:
            return _of_share(label, self.shares[name], station, month)
        at = ALL if station < 0 else self.stations[station]
        place = Place(at.force, at.station, "") if month < 0 else Place(month=self.months[month])
        places = [*self.stations, *(Place(month=each) for each in self.months)]
        known = self.show.known(name, places)[place]
        return self._of_time(label, self.show.figures.spread(name, place), known)

    def _of_time(self, label: str, values: Minutes, known: int | None) -> Told:
        """Return a median in hours; outside the force none of few."""
        few = values.total() - values.get(None, 0) < LEAST_FOR_QUANTILES
        if self.show.outside and (known is None or few):
            return Told(label, None, None, HIDDEN, NOTHING, count(known).text)
        middle, between = quantile(values, 0.5), of_median(values)
        if self.show.outside and (rank := rank_of_median(values)) is not None and rank < LEAST:
            between = None  # its ends would be two children's own times
        if self.show.outside:
            middle = None if middle is None else rounded(middle)
            between = None if between is None else (rounded(between[0]), rounded(between[1]))
        hours = None if middle is None else middle / 60
        ends = None if between is None else (between[0] / 60, between[1] / 60)
        interval = NOTHING if between is None else f"{duration(between[0]).text} to {duration(between[1]).text}"  # fmt: skip
        return Told(label, hours, ends, duration(middle).text, interval, count(known).text)

    def changed(self, names: Sequence[str]) -> Section:
        """Return every figure before and after the change, with the interval of the difference."""
        change = self.change
        assert change is not None  # by the caller
        day = day_in_words(change.day)
        if told := change.one_sided():
            return Section(f"Before and after {day}", f"{told} Nothing can be compared.")
        rows = [
            self._difference(*self._parted(_SHARES[each], change)) if each in _SHARES
            else self._times(_SPREADS[each], change)
            for each in names
        ]  # fmt: skip
        table = Table(
            (Column("figure"), *(Column(each, numeric=True) for each in (
                "before", "after", "difference")), Column("what it says")),
            tuple(rows),
            f"Before and from {day}: {change.what}",
            (("A share in per cent with the number that it is of, a time as its median in h:mm; the "
             "difference of shares in points. The second line is the interval (95 %)."),
             ("A time is called longer or shorter where the two intervals do not overlap; of fewer than "
              f"{LEAST_COMPARED} before or after, nothing is said."),
             (f"Of {len(names)} comparisons one in twenty looks different by chance alone; and what else "
             "changed on that day is not known here."),
             ("Duties are judged by the rules and targets of their own day, so that a share of breaches "
             "may move because the yardstick did; times and counts do not.")),
        )  # fmt: skip
        return Section(f"Before and after {day}", "", None, (table,))

    def _parted(self, of: Share, change: Change) -> tuple[Shares, Shares]:
        """Return a share before and after; they add up to all, which the same page tells."""
        has, base = self.shares[of.id].at(-1, -1)
        rates = [each.rate(of.id, ALL) for each in (change.before, change.after)]
        bases = self._adding_up([each.base for each in rates], base)
        left = Grid.of([[each.base - each.has] for each in rates]).numbers
        few = [number is None or 0 < rest[0] < LEAST
               for number, rest in zip(bases, left, strict=True)]  # fmt: skip
        having = self._adding_up([each.has for each in rates], has, few)
        one, other = (Shares(of, ((having[n],),), ((bases[n],),), None) for n in (0, 1))
        return one, other

    def _adding_up(
        self, parts: Sequence[int], whole: int | None, also: Sequence[bool] = (False,) * 3
    ) -> tuple[int | None, ...]:
        """Return two parts and their sum as they may be shown beside `whole`, which the page shows."""
        out = (*also[:2], also[2] or whole is None)
        cells = frozenset((n, j) for n, hide in enumerate(out) if hide for j in (0, 1))
        return tuple(row[0] for row in self.show.grid([[each] for each in parts], cells))

    def _difference(self, before: Shares, after: Shares) -> tuple[str, ...]:
        one, other = (_of_share("", each, -1, -1) for each in (before, after))
        told = (_two_lines(one), _two_lines(other))
        has, base = before.at(-1, -1)
        later, of = after.at(-1, -1)
        if has is None or base is None or later is None or of is None or not base or not of:
            return (before.of.title, *told, NOTHING, "cannot be compared")
        later, has = min(later, of), min(has, base)
        between = newcombe((later, of), (has, base))
        assert between is not None  # neither base is 0
        points = 100 * (later / of - has / base)
        differs = between[0] > 0 or between[1] < 0
        word = ("more" if points > 0 else "less") if differs else "no clear difference"
        word = word if min(of, base) >= LEAST_COMPARED else TOO_FEW
        ends = f"{100 * between[0]:+.1f} to {100 * between[1]:+.1f}"
        return (before.of.title, *told, f"{points:+.1f}\n{ends}", word)

    def _times(self, of: Spread, change: Change) -> tuple[str, ...]:
        times = [each.spread(of.id, ALL) for each in (change.before, change.after)]
        numbers = [each.total() - each.get(None, 0) for each in times]
        known = self._adding_up(numbers, self.show.known(of.id, [])[ALL])
        one, other = (self._of_time("", times[n], known[n]) for n in (0, 1))
        told = (_two_lines(one), _two_lines(other))
        if one.value is None or other.value is None or one.between is None or other.between is None:
            return (of.title, *told, NOTHING, "cannot be compared")
        apart = one.between[1] < other.between[0] or other.between[1] < one.between[0]
        points = round((other.value - one.value) * 60)
        sign = "-" if points < 0 else "+"
        word = ("longer" if points > 0 else "shorter") if apart else "no clear difference"
        word = word if min(numbers) >= LEAST_COMPARED else TOO_FEW
        return (of.title, *told, f"{sign}{duration(abs(points)).text}", word)


def _of_share(label: str, share: Shares, station: int, month: int) -> Told:
    value, between = share.told(station, month), share.interval(station, month)
    _, base = share.at(station, month)
    interval = NOTHING if between is None else f"{between[0]:.0f} to {between[1]:.0f} %"
    shown = value.text.split(" (")[0]
    return Told(label, value.number, between, shown, interval, count(base).text)


def _two_lines(told: Told) -> str:
    """Return a figure and the number that it is of, and its interval below."""
    below = "" if told.interval == NOTHING else f"\n{told.interval}"
    return f"{told.shown} of {told.behind}{below}"


def _table(label: str, told: Sequence[Told], unit: str, behind: str) -> Table:
    columns = (Column(label), *(Column(each, numeric=True) for each in (unit, "interval (95\N{NO-BREAK SPACE}%)", behind)))  # fmt: skip
    rows = tuple((each.name, each.shown, each.interval, each.behind) for each in told)
    return Table(columns, rows, "", (), frozenset({len(told) - 1}))


def as_csv(figures: Figures, names: Sequence[str], *, outside: bool) -> bytes:
    """Return what the page tells by month and by station, as CSV.

    `value`, `low` and `high` are the same as numbers: per cent, or hours of a median.
    """
    trend = Trend(figures, None, outside=outside)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("figure", "force", "station", "month", "shown", "interval", "records",
                     "value", "low", "high"))  # fmt: skip
    for name in names:
        for place, month in enumerate(trend.months):
            told = trend.told(name, month, -1, place)
            writer.writerow((name, "", "", month, *_as_csv(told)))
        for place, at in enumerate(trend.stations):
            told = trend.told(name, at.station, place, -1)
            where = (cell(at.force), cell(at.station), "")
            writer.writerow((name, *where, *_as_csv(told)))
    return out.getvalue().encode()


def _as_csv(told: Told) -> tuple[str, ...]:
    numbers = (told.value, *(told.between or (None, None)))
    plain = ("" if each is None else f"{each:.6g}" for each in numbers)
    return (told.shown, told.interval, told.behind, *plain)
