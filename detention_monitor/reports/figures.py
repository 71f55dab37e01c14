"""Counting rows, one pass: everything asked for, by station, by month and in all.

Memory follows the number of stations and months, not of detentions: what is kept of a time is how
many had each number of minutes, from which quantiles are exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from detention_monitor.reports.carried import NOT_CARRIED, STATION
from detention_monitor.reports.counted import (
    BREAKDOWNS,
    SHARES,
    SPREADS,
    Breakdown,
    Share,
    Spread,
)
from detention_monitor.reports.intervals import at_place
from detention_monitor.reports.rows import Row


class Place(NamedTuple):
    """Where and when something is counted: empty means all of them."""

    force: str = ""
    station: str = ""
    month: str = ""


ALL = Place()
UNKNOWN_STATIONS = ("station not carried", "station not recorded")


class Rate(NamedTuple):
    """Of `base` that could be told, `has`; of `untold` the source cannot tell, of `unsaid` the record."""

    has: int = 0
    base: int = 0
    untold: int = 0
    unsaid: int = 0

    def plus(self, value: bool | None) -> Rate:
        """Return the rate with one more counted; None: the record does not say."""
        if value is None:
            return self._replace(unsaid=self.unsaid + 1)
        return self._replace(has=self.has + value, base=self.base + 1)


Minutes = Counter[int | None]
"""How many took each number of minutes; under None how many have none."""


@dataclass(slots=True)
class Figures:
    """What was counted, by the id of the figure and the place."""

    counts: dict[str, dict[Place, Counter[tuple[str, str]]]] = field(default_factory=dict)
    minutes: dict[str, dict[Place, Minutes]] = field(default_factory=dict)
    rates: dict[str, dict[Place, Rate]] = field(default_factory=dict)
    duties: dict[Place, Counter[tuple[str, str]]] = field(default_factory=dict)
    not_carried: set[str] = field(default_factory=set)
    """The figures from which detentions are left out, for their source does not carry what is counted."""
    first: str = ""
    last: str = ""

    def add(self, row: Row) -> None:
        """Count one row."""
        self.first = min(self.first or row.day, row.day)
        self.last = max(self.last, row.day)
        station = row.station or UNKNOWN_STATIONS[row.carries(STATION)]
        wide = (ALL, Place(row.force, station), Place(month=row.month))
        every = (*wide, Place(row.force, station, row.month))
        for each in BREAKDOWNS:
            told = self._is_told(row, each)
            if each.among(row):
                for pair in _pairs(each, row) if told else (_untold(each),):
                    for place in every:
                        _of(self.counts, each.id, place)[pair] += 1
        for spread in SPREADS:
            if self._is_told(row, spread) and spread.among(row):
                values = [*spread.of(row)]
                if not values and spread.unit == "detentions":
                    self.not_carried.add(spread.id)
                for value in values:
                    for place in wide:
                        self._minutes(spread.id, place)[value] += 1
        if row.kind == "detained":
            for share in SHARES:
                self._share(share, row, every)
        if row.kind == "detained":
            for duty, state in row.duties.items():
                for place in wide:
                    self.duties.setdefault(place, Counter())[duty, state] += 1

    def _share(self, of: Share, row: Row, every: Iterable[Place]) -> None:
        """Count a detention in a share, if it is one that it is of, or nobody can tell."""
        untold = not row.carries(of.of_whom)
        among = untold or of.among(row)
        if among is False:
            return
        untold = untold or not row.carries(of.needs)
        has = None if among is None else of.has(row)
        rates = self.rates.setdefault(of.id, {})
        for place in every:
            rate = rates.get(place, Rate())
            rates[place] = rate._replace(untold=rate.untold + 1) if untold else rate.plus(has)

    def _is_told(self, row: Row, of: Breakdown | Spread) -> bool:
        """Whether a row can be counted; acts are, wherever they are recorded."""
        if row.kind != "detained" or row.carries(of.needs):
            return True
        self.not_carried.add(of.id)
        return of.unit != "detentions"

    def _minutes(self, name: str, place: Place) -> Minutes:
        return self.minutes.setdefault(name, {}).setdefault(place, Counter())

    def stations(self) -> list[Place]:
        """Return the stations, by force and name."""
        return sorted(p for p in self.counts.get("age_sex", {}) if p.station and not p.month)

    def months(self) -> list[str]:
        """Return every month from the first to the last, also one without a record."""
        found = sorted(p.month for p in self.counts.get("age_sex", {}) if p.month and not p.station)
        return months_between(found[0], found[-1]) if found else []

    def rate(self, name: str, place: Place) -> Rate:
        """Return a share at a place; nothing counted is 0 of 0."""
        return self.rates.get(name, {}).get(place, Rate())

    def spread(self, name: str, place: Place) -> Minutes:
        """Return how many took each number of minutes at a place."""
        return self.minutes.get(name, {}).get(place, Counter())

    def count(self, name: str, place: Place) -> Counter[tuple[str, str]]:
        """Return the counts of a breakdown at a place."""
        return self.counts.get(name, {}).get(place, Counter())


def _untold(of: Breakdown) -> tuple[str, str]:
    """Return where a detention is counted whose source does not carry what a breakdown needs."""
    return NOT_CARRIED, NOT_CARRIED if of.across is not None else ""


def _pairs(of: Breakdown, row: Row) -> Iterable[tuple[str, str]]:
    """Yield the label, and the one across, of each thing that is counted in a row."""
    if of.across is None:
        return ((label, "") for label in of.of(row))
    return zip(of.of(row), of.across(row), strict=True)


def _of(
    counts: dict[str, dict[Place, Counter[tuple[str, str]]]], name: str, place: Place
) -> Counter[tuple[str, str]]:
    return counts.setdefault(name, {}).setdefault(place, Counter())


def figures_of(rows: Iterable[Row]) -> Figures:
    """Return what all statistics are made of, in one pass over the rows."""
    out = Figures()
    for row in rows:
        out.add(row)
    return out


def month_name(month: str) -> str:
    """Return a month as people write it, short: a year of two digits would be read as a day.

    >>> month_name("2024-09")
    'Sep 2024'
    """
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[int(month[5:]) - 1]} {month[:4]}"


def months_between(first: str, last: str) -> list[str]:
    """Return the months from one to another, both included.

    >>> months_between("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    """
    start, end = ((int(each[:4]) * 12 + int(each[5:7]) - 1) for each in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, end + 1)]


def quantile(values: Mapping[int | None, int], share: float) -> float | None:
    """Return a quantile of counted values, between two values in proportion; None of nothing.

    The same as `quantile_cont` of SQL.

    >>> quantile({10: 1, 20: 1, None: 7}, 0.5)
    15.0
    """
    known = sorted((value, count) for value, count in values.items() if value is not None)
    total = sum(count for _, count in known)
    if not total:
        return None
    place = share * (total - 1)
    low, rest = int(place), place - int(place)
    return at_place(known, low) + (
        rest and rest * (at_place(known, low + 1) - at_place(known, low))
    )


def mean(values: Mapping[int | None, int]) -> float | None:
    """Return the mean of counted values; None of nothing."""
    total = sum(count for value, count in values.items() if value is not None)
    if not total:
        return None
    return sum(value * count for value, count in values.items() if value is not None) / total


def bands(spread: Spread, values: Mapping[int | None, int]) -> list[tuple[str, int]]:
    """Return how many lie in each band, in order, those without a value last."""
    found = Counter[int]()
    for value, count in values.items():
        if value is not None:
            found[bisect_right(spread.edges, value)] += count
    names = band_names(spread.edges)
    out = [(name, found[place]) for place, name in enumerate(names)]
    return [*out, (spread.nothing, values.get(None, 0))]


def band_names(edges: tuple[int, ...]) -> list[str]:
    """Return what bands of minutes are called.

    >>> band_names((60, 120))
    ['under 1 h', '1 h to 2 h', '2 h and over']
    >>> band_names((5, 90))
    ['under 5 min', '5 min to 1 h 30 min', '1 h 30 min and over']
    """
    told = [_span(edge) for edge in edges]
    between = [f"{a} to {b}" for a, b in pairwise(told)]
    return [f"under {told[0]}", *between, f"{told[-1]} and over"]


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{rest} min"] if rest or not hours else parts)
