"""The two lines above the board: whose, when, how the data do, how many of what."""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor.boards.clock import StoryClock, Time
from detention_monitor.boards.desk import Desk, Row
from detention_monitor.boards.lines import Line, Piece, fit, piece, text_of
from detention_monitor.boards.rows import alert_counts, counts, feed_line
from detention_monitor.times import local_text
from detention_monitor.values import Immutable

_GAP = Piece("  ")


class Shown(Immutable, frozen=True, gc=False):
    """What of the board is shown."""

    suite: str = ""
    find: str = ""
    faults: bool = False
    after: bool = False
    warning: str = ""


def lines(
    desk: Desk, clock: Time, rows: Sequence[Row], now: int, shown: Shown, width: int
) -> list[Line]:
    """Return the two lines. What is out of date takes the first one whole."""
    young = sum(each.refused == "under_10" for each in desk.refused())
    others = len(desk.refused()) - young
    where = shown.suite or "all suites"
    when = local_text(now, seconds=True)
    when = when if width >= 110 else " ".join((when.split()[0], when.split()[4]))
    title = Piece(f" {desk.title}", "bold" if desk.live else "warn")
    first: list[Piece] = [title, _GAP, piece(where, "", 30), _GAP, Piece(when, "bold"), _GAP]
    if isinstance(clock, StoryClock):
        pace = "end of the story" if clock.ended else f"x{clock.speed}"
        state = pace if clock.running else f"PAUSED {pace}"
        first.append(Piece(state, "warn"))
    else:
        first += [Piece("LIVE", "good"), _GAP, *feed_line(desk, now)]
    first += [_GAP, Piece(f"{len(rows)} {'child' if len(rows) == 1 else 'children'}", "dim")]
    if shown.warning:
        alarm = f" {when}  {shown.warning}  What stands below may be out of date."
        first = [piece(alarm, "alarm", 400)]
    second: list[Piece] = [Piece(" ")]
    if young:
        second += [Piece(f"{young} under 10: check at once", "alarm"), _GAP]
    second += [*counts(rows), Piece("   "), *alert_counts(desk.alerts())]
    if others:
        second += [_GAP, Piece(f"{others} not judged", "warn")]
    if shown.after:
        second += [_GAP, Piece("AFTER RELEASE", "warn")]
    if shown.faults:
        second += [_GAP, Piece("FAULTS ONLY", "warn")]
    if shown.find:
        second += [_GAP, piece(f"FIND {shown.find}", "warn", 30)]
    return [_cut(first, width), _cut(second, width)]


def _cut(parts: Sequence[Piece], width: int) -> Line:
    if len(text_of(parts)) <= width:
        return tuple(parts)
    out: list[Piece] = []
    room = width
    for each in parts:
        if room <= 0:
            break
        text = each.text if len(each.text) <= room else fit(each.text, room)
        out.append(Piece(text, each.tone))
        room -= len(text)
    return tuple(out)
