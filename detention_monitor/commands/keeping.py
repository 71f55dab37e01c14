"""`access`, `retention`, `hold`, `verify`: what is kept of a store, for how long, and who looked."""

from __future__ import annotations

import sys
import time
from datetime import date

import click
import orjson

from detention_monitor.commands.options import FOUND, db_option, instant
from detention_monitor.commands.stores import opened
from detention_monitor.text import printable
from detention_monitor.times import local_text, rfc3339, start_of_day


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
