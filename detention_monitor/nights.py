"""Nights in custody and rest lost, on whole seconds UTC; nothing here knows about entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from detention_monitor.clocks import Span, union
from detention_monitor.values import Immutable


class Night(Immutable, frozen=True, gc=False):
    """A night window and the minutes of detention in it, all and after the decision to detain."""

    start: int
    end: int
    minutes: int
    minutes_post: int
    reached_at: int
    """When it became long enough: after the decision where that part alone is, else in all."""

    def phase(self, least: int) -> Literal["pre", "post", "mixed"]:
        """Say on which side of the decision the night counts (domain.md 2.11)."""
        if self.minutes_post * 60 >= least:
            return "post"
        return "pre" if (self.minutes - self.minutes_post) * 60 >= least else "mixed"


def night(
    window: Span, detained: Sequence[Span], decision: int | None, least: int, now: int
) -> Night | None:
    """Return the night if at least `least` seconds of its window were spent in detention."""
    end = window.end if window.end is not None else now
    inside = post = 0
    reached: int | None = None
    reached_post: int | None = None
    for span in union(detained):
        start = max(span.start, window.start)
        stop = min(now if span.end is None else span.end, end, now)
        if stop <= start:
            continue
        if reached is None and inside + (stop - start) >= least:
            reached = start + least - inside
        inside += stop - start
        if decision is not None:
            after = max(start, decision)
            if reached_post is None and post + (stop - after) >= least:
                reached_post = after + least - post
            post += max(0, stop - after)
    if reached is None:
        return None
    at = reached if reached_post is None else reached_post
    return Night(window.start, end, inside // 60, post // 60, at)


# --- rest --------------------------------------------------------------------------------------

_REST, _DAY = 8 * 3600, 24 * 3600


class RestLost(Immutable, frozen=True, gc=False):
    """The first instant at which the last 24 hours held no 8 hours' rest, and the longest there."""

    at: int | None
    longest: int
    next_at: int | None = None


def rest_lost(start: int, blocks: Sequence[Sequence[Span]], now: int) -> RestLost:
    """Say when 8 hours of rest in the last 24 were first missing (Code C 12.2), up to `now`.

    Each block is one continuous rest: its stretches, parted only by interruptions that the Code
    allows without a fresh period. The window slides; it is first whole 24 hours after `start`. A
    rest under way 16 hours after the last whole one keeps the window if it becomes whole itself:
    read to the letter, only 16 hours of rest in every 24 would do (docs/decisions/0010).
    """
    at = start + _DAY
    while at <= now:
        kept = [until for block in blocks if (until := _whole_until(block, at, now)) is not None]
        if kept and max(kept) >= at:
            at = max(kept) + 1
            continue
        under_way = [block for block in blocks if _goes_on(block, at)] if at > start + _DAY else []
        whole_at = max(map(_whole_at, under_way), default=0)
        if whole_at <= at:
            return RestLost(at, max((_rest(block, at, now) for block in blocks), default=0))
        at = whole_at
    return RestLost(None, 0, at)


def _goes_on(block: Sequence[Span], at: int) -> bool:
    """Whether a continuous rest, allowed interruptions included, is under way at an instant."""
    return block[0].start <= at and (block[-1].end is None or block[-1].end > at)


def _whole_at(block: Sequence[Span]) -> int:
    """Return when a rest is or will be 8 hours long, if it is still going on; 0 if never."""
    had = 0
    for each in block:
        if each.end is None or had + each.end - each.start >= _REST:
            return each.start + _REST - had
        had += each.end - each.start
    return 0


def _rest(block: Sequence[Span], at: int, now: int) -> int:
    """Return the seconds of rest in the 24 hours to `at`."""
    ends = [(each.start, min(now if each.end is None else each.end, at)) for each in block]
    return sum(max(0, end - max(begun, at - _DAY)) for begun, end in ends)


def _whole_until(block: Sequence[Span], at: int, now: int) -> int | None:
    """Return the last instant to which a block keeps the window whole, if it does at `at`."""
    if _rest(block, at, now) < _REST:
        return None
    lengths = [(each.start, (now if each.end is None else each.end)) for each in block]
    spare = sum(end - begun for begun, end in lengths) - _REST
    for begun, end in lengths:
        if spare < end - begun:
            return begun + spare + _DAY
        spare -= end - begun
    return at
