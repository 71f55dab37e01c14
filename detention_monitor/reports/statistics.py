"""`report statistics`: the published tables for children, and what partners need, on one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detention_monitor.reports import charts
from detention_monitor.reports.charts import Box
from detention_monitor.reports.counted import ALWAYS, BREAKDOWNS, SHARES, SPREADS
from detention_monitor.reports.disclosure import HIDDEN, LEAST, LEAST_FOR_QUANTILES, ROUNDED_TO
from detention_monitor.reports.figures import Figures, Place, month_name
from detention_monitor.reports.page import SENSITIVE, Section, Table, columns, report_page
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.sheets import (
    Shares,
    Sheet,
    Show,
    count,
    duration,
    how_many,
    lowered,
    named,
)
from detention_monitor.text import several

OUTSIDE = "OFFICIAL: small numbers are hidden; no child is named"
_BREAKDOWNS = {each.id: each for each in BREAKDOWNS}
_SPREADS = {each.id: each for each in SPREADS}
_MOST_SERIES = 6
_MOST_COLUMNS, _MOST_STATIONS = 12, 7
"""Months, and stations, that stand beside each other on a printed page."""
_OVERVIEW = ("adult_came", "overnight", "overnight_post", "bail_refused", "moved", "certified",
             "unlawful", "by_law")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures on their way to a page: what may be shown, where and when."""

    show: Show
    stations: tuple[Place, ...]
    months: tuple[str, ...]
    shares: Mapping[str, Shares]
    titles: Mapping[str, str]

    @classmethod
    def of(cls, figures: Figures, titles: Mapping[str, str], *, outside: bool) -> Statistics:
        """Prepare figures; `titles` are those of the duties of the catalogue."""
        show = Show(figures, outside=outside)
        stations, months = figures.stations(), figures.months()
        return cls(show, tuple(stations), tuple(months), show.shares(stations, months), titles)

    @property
    def is_empty(self) -> bool:
        """Whether no child was detained in what was counted; small numbers are not none."""
        return self.shares[ALWAYS].base[-1][-1] == 0

    def sheet(self, name: str) -> Sheet:
        """Return the sheet of a breakdown, or the bands of a time, for all places."""
        if name in _BREAKDOWNS:
            return self.show.breakdown(_BREAKDOWNS[name])
        return self.show.bands(_SPREADS[name])


def page(found: Statistics, provenance: Provenance) -> str:
    """Return the statistics as one page."""
    return report_page(
        "Children in police custody: statistics", list(sections(found)), provenance,
        summary=summary(found, provenance.period, provenance.notes),
        marking=OUTSIDE if found.show.outside else SENSITIVE,
    )  # fmt: skip


def summary(found: Statistics, period: str, notes: Sequence[str] = ()) -> list[str]:
    """Return what a reader should know first, in a few sentences; where nothing was counted, why."""
    if found.is_empty:
        none = f"No child was detained in these records: {period}."
        return [none, *(f"{each[:1].upper()}{each[1:]}." for each in notes)]
    whole = found.shares[ALWAYS].base[-1][-1]
    where = several(len(found.stations), "station")
    first = f"{how_many(whole, 'detention')} of children at {where}, {period}."
    told = [
        f"{words}: {found.shares[name].told(-1, -1).text}"
        for name, words in (
            ("overnight", "Held overnight"),
            ("adult_came", "saw an appropriate adult in person"),
            ("unlawful", "had at least one minute of possibly unlawful detention"),
        )
        if found.shares[name].base[-1][-1] != 0  # else the source does not carry it
    ]
    moved, kept = found.shares["moved"].at(-1, -1)
    after = (
        "" if kept == 0
        else f"Of {count(kept).text} refused bail, {count(moved).text} moved to local authority "
             "accommodation." if moved is not None
        else "How many were refused bail, or moved to local authority accommodation, is hidden."
    )  # fmt: skip
    hidden = (
        [
            (
                f"{HIDDEN}: a small number, or one that would tell one; it is not drawn. Others are rounded "
                f"to {ROUNDED_TO}, so that they need not add up."
            )
        ]
        if found.show.outside
        else []
    )
    return [first, f"{'; '.join(told)}.", *([after] if after else []), *hidden]


def sections(found: Statistics) -> Iterator[Section]:
    """Yield the parts of the page; where no child was detained, what was read instead."""
    if found.is_empty:
        yield _read(found)
        return
    yield _detentions(found)
    yield from _children(found)
    yield from _adult(found)
    yield _overnight(found)
    yield from _held(found)
    yield _searches(found)
    yield from _refused(found)
    yield _lawful(found)
    yield _duties(found)
    yield _places(found, "Station against station", "station")
    yield _places(found, "Month by month", "month")
    yield _read(found)


def _by_station_and_month(found: Statistics) -> Iterator[Table]:
    """Yield the detentions in tables that fit a printed page: many months part them, or turn them."""
    base, names = found.shares[ALWAYS].base, named(found.stations)
    every = [*names, "all stations"]
    months = [*map(month_name, found.months), "all"]
    title = "Detentions of children, by station and month"
    if len(found.months) > _MOST_COLUMNS and len(names) <= _MOST_STATIONS:
        turned = tuple(
            (month, *(count(base[place][n]).text for place in range(len(every))))
            for n, month in enumerate(months)
        )
        yield Table(columns("month", *every), turned, title, (), frozenset({len(months) - 1}))
        return
    for first in range(0, max(1, len(found.months)), _MOST_COLUMNS):
        last = first + _MOST_COLUMNS
        shown = slice(
            first, last + 1 if last + 1 >= len(months) else last
        )  # all with the last part
        rows = tuple(
            (name, *(count(number).text for number in base[place][shown]))
            for place, name in enumerate(every)
        )
        heads = columns("station", *months[shown])
        part = title if len(months) <= _MOST_COLUMNS + 1 else f"{title}, from {months[first]}"
        yield Table(heads, rows, part, (), frozenset({len(names)}))


def _detentions(found: Statistics) -> Section:
    base, names = found.shares[ALWAYS].base, named(found.stations)
    told = "Detentions of children by month, as in the table below"
    whole = all(number is not None for row in base for number in row)
    if 1 < len(found.stations) <= _MOST_SERIES and whole:
        series = [
            (name, list(zip(map(month_name, found.months), base[place], strict=False)))
            for place, name in enumerate(names)
        ]
        chart = charts.stacked(series, "detentions", told)
    else:
        counts = list(zip(map(month_name, found.months), base[-1], strict=False))
        chart = charts.columns(counts, "detentions", told)
    lead = "A detention counts in the month, and at the station, in which it began."
    return Section("Detentions", lead, chart, tuple(_by_station_and_month(found)))


def _children(found: Statistics) -> Iterator[Section]:
    ages = found.sheet("age_sex")
    chart = _stack(ages, "detentions", "Detentions by age and sex, as in the table below")
    yield Section("Who was detained", "", chart, (ages.table(),))
    for name, title in (("ethnicity", "Ethnicity"), ("offence", "Offence")):
        yield _barred(found, name, title)


def _stack(sheet: Sheet, unit: str, told: str, *, side_by_side: bool = False) -> object:
    """Return a chart of the columns upon each other; of their total where some numbers are hidden.

    A stack without its hidden parts would be lower than the total in the table.
    """
    series = [(name, sheet.column(name)) for name in sheet.columns[:-1]]
    if any(number is None for _, counts in series for _, number in counts):
        return charts.columns(sheet.column(sheet.columns[-1]), unit, told)
    series = [each for each in series if any(number for _, number in each[1])]
    return charts.stacked(series, unit, told, side_by_side=side_by_side)


def _barred(found: Statistics, name: str, title: str) -> Section:
    sheet = found.sheet(name)
    chart = charts.bars(sheet.column(sheet.columns[0]), sheet.columns[0], f"{sheet.title}, as in the table beside", narrow=True)  # fmt: skip
    return Section(title, "", chart, (sheet.table(),), beside=1)


def _adult(found: Statistics) -> Iterator[Section]:
    yield _barred(found, "adult_asked", "Appropriate adult called")
    waited = found.sheet("adult_waited")
    yield _timed(found, "adult_waited", "Time for the adult to arrive", waited)
    asked = found.show.quantiles(_SPREADS["adult_from_request"], found.stations)
    yield Section(
        "Time from asking the adult to arrival", _SPREADS["adult_from_request"].definition,
        _boxes(asked, "hours from asking to arrival"), (_stationed(asked, found),),
    )  # fmt: skip


def _timed(found: Statistics, name: str, title: str, sheet: Sheet) -> Section:
    spread = _SPREADS[name]
    drawn = [each for each in sheet.column(spread.unit) if each[0] != "none"]  # they dwarf the rest
    told = f"{spread.title}, as in the table beside"
    chart = charts.columns(drawn, spread.unit, told, narrow=True)
    quantiles = found.show.quantiles(spread, found.stations)
    return Section(title, "", chart, (sheet.table(), _stationed(quantiles, found)), beside=1)


def _stationed(sheet: Sheet, found: Statistics) -> Table:
    """Return a table of quantiles with stations named as in the rest of the report."""
    names = dict(zip(found.stations, named(found.stations), strict=True))
    table = sheet.table()
    rows = tuple(
        (names.get(place, "all stations"), *row[1:])
        for place, row in zip(sheet.places, table.rows, strict=True)
    )
    return Table(columns("station", *sheet.columns), rows, sheet.title, table.notes, table.totals)


def _boxes(sheet: Sheet, title: str) -> object:
    found = []
    for place, (label, values) in enumerate(sheet.rows):
        numbers = [value.number for value in values[2:7]]
        known = [number / 60 for number in numbers if number is not None]
        if len(known) == 5 and place not in sheet.totals:
            tenth, quarter, middle, three, nine = known
            told = duration(60 * middle).text
            found.append(Box(label, tenth, quarter, middle, three, nine, told))
    return charts.boxes(found, title, "How long it took at each station, as in the table below")


def _overnight(found: Statistics) -> Section:
    sheet, both = found.sheet("overnight"), found.sheet("overnight_midnight")
    chart = charts.bars(sheet.column("detentions"), "detentions", "Nights in custody before and after charge, as in the table beside", narrow=True)  # fmt: skip
    lead = "No statute says what a night in custody is; two counts stand side by side."
    return Section("Held overnight", lead, chart, (sheet.table(), both.table()), beside=1)


def _held(found: Statistics) -> Iterator[Section]:
    yield _timed(found, "held", "Time held", found.sheet("held"))
    outcome = found.sheet("outcome")
    chart = charts.bars(outcome.column("detentions"), "detentions", "How detention ended, as in the table beside", narrow=True)  # fmt: skip
    tables = (outcome.table(), found.sheet("over_24").table(), found.sheet("powers").table())
    yield Section("How detention ended", "", chart, tables, beside=1)


def _searches(found: Statistics) -> Section:
    names = ("searched", "searches", "searched_age_sex", "searched_ethnicity")
    sheets = [found.sheet(name) for name in names]
    chart = _stack(sheets[2], "children searched", "Children strip searched by age and sex, as in the table below")  # fmt: skip
    return Section("Strip searches", "", chart, tuple(each.table() for each in sheets))


_STEPS = (
    ("charged", "has", "charged"),
    ("bail_refused", "has", "bail refused"),
    ("asked", "has", "local authority asked"),
    ("moved", "has", "moved to accommodation"),
    ("certified", "base", "kept in the police station"),
    ("certified", "has", "certificate made"),
    ("produced", "has", "certificate produced to the court"),
)


def _refused(found: Statistics) -> Iterator[Section]:
    steps = []
    for name, part, label in _STEPS:
        share = found.shares[name]
        steps.append((label, (share.has if part == "has" else share.base)[-1][-1]))
    rows = []
    unknown = ""  # what follows a step of which nothing is known is not known either
    notes = [f"{found.shares[name].of.title}: {found.shares[name].of.definition}"
             for name in ("asked", "certified", "produced")]  # fmt: skip
    for (name, _, label), (_, number) in zip(_STEPS, steps, strict=True):
        unknown = unknown or found.shares[name].unknown()
        rows.append((label, unknown or count(number).text))
    for name in dict.fromkeys(name for name, _, _ in _STEPS):
        notes += found.shares[name].left_out()
    table = Table(columns("step", "children"), tuple(rows), "From charge to court, children",
                  tuple(notes))  # fmt: skip
    chart = charts.bars(steps, "children", "Children charged, refused bail, asked for, moved, certified, as in the table beside", narrow=True)  # fmt: skip
    lead = "What partners need: what was asked of the local authority, and what came of it."
    tables = (table, found.sheet("certificates").table())
    yield Section("Charged and refused bail", lead, chart, tables, beside=1)
    requests, replies = found.sheet("requests"), found.sheet("replies")
    drawn = _stack(requests, "requests", "Requests by type and stage, as in the table below", side_by_side=True)  # fmt: skip
    replied = found.show.quantiles(_SPREADS["replied"], found.stations)
    yield Section("Requests to the local authority, and replies", "", drawn,
                  (requests.table(), replies.table(), found.sheet("replied").table(),
                   _stationed(replied, found)))  # fmt: skip
    yield _timed(found, "after_charge", "Hours held after charge", found.sheet("after_charge"))


def _lawful(found: Statistics) -> Section:
    return _timed(
        found, "unlawful", "Minutes of possibly unlawful detention", found.sheet("unlawful")
    )


def _duties(found: Statistics) -> Section:
    sheet = found.show.duties(found.titles)
    counts = sheet.column(sheet.columns[0])
    most = sorted((each for each in counts if each[1]), key=lambda each: -(each[1] or 0))[:15]
    told = "The duties most often broken by statute or Code, as in the table below"
    chart = charts.bars(most, "detentions with a breach of statute or Code on every reading", told)
    return Section("Duties toward the child", "", chart, (sheet.table(),))


def _places(found: Statistics, heading: str, label: str) -> Section:
    by_station = label == "station"
    rows = []
    names = [*named(found.stations), "all stations"] if by_station else [*map(month_name, found.months), "all months"]  # fmt: skip
    for place, name in enumerate(names):
        i, j = (place, -1) if by_station else (-1, place)
        rows.append((name, *(found.shares[each].cell(i, j) for each in _OVERVIEW)))
    titles = [lowered(found.shares[each].of.title) for each in _OVERVIEW]
    note = "Per cent, and how many of how many; of whom each is a share, the definitions say."
    table = Table(columns(label, *titles), tuple(rows), "", (note,),
                  frozenset({len(names) - 1}))  # fmt: skip
    points = []
    for place, name in enumerate(names[:-1]):
        i, j = (place, -1) if by_station else (-1, place)
        value, between = found.shares["overnight"].told(i, j).number, found.shares["overnight"].interval(i, j)  # fmt: skip
        low, high = between or (None, None)
        points.append(charts.Point(name, value, low, high, "" if value is None else f"{value:.0f}"))
    told_of = "held overnight, per cent, with its interval (95 %)"
    draw = charts.dots if by_station else charts.line
    return Section(
        heading, "", draw(points, told_of, f"{told_of}, as in the table below"), (table,)
    )


def _read(found: Statistics) -> Section:
    sheet = found.sheet("read")
    notes = [told for each in SHARES for told in found.shares[each.id].left_out()]
    if found.show.outside:
        notes.append(
            f"{HIDDEN}: hidden, because 1 to {LEAST - 1} children stand behind it, or because it "
            f"would tell such a number. Numbers are rounded to {ROUNDED_TO}, so that they need not add "
            f"up; times of fewer than {LEAST_FOR_QUANTILES} are not told, nor a quantile with fewer than "
            f"{LEAST} on either side."
        )
    return Section("What was read", "", None, (sheet.table(),), tuple(notes))


def definitions() -> tuple[tuple[str, str], ...]:
    """Return the definitions that every statistic prints, each once."""
    return (
        ("detention", "One stay in police detention; several custody records may tell of it."),
        ("child", "Under 18 by the record, or treated as one; age at arrival."),
        *((lowered(each.title), each.definition) for each in SHARES),
    )
