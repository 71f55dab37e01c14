"""`report`: the products of oversight. Statistics are here; others add themselves to the group."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import click

from detention_monitor import webpage
from detention_monitor.catalogue import load_catalogue
from detention_monitor.commands.options import FILE, FOLDER, SET_ASIDE, rules_options
from detention_monitor.commands.output import Quarantine, private, progress_line
from detention_monitor.errors import RecordError
from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.parquet import arrow_library
from detention_monitor.paths import bundled_rules
from detention_monitor.replay import replay
from detention_monitor.reports import daily, statistics, tidy, trend
from detention_monitor.reports.collect import Collected, Period, collected, write_rows
from detention_monitor.reports.figures import figures_of
from detention_monitor.reports.provenance import Provenance, inputs_of, night_in_words
from detention_monitor.reports.pseudonym import Pseudonyms, read_key
from detention_monitor.sources import record_files
from detention_monitor.text import several
from detention_monitor.times import local_text, parse_instant
from detention_monitor.wording import day_in_words

_WORDS = "detention_monitor.words"


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
    """Return the command that is running, as it could be typed again."""
    context: click.Context | None = click.get_current_context()
    words = [*(context.meta.get(_WORDS, ()) if context else ())]
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
    def asked(
        *, paths: tuple[str, ...], rules: Path | None, policy: Path | None, columns: Path | None,
        first: date | None, last: date | None, workers: int, **rest: Any,
    ) -> None:  # fmt: skip
        if first is not None and last is not None and last < first:
            raise click.UsageError(f"--to {last} is before --from {first}")
        files = record_files(paths, csv_too=columns is not None)
        settings = Settings(rules=rules or bundled_rules(), policy=policy, map=columns)
        command(given=Given(list(files), settings, Period(first, last), workers), **rest)

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
    "--outside",
    is_flag=True,
    help="For readers outside the force: small numbers hidden, others rounded.",
)
@click.option(
    "--rows",
    "with_rows",
    is_flag=True,
    help="Also one row for each detention; with --outside under pseudonyms.",
)
@click.option(
    "--key",
    type=FILE,
    default=None,
    help="File with the force's key for pseudonyms; it is not kept.",
)
@many_records
def statistics_command(
    *, given: Given, out: Path, outside: bool, with_rows: bool, key: Path | None
) -> None:
    """Count what is published of children in custody, and what partners need.

    Writes statistics.html (stands alone, fit to print), statistics.csv and statistics.parquet.
    """
    if with_rows and outside and key is None:
        raise click.UsageError("rows that leave the force need pseudonyms: give a key with --key")
    webpage.altair()  # what is not installed is said before hours of work, not after
    arrow_library()
    names = Pseudonyms(read_key(key), "report statistics") if key and outside else None
    with _judged(given, out, exact=not outside) as (found, provenance):
        figures = figures_of(found.rows())
        titles = {
            name: duty.title for name, duty in load_catalogue(given.settings.rules).duties.items()
        }
        told = statistics.Statistics.of(figures, titles, outside=outside)
        _write(out / "statistics.html", statistics.page(told, provenance).encode())
        lines = list(tidy.lines(told.show, told.stations, told.months))
        for path, write in (
            (out / "statistics.csv", tidy.write_csv), (out / "statistics.parquet", tidy.write_parquet),
        ):  # fmt: skip
            private(path).close()
            write(path, lines)
        if with_rows:
            for name in ("detentions.csv", "detentions.parquet"):
                private(out / name).close()
            write_rows(out, found.rows(), names)
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
@click.option(
    "--outside", is_flag=True, help="For readers outside the force: small numbers hidden."
)
@many_records
def trend_command(
    *, given: Given, out: Path, change: date | None, what: str, names: tuple[str, ...], outside: bool
) -> None:  # fmt: skip
    """Compare months, stations, and before with after a change, with intervals.

    Writes trend.html (stands alone, fit to print) and trend.csv. What an edit of rules would find on
    the same records, `rules impact` says.
    """
    if what and change is None:
        raise click.UsageError("--what says what changed on the day of --change; give that too")
    webpage.altair()
    with _judged(given, out, exact=not outside) as (found, provenance):
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
        figures = figures_of(found.rows())
        chosen = names or trend.USUAL
        told = trend.page(figures, provenance, chosen, change=parted, outside=outside)
        _write(out / "trend.html", told.encode())
        _write(out / "trend.csv", trend.as_csv(figures, chosen, outside=outside))
    click.echo(f"{out / 'trend.html'}", err=True)


@report_group.command("daily")
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
    children = daily.read_overnight(found.getvalue().splitlines())
    notes = (f"{several(tally.set_aside, 'line')} could not be read",) if tally.set_aside else ()
    provenance = Provenance(
        command_line(), ruleset_of(folder, policy).hash, inputs,
        f"the night before {day_in_words(morning)}, records as of {local_text(at)}",
        daily.definitions(night_in_words(ruleset_of(folder, policy).parameters)), notes,
    )  # fmt: skip
    _write(out, daily.page(morning, children, at, provenance).encode())
    click.echo(f"{out}: {len(children)} on the brief", err=True)
    if tally.set_aside:
        sys.exit(SET_ASIDE)


@contextmanager
def _judged(given: Given, out: Path, *, exact: bool) -> Iterator[tuple[Collected, Provenance]]:
    """Judge the records; give their rows and how the report is made. Ends with 3 if lines were set aside."""
    inputs = inputs_of(given.files)
    _refuse_overwriting(given.files, out)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Quarantine(out / "quarantine.jsonl") as aside, progress_line() as progress, collected(
        given.files, given.settings, given.period, set_aside=aside.put,
        workers=given.workers, progress=progress, beside=out,
    ) as found:  # fmt: skip
        outside = found.outside_period()
        notes = [
            f"{several(found.tally.set_aside, 'line')} could not be read, and in no figure"
        ] if found.tally.set_aside else []  # fmt: skip
        if outside:
            told = several(outside, "record") if exact else "records that"
            notes.append(f"{told} began outside the period, and in no figure")
        ruleset = ruleset_of(given.settings.rules, given.settings.policy)
        yield found, Provenance(
            command_line(), ruleset.hash, inputs, told_period(given.period),
            statistics.definitions(), tuple(notes),
                night_in_words(ruleset.parameters),
        )  # fmt: skip
    if found.tally.set_aside:
        click.echo(
            f"set aside: {several(found.tally.set_aside, 'line')}, see {aside.path}", err=True
        )
        sys.exit(SET_ASIDE)


def told_period(period: Period) -> str:
    """Return a period in words."""
    first = None if period.first is None else day_in_words(period.first)
    last = None if period.last is None else day_in_words(period.last)
    match first, last:
        case None, None:
            return "all records given"
        case _, None:
            return f"begun from {first}"
        case None, _:
            return f"begun up to {last}"
        case _:
            return f"begun from {first} to {last}"


def _refuse_overwriting(files: Sequence[str], out: Path) -> None:
    for each in files:
        if Path(each).resolve().parent == out.resolve():
            raise RecordError(f"{each} lies in {out}: write the report to a folder of its own")


def _write(path: Path, text: bytes) -> None:
    """Write a file that only its owner may read; it takes its name once it is complete."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with private(unfinished) as file:
        file.write(text)
    unfinished.replace(path)
