"""From records to rows: the replay that statistics and trends rest on, and the rows as files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.parquet import arrow_library
from detention_monitor.replay import Progress, quiet, replay
from detention_monitor.reports import carried
from detention_monitor.reports.pseudonym import Pseudonyms
from detention_monitor.reports.rows import Row, check, read_rows, write_row
from detention_monitor.results import Tally
from detention_monitor.runstate import MADE, RunState
from detention_monitor.sources import SetAside
from detention_monitor.text import cell
from detention_monitor.wording import day_in_words

_AT_A_TIME = 10_000


class Begun(NamedTuple):
    """The first and the last day on which a row within the period began, and how many are outside it."""

    first: str
    last: str
    outside: int


class Collected:
    """The rows of a replay, on disk; they may be read as often as one likes."""

    def __init__(self, path: Path, tally: Tally, period: Period) -> None:
        self._path, self.tally, self._period = path, tally, period

    def rows(self) -> Iterator[Row]:
        """Yield the rows that began within the period."""
        with self._path.open("rb") as file:
            yield from (row for row in read_rows(file) if row.day in self._period)

    def begun(self) -> Begun:
        """Return on which days the rows began, in one pass."""
        first, last, left = "", "", 0
        with self._path.open("rb") as file:
            for row in read_rows(file):
                if row.day in self._period:
                    first, last = min(first or row.day, row.day), max(last, row.day)
                else:
                    left += 1
        return Begun(first, last, left)


class Period(msgspec.Struct, frozen=True):
    """Days from the first to the last, both included; None: no limit."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: object) -> bool:
        return (self.first is None or str(day) >= self.first.isoformat()) and (
            self.last is None or str(day) <= self.last.isoformat()
        )


def told_period(
    period: Period, first: str = "", last: str = "", *, to_the_month: bool = False,
    act: str = "begun",
) -> str:  # fmt: skip
    """Return a period in words, with the days on which the first and the last of it began, if given.

    Outside the force their months are told only: a day may be that of one child.
    """
    since = None if period.first is None else day_in_words(period.first)
    till = None if period.last is None else day_in_words(period.last)
    match since, till:
        case None, None:
            asked = "all records given"
        case _, None:
            asked = f"{act} from {since}"
        case None, _:
            asked = f"{act} up to {till}"
        case _:
            asked = f"{act} from {since} to {till}"
    if not first:
        return asked
    one, other = (_in_words(each, to_the_month=to_the_month) for each in (first, last))
    if since is not None or till is not None:
        return f"{asked} (found: {one if one == other else f'{one} to {other}'})"
    alone = f"{'in' if to_the_month else 'on'} {one}"
    return f"{asked}, {act} {alone if one == other else f'from {one} to {other}'}"


def _in_words(day: str, *, to_the_month: bool) -> str:
    told = day_in_words(date.fromisoformat(day))
    return told.split(" ", 1)[1] if to_the_month else told


@contextmanager
def collected(
    files: Sequence[str],
    settings: Settings,
    period: Period,
    *,
    set_aside: Callable[[SetAside], None],
    workers: int = 1,
    progress: Progress = quiet,
    state: RunState,
) -> Iterator[Collected]:
    """Judge all records and give their rows, kept in the folder of `state` meanwhile.

    Raises `RecordError` for rules that leave out what is counted.
    """
    check(ruleset_of(settings.rules, settings.policy))
    path = state.folder / MADE
    with path.open("wb") as out:
        tally = replay(
            files, replace(settings, product=write_row), out, set_aside=set_aside,
            workers=workers, progress=progress, state=state,
        )  # fmt: skip
    yield Collected(path, tally, period)


# --- rows as files -----------------------------------------------------------------------------

_TEXT = ("force", "detention", "kind", "day", "station", "sex", "ethnicity", "offence", "outcome",
         "nights", "requests", "replies", "certificate", "breaches", "not_carried")  # fmt: skip
_WHOLE = (
    "age", "held", "adult_asked", "adult_waited", "adult_from_request", "midnights",
    "strip_searches", "intimate_searches", "reviews", "reviews_in_person", "reviews_without_mode",
    "extensions", "warrants_applied", "warrants", "moved", "after_charge", "unlawful",
    "unlawful_possible", "good",
)  # fmt: skip
_YES_NO = ("closed", "charged", "bail_refused", "produced")
COLUMNS = (*_TEXT, *_WHOLE, *_YES_NO)
"""The columns of the file of rows; times are minutes."""
_RESTS_ON = {
    "closed": carried.ENDED, "charged": carried.CHARGED, "bail_refused": carried.REFUSED,
    "produced": carried.PRODUCED, "strip_searches": carried.SEARCHES, "reviews": carried.REVIEWS,
    "reviews_in_person": carried.SEEN, "reviews_without_mode": carried.REVIEWS,
    "unlawful": carried.LIMITS, "unlawful_possible": carried.LIMITS,
    "intimate_searches": carried.POWERS[:1], "extensions": carried.POWERS[1:2],
    "warrants": carried.POWERS[2:3], "warrants_applied": carried.POWERS[3:],
}  # fmt: skip
"""Columns in which nothing stands where the source does not carry it: 0 and false would be an answer."""


def flat(row: Row, names: Pseudonyms | None = None) -> dict[str, Any]:
    """Return a row as plain columns; with `names` fit to leave the force.

    Then the detention has a pseudonym, and of the day only the month is told.
    """
    raw = msgspec.structs.asdict(row)
    out = {name: raw[name] for name in COLUMNS if name in raw}
    out["strip_searches"] = len(row.strip_searches)
    out |= {name: None for name, needs in _RESTS_ON.items() if not row.carries(needs)}
    if not row.unlawful_is_told:
        out["unlawful"] = None
    out["nights"] = " ".join(row.nights)
    out["not_carried"] = "; ".join(row.not_carried)
    out["requests"] = " ".join(f"{each.asked}/{each.stage}" for each in row.requests)
    out["replies"] = " ".join(each.reply or "none" for each in row.requests)
    out["breaches"] = " ".join(f"{duty}:{row.duties[duty]}" for duty in sorted(row.duties))
    if names is not None:
        out["detention"] = names.of(f"{row.force}\0{row.detention}")
        out["day"] = row.month
    return {name: out[name] for name in COLUMNS}


def write_rows(folder: Path, rows: Iterator[Row], names: Pseudonyms | None) -> tuple[Path, Path]:
    """Write rows as `detentions.csv` and `detentions.parquet`, some at a time; return both."""
    arrow = arrow_library()
    kinds = {**dict.fromkeys(_TEXT, arrow.string()), **dict.fromkeys(_WHOLE, arrow.int64()),
             **dict.fromkeys(_YES_NO, arrow.bool_())}  # fmt: skip
    schema = arrow.schema([(name, kinds[name]) for name in COLUMNS])
    as_csv, as_parquet = folder / "detentions.csv", folder / "detentions.parquet"
    held: list[dict[str, Any]] = []
    with (
        as_csv.open("w", newline="", encoding="utf-8") as file,
        arrow.parquet.ParquetWriter(as_parquet, schema, compression="zstd") as parquet,
    ):
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for row in rows:
            held.append(flat(row, names))
            writer.writerow([_cell(value) for value in held[-1].values()])
            if len(held) == _AT_A_TIME:
                parquet.write_table(arrow.Table.from_pylist(held, schema=schema))
                held.clear()
        parquet.write_table(arrow.Table.from_pylist(held, schema=schema))
    return as_csv, as_parquet


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else cell(str(value))
