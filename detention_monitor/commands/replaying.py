"""`replay`: custody records in, findings out, a summary on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from detention_monitor.commands.options import FILE, FOUND, SET_ASIDE, instant, rules_options
from detention_monitor.commands.output import Quarantine, progress_line, target
from detention_monitor.findings import SEVERITIES
from detention_monitor.paths import bundled_rules
from detention_monitor.render import FORMATS, heading
from detention_monitor.replay import Settings, Tally, replay
from detention_monitor.sources import record_files


@click.command("replay")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@rules_options
@click.option(
    "--map", "columns", type=FILE, default=None, help="Column map by which CSV files are read."
)
@click.option(
    "--as-of", callback=instant, help="Judge as of this time; later entries are left out."
)
@click.option("--as-known", is_flag=True, help="Use only what had been recorded by each instant.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=FILE, default=None, help="Write results here (readable by you only).")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes to judge with; the output is the same for any number.",
)
@click.option(
    "--fail-on",
    type=click.Choice(tuple(reversed(SEVERITIES))),
    default=None,
    help="Exit with 1 if a concern at or above this severity was found.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Show duties met, excused, lapsed, open too."
)
@click.option(
    "--quarantine",
    type=FILE,
    default=None,
    help="Where lines go that could not be read (default: beside --out, or here).",
)
def replay_command(
    paths: tuple[str, ...], *, rules: Path | None, policy: Path | None, columns: Path | None,
    as_of: int | None, as_known: bool, form: str, out: Path | None, workers: int, fail_on: str | None,
    everything: bool, quarantine: Path | None,
) -> None:  # fmt: skip
    """Judge custody records: files of JSON lines or CSV (.gz too), folders of them, - for stdin."""
    files = record_files(paths, csv_too=columns is not None)
    settings = Settings(
        rules=rules or bundled_rules(),
        policy=policy,
        as_of=as_of,
        reading="as_known" if as_known else "as_happened",
        format=form,
        map=columns,
        all=everything,
        colour=out is None and form == "table" and sys.stdout.isatty() and _colours(),
    )
    beside = quarantine or (out.parent if out else Path()) / "quarantine.jsonl"
    if quarantine is None:  # what an earlier run set aside is no record of this one
        files = [each for each in files if each == "-" or not _same(Path(each), beside)]
    for each in files:
        for target_path, option in ((out, "--out"), (quarantine, "--quarantine")):
            if each != "-" and target_path is not None and _same(Path(each), target_path):
                raise click.UsageError(f"{option} would overwrite the records in {each}")
    with Quarantine(beside) as aside, target(out) as into, progress_line() as progress:
        into.write(heading(form))
        tally = replay(
            files, settings, into, set_aside=aside.put, workers=workers, progress=progress
        )
        into.flush()
    for line in summary(tally, beside if aside.count else None):
        click.echo(line, err=True)
    if fail_on is not None and tally.worst_at_least(fail_on):  # type: ignore[arg-type]
        sys.exit(FOUND)
    if tally.set_aside:
        sys.exit(SET_ASIDE)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _colours() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def summary(tally: Tally, quarantine: Path | None) -> Iterator[str]:
    """Yield the lines that close a run, for stderr."""
    judged = tally.detentions - tally.refused.total()
    again = f", {tally.duplicates:,} sent twice" if tally.duplicates else ""
    yield f"{tally.entries:,} entries{again}, {judged:,} detentions judged, {tally.found.total():,} concerns found"
    duties = sorted({duty for duty, _ in tally.found})
    if duties:
        yield f"  {'duty':<24}" + "".join(f"{name:>10}" for name in reversed(SEVERITIES))
    for duty in duties:
        counts = [tally.found[duty, name] for name in reversed(SEVERITIES)]
        yield f"  {duty:<24}" + "".join(f"{count or '.':>10}" for count in counts)
    if tally.good:
        yield f"  good practice: {tally.good:,}"
    if tally.cannot_tell:
        told = ", ".join(f"{duty} {count:,}" for duty, count in sorted(tally.cannot_tell.items()))
        yield f"  cannot tell: {told}"
    for code, count in sorted(tally.refused.items()):
        yield f"  refused, {code}: {count:,}"
    if tally.by_reference:
        yield f"  judged by the reference interpreter after the engine failed: {tally.by_reference:,}"
    if quarantine is not None:
        yield f"  set aside: {tally.set_aside:,} lines, see {quarantine}"
