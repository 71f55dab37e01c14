"""Read entries from files: JSON lines, CSV (both gzipped too), Parquet, folders, standard input."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from detention_monitor import parquet
from detention_monitor.columns import ColumnMap
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.records import Source, entry_from
from detention_monitor.vocabulary import Vocabulary

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
CSV = (".csv", ".csv.gz")
PARQUET = (".parquet",)
EXPECTED = ".expected"
LONGEST_LINE = 1_000_000
_BUFFER = 65_536


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that was not taken: where it stands, why, what it said, whose record if known."""

    origin: str
    reason: str
    line: str
    record: str | None = None


def used_before(entry: CustodyEvent, first: str) -> SetAside:
    """Return an entry as set aside because its id names another entry, which was read at `first`."""
    reason = (
        f"id {entry.id} was used before for another entry ({first}); "
        "give each entry an id of its own, or correct one by 'amends'"
    )
    return SetAside(entry.origin, reason, "", entry.record)


def record_files(paths: Sequence[str], *, csv_too: bool = False) -> list[str]:
    """Return the files that paths stand for: themselves, those of a folder by name, `-` as it is.

    The findings expected of a story (`*.expected`) are passed over. Raises `RecordError` for a path that is not there or a folder without records.
    """
    out: list[str] = []
    for each in paths:
        path = Path(each)
        if each == "-":
            out.append(each)
        elif path.is_dir():
            found = sorted(
                file
                for file in path.rglob("*")
                if file.name.endswith((*SUFFIXES, *PARQUET, *(CSV if csv_too else ())))
            )
            if not found:
                raise RecordError(f"{each}: no records here; a record file ends in .jsonl")
            out += map(str, found)
        elif path.is_file():
            if path.suffix != EXPECTED:
                out.append(each)
        else:
            raise RecordError(f"{each}: no such file or folder")
    return out


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Give a file to read, unpacked where it is gzipped; raise `RecordError` where it cannot be read."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb", buffering=_BUFFER) as file:
            if file.read(2) == b"\x1f\x8b":
                file.seek(0)
                with gzip.open(file) as unpacked:
                    yield io.BufferedReader(unpacked)
            else:
                file.seek(0)
                yield file
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; of one that is too long only the beginning, with a mark."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        yield number, line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)
            if not line:
                break


def read_entries(
    files: Iterable[str], vocabulary: Vocabulary, columns: ColumnMap | None = None
) -> Iterator[tuple[CustodyEvent | SetAside, Source]]:
    """Yield every entry, or the line set aside in its place, with what its source declared.

    A first line `{"source": {...}}` declares the zone of times and what the source does not
    carry. A file that breaks off (a damaged gzip) yields what could be read, then a line set
    aside; the other files go on. Tables are read by a column map: `RecordError` without one;
    Parquet by one where it is given.
    """
    for path in files:
        if path.endswith(PARQUET):
            yield from _read_parquet(path, vocabulary, columns)
            continue
        if path.endswith(CSV):
            if columns is None:
                raise RecordError(f"{path}: a CSV needs a column map (--map); see README, Records")
            source = replace(columns.source, file=path)
            for row in _read_table(path, vocabulary, columns):
                yield row, source
            continue
        name = "standard input" if path == "-" else Path(path).name
        source = Source(file=path)
        with opened(path) as file:
            number = 0
            try:
                for number, line in _lines(file):
                    origin = f"{name}:{number}"
                    if not line.strip():
                        continue
                    got = read_line(line, vocabulary, source, origin)
                    if isinstance(got, Source):
                        source = replace(got, file=path)
                    else:
                        yield got, source
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                reason = f"the file breaks off here: {error}; ask for it again"
                yield SetAside(f"{name}:{number + 1}", reason, ""), source


def _json(line: bytes) -> object:
    try:
        return orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg} (column {error.colno})") from error


def _read_table(
    path: str, vocabulary: Vocabulary, columns: ColumnMap
) -> Iterator[CustodyEvent | SetAside]:
    """Yield the entry of each row, or the row set aside; rows of kinds passed over are left out."""
    name = Path(path).name
    with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text:
        rows = csv.DictReader(text, delimiter=columns.file.delimiter, restkey="", strict=True)
        columns.check(path, rows.fieldnames or ())
        while True:
            origin = f"{name}:{rows.line_num + 1}"
            try:
                row = next(rows, None)
                if row is None:
                    return
                raw = columns.raw(row)
                if raw is not None:
                    yield entry_from(raw, vocabulary, columns.source, origin)
            except (RecordError, csv.Error) as error:
                shown = ",".join(str(each) for each in (row or {}).values())[:2_000]
                yield SetAside(origin, str(error), shown)


def _read_parquet(
    path: str, vocabulary: Vocabulary, columns: ColumnMap | None
) -> Iterator[tuple[CustodyEvent | SetAside, Source]]:
    """Yield the entry of each row, or the row set aside, with what the source declares."""
    name = Path(path).name
    if columns is None:
        declared = parquet.declaration(path)
        try:
            source = Source() if declared is None else Source.declared(declared, vocabulary)
        except RecordError as error:
            raise RecordError(f"{path}: 'source' in its metadata: {error}") from error
    else:
        source = columns.source
        columns.check(path, parquet.column_names(path))
    source = replace(source, file=path)
    for number, row in parquet.rows(path):
        try:
            raw = row if columns is None else columns.raw(columns.texts(row))
            if raw is not None:
                yield entry_from(raw, vocabulary, source, f"{name}:{number}"), source
        except RecordError as error:
            shown = orjson.dumps(row, default=str).decode()[:2_000]
            record = row.get("record")
            known = record if isinstance(record, str) else None
            yield SetAside(f"{name}:{number}", str(error), shown, known), source


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
        shown = line[:2_000].decode("utf-8", "replace").rstrip("\r\n")
        return SetAside(origin, str(error), shown, record if isinstance(record, str) else None)
