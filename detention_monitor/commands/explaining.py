"""`explain`: why a finding is what it is, and what would have met the duty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from detention_monitor.assess import assess, end_of
from detention_monitor.backends import backend_for
from detention_monitor.boards.child import child_of
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.boards.sheet import lines as sheet_lines
from detention_monitor.checklist import Checklist
from detention_monitor.columns import ColumnMap
from detention_monitor.commands.engines import engine_option
from detention_monitor.commands.options import FILE, instant, rules_options
from detention_monitor.commands.records import gathered, is_of
from detention_monitor.counterfactual import suppose, supposed_entry, told
from detention_monitor.explain import explain
from detention_monitor.findings import QUIET, Finding
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import read_entries
from detention_monitor.text import printable
from detention_monitor.whynot import why_not
from detention_monitor.yamlfile import suggestion


@click.command("explain")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--map", "columns", type=FILE, default=None, help="Column map by which CSV files are read."
)
@click.option("--record", default=None, help="Only this record (as CR-0001, or 44/CR-0001).")
@click.option("--duty", default=None, help="Only this duty or rule, whatever its state.")
@click.option("--at", "as_of", callback=instant, help="As of this time (default: its last entry).")
@click.option(
    "--if", "supposed", default=None, metavar="ENTRY",
    help="What would then be due, met or cleared: 'review_held mode=in_person at 21:30'.",
)  # fmt: skip
@click.option("--checklist", "only_list", is_flag=True, help="Only the checklist of duties.")
@click.option("--review-sheet", "sheet", is_flag=True, help="What to know and ask at a review.")
@engine_option
@rules_options
def explain_command(
    paths: tuple[str, ...], *, record: str | None, duty: str | None, as_of: int | None,
    supposed: str | None, only_list: bool, sheet: bool, engine: str, rules: Path | None, policy: Path | None,
    columns: Path | None,
) -> None:  # fmt: skip
    """Say why: rule and law, entries, arithmetic, what was not found, what would have met it."""
    ruleset = load_rules(rules or bundled_rules(), policy)
    if duty is not None and duty not in _duties(ruleset):
        raise click.UsageError(f"no rule is called {duty}{suggestion(duty, _duties(ruleset))}")
    table = None if columns is None else ColumnMap.load(columns, ruleset.vocabulary)
    files = record_files(paths, csv_too=table is not None)
    every = gathered(read_entries(files, ruleset.vocabulary, table))
    backend = backend_for(engine, ruleset.plan)
    listed = (
        Checklist(ruleset, rules or bundled_rules()) if only_list or (record and not duty) else None
    )
    wanted = [each for each in every if record is None or is_of(each, record)]
    if record is not None and not wanted:
        raise click.UsageError(f"no record {record} here")
    if supposed is not None and len(wanted) != 1:
        raise click.UsageError("--if supposes an entry in one record; name it with --record")
    for detention in wanted:
        at = end_of(detention, ruleset) if as_of is None else as_of
        if supposed is not None:
            entry = supposed_entry(supposed, detention, ruleset.vocabulary)
            supposition = suppose(entry, detention, ruleset, at, backend)
            click.echo(told(supposition, ruleset.wording), nl=False)
            continue
        result = assess(detention, ruleset, at, backend=backend)
        if result.refused is not None:
            because = printable(result.refused_because)
            click.echo(f"{printable(detention.id)}: refused ({result.refused}): {because}\n")
            continue
        if sheet:
            for row in sheet_lines(
                child_of(result, detention, ruleset.parameters), ruleset, at, 100, ASCII
            ):
                click.echo(text_of(row).rstrip())
            continue
        shown = _folded([each for each in result.findings if _is_asked(each, duty)])
        shown = [] if only_list else shown
        if not shown and not only_list and record is not None:
            click.echo(
                f"{printable(detention.id)}: nothing found" + (f" of {duty}" if duty else "")
            )
        for finding in shown:
            click.echo(explain(finding, result, detention, ruleset))
        if duty is not None and not only_list:
            found = {finding.rule for finding in shown}
            for rule in ruleset.rules:
                if duty in (rule.duty, rule.id) and rule.id not in found:
                    click.echo(why_not(rule, result, ruleset))
        if listed is not None:
            click.echo(listed.of(result))


def _duties(ruleset: RuleSet) -> list[str]:
    return [name for rule in ruleset.rules for name in (rule.duty, rule.id) if name is not None]


def _folded(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with one only of those that cannot be told for the same reason (D7)."""
    out: dict[object, Finding] = {}
    for each in findings:
        untold = each.status == "cannot_tell"
        out.setdefault((each.rule, each.message) if untold else each.key, each)
    return list(out.values())


def _is_asked(finding: Finding, duty: str | None) -> bool:
    if duty is None:
        return finding.status not in QUIET
    return duty in (finding.duty, finding.rule)
