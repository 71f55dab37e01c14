"""Write entries as they are: JSON lines, a CSV with the column map that reads it, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.errors import RecordError
from detention_monitor.parquet import EntriesWriter
from detention_monitor.records import Source
from detention_monitor.text import cell, in_a_cell
from detention_monitor.times import rfc3339
from detention_monitor.vocabulary import Vocabulary

KEYS = (
    "id", "force", "record", "detention_id", "kind", "at", "recorded_at", "by.id", "by.rank",
    "by.acting_rank_s107", "by.role", "amends", "withdraws",
)  # fmt: skip


def as_raw(entry: CustodyEvent, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the public form of an entry (README, "Records"), without empty keys.

    A time that can mean two instants stays as it was written: its source declares the zone.
    """
    by = entry.by
    attributes = vocabulary.kinds[entry.kind].attributes
    out: dict[str, Any] = {
        "id": entry.id,
        "force": entry.force,
        "record": entry.record,
        "detention_id": entry.detention_id,
        "kind": entry.kind,
        "at": entry.at_text if entry.also_at else rfc3339(entry.at),
        "recorded_at": None if entry.recorded_at is None else rfc3339(entry.recorded_at),
        "by": _kept({
            "id": by.id, "rank": by.rank, "acting_rank_s107": by.acting_rank_s107, "role": by.role,
        }),
        "amends": entry.amends,
        "withdraws": entry.withdraws,
        "attrs": {name: _value(attributes[name].type, each) for name, each in entry.attrs.items()},
    }  # fmt: skip
    return _kept(out)


def _kept(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in given.items() if each is not None and each != {}}


def _value(type_: str, value: Value) -> object:
    match value:
        case tuple():
            return list(value)
        case bool() | str():
            return value
        case int() if type_ == "time":
            return rfc3339(value)
        case int() if type_ == "duration":
            return f"{value}s"
    return value


def declaration(source: Source) -> dict[str, Any]:
    """Return what a source says of itself, as the first line of a file of JSON lines says it."""
    said = {
        "name": source.name or None,
        "zone": source.zone,
        "not_carried": [*source.coverage.names] or None,
    }
    return _kept(said)


class OneSource:
    """Sees to it that all entries that go into one file are of sources that declare the same."""

    def __init__(self) -> None:
        self.said: dict[str, Any] | None = None

    def see(self, source: Source) -> None:
        """Take note of a source; raise `RecordError` where it differs from the one before."""
        said = declaration(source)
        if self.said is None:
            self.said = said
        elif self.said != said:
            raise RecordError(
                f"{source.file}: its source declares other than the files before it, and one file "
                "can declare one source only; write it to a file of its own"
            )


def write_jsonl(
    read: Iterable[tuple[CustodyEvent, Source]], out: BinaryIO, vocabulary: Vocabulary
) -> int:
    """Write entries as JSON lines, what their source declares first; return how many."""
    one, count = OneSource(), 0
    for entry, source in read:
        one.see(source)
        if count == 0 and one.said:
            out.write(orjson.dumps({"source": one.said}) + b"\n")
        out.write(orjson.dumps(as_raw(entry, vocabulary)) + b"\n")
        count += 1
    return count


def write_parquet(
    read: Iterable[tuple[CustodyEvent, Source]], out: BinaryIO, vocabulary: Vocabulary
) -> int:
    """Write entries as Parquet with `attrs` as JSON text, some thousand at a time; return how many."""
    one, count = OneSource(), 0
    with EntriesWriter(out) as into:
        for entry, source in read:
            one.see(source)
            into.put(as_raw(entry, vocabulary))
            count += 1
        into.declare(one.said or {})
    return count


def write_csv(
    entries: Sequence[tuple[CustodyEvent, Source]], out: BinaryIO, vocabulary: Vocabulary
) -> tuple[int, str]:
    """Write entries as a CSV; return how many, and the column map by which it can be read.

    There is a column for each key and each attribute that occurs; all entries are in memory.
    """
    one = OneSource()
    rows: list[dict[str, str]] = []
    for entry, source in entries:
        one.see(source)
        rows.append(dict(_cells(as_raw(entry, vocabulary))))
    keys = [key for key in KEYS if any(key in row for row in rows)]
    attrs = sorted({name for row in rows for name in row}.difference(KEYS))
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*keys, *attrs])
    writer.writerows([cell(row.get(name, "")) for name in (*keys, *attrs)] for row in rows)
    text.flush()
    text.detach()
    return len(rows), _map_of(keys, attrs, one.said or {})


def _cells(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in raw.items():
        if key == "by":
            yield from ((f"by.{part}", in_a_cell(each)) for part, each in value.items())
        elif key == "attrs":
            yield from (
                (f"attrs.{name}" if name in KEYS else name, in_a_cell(each, between=";"))
                for name, each in value.items()
            )
        else:
            yield key, in_a_cell(value)


def _map_of(keys: Sequence[str], attrs: Sequence[str], said: Mapping[str, Any]) -> str:
    lines = ["format: custody-map/1"]
    lines += [f"{name}: {orjson.dumps(value).decode()}" for name, value in said.items()]
    for part, names in (("columns", keys), ("attrs", attrs)):
        if names:
            lines.append(f"{part}:")
            lines += [f"  {name.removeprefix('attrs.')}: {name}" for name in names]
    return "\n".join(lines) + "\n"


def map_path(out: Path) -> Path:
    """Return where the column map of a CSV lies: `found.csv` has `found.map.yaml`."""
    return out.with_suffix(".map.yaml")
