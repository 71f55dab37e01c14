"""`export`: custody records in another form, for other programs or for process mining."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from detention_monitor.columns import ColumnMap
from detention_monitor.commands.options import FILE, SET_ASIDE, rules_options
from detention_monitor.commands.output import Quarantine, private, target
from detention_monitor.detention import without_duplicates
from detention_monitor.entries import CustodyEvent
from detention_monitor.entriesout import map_path, write_csv, write_jsonl, write_parquet
from detention_monitor.exports import Case, Name, case_of, plain
from detention_monitor.ocel import write_ocel
from detention_monitor.partition import buckets_for, detentions, partition
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.records import Source
from detention_monitor.reports.pseudonym import Pseudonyms, read_key
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import Read, SetAside, read_entries
from detention_monitor.values import changed
from detention_monitor.xes import write_xes

LOGS = ("xes", "ocel")
ENTRIES = ("jsonl", "csv", "parquet")


@click.command("export")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--to", "form", type=click.Choice((*LOGS, *ENTRIES)), required=True,
    help="xes, ocel: event logs of detentions, corrected. jsonl, csv, parquet: entries as they are.",
)  # fmt: skip
@click.option("--out", type=FILE, required=True, help="File to write (readable by you only), or -.")
@click.option("--map", "columns", type=FILE, default=None, help="Column map for CSV files.")
@click.option("--with-text", is_flag=True, help="xes, ocel: free text too; names stand in it.")
@click.option(
    "--pseudonyms", "key", type=FILE, default=None, metavar="KEYFILE",
    help="xes, ocel: replace ids by pseudonyms made with this key; leaves out dates of birth.",
)  # fmt: skip
@click.option("--quarantine", type=FILE, default=None, help="Where lines go that are not taken.")
@rules_options
def export_command(
    paths: tuple[str, ...], *, form: str, out: Path, columns: Path | None, with_text: bool,
    key: Path | None, quarantine: Path | None, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Write custody records in another form: XES or OCEL 2.0 for process mining, CSV, Parquet."""
    if form in ENTRIES and (key is not None or with_text):
        raise click.UsageError("--pseudonyms and --with-text are of --to xes and --to ocel")
    if key is not None and with_text:
        raise click.UsageError("free text cannot be pseudonymised; leave out --with-text")
    to_stdout = str(out) == "-"
    if to_stdout and form in ("csv", "parquet"):
        raise click.UsageError(f"--to {form} needs a file to write; name it with --out")
    ruleset = load_rules(rules or bundled_rules(), policy)
    table = None if columns is None else ColumnMap.load(columns, ruleset.vocabulary)
    files = record_files(paths, csv_too=table is not None)
    beside = quarantine or (Path() if to_stdout else out.parent) / "quarantine.jsonl"
    files = [each for each in files if each == "-" or Path(each).absolute() != beside.absolute()]
    if not to_stdout and any(Path(each).absolute() == out.absolute() for each in files):
        raise click.UsageError(f"--out would overwrite the records in {out}")
    name = plain if key is None else Pseudonyms(read_key(key), "export").of
    with Quarantine(beside) as aside, target(None if to_stdout else out) as file:
        read = read_entries(files, ruleset.vocabulary, table)
        entries = taken(read, aside.put)
        if form == "xes":
            count = write_xes(_cases(read, files, ruleset, aside, name, with_text=with_text), file)
        elif form == "ocel":
            cases = _cases(read, files, ruleset, aside, name, with_text=with_text)
            count = write_ocel(cases, file, ruleset.vocabulary, with_text=with_text)
        elif form == "jsonl":
            count = write_jsonl(entries, file, ruleset.vocabulary)
        elif form == "parquet":
            count = write_parquet(entries, file, ruleset.vocabulary)
        else:
            count, text = write_csv([*entries], file, ruleset.vocabulary)
            with private(map_path(out)) as into:
                into.write(text.encode())
            click.echo(f"the column map that reads it: {map_path(out)}", err=True)
    click.echo(f"{count:,} entries written as {form}", err=True)
    if aside.count:
        sys.exit(SET_ASIDE)


def taken(
    read: Iterator[Read], aside: Callable[[SetAside], None]
) -> Iterator[tuple[CustodyEvent, Source]]:
    """Yield the entries; what is not taken goes to `aside`."""
    for got, source in read:
        if isinstance(got, SetAside):
            aside(got)
        else:
            yield got, source


def _cases(
    read: Iterator[Read],
    files: list[str],
    ruleset: RuleSet,
    aside: Quarantine,
    name: Name,
    *,
    with_text: bool,
) -> Iterator[Case]:
    """Yield the detentions, part by part, so that any amount of input fits in memory."""
    with tempfile.TemporaryDirectory(prefix="detention-monitor-") as folder:
        parts = partition(read, Path(folder), buckets_for(files), aside.put)
        for bucket in parts.buckets:
            for placed in detentions(bucket, parts.coverages):
                kept, _, _ = without_duplicates(placed.detention.entries)
                last = max(entry.at for entry in kept)
                tolerance = ruleset.parameters.value("late_entry_tolerance", last)
                once = changed(placed.detention, entries=tuple(kept))
                yield case_of(once, ruleset.vocabulary, tolerance, name=name, with_text=with_text)
