"""`watch`: the board."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click

from detention_monitor.commands.options import FILE, db_option, rules_options
from detention_monitor.paths import bundled_rules, bundled_samples
from detention_monitor.rulefile import load_rules


@click.command("watch")
@db_option
@click.option("--follow", multiple=True, metavar="PATH", help="Run the monitor too, over these.")
@click.option("--demo", is_flag=True, help="Play the sample day; needs no set-up.")
@click.option("--story", type=FILE, default=None, help="Play a file of records: replay, no acts.")
@click.option(
    "--speed",
    type=click.IntRange(1, 3_600),
    default=60,
    show_default=True,
    help="Seconds of the story for each second of ours.",
)
@click.option("--plain", is_flag=True, help="Lines to read and type, for screen readers.")
@click.option("--browser", is_flag=True, help="Serve the board to a browser on this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --browser: where.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8_000, show_default=True)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with plain characters only.")
@rules_options
def watch_command(
    *, db: str | None, follow: tuple[str, ...], demo: bool, story: Path | None, speed: int,
    plain: bool, browser: bool, host: str, port: int, ascii_only: bool,
    rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Show the board: children in custody, what is due, alerts and why."""
    if db is None and not demo and story is None:
        raise click.UsageError("name the store that a monitor keeps (--db), or try 'watch --demo'")
    if plain and browser:
        raise click.UsageError("--plain or --browser, not both")
    if "-" in follow:
        raise click.UsageError(
            "the board needs standard input for its keys; run `monitor` beside it"
        )
    from tui import watch  # lazy: other commands start without Textual

    if browser:
        if follow:
            raise click.UsageError(
                "--browser opens a board for each visitor; run `monitor` beside it"
            )
        watch.serve(sys.argv[1:], host, port)
        return
    drawn = not plain and not watch.served()
    if drawn and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the board needs a terminal; --plain tells the same in lines")
    if drawn and os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("this terminal (TERM=dumb) cannot draw the board; use --plain")
    show = watch.in_lines if plain else partial(watch.run, ascii_only=ascii_only)
    ruleset = load_rules(rules or bundled_rules(), policy)
    if db is not None:
        given = (("--rules", rules), ("--policy", policy))
        options = [word for name, path in given if path for word in (name, str(path))]
        with watch.stored(db, ruleset, follow, options) as (desk, clock, who):
            show(desk, clock, who)
        return
    path = story or bundled_samples() / "busy_day.jsonl"
    desk, clock, who, unread = watch.story(path, ruleset, speed, practice=story is None)
    if unread:
        click.echo(f"{unread} lines of {path} could not be read", err=True)
    show(desk, clock, who)
