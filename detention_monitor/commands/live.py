"""`monitor`: the live monitor without a screen."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from detention_monitor.commands.options import FILE, FOUND, SET_ASIDE, db_option, rules_options
from detention_monitor.commands.stores import NEED_DB, opened
from detention_monitor.paths import bundled_rules
from detention_monitor.text import printable


def _say(line: str) -> None:
    click.echo(printable(line, 2_000), err=True)


@click.group("monitor", invoke_without_command=True)
@db_option
@click.option(
    "--follow",
    multiple=True,
    metavar="PATH",
    help="A file of JSON lines that grows, a folder into which files are dropped, or -.",
)
@rules_options
@click.option(
    "--settings", type=FILE, default=None,
    help="Whom to tell of alerts that nobody takes on (format: custody-monitor/1).",
)  # fmt: skip
@click.option("--once", is_flag=True, help="Stop once everything there is has been taken.")
@click.pass_context
def monitor_command(
    context: click.Context, *, db: str | None, follow: tuple[str, ...], rules: Path | None,
    policy: Path | None, settings: Path | None, once: bool,
) -> None:  # fmt: skip
    """Store entries as they come, assess them, and keep the alerts: the live monitor, no screen.

    Rules that change are tried and loaded anew while it runs; SIGHUP asks for that too.
    """
    if context.invoked_subcommand is not None:
        context.obj = db
        return
    from detention_monitor.live.run import monitor

    if not follow:
        raise click.UsageError("--follow names what entries come from")
    if db is None:
        raise click.UsageError(NEED_DB)
    counts = monitor(
        db, follow, rules or bundled_rules(), policy, once=once, say=_say, settings=settings
    )
    _say(
        f"{counts.stored:,} entries stored, {counts.again:,} known, {counts.set_aside:,} set aside"
    )
    if counts.set_aside:
        sys.exit(SET_ASIDE)


@monitor_command.command("reload")
@db_option
@click.option(
    "--wait", type=click.IntRange(0, 600), default=120, show_default=True, metavar="SECONDS",
    help="How long to wait for the monitor's answer.",
)  # fmt: skip
@click.pass_context
def reload_command(context: click.Context, *, db: str | None, wait: int) -> None:
    """Have the running monitor try its rules and load them anew; say what that changed.

    Exit status 1: the new rules are wrong, and the old ones are still in use.
    """
    from detention_monitor.live.acts import Person, answer_to, ask_reload

    with opened(db or context.obj) as store:
        number = ask_reload(store, Person.here(), int(time.time()))
        end = time.monotonic() + wait
        while (answer := answer_to(store, number)) is None:
            if time.monotonic() > end:
                raise click.ClickException(
                    f"no answer in {wait} s; the request stays, and a monitor that runs takes it up"
                )
            time.sleep(0.1)
    what, said = answer
    if what == "rules_refused":
        for line in said["faults"]:
            click.echo(printable(line, 2_000))
        click.echo(f"still in use: rules {said['kept']}", err=True)
        sys.exit(FOUND)
    click.echo(f"rules {said['to']} in use; {said['detentions']} open detentions judged again")
    for row in said["rules"]:
        click.echo(
            f"{row['rule']}: {row['gained']} gained, {row['lost']} lost, {row['moved']} moved"
        )
