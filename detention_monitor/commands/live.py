"""`monitor`, `alerts`, `access`, `retention`, `hold`, `verify`: the live monitor without a screen."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from detention_monitor.commands.options import (
    FILE,
    FOUND,
    SET_ASIDE,
    db_option,
    instant,
    rules_options,
)
from detention_monitor.findings import SEVERITIES
from detention_monitor.paths import bundled_rules
from detention_monitor.text import printable
from detention_monitor.times import DAY, in_words, local_text, next_local, rfc3339, start_of_day

if TYPE_CHECKING:  # lazy: only the live part needs a database
    from detention_monitor.live.acts import Held, Person
    from detention_monitor.live.store import Store

_WORST_FIRST = ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "pending",
                "shelved", "suppressed", "out_of_service", "withdrawn", "closed")  # fmt: skip
_OVER = ("withdrawn", "closed")
AS_HELP = "Who acts, if not the user of this terminal; kept as unverified."
_NEED_DB = "--db names the store: a file, or postgresql://..."


def _say(line: str) -> None:
    click.echo(printable(line, 2_000), err=True)


@contextmanager
def opened(db: str | None) -> Iterator[Store]:
    """Give the store that a command names, which must be there."""
    from detention_monitor.live.store import Store

    if db is None:
        raise click.UsageError(_NEED_DB)
    store = Store.open(db, create=False)
    try:
        yield store
    finally:
        store.close()


# --- monitor -----------------------------------------------------------------------------------


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
        raise click.UsageError(_NEED_DB)
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


# --- alerts ------------------------------------------------------------------------------------


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


def person(name: str | None) -> Person:
    """Return who acts: the user of this terminal, or who they say they are."""
    from detention_monitor.live.acts import Person

    return Person.here() if name is None else Person.typed(name)


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


# --- access, retention, hold, verify -----------------------------------------------------------


@click.command("access")
@db_option
@click.option("--detention", default=None, help="Only who looked at this detention.")
@click.option("--since", callback=instant, metavar="TIME", help="Only from this time on.")
def access_command(*, db: str | None, detention: str | None, since: int | None) -> None:
    """Print who looked at what, as lines of JSON; that too is logged."""
    from detention_monitor.live.access import accesses, note
    from detention_monitor.live.acts import Person

    with opened(db) as store:
        note(
            store, Person.here(), int(time.time()), "exported", detention=detention,
            detail="who looked, to standard output",
        )  # fmt: skip
        for each in accesses(store, detention=detention, since=since):
            told = {
                "at": rfc3339(each.at), "who": each.who, "verified": each.verified,
                "host": each.host, "action": each.action, "detention": each.detention,
                "detail": each.detail,
            }  # fmt: skip
            click.echo(orjson.dumps(told))


def _day(_context: click.Context, _option: click.Parameter, value: str) -> int:
    try:
        return start_of_day(date.fromisoformat(value))
    except ValueError as error:
        raise click.BadParameter(f"'{value}' is no day; write 2019-04-01") from error


@click.command("retention")
@db_option
@click.option(
    "--before", required=True, callback=_day, metavar="DATE",
    help="Erase detentions whose last entry is older than this day, and was stored before it.",
)  # fmt: skip
@click.option("--apply", "really", is_flag=True, help="Erase; without it, only say what would be.")
def retention_command(*, db: str | None, before: int, really: bool) -> None:
    """Erase old detentions that have ended, but for those under a legal hold.

    What is erased cannot be brought back. Copies of the store made before are not reached.
    """
    from detention_monitor.live.acts import Person
    from detention_monitor.live.retention import erase, survey

    if before > time.time():
        raise click.UsageError("--before names a day that has passed: what may be erased is old")
    with opened(db) as store:
        found = survey(store, before)
        gone = [each for each in found if not each.why_kept]
        for each in found:
            asked = f", {each.unanswered} missed and unanswered" if each.unanswered else ""
            word = f"kept: {each.why_kept}" if each.why_kept else "to be erased"
            last = local_text(each.last_at)
            line = f"{each.detention}  {each.entries} entries, the last {last}{asked}  {word}"
            click.echo(printable(line))
        if not really:
            click.echo(f"{len(gone)} would be erased; --apply erases them", err=True)
            return
        erased = erase(store, before, Person.here(), int(time.time()))
    click.echo(
        f"erased: {erased.detentions} detentions, {erased.entries} entries, {erased.rows} texts of "
        f"the log, {erased.lines} lines set aside", err=True,
    )  # fmt: skip
    if erased.leftover:
        click.echo(erased.leftover, err=True)


@click.command("hold")
@db_option
@click.argument("detention", required=False)
@click.option("--reason", default="", help="Why it is held, or why no longer.")
@click.option("--release", "ending", is_flag=True, help="End the hold.")
def hold_command(*, db: str | None, detention: str | None, reason: str, ending: bool) -> None:
    """Keep a detention from being erased (legal hold); without DETENTION list what is held."""
    from detention_monitor.live.acts import Person
    from detention_monitor.live.retention import hold, holds, release

    with opened(db) as store:
        if detention is None:
            for each in holds(store):
                line = f"{each.detention}  {local_text(each.at)}  {each.who}  {each.reason}"
                click.echo(printable(line, 2_000))
            return
        act = release if ending else hold
        act(store, detention, Person.here(), int(time.time()), reason)
    click.echo("the hold is ended" if ending else "held", err=True)


@click.command("verify")
@db_option
def verify_command(*, db: str | None) -> None:
    """Check that no entry and nothing in the log was changed or taken out; say where it was."""
    from detention_monitor.live.log import verify

    with opened(db) as store:
        found = verify(store)
    if found.broken_at is not None:
        click.echo(f"the store is broken: {found.why}")
        sys.exit(FOUND)
    click.echo(f"{found.rows:,} rows, unbroken; the last digest is {found.digest}")
    erased = f", {found.erased:,} of them erased under the retention rules" if found.erased else ""
    last = f"; the last digest is {found.entries_digest}" if found.entries else ""
    click.echo(f"{found.entries:,} entries{erased}, unbroken{last}")
