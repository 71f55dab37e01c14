"""`detention-monitor watch`: put desk, clock and screen together as the command line asks for it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from detention_monitor.boards.clock import Present, StoryClock, Time
from detention_monitor.boards.desk import Desk
from detention_monitor.boards.story import StoryDesk, judging
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries, record_files

NOBODY = "nobody: practice only"


@contextmanager
def stored(
    db: str, ruleset: RuleSet, follow: Sequence[str], options: Sequence[str]
) -> Iterator[tuple[Desk, Time, str]]:
    """Give the desk of a store by our clock, and who sits at it; with `follow`, a monitor too."""
    from detention_monitor.boards.store import StoreDesk  # lazy: only here is a database needed
    from detention_monitor.live.acts import Person
    from detention_monitor.live.run import stored as monitored
    from detention_monitor.live.store import Store

    who = Person.here()
    if served():  # whoever sits at the browser is not the user whose program this is
        who = Person("somebody at a browser", verified=False, host=who.host)
    with monitored(db, ruleset, follow, options):
        store = Store.open(db, create=False)
        try:
            yield StoreDesk(store, ruleset, who), Present(), who.name
        finally:
            store.close()


def story(
    path: Path, ruleset: RuleSet, speed: int, *, practice: bool
) -> tuple[Desk, Time, str, int]:
    """Return the desk and clock of a file that is played, and how many lines could not be read."""
    read = [got for got, _ in read_entries(record_files([str(path)]), ruleset.vocabulary)]
    entries = [got for got in read if isinstance(got, CustodyEvent)]
    if not entries:
        raise RecordError(f"no entries in {path}")
    judge = judging(ruleset, DurableBackend(ruleset.plan))
    title = "DEMONSTRATION" if practice else "REPLAY"
    desk = StoryDesk(entries, ruleset, judge, practice=practice, title=title)
    clock = StoryClock(desk.start, desk.end, speed=speed)
    return desk, clock, NOBODY, len(read) - len(entries)


def in_lines(desk: Desk, clock: Time, _who: str) -> None:
    """Tell and answer in lines until a person quits."""
    from detention_monitor.boards import plain

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    plain.run(desk, clock, sys.stdin, say)


def serve(arguments: Sequence[str], host: str, port: int) -> None:
    """Serve the board to browsers; each visitor gets a board of their own over the same store.

    Nobody is asked who they are: other machines reach it only through a proxy that asks. Raises
    `RecordError` where the extra that serves is not installed.
    """
    try:
        from tui.serving import LocalServer
    except ImportError:
        raise RecordError(
            "--browser needs one more package: pip install 'detention-monitor[browser]'"
        ) from None
    wanted = [each for each in _without(arguments) if each != "--browser"]
    command = shlex.join([sys.executable, "-m", "detention_monitor", *wanted])
    LocalServer(command, host=host, port=port, title="Children in custody").serve()


def served() -> bool:
    """Whether this program draws for a browser, not for a terminal of its own."""
    return "web_driver" in os.environ.get("TEXTUAL_DRIVER", "")


def _without(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments but for --host and --port and what belongs to them."""
    skip = False
    for each in arguments:
        if skip:
            skip = False
        elif each in ("--host", "--port"):
            skip = True
        elif not each.startswith(("--host=", "--port=")):
            yield each


def run(desk: Desk, clock: Time, who: str, *, ascii_only: bool) -> None:
    """Show the board until a person quits."""
    from tui.app import BoardApp

    BoardApp(desk, clock, who=who, ascii_only=ascii_only).run()
