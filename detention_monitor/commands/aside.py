"""`set-aside`: the lines of the feeds that the live monitor could not take, and ticking them off."""

from __future__ import annotations

import time

import click
import orjson

from detention_monitor.commands.options import db_option, instant
from detention_monitor.commands.stores import AS_HELP, opened, person
from detention_monitor.times import rfc3339


@click.group("set-aside", invoke_without_command=True)
@db_option
@click.option("--since", callback=instant, metavar="TIME", help="Only from this time on.")
@click.option("--unseen", is_flag=True, help="Only those that nobody has ticked off.")
@click.pass_context
def set_aside_command(
    context: click.Context, *, db: str | None, since: int | None, unseen: bool
) -> None:
    """Print the lines that the monitor did not take, as lines of JSON: when, where, why, what.

    The whole line is printed, names and all, and that it was printed is logged. Put right and sent
    again it is taken. KEY names a line; `seen` ticks it off.
    """
    if context.invoked_subcommand is not None:
        context.obj = db
        return
    from detention_monitor.live.access import note
    from detention_monitor.live.acts import Person
    from detention_monitor.live.not_taken import lines_set_aside

    with opened(db) as store:
        note(store, Person.here(), int(time.time()), "exported",
             detail="lines set aside, to standard output")  # fmt: skip
        count = 0
        for each in lines_set_aside(store, since or 0):
            by = each["seen"]
            if by is not None and unseen:
                continue
            count += 1
            told = {"at": rfc3339(by.at), "who": by.who, "reason": by.reason} if by else None
            click.echo(orjson.dumps({**each, "at": rfc3339(each["at"]), "seen": told}))
    click.echo(f"{count:,} lines set aside", err=True)


@set_aside_command.command("seen")
@click.argument("key")
@db_option
@click.option("--as", "name", default=None, metavar="NAME", help=AS_HELP)
@click.option("--reason", required=True, help="What is done about it.")
@click.pass_context
def seen_command(
    context: click.Context, *, key: str, db: str | None, reason: str, name: str | None
) -> None:
    """Tick off a line: it is kept, and the board counts it no longer.

    `alerts undo` takes it back, within seconds.
    """
    from detention_monitor.live.not_taken import key_of_line, see

    with opened(db or context.obj) as store:
        whole = key_of_line(store, key)
        number = see(store, whole, person(name), int(time.time()), reason)
    click.echo(f"ticked off; act {number}", err=True)
