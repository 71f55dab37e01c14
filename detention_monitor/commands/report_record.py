"""`report record` and `report review`: the quality check of one record, and what a person holds of it."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detention_monitor import other_force
from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.columns import ColumnMap
from detention_monitor.commands.options import FILE, db_option, instant, rules_options
from detention_monitor.commands.output import check_folder, private, target
from detention_monitor.commands.records import gathered, is_of
from detention_monitor.commands.reports import ReportCommand, command_line
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import read_entries
from detention_monitor.text import printable, several
from detention_monitor.times import rfc3339

if TYPE_CHECKING:  # lazy: reviews need a database, pages the extra `reports`
    from detention_monitor.live.acts import Person
    from detention_monitor.live.reviews import Stored
    from detention_monitor.reports.record import RecordReport


def _detention(files: list[str], columns: Path | None, record: str | None, ruleset: RuleSet) -> (
    Detention
):  # fmt: skip
    """Return the one detention that is meant; raise `UsageError` where it is not clear which."""
    mapped = None if columns is None else ColumnMap.load(columns, ruleset.vocabulary)
    every = gathered(read_entries(files, ruleset.vocabulary, mapped))
    found = [each for each in every if record is None or is_of(each, record)]
    if not found:
        raise click.UsageError(f"no record {record} here" if record else "no records here")
    if len(found) > 1:
        some = ", ".join(printable(each.id, 40) for each in found[:5])
        raise click.UsageError(f"{len(found)} records here ({some}...); name one with --record")
    return found[0]


map_option = click.option(
    "--map", "columns", type=FILE, default=None, help="Column map for CSV and Parquet."
)


def _judged(detention: Detention, ruleset: RuleSet, as_of: int | None) -> Assessment:
    at = end_of(detention, ruleset) if as_of is None else as_of
    result = assess(detention, ruleset, at, backend=DurableBackend(ruleset.plan))
    if result.refused is not None:
        because = printable(result.refused_because)
        raise click.ClickException(f"{printable(detention.id)} is not judged: {because}")
    return result


@click.command("record", cls=ReportCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--record", default=None, help="Which record (as CR-0001, or 44/CR-0001).")
@click.option("--at", "as_of", callback=instant, help="As of this time (default: its last entry).")
@click.option("--out", type=FILE, default=None, help="The page (default: standard output).")
@click.option("--form", type=FILE, default=None, help="Write a review form to fill, and no page.")
@db_option
@map_option
@rules_options
def record_command(
    paths: tuple[str, ...], *, record: str | None, as_of: int | None, out: Path | None,
    form: Path | None, db: str | None, columns: Path | None, rules: Path | None,
    policy: Path | None,
) -> None:  # fmt: skip
    """Make the quality check of one record: a page for the reviewer and the officers.

    Each of the 32 questions is answered by rules, or left to a person with the entries to read.
    With --db it shows the reviews stored there (and logs that somebody looked).
    """
    from detention_monitor.reports.form import blank_form
    from detention_monitor.reports.provenance import Provenance, inputs_of, unchanged
    from detention_monitor.reports.record import Reporter
    from detention_monitor.reports.record_page import DEFINITIONS, record_page

    check_folder("--out", out)
    check_folder("--form", form)
    folder = rules or bundled_rules()
    ruleset = load_rules(folder, policy)
    files = record_files(paths, csv_too=columns is not None)
    inputs = inputs_of(files)
    detention = _detention(files, columns, record, ruleset)
    unchanged(files, inputs)
    result = _judged(detention, ruleset, as_of)
    reporter = Reporter(ruleset, folder)
    report = reporter.report(result, detention)
    options = _options(rules=rules, policy=policy, map=columns)
    if form is not None:
        asked = [*report.concerns, *report.praise]
        text = blank_form(result, ruleset.hash, asked, report.answers)
        with private(form) as file:
            file.write(text.encode())
        then = shlex.join([str(form), *paths, *options, "--db", db or "reviews.db"])
        click.echo(f"{form}: fill it, then: detention-monitor report review {then}", err=True)
        return
    made = Provenance(
        command_line(), ruleset.hash, inputs,
        period=f"one record, judged as of its last entry: {report.result.detention}"
        if as_of is None else f"one record, judged as of the time given: {detention.id}",
        definitions=DEFINITIONS,
        numbers=other_force.by_whom(
            ruleset.parameters, sum(each.rule == other_force.CODE for each in result.findings)
        ),
    )  # fmt: skip
    page = record_page(
        report, made, reviews=_reviews(db, detention, report), names=reporter.names(result),
        paths=paths, options=options, at=() if as_of is None else ("--at", rfc3339(as_of)),
        db=db or "reviews.db",
    )  # fmt: skip
    with target(out) as file:
        file.write(page.encode())
    _summary(report)


def _options(**given: Path | None) -> list[str]:
    """Return options by which the same record is judged again the same way."""
    return [word for name, path in given.items() if path for word in (f"--{name}", str(path))]


def _summary(report: RecordReport) -> None:
    counts = [f"{report.count(each)} {each}" for each in ("critical", "high", "medium", "info")]
    click.echo(
        f"{printable(report.child.name)}: {', '.join(counts)}; {len(report.praise)} of good practice",
        err=True,
    )


def _reviews(db: str | None, detention: Detention, report: RecordReport) -> list[Stored]:
    if db is None:
        return []
    from detention_monitor.live.access import note
    from detention_monitor.live.acts import Person
    from detention_monitor.live.reviews import reviews
    from detention_monitor.live.store import Store

    store = Store.open(db, create=False)
    try:
        note(
            store, Person.here(), int(time.time()), "exported", detention=detention.id,
            detail=f"report record, as of {report.result.as_of}",
        )  # fmt: skip
        return list(reviews(store, detention=detention.id))
    finally:
        store.close()


@click.command("review", cls=ReportCommand)
@click.argument("form", type=FILE)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--as", "name", default=None, help="Who reviewed (default: the form's reviewer, else you)."
)
@db_option
@map_option
@rules_options
def review_command(
    form: Path, paths: tuple[str, ...], *, name: str | None, db: str | None, columns: Path | None,
    rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Store a review: the grade, and agreement or not with each finding, with name and reason.

    FORM comes from `report record --form`, or was saved from the page of `report record`; PATH are the records it was made of, which are judged
    again, so that what is stored is what was found. --db is a live store, or a file of its own.
    """
    from detention_monitor.live.reviews import keep
    from detention_monitor.live.store import Store
    from detention_monitor.reports.form import read_form, review_of
    from detention_monitor.reports.record import Reporter

    if db is None:
        raise click.UsageError(
            "--db names the store: a file (made if need be), or postgresql://..."
        )
    filled = read_form(form)
    folder = rules or bundled_rules()
    ruleset = load_rules(folder, policy)
    files = record_files(paths, csv_too=columns is not None)
    detention = _detention(files, columns, filled.detention, ruleset)
    result = _judged(detention, ruleset, filled.as_of)
    report = Reporter(ruleset, folder).report(result, detention)
    review = review_of(filled, ruleset.hash, result.findings, report.answers)
    store = Store.open(db)
    try:
        who = person(name or filled.reviewer.strip() or None)
        number = keep(store, who, int(time.time()), review)
    finally:
        store.close()
    grade = f"graded {review.grade.replace('_', ' ')}, " if review.grade else ""
    click.echo(
        f"row {number}: {grade}{several(len(review.verdicts), 'finding')} and "
        f"{several(len(review.answers), 'question')} of {printable(detention.id)}", err=True,
    )  # fmt: skip


def person(name: str | None) -> Person:
    """Return who acts: the user of the operating system, or a name that was typed."""
    from detention_monitor.live.acts import Person

    return Person.here() if name is None else Person.typed(name)


COMMANDS = (record_command, review_command)
