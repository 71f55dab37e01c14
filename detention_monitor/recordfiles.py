"""Which files hold records, and what comes out of one: unpacked, line by line."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from detention_monitor.errors import RecordError
from detention_monitor.parquet import DamagedError

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
CSV = (".csv", ".csv.gz")
PARQUET = (".parquet",)
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
EXPECTED = ".expected"
LONGEST_LINE = 1_000_000
_BUFFER = 65_536
_FOREIGN = {
    b"\xff\xfe": "it is UTF-16; save it as UTF-8",
    b"\xfe\xff": "it is UTF-16; save it as UTF-8",
    b"PK": "it is an Excel workbook or an archive; save its sheet as CSV (UTF-8), or unpack it",
    b"\xd0\xcf": "it is an old Excel workbook; save its sheet as CSV (UTF-8)",
}
"""By its first two bytes, what a file is that cannot be read, and what to do."""
DAMAGED = (OSError, EOFError, zlib.error, UnicodeError, DamagedError)
"""What a file raises that cannot be read, or not to its end."""


def record_files(paths: Sequence[str], *, csv_too: bool = False) -> list[str]:
    """Return the files that paths stand for: themselves, those of a folder by name, `-` as it is.

    The findings expected of a story (`*.expected`) are passed over. Raises `RecordError` for a path
    that is not there, one that is no file, or a folder without records.
    """
    out: list[str] = []
    for each in paths:
        path = Path(each)
        if each == "-":
            out.append(each)
        elif not each:
            raise RecordError("a path is empty; name a file or a folder, or - for standard input")
        elif path.is_dir():
            found = _in_folder(path, (*SUFFIXES, *PARQUET, *(CSV if csv_too else ())))
            if not found:
                tables = "" if csv_too or not _in_folder(path, CSV) else "; CSV files need --map"
                raise RecordError(f"{each}: no records here; a record file ends in .jsonl{tables}")
            out += map(str, found)
        elif path.is_file():
            if path.suffix != EXPECTED:
                out.append(each)
        elif path.exists():
            raise RecordError(f"{each}: not a file; what comes through a pipe is read with -")
        else:
            raise RecordError(f"{each}: no such file or folder")
    return out


def passed_over(paths: Sequence[str], *, csv_too: bool = False) -> Iterator[str]:
    """Yield what in folders looks like records and is not read, with what to do about it."""
    folders = [Path(each) for each in paths if Path(each).is_dir()]
    for endings, what in (
        (() if csv_too else CSV, "CSV files were passed over; --map says how to read them"),
        (WORKBOOKS, "workbooks were passed over; save their sheets as CSV (UTF-8)"),
    ):
        if count := sum(len(_in_folder(each, endings)) for each in folders):
            yield f"{count:,} {what}"


def _in_folder(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.name.endswith(endings))
    return sorted(file for file in found if not file.is_dir())


class _Unpacked(io.RawIOBase):
    """What comes out of a packed file, piece by piece: of one that breaks off, all until there."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._packed.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Give a file to read, unpacked where it is gzipped; raise `RecordError` where it cannot be read."""
    if path == "-":
        yield sys.stdin.buffer
        return
    if not Path(path).is_file() and Path(path).exists():
        raise OSError("neither a file nor a link to one")
    with Path(path).open("rb", buffering=_BUFFER) as file:
        begins = file.read(2)
        file.seek(0)
        if begins == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield io.BufferedReader(_Unpacked(unpacked), _BUFFER)
        elif begins in _FOREIGN:
            raise UnicodeError(_FOREIGN[begins])
        else:
            yield file


def numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; of one that is too long only the beginning, with a mark."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        yield number, line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)
            if not line:
                break
