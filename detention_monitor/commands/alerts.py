"""`alerts`: the alerts of a store, and acts upon them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import orjson

from detention_monitor.commands.options import db_option, instant
from detention_monitor.commands.stores import AS_HELP, opened, person
from detention_monitor.findings import SEVERITIES
from detention_monitor.text import printable
from detention_monitor.times import DAY, in_words, local_text, next_local, rfc3339

if TYPE_CHECKING:  # lazy: only the live part needs a database
    from detention_monitor.live.acts import Held
    from detention_monitor.live.store import Store

_WORST_FIRST = ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "pending",
                "shelved", "suppressed", "out_of_service", "withdrawn", "closed")  # fmt: skip
_OVER = ("withdrawn", "closed")


@click.group("alerts", invoke_without_command=True)
@db_option
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.option("--format", "form", type=click.Choice(("table", "jsonl")), default="table")
@click.pass_context
def alerts_command(context: click.Context, *, db: str | None, everything: bool, form: str) -> None:
    """List the alerts of a store, those that ask for something first; act upon one.

    KEY is what stands before each: it names the alert as it was listed, and an act is refused if it
    has become another since.
    """
    if context.invoked_subcommand is not None:
        context.obj = db
        return
    from detention_monitor.live.access import note
    from detention_monitor.live.acts import Person, handle
    from detention_monitor.live.not_taken import set_asides
    from detention_monitor.live.reading import alerts, load_of, under_ten

    now = int(time.time())
    with opened(db) as store:
        if form == "jsonl":
            note(store, Person.here(), now, "exported", detail="alerts, to standard output")
        found = [row for row in alerts(store) if everything or row["state"] not in _OVER]
        load, young, aside = load_of(store, now), under_ten(store), set_asides(store, now - DAY, 1)
    found.sort(
        key=lambda row: (
            _WORST_FIRST.index(row["state"]), -SEVERITIES.index(row["severity"]), row["since"],
            row["key"],
        )
    )  # fmt: skip
    for name, why in young:
        if form == "jsonl":
            click.echo(orjson.dumps({"refused": "under_10", "detention": name, "message": why}))
        else:
            click.echo(printable(f"CHECK AT ONCE, recorded as under 10, not judged: {name}", 200))
    for row in found:
        if form == "jsonl":
            told = {"handle": handle(row), **row}
            for name in ("since", "due_at", "raised_at", "expected_at", "escalated_at"):
                told[name] = None if told[name] is None else rfc3339(told[name])
            del told["changes_at"]
            click.echo(orjson.dumps(told))
        else:
            _tell(handle(row), row)
    flood = f"; FLOOD: {load.recent} in {in_words(load.within)}" if load.flood else ""
    click.echo(f"{len(found)} alerts{flood}", err=True)
    if aside.count:
        click.echo(
            f"lines of the feeds not taken within a day: {aside.count:,}; `set-aside` prints them, "
            "`set-aside seen` ticks one off",
            err=True,
        )


def _tell(name: str, row: Any) -> None:
    state = row["state"].replace("_", " ").upper()
    due = f"  due {local_text(row['due_at'])}" if row["due_at"] else ""
    times = f"  x{row['times']}" if row["times"] > 1 else ""
    who = f"  {row['owner']}" if row["owner"] else ""
    until = f" until {local_text(row['expected_at'])}" if row["expected_at"] else ""
    escalated = "  ESCALATED" if row["escalated_at"] else ""
    head = f"{name}  {row['severity']:<8}  {state}{times}{escalated}{due}{who}{until}"
    click.echo(printable(head))
    click.echo(f"    {printable(row['detention'], 80)}  {printable(row['message'], 2_000)}")


def _acting(command: Callable[..., Any]) -> Callable[..., Any]:
    name = click.option(
        "--as", "name", default=None, metavar="NAME",
        help=AS_HELP,
    )  # fmt: skip
    return click.argument("key")(db_option(name(command)))


@contextmanager
def _held(context: click.Context, db: str | None, key: str) -> Iterator[tuple[Store, Held]]:
    from detention_monitor.live.acts import held_by

    with opened(db or context.obj) as store:
        yield store, held_by(store, key)


_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def _coming(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Return a time to come: of the clock alone ("22:40"), the next time it says so."""
    if value is not None and _CLOCK.fullmatch(value):
        return next_local(int(time.time()), value)
    return instant(context, option, value)


@alerts_command.command("ack")
@_acting
@click.option("--reason", default="", help="What is being done.")
@click.option(
    "--expect", callback=_coming, metavar="TIME", help="By when it is done; else it is new again."
)
@click.pass_context
def ack_command(
    context: click.Context, *, db: str | None, key: str, reason: str, expect: int | None,
    name: str | None,
) -> None:  # fmt: skip
    """Take an alert on."""
    from detention_monitor.live.acts import acknowledge

    with _held(context, db, key) as (store, held):
        number = acknowledge(
            store, held, person(name), int(time.time()), reason=reason, until=expect
        )
    click.echo(f"taken on; act {number}", err=True)


@alerts_command.command("shelve")
@_acting
@click.option("--reason", required=True, help="Why it can wait.")
@click.option("--until", required=True, callback=_coming, metavar="TIME", help="When it is back.")
@click.pass_context
def shelve_command(
    context: click.Context, *, db: str | None, key: str, reason: str, until: int, name: str | None
) -> None:  # fmt: skip
    """Put an alert aside for a while, never beyond a margin before its deadline."""
    from detention_monitor.live.acts import shelve

    with _held(context, db, key) as (store, held):
        number = shelve(store, held, person(name), int(time.time()), reason, until)
    click.echo(f"put aside; act {number}", err=True)


@alerts_command.command("unshelve")
@_acting
@click.pass_context
def unshelve_command(context: click.Context, *, db: str | None, key: str, name: str | None) -> None:
    """Take an alert down from the shelf before its time."""
    from detention_monitor.live.acts import unshelve

    with _held(context, db, key) as (store, held):
        number = unshelve(store, held, person(name), int(time.time()))
    click.echo(f"taken down; act {number}", err=True)


@alerts_command.command("reason")
@_acting
@click.option("--reason", required=True, help="Why the deadline was missed.")
@click.pass_context
def reason_command(
    context: click.Context, *, db: str | None, key: str, reason: str, name: str | None
) -> None:
    """Say why a deadline was missed."""
    from detention_monitor.live.acts import give_reason

    with _held(context, db, key) as (store, held):
        number = give_reason(store, held, person(name), int(time.time()), reason)
    click.echo(f"reason kept; act {number}", err=True)


@alerts_command.command("undo")
@click.argument("number", type=click.IntRange(1), metavar="ACT")
@db_option
@click.option("--as", "name", default=None, metavar="NAME", help="The name that acted, if typed.")
@click.pass_context
def undo_command(context: click.Context, *, number: int, db: str | None, name: str | None) -> None:
    """Take back an act of your own, within seconds."""
    from detention_monitor.live.acts import undo

    with opened(db or context.obj) as store:
        undo(store, number, person(name), int(time.time()))
    click.echo(f"act {number} taken back", err=True)
