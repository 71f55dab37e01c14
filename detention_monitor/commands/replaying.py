"""`replay`: custody records in, findings out, a summary on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import BinaryIO

import click

from detention_monitor import other_force
from detention_monitor.commands.engines import engine_option
from detention_monitor.commands.options import FILE, FOUND, SET_ASIDE, instant, rules_options
from detention_monitor.commands.output import (
    Quarantine,
    check_places,
    kept,
    progress_line,
    target,
)
from detention_monitor.findings import SEVERITIES
from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.parquet import FindingsWriter
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import passed_over, record_files
from detention_monitor.render import FORMATS, heading
from detention_monitor.replay import replay, replay_grouped
from detention_monitor.results import Tally
from detention_monitor.runrecord import now_utc, write_record
from detention_monitor.tables import WIDTH
from detention_monitor.text import printable

PARQUET = "parquet"
"""The format that is made of whole rows, not line by line: from the JSON lines, at the end."""


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
@click.option(
    "--format", "form", type=click.Choice((*FORMATS, PARQUET)), default="table", show_default=True
)
@click.option("--out", type=FILE, default=None, help="Write results here (readable by you only).")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes to judge with; the output is the same for any number.",
)
@engine_option
@click.option(
    "--check",
    "checked",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="PERCENT",
    help="With --engine compiled: how many detentions durable_rules judges as well.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which detentions those are.")
@click.option(
    "--scheduler",
    default=None,
    metavar="ADDRESS",
    help="Judge on the workers of dask.distributed (tcp://host:8786) that see these files.",
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
@click.option(
    "--resume", is_flag=True, help="Go on with a run of this command that was stopped (--out)."
)
@click.option(
    "--grouped",
    is_flag=True,
    help="The input comes one detention after another: judge it as it is read, and keep no copy.",
)
def replay_command(
    paths: tuple[str, ...], *, rules: Path | None, policy: Path | None, columns: Path | None,
    as_of: int | None, as_known: bool, form: str, out: Path | None, workers: int, fail_on: str | None,
    everything: bool, quarantine: Path | None, resume: bool, grouped: bool, engine: str,
    checked: float, seed: int, scheduler: str | None,
) -> None:  # fmt: skip
    """Judge custody records: JSON lines or CSV (.gz too), Parquet, folders of them, - for stdin."""
    if form == PARQUET and out is None:
        raise click.UsageError("Parquet is written to a file; name it with --out")
    if grouped:
        _as_it_reads(resume=resume, scheduler=scheduler)
    begun = now_utc()
    files = record_files(paths, csv_too=columns is not None)
    settings = Settings(
        rules=rules or bundled_rules(),
        policy=policy,
        as_of=as_of,
        reading="as_known" if as_known else "as_happened",
        format="jsonl" if form == PARQUET else form,
        map=columns,
        all=everything,
        colour=out is None and form == "table" and sys.stdout.isatty() and _colours(),
        engine=engine,
        checked=checked,
        seed=seed,
    )
    beside = quarantine or (out.parent if out else Path()) / "quarantine.jsonl"
    check_places(out, beside)
    for told in passed_over(paths, csv_too=columns is not None):
        click.echo(told, err=True)
    if quarantine is None:  # what an earlier run set aside is no record of this one
        files = [each for each in files if each == "-" or not _same(Path(each), beside)]
    _spare(files, {"--out": out, "--quarantine": quarantine})
    with (
        kept(None if grouped else out, files, resume=resume) as state,
        Quarantine(beside) as aside,
        target(out) as file,
        _written_as(form, file) as into,
        progress_line() as progress,
    ):
        if grouped:
            beside_out = None if out is None else out.parent
            tally = replay_grouped(
                files, settings, into, set_aside=aside.put, workers=workers, progress=progress,
                beside=beside_out,
            )  # fmt: skip
        else:
            tally = replay(
                files, settings, into, set_aside=aside.put, workers=workers, progress=progress,
                state=state, scheduler=scheduler,
            )  # fmt: skip
        into.flush()
    if out is not None:
        write_record(out, files, settings, tally, begun=begun, form=form, scheduler=scheduler)
    whose = ruleset_of(settings.rules, settings.policy).parameters.whose
    for line in summary(tally, beside if aside.count else None, engine, whose):
        click.echo(line, err=True)
    if fail_on is not None and tally.worst_at_least(fail_on):  # type: ignore[arg-type]
        sys.exit(FOUND)
    if tally.set_aside:
        sys.exit(SET_ASIDE)


@contextmanager
def _written_as(form: str, file: BinaryIO) -> Iterator[BinaryIO]:
    """Give what takes rendered results and writes them to a file in a format."""
    if form == PARQUET:
        with FindingsWriter(file) as into:
            yield into
        return
    file.write(heading(form))
    yield file


def _as_it_reads(*, resume: bool, scheduler: str | None) -> None:
    """Raise an error for what cannot be done by judging detentions as they are read."""
    if resume:
        raise click.UsageError("--grouped keeps nothing on disk that --resume could go on with")
    if scheduler:
        raise click.UsageError("--grouped judges as it reads; leave it out with --scheduler")


def _spare(files: Sequence[str], targets: Mapping[str, Path | None]) -> None:
    """Raise an error where an option would write over the records."""
    for each in files:
        for option, path in targets.items():
            if each != "-" and path is not None and _same(Path(each), path):
                raise click.UsageError(f"{option} would overwrite the records in {each}")


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _colours() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def summary(
    tally: Tally, quarantine: Path | None, engine: str = "durable", whose: str = ""
) -> Iterator[str]:
    """Yield the lines that close a run, for stderr; `whose` policy it was judged by, if by any."""
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
        # A duty and its number stay together: text is not broken at a blank of this kind.
        told = ", ".join(
            f"{duty}\xa0{count:,}" for duty, count in sorted(tally.cannot_tell.items())
        )
        lines = wrap(f"  cannot tell: {told}", WIDTH, subsequent_indent="    ")
        yield from (line.replace("\xa0", " ") for line in lines)
    for code, count in sorted(tally.refused.items()):
        yield f"  refused, {code}: {count:,}"
    if whose:
        yield f"  judged by the numbers of {printable(whose)}"
    if others := tally.cannot_tell[other_force.CODE]:
        yield f"  of another force than these numbers are: {others:,}; steps of policy are not theirs"
    if engine == "compiled":
        yield f"  judged by the compiled back-end; of {tally.checked:,} durable_rules said the same"
    elif engine == "reference":
        yield "  judged by the reference interpreter"
    elif tally.by_reference:
        yield f"  judged by the reference interpreter after the engine failed: {tally.by_reference:,}"
    if quarantine is not None:
        yield f"  set aside: {tally.set_aside:,} lines, see {quarantine}"
