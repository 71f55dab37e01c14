"""The shelf as a page: what is put aside, by whom, why, until when, and when it is due."""

from __future__ import annotations

from detention_monitor.boards.desk import AlertLine, Desk
from detention_monitor.boards.detail import compact, labelled
from detention_monitor.boards.lines import Glyphs, Line, Piece, line, piece
from detention_monitor.boards.rows import left_text, when_text


def lines(desk: Desk, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the page, the shelf that ends first at the top."""
    shelved = [each for each in desk.alerts() if each.state == "shelved"]
    out: list[Line] = [
        line(Piece("Choose an alert in the list of alerts (Tab); U takes it down before its time.", "dim")),
        line(""),
    ]  # fmt: skip
    if not shelved:
        return [*out, line(Piece("Nothing is put aside.", "good"))]
    for each in sorted(shelved, key=lambda one: (one.until or 0, one.key)):
        out += [*_told(each, now, width), line("")]
    _ = glyphs
    return out


def _told(alert: AlertLine, now: int, width: int) -> list[Line]:
    until = alert.until or now
    due = "no deadline" if alert.due_at is None else f"due {when_text(alert.due_at, now)}"
    ends = f"until {when_text(until, now)}, {left_text(until - now)} left"
    head = f"{alert.record}  {alert.duty or alert.rule}  {alert.severity}  {ends}; {due}"
    said = f"{alert.who} {when_text(alert.since, now)}: {alert.reason}"
    return [
        line(piece(head, "bold")),
        *labelled("what", compact(alert.message, now), width),
        *labelled("by", said, width, most=6),
    ]
