"""`detention-monitor watch`: put desk, clock and screen together as the command line asks for it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from detention_monitor.errors import RecordError

if TYPE_CHECKING:
    from detention_monitor.boards.clock import Time
    from detention_monitor.boards.desk import Desk
    from detention_monitor.boards.story import StoryDesk

NOBODY = "nobody: practice only"

Say = Callable[[str], None]
Opened = tuple["Desk", "Time", str]
"""What is shown, by which clock, and who sits at it."""


def stored(
    db: str, rules: Path, policy: Path | None, follow: Sequence[str], options: Sequence[str],
    until: ExitStack, say: Say,
) -> Opened:  # fmt: skip
    """Open the desk of a store by our clock; with `follow`, a monitor too. `until` closes both.

    `options` are those of the command line that the monitor needs too.
    """
    # lazy, as everything here: the first frame does not wait for it
    from detention_monitor.boards.clock import Present
    from detention_monitor.boards.in_use import InUse
    from detention_monitor.boards.store import StoreDesk
    from detention_monitor.live.acts import Person
    from detention_monitor.live.run import accompanied
    from detention_monitor.live.store import Store
    from detention_monitor.rulefile import VOCABULARY
    from detention_monitor.vocabulary import Vocabulary

    who = Person.here()
    if served():  # whoever sits at the browser is not the user whose program this is
        who = Person("somebody at a browser", verified=False, host=who.host)
    say("opening the store")
    own = InUse.folder(rules, policy)
    if follow:
        words = Vocabulary.load(rules / VOCABULARY)
        until.enter_context(accompanied(db, words, follow, options))
    store = Store.open(db, create=False)
    until.callback(store.close)
    desk, clock = StoreDesk(store, own, who), Present()
    desk.look(clock.now())
    return desk, clock, who.name


def story(
    path: Path, rules: Path, policy: Path | None, speed: int, say: Say, *, practice: bool
) -> Opened:
    """Open the desk of a file that is played, by a clock of its own."""
    from detention_monitor.boards.clock import StoryClock
    from detention_monitor.boards.story import StoryDesk, coverage_of, judging
    from detention_monitor.durable import DurableBackend
    from detention_monitor.entries import CustodyEvent
    from detention_monitor.live.not_taken import SetAside
    from detention_monitor.recordfiles import record_files
    from detention_monitor.rulefile import load_rules
    from detention_monitor.sources import read_entries

    say("reading the rules")
    ruleset = load_rules(rules, policy)
    say(f"reading {path.name}")
    read = list(read_entries(record_files([str(path)]), ruleset.vocabulary))
    taken = [(got, source.coverage) for got, source in read if isinstance(got, CustodyEvent)]
    entries = [got for got, _ in taken]
    if not entries:
        raise RecordError(f"no entries in {path}")
    say(f"{len(ruleset.rules)} rules for {len(entries)} entries: making them ready")
    judge = judging(ruleset, DurableBackend(ruleset.plan))
    title = "DEMONSTRATION" if practice else "REPLAY"
    desk = StoryDesk(
        entries, ruleset, judge, practice=practice, title=title, coverage=coverage_of(taken),
        aside=[
            SetAside(entries[0].at, got.origin, got.record, got.reason)
            for got, _ in read if not isinstance(got, CustodyEvent)
        ],
    )  # fmt: skip
    clock = StoryClock(desk.start, desk.end, speed=speed)
    if practice:
        clock.go_to(_when_busy(desk))
    return desk, clock, NOBODY


def _when_busy(desk: StoryDesk) -> int:
    """Return when the eighth child comes: so that the demonstration begins with something to see."""
    came = [each.at for each in desk.entries if each.kind == "arrived"]
    return came[7] if len(came) > 7 else desk.start


def in_lines(prepare: Callable[[Say], Opened]) -> None:
    """Tell and answer in lines until a person quits."""
    from detention_monitor.boards import plain

    desk, clock, _ = prepare(lambda _: None)

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


def run(prepare: Callable[[Say], Opened], *, ascii_only: bool, bell: bool) -> None:
    """Show the board until a person quits; raise what keeps it from being opened."""
    from tui.app import BoardApp

    app = BoardApp(prepare=prepare, ascii_only=ascii_only, bell=bell)
    app.run()
    if app.failure is not None:
        raise app.failure
