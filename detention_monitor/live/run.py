"""Put the live monitor together from its parts, as the command line asks for it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from detention_monitor.live.feeds import StandardInput, feeds_for
from detention_monitor.live.monitor import Counts, Monitor
from detention_monitor.live.reading import StoredAssessments
from detention_monitor.live.store import Store, positions
from detention_monitor.live.worker import Worker
from detention_monitor.rulefile import RuleSet, load_rules


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
    store = Store.open(db)
    stop = Event()
    try:
        with store.alone():
            standard_input = StandardInput(ruleset.vocabulary) if "-" in follow else None
            feeds_for(follow, ruleset.vocabulary, {})  # a wrong path is known before work begins
            worker = Worker(ruleset)
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
                    say(f"{store.name}: rules {ruleset.hash}; following {', '.join(follow)}")
                    whole.run(stop)
                return whole.counts
            finally:
                worker.close()
    finally:
        store.close()


@contextmanager
def stored(db: str, ruleset: RuleSet) -> Iterator[StoredAssessments]:
    """Give what a monitor keeps in a store, for a screen."""
    store = Store.open(db, create=False)
    try:
        yield StoredAssessments(store, ruleset)
    finally:
        store.close()
