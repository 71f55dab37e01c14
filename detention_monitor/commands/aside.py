"""`set-aside`: the lines of the feeds that the live monitor could not take."""

from __future__ import annotations

import time

import click
import orjson

from detention_monitor.commands.live import opened
from detention_monitor.commands.options import db_option, instant
from detention_monitor.times import rfc3339


@click.command("set-aside")
@db_option
@click.option("--since", callback=instant, metavar="TIME", help="Only from this time on.")
def set_aside_command(*, db: str | None, since: int | None) -> None:
    """Print the lines that the monitor did not take, as lines of JSON: when, where, why, what.

    The whole line is printed, names and all, and that it was printed is logged. Put right and sent
    again it is taken.
    """
    from detention_monitor.live.access import note
    from detention_monitor.live.acts import Person
    from detention_monitor.live.reading import lines_set_aside

    with opened(db) as store:
        note(store, Person.here(), int(time.time()), "exported",
             detail="lines set aside, to standard output")  # fmt: skip
        count = 0
        for each in lines_set_aside(store, since or 0):
            count += 1
            click.echo(orjson.dumps({**each, "at": rfc3339(each["at"])}))
    click.echo(f"{count:,} lines set aside", err=True)
