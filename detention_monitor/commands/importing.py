"""`import`: a force's own table made into entries, and all that could not be."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from detention_monitor import parquet
from detention_monitor.columns import ColumnMap
from detention_monitor.commands.exporting import taken
from detention_monitor.commands.options import FILE, SET_ASIDE, rules_options
from detention_monitor.commands.output import Quarantine, private, target
from detention_monitor.entries import CustodyEvent
from detention_monitor.entriesout import write_jsonl
from detention_monitor.errors import RecordError
from detention_monitor.mapping import Draft, draft
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import DAMAGED, PARQUET, opened, passed_over, record_files
from detention_monitor.records import Source
from detention_monitor.reports import carried
from detention_monitor.rulefile import load_rules
from detention_monitor.seencolumns import seen
from detention_monitor.sources import SetAside, read_entries
from detention_monitor.text import in_a_cell, printable
from detention_monitor.vocabulary import Vocabulary

_MOST_TOLD = 20


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--map", "columns", type=FILE, default=None, help="Column map to read tables by.")
@click.option(
    "--suggest-map", "suggest", type=FILE, default=None, metavar="FILE",
    help="Write a first column map for this table (FILE, or - to see it), and stop.",
)  # fmt: skip
@click.option("--out", type=FILE, default=None, help="Where entries go, as JSON lines.")
@click.option("--quarantine", type=FILE, default=None, help="Where rows go that are not taken.")
@rules_options
def import_command(
    paths: tuple[str, ...], *, columns: Path | None, suggest: Path | None, out: Path | None,
    quarantine: Path | None, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Make a force's table (CSV, Parquet) into entries; show what could not be, with suggestions.

    Begin with --suggest-map, finish the map it writes, import with --map. Without --out nothing is
    written: the map is tried, and what it leaves is told.
    """
    vocabulary = load_rules(rules or bundled_rules(), policy).vocabulary
    files = record_files(paths, csv_too=True)
    if suggest is not None:
        if len(files) != 1:
            raise click.UsageError("--suggest-map looks at one table at a time")
        _suggested(files[0], vocabulary, suggest)
        return
    table = None if columns is None else ColumnMap.load(columns, vocabulary)
    told = [*passed_over(paths, csv_too=True)]
    for each in files:
        if table is not None and not each.endswith((".jsonl", ".gz", ".ndjson")) and each != "-":
            with suppress(RecordError):  # what is wrong with the file is told with its rows
                told += _unread(each, table, vocabulary)
    beside = quarantine or (out.parent if out else Path()) / "quarantine.jsonl"
    count = Counter[str]()
    used = _Used()
    reasons: dict[str, list[SetAside]] = {}
    with Quarantine(beside) as aside:

        def put(each: SetAside) -> None:
            reasons.setdefault(each.reason, []).append(each)
            if out is not None:
                aside.put(each)

        read = _counted(taken(read_entries(files, vocabulary, table), put), count, used)
        if out is None:
            entries = sum(1 for _ in read)
        else:
            with target(out) as file:
                entries = write_jsonl(read, file, vocabulary)
    told += _used_again(used)
    told += _not_taken(reasons)
    told += _never_given(count, table, vocabulary)
    told += _never_said(count, table)
    told += _shown_at_most(table)
    for line in told:
        click.echo(line, err=True)
    rows = sum(map(len, reasons.values()))
    done = f"written to {out}" if out is not None else "would be written; name a file with --out"
    click.echo(
        f"{entries:,} entries of {len(count)} kinds {done}; {rows:,} rows not taken", err=True
    )
    if rows:
        sys.exit(SET_ASIDE)


class _Used:
    """The ids that were met, and how many entries have one that an entry of another record has."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}  # hashes: the ids of a force take much room
        self.again = 0
        self.example = ""

    def see(self, entry: CustodyEvent, source: str) -> None:
        """Take note of an entry from a source."""
        own = hash((entry.force, source, entry.id))
        record = hash((entry.force, entry.record))
        if self._first.setdefault(own, record) != record:
            self.again += 1
            self.example = self.example or f"{entry.id} at {entry.origin}"


def _counted(
    read: Iterator[tuple[CustodyEvent, Source]], count: Counter[str], used: _Used
) -> Iterator[tuple[CustodyEvent, Source]]:
    for entry, source in read:
        count[entry.kind] += 1
        used.see(entry, source.identity)
        yield entry, source


# --- a first map -------------------------------------------------------------------------------


def _suggested(path: str, vocabulary: Vocabulary, into: Path) -> None:
    made = _draft(path, vocabulary)
    if str(into) == "-":
        click.echo(made.text, nl=False)
    else:
        with private(into) as file:
            file.write(made.text.encode())
    for line in (*made.told, *(_not_read(name, about) for name, about in made.unread.items())):
        click.echo(f"  {line}", err=True)
    if str(into) != "-":
        click.echo(
            f"a first map is in {into}; finish it, then: import {path} --map {into}", err=True
        )


def _not_read(name: str, about: str) -> str:
    return f"column '{printable(name, 80)}' is not read ({about})"


def _draft(path: str, vocabulary: Vocabulary) -> Draft:
    """Return a first map for a table; raise `RecordError` where it cannot be read."""
    try:
        return _drafted(path, vocabulary)
    except (*DAMAGED, csv.Error) as error:
        raise RecordError(f"{path}: the table cannot be read: {error}") from error


def _drafted(path: str, vocabulary: Vocabulary) -> Draft:
    names, delimiter = _header(path)
    if path.endswith(PARQUET):
        cells = ({k: in_a_cell(v, ";") for k, v in row.items()} for _, row in parquet.rows(path))
        return draft(seen(names, cells), vocabulary)
    with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text:
        rows = csv.DictReader(text, delimiter=delimiter, restval="", restkey="")
        return draft(seen(names, rows), vocabulary, delimiter)


def _header(path: str) -> tuple[list[str], str]:
    """Return the names of the columns, and what stands between them."""
    if path.endswith(PARQUET):
        return [*parquet.column_names(path)], ","
    with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text:
        head = text.readline()
    delimiter = max(",;\t|", key=head.count)
    return next(csv.reader([head], delimiter=delimiter), []), delimiter


# --- what a map leaves -------------------------------------------------------------------------


def _unread(path: str, table: ColumnMap, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the columns of a table that the map does not read, with what they may be."""
    used = table.file.read
    unread = _draft(path, vocabulary).unread
    for name in _header(path)[0]:
        if name not in used:
            about = unread.get(name, "it is called like something of ours; see --suggest-map")
            yield f"{Path(path).name}: {_not_read(name, about)}"


def _used_again(used: _Used) -> Iterator[str]:
    """Yield that ids are used in more records than one, which a replay refuses within a source."""
    if used.again:
        yield (
            f"{used.again:,} entries have an id that an entry of another record has "
            f"({printable(used.example)}), and would be set aside when replayed. Where each record "
            "numbers its entries anew, read both columns: id: [RECORD, NUMBER]"
        )


def _not_taken(reasons: dict[str, list[SetAside]]) -> Iterator[str]:
    """Yield why rows were not taken, the most frequent first."""
    listed = sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0]))
    for reason, rows in listed[:_MOST_TOLD]:
        yield f"not taken, {len(rows):,} rows (first {rows[0].origin}): {printable(reason)}"
    if len(listed) > _MOST_TOLD:
        yield f"not taken: {len(listed) - _MOST_TOLD} more reasons, see the quarantine file"


def _never_given(
    count: Counter[str], table: ColumnMap | None, vocabulary: Vocabulary
) -> Iterator[str]:
    """Yield the kinds that no row gave: if the source cannot carry them, its map must say so (D6)."""
    if table is None or not count:
        return
    missing = table.source.coverage.kinds_missing
    never = [
        name for name, kind in vocabulary.kinds.items()
        if not kind.derived and name not in count and name not in missing
    ]  # fmt: skip
    if never:
        yield (
            f"never given: {len(never)} kinds, such as {', '.join(never[:8])}. What the source does not "
            "carry belongs under not_carried in the map; else its absence counts against somebody"
        )


def _never_said(count: Counter[str], table: ColumnMap | None) -> Iterator[str]:
    """Yield the attributes that reports tell and no column gives: each entry leaves them blank."""
    if table is None or table.file.entries:
        return
    every = (*carried.COUNTED, *carried.TOLD_TO_PARTNERS)
    parts = (name.partition(".") for name in sorted(carried.names_in(every)))
    never = [
        f"{kind}.{attribute}"
        for kind, _, attribute in parts
        if attribute and count[kind] and attribute not in table.file.attrs
        and table.source.coverage.carries(kind, attribute)
    ]  # fmt: skip
    if never:
        yield (
            f"no column: {', '.join(never)}, which reports tell. What the source does not carry belongs "
            "under not_carried in the map; else each entry is said to leave it blank"
        )


def _shown_at_most(table: ColumnMap | None) -> Iterator[str]:
    """Yield how many entries of each kind a row can show, where a row is a record."""
    if table is None or not table.file.entries:
        return
    coverage = table.source.coverage
    most = sorted(each for each in coverage.at_most if each[0] not in coverage.kinds_missing)
    if not most:
        return
    yield (
        f"a row shows at most: {', '.join(f'{kind} {number}' for kind, number in most)}. Where all of them "
        "are filled in, what was due later is told of nobody. Of what kind there can be no more than "
        "that, name it under all_of in the map"
    )
