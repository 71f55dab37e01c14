"""`rules impact`: what an edit of the rules would change."""

from __future__ import annotations

import os
from pathlib import Path

import click
import orjson

from detention_monitor.authoring.impact import impact
from detention_monitor.authoring.impact_page import as_data, page, table
from detention_monitor.authoring.revisions import rules_of
from detention_monitor.commands.options import FILE
from detention_monitor.detention import detentions_of
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError, RuleFileError
from detention_monitor.paths import bundled_rules
from detention_monitor.recordfiles import record_files
from detention_monitor.rulefile import VOCABULARY, RuleSet, load_rules
from detention_monitor.sources import read_entries
from detention_monitor.text import printable


@click.command("impact")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...")
@click.option("--policy", type=FILE, default=None, help="A force's own numbers, for both.")
@click.option("--old-policy", type=FILE, default=None, help="Its numbers before, for OLD alone.")
@click.option("--new-policy", type=FILE, default=None, help="Its numbers after, for NEW alone.")
@click.option("--format", "form", type=click.Choice(("table", "json", "html")), default="table")
@click.option("--out", type=FILE, default=None, help="Write it here instead.")
def impact_command(
    old: str, new: str, records: tuple[str, ...], *, policy: Path | None, old_policy: Path | None,
    new_policy: Path | None, form: str, out: Path | None,
) -> None:  # fmt: skip
    """Show what an edit of the rules would change: findings gained, lost or moved, with examples.

    OLD and NEW are folders of rules, or git revisions (HEAD, a tag): of the folder that is named
    beside it, else of `rules` here, else of the rules in use. To see what a policy alone would change,
    name the same rules twice and the policy as --new-policy.
    """
    if policy is not None and (old_policy or new_policy):
        raise click.UsageError(
            "--policy is for both; leave it out with --old-policy or --new-policy"
        )
    beside = _folder_of(old, new)
    with rules_of(old, beside) as before, rules_of(new, beside) as after:
        one = _loaded("OLD", before, policy or old_policy)
        other = _loaded("NEW", after, policy or new_policy)
        for which, each in (("OLD", one), ("NEW", other)):
            if each.parameters.whose:
                click.echo(f"{which}: the numbers of {printable(each.parameters.whose)}", err=True)
        entries, unread = [], 0
        for got, _ in read_entries(record_files(records), other.vocabulary):
            if isinstance(got, CustodyEvent):
                entries.append(got)
            else:
                unread += 1
        click.echo(f"{len(entries):,} entries, judged by the rules before and after", err=True)
        found = impact(one, other, detentions_of(entries), os.cpu_count() or 1)
    if unread:
        click.echo(f"{unread} lines could not be read; see replay", err=True)
    if form == "json":
        text = orjson.dumps(as_data(found), option=orjson.OPT_INDENT_2).decode() + "\n"
    elif form == "html":
        names = " ".join(Path(each).name for each in (old, new, *records))
        text = page(found, f"detention-monitor rules impact {printable(names)}")
    else:
        text = table(found)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _loaded(which: str, folder: Path, policy: Path | None) -> RuleSet:
    try:
        return load_rules(folder, policy)
    except RuleFileError as error:
        raise DetentionMonitorError(f"the rules of {which} cannot be used:\n{error}") from error


def _folder_of(*names: str) -> Path:
    """Return the folder of whose revisions a name that is no folder may be one."""
    named = [Path(name) for name in names if Path(name).is_dir()]
    here = Path("rules")
    return (named or [here if (here / VOCABULARY).exists() else bundled_rules()])[0]
