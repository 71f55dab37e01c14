"""How many alerts came of late, whether a person can still take that in, and what may ring.

The measures are those of alarm management (IEC 62682, EEMUA 191): about one alert in ten minutes is
what one person can answer; the rules' own numbers say from where on it is a flood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detention_monitor.boards.desk import GRAVE, AlertLine
from detention_monitor.boards.lines import Line, Piece
from detention_monitor.live.limits import Limits
from detention_monitor.times import HOUR, in_words
from detention_monitor.values import Immutable

BELL_EVERY = 30
"""Seconds between two bells at least."""
_NOT_PUT = ("suppressed", "out_of_service")
_SPARKS = " .:-=+*#"


class Load(Immutable, frozen=True, gc=False):
    """What was put before a person: in the last `within` seconds, and in the last hour.

    `oldest`: since when the first alert that nobody has seen waits (seconds UTC).
    """

    recent: int
    within: int
    hour: int
    flood: bool
    oldest: int | None


def load_of(alerts: Iterable[AlertLine], limits: Limits, now: int) -> Load:
    """Return the load at an instant: alerts of medium severity or more, each counted once."""
    raised = [
        each.raised_at
        for each in alerts
        if each.raised_at is not None
        and each.severity != "info"
        and each.state not in _NOT_PUT
        and now - HOUR < each.raised_at <= now
    ]
    recent = sum(at > now - limits.flood_within for at in raised)
    waiting = (each.since for each in alerts if each.state == "new")
    return Load(
        recent, limits.flood_within, len(raised), recent > limits.flood_size,
        min(waiting, default=None),
    )  # fmt: skip


def load_line(load: Load, now: int) -> Line:
    """Return the load in a few words."""
    span = in_words(load.within).replace(" minutes", " min")
    if load.flood:
        return (Piece(f"FLOOD {load.recent} alerts in {span}: gravest first", "alarm"),)
    said = f"alerts: {load.recent} in {span}, {load.hour} in 1 h"
    if load.oldest is None:
        return (Piece(said, "dim"),)
    return Piece(said, "dim"), Piece(
        f", one unseen for {in_words(max(0, now - load.oldest))}", "dim"
    )


def by_tens(alerts: Sequence[AlertLine], now: int, count: int = 18) -> str:
    """Return how many alerts came in each of the last stretches of ten minutes, as characters."""
    tens = [0] * count
    for each in alerts:
        if each.raised_at is not None and 0 <= (back := (now - each.raised_at) // 600) < count:
            tens[-1 - back] += 1
    return "".join(_SPARKS[min(each, len(_SPARKS) - 1)] for each in tens)


class Bell:
    """Says when to ring: for alerts that are new, grave and not told yet, seldom enough."""

    def __init__(self) -> None:
        """Have heard nothing; what stands when a board is opened does not ring."""
        self._told: set[tuple[str, int | None]] | None = None
        self._rang = -BELL_EVERY * 1.0

    def rings(self, alerts: Iterable[AlertLine], wall: float, *, flood: bool) -> bool:
        """Whether to ring at a moment (`wall`: seconds of any steady clock).

        In a flood only what is critical rings. What came while the bell had to rest rings after it.
        """
        grave = ("critical",) if flood else GRAVE
        new = {
            (each.key, each.raised_at)
            for each in alerts
            if each.state == "new" and each.severity in grave
        }
        if self._told is None:
            self._told = new
            return False
        if not new - self._told or wall - self._rang < BELL_EVERY:
            self._told &= new
            return False
        self._told, self._rang = new, wall
        return True
