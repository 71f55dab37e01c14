"""Everything with one key; and what an inspector must answer at once, over a whole day."""

from __future__ import annotations

import pytest

from detention_monitor.boards.answers import adult_text, request_text, seen_text
from detention_monitor.boards.rows import when_text
from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import RuleSet
from tests.boards import BUSY, MEDIUM, board, desk_of, go, instant, painted, shown
from tests.conftest import SAMPLES
from tui.commands import COMMANDS
from tui.keys import BOARD
from tui.screens.acting import ActingBoard


def test_every_command_has_a_key_and_every_key_is_a_command() -> None:
    keys = {each.action.split("(")[0] for each in BOARD}
    commands = {action.split("(")[0] for _, action, _ in COMMANDS}
    assert keys - commands == {"palette", "back"}  # what opens the commands, and what leaves
    assert commands <= keys
    assert all(hasattr(ActingBoard, f"action_{each}") for each in keys)


def test_no_key_means_two_things() -> None:
    given = [key for each in BOARD for key in each.key.split(",")]
    assert sorted(given) == sorted(set(given))
    assert len({each.id for each in BOARD}) == len(BOARD)


async def test_the_help_names_every_key_of_this_board(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(SAMPLES / "T16_not_a_review.jsonl", ruleset, durable), "2025-06-10T12:00")
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        text = shown(app, "text")
        for each in BOARD:
            if not each.action.startswith(("suite", "palette")):
                assert each.description[:19].strip() in text, each.description


HOURS = ("2024-09-13T09:00", "2024-09-13T14:00", "2024-09-13T18:05", "2024-09-13T23:30")


@pytest.mark.parametrize("at", HOURS)
async def test_of_every_child_of_the_day_the_four_questions_are_answered_without_scrolling(
    ruleset: RuleSet, durable: DurableBackend, at: str
) -> None:
    """Who is next due and by when; adult, last seen, local authority: of whoever is chosen.

    No key at all at 120x40; the child is chosen by one (an arrow, a click), or found by its number.
    """
    app = board(desk_of(BUSY, ruleset, durable), at)
    async with app.run_test(size=MEDIUM) as pilot:
        go(app, at)
        top = app.board
        assert top is not None
        now = instant(at)
        listed = [row for row in top.every if row.child.detention in top.children_list.keys]
        assert len(listed) >= 3
        first = next(row for row in top.every if row.first is not None)
        assert first.first is not None
        assert first.child.name in painted(app)
        if first.first.due_at is not None:
            assert when_text(first.first.due_at, now).split()[-1] in painted(app)
        for row in listed:
            top.children_list.choose(row.child.detention)
            await pilot.pause()
            detail = " ".join(line.partition("│")[2].strip() for line in painted(app).splitlines())
            said = " ".join(detail.split())
            for label, (text, _) in (
                ("ADULT", adult_text(row.child, now)), ("SEEN", seen_text(row.child, now)),
                ("LA", request_text(row.child, now)),
            ):  # fmt: skip
                assert f"{label} {' '.join(text.split())}" in said, (row.child.name, label, said)
