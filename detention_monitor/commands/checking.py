"""`rules check` and `rules coverage`: what is wrong with rule files, and what no test of them reaches."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from detention_monitor.authoring.codes import CODES, documented, explained
from detention_monitor.authoring.coverage import coverage
from detention_monitor.authoring.diagnostics import as_json, sarif, shown
from detention_monitor.authoring.reading import read_through
from detention_monitor.authoring.trial import compiles
from detention_monitor.commands.options import FOUND, rules_options
from detention_monitor.errors import Diagnostic
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import load_rules
from detention_monitor.yamlfile import suggestion


@click.command("check")
@rules_options
@click.option(
    "--format", "form", type=click.Choice(("table", "json", "sarif")), default="table",
    show_default=True, help="sarif is what code hosting shows beside the line.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--explain", "code", metavar="CODE", help="Say what a code means; `all` for a table.")
def check_command(
    rules: Path | None, policy: Path | None, *, form: str, strict: bool, code: str | None
) -> None:
    """Report everything wrong or doubtful in the rule files, each with its place and its cure."""
    if code is not None:
        _explain(code)
        return
    folder = rules or bundled_rules()
    found = diagnose(folder, policy)
    if form == "json":
        click.echo(orjson.dumps([as_json(each) for each in found]))
    elif form == "sarif":
        click.echo(orjson.dumps(sarif(found, str(rules or "rules"), policy)))
    else:
        for each in found:
            click.echo(shown(each, folder, policy))
    errors = sum(each.severity == "error" for each in found)
    if not found:
        ruleset = load_rules(folder, policy)
        parts = f"{len(ruleset.files)} files, {len(ruleset.rules)} rules, {len(ruleset.facts)}"
        click.echo(f"{parts} derived facts in {folder}: nothing to put right", err=True)
    else:
        told = f"{errors} to put right, {len(found) - errors} warnings"
        click.echo(f"{told} in {folder}", err=True)
        click.echo("what a code in [] means: rules check --explain CODE", err=True)
    if errors or (strict and found):
        sys.exit(FOUND)


def _explain(code: str) -> None:
    if code == "all":
        click.echo("\n".join(documented()))
    elif code in CODES:
        click.echo(explained(code))
    else:
        raise click.UsageError(f"no code is called '{code}'{suggestion(code, sorted(CODES))}")


def diagnose(folder: Path, policy: Path | None) -> list[Diagnostic]:
    """Return everything wrong in a folder of rules; where nothing is, what the engine says, and advice."""
    found = read_through(folder, policy)
    if any(each.severity == "error" for each in found):
        return found
    refused = compiles(folder, policy)
    return sorted([*found, *([refused] if refused else [])])


@click.command("coverage")
@rules_options
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
@click.option("--all", "everything", is_flag=True, help="Also list rules of which nothing is left.")
@click.option(
    "--at-least", type=click.IntRange(0, 100), default=0, metavar="PERCENT",
    help="Exit with 1 if fewer of the points are exercised.",
)  # fmt: skip
def coverage_command(
    rules: Path | None, policy: Path | None, *, form: str, everything: bool, at_least: int
) -> None:
    """Show what the tests of the rules never exercise: excuses, steps, warnings, values."""
    found = coverage(load_rules(rules or bundled_rules(), policy))
    points = sum(len(each.points) for each in found)
    missing = sum(len(each.missing) for each in found)
    share = 100 * (points - missing) // points if points else 100
    if form == "json":
        rows = [
            {"rule": each.rule, "place": each.place, "points": each.points,
             "missing": each.missing}
            for each in found
        ]  # fmt: skip
        click.echo(orjson.dumps({"percent": share, "rules": rows}))
    else:
        for each in found:
            if each.missing or everything:
                left = ", ".join(each.missing) or "everything exercised"
                click.echo(f"{each.place:<28} {each.rule:<28} {left}")
    whole = sum(not each.missing for each in found)
    click.echo(
        f"{points - missing} of {points} points exercised ({share} %); "
        f"{whole} of {len(found)} rules wholly",
        err=True,
    )
    if share < at_least:
        sys.exit(FOUND)
