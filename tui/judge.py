"""The judge of a story on the screen: a process of its own, so that no record stops the board."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr
from multiprocessing import resource_tracker

from detention_monitor.live.worker import Worker
from detention_monitor.rulefile import RuleSet


def worker(ruleset: RuleSet) -> Worker:
    """Return a worker; close it when done."""
    with redirect_stderr(sys.__stderr__):  # Python's tracker needs the real one; Textual took it
        resource_tracker.ensure_running()
    return Worker(ruleset, lambda _: None)
