"""The two lines above the board: whose, when, how the data do, how many of what."""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor.boards.clock import StoryClock, Time
from detention_monitor.boards.desk import Desk, Row
from detention_monitor.boards.lines import Line, Piece, fit, piece, text_of
from detention_monitor.boards.load import load_line, load_of
from detention_monitor.boards.rows import alert_counts, counts, feed_line
from detention_monitor.live.limits import Limits
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
    bell: bool = False


def lines(
    desk: Desk, clock: Time, rows: Sequence[Row], now: int, shown: Shown, width: int
) -> list[Line]:
    """Return the two lines."""
    young = sum(each.refused == "under_10" and each.ended is None for each in desk.refused())
    top = first(desk, clock, len(rows) + young, now, shown, width)
    return [top, second(desk, rows, now, shown, width)]


def first(desk: Desk, clock: Time, children: int, now: int, shown: Shown, width: int) -> Line:
    """Return the line of the clock and the feeds; what is out of date takes it whole."""
    where = shown.suite or "all suites"
    when = local_text(now, seconds=True)
    when = when if width >= 110 else " ".join((when.split()[0], when.split()[4]))
    title = Piece(f" {desk.title}", "bold" if desk.live else "warn")
    out: list[Piece] = [title, _GAP, piece(where, "", 30), _GAP, Piece(when, "bold"), _GAP]
    if isinstance(clock, StoryClock):
        pace = "end of the story" if clock.ended else f"x{clock.speed}"
        state = pace if clock.running else f"PAUSED {pace}"
        out.append(Piece(state, "warn"))
    else:
        out += [Piece("LIVE", "good"), _GAP, *feed_line(desk, now)]
    if desk.pending is not None:
        done, whole = desk.pending
        out += [_GAP, Piece(f"JUDGING, {done} of {whole} done", "warn")]
    out += [_GAP, Piece(f"{children} {'child' if children == 1 else 'children'}", "dim")]
    if shown.warning:
        alarm = f" {when}  {shown.warning}  What stands below may be out of date."
        out = [piece(alarm, "alarm", 400)]
    return _cut(out, width)


def second(desk: Desk, rows: Sequence[Row], now: int, shown: Shown, width: int) -> Line:
    """Return the line of counts, filters and the load of alerts: good for a minute."""
    load = load_of(desk.alerts(), Limits.of(desk.parameters, now), now)
    refused = desk.refused()
    young = [each for each in refused if each.refused == "under_10"]
    here, others = sum(each.ended is None for each in young), len(refused) - len(young)
    out: list[Piece] = [Piece(" ")]
    if here:
        out += [Piece(f"{here} under 10: check at once", "alarm"), _GAP]
    if len(young) > here:
        out += [Piece(f"{len(young) - here} under 10 left: see l", "warn"), _GAP]
    out += [*counts(rows, named=width >= 110), Piece("   "), *alert_counts(desk.alerts())]
    aside = desk.set_aside(now).count
    if aside:
        out += [_GAP, Piece(f"{aside} line{'s' if aside > 1 else ''} not taken: F", "alarm")]
    if load.flood:
        out += [_GAP, *load_line(load, now)]
    if others:
        out += [_GAP, Piece(f"{others} not judged", "warn")]
    if shown.after:
        out += [_GAP, Piece("AFTER RELEASE", "warn")]
    if shown.faults:
        out += [_GAP, Piece("FAULTS ONLY", "warn")]
    if shown.find:
        out += [_GAP, piece(f"FIND {shown.find}", "warn", 30)]
    if shown.bell:
        out += [_GAP, Piece("bell on", "dim")]
    told = () if load.flood else load_line(load, now)
    for each in (_GAP, *told) if told else ():  # what does not fit whole is on the page of alerts
        if len(text_of(out)) + len(each.text) > width:
            break
        out.append(each)
    return _cut(out, width)


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
