"""The board in lines, for screen readers and terminals that cannot draw: it tells, one asks.

At its start it sums up how things stand, child by child. From then on what becomes different is told
in one line each, after `ANN:`. A number stands for an alert as it
was told: an act upon it never applies to what came later.
"""

from __future__ import annotations

import select
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from detention_monitor.boards import feeds_page, head, pages, rules_page, shelf_page
from detention_monitor.boards.answers import adult_text, request_text, seen_text
from detention_monitor.boards.child import Child
from detention_monitor.boards.clock import Time
from detention_monitor.boards.desk import AlertLine, Desk, Row, finding_of
from detention_monitor.boards.detail import compact
from detention_monitor.boards.feed import SHOWN
from detention_monitor.boards.lines import ASCII, Line, text_of
from detention_monitor.boards.released import ended_text, unjudged, unjudged_text
from detention_monitor.boards.rows import left_text, short, when_text
from detention_monitor.boards.urgency import NAMES
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import SEVERITIES
from detention_monitor.text import printable
from detention_monitor.times import MINUTE, clock_text

WIDTH = 100
_HELP = """\
1 or list            children in custody, the most urgent first
2 or alerts          alerts that stand, with their numbers
3 or adviser         reviews to bring forward
4 or handover        the handover report
5 or left            children who left
6 or rules           rules in use, and what each change of them brought
7 or shelf           what is put aside, by whom, why, until when
8 or feeds           how the feeds do, and lines that were not taken
child CR-0001        everything about a child
sheet CR-0001        what to know and ask before a review
record CR-0001       every entry
ack 12 on the way    acknowledge alert 12; a reason
shelve 12 15 asleep  put alert 12 aside for 15 minutes; a reason
unshelve 12          take alert 12 down before its time
reason 12 late taxi  why the duty of alert 12 was missed
seen 3 sent again    tick off line 3 of those not taken (8); what is done about it
undo                 take back the last act, within seconds
law 12               the words of the law behind alert 12, and the rule
reload               have the monitor load its rules anew
quit                 end"""


class Plain:
    """Says what changed, and answers; it writes nothing itself."""

    def __init__(self, desk: Desk, clock: Time) -> None:
        """Begin with nothing told."""
        self._desk, self._clock = desk, clock
        self._told: dict[str, str] = {}
        self._levels: dict[str, int] = {}
        self._numbers: dict[int, AlertLine] = {}
        self._of: dict[str, int] = {}
        self._warning, self._aside = "", 0
        self._begun = False
        self.ended = False

    def changes(self) -> Iterator[str]:
        """Yield a line for each alert or child that is not as it was told last."""
        now = self._clock.now()
        self._desk.look(now)
        warning = self._desk.warning(now)
        if warning != self._warning:
            self._warning = warning
            yield f"ANN: {printable(warning or 'the data are up to date again')}"
        aside = self._desk.set_aside(now).count
        if aside > self._aside:
            many = "1 line" if aside == 1 else f"{aside} lines"
            yield f"ANN: {many} not taken; 8 tells which"
        self._aside = aside
        for child in unjudged(self._desk):
            if self._told.get(child.detention) != child.refused:
                self._told[child.detention] = child.refused or ""
                yield f"ANN: {_unjudged(child)}"
        rows = self._desk.rows(now)
        if not self._begun:
            self._begun = True
            yield from self._summed_up(rows, now)
        yield from self._different(rows, now)

    def _summed_up(self, rows: Sequence[Row], now: int) -> Iterator[str]:
        """Say how things stand: in all, then of each child of whom something is asked.

        What stands at the start is no news: each alert would be told as if it had just come.
        """
        alerts = self._desk.alerts()
        self._told.update((each.key, each.state) for each in alerts if each.state in SHOWN)
        self._levels = {row.child.detention: row.duty_level for row in rows}
        at = Counter(row.level for row in rows)
        levels = ", ".join(f"{at[level]} {NAMES[level]}" for level in (3, 2, 1, 0) if at[level])
        here = "1 child" if len(rows) == 1 else f"{len(rows)} children"
        yield f"ANN: {here} in custody: {levels}" if rows else "ANN: no child in custody"
        asking = [each for each in alerts if each.is_asking]
        many = "1 alert waits" if len(asking) == 1 else f"{len(asking)} alerts wait"
        told = f"{many} for a person: {_waiting(asking)}; 2 tells them"
        yield f"ANN: {told if asking else 'no alert waits for a person'}"
        quiet = 0
        for row in rows:
            said = _waiting(row.asking)
            if row.level or said:
                yield f"ANN: {self._row(row, now)}{f'; alerts: {said}' if said else ''}"
            else:
                quiet += 1
        if quiet:
            more = "1 more child" if quiet == 1 else f"{quiet} more children"
            yield f"ANN: {more}, of whom nothing is asked yet; 1 tells of all"
        inside = {row.child.detention for row in rows}
        gone = [each for each in asking if each.detention not in inside]
        if gone:
            yield f"ANN: of children who left, alerts: {_waiting(gone)}"

    def _different(self, rows: Sequence[Row], now: int) -> Iterator[str]:
        for each in self._desk.alerts():
            if self._told.get(each.key) != each.state and (
                each.state in SHOWN or each.key in self._told
            ):
                self._told[each.key] = each.state
                yield f"ANN: {self._alert(each, now)}"
        for row in rows:
            name = row.child.detention
            if row.duty_level > self._levels.get(name, 0):  # its alerts are told by themselves
                yield f"ANN: {self._row(row, now)}"
            self._levels[name] = row.duty_level

    def _alert(self, alert: AlertLine, now: int) -> str:
        number = self._of.get(alert.key)
        if number is None:
            number = self._of[alert.key] = len(self._of) + 1
        self._numbers[number] = alert
        who = f" by {alert.who}" if alert.who else ""
        if alert.escalated_at is not None and alert.state == "new":
            who += f", escalated {clock_text(alert.escalated_at)}"
        text = (
            f"alert {number}, {alert.word}{who}, {alert.severity}, {alert.record}: "
            f"{compact(alert.message, now)}"
        )
        return f"{clock_text(alert.since)} {printable(text, 600)}"

    def _row(self, row: Row, now: int) -> str:
        child = row.child
        age = "age not known" if child.age is None else f"aged {child.age}"
        if row.first is None:
            return printable(f"{child.name}, {age}: nothing waits", 400)
        due = row.first.due_at
        when = "as soon as practicable"
        if due is not None:
            left = due - now
            late = f"{left_text(-left)} late" if left < 0 else f"{left_text(left)} left"
            when = f"due {when_text(due, now)}, {late}"
        elif row.first.finding.minutes_left is not None:
            when = f"paused, {left_text(60 * row.first.finding.minutes_left)} left"
        level = NAMES[row.level]
        return printable(f"{level}, {child.name}, {age}: {short(row.first.finding)}, {when}", 400)

    def answer(self, said: str) -> list[str]:
        """Return the lines that answer what a person wrote."""
        word, _, rest = said.strip().partition(" ")
        now = self._clock.now()
        self._desk.look(now)
        try:
            return self._answer(word.casefold(), rest.strip(), now)
        except (DetentionMonitorError, ValueError) as error:
            return [f"not done: {printable(compact(str(error), now))}"]

    def _answer(self, word: str, rest: str, now: int) -> list[str]:
        desk = self._desk
        match word:
            case "":
                return []
            case "1" | "list":
                shown = head.Shown(warning=self._warning)
                lines = head.lines(desk, self._clock, desk.rows(now), now, shown, 200)
                out = [text_of(each).strip() for each in lines]
                out += [_unjudged(child) for child in unjudged(desk)]
                out += [each for row in desk.rows(now) for each in self._told_of(row, now)]
                return out
            case "2" | "alerts":
                standing = [each for each in desk.alerts() if each.state in SHOWN]
                return [self._alert(each, now) for each in standing] or ["no alert stands"]
            case "3" | "adviser":
                desk.looked("opened", now, None, "BRING FORWARD")
                return _text(pages.adviser(desk, now, WIDTH, ASCII))
            case "4" | "handover":
                desk.looked("opened", now, None, "HANDOVER")
                return _text(pages.handover(desk, now, WIDTH))
            case "5" | "left":
                gone = [
                    f"{each.name}: {ended_text(each, now)}"
                    for each in [*desk.left(), *desk.refused()]
                    if each.ended
                ]
                return [printable(each) for each in gone] or ["nobody left"]
            case "6" | "rules":
                return _text(rules_page.lines(desk, now, WIDTH, ASCII))
            case "7" | "shelf":
                desk.looked("opened", now, None, "SHELVED")
                return _text(shelf_page.lines(desk, now, WIDTH, ASCII))
            case "8" | "feeds":
                desk.looked("opened", now, None, "FEEDS")
                return _text(feeds_page.lines(desk, now, WIDTH, ASCII))
            case "seen":
                return [feeds_page.tick_off(desk, rest, now)]
            case "undo":
                return [desk.undo(now)]
            case "reload":
                return [desk.reload(now)]
            case "law":
                held = self._held(rest)
                finding = finding_of(
                    [each for child in desk.children() for each in child.findings], held.key
                )
                if finding is None:
                    raise ValueError("its finding is not there any more")
                return _text(pages.law(desk, finding, WIDTH))
            case "child" | "sheet" | "record":
                return self._page(word, rest, now)
            case "ack" | "shelve" | "unshelve" | "reason":
                return [self._act(word, rest, now)]
            case "q" | "quit":
                self.ended = True
                return []
            case "?" | "help":
                return _HELP.splitlines()
        return [f"'{printable(word, 40)}' is not a command", *_HELP.splitlines()]

    def _told_of(self, row: Row, now: int) -> list[str]:
        child = row.child
        parts = (adult_text(child, now)[0], seen_text(child, now)[0], request_text(child, now)[0])
        names = ("adult", "seen", "local authority")
        said = "; ".join(f"{name} {part}" for name, part in zip(names, parts, strict=True))
        return [self._row(row, now), f"  {printable(said, 600)}"]

    def _page(self, word: str, rest: str, now: int) -> list[str]:
        wanted = rest.casefold()
        names = [
            each.detention
            for each in self._desk.children()
            if wanted in (each.name.casefold(), each.detention.casefold())
        ]
        if len(names) != 1:
            return [f"no child is called '{printable(rest, 60)}'; 1 lists them"]
        [name] = names
        self._desk.looked("opened", now, name, word)
        if word == "child":
            return _text(pages.detail(self._desk, name, now, WIDTH, ASCII))
        if word == "sheet":
            return _text(pages.sheet(self._desk, name, now, WIDTH, ASCII))
        return _text(pages.record(self._desk, name, WIDTH, ASCII))

    def _held(self, number: str) -> AlertLine:
        held = self._numbers.get(int(number)) if number.isdecimal() else None
        if held is None:
            raise ValueError(f"no alert has the number '{printable(number, 20)}'; 2 lists them")
        return held

    def _act(self, word: str, rest: str, now: int) -> str:
        number, _, said = rest.partition(" ")
        held = self._held(number)
        if word == "ack":
            return self._desk.acknowledge(held, now, said, None)
        if word == "unshelve":
            return self._desk.unshelve(held, now)
        if word == "reason":
            return self._desk.give_reason(held, now, said)
        minutes, _, why = said.partition(" ")
        if not minutes.isdecimal():
            raise ValueError("say for how many minutes, then why: shelve 12 15 asleep")
        return self._desk.shelve(held, now, why, now + int(minutes) * MINUTE)


def _waiting(alerts: Sequence[AlertLine]) -> str:
    """Return how many alerts there are of each severity, and how many are of missed duties."""
    by = Counter(each.severity for each in alerts)
    parts = ", ".join(f"{by[name]} {name}" for name in reversed(SEVERITIES) if by[name])
    missed = sum(each.state == "missed" for each in alerts)
    return f"{parts}, {missed} of them missed" if missed else parts


def _unjudged(child: Child) -> str:
    return printable(f"{child.name}: {unjudged_text(child)}", 400)


def _text(lines: Sequence[Line]) -> list[str]:
    return [text_of(each).rstrip() for each in lines]


def run(desk: Desk, clock: Time, given: TextIO, say: Callable[[str], None]) -> None:
    """Tell and answer until a person quits or nothing more can be asked (end of input)."""
    plain = Plain(desk, clock)
    say(f"{desk.title}: 'help' lists what can be asked")
    while not plain.ended:
        for each in plain.changes():
            say(each)
        ready, _, _ = select.select([given], [], [], 1.0)
        if not ready:
            continue
        asked = given.readline()
        if not asked:
            return
        for each in plain.answer(asked):
            say(each)
