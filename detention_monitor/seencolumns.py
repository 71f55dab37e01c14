"""The columns of a table as they are met, and which of them belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from detention_monitor.text import printable

MOST_ROWS = 20_000
"""Rows looked at."""
_MOST_VALUES = 300
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_DAY = re.compile(r"\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3})[-/. ]\d{2,4}")
_OTHER_HALF = {"clock": "day", "day": "clock"}


@dataclass(slots=True)
class ColumnSeen:
    """A column of a table: its cells, how many are filled, and how often each value occurs."""

    name: str
    filled: int = 0
    values: Counter[str] = field(default_factory=Counter)
    cells: list[str] = field(default_factory=list)
    """Every cell, in the order of the rows."""

    def see(self, value: str) -> None:
        """Take note of a cell."""
        self.cells.append(value)
        if value:
            self.filled += 1
            if value in self.values or len(self.values) < _MOST_VALUES:
                self.values[value] += 1


def seen(names: Sequence[str], rows: Iterable[Mapping[str, str | None]]) -> list[ColumnSeen]:
    """Look at the first rows of a table."""
    columns = [ColumnSeen(name) for name in names]
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            break
        for column in columns:
            column.see((row.get(column.name) or "").strip())
    return columns


def name_words(name: str) -> str:
    """Return the words in the name of a column, in lower case: `CustodyNo` is `custody no`."""
    return " ".join(_WORDS.findall(name.replace("_", " "))).lower()


def together(
    by_key: Mapping[str, str],
    seen_by: Mapping[str, ColumnSeen],
    columns: Sequence[ColumnSeen],
    told: list[str],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what stands in two columns: a date and its clock, a number that each record begins anew."""
    free = [column for column in columns if column.name not in by_key.values()]
    for key in ("at", "recorded_at"):
        own = seen_by.get(by_key.get(key, ""))
        if own is None or not (wanted := _OTHER_HALF.get(_half(own), "")):
            continue
        others = {each.name: each for each in free if _half(each) == wanted}
        named = {name_words(name): name for name in others}
        near = get_close_matches(name_words(own.name), [*named], n=1, cutoff=0)
        if not near:
            lacks = "times of day" if wanted == "clock" else "dates"
            told.append(
                f"{key}: '{printable(own.name, 60)}' lacks the {lacks}, and no column has them"
            )
            continue
        other = others[named[near[0]]]
        free.remove(other)
        yield key, (own.name, other.name) if wanted == "clock" else (other.name, own.name)
    number, record = (seen_by.get(by_key.get(key, "")) for key in ("id", "record"))
    if number is not None and record is not None and _begins_anew(number, record):
        yield "id", (record.name, number.name)
        yield from (
            (key, (record.name, by_key[key])) for key in ("amends", "withdraws") if key in by_key
        )


def _half(column: ColumnSeen) -> str:
    """Say whether a column has dates alone, or times of day alone."""
    for half, form in (("clock", _CLOCK), ("day", _DAY)):
        if column.values and all(form.fullmatch(value) for value in column.values):
            return half
    return ""


def _begins_anew(number: ColumnSeen, record: ColumnSeen) -> bool:
    """Whether entries are told apart by their number and their record, and not by the number alone."""
    both = [pair for pair in zip(record.cells, number.cells, strict=True) if pair[1]]
    return len({own for _, own in both}) < len(set(both)) == len(both)


def joined(parts: Sequence[ColumnSeen]) -> ColumnSeen:
    """Return several columns as the one that they are read as."""
    if len(parts) == 1:
        return parts[0]
    out = ColumnSeen(parts[0].name)
    for cells in zip(*(each.cells for each in parts), strict=True):
        out.see(" ".join(cells) if all(cells) else "")
    return out
