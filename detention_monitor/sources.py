"""Read entries from files: JSON lines, CSV (both gzipped too), Parquet, standard input."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from detention_monitor import parquet
from detention_monitor.columns import ColumnMap
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.recordfiles import CSV, DAMAGED, LONGEST_LINE, PARQUET, numbered, opened
from detention_monitor.records import Source, entry_from
from detention_monitor.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that was not taken: where it stands, why, what it said, whose record if known."""

    origin: str
    reason: str
    line: str
    record: str | None = None


Read = tuple[CustodyEvent | SetAside, Source]
"""An entry, or the line set aside in its place, with what its source declared."""


def used_before(entry: CustodyEvent, first: str) -> SetAside:
    """Return an entry as set aside because its id names another entry, which was read at `first`."""
    return SetAside(entry.origin, why_used_before(entry.id, first), "", entry.record)


def why_used_before(own: str, first: str) -> str:
    """Return why an entry is not taken whose id names another one, read at `first`."""
    return (
        f"id {own} was used before for another entry ({first}); give each entry an id of its own "
        "(record and number, where each record begins anew), or correct one by 'amends'"
    )


def read_entries(
    files: Iterable[str], vocabulary: Vocabulary, columns: ColumnMap | None = None
) -> Iterator[Read]:
    """Yield every entry, or the line set aside in its place, with what its source declared.

    A first line `{"source": {...}}` declares the zone of times and what the source does not
    carry. A file that cannot be read, or breaks off, yields what could be read, then one line set
    aside; the other files go on. Tables are read by a column map: `RecordError` without one;
    Parquet by one where it is given.
    """
    for path in files:
        if path.endswith(PARQUET):
            yield from _read_parquet(path, vocabulary, columns)
        elif not path.endswith(CSV):
            yield from _read_lines(path, vocabulary)
        elif columns is None:
            raise RecordError(f"{path}: a CSV needs a column map (--map); see README, Records")
        else:
            yield from _read_table(path, vocabulary, columns)


def _broken(path: str, number: int, error: Exception) -> SetAside:
    """Return what a file that cannot be read beyond a line leaves, in place of the rest."""
    said = (error.strerror if isinstance(error, OSError) else None) or error
    if not number:
        return SetAside(path, f"the file cannot be read: {said}; nothing of it was taken", "")
    reason = f"the file breaks off here: {said}; ask for it again"
    return SetAside(f"{_shown(path)}:{number + 1}", reason, "")


def _shown(path: str) -> str:
    return "standard input" if path == "-" else Path(path).name


def _read_lines(path: str, vocabulary: Vocabulary) -> Iterator[Read]:
    """Yield what each line of JSON says.

    After a declaration that cannot be read nothing is taken until one that can: what the source
    does not carry would be held against the police.
    """
    name, number = _shown(path), 0
    source, undeclared = Source(file=path), ""
    try:
        with opened(path) as file:
            for number, line in numbered(file):
                if not line.strip():
                    continue
                origin = f"{name}:{number}"
                got = read_line(line, vocabulary, source, origin)
                if isinstance(got, Source):
                    source, undeclared = replace(got, file=path), ""
                    continue
                if isinstance(got, SetAside):
                    undeclared = origin if declares(line) else undeclared
                elif undeclared:
                    got = undeclared_entry(got, line, undeclared)
                yield got, source
    except DAMAGED as error:
        yield _broken(path, number, error), source


def undeclared_entry(entry: CustodyEvent, line: bytes, origin: str) -> SetAside:
    """Return an entry as set aside because the declaration at `origin` cannot be read."""
    reason = f"what its source declares cannot be read ({origin})"
    return SetAside(entry.origin, reason, _shown_line(line), entry.record)


def _shown_line(line: bytes) -> str:
    return line[:2_000].decode("utf-8", "replace").rstrip("\r\n")


def declares(line: bytes) -> bool:
    """Whether a line that was set aside was meant to declare a source."""
    try:
        raw = _json(line)
    except RecordError:
        return line.lstrip().startswith(b'{"source"')
    return isinstance(raw, dict) and "source" in raw and "kind" not in raw


def _json(line: bytes) -> object:
    text = line.removeprefix(b"\xef\xbb\xbf")
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg} (column {error.colno})") from error
    if isinstance(raw, dict):
        attrs, by = raw.get("attrs"), raw.get("by")
        keys = len(raw)
        keys += len(attrs) if isinstance(attrs, dict) else 0
        keys += len(by) if isinstance(by, dict) else 0
        if text.count(b'":') != keys or b'" :' in text:  # or merely written in another way
            _no_key_twice(text)
    return raw


def _no_key_twice(text: bytes) -> None:
    """Raise `RecordError` where an object has a key twice: which of the two holds, nobody knows."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise RecordError(
                f"'{key[:40]}' stands twice in one object; keep the one that is right"
            )
        return found

    with suppress(RecursionError):  # nested far beyond any entry; told by its keys
        json.loads(text, object_pairs_hook=once)


def _read_table(path: str, vocabulary: Vocabulary, columns: ColumnMap) -> Iterator[Read]:
    """Yield the entry of each row, or the row set aside; rows of kinds passed over are left out."""
    try:
        with opened(path) as file:
            yield from _rows_of(path, file, vocabulary, columns)
    except DAMAGED as error:
        yield _broken(path, 0, error), replace(columns.source, file=path)


def _rows_of(
    path: str, file: BinaryIO, vocabulary: Vocabulary, columns: ColumnMap
) -> Iterator[Read]:
    name, source = _shown(path), replace(columns.source, file=path)
    number = 0
    with io.TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text:
        rows = csv.DictReader(text, delimiter=columns.file.delimiter, restkey="", strict=True)
        columns.check(path, rows.fieldnames or ())
        while True:
            number = rows.line_num + 1
            origin = f"{name}:{number}"
            try:
                row = next(rows, None)
                if row is None:
                    return
                for got in _in_row(row, vocabulary, columns, origin):
                    yield got, source
            except csv.Error as error:
                yield SetAside(origin, str(error), ""), source
            except DAMAGED as error:
                yield _broken(path, number - 1, error), source
                return


def _in_row(
    row: Mapping[str, str], vocabulary: Vocabulary, columns: ColumnMap, origin: str
) -> Iterator[CustodyEvent | SetAside]:
    """Yield the entries of a row, and what of it is set aside; of a fault of the whole row one line."""

    def aside(reason: str) -> SetAside:
        return SetAside(origin, reason, ",".join(str(each) for each in row.values())[:2_000])

    faults: set[str] = set()
    happened = False
    for part in columns.parts:
        where = f"{part.name}: " if part.name else ""
        try:
            raw = columns.raw(row, part)
            if raw is not None:
                happened = True
                yield entry_from(raw, vocabulary, columns.source, origin)
        except RecordError as error:
            happened = True
            if str(error) not in faults:
                faults.add(str(error))
                yield aside(f"{where}{error}")
    if not happened and columns.file.entries:
        yield aside("no time of this row is filled in: it holds no entry")


def _read_parquet(path: str, vocabulary: Vocabulary, columns: ColumnMap | None) -> Iterator[Read]:
    """Yield the entry of each row, or the row set aside, with what the source declares."""
    name, number, source = _shown(path), 0, Source(file=path)
    try:
        source = replace(_declared(path, vocabulary, columns), file=path)
        for number, row in parquet.rows(path):
            origin = f"{name}:{number}"
            if columns is not None:
                for got in _in_row(columns.texts(row), vocabulary, columns, origin):
                    yield got, source
                continue
            try:
                yield entry_from(row, vocabulary, source, origin), source
            except RecordError as error:
                shown = orjson.dumps(row, default=str).decode()[:2_000]
                record = row.get("record")
                known = record if isinstance(record, str) else None
                yield SetAside(f"{name}:{number}", str(error), shown, known), source
    except DAMAGED as error:
        yield _broken(path, number, error), source


def _declared(path: str, vocabulary: Vocabulary, columns: ColumnMap | None) -> Source:
    """Return what a Parquet file declares in its metadata, or what the column map does for it."""
    if columns is not None:
        columns.check(path, parquet.column_names(path))
        return columns.source
    declared = parquet.declaration(path)
    try:
        return Source() if declared is None else Source.declared(declared, vocabulary)
    except RecordError as error:
        raise parquet.DamagedError(f"'source' in its metadata: {error}") from error


def read_line(
    line: bytes, vocabulary: Vocabulary, source: Source, origin: str
) -> CustodyEvent | SetAside | Source:
    """Return what one line of JSON says: an entry, what its source declares, or why it is set aside."""
    raw: object = None
    try:
        if len(line) > LONGEST_LINE:
            raise RecordError(f"a line of more than {LONGEST_LINE:,} bytes; at most that many")  # noqa: TRY301
        raw = _json(line)
        if isinstance(raw, dict) and len(raw) == 1 and "source" in raw:
            return Source.declared(raw["source"], vocabulary)
        return entry_from(raw, vocabulary, source, origin)
    except RecordError as error:
        record = raw.get("record") if isinstance(raw, dict) else None
        known = record if isinstance(record, str) else None
        return SetAside(origin, str(error), _shown_line(line), known)
