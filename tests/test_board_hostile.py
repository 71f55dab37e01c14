"""Text of records on the screen: whatever it is, it is shown as text, and stays in its place."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from detention_monitor.boards import pages, rules_page
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.rulefile import RuleSet
from detention_monitor.values import changed
from tests.boards import board, desk_of, entry, instant, painted, shown

PAYLOADS = {
    "closing tag": "x [/] y",
    "tag": "[bold red]ALL CLEAR[/bold red]",
    "unclosed": "x [b",
    "action": "[@click=app.quit]press[/]",
    "link": "[link=http://example.org]x[/link]",
    "escape": "\x1b[2J\x1b]0;title\x07\x1b[31m",
    "c1": "\x9b31mred\x90x",
    "bidi": "abc\u202e321\u2066x\u2069",
    "zero width": "C\u200bR\ufeff-1\u2060",
    "control": "a\x00b\tc\rd\ne\x7f",
    "long": "A" * 10_000,
    "long words": "[x] " * 2_500,
    "wide": "日本語" * 200,
    "emoji": "👨‍👩‍👧‍👦" * 50,
    "combining": "e" + "\u0301" * 500,
    "format": "{0} %s {record!r} $x `id`",
}
UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def record(ruleset: RuleSet, text: str) -> list[CustodyEvent]:
    """Return a record in which every text is the payload."""
    made = [
        ("arrived", "2024-09-13T08:00", {"dob": "2009-01-01", "station": text}),
        ("detention_authorised", "2024-09-13T08:10", {"grounds": text}),
        ("aa_requested", "2024-09-13T08:20", {"scheme": text}),
        ("cell_placed", "2024-09-13T08:30", {"cell": text, "reason": text}),
        ("review_held", "2024-09-13T13:00", {"mode": "telephone", "grounds": text, "outcome": text}),
        ("charged", "2024-09-13T14:00", {"offence": text}),
        ("detention_after_charge", "2024-09-13T14:05", {"grounds": text}),
        ("la_requested", "2024-09-13T14:10", {"authority": text, "request_type": "alternative"}),
        ("la_replied", "2024-09-13T14:40", {"reply": "other", "reason": text, "officer": text}),
    ]  # fmt: skip
    made_of = [entry(ruleset, n, kind, at, attrs={}) for n, (kind, at, _) in enumerate(made)]
    return [  # also what reading a record would refuse
        changed(each, record=text, force=None, attrs=attrs)
        for each, (_, _, attrs) in zip(made_of, made, strict=True)
    ]


ALL_SHORT = " ".join(text for text in PAYLOADS.values() if len(text) < 60)


async def test_a_board_of_hostile_children_shows_each_as_text(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    entries = [e for text in PAYLOADS.values() for e in record(ruleset, text)]
    app = board(desk_of(entries, ruleset, durable), "2024-09-13T23:30")
    async with app.run_test(size=(80, 24)) as pilot:
        for size in ((80, 24), (200, 50), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            check(painted(app), size[0])
        board_screen = app.board
        assert board_screen is not None
        assert len(board_screen.children_list.keys) == len(PAYLOADS)
        for name in board_screen.children_list.keys:
            board_screen.children_list.choose(name)
            await pilot.pause()
            check(painted(app), 120)
        assert "[bold r" in shown(app, "list")


@pytest.mark.parametrize("payload", [ALL_SHORT, PAYLOADS["long"]], ids=["all", "long"])
async def test_every_page_dialog_and_message_shows_it_as_text(
    ruleset: RuleSet, durable: DurableBackend, payload: str
) -> None:
    app = board(
        desk_of(record(ruleset, payload), ruleset, durable), "2024-09-13T23:30", who=payload
    )
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        for key in ("v", "b", "enter", "o", "y", "n", "A", "h", "R", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            check(painted(app), 120)
            await pilot.press("escape")
        await pilot.press("tab")
        for key in ("a", "s", "r"):
            await pilot.press(key)
            await pilot.pause()
            check(painted(app), 120)
            await pilot.press(*"why", "enter")
            await pilot.pause()
            check(painted(app), 120)
            await pilot.press("escape")
        app.say(payload)
        await pilot.pause()
        check(painted(app), 120)
        await pilot.press("slash")
        app.screen.query_one(Input).value = payload[:200]
        await pilot.press("enter")
        await pilot.pause()
        check(painted(app), 120)
        await pilot.press("escape", "escape", "t")
        await pilot.pause()
        check(painted(app), 120)
        assert app.is_running


def check(screen: str, width: int) -> None:
    for line in screen.split("\n"):
        assert not UNSAFE.search(line), repr(line)
        assert cell_len(line) <= width + 1, repr(line)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_every_page_of_text_is_safe_too(
    ruleset: RuleSet, durable: DurableBackend, payload: str
) -> None:
    desk = desk_of(record(ruleset, payload), ruleset, durable)
    now = instant("2024-09-13T23:30")
    desk.look(now)
    [row] = desk.rows(now)
    name = row.child.detention
    finding = row.duties[0].finding
    for lines in (
        pages.detail(desk, name, now, 100, ASCII), pages.sheet(desk, name, now, 100, ASCII),
        pages.adviser(desk, now, 100, ASCII), pages.record(desk, name, 100, ASCII),
        pages.alerts(desk, now, 100, ASCII), pages.handover(desk, now, 100),
        pages.law(desk, finding, 100),
        rules_page.lines(desk, now, 100, ASCII),
    ):  # fmt: skip
        assert lines
        for line in lines:
            assert not UNSAFE.search(text_of(line)), repr(line)
