"""`rules`: list and show the rule files; what authors use stands in modules of its own."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from detention_monitor import rulelist
from detention_monitor.catalogue import load_catalogue
from detention_monitor.commands.checking import check_command, coverage_command
from detention_monitor.commands.law import law_command
from detention_monitor.commands.options import rules_options
from detention_monitor.commands.precision import lines_of, precision_command, precision_of
from detention_monitor.commands.testing import test_command
from detention_monitor.commands.weighing import impact_command
from detention_monitor.commands.writing import format_command, new_command, schema_command
from detention_monitor.lawbook import words_of
from detention_monitor.lawtext import load_law
from detention_monitor.paths import bundled_rules
from detention_monitor.rulebook import Form, RuleBook, printed
from detention_monitor.rulefile import load_rules
from detention_monitor.wording import Wording


@click.group("rules")
def rules_group() -> None:
    """Write, check, test and list the rule files; see what an edit would change."""


for _command in (
    check_command, test_command, coverage_command, schema_command, format_command, impact_command,
    law_command, new_command, precision_command,
):  # fmt: skip
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
@click.option("--no-examples", is_flag=True, help="Leave out the tests told as examples.")
@click.option("--brief", is_flag=True, help="One line a rule: id, whose standard, title.")
@click.option(
    "--format", "form", type=click.Choice(("text", "markdown")), default="text", show_default=True
)
@click.option(
    "--reviews", default=None, metavar="URL", help="Say too how reviewers agreed with it."
)
@click.option("--law", is_flag=True, help="Then the words of the Code that it rests on.")
@rules_options
def rules_show(
    name: str | None, *, everything: bool, no_examples: bool, brief: bool, form: Form, law: bool,
    reviews: str | None, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Say in plain English what a rule, or a duty of the catalogue (D01), asks and finds.

    The whole book is long: --no-examples is about half of it, --brief is a list.
    """
    if (name is None) != everything:
        raise click.UsageError("name a duty or a rule, as in 'rules show D01', or use --all")
    if brief and (no_examples or form != "text"):
        raise click.UsageError("--brief is a list in plain text; it has no examples")
    if law and name is None:
        raise click.UsageError("--law is of one duty or rule; the whole: rules law --format html")
    folder = rules or bundled_rules()
    ruleset = load_rules(folder, policy)
    book = RuleBook(ruleset, load_catalogue(folder), Wording.load(folder))
    if brief:
        told = book.brief(name)
    elif name is None:
        told = book.whole(form, examples=not no_examples)
    else:
        told = book.show(name, form, examples=not no_examples)
    click.echo(told, nl=False)
    if law:
        text = load_law(folder)[0]
        cites = [
            cite for rule in ruleset.rules if name in (rule.duty, rule.id) for cite in rule.cites
        ]
        names = dict.fromkeys(each for cite in cites for each in text.named(cite))
        click.echo("\n" + printed(words_of(text, names, level=2), form), nl=False)
        wholes = dict.fromkeys(each for cite in cites for each in text.wholes(cite))
        for whole in wholes:
            click.echo(f"{text.about.cite} {whole} as a whole: rules law '{whole}'")
        if not names and not wholes:
            click.echo(f"{name} cites no paragraph of {text.about.cite}", err=True)
    if reviews is not None and (found := precision_of(reviews, None if name is None else {name})):
        click.echo("\n" + "\n".join(lines_of(found, reasons=3)))
