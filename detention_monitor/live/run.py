"""Put the live monitor together from its parts, as the command line asks for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from detention_monitor.errors import RecordError
from detention_monitor.live.acts import Verified, verify
from detention_monitor.live.feeds import Feed, Folder, FollowedFile, StandardInput, named
from detention_monitor.live.monitor import Counts, Monitor
from detention_monitor.live.outbox import is_outbox, outbox
from detention_monitor.live.reading import StoredAssessments
from detention_monitor.live.store import Store, StoreError, positions
from detention_monitor.live.worker import Worker
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.vocabulary import Vocabulary


def monitor(
    db: str,
    follow: Sequence[str],
    rules: Path,
    policy: Path | None,
    *,
    once: bool,
    say: Callable[[str], None],
) -> Counts:
    """Follow feeds into a store until told to stop (SIGTERM, Ctrl-C), or `once` to their ends."""
    ruleset = load_rules(rules, policy)
    standard_input = StandardInput(ruleset.vocabulary) if "-" in follow else None
    wanted = feeds_for(follow, ruleset.vocabulary, {}, standard_input)
    names = ", ".join(feed.name for feed in wanted)  # without passwords
    store = Store.open(db)
    stop = Event()
    try:
        with store.alone():
            worker = Worker(ruleset, say)
            try:
                whole = Monitor(
                    store,
                    lambda: feeds_for(follow, ruleset.vocabulary, positions(store), standard_input),
                    ruleset,
                    worker,
                    say=say,
                )
                if once:
                    while whole.step():
                        pass
                else:
                    for number in (signal.SIGTERM, signal.SIGINT):
                        signal.signal(number, lambda *_: stop.set())
                    say(f"{store.name}: rules {ruleset.hash}; following {names}")
                    whole.run(stop)
                return whole.counts
            finally:
                worker.close()
    finally:
        store.close()


def feeds_for(
    paths: Sequence[str],
    vocabulary: Vocabulary,
    known: Mapping[str, str],
    standard_input: StandardInput | None = None,
) -> list[Feed]:
    """Return the feeds that paths stand for, each where it was read to; `known` by its name.

    Raises `RecordError` for a path that is not there.
    """
    out: list[Feed] = []
    for each in dict.fromkeys(paths):
        if each == "-":
            out.append(standard_input or StandardInput(vocabulary))
        elif is_outbox(each):
            name = outbox(each, vocabulary).name
            out.append(outbox(each, vocabulary, known.get(name, "")))
        elif (path := Path(each).absolute()).is_dir():
            out.append(Folder(path, vocabulary, known))
        elif path.is_file():
            out.append(FollowedFile(path, vocabulary, known.get(named(path), "")))
        else:
            raise RecordError(
                f"{each}: no such file or folder; an empty file will do to begin with"
            )
    return out


@contextmanager
def stored(
    db: str, ruleset: RuleSet, follow: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[StoredAssessments]:
    """Give what a monitor keeps in a store, for a screen; with `follow`, run that monitor too.

    The monitor is a process of its own all the same, and ends with the screen; `options` are
    those of the command line (--rules, --policy).
    """
    store = Store.open(db, create=bool(follow))
    try:
        if not follow:
            yield StoredAssessments(store, ruleset)
            return
        feeds_for(
            follow, ruleset.vocabulary, {}
        )  # what is not there is said before the screen opens
        command = [sys.executable, "-m", "detention_monitor", "monitor", "--db", db, *options]
        for each in follow:
            command += ["--follow", each]
        with subprocess.Popen(  # noqa: S603 - this program itself, without a shell
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as running:
            try:
                yield StoredAssessments(store, ruleset)
            finally:
                running.terminate()
                _, said = running.communicate()
                if running.returncode not in (0, 3):
                    raise StoreError(said.decode("utf-8", "replace").strip()[-500:])
    finally:
        store.close()


def checked(db: str) -> Verified:
    """Check the chain of a store's log."""
    store = Store.open(db, create=False)
    try:
        return verify(store)
    finally:
        store.close()
