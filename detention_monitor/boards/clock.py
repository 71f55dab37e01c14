"""What time it is on a board: the present, or the time of a story that is played."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SPEEDS = (1, 10, 60, 300, 1_200, 3_600)
"""Seconds of a story for each of ours: the steps of the transport keys."""


@dataclass
class Present:
    """The time as it is; no key stops it."""

    wall: Callable[[], float] = time.time
    live: bool = field(default=True, init=False)

    def now(self) -> int:
        """Return the instant (seconds UTC)."""
        return int(self.wall())


@dataclass
class StoryClock:
    """The time of a story from `start` to `end` (seconds UTC): it can be stopped, sped up, moved.

    Worked out from our own clock, never by counting ticks, so that a busy machine loses no time.
    """

    start: int
    end: int
    speed: int = 60
    running: bool = True
    wall: Callable[[], float] = time.monotonic
    live: bool = field(default=False, init=False)
    _at: float = field(init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._at, self._since = float(self.start), self.wall()

    def now(self) -> int:
        """Return the instant of the story (seconds UTC)."""
        return int(self._exact())

    def _exact(self) -> float:
        passed = (self.wall() - self._since) * self.speed if self.running else 0.0
        return min(self._at + passed, float(self.end))

    def _hold(self, at: float) -> None:
        self._at, self._since = at, self.wall()

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self._exact() >= self.end

    def go_to(self, at: int) -> None:
        """Move to an instant, within the story."""
        self._hold(float(max(self.start, min(at, self.end))))

    def pause(self) -> None:
        """Stop, or go on; at the end, begin again."""
        if self.ended and self.running:
            self.go_to(self.start)
            return
        self._hold(self._exact())
        self.running = not self.running

    def stop(self) -> None:
        """Stop where it is."""
        self._hold(self._exact())
        self.running = False

    def faster(self) -> None:
        """Take the next higher speed."""
        self._change(min((each for each in SPEEDS if each > self.speed), default=self.speed))

    def slower(self) -> None:
        """Take the next lower speed."""
        self._change(max((each for each in SPEEDS if each < self.speed), default=self.speed))

    def _change(self, speed: int) -> None:
        self._hold(self._exact())
        self.speed = speed


Time = Present | StoryClock
