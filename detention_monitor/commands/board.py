"""`watch`: the board."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from detention_monitor.commands.options import FILE, db_option, rules_options
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.paths import bundled_rules, bundled_samples
from detention_monitor.rulefile import load_rules
from detention_monitor.sources import read_entries, record_files
from detention_monitor.watching import Watch


@click.command("watch")
@db_option
@click.option("--follow", multiple=True, metavar="PATH", help="Run the monitor too, over these.")
@click.option("--demo", is_flag=True, help="Play the sample day; needs no set-up.")
@click.option("--story", type=FILE, default=None, help="Play another file of records instead.")
@click.option(
    "--speed",
    type=click.IntRange(1, 3_600),
    default=60,
    show_default=True,
    help="Seconds of the story for each second of ours.",
)
@rules_options
def watch_command(
    *, db: str | None, follow: tuple[str, ...], demo: bool, story: Path | None, speed: int,
    rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Show the board: children in custody, what is due, alerts and why."""
    if db is None and not demo and story is None:
        raise click.UsageError("name the store that a monitor keeps (--db), or try 'watch --demo'")
    if "-" in follow:
        raise click.UsageError(
            "the board needs standard input for its keys; run `monitor` beside it"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the board needs a terminal; for text use 'replay'")
    from tui.board import Board, Present, Story  # lazy: other commands start without Textual

    ruleset = load_rules(rules or bundled_rules(), policy)
    if db is not None:
        from detention_monitor.live.run import stored

        given = (("--rules", rules), ("--policy", policy))
        options = [word for name, path in given if path for word in (name, str(path))]
        with stored(db, ruleset, follow, options) as assessments:
            Board(assessments, Present()).run()
        return
    path = story or bundled_samples() / "busy_day.jsonl"
    read = [got for got, _ in read_entries(record_files([str(path)]), ruleset.vocabulary)]
    entries = [got for got in read if isinstance(got, CustodyEvent)]
    if len(entries) < len(read):
        click.echo(f"{len(read) - len(entries)} lines of {path} could not be read", err=True)
    if not entries:
        raise click.UsageError(f"no entries in {path}")
    watched = Watch(ruleset, DurableBackend(ruleset.plan))
    Board(watched, Story(entries), speed).run()
