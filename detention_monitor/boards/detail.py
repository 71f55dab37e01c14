"""The detail of one child: clocks, what an inspector asks first, duties, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detention_monitor.boards.answers import (
    adult_text,
    doing_text,
    request_text,
    routine_text,
    seen_text,
)
from detention_monitor.boards.child import Child
from detention_monitor.boards.desk import GRAVE, AlertLine, Row
from detention_monitor.boards.lines import (
    Glyphs,
    Line,
    Piece,
    Tone,
    filled,
    line,
    piece,
    wrapped,
)
from detention_monitor.boards.picture import picture
from detention_monitor.boards.released import unjudged_text
from detention_monitor.boards.rows import TONES, clock_line, left_text, short, when_cell, when_text
from detention_monitor.boards.urgency import LAW, Waiting
from detention_monitor.rulefile import RuleSet
from detention_monitor.telling import Teller
from detention_monitor.times import clock_text, local_text

_LABEL = 8
_LONG = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d)(?::00)?(:\d\d)? "
    r"(?:BST|GMT)"
)


def head(child: Child) -> Line:
    """Return who it is: record, age, suite, place."""
    unknown = "under 10" if child.refused == "under_10" else "age not known"
    age = unknown if child.age is None else f"{child.age}"
    sex = "girl" if child.girl else ""
    place = child.place if child.ended is None else f"left {clock_text(child.ended[1])}"
    where = ", ".join(part for part in (child.suite, place) if part)
    parts = [
        piece(child.name, "bold", 60),
        piece("  " + "  ".join(p for p in (age, sex, where) if p)),
    ]
    return tuple(parts)


def summary(child: Child, row: Row | None, now: int, width: int) -> list[Line]:
    """Return clocks, adult, seen, local authority, rest: a line each."""
    out: list[Line] = []
    began = f"arrived {_at(child.arrived_at, now)}   authorised {_at(child.authorised_at, now)}"
    out.append(line(Piece(began, "dim")))
    charged = child.charged_at is not None
    if child.refused is not None:
        out += labelled("CHECK", unjudged_text(child), width, "alarm")
    unjudged = "not judged" if child.refused is not None else ""
    for name, clock, absent in (
        ("REVIEW", child.review, unjudged or "no review is due"),
        ("LIMIT", child.limit, unjudged or (
            f"charged {_at(child.charged_at, now)}: no limit" if charged else "no limit runs")),
    ):  # fmt: skip
        label, when, left, tone = clock_line(name, clock, now, absent)
        gap = max(0, width - _LABEL - len(left) - 1)
        due, _, began = when.partition("  ") if len(when) > gap else (when, "", "")
        out.append(
            (
                Piece(f"{label:<{_LABEL}}", "head"),
                *filled(Piece(due), gap),
                Piece(" "),
                Piece(left, tone),
            )
        )
        if began:
            out.append(line(Piece(" " * _LABEL + began, "dim")))
        if clock is not None and clock.latest is not None:
            late = f"by the other reading of the law {when_text(clock.latest, now)}"
            out.append(line(Piece(" " * _LABEL + late, "dim")))
    for name, text, tone in (
        ("ADULT", *adult_text(child, now)),
        ("SEEN", *seen_text(child, now)),
        ("LA", *request_text(child, now)),
        ("ADVICE", child.solicitor, ""),
        ("NOW", *doing_text(child, now)),
        ("VISITS", *routine_text(child, row, now)),
    ):
        out += labelled(name, text, width, tone)
    return out


def labelled(name: str, text: str, width: int, tone: Tone = "", most: int = 3) -> list[Line]:
    """Return a label and a text beside it, in as many lines as it needs."""
    indent = max(_LABEL, len(name) + 1)
    first, *rest = wrapped(piece(text, "", 2_000).text, max(10, width - indent), most)
    out: list[Line] = [(Piece(f"{name:<{indent}}", "head"), Piece(first, tone))]
    return out + [(Piece(" " * _LABEL + each, tone),) for each in rest]


def compact(text: str, now: int) -> str:
    """Return a text with its times cut to what a person needs today: `20:45`, `Sat 14 00:10`.

    >>> compact("due Fri 13 Sep 2024 20:45 BST, not Sat 14 Sep 2024 00:10:30 BST", 1726250000)
    'due 20:45, not Sat 14 Sep 00:10:30'
    """
    today = " ".join(local_text(now).split()[1:4])

    def shorter(match: re.Match[str]) -> str:
        day, month, year, clock, seconds = match.groups()
        clock += seconds or ""
        if f"{day} {month} {year}" == today:
            return clock
        return f"{match.group(0)[:3]} {day} {month} {clock}"

    return _LONG.sub(shorter, text)


def _at(at: int | None, now: int) -> str:
    return "not recorded" if at is None else when_text(at, now)


# --- duties ------------------------------------------------------------------------------------


def duties(row: Row, now: int, width: int, most: int) -> list[Line]:
    """Return the duties that wait, the most urgent first: name, due, left, whose standard."""
    shown = row.duties[:most] if len(row.duties) <= most else row.duties[: most - 1]
    out = [_duty(each, now, width) for each in shown]
    if len(row.duties) > len(shown):
        out.append(line(Piece(f"and {len(row.duties) - len(shown)} more that wait", "dim")))
    if not out:
        out.append(line(Piece("no duty waits", "dim")))
    return out


def _duty(each: Waiting, now: int, width: int) -> Line:
    finding = each.finding
    due = finding.due_at
    when, left = ("asap", "") if due is None else (when_cell(due, now), left_text(due - now))
    if finding.minutes_left is not None:
        when, left = "paused", left_text(60 * finding.minutes_left)
    basis = finding.authority if finding.authority in LAW else f"{finding.authority}*"
    tone = TONES[each.level]
    name = short(finding) if width < 60 else f"{finding.duty or '':<4}{short(finding)}"
    room = width - 10 - 9 - 8
    quiet: Tone = "" if each.level else "dim"
    return (
        *filled(piece(name, quiet), room - 1), Piece(" "),
        *filled(Piece(when, quiet), 9), Piece(" "),
        *filled(Piece(left, tone), 8, right=True), Piece(" "),
        *filled(Piece(basis, "dim"), 8),
    )  # fmt: skip


def alerts_of(
    alerts: Sequence[AlertLine], now: int, width: int, most: int, ellipsis: str
) -> list[Line]:
    """Return the alerts of a child in lines: state, since, message."""
    return [alert_line(each, now, width, named=False, ellipsis=ellipsis) for each in alerts[:most]]


_TONE_OF: dict[str, Tone] = {"new": "alarm", "missed": "warn", "past_unseen": "warn",
                             "acknowledged": "soon", "shelved": "soon"}  # fmt: skip
_MARK_OF = {"critical": "!!!", "high": "!!", "medium": "!", "info": "."}


def alert_line(
    each: AlertLine, now: int, width: int, *, named: bool = True, ellipsis: str = "…"
) -> Line:
    """Return an alert in one line: since when, how grave, in what state, whose, and what."""
    mark = _MARK_OF.get(each.severity, "?")
    said = compact(each.message, now)
    if each.state in ("acknowledged", "shelved") and each.who:
        until = f" until {clock_text(each.until)}" if each.until else ""
        reason = f"{piece(each.reason, '', 120).text}. " if each.reason else ""
        said = f"{each.who}{until}: {reason}{said}"
    if each.state == "withdrawn" and each.recorded_late is not None:
        said = f"recorded {each.recorded_late} min late: {said}"
    if each.times > 1:
        said = f"x{each.times} {said}"
    word = each.word
    if each.escalated_at is not None and each.state == "new":
        word += " ESC"
    start = f"{clock_text(each.since)} {mark:<3} "
    tone = _TONE_OF.get(each.state, "dim")
    if each.state == "new" and each.severity not in GRAVE:
        tone = "warn"
    name = (*filled(piece(each.record, "bold", 60), 9), Piece(" ")) if named else ()
    room = width - len(start) - 9 - (10 if named else 0)
    return (
        Piece(start, "dim" if each.state not in _TONE_OF else ""),
        *filled(Piece(word, tone), 9),
        *name,
        *filled(piece(said, "", 600), max(0, room), ellipsis=ellipsis),
    )


# --- the record ----------------------------------------------------------------------------------


def history(child: Child, ruleset: RuleSet, glyphs: Glyphs, width: int) -> list[Line]:
    """Return every entry of the record in order of time: when, what, who, and what it says."""
    teller = Teller(ruleset.vocabulary, ruleset.wording)
    out: list[Line] = []
    day = ""
    for fact in child.facts:
        today = " ".join(local_text(fact.at).split()[:4])
        if today != day:
            day = today
            out.append(line(Piece(today, "head")))
        told = teller.told(fact)
        said = "; ".join(told.said)
        recorded = fact.attrs.get("recorded_at")
        late = ""
        if isinstance(recorded, int) and recorded - fact.at >= 15 * 60:
            late = f"  (recorded {clock_text(recorded)})"
        text = told.what + (f", {told.by}" if told.by else "")
        tail = f": {said}" if said else ""
        first, *rest = wrapped(piece(f"{text}{tail}{late}", "", 2_000).text, width - 8, 6)
        out.append((Piece(f"{clock_text(fact.at)} {glyphs.dot} ", "dim"), Piece(first)))
        out += [(Piece(" " * 8 + each, "dim"),) for each in rest]
    return out or [line(Piece("no entries", "dim"))]


# --- all of it, fitted to a pane ---------------------------------------------------------------


def fitted(
    child: Child,
    row: Row | None,
    alerts: Sequence[AlertLine],
    reasons: Sequence[Line],
    now: int,
    width: int,
    height: int,
    glyphs: Glyphs,
) -> list[Line]:
    """Return the detail in at most `height` lines, what matters most in little room first.

    Always the clocks, adult, seen and local authority; then duties, the picture, and why.
    """
    out = [head(child), *summary(child, row, now, width)]
    if height < 16:
        return [out[0], *out[2 : height + 1]]  # the clocks say when the child came
    room = height - len(out)
    drawn = picture(child, now, width, glyphs)
    asked = duties(row, now, width, max(3, min(8, room // 4))) if row else []
    told = (
        alerts_of(sorted(alerts, key=lambda each: each.order), now, width, 4, glyphs.ellipsis)
        if not row
        else []
    )
    out += (
        [ruled("DUTIES", width, glyphs), *asked] if row else [ruled("ALERTS", width, glyphs), *told]
    )
    if height - len(out) >= len(drawn) + 5:
        out += [ruled("TIMELINE", width, glyphs), *drawn]
    room = height - len(out) - 1
    if room >= 2 and reasons:
        out.append(ruled("WHY", width, glyphs))
        shown = list(reasons[:room])
        if len(reasons) > room:
            shown[-1] = line(Piece(f"{glyphs.ellipsis} Enter shows the rest", "dim"))
        out += shown
    return out[:height]


def ruled(name: str, width: int, glyphs: Glyphs) -> Line:
    """Return a heading with a rule after it."""
    return (Piece(f"{name} ", "head"), Piece(glyphs.line * max(0, width - len(name) - 1), "dim"))


def whole(
    child: Child,
    row: Row | None,
    alerts: Sequence[AlertLine],
    reasons: Sequence[Sequence[Line]],
    now: int,
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """Return the detail as a page: everything, however long."""
    out = [head(child), *summary(child, row, now, width), line("")]
    if row is not None:
        out += [ruled("DUTIES", width, glyphs), *duties(row, now, width, 99), line("")]
    if alerts:
        shown = sorted(alerts, key=lambda each: each.order)
        out += [
            ruled("ALERTS", width, glyphs),
            *alerts_of(shown, now, width, 99, glyphs.ellipsis),
            line(""),
        ]
    out += [
        ruled("TIMELINE", width, glyphs),
        *picture(child, now, min(width, 120), glyphs),
        line(""),
    ]
    for each in reasons:
        out += [ruled("WHY", width, glyphs), *each, line("")]
    return out
