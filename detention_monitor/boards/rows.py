"""The list of children as cells of text, in three widths laid out on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from detention_monitor.boards.bail import untold
from detention_monitor.boards.child import Child, Clock
from detention_monitor.boards.desk import GRAVE, AlertLine, Desk, Row
from detention_monitor.boards.lines import Line, Piece, Tone, filled, fit, line, piece
from detention_monitor.boards.urgency import MARKS, NAMES
from detention_monitor.findings import Finding
from detention_monitor.times import DAY, HOUR, MINUTE, clock_text, day_of, local_text
from detention_monitor.values import Immutable

Width = Literal["narrow", "medium", "wide"]
FINE = 10 * MINUTE
"""From how near a deadline a countdown shows seconds."""
_SHORT = {
    "D01-first-review": "Review 1", "D02-later-review": "Next review",
    "E14-review-after-charge": "Review, charged", "D09-custody-limit": "Custody limit",
    "B02-adult-present": "Adult to come", "AA_DELAY_UNEXPLAINED": "Adult: why late",
    "B01-adult-informed": "Ask an adult", "B07-responsible-person": "Tell parent",
    "D13-not-seen-yet": "See in person", "D13-not-seen-since": "See in person again",
    "E03-move-to-la": "Move to LA", "LA_NOT_ASKED": "Ask the LA",
    "E09-at-decision": "Contact the LA", "E09-early-contact": "Contact the LA", "CERT_MISSING": "Certificate", "A13-exercise": "Exercise", "C05-break": "Interview break",
    "QUALITY_CHECK_MISSING": "Quality check", "A07-each-shift": "Woman for this shift",
    "A17-risk-assessed": "Release risks", "A11-hourly": "visit", "A11-half-hourly": "visit",
    "A11-care-plan": "visit", "A11-roused": "rouse",
}  # fmt: skip
"""Names short enough for a column; any other duty goes by its title."""
TONES: tuple[Tone, ...] = ("dim", "soon", "warn", "alarm")
"""By level of urgency, 0 to 3."""


def narrow_or_wide(columns: int) -> Width:
    """Return which of the three layouts a terminal of some columns gets."""
    return "narrow" if columns < 110 else "medium" if columns < 170 else "wide"


def left_text(left: int, *, sure: bool = True) -> str:
    """Return what is left until a deadline (seconds), cut to what is certainly left.

    Hours and minutes; seconds too within ten minutes of the deadline. `sure` False marks a
    countdown of data that may be out of date.

    >>> left_text(3_659), left_text(413), left_text(-967), left_text(-61, sure=False)
    ('1:00', '0:06:53', '-0:16', '-0:01:01?')
    >>> left_text(600_000)
    '6 d 22 h'
    """
    size = abs(left)
    if size >= 100 * HOUR:
        return f"{'-' if left < 0 else ''}{size // DAY} d {size % DAY // HOUR} h"
    text = f"{'-' if left < 0 else ''}{size // HOUR}:{size // MINUTE % 60:02d}"
    if size < FINE:
        text += f":{size % 60:02d}"
    return text if sure else f"{text}?"


def when_text(at: int, now: int) -> str:
    """Return a time of day; with the day of the week where it is another day, of a far one its date.

    >>> when_text(1726201800, 1726201800), when_text(1726288200, 1726201800)
    ('05:30', 'Sat 05:30')
    >>> when_text(1726201800, 1726806600)
    '13 Sep 05:30'
    """
    clock = clock_text(at)
    day = day_of(at)
    apart = abs((day - day_of(now)).days)
    if apart >= 7:  # the day of the week would be taken for another
        return f"{day.day} {day:%b} {clock}"
    return f"{local_text(at)[:3]} {clock}" if apart else clock


def when_cell(at: int, now: int) -> str:
    """Return a time in nine cells: of a far day the date alone, which is what matters then.

    >>> when_cell(1726201800, 1726806600), when_cell(1726288200, 1726201800)
    ('13 Sep', 'Sat 05:30')
    """
    told = when_text(at, now)
    return told if len(told) <= 9 else told[:-6]


def short(finding: Finding) -> str:
    """Return what a duty is called in a column."""
    return _SHORT.get(finding.rule, finding.title)


class Moment(Immutable, frozen=True, gc=False):
    """When a row is shown, and whether the data behind it are known to be fresh."""

    now: int
    sure: bool = True
    ellipsis: str = "…"


Cell = Callable[[Row, Moment], Piece]


def _mark(row: Row, _: Moment) -> Piece:
    return Piece(MARKS[row.level], TONES[row.level])


def _name(row: Row, _: Moment) -> Piece:
    return piece(row.child.name, "bold" if row.level else "", 60)


def _age(row: Row, _: Moment) -> Piece:
    return Piece("?" if row.child.age is None else str(row.child.age))


def _place(row: Row, _: Moment) -> Piece:
    return piece(row.child.place.removeprefix("cell ") or "-", "", 40)


def _duty(row: Row, _: Moment) -> Piece:
    if row.first is None:
        return Piece("nothing waits", "dim")
    return piece(short(row.first.finding), "" if row.duty_level else "dim", 120)


def _due(row: Row, moment: Moment) -> Piece:
    if row.first is None:
        return Piece("")
    due = row.first.due_at
    if due is None:
        paused = row.first.finding.minutes_left is not None
        return Piece("paused" if paused else "asap", "soon" if paused else "dim")
    tone: Tone = "" if row.duty_level else "dim"
    day, today = day_of(due), day_of(moment.now)
    other = "" if day == today else "+" if day > today else "-"
    return Piece(clock_text(due) + other, tone)


def _left(row: Row, moment: Moment) -> Piece:
    if row.first is None:
        return Piece("")
    if row.first.due_at is None:
        left = row.first.finding.minutes_left
        return Piece("" if left is None else left_text(60 * left))
    text = left_text(row.first.due_at - moment.now, sure=moment.sure)
    return Piece(text, TONES[row.duty_level])


def _limit(row: Row, moment: Moment) -> Piece:
    clock = row.child.limit
    if clock is None:
        return Piece("charged" if row.child.charged_at else "-", "dim")
    if clock.due is None:
        return Piece("paused", "soon")
    left = clock.due - moment.now
    tone: Tone = "alarm" if left < 0 else "soon" if left < 4 * HOUR else ""
    return Piece(left_text(left, sure=moment.sure), tone)


_ADULT: dict[str, tuple[str, Tone]] = {
    "here": ("here", "good"), "maybe": ("here?", "soon"), "left": ("left", "soon"),
    "asked": ("asked", "warn"), "none": ("NONE", "alarm"), "untold": ("?", "dim"),
}  # fmt: skip


def _adult(row: Row, moment: Moment) -> Piece:
    word, tone = _ADULT[row.child.adult.state(moment.now)[0]]
    return Piece(word, tone)


def _seen(row: Row, _: Moment) -> Piece:
    seen = row.child.seen
    if seen is not None:
        return Piece(clock_text(seen.at))
    if row.child.seen_state == "never":
        return Piece("never", "soon")
    return Piece("?", "dim" if row.child.seen_state == "not carried" else "soon")


def _request(row: Row, _: Moment) -> Piece:
    asked = row.child.request
    if row.child.moved_at is not None:
        return Piece("moved", "good")
    if asked is None:
        if untold(row.child.bail, row.child.coverage):
            return Piece("?", "dim")
        state = row.child.bail.state
        if state == "unsaid":
            return Piece("?", "soon")
        return Piece("unasked", "warn") if state == "refused" else Piece("-", "dim")
    if asked.replied_at is None:
        return Piece("asked", "warn" if row.child.told(("every la_replied",)) else "dim")
    return piece(asked.reply, "good" if asked.reply == "accepted" else "soon", 40)


def _routine(row: Row, moment: Moment) -> Piece:
    found = row.routine
    if found is None or found.due_at is None:
        meals = row.child.meals
        return Piece(f"meal {clock_text(meals[-1])}" if meals else "", "dim")
    if found.finding.duty == "A13":
        return Piece("MEALS", "warn")
    if found.due_at < moment.now:
        return Piece(f"LATE {_late(moment.now - found.due_at)}", "warn")
    return Piece(f"v {clock_text(found.due_at)}", "dim")


def _late(seconds: int) -> str:
    """Return how late, in three characters: minutes, then hours, then days.

    >>> _late(59), _late(20 * 60), _late(7_201), _late(100 * 3_600)
    ('0m', '20m', '2h', '4d')
    """
    if seconds < HOUR:
        return f"{seconds // MINUTE}m"
    return f"{seconds // HOUR}h" if seconds < 100 * HOUR else f"{seconds // DAY}d"


_STATES: tuple[tuple[str, str, Tone], ...] = (
    ("new", "NEW", "alarm"), ("missed", "MISSED", "warn"), ("past_unseen", "PAST", "warn"),
    ("acknowledged", "acked", "soon"), ("due_not_yet_recorded", "due", "soon"),
    ("shelved", "shelved", "soon"), ("pending", "soon", "dim"),
)  # fmt: skip


def _state(row: Row, _: Moment) -> Piece:
    counted = Counter(each.state for each in row.alerts)
    for state, word, tone in _STATES:
        if counted[state]:
            grave = any(each.state == state and each.severity in GRAVE for each in row.alerts)
            shown: Tone = "warn" if tone == "alarm" and not grave else tone
            return Piece(word if counted[state] == 1 else f"{word} {counted[state]}", shown)
    return Piece("-", "dim")


class Column(Immutable, frozen=True, gc=False):
    """A column: its head, its width in cells with the gap after it, and what stands in it."""

    head: str
    width: int
    cell: Cell
    right: bool = False


_P, _GAP = Column("", 4, _mark), Column("", 1, lambda *_: Piece(""))
_CHILD, _AGE = Column("Child", 10, _name), Column("Age", 4, _age)
_DUE, _LEFT = Column("Due", 7, _due), Column("Left", 10, _left, right=True)
_ADULT_HERE, _SEEN_AT = Column("Adult", 6, _adult), Column("Seen", 6, _seen)
_LA, _STATE = Column("LA", 9, _request), Column("Alerts", 9, _state)
COLUMNS: dict[Width, tuple[Column, ...]] = {
    "narrow": (_P, _CHILD, _AGE, Column("Next duty", 20, _duty), _DUE, _LEFT,
               _GAP, _ADULT_HERE, _SEEN_AT, _STATE),
    "medium": (_P, Column("Child", 9, _name), _AGE, Column("Next duty", 17, _duty),
               Column("Due", 7, _due), Column("Left", 8, _left, right=True),
               _GAP, _ADULT_HERE,
               Column("Visits", 9, _routine), _STATE),
    "wide": (_P, _CHILD, _AGE, Column("Where", 12, _place),
             Column("Arrived", 8, lambda row, _: Piece(_clock(row.child.arrived_at))),
             Column("Authd", 6, lambda row, _: Piece(_clock(row.child.authorised_at))),
             Column("Next duty", 22, _duty), _DUE, _LEFT, Column("24h left", 10, _limit, right=True),
             _GAP, _ADULT_HERE, _SEEN_AT, _LA,
             Column("Visits", 10, _routine), _STATE),
}  # fmt: skip
"""The columns of each layout: 77, 74 and 134 cells wide."""


def _clock(at: int | None) -> str:
    return "-" if at is None else clock_text(at)


def heads(width: Width) -> str:
    """Return the heads of the columns."""
    return "".join(
        fit(each.head, each.width - (0 if each.right else 1), right=each.right)
        + ("" if each.right else " ")
        for each in COLUMNS[width]
    )


def cells(row: Row, width: Width, moment: Moment) -> Line:
    """Return a row as pieces, each filled to the width of its column."""
    out: list[Piece] = []
    for column in COLUMNS[width]:
        got, inner = column.cell(row, moment), column.width - (0 if column.right else 1)
        out += filled(got, inner, right=column.right, ellipsis=moment.ellipsis)
        if not column.right:
            out.append(Piece(" "))
    return tuple(out)


def stamp(row: Row, moment: Moment) -> tuple[object, ...]:
    """Return what a row's text depends on beside the row: equal stamps, equal text.

    Much cheaper than the text: a countdown changes once a minute until it shows seconds.
    """
    now, child = moment.now, row.child
    dues = (
        row.first.due_at if row.first else None,
        child.limit.due if child.limit else None,
        row.routine.due_at if row.routine else None,
    )
    return (
        id(row), moment.sure, now // HOUR, child.adult.state(now)[0],
        *(_left_stamp(due, now) for due in dues),
    )  # fmt: skip


def _left_stamp(due: int | None, now: int) -> int | None:
    if due is None:
        return None
    left = due - now
    return left if abs(left) <= FINE else abs(left) // MINUTE * (1 if left > 0 else -1) - 10**9


# --- above the list ----------------------------------------------------------------------------


def counts(rows: Sequence[Row], *, named: bool = True) -> Line:
    """Return how many children stand at each level, as sign, number and (`named`) word."""
    by_level = Counter(row.level for row in rows)
    parts: list[Piece] = []
    for level in (3, 2, 1):
        tone = TONES[level] if by_level[level] else "dim"
        word = f" {NAMES[level]}" if named else ""
        parts.append(Piece(f"{MARKS[level]} {by_level[level]}{word}", tone))
        parts.append(Piece("  "))
    return (*parts, Piece(f"{by_level[0]} ok", "dim"))


def alert_counts(alerts: Sequence[AlertLine]) -> Line:
    """Return how many alerts stand in each state that matters."""
    counted = Counter(each.state for each in alerts)
    new, missed = counted["new"] + counted["past_unseen"], counted["missed"]
    parts = [Piece(f"{new} new", "alarm" if new else "dim"), Piece("  "),
             Piece(f"{missed} missed", "warn" if missed else "dim")]  # fmt: skip
    for state, word in (("acknowledged", "acked"), ("shelved", "shelved"),
                        ("out_of_service", "out of service")):  # fmt: skip
        if counted[state]:
            parts += [Piece("  "), Piece(f"{counted[state]} {word}", "dim")]
    return tuple(parts)


def feed_line(desk: Desk, now: int) -> Line:
    """Return how the feeds do, in a few words."""
    feeds = desk.feeds(now)
    if not feeds:
        return line(Piece("no feed", "dim"))
    stale = [each for each in feeds if each.word == "stale" or each.problem]
    if stale:
        first = stale[0]
        said = first.problem or f"no sign of life for {left_text(first.age or 0)}"
        return line(piece(f"FEED {first.name}: {said}", "alarm", 120))
    unknown = sum(each.age is None for each in feeds)
    if unknown:
        last = max((each.last_entry_at or 0 for each in feeds), default=0)
        said = f", last entry {clock_text(last)}" if last else ""
        return line(Piece(f"feed health unknown{said}", "dim"))
    oldest = max(each.age or 0 for each in feeds)
    return line(Piece(f"{len(feeds)} feed{'s' if len(feeds) > 1 else ''} live, {oldest} s", "good"))


def suites_of(rows: Sequence[Row]) -> list[str]:
    """Return the suites with a child, by name: the order of the keys 1 to 9."""
    return sorted({row.child.suite for row in rows if row.child.suite})


def filtered(
    rows: Sequence[Row], suite: str = "", find: str = "", *, faults: bool = False
) -> list[Row]:
    """Return the rows of a suite, with a text in name, suite, place or duty, or with faults only."""
    wanted = find.casefold().strip()
    return [
        row
        for row in rows
        if (not suite or row.child.suite == suite)
        and (not faults or row.level >= 1 or row.asking)
        and (not wanted or any(wanted in text.casefold() for text in _texts(row)))
    ]


def _texts(row: Row) -> tuple[str, ...]:
    child: Child = row.child
    duty = row.first.finding.title if row.first else ""
    return (child.name, child.detention, child.suite, child.place, duty)


def clock_line(name: str, clock: Clock | None, now: int, absent: str) -> tuple[str, str, str, Tone]:
    """Return a clock: its name, when it is due, what is left, and how urgent that is."""
    if clock is None:
        return name, absent, "", "dim"
    anchor = f"from {clock.anchor} " if clock.anchor else "from "
    began = "" if clock.anchored_at is None else f"{anchor}{when_text(clock.anchored_at, now)}"
    if clock.due is None:
        rest = "" if clock.left is None else f"{left_text(clock.left)} when back"
        early = "" if clock.early is None else f"; alert {when_text(clock.early, now)}"
        return name, f"paused{early}", rest, "soon"
    left = clock.due - now
    tone: Tone = "alarm" if left <= 15 * MINUTE else "warn" if left <= HOUR else ""
    return name, f"{when_text(clock.due, now)}  {began}", left_text(left), tone
