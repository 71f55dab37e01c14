"""Parquet in and out, through pyarrow (the extra `parquet`), a row group at a time.

Findings are written with typed columns: instants in UTC, lists of evidence, steps of a duty as a
list of structures. Entries are read by the keys of the public entry, `attrs` as a structure, a map
or JSON text; or by a column map, as a CSV is. docs/decisions/0011-parquet.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO, Self, cast

import orjson

from detention_monitor.errors import RecordError

ROWS = 10_000
"""Findings in a row group, and so in memory: some 15 MB."""
_ROWS_READ = 1_000
_INSTANTS = ("arose_at", "early_at", "due_at", "due_at_latest", "done_at", "occurred_at")


class DamagedError(Exception):
    """A file that is not Parquet, or breaks off; the message says how."""


def _pyarrow() -> Any:
    """Return pyarrow; raise `RecordError` with the cure where it is not installed."""
    try:
        import pyarrow  # noqa: ICN001 - lazy: only Parquet needs it
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise RecordError(
            "Parquet needs pyarrow; install it with: pip install 'detention-monitor[parquet]'"
        ) from error
    return pyarrow


def arrow_library() -> Any:
    """Return pyarrow for what else is written with it; raise `RecordError` without it."""
    return _pyarrow()


# --- findings out ------------------------------------------------------------------------------


def findings_schema() -> Any:
    """Return the Arrow schema of the findings; a refused record has its first columns only."""
    arrow = _pyarrow()
    text, texts, instant = arrow.string(), arrow.list_(arrow.string()), arrow.timestamp("ms", "UTC")
    grade = arrow.struct([
        ("name", text), ("at", instant), ("severity", text), ("authority", text),
        ("passed", arrow.bool_()),
    ])  # fmt: skip
    return arrow.schema([
        ("refused", text), ("detention", text), ("record", text), ("message", text),
        ("duty", text), ("rule", text), ("rule_version", arrow.date32()), ("title", text),
        ("nature", text), ("severity", text), ("status", text), ("certainty", text),
        ("authority", text), ("sources", texts), ("verified", arrow.bool_()),
        *((name, instant) for name in _INSTANTS),
        ("minutes_late", arrow.int64()), ("minutes_left", arrow.int64()),
        ("grades", arrow.list_(grade)), ("evidence", texts), ("absent", texts),
        ("because_of", text), ("clears_on", text),
        ("measures", arrow.map_(text, arrow.int64())), ("unclosed", arrow.bool_()),
        ("ruleset", text), ("judged_by", text), ("key", text),
    ])  # fmt: skip


class FindingsWriter:
    """Takes findings as JSON lines and writes them as Parquet; at most one row group is held.

    It is written to like a file; after an error what is held is not written.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin a Parquet file; raise `RecordError` without pyarrow."""
        self._arrow = _pyarrow()
        self._schema = findings_schema()
        self._known = frozenset(self._schema.names)
        self._rows: list[dict[str, Any]] = []
        self._broken_off = b""
        self._writer = self._arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def __enter__(self) -> BinaryIO:
        return cast("BinaryIO", self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        self._writer.close()

    def write(self, data: bytes) -> int:
        """Take lines; one that breaks off waits for its end."""
        *lines, self._broken_off = (self._broken_off + data).split(b"\n")
        self._rows += [self._row(orjson.loads(line)) for line in lines]
        while len(self._rows) >= ROWS:
            self._group(ROWS)
        return len(data)

    def flush(self) -> None:
        """Write what is held as a row group."""
        if self._rows:
            self._group(len(self._rows))

    def _group(self, count: int) -> None:
        table = self._arrow.Table.from_pylist(self._rows[:count], schema=self._schema)
        self._writer.write_table(table, row_group_size=count)
        del self._rows[:count]

    def _row(self, finding: dict[str, Any]) -> dict[str, Any]:
        unknown = finding.keys() - self._known
        assert not unknown, f"no column for {unknown}"  # a key of a finding is never dropped
        for name in _INSTANTS:
            if name in finding:
                finding[name] = datetime.fromisoformat(finding[name])
        for grade in finding.get("grades", ()):
            grade["at"] = grade["at"] and datetime.fromisoformat(grade["at"])
        if "rule_version" in finding:
            finding["rule_version"] = _day(finding["rule_version"])
        if "measures" in finding:
            finding["measures"] = list(finding["measures"].items())
        return finding


def _day(text: str) -> date | None:
    """Return a rule's first day in force; findings about the record itself have a bare number."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# --- entries out -------------------------------------------------------------------------------


class EntriesWriter:
    """Takes raw entries and writes them as Parquet, `attrs` as JSON text; one row group is held."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin a Parquet file; raise `RecordError` without pyarrow."""
        self._arrow = _pyarrow()
        text = self._arrow.string()
        by = self._arrow.struct(
            [(name, text) for name in ("id", "rank", "acting_rank_s107", "role")]
        )
        self._schema = self._arrow.schema([
            ("id", text), ("force", text), ("record", text), ("detention_id", text), ("kind", text),
            ("at", text), ("recorded_at", text), ("by", by), ("amends", text), ("withdraws", text),
            ("attrs", text),
        ])  # fmt: skip
        self._rows: list[dict[str, Any]] = []
        self._writer = self._arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._rows:
            self._group()
        self._writer.close()

    def put(self, raw: dict[str, Any]) -> None:
        """Take one entry; times stay text, so that one without offset stays without."""
        attrs = raw.get("attrs")
        self._rows.append({**raw, "attrs": orjson.dumps(attrs).decode() if attrs else None})
        if len(self._rows) >= ROWS:
            self._group()

    def declare(self, source: Mapping[str, Any]) -> None:
        """Keep in the metadata of the file what the source says of itself."""
        if source:
            self._writer.add_key_value_metadata({"source": orjson.dumps(source).decode()})

    def _group(self) -> None:
        table = self._arrow.Table.from_pylist(self._rows, schema=self._schema)
        self._writer.write_table(table, row_group_size=ROWS)
        self._rows.clear()


# --- entries in --------------------------------------------------------------------------------


def rows(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a Parquet file as raw entries, numbered from 1; empty cells are left out.

    Raises `DamagedError` for a file that is not Parquet, or breaks off.
    """
    arrow = _pyarrow()
    number = 0
    try:
        with arrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_READ):
                for row in batch.to_pylist(maps_as_pydicts="strict"):
                    number += 1
                    yield number, _entry(row)
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedError(f"not whole Parquet ({error})") from error


def declaration(path: str) -> object:
    """Return what the file says of its source: JSON under the key `source` of its metadata."""
    arrow = _pyarrow()
    try:
        stored = arrow.parquet.read_schema(path).metadata or {}
        return orjson.loads(stored[b"source"]) if b"source" in stored else None
    except orjson.JSONDecodeError as error:
        raise DamagedError(f"'source' in its metadata is not JSON: {error}") from error
    except (arrow.ArrowException, OSError) as error:
        raise DamagedError(f"not whole Parquet ({error})") from error


def column_names(path: str) -> tuple[str, ...]:
    """Return the names of the columns."""
    arrow = _pyarrow()
    try:
        return tuple(arrow.parquet.read_schema(path).names)
    except (arrow.ArrowException, OSError) as error:
        raise DamagedError(f"not whole Parquet ({error})") from error


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: _plain(value) for key, value in row.items() if value is not None}
    attrs = out.get("attrs")
    if isinstance(attrs, str):
        try:
            out["attrs"] = orjson.loads(attrs)
        except orjson.JSONDecodeError:
            return out  # told as any other wrong value is
    return out


def _plain(value: object) -> object:
    """Return a cell as JSON would give it; a time without zone stays without one."""
    match value:
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case dict():
            return {key: _plain(each) for key, each in value.items() if each is not None}
        case list():
            return [_plain(each) for each in value]
        case float() if value.is_integer():
            return int(value)  # a column of whole numbers with gaps, as pandas writes it
        case _:
            return value
