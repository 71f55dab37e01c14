"""`rules precision`: how often reviewers agreed with what each rule found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click
import orjson

from detention_monitor.commands.options import db_option, rules_options
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import load_rules
from detention_monitor.text import printable
from detention_monitor.yamlfile import suggestion

if TYPE_CHECKING:  # lazy: only this needs a database
    from detention_monitor.reports.agreement import Precision

_WIDTH = 100
_SHOWN = 3


def precision_of(db: str, names: set[str] | None = None) -> list[Precision]:
    """Return the precision of rules by the reviews in a store; of all, or of rules or duties named."""
    from detention_monitor.live.reviews import latest, reviews
    from detention_monitor.live.store import Store
    from detention_monitor.reports.agreement import precisions

    store = Store.open(db, create=False)
    try:
        found = precisions(latest(reviews(store)))
    finally:
        store.close()
    return [each for each in found if names is None or {each.rule, each.duty} & names]


def lines_of(found: list[Precision], *, reasons: int) -> Iterator[str]:
    """Yield a table for a terminal; under each rule the last reasons of who disagreed."""
    yield f"{'rule':<36}{'version':<12}{'agreed':>14}{'share':>8}   95 % interval"
    for each in found:
        said = each.agreed
        name = printable(each.rule, 36)
        counts = f"{said.part} of {said.whole}"
        if said.value is None:
            yield f"{name:<36}{each.rule_version:<12}{counts:>14}       -   reviewers are split"
            continue
        split = f"; {each.split} split" if each.split else ""
        yield (
            f"{name:<36}{each.rule_version:<12}{counts:>14}{said.value:>7.0%}   "
            f"{said.low:.0%} to {said.high:.0%}{split}"
        )
        for reason in each.reasons[:reasons]:
            yield from wrap(
                printable(reason), _WIDTH, initial_indent="    disagreed: ",
                subsequent_indent=" " * 15, break_on_hyphens=False,
            )  # fmt: skip


@click.command("precision")
@click.argument("name", required=False, metavar="[ID]")
@db_option
@click.option("--reasons", default=_SHOWN, show_default=True, help="Reasons to show of each rule.")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
@rules_options
def precision_command(
    name: str | None, *, db: str | None, reasons: int, form: str, rules: Path | None,
    policy: Path | None,
) -> None:  # fmt: skip
    """Say how often reviewers agreed with what a rule found (agreed of reviewed, with an interval).

    Reviews come from `report review`. A finding counts once, as most of its reviewers hold; names
    of reviewers are not shown. What no rule found is not seen here: `report agreement` tells that.
    """
    if db is None:
        raise click.UsageError("--db names the store with the reviews: a file, or postgresql://...")
    if name is not None:
        ruleset = load_rules(rules or bundled_rules(), policy)
        known = [each for rule in ruleset.rules for each in (rule.duty, rule.id) if each]
        if name not in known:
            raise click.UsageError(f"no rule is called {name}{suggestion(name, known)}")
    found = precision_of(db, None if name is None else {name})
    if form == "json":
        told = [
            {"rule": each.rule, "version": each.rule_version, "duty": each.duty,
             "agreed": each.agreed.part, "reviewed": each.agreed.whole, "split": each.split,
             "share": each.agreed.value, "low": each.agreed.low, "high": each.agreed.high,
             "reasons": list(each.reasons)}
            for each in found
        ]  # fmt: skip
        click.echo(orjson.dumps(told))
        return
    if not found:
        click.echo("no finding of it was reviewed yet; see report review", err=True)
        return
    for line in lines_of(found, reasons=reasons):
        click.echo(line)
