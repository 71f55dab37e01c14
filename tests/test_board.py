"""The board, driven as a person would: real records in, what stands on the screen out."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

from textual.widgets import DataTable, Static

from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.records import entry_from
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import parse_instant
from detention_monitor.watching import Watch
from tests.conftest import SAMPLES
from tui.board import Board, Story

SIZE = (140, 40)


def board(path: Path, ruleset: RuleSet, durable: DurableBackend) -> Board:
    entries = [got for got, _ in read_entries([str(path)], ruleset.vocabulary)]
    kept = [got for got in entries if isinstance(got, CustodyEvent)]
    app = Board(Watch(ruleset, durable), Story(kept))
    app.running = False
    return app


def until(app: Board, local: str) -> None:
    app.advance(parse_instant(local, "Europe/London")[0] - app.now)


def rows(app: Board) -> list[list[str]]:
    table = app.query_one(DataTable)
    return [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]


def text_of(app: Board, widget: str) -> str:
    return str(app.query_one(widget, Static).render())


async def test_children_come_gravest_first_with_their_most_pressing_duty(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        until(app, "2024-09-12T19:30")
        await pilot.pause()
        [row] = rows(app)
        assert row[0] == "T10"
        assert row[3] == "D01 First review of detention   DUE SOON "
        assert row[4:6] == ["20:00", "0:30:00"]

        until(app, "2024-09-13T09:00")
        await pilot.pause()
        [row] = rows(app)
        assert "OVERDUE" in row[3]
        assert row[6] == "2 critical 2 high 1 info "
        assert "E03" in text_of(app, "#reasons")
        assert "statute: PACE 1984 s.38(6)" in text_of(app, "#reasons")
        assert "Clears: " in text_of(app, "#reasons")


async def test_just_after_it_was_due_a_duty_may_only_not_be_recorded_yet(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(SAMPLES / "T16_not_a_review.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        until(app, "2025-06-10T14:15:00")
        await pilot.pause()
        assert "DUE, NOT YET RECORDED" in rows(app)[0][3]
        until(app, "2025-06-10T14:15:01")
        await pilot.pause()
        assert "OVERDUE" in rows(app)[0][3]


async def test_an_empty_suite_says_so(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        until(app, "2024-09-13T10:40")
        await pilot.pause()
        assert rows(app) == []
        assert "No child in custody" in text_of(app, "#reasons")
        assert "0 in custody, 1 left" in text_of(app, "#head")


async def test_the_selection_stays_with_the_child_when_the_order_changes(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(SAMPLES / "busy_day.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        until(app, "2024-09-13T09:00")
        await pilot.press("up", "up")
        chosen = rows(app)[app.query_one(DataTable).cursor_row][0]
        before = [row[0] for row in rows(app)]
        until(app, "2024-09-13T10:10")
        await pilot.pause()
        after = [row[0] for row in rows(app)]
        assert after != before
        assert after[app.query_one(DataTable).cursor_row] == chosen


async def test_a_child_under_ten_is_called_out(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(SAMPLES / "busy_day.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        until(app, "2024-09-13T18:00")
        await pilot.pause()
        assert "1 recorded as under 10" in text_of(app, "#head")


async def test_text_of_records_is_never_markup(ruleset: RuleSet, durable: DurableBackend) -> None:
    raw = json.loads((SAMPLES / "T10_certificate_late.jsonl").read_text().splitlines()[1])
    raw["record"] = "[bold red]x[/] [@click=app.quit]y"
    raw["attrs"] = {"dob": "2008-02-11"}
    entry = entry_from(raw, ruleset.vocabulary)
    app = Board(Watch(ruleset, durable), Story([entry]))
    async with app.run_test(size=SIZE) as pilot:
        app.advance(0)
        await pilot.pause()
        assert rows(app)[0][0].startswith("[bold red]x[/]")


async def test_speed_pause_and_an_hour_on(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(SAMPLES / "busy_day.jsonl", ruleset, durable)
    async with app.run_test(size=SIZE) as pilot:
        assert "PAUSED" in text_of(app, "#head")
        begun = app.now
        await pilot.press("n")
        assert app.now == begun + 3_600
        await pilot.press("space", "plus", "plus", "minus")
        assert "x120" in text_of(app, "#head")


def test_in_a_real_terminal_it_paints_and_quits() -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "detention_monitor", "watch", "--demo"],
        stdin=slave,
        stdout=slave,
        stderr=slave,  # where Textual draws
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(slave)
    seen = b""
    try:
        while b"in custody" not in seen:
            ready, _, _ = select.select([master], [], [], 60)
            assert ready, "nothing painted within a minute"
            seen += os.read(master, 65_536)
        os.write(master, b"q")
        while process.poll() is None:
            ready, _, _ = select.select([master], [], [], 60)
            assert ready, "it did not quit"
            try:
                os.read(master, 65_536)
            except OSError:
                break
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
