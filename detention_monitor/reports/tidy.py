"""Statistics as a file: one value a line, as CSV and as Parquet with the same columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from detention_monitor.parquet import arrow_library
from detention_monitor.reports.counted import BREAKDOWNS, SPREADS
from detention_monitor.reports.figures import ALL, Figures, Place
from detention_monitor.reports.sheets import NOTHING, Shares, Sheet, Show
from detention_monitor.text import cell

_AT_A_TIME = 50_000


class Line(NamedTuple):
    """One value: of which figure, where and when, of which row and column, and as it is shown.

    `value` is None where the number is hidden or there is none; minutes stay minutes.
    """

    figure: str
    force: str
    station: str
    month: str
    category: str
    column: str
    value: float | None
    shown: str


def lines(show: Show, stations: Sequence[Place], months: Sequence[str]) -> Iterator[Line]:
    """Yield every value; inside the force also each breakdown by station and by month."""
    figures = show.figures
    times = [Place(month=month) for month in months]
    each_place = [ALL] if show.outside else [ALL, *stations, *times, *_cells(figures)]
    for breakdown in BREAKDOWNS:
        for place in each_place:
            yield from _of_sheet(show.breakdown(breakdown, place), place)
    for spread in SPREADS:
        for place in [ALL] if show.outside else [ALL, *stations, *times]:
            yield from _of_sheet(show.bands(spread, place), place)
        quantiles = show.quantiles(spread, [*stations, *times])
        for place, (_, values) in zip(quantiles.places, quantiles.rows, strict=True):
            for name, value in zip(quantiles.columns, values, strict=True):
                yield Line(quantiles.id, *place, "", name, value.number, value.text)
    for share in show.shares(stations, months).values():
        yield from _of_share(share, stations, months)
    yield from _of_sheet(show.duties({}), ALL)


def _cells(figures: Figures) -> list[Place]:
    found = figures.counts.get("age_sex", {})
    return sorted(place for place in found if place.station and place.month)


def _of_sheet(sheet: Sheet, place: Place) -> Iterator[Line]:
    for label, values in sheet.rows:
        for name, value in zip(sheet.columns, values, strict=True):
            yield Line(sheet.id, *place, label, name, value.number, value.text)


def _of_share(share: Shares, stations: Sequence[Place], months: Sequence[str]) -> Iterator[Line]:
    for i, at in enumerate([*stations, ALL]):
        for j, month in enumerate([*months, ""]):
            has, base = share.at(i, j)
            place = Place(at.force, at.station, month)
            for name, number in (("has", has), ("of", base)):
                shown = "[c]" if number is None else str(number)
                yield Line(f"share_{share.of.id}", *place, share.of.title, name, number, shown)


def write(folder: Path, found: Iterable[Line], name: str = "statistics") -> None:
    """Write values as CSV and as Parquet, some at a time: a country's ten years are millions.

    Text of records is never a formula. Raises `RecordError` where pyarrow is not installed.
    """
    arrow = arrow_library()
    text = arrow.string()
    schema = arrow.schema([
        (each, arrow.float64() if each == "value" else text) for each in Line._fields
    ])  # fmt: skip
    with (
        (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file,
        arrow.parquet.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as out,
    ):
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(Line._fields)
        for part in _parts(found):
            writer.writerows(map(_as_csv, part))
            columns: list[list[Any]] = [list(each) for each in zip(*part, strict=True)]
            arrays = [
                arrow.array(each, kind) for each, kind in zip(columns, schema.types, strict=True)
            ]
            out.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _parts(found: Iterable[Line]) -> Iterator[list[Line]]:
    lines = iter(found)
    while part := list(islice(lines, _AT_A_TIME)):
        yield part


def _as_csv(line: Line) -> list[str]:
    value = "" if line.value is None else f"{line.value:.12g}"
    shown = line.shown if line.shown == NOTHING else cell(line.shown)
    return [*(cell(each) for each in line[:6]), value, shown]
