"""The clock arithmetic of PACE Part IV, on whole seconds UTC; nothing here knows about entries.

Every period (6, 9, 24, 36 hours) runs on the same list of excluded intervals: hospital for
medical treatment (s.41(6)) and bail (s.47(6)). Intervals are half-open. The reviews that follow one
another are in review_chain.py, nights and rest in nights.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detention_monitor.values import Immutable


class Span(Immutable, frozen=True, gc=False, order=True):
    """A stretch of time from `start` to `end` (seconds UTC, end excluded; None = still open)."""

    start: int
    end: int | None = None


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans joined where they touch, in order: nothing is excluded twice.

    >>> union([Span(5, 9), Span(0, 6)])
    [Span(start=0, end=9)]
    """
    out: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        if out and (out[-1].end is None or span.start <= out[-1].end):
            last = out.pop()
            ends = (last.end, span.end)
            latest = None if None in ends else max(end for end in ends if end is not None)
            out.append(Span(last.start, latest))
        else:
            out.append(span)
    return out


def elapsed(start: int, now: int, excluded: Sequence[Span] = ()) -> int:
    """Return the seconds from `start` to `now` that are not excluded."""
    lost = 0
    for span in union(excluded):
        end = now if span.end is None else min(span.end, now)
        lost += max(0, end - max(span.start, start))
    return (now - start) - lost


def live(start: int, seconds: int, excluded: Sequence[Span] = ()) -> int | None:
    """Return the instant at which that many non-excluded seconds have run since `start`.

    None while an open exclusion stands in the way: the clock is paused.
    """
    due = start + seconds
    for span in union(excluded) if excluded else ():
        if span.end is not None and span.end <= start:
            continue
        if span.start >= due:
            break
        if span.end is None:
            return None
        due += span.end - max(span.start, start)
    return due
