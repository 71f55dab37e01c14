"""The live monitor without a screen: feeds -> store -> assessments and alerts, until it is stopped.

Each round takes what the feeds have, stores it, and brings every projection to the present. Then it
sleeps until something new can have come. If the store fails it says so once and tries again: what
was not stored is still in the feeds. Rules that changed and proved right take over between rounds.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from detention_monitor.live.assessed import Judge
from detention_monitor.live.escalation import Escalator
from detention_monitor.live.feeds import Feed
from detention_monitor.live.intake import Taken, ingest
from detention_monitor.live.log import append
from detention_monitor.live.projection import Projector
from detention_monitor.live.reload import Outcome, Reloader
from detention_monitor.live.store import Store, StoreError
from detention_monitor.rulefile import RuleSet

PAUSE = 0.05
"""Seconds between two looks at the feeds."""
_RETRY = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts while the store does not answer."""

Clock = Callable[[], float]
Say = Callable[[str], None]


@dataclass(slots=True)
class Counts:
    """What a monitor did since it started."""

    stored: int = 0
    again: int = 0
    set_aside: int = 0

    def add(self, taken: Taken) -> None:
        """Count a batch."""
        self.stored += taken.stored
        self.again += taken.again
        self.set_aside += len(taken.set_aside)


class Engine(Judge, Protocol):
    """A judge in a process of its own."""

    def is_ready(self) -> bool:
        """Whether its rules are compiled."""
        ...

    def close(self) -> None:
        """End its process."""
        ...


@dataclass(frozen=True, slots=True)
class Reloading:
    """How rules are loaded anew: who tries them, who then judges, who must know of them."""

    reloader: Reloader
    engine: Callable[[RuleSet], Engine]
    taken_over: Callable[[RuleSet, Engine], None]


class Monitor:
    """Follows feeds into a store."""

    def __init__(
        self,
        store: Store,
        feeds: Callable[[], Sequence[Feed]],
        ruleset: RuleSet,
        judge: Judge,
        *,
        say: Say = print,
        clock: Clock = time.time,
        escalator: Escalator | None = None,
        reloading: Reloading | None = None,
    ) -> None:
        """Read where the store stands; `feeds` opens them there; `say` gets lines of narration."""
        self._escalator, self._reloading = escalator, reloading
        self._coming: tuple[RuleSet, Engine] | None = None
        self._store, self._open_feeds, self._ruleset, self._judge = store, feeds, ruleset, judge
        self._say, self._clock = say, clock
        self.counts = Counts()
        self._feeds: Sequence[Feed] = ()
        self._latest = 0
        self._begin()

    def _begin(self) -> None:
        """Go on from what is stored: at the start, and where a write failed halfway."""
        self.close()
        self._feeds = self._open_feeds()
        self._projector = Projector(self._store, self._ruleset, self._judge)
        self._behind = True

    def close(self) -> None:
        """Let go of the feeds."""
        for feed in self._feeds:
            feed.close()
        self._feeds = ()

    def step(self) -> bool:
        """Take what has come and settle; return whether anything had."""
        stored = self._behind
        for feed in self._feeds:  # what a feed gave counts once it is stored
            for batch in feed.poll(self._now()):
                taken = ingest(self._store, batch, self._now())
                self.counts.add(taken)
                stored |= taken.stored > 0
                self._tell(batch.problem, feed.name, taken)
        settled = self._projector.settle(self._now(), arrived=stored)
        self._behind = False
        self._tell_effects()
        if self._escalator is not None:
            self._escalator.step(self._now(), self._projector.log_seq)
        if self._reloading is not None:
            self._reload(self._reloading)
        return stored or settled

    def _tell_effects(self) -> None:
        for effect in self._projector.adopted:
            for line in effect.lines():
                self._say(line)
        self._projector.adopted.clear()

    def _reload(self, reloading: Reloading) -> None:
        """Try rules that changed; once the engine has compiled them, let them take over."""
        if self._projector.reload_asked:
            self._projector.reload_asked = False
            reloading.reloader.ask()
        outcome = reloading.reloader.poll()
        if outcome is not None:
            self._drop_coming()
            if outcome.ruleset is None:
                self.refuse(outcome.faults)
            elif outcome.ruleset.hash == self._ruleset.hash:
                self._same(outcome)
                self._say(f"the rules are the same: {self._ruleset.hash}")
            else:
                self._coming = outcome.ruleset, reloading.engine(outcome.ruleset)
        if self._coming is not None and self._coming[1].is_ready():
            ruleset, engine = self._coming
            self._projector.adopt(ruleset, engine, self._now())
            self._ruleset, self._judge, self._coming = ruleset, engine, None
            reloading.taken_over(ruleset, engine)
            self.close()
            self._feeds = self._open_feeds()
            self._tell_effects()

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming[1].close()
            self._coming = None

    def refuse(self, faults: Sequence[str]) -> None:
        """Say, show and log why the rules in the files are not in use."""
        for line in faults:
            self._say(f"the new rules are not in use: {line}")
        self._projector.tell_fault(faults[0])
        body = {"kept": self._ruleset.hash, "faults": list(faults)}
        with self._store.write() as connection:
            append(connection, self._now(), "rules_refused", None, body)

    def _same(self, outcome: Outcome) -> None:
        self._projector.tell_fault(None)
        if outcome.asked:
            body = {"from": self._ruleset.hash, "to": self._ruleset.hash, "detentions": 0}
            with self._store.write() as connection:
                append(
                    connection, self._now(), "rules", None, {**body, "rules": [], "findings": []}
                )

    def _now(self) -> int:
        self._latest = max(self._latest, int(self._clock()))  # no alert goes back with our clock
        return self._latest

    def _tell(self, problem: str | None, feed: str, taken: Taken) -> None:
        if problem:
            self._say(f"{feed}: {problem}")
        for each in taken.set_aside[:10]:
            self._say(f"set aside: {each.origin}: {each.reason}")
        if len(taken.set_aside) > 10:
            self._say(f"set aside: {len(taken.set_aside) - 10} more; all are in the store")

    def run(self, stop: Event) -> None:
        """Go on until told to stop; survive a store that goes away for a while."""
        failures = 0
        while not stop.is_set():
            try:
                if failures:
                    self._store.hold()
                    self._begin()
                self.step()
                if failures:
                    self._say("the store answers again; nothing was lost")
                failures = 0
            except StoreError as error:
                if not failures:
                    self._say(f"{error}; trying again")
                stop.wait(_RETRY[min(failures, len(_RETRY) - 1)])
                failures += 1
                continue
            self._sleep(stop)

    def _sleep(self, stop: Event) -> None:
        waiting = [fd for feed in self._feeds if (fd := feed.descriptor()) is not None]
        if waiting:
            select.select(waiting, [], [], PAUSE)
        else:
            stop.wait(PAUSE)
