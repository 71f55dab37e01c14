"""The engine in a process of its own, which may die without taking the monitor with it (D10).

A detention on which it dies or hangs twice is judged by the reference interpreter, and the
findings say so (D3). The worker ends by itself when the monitor does: its pipe closes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.values import changed

PATIENCE = 60.0
"""Seconds after which a detention that is not judged is taken for a hang."""


class InProcess:
    """Judges here: for tests, and where a crash of the engine may end the program."""

    def __init__(self, ruleset: RuleSet, backend: Backend | None = None) -> None:
        """Compile the rules."""
        self._ruleset = ruleset
        self._backend = backend or DurableBackend(ruleset.plan)

    def __call__(self, detention: Detention, as_of: int) -> Assessment:
        """Return the assessment."""
        return judged(detention, self._ruleset, as_of, self._backend)


def judged(detention: Detention, ruleset: RuleSet, as_of: int, backend: Backend) -> Assessment:
    """Return the assessment; of a detention that cannot be judged, a refusal that says why."""
    try:
        return changed(assess(detention, ruleset, as_of, backend=backend), facts=())
    except DetentionMonitorError as error:
        return _refused(detention, as_of, str(error))


def _refused(detention: Detention, as_of: int, why: str) -> Assessment:
    return Assessment(
        detention.id, detention.records, as_of, refused="cannot_judge", refused_because=why
    )


class Worker:
    """Judges in another process; starts it, and starts it again when it dies."""

    def __init__(
        self, ruleset: RuleSet, say: Callable[[str], None] = print, patience: float = PATIENCE
    ) -> None:
        """Start the process; it compiles the rules meanwhile. `say` hears when it dies."""
        self._ruleset, self._say, self._patience = ruleset, say, patience
        self._reference: ReferenceBackend | None = None
        self.deaths = 0
        self._ready = False
        self._process, self._pipe = self._started()

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return self._process.pid

    def _started(self) -> tuple[BaseProcess, Connection]:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._ruleset), daemon=True, name="engine"
        )
        process.start()
        theirs.close()
        self._ready = False
        return process, ours

    def is_ready(self, seconds: float = 0) -> bool:
        """Whether the rules are compiled; wait for some seconds if they are not."""
        if not self._ready:
            with suppress(EOFError, OSError):  # dead: the next question starts it again
                self._ready = self._pipe.poll(seconds) and bool(self._pipe.recv())
        return self._ready

    def __call__(self, detention: Detention, as_of: int) -> Assessment:
        """Return the assessment; the second death on one detention hands it to the reference."""
        for attempt in (1, 2):
            answer = self._asked(detention, as_of)
            if answer is not None:
                return answer
            self.deaths += 1
            self.close()
            self._say(f"the engine's process died or hung on {detention.id} ({attempt} of 2)")
            self._process, self._pipe = self._started()
        self._say(f"{detention.id}: judged by the reference interpreter; please report it")
        if self._reference is None:
            self._reference = ReferenceBackend(self._ruleset.plan)
        return judged(detention, self._ruleset, as_of, self._reference)

    def _asked(self, detention: Detention, as_of: int) -> Assessment | None:
        """Return what the process answers; None if it died, or did not answer in time."""
        with suppress(EOFError, OSError):
            if not self.is_ready(self._patience):
                return None
            self._pipe.send((detention, as_of))
            if self._pipe.poll(self._patience):
                answer = self._pipe.recv()
                return answer if isinstance(answer, Assessment) else None
        return None

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _serve(pipe: Connection, ruleset: RuleSet) -> None:
    """Judge what comes through the pipe until it closes: the body of the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the monitor, which ends us
    backend = DurableBackend(ruleset.plan)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        pipe.send(True)
        while True:
            detention, as_of = pipe.recv()
            pipe.send(judged(detention, ruleset, as_of, backend))
