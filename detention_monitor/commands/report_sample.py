"""`report sample`, `report answers`, `report agreement`: a dip sample, and what its reviewers say."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from detention_monitor import other_force
from detention_monitor.assess import assess, end_of
from detention_monitor.columns import ColumnMap
from detention_monitor.commands.options import FILE, FOLDER, SET_ASIDE, db_option
from detention_monitor.commands.output import (
    Quarantine,
    check_folder,
    kept,
    private,
    progress_line,
    target,
)
from detention_monitor.commands.records import gathered
from detention_monitor.commands.report_record import person
from detention_monitor.commands.reports import (
    Given,
    ReportCommand,
    command_line,
    many_records,
)
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.judging import Product, ruleset_of
from detention_monitor.links import record_name
from detention_monitor.paths import bundled_rules
from detention_monitor.questions import load_questions
from detention_monitor.replay import replay
from detention_monitor.reports.collect import told_period
from detention_monitor.reports.provenance import Input, Provenance, inputs_of, unchanged
from detention_monitor.reports.sampling import (
    BY,
    Candidate,
    Drawn,
    draw,
    read_candidates,
    stratum_of,
    write_candidate,
)
from detention_monitor.results import Tally
from detention_monitor.rulefile import RuleSet
from detention_monitor.runstate import MADE
from detention_monitor.sources import read_entries
from detention_monitor.text import several
from detention_monitor.yamlfile import suggestion

if TYPE_CHECKING:  # lazy: reviews need a database
    from detention_monitor.live.reviews import Stored
    from detention_monitor.reports.record import Reporter
    from detention_monitor.reports.sample import Kept

DEFAULT_BY = "station,overnight,severity"


@contextmanager
def lines_made(
    given: Given, product: Product, out: Path, aside_in: Path
) -> Iterator[tuple[Path, Tally]]:
    """Judge the records and give a file with a line of each that `product` made.

    Meanwhile the run is kept beside the folder `out`. Lines that were set aside go to
    `quarantine.jsonl` in the folder `aside_in`; ends with 3 if any.
    """
    settings = replace(given.settings, product=product)
    with kept(out, given.files, resume=given.resume) as state:
        assert state is not None  # reports are made of files
        path = state.folder / MADE
        with (
            Quarantine(aside_in / "quarantine.jsonl") as aside,
            progress_line() as progress,
            path.open("wb") as file,
        ):
            tally = replay(
                given.files, settings, file, set_aside=aside.put, workers=given.workers,
                progress=progress, state=state,
            )  # fmt: skip
        yield path, tally
    if tally.set_aside:
        click.echo(f"set aside: {several(tally.set_aside, 'line')}, see {aside.path}", err=True)
        sys.exit(SET_ASIDE)


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with private(path) as file:
        file.write(text.encode())


def _by(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(each.strip() for each in value.split(",") if each.strip())
    for each in names:
        if each not in BY:
            hint = suggestion(each, list(BY)) or f"; known: {', '.join(BY)}"
            raise click.BadParameter(f"nothing to stratify by is called '{each}'{hint}")
    return names


@click.command("sample", cls=ReportCommand)
@click.option("--size", type=click.IntRange(1, 2_000), required=True, help="Records to draw.")
@click.option("--seed", required=True, help="Any words; the same seed draws the same records.")
@click.option(
    "--by", callback=_by, default=DEFAULT_BY, show_default=True,
    help=f"Stratify by these, with commas: {', '.join(BY)}.",
)  # fmt: skip
@click.option("--out", type=FOLDER, required=True, help="A new folder for the sample.")
@many_records
def sample_command(*, given: Given, size: int, seed: str, by: tuple[str, ...], out: Path) -> None:
    """Draw records for people to review, with redacted copies and a sheet of questions.

    Writes OUT/for_reviewers (a copy of each record without name, reference, date or free text, with the
    questions beside it to be answered in a browser; the questions for paper; a table for the answers), and for the force alone sample.html and key.json.
    """
    from detention_monitor.reports import sample
    from detention_monitor.reports.record import Reporter

    before = {each.name for each in out.iterdir()} if out.exists() else set()
    if before - ({"quarantine.jsonl"} if given.resume else set()):
        raise click.UsageError(f"{out} is not empty; a sample needs a folder of its own")
    inputs = inputs_of(given.files)
    ruleset = ruleset_of(given.settings.rules, given.settings.policy)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lines_made(given, write_candidate, out, out) as (path, tally):
        unchanged(given.files, inputs)
        by = _few_enough(path, given, by, size)
        drawn, strata = draw(_candidates(path, given), size, seed, by)
        reviewers = out / sample.FOR_REVIEWERS
        reporter = Reporter(ruleset, given.settings.rules)
        kept = list(_copies(drawn, seed, given, inputs, reporter, reviewers))
        write(reviewers / "questions.html", sample.questions_page(reporter.check, drawn[0].name))
        write(reviewers / sample.ANSWERS, sample.blank_answers(drawn, reporter.check))
        key = sample.SampleKey(seed, ruleset.hash, tuple(kept))
        write(out / sample.KEY, sample.encoded(key))
        left = f"{several(tally.set_aside, 'line')} could not be read: in no record"
        made = Provenance(
            command_line(), ruleset.hash, inputs, told_period(given.period),
            sample.DEFINITIONS, (f"seed: {seed}", *([left] if tally.set_aside else [])),
            numbers=other_force.by_whom(ruleset.parameters, tally.cannot_tell[other_force.CODE]),
        )  # fmt: skip
        write(out / "sample.html", sample.method_page(strata, drawn, by, made, str(out)))
    whole = sum(each.population for each in strata)
    click.echo(f"{len(drawn)} of {several(whole, 'record')}: {reviewers}", err=True)


def _candidates(path: Path, given: Given) -> Iterator[Candidate]:
    with path.open("rb") as lines:
        yield from (each for each in read_candidates(lines) if each.row.day in given.period)


def _few_enough(path: Path, given: Given, by: tuple[str, ...], size: int) -> tuple[str, ...]:
    """Return what to stratify by: of the default as much as leaves a record for each stratum."""
    if click.get_current_context().get_parameter_source("by") is not ParameterSource.DEFAULT:
        return by
    kept = by
    while kept and len({stratum_of(each, kept) for each in _candidates(path, given)}) > size:
        kept = kept[:-1]
    if kept != by:
        said = ", ".join(kept) or "nothing"
        click.echo(f"a sample of {size} is stratified by {said}; draw more for the rest", err=True)
    return kept


def _copies(
    drawn: list[Drawn],
    seed: str,
    given: Given,
    inputs: Sequence[Input],
    reporter: Reporter,
    folder: Path,
) -> Iterator[Kept]:
    """Write the copy of each drawn record, and yield it with what the rules answer."""
    from detention_monitor.boards.child import child_of
    from detention_monitor.reports import sample
    from detention_monitor.reports.redaction import Redactor
    from detention_monitor.wording import Wording

    ruleset = reporter.ruleset
    redactor = Redactor(ruleset.vocabulary, Wording.load(given.settings.rules))
    found = _detentions(drawn, given, ruleset)
    unchanged(given.files, inputs)  # they were read a second time
    folder.mkdir(mode=0o700)
    backend = DurableBackend(ruleset.plan)
    name = sample.sample_id(seed, ruleset.hash, drawn)
    for each in drawn:
        detention = found[each.detention]
        result = assess(detention, ruleset, end_of(detention, ruleset), backend=backend)
        child = child_of(result, detention, ruleset.parameters)
        copy = redactor.copy(each.name, child.facts, detention.entries, result.age)
        page = sample.copy_page(copy, reporter.check, name, child.coverage.kinds_missing)
        write(folder / f"{each.name}.html", page)
        yield sample.kept(each, reporter.answers(result, child))


def _detentions(drawn: list[Drawn], given: Given, ruleset: RuleSet) -> dict[str, Detention]:
    """Read the entries of drawn records again; the others are not kept."""
    wanted = {name for each in drawn for name in each.records}
    columns = (
        None
        if given.settings.map is None
        else ColumnMap.load(given.settings.map, ruleset.vocabulary)
    )
    read = (
        (got, source)
        for got, source in read_entries(given.files, ruleset.vocabulary, columns)
        if isinstance(got, CustodyEvent) and record_name(got.force, got.record) in wanted
    )
    return {each.id: each for each in gathered(read)}


@click.command("answers", cls=ReportCommand)
@click.argument("answers", type=FILE, nargs=-1, required=True, metavar="ANSWERS...")
@click.option("--sample", "folder", type=FOLDER, required=True, help="The folder of the sample.")
@click.option(
    "--as", "name", default=None,
    help="Who answered (default: who the file says, else you); marked unverified.",
)  # fmt: skip
@db_option
def answers_command(
    answers: tuple[Path, ...], *, folder: Path, name: str | None, db: str | None
) -> None:
    """Store what reviewers answered about the records of a sample.

    ANSWERS are files that the pages of the records saved (answers-R1.yaml), or answers.csv, filled in.
    All are read before anything is stored.
    """
    from detention_monitor.live.reviews import Review, keep
    from detention_monitor.live.store import Store
    from detention_monitor.reports import observed, sample

    if db is None:
        raise click.UsageError(
            "--db names the store: a file (made if need be), or postgresql://..."
        )
    key = sample.read_key(folder)
    found: list[tuple[Path, str, Review]] = []
    for path in answers:
        if path.suffix.lower() in (".yaml", ".yml"):
            who, review = observed.read_observed(path, key)
            found.append((path, name or who, review))
            continue
        reviews = sample.read_answers(path, key)
        if not reviews:
            raise click.UsageError(f"{path} has no answers yet")
        found += [(path, name or "", each) for each in reviews]
    observed.twice(found)
    people = {who: person(who or None) for _, who, _ in found}
    store = Store.open(db)
    try:
        for _, who, review in found:
            keep(store, people[who], int(time.time()), review)
    finally:
        store.close()
    count = sum(len(each.answers) for _, _, each in found)
    copies = {each.detention for _, _, each in found}
    said = ", ".join(sorted({each.name for each in people.values()}))
    click.echo(
        f"{several(count, 'answer')} about {several(len(copies), 'record')}, by {said}", err=True
    )


@click.command("agreement", cls=ReportCommand)
@db_option
@click.option("--sample", "folder", type=FOLDER, default=None, help="Only reviews of this sample.")
@click.option("--out", type=FILE, default=None, help="A page; without it a table here.")
def agreement_command(*, db: str | None, folder: Path | None, out: Path | None) -> None:
    """Say how far reviewers agree with each other and with the rules, question by question.

    Reviewers answered from the record alone. `missed`: they said no where the rules saw nothing
    against the record; `alarms`: the rules said no where they did not.
    """
    from detention_monitor.live.log import verify
    from detention_monitor.live.reviews import latest, reviews
    from detention_monitor.live.store import Store
    from detention_monitor.reports import sample
    from detention_monitor.reports.agreement import compared, grades
    from detention_monitor.reports.agreement_page import (
        DEFINITIONS,
        agreement_page,
        alpha_text,
        share_text,
    )

    if db is None:
        raise click.UsageError("--db names the store with the reviews: a file, or postgresql://...")
    check_folder("--out", out)
    key = None if folder is None else sample.read_key(folder)
    store = Store.open(db, create=False)
    try:
        found: list[Stored] = latest(reviews(store))
        state = Input("log of the store, to its last row", verify(store).digest)
    finally:
        store.close()
    if key is not None:
        wanted = {each.drawn.detention for each in key.records}
        found = [
            each for each in found
            if each.review.sample == key.seed and each.review.detention in wanted
        ]  # fmt: skip
    questions = compared(found)
    if not questions and not any(each.review.grade for each in found):
        click.echo("nothing was answered yet; see report answers and report review", err=True)
        return
    if out is not None:
        with target(out) as file:
            made = Provenance(
                command_line(), ", ".join(sorted({each.review.ruleset for each in found})), (state,),
                "all reviews in the store" if key is None else f"sample of seed {key.seed}",
                DEFINITIONS,
            )  # fmt: skip
            file.write(agreement_page(found, load_questions(bundled_rules()), made).encode())
        return
    click.echo(f"{'question':<10}{'answers':>8}  {'same as the rules':<26}{'alpha with rules':<24}"
               f"{'alpha of reviewers':<24}{'missed':>7}{'alarms':>7}")  # fmt: skip
    for each in questions:
        click.echo(
            f"{each.question:<10}{sum(each.table.values()):>8}  {share_text(each.same):<26}"
            f"{alpha_text(each.with_rules):<24}{alpha_text(each.people):<24}"
            f"{each.missed:>7}{each.alarms:>7}"
        )
    graded = grades(found)
    if graded.records:
        said = ", ".join(f"{n} {grade.replace('_', ' ')}" for grade, n in graded.counts.items())
        of = several(graded.records, "record")
        given = f"grades of {of}, {sum(graded.counts.values())} given"
        click.echo(f"{given}: {said}; alpha {alpha_text(graded.people)}")


COMMANDS = (sample_command, answers_command, agreement_command)
