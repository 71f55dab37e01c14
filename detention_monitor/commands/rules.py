"""`rules`: check, test, list and show the rule files; what authors use is in `authoring`."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from detention_monitor import rulelist
from detention_monitor.authoring.commands import COMMANDS
from detention_monitor.catalogue import load_catalogue
from detention_monitor.commands.options import rules_options
from detention_monitor.paths import bundled_rules
from detention_monitor.rulebook import Form, RuleBook
from detention_monitor.rulefile import load_rules
from detention_monitor.wording import Wording


@click.group("rules")
def rules_group() -> None:
    """Check, test and list the rule files."""


for _command in COMMANDS:
    rules_group.add_command(_command)


@rules_group.command("list")
@rules_options
@click.option(
    "--unverified",
    is_flag=True,
    help="Work list for a lawyer: what is not verified, and for which days.",
)
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
def rules_list(rules: Path | None, policy: Path | None, *, unverified: bool, form: str) -> None:
    """List the rules: id, duty, authority, since when, the law, where it stands."""
    ruleset = load_rules(rules or bundled_rules(), policy)
    found = [row for row in rulelist.rows(ruleset) if not unverified or not row["verified"]]
    if form == "json":
        click.echo(orjson.dumps(found))
        return
    for row in found:
        for line in rulelist.lines(row, work_list=unverified):
            click.echo(line)
    click.echo(f"{len(found)} rules", err=True)


@rules_group.command("show")
@click.argument("name", required=False, metavar="[ID]")
@click.option("--all", "everything", is_flag=True, help="The whole rule book, in catalogue order.")
@click.option(
    "--format", "form", type=click.Choice(("text", "markdown")), default="text", show_default=True
)
@rules_options
def rules_show(
    name: str | None, *, everything: bool, form: Form, rules: Path | None, policy: Path | None
) -> None:
    """Say in plain English what a rule, or a duty of the catalogue (D01), asks and finds."""
    if (name is None) != everything:
        raise click.UsageError("name a duty or a rule, as in 'rules show D01', or use --all")
    folder = rules or bundled_rules()
    book = RuleBook(load_rules(folder, policy), load_catalogue(folder), Wording.load(folder))
    click.echo(book.whole(form) if name is None else book.show(name, form), nl=False)
