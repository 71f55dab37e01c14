"""The feeds as a page: how each does, and the lines that could not be taken."""

from __future__ import annotations

from collections.abc import Iterator

from detention_monitor.boards.desk import Desk, FeedLine
from detention_monitor.boards.detail import labelled, ruled
from detention_monitor.boards.lines import Glyphs, Line, Piece, line, piece
from detention_monitor.boards.rows import when_text
from detention_monitor.live.not_taken import SetAside
from detention_monitor.times import in_words


def lines(desk: Desk, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the page."""
    out: list[Line] = [ruled("FEEDS", width, glyphs)]
    feeds = desk.feeds(now)
    for each in feeds:
        out += _told(each, now, width)
    if not feeds:
        out.append(line(Piece("no feed: this board plays a story, or no monitor has run", "dim")))
    aside = desk.set_aside(now)
    since = " WITHIN A DAY" if desk.live else ""
    out += [line(""), ruled(f"NOT TAKEN{since}  {aside.count}", width, glyphs)]
    if not aside.count:
        said = "every line was taken" if not aside.seen else "none that nobody has seen"
        out.append(line(Piece(said, "good")))
    else:
        out += labelled("note", NOTE + (_PRINTS if desk.live else ""), width, "warn", 6)
    for one in aside.last:
        number = desk.line_number(one)
        came = when_text(one.at, now) if desk.live else "line"  # a story does not say when
        out += labelled(came if number is None else f"{number}  {came}", _said(one), width)
    if aside.count > len(aside.last):
        out.append(line(Piece(f"and {aside.count - len(aside.last)} before them", "dim")))
    if aside.seen:
        out += [line(""), ruled(f"SEEN{since}  {len(aside.seen)}", width, glyphs)]
    for one in aside.seen:
        by = one.seen
        seen = f"  ({by.who} {when_text(by.at, now)}: {by.reason})" if by is not None else ""
        out += labelled(when_text(one.at, now), f"{_said(one)}{seen}", width, "dim", 6)
    return out


def _said(one: SetAside) -> str:
    whose = f"{one.record}: " if one.record else ""
    return f"{one.origin}  {whose}{one.reason}"


def tick_off(desk: Desk, said: str, now: int) -> str:
    """Tick off the line that a person names by its number, with what is done about it.

    Returns what to say. Raises an error that says why not; ValueError where no number was given.
    """
    number, _, reason = said.strip().partition(" ")
    if not number.isdecimal():
        raise ValueError(
            "say the number of the line, then what is done: 1 put right and sent again"
        )
    return desk.see_line(int(number), now, reason.strip())


NOTE = (
    "What these lines say is not on the board: a child may be here, or a duty done, of whom or of which "
    "it knows nothing. Have them put right and sent again."
)
_PRINTS = " Key a ticks off one that is dealt with; `set-aside` prints them."


def _told(feed: FeedLine, now: int, width: int) -> Iterator[Line]:
    yield line(piece(feed.name, "bold"))
    age = "" if feed.age is None else f", last sign of life {in_words(feed.age)} ago"
    bad = feed.word == "stale" or bool(feed.problem)
    yield from labelled("health", f"{feed.word}{age}", width, "alarm" if bad else "")
    last = "none yet" if feed.last_entry_at is None else when_text(feed.last_entry_at, now)
    yield from labelled("entry", f"the last {last}", width)
    if feed.problem:
        yield from labelled("problem", feed.problem, width, "alarm", 8)
