"""Rules are loaded anew while the monitor runs: whole, or not at all.

Changed files are first checked, tested and compiled in a process of their own, with a time limit:
some definitions hang or crash the C engine. That process hands over the very rule set it tried, so
that nothing that is changed meanwhile slips in. Files are looked at once a second (`stat`): one way
for every file system, and nobody waits for a rule; tried once they have been left alone that long.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from detention_monitor.catalogue import load_with_catalogue
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError, RuleFileError
from detention_monitor.live.limits import Limits
from detention_monitor.rulefile import RuleSet
from detention_monitor.ruletests import run_tests

LONGEST = 180.0
"""Seconds after which a trial is given up; that of the rules of this repository takes about ten."""
_LOOK = 1.0
"""Seconds between two looks at the files."""
_MOST = 20
"""Faults that are handed on; `rules check` tells all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to: a rule set that is right, or what is wrong with it, line by line."""

    ruleset: RuleSet | None
    faults: tuple[str, ...] = ()
    asked: bool = False
    """Whether a person asked for it, rather than a file having changed."""


Stamp = tuple[tuple[str, int, int, int], ...]


class Reloader:
    """Sees that rule files changed, and tries them beside the running monitor."""

    def __init__(self, folder: Path, policy: Path | None, *, longest: float = LONGEST) -> None:
        """Take the files as they are now for those in use."""
        self._folder, self._policy, self._longest = folder, policy, longest
        self._used = self._last = _stamp(folder, policy)
        self._looked = time.monotonic()
        self._asked = False
        self._trial: _Trial | None = None

    def ask(self) -> None:
        """Try the files at the next look, changed or not."""
        self._asked = True

    def close(self) -> None:
        """End a trial that is running."""
        if self._trial is not None:
            self._trial.close()
            self._trial = None

    def poll(self) -> Outcome | None:
        """Return what a trial came to, once; never waits."""
        if self._trial is not None:
            outcome = self._trial.outcome()
            if outcome is None:
                return None
            stamp = self._trial.stamp
            self.close()
            if stamp == _stamp(self._folder, self._policy):
                return outcome
            self._asked |= outcome.asked  # changed meanwhile: try what is there now
            self._used = stamp
        self._look()
        return None

    def _look(self) -> None:
        now = time.monotonic()
        if not self._asked and now < self._looked + _LOOK:
            return
        stamp, self._looked = _stamp(self._folder, self._policy), now
        settled, self._last = stamp == self._last, stamp
        if self._asked or (stamp != self._used and settled):
            self._used = stamp
            self._trial = _Trial(self._folder, self._policy, stamp, self._longest, self._asked)
            self._asked = False


def _stamp(folder: Path, policy: Path | None) -> Stamp:
    paths = sorted(folder.glob("*.yaml")) + ([policy] if policy else [])
    out = []
    for path in paths:
        with suppress(OSError):
            found = path.stat()
            out.append((path.name, found.st_ino, found.st_size, found.st_mtime_ns))
    return tuple(out)


class _Trial:
    """One trial in a process of its own."""

    def __init__(
        self, folder: Path, policy: Path | None, stamp: Stamp, longest: float, asked: bool
    ) -> None:
        self.stamp, self._asked = stamp, asked
        self._longest, self._end = longest, time.monotonic() + longest
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(
            target=_try, args=(theirs, folder, policy), daemon=True, name="trial"
        )
        self._process.start()
        theirs.close()

    def outcome(self) -> Outcome | None:
        """Return what it came to; None while it goes on."""
        if not self._pipe.poll(0):
            if time.monotonic() < self._end:
                return None
            return self._wrong(f"the rules were not tried within {self._longest:.0f} seconds")
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            return self._wrong(f"the engine ended on these rules ({self._process.exitcode})")
        if isinstance(answer, RuleSet):
            return Outcome(answer, (), self._asked)
        return Outcome(None, tuple(answer), self._asked)

    def _wrong(self, message: str) -> Outcome:
        return Outcome(None, (f"{message}; take back the last change",), self._asked)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _try(pipe: Connection, folder: Path, policy: Path | None) -> None:
    """Check, test and compile; send the rule set, or what is wrong: the body of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the monitor, which ends us
    try:
        ruleset = load_with_catalogue(folder, policy)
        Limits.of(ruleset.parameters, 0)
        faults = list(_failures(folder))
        DurableBackend(ruleset.plan)
        answer: RuleSet | list[str] = faults or ruleset
    except RuleFileError as error:
        answer = list(told_faults(error))
    except (DetentionMonitorError, OSError) as error:
        answer = [str(error)]
    pipe.send(answer)


def told_faults(error: RuleFileError) -> tuple[str, ...]:
    """Return the faults to tell, the cause first.

    What a file that cannot be read would have defined is unknown in others.
    """
    first = sorted(error.diagnostics, key=lambda each: each.code.startswith("unknown-"))
    return tuple(str(each) for each in first[:_MOST])


def _failures(folder: Path) -> Iterator[str]:
    """Yield the tests that fail; they are written for the numbers of the rules, not a force's."""
    failed = 0
    for outcome in run_tests(folder):
        if outcome.faults:
            failed += 1
            if failed <= _MOST:
                rule = f"{outcome.rule}: " if outcome.rule else ""
                yield f"{outcome.file}:{outcome.line}: {rule}the test '{outcome.name}' fails"
