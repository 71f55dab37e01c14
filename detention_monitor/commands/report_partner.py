"""`report partner`: every child charged and refused bail, for those outside the force."""

from __future__ import annotations

from pathlib import Path

import click

from detention_monitor import other_force
from detention_monitor.commands.leaving import FORCE_ONLY, folder_of_its_own
from detention_monitor.commands.options import FILE, FOLDER
from detention_monitor.commands.report_sample import lines_made, write
from detention_monitor.commands.reports import (
    Given,
    ReportCommand,
    command_line,
    force_only,
    many_records,
)
from detention_monitor.judging import ruleset_of
from detention_monitor.paths import bundled_rules
from detention_monitor.reports.collect import told_period
from detention_monitor.reports.provenance import MADE, Provenance, inputs_of, unchanged
from detention_monitor.text import several
from detention_monitor.webpage import altair

_COMMAND = "detention-monitor report partner RECORDS --key KEY"


@click.command("partner", cls=ReportCommand)
@click.option(
    "--key", type=FILE, required=True,
    help="File with the force's key for pseudonyms; it is not kept.",
)  # fmt: skip
@click.option(
    "--authorities", type=FILE, default=None,
    help="Names by which an authority is told, one a line (default: those shipped).",
)  # fmt: skip
@click.option("--out", type=FOLDER, required=True, help="Folder for partner.html and partner.csv.")
@many_records
def partner_command(*, given: Given, key: Path, authorities: Path | None, out: Path) -> None:
    """Tell partners of every child charged and refused bail: what was asked, and what came back.

    Children have pseudonyms, the same in each such report made with one key. Nothing of a name, a
    reference, a date of birth or free text is in partner.html and partner.csv. What lies in
    OUT/force_only stays with the force: made.txt, with the names of the files read, and lines that
    could not be read. The period is that of the refusal.
    """
    from detention_monitor.reports.authorities import FILE as SHIPPED
    from detention_monitor.reports.authorities import Authorities
    from detention_monitor.reports.partner import (
        PURPOSE,
        Case,
        Unsure,
        as_csv,
        outside,
        read_cases,
        write_case,
    )
    from detention_monitor.reports.partner_page import DEFINITIONS, partner_page
    from detention_monitor.reports.pseudonym import Pseudonyms, read_key

    altair()  # what is not installed is said before the work, not after
    names = Pseudonyms(read_key(key), PURPOSE)
    listed = Authorities.load(authorities or bundled_rules() / SHIPPED)
    inputs = inputs_of(given.files)
    ruleset = ruleset_of(given.settings.rules, given.settings.policy)
    folder_of_its_own(out, ("partner", FORCE_ONLY))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lines_made(given, write_case, out, force_only(out)) as (path, tally):
        unchanged(given.files, inputs)
        with path.open("rb") as lines:
            found = [each for each in read_cases(lines) if each.day in given.period]
        unsure = [each for each in found if isinstance(each, Unsure)]
        cases = sorted(
            (outside(each, names, listed) for each in found if isinstance(each, Case)),
            key=lambda each: (each.refused_at, each.child),
        )
        left = f"{several(tally.set_aside, 'line')} could not be read: in no figure"
        days = sorted(each.day for each in found) or ["", ""]
        period = told_period(given.period, days[0], days[-1], act="refused bail")
        notes = (left,) if tally.set_aside else ()
        made = Provenance(
            command_line(), ruleset.hash, inputs, period, DEFINITIONS, notes,
            numbers=other_force.by_whom(ruleset.parameters, tally.cannot_tell[other_force.CODE]),
        )  # fmt: skip
        write(out / "partner.html", partner_page(cases, made.nameless(_COMMAND), unsure))
        write(force_only(out) / MADE, "".join(f"{name}: {text}\n" for name, text in made.lines()))
        write(out / "partner.csv", as_csv(cases))
    click.echo(f"{several(len(cases), 'child', 'children')}: {out / 'partner.html'}", err=True)


COMMANDS = (partner_command,)
