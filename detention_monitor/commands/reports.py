"""`report`: the products of oversight. Statistics are here; others add themselves to the group."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from detention_monitor import other_force, webpage
from detention_monitor.catalogue import load_catalogue
from detention_monitor.commands.leaving import (
    FORCE_ONLY,
    Outward,
    folder_of_its_own,
    leaves_the_force,
    registered,
)
from detention_monitor.commands.options import FILE, FOLDER, SET_ASIDE, rules_options
from detention_monitor.commands.output import Quarantine, kept, private, progress_line
from detention_monitor.errors import RecordError
from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.parquet import arrow_library
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.reports import statistics, tidy, trend
from detention_monitor.reports.collect import (
    Collected,
    Period,
    collected,
    told_period,
    write_rows,
)
from detention_monitor.reports.figures import figures_of
from detention_monitor.reports.provenance import (
    MADE,
    Input,
    Provenance,
    inputs_of,
    night_in_words,
    unchanged,
)
from detention_monitor.reports.pseudonym import Pseudonyms, read_key
from detention_monitor.text import several

_WORDS = "detention_monitor.words"
UNDER_AGREEMENT = "rows_under_agreement"
"""The folder of rows for a partner, which are never published, least of all beside tables."""
_READ_FIRST = """\
One row for each child's detention, under a pseudonym. These are personal data: whoever knows a child
can find the row. For a partner with whom the force has an agreement on sharing data; not to be
published, and not to be given to a reader of the tables (statistics.*): every number that is hidden
there can be counted here.
"""


class ReportCommand(click.Command):
    """A command that remembers the words it was given: a report prints how it was made."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words, then read them as any command does."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, args)


class ReportGroup(click.Group):
    """The group whose commands are `ReportCommand`s."""

    command_class = ReportCommand


def command_line() -> str:
    """Return the command that is running, as it could be typed again; whether it was resumed is no part."""
    context: click.Context | None = click.get_current_context()
    given = context.meta.get(_WORDS, ()) if context else ()
    words = [each for each in given if each != "--resume"]
    while context is not None and context.parent is not None:
        words.insert(0, context.info_name or "")
        context = context.parent
    return shlex.join(["detention-monitor", *words])


@click.group("report", cls=ReportGroup)
def report_group() -> None:
    """Make the products of oversight: statistics, trends, the daily brief, reports on records."""


def day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    """Return a day given as an option."""
    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise click.BadParameter(f"'{value}' is not a day; write 2024-09-13") from error


class Given(NamedTuple):
    """What every report over many records is asked with."""

    files: list[str]
    settings: Settings
    period: Period
    workers: int
    resume: bool = False


def many_records(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command records to read, and its rules, column map, period and workers as one value."""

    @rules_options
    @click.argument("paths", nargs=-1, required=True, metavar="PATH...")
    @click.option(
        "--map", "columns", type=FILE, default=None, help="Column map for CSV and Parquet."
    )
    @click.option(
        "--from", "first", callback=day, metavar="DAY", help="First day on which detention began."
    )
    @click.option(
        "--to", "last", callback=day, metavar="DAY", help="Last such day, itself included."
    )
    @click.option(
        "--workers",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        help="Processes to judge with; the report is the same for any number.",
    )
    @click.option(
        "--resume", is_flag=True, help="Go on with a run of this report that was stopped."
    )
    def asked(
        *, paths: tuple[str, ...], rules: Path | None, policy: Path | None, columns: Path | None,
        first: date | None, last: date | None, workers: int, resume: bool, **rest: Any,
    ) -> None:  # fmt: skip
        if first is not None and last is not None and last < first:
            raise click.UsageError(f"--to {last} is before --from {first}")
        files = record_files(paths, csv_too=columns is not None)
        settings = Settings(rules=rules or bundled_rules(), policy=policy, map=columns)
        command(given=Given(list(files), settings, Period(first, last), workers, resume), **rest)

    asked.__name__ = command.__name__
    asked.__doc__ = command.__doc__
    asked.__click_params__ = [  # type: ignore[attr-defined]
        *getattr(command, "__click_params__", []), *asked.__click_params__,  # type: ignore[attr-defined]
    ]  # fmt: skip
    return asked


@report_group.command("statistics")
@click.option(
    "--out", type=FOLDER, required=True, help="Folder for the page and the files beside it."
)
@click.option(
    "--rows",
    "with_rows",
    is_flag=True,
    help="Also one row for each detention; with --outside under pseudonyms, in a folder apart.",
)
@click.option(
    "--key",
    type=FILE,
    default=None,
    help="File with the force's key for pseudonyms; it is not kept.",
)
@leaves_the_force
@many_records
def statistics_command(
    *, given: Given, leaving: Outward, out: Path, with_rows: bool, key: Path | None
) -> None:
    """Count what is published of children in custody, and what partners need.

    Writes statistics.html (stands alone, fit to print), statistics.csv and statistics.parquet.
    """
    outside = leaving.outside
    if with_rows and outside and key is None:
        raise click.UsageError("rows that leave the force need pseudonyms: give a key with --key")
    webpage.altair()  # what is not installed is said before hours of work, not after
    arrow_library()
    names = Pseudonyms(read_key(key), "report statistics") if key and outside else None
    command = "detention-monitor report statistics RECORDS --outside --out FOLDER"
    with _judged(given, out, leaving, command) as (found, provenance):
        figures = figures_of(found.rows())
        titles = {
            name: duty.title for name, duty in load_catalogue(given.settings.rules).duties.items()
        }
        told = statistics.Statistics.of(figures, titles, outside=outside)
        write_whole(out / "statistics.html", statistics.page(told, provenance).encode())
        for name in ("statistics.csv", "statistics.parquet"):
            private(out / name).close()
        tidy.write(out, tidy.lines(told.show, told.stations, told.months))
        if with_rows:
            folder = out / UNDER_AGREEMENT if outside else out
            folder.mkdir(mode=0o700, exist_ok=True)
            for name in ("detentions.csv", "detentions.parquet"):
                private(folder / name).close()
            write_rows(folder, found.rows(), names)
            if outside:
                write_whole(folder / "READ_FIRST.txt", _READ_FIRST.encode())
    click.echo(f"{out / 'statistics.html'}", err=True)


@report_group.command("trend")
@click.option(
    "--out", type=FOLDER, required=True, help="Folder for the page and the file beside it."
)
@click.option(
    "--change",
    callback=day,
    metavar="DAY",
    help="Compare what began before this day with the rest.",
)
@click.option("--what", default="", help="What changed on that day, for the heading.")
@click.option(
    "--figure",
    "names",
    multiple=True,
    type=click.Choice(trend.NAMES),
    help="Only these (default: a dozen).",
)
@leaves_the_force
@many_records
def trend_command(
    *, given: Given, leaving: Outward, out: Path, change: date | None, what: str,
    names: tuple[str, ...],
) -> None:  # fmt: skip
    """Compare months, stations, and before with after a change, with intervals.

    Writes trend.html (stands alone, fit to print) and trend.csv. What an edit of rules would find on
    the same records, `rules impact` says.
    """
    if what and change is None:
        raise click.UsageError("--what says what changed on the day of --change; give that too")
    outside = leaving.outside
    webpage.altair()
    command = "detention-monitor report trend RECORDS --outside --out FOLDER"
    with _judged(given, out, leaving, command) as (found, provenance):
        parted = None
        if change is not None:
            first = change.isoformat()
            before, after = (
                figures_of(row for row in found.rows() if (row.day >= first) is later)
                for later in (False, True)
            )
            parted = trend.Change(
                change, what or "what changed was not said (--what)", before, after
            )
            if told := parted.one_sided():
                click.echo(f"--change {change}: {told} Records: {provenance.period}", err=True)
        figures = figures_of(found.rows())
        chosen = names or trend.USUAL
        told = trend.page(figures, provenance, chosen, change=parted, outside=outside)
        write_whole(out / "trend.html", told.encode())
        write_whole(out / "trend.csv", trend.as_csv(figures, chosen, outside=outside))
    click.echo(f"{out / 'trend.html'}", err=True)


@contextmanager
def _judged(
    given: Given, out: Path, leaving: Outward, command: str
) -> Iterator[tuple[Collected, Provenance]]:
    """Judge the records; give their rows and how the report is made. Ends with 3 if lines were set aside.

    A report that leaves the force is looked up in the register before and written down after;
    `command` stands for the command on its page, and what must stay goes to `force_only`.
    """
    inputs = inputs_of(given.files)
    _refuse_overwriting(given.files, out)
    folder_of_its_own(out, outside=leaving.outside)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    stays = force_only(out) if leaving.outside else out
    with kept(out, given.files, resume=given.resume) as state:
        assert state is not None  # `inputs_of` refuses what is no file
        with Quarantine(stays / "quarantine.jsonl") as aside, progress_line() as progress, collected(
            given.files, given.settings, given.period, set_aside=aside.put,
            workers=given.workers, progress=progress, state=state,
        ) as found:  # fmt: skip
            unchanged(given.files, inputs)
            made = _made(found, given, inputs, outside=leaving.outside)
            with registered(found.rows(), made, leaving) as notes:
                if leaving.outside:
                    told = [*made.lines(), *(("register", each) for each in notes)]
                    write_whole(stays / MADE, "".join(f"{a}: {b}\n" for a, b in told).encode())
                yield found, made.nameless(command) if leaving.outside else made
    if found.tally.set_aside:
        click.echo(
            f"set aside: {several(found.tally.set_aside, 'line')}, see {aside.path}", err=True
        )
        sys.exit(SET_ASIDE)


def _made(
    found: Collected, given: Given, inputs: tuple[Input, ...], *, outside: bool
) -> Provenance:
    """Return how a report of rows is made; outside the force a few records are not counted aloud."""
    notes = []
    if found.tally.set_aside:
        notes.append(f"{several(found.tally.set_aside, 'line')} could not be read: in no figure")
    begun = found.begun()
    if begun.outside:
        told = "records" if outside else several(begun.outside, "record")
        notes.append(f"{told} began outside the period: in no figure")
    period = told_period(given.period, begun.first, begun.last, to_the_month=outside)
    ruleset = ruleset_of(given.settings.rules, given.settings.policy)
    return Provenance(
        command_line(), ruleset.hash, inputs, period, statistics.definitions(),
        tuple(notes), night_in_words(ruleset.parameters),
        other_force.by_whom(ruleset.parameters, found.tally.cannot_tell[other_force.CODE]),
    )  # fmt: skip


def force_only(out: Path) -> Path:
    """Return the folder, made if need be, for what must not leave the force with the rest of `out`."""
    folder = out / FORCE_ONLY
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _refuse_overwriting(files: Sequence[str], out: Path) -> None:
    for each in files:
        if Path(each).resolve().parent == out.resolve():
            raise RecordError(f"{each} lies in {out}: write the report to a folder of its own")


def write_whole(path: Path, text: bytes) -> None:
    """Write a file that only its owner may read; it takes its name once it is complete."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with private(unfinished) as file:
        file.write(text)
    unfinished.replace(path)
