"""`report daily`: the brief of one morning."""

from __future__ import annotations

import sys
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

import click

from detention_monitor import other_force, webpage
from detention_monitor.commands.options import FILE, SET_ASIDE, rules_options
from detention_monitor.commands.output import Quarantine, check_folder, progress_line
from detention_monitor.commands.reports import ReportCommand, command_line, day, write_whole
from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.replay import replay
from detention_monitor.reports import daily
from detention_monitor.reports.provenance import (
    Provenance,
    inputs_of,
    night_in_words,
    unchanged,
)
from detention_monitor.text import several
from detention_monitor.times import local_text, parse_instant
from detention_monitor.wording import day_in_words


@click.command("daily", cls=ReportCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--date",
    "morning",
    callback=day,
    required=True,
    metavar="DAY",
    help="The morning of the meeting: the night that ended then.",
)
@click.option(
    "--at",
    "clock",
    default="07:00",
    show_default=True,
    metavar="HH:MM",
    help="Local time on that morning as of which the records are read.",
)
@click.option("--out", type=FILE, default=None, help="The page to write (default: daily-DAY.html).")
@click.option("--map", "columns", type=FILE, default=None, help="Column map for CSV and Parquet.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True)
@rules_options
def daily_command(
    *, paths: tuple[str, ...], morning: date, clock: str, out: Path | None, columns: Path | None,
    workers: int, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Brief the daily meeting on the children in custody overnight, on one page.

    Why each was there, what was missed, what was done well, and what to ask. Later entries are left
    out.
    """
    webpage.altair()
    try:
        at = parse_instant(f"{morning.isoformat()}T{clock}", "Europe/London")[-1]
    except ValueError as error:
        raise click.UsageError(f"--at {clock}: {error}") from error
    files = list(record_files(paths, csv_too=columns is not None))
    inputs = inputs_of(files)
    out = out or Path(f"daily-{morning.isoformat()}.html")
    check_folder("--out", out)
    folder = rules or bundled_rules()
    settings = Settings(
        rules=folder, policy=policy, map=columns, as_of=at,
        product=partial(daily.write_overnight, rules=folder, policy=policy),
    )  # fmt: skip
    found = BytesIO()
    with Quarantine(out.parent / "quarantine.jsonl") as aside, progress_line() as progress:
        tally = replay(
            files, settings, found, set_aside=aside.put, workers=workers, progress=progress
        )
    unchanged(files, inputs)
    children, last = daily.read_overnight(found.getvalue().splitlines())
    notes = (f"{several(tally.set_aside, 'line')} could not be read",) if tally.set_aside else ()
    provenance = Provenance(
        command_line(), ruleset_of(folder, policy).hash, inputs,
        f"the night before {day_in_words(morning)}, records as of {local_text(at)}",
        daily.definitions(night_in_words(ruleset_of(folder, policy).parameters)), notes,
        numbers=other_force.by_whom(
            ruleset_of(folder, policy).parameters, tally.cannot_tell[other_force.CODE]
        ),
    )  # fmt: skip
    write_whole(out, daily.page(morning, children, at, provenance, last).encode())
    click.echo(f"{out}: {len(children)} on the brief", err=True)
    for told in daily.summary(children, morning, at, last)[1:]:
        click.echo(told, err=True)
    if tally.set_aside:
        sys.exit(SET_ASIDE)


COMMANDS = (daily_command,)
