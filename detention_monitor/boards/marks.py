"""Where in a story something was put before a person: the marks that replay jumps between."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from detention_monitor.assess import Assessment
from detention_monitor.boards.story import arrival
from detention_monitor.detention import Detention, Reading
from detention_monitor.text import printable
from detention_monitor.values import Immutable


class Mark(Immutable, frozen=True, gc=False):
    """An instant (seconds UTC) at which a duty came near, or a breach was found."""

    at: int
    what: Literal["near", "breach"]
    record: str
    text: str
    key: str = ""
    """Of the finding; the same as that of its alert."""


Judge = Callable[[Detention, int], Assessment]


def marks(
    detentions: Iterable[Detention],
    judge: Judge,
    end: int,
    reading: Reading = "as_known",
    stopped: Callable[[], bool] = lambda: False,
) -> list[Mark]:
    """Return the marks of some detentions up to an instant, in order of time.

    Each detention is judged at every arrival and every `next_change_at`, as a monitor does, so
    that an alert that was taken back later has its mark too.
    """
    out: list[Mark] = []
    for detention in detentions:
        if stopped():
            break
        out += _marks(detention, judge, end, reading, stopped)
    return sorted(out, key=lambda mark: (mark.at, mark.record, mark.text))


def _marks(
    detention: Detention, judge: Judge, end: int, reading: Reading, stopped: Callable[[], bool]
) -> list[Mark]:
    known = reading == "as_known"
    entries = sorted(detention.entries, key=arrival if known else lambda each: each.at)
    arrivals = [arrival(each) if known else each.at for each in entries]
    waiting = sorted(set(arrivals))
    heapq.heapify(waiting)
    out: list[Mark] = []
    told: set[tuple[str, str]] = set()
    done = -1
    while waiting and not stopped():
        at = heapq.heappop(waiting)
        if at <= done or at > end:
            continue
        done = at
        count = bisect_right(arrivals, at) if known else len(entries)
        result = judge(Detention(detention.id, tuple(entries[:count]), detention.coverage), at)
        if result.next_change_at is not None and result.next_change_at > at:
            heapq.heappush(waiting, result.next_change_at)
        for finding in result.findings:
            if finding.nature != "concern":
                continue
            what: Literal["near", "breach"] | None = (
                "breach" if finding.is_breach else "near" if finding.status == "due_soon" else None
            )
            if what is not None and (finding.key, what) not in told:
                told.add((finding.key, what))
                text = f"{finding.duty or finding.rule} {finding.title}"
                out.append(
                    Mark(at, what, printable(finding.record, 40), printable(text, 120), finding.key)
                )
    return out


def next_mark(found: Sequence[Mark], now: int, steps: int, *, breaches: bool) -> Mark | None:
    """Return the next mark after an instant, or the one before it (`steps` negative)."""
    wanted = [each for each in found if not breaches or each.what == "breach"]
    if steps > 0:
        return next((each for each in wanted if each.at > now), None)
    return next((each for each in reversed(wanted) if each.at < now), None)


def between(found: Sequence[Mark], start: int, end: int) -> list[Mark]:
    """Return the marks after one instant up to another: what a jump passes over."""
    return [each for each in found if start < each.at <= end]


def ruler(found: Sequence[Mark], start: int, end: int, now: int, width: int, dot: str) -> str:
    """Return the story as a line: marks where something was found, and where it is now.

    `!` a breach, `.` a duty that came near; `dot` is now.
    """
    cells = ["-"] * max(10, width)
    span = max(1, end - start)
    for each in found:
        place = min(len(cells) - 1, max(0, (each.at - start) * (len(cells) - 1) // span))
        if cells[place] != "!":
            cells[place] = "!" if each.what == "breach" else "."
    cells[min(len(cells) - 1, max(0, (now - start) * (len(cells) - 1) // span))] = dot
    return "".join(cells)
