"""The handover report: open alerts, shelved ones, breaches with their reasons, what is due next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor.boards.child import Child
from detention_monitor.boards.desk import AlertLine, Desk, Row
from detention_monitor.boards.detail import compact
from detention_monitor.boards.lines import Line, Piece, line, piece, wrapped
from detention_monitor.boards.released import ended_text, unjudged_text
from detention_monitor.boards.rows import left_text, short, when_text
from detention_monitor.findings import SEVERITIES
from detention_monitor.times import HOUR, in_words, local_text
from detention_monitor.values import Immutable

SHIFT = 8 * HOUR


class Section(Immutable, frozen=True, gc=False):
    """A part of the report: its title and its lines, each with who or when and what."""

    title: str
    entries: tuple[tuple[str, str], ...]
    nothing: str


def report(desk: Desk, now: int, shift: int = SHIFT) -> list[Section]:
    """Return the report at an instant, for the `shift` seconds before and after it."""
    rows, alerts = desk.rows(now), list(desk.alerts())
    return [
        *_passed_over(desk, now),
        Section("OPEN NOW", (*_unjudged(desk, now), *_open(alerts, now)), "no alert is open"),
        Section("SHELVED", tuple(_shelved(alerts, now)), "nothing is put aside"),
        Section("BREACHES IN THE SHIFT", tuple(_breaches(alerts, now, shift)), "none"),
        Section(
            f"DUE IN THE NEXT {in_words(shift).upper()}", tuple(_due(rows, now, shift)), "nothing"
        ),
        Section("CHILDREN", tuple(_children(rows, now)), "no child is in custody"),
        Section("SYSTEM", tuple(_system(desk, now)), ""),
        Section("ALERTS IN THE SHIFT", tuple(_load(alerts, now, shift)), "none"),
    ]


def _passed_over(desk: Desk, now: int) -> Iterator[Section]:
    passed = desk.passed_over()
    if passed is not None:
        start, end = when_text(passed.start, now), when_text(passed.end, now)
        told = tuple((name, f"{when_text(at, now)} {what}") for at, name, what, _ in passed.came)
        nothing = "all that came up in the jump still stands, or is listed below"
        yield Section(f"CAME AND WENT IN THE JUMP FROM {start} TO {end}", told, nothing)


def _unjudged(desk: Desk, now: int) -> Iterator[tuple[str, str]]:
    for child in desk.refused():
        gone = ended_text(child, now)
        if child.refused == "under_10" or not gone:
            yield child.name, unjudged_text(child) + (f" ({gone})" if gone else "")


def _open(alerts: Sequence[AlertLine], now: int) -> Iterator[tuple[str, str]]:
    for each in alerts:
        if each.state in ("new", "past_unseen", "acknowledged", "due_not_yet_recorded"):
            said = (
                f"{each.severity}, {each.word} since {when_text(each.since, now)}: {each.message}"
            )
            if each.state == "acknowledged":
                until = f", expected by {when_text(each.until, now)}" if each.until else ""
                said += f" [{each.who}: {each.reason or 'no reason given'}{until}]"
            yield each.record, said


def _shelved(alerts: Sequence[AlertLine], now: int) -> Iterator[tuple[str, str]]:
    for each in alerts:
        if each.state == "shelved":
            until = when_text(each.until, now) if each.until else "its limit"
            yield each.record, f"until {until} by {each.who}: {each.reason}. {each.message}"


def _breaches(alerts: Sequence[AlertLine], now: int, shift: int) -> Iterator[tuple[str, str]]:
    for each in alerts:
        if each.deadline_missed and now - each.since <= shift:
            why = f"Reason: {each.reason}" if each.answered else "REASON NOT RECORDED"
            yield each.record, f"{each.message} {why}"


def _due(rows: Sequence[Row], now: int, shift: int) -> Iterator[tuple[str, str]]:
    found = [
        (each.due_at, row.child.name, short(each.finding), each.finding.authority)
        for row in rows
        for each in row.duties
        if each.due_at is not None and now <= each.due_at <= now + shift
    ]
    for due, name, duty, authority in sorted(found):
        yield when_text(due, now), f"{name}  {duty} ({authority}), {left_text(due - now)} left"


def _children(rows: Sequence[Row], now: int) -> Iterator[tuple[str, str]]:
    for row in rows:
        child = row.child
        first = "nothing waits" if row.first is None else short(row.first.finding)
        adult = child.adult.state(now)[0].replace("untold", "not carried")
        seen = f"seen {when_text(child.seen.at, now)}" if child.seen else "never seen in person"
        if child.seen_state in ("not carried", "not recorded"):
            seen = f"seen in person: {child.seen_state}"
        age = "?" if child.age is None else str(child.age)
        yield (
            child.name,
            f"{age}, {child.suite or _no_suite(child)}: {first}; adult {adult}; {seen}",
        )


def _no_suite(child: Child) -> str:
    return f"suite {child.silence(('arrived.station', 'detention_authorised.station'))}"


def _system(desk: Desk, now: int) -> Iterator[tuple[str, str]]:
    yield "rules", desk.rules_hash
    sealed = desk.seal()
    if sealed is not None:
        yield (
            "log",
            f"{sealed[0]} rows, the last digest {sealed[1]}",
        )
    aside = desk.set_aside(now)
    if aside.count:
        last = aside.last[0]
        said = f"the last: {last.origin} {last.record or ''}: {last.reason}"
        yield (
            "NOT TAKEN",
            f"{aside.count} lines of the feeds within a day that nobody has seen; {said}",
        )
    for one in aside.seen:
        if one.seen is not None:
            yield "line seen", f"{one.origin} {one.record or ''}: {one.seen.who}: {one.seen.reason}"
    for each in desk.feeds(now):
        age = "" if each.age is None else f", last sign of life {in_words(each.age)} ago"
        yield each.name, f"{each.word}{age}{f'; {each.problem}' if each.problem else ''}"
    warning = desk.warning(now)
    if warning:
        yield "warning", warning


def _load(alerts: Sequence[AlertLine], now: int, shift: int) -> Iterator[tuple[str, str]]:
    raised = [
        each for each in alerts if each.raised_at is not None and now - each.raised_at <= shift
    ]
    if not raised:
        return
    tens: dict[int, int] = {}
    for each in raised:
        place = (each.raised_at or 0) // 600
        tens[place] = tens.get(place, 0) + 1
    mean = len(raised) / (shift / 600)
    mix = ", ".join(
        f"{sum(each.severity == name for each in raised)} {name}" for name in reversed(SEVERITIES)
    )
    yield "raised", f"{len(raised)}: {mix}"
    yield "load", f"{mean:.1f} in ten minutes, at most {max(tens.values())}"


def lines(desk: Desk, now: int, width: int) -> list[Line]:
    """Return the report as lines of a width."""
    begun, end = now - SHIFT, now + SHIFT
    out: list[Line] = [
        line(piece(f"SHIFT HANDOVER  {local_text(now)}", "bold")),
        line(
            Piece(
                f"shift from {when_text(begun, now)}; the next until {when_text(end, now)}", "dim"
            )
        ),
        line(""),
    ]
    for number, section in enumerate(report(desk, now), 1):
        out.append(
            line(
                Piece(f"{number} {section.title}", "head"),
                Piece(f"  {len(section.entries)}", "dim"),
            )
        )
        for name, text in section.entries:
            first, *rest = wrapped(piece(compact(text, now), "", 600).text, max(20, width - 14), 4)
            out.append((piece(f"  {name[:10]:<10}  ", "bold", 20), Piece(first)))
            out += [(Piece(" " * 14 + each, "dim"),) for each in rest]
        if not section.entries:
            out.append(line(Piece(f"  {section.nothing}", "dim")))
        out.append(line(""))
    return [*out, line(Piece("Signed ...................... / ......................", "dim"))]
