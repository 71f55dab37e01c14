"""`watch`: the board."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from detention_monitor.commands.options import FILE, db_option, rules_options
from detention_monitor.paths import bundled_rules, bundled_samples


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
@click.option(
    "--bell", is_flag=True, envvar="DETENTION_MONITOR_BELL", show_envvar=True,
    help="Ring the terminal for new alerts of high severity or more, once in 30 s at most.",
)  # fmt: skip
@click.option("--settings", type=FILE, default=None, help="With --follow: the monitor's settings.")
@rules_options
def watch_command(
    *, db: str | None, follow: tuple[str, ...], demo: bool, story: Path | None, speed: int,
    plain: bool, browser: bool, host: str, port: int, ascii_only: bool,
    bell: bool, settings: Path | None,
    rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Show the board: children in custody, what is due, alerts and why."""
    if db is None and not demo and story is None:
        raise click.UsageError("name the store that a monitor keeps (--db), or try 'watch --demo'")
    shown = (("--db", db is not None), ("--demo", demo), ("--story", story is not None))
    named = [name for name, given in shown if given]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)}: a board shows one of them")
    if follow and db is None:
        raise click.UsageError("--follow needs --db: what is followed is stored first")
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
    if settings is not None and not follow:
        raise click.UsageError("--settings is the monitor's, which --follow starts")
    folder = rules or bundled_rules()
    with ExitStack() as until:
        if db is not None:
            given = (("--rules", rules), ("--policy", policy), ("--settings", settings))
            options = [word for name, path in given if path for word in (name, str(path))]
            prepare = partial(watch.stored, db, folder, policy, follow, options, until)
        else:
            path = story or bundled_samples() / "busy_day.jsonl"
            prepare = partial(watch.story, path, folder, policy, speed, practice=story is None)
        if plain:
            watch.in_lines(prepare)
        else:
            watch.run(prepare, ascii_only=ascii_only, bell=bell)
