"""What the tests of the board share: a story played by a clock that only the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from detention_monitor.boards.clock import StoryClock
from detention_monitor.boards.desk import Row
from detention_monitor.boards.lines import text_of
from detention_monitor.boards.story import StoryDesk, judging
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.records import entry_from
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import parse_instant
from tests.conftest import SAMPLES
from tui.app import BoardApp
from tui.widgets.rows import Rows
from tui.widgets.text import Lines

BUSY = SAMPLES / "busy_day.jsonl"
UTF8 = {"LANG": "en_GB.UTF-8"}
MEDIUM = (120, 40)


def instant(local: str) -> int:
    return parse_instant(local, "Europe/London")[0]


def desk_of(
    entries: Iterable[CustodyEvent] | Path, ruleset: RuleSet, durable: DurableBackend
) -> StoryDesk:
    if isinstance(entries, Path):
        read = [got for got, _ in read_entries([str(entries)], ruleset.vocabulary)]
        entries = [got for got in read if isinstance(got, CustodyEvent)]
    return StoryDesk(
        entries, ruleset, judging(ruleset, durable), practice=True, title="DEMONSTRATION"
    )


def entry(ruleset: RuleSet, number: int, kind: str, at: str, **more: Any) -> CustodyEvent:
    """Return an entry of the record CR-1; `at` in local time, `more` as in a record."""
    raw: dict[str, Any] = {"id": f"e{number}", "force": "44", "record": "CR-1", "kind": kind,
                           "at": f"{at}:00+01:00", **more}  # fmt: skip
    got = entry_from(json.loads(json.dumps(raw)), ruleset.vocabulary)
    assert isinstance(got, CustodyEvent), got
    return got


def board(desk: StoryDesk, at: str, **options: Any) -> BoardApp:
    """Return the program over a story, stopped at a local time."""
    wall = [0.0]
    clock = StoryClock(desk.start, max(desk.end, instant(at)), running=False, wall=lambda: wall[0])
    clock.go_to(instant(at))
    options.setdefault("environment", UTF8)
    return BoardApp(desk, clock, searches=False, **options)


def go(app: BoardApp, at: str) -> None:
    """Move the story to a local time and let the board draw it."""
    assert isinstance(app.clock, StoryClock)
    app.clock.go_to(instant(at))
    app.tick()


def shown(app: BoardApp, widget: str) -> str:
    """Return the text of a widget as it stands on the screen."""
    found = app.screen.query_one(f"#{widget}")
    if isinstance(found, Lines):
        return "\n".join(text_of(each) for each in found.lines)
    assert isinstance(found, Rows)
    return "\n".join(text_of(found.draw(key)) for key in found.keys)


def painted(app: BoardApp) -> str:
    """Return every row of the terminal as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def row_of(desk: StoryDesk, at: str, name: str = "44/CR-1") -> Row:
    now = instant(at)
    desk.look(now)
    return next(row for row in desk.rows(now) if row.child.detention == name)
