"""The board, driven as a person would: real records in, what stands on the screen out."""

from __future__ import annotations

import re

import pytest
from textual.widgets import Input, Static

from detention_monitor.boards.rows import COLUMNS, Moment
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from tests.boards import BUSY, MEDIUM, board, desk_of, entry, go, instant, painted, row_of, shown
from tests.conftest import SAMPLES
from tui.screens.board import BoardScreen
from tui.screens.dialogs import AskAct
from tui.screens.page import Page


def top(app: object) -> BoardScreen:
    screen = app.board  # type: ignore[attr-defined]
    assert isinstance(screen, BoardScreen)
    return screen


async def test_the_first_row_is_who_is_next_due_and_by_when(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(
        desk_of(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable), "2024-09-12T19:30"
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        assert shown(app, "list").split() == [
            ">!!", "T10", "16", "Review", "1", "20:00", "0:30", "left", "soon",
        ]  # fmt: skip
        assert "REVIEW  20:00  from authority 14:00" in shown(app, "detail")
        assert "LIMIT   Fri 13:45  from arrival 13:45" in shown(app, "detail")
        go(app, "2024-09-12T19:50:01")
        assert "0:09:59" in shown(app, "list")
        assert shown(app, "list").startswith(">!!!")


async def test_law_comes_before_policy_however_late(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM):
        lines = [each[1:].split() for each in shown(app, "list").splitlines()]
        assert lines[0][:2] == ["!!!", "CR-2425"]  # under ten: before all who are judged
        names = [each[1] for each in lines[1:6]]
        assert names == ["CR-2407", "CR-2417", "CR-2416", "CR-2415", "CR-2413"]
        assert lines[1][3:7] == ["Review", "1", "18:35", "0:30"]
        assert lines[5][3:8] == ["See", "in", "person", "15:25", "-2:40"]  # policy, long past
        assert "1 under 10: check at once" in shown(app, "head")


async def test_no_child_of_whom_something_grave_is_asked_reads_ok(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """A certificate of 21:40 that says too little has no deadline; nobody has seen that yet."""
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T21:50")
    async with app.run_test(size=MEDIUM):
        lines = [each[1:].split() for each in shown(app, "list").splitlines()]
        assert lines[0][:2] == ["!!!", "CR-2421"]
        assert lines[1][:2] == ["!", "CR-2419"]  # due by policy
        assert "!!! 1 CRIT" in shown(app, "head")
        for each in app.desk.alerts():
            if each.detention == "44/CR-2421" and each.is_asking:
                app.desk.acknowledge(each, app.clock.now(), "asked the officer", None)
        top(app).sort()
        assert "!!! 0 CRIT" in shown(app, "head")
        assert "ok  CR-2421" in shown(app, "list")


def test_due_says_of_another_day_which_side(ruleset: RuleSet, durable: DurableBackend) -> None:
    """Arrived 23:00, authorised 23:10: told of the rights by 00:10 of the next day, never done."""
    entries = [
        entry(ruleset, 1, "arrived", "2024-09-13T23:00", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", "2024-09-13T23:10"),
    ]
    late = row_of(desk_of(entries, ruleset, durable), "2024-09-14T05:20")
    moment = Moment(instant("2024-09-15T01:00"))
    columns = {each.head: each for each in COLUMNS["narrow"]}
    assert late.first is not None
    assert columns["Due"].cell(late, moment).text.endswith("-")
    assert columns["Due"].cell(late, Moment(instant("2024-09-13T23:30"))).text.endswith("+")
    visits = next(each for each in COLUMNS["medium"] if each.head == "Visits")
    assert late.routine is not None
    assert late.routine.due_at is not None
    by = late.routine.due_at
    assert visits.cell(late, Moment(by + 20 * 60)).text == "LATE 20m"
    assert visits.cell(late, Moment(by + 3 * 3_600 + 60)).text == "LATE 3h"


async def test_the_four_questions_are_answered_in_two_keys_without_scrolling(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(
        desk_of(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable), "2024-09-13T07:00"
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        screen = painted(app)
        assert "ADULT   not here: father left Thu 17:00" in screen
        assert "SEEN    in person 04:50, 2 h 10 min ago" in screen
        assert "LA      asked Thu 22:40 of Warwickshire:" in screen
        assert "alternative; Thu 23:30 no bed" in screen
        assert "REVIEW  13:50  from review 04:50" in screen


async def test_data_never_move_the_child_or_the_keys(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T09:00")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("j", "j")
        screen = top(app)
        chosen, before = screen.children_list.chosen, list(screen.children_list.keys)
        screen._moved = -100.0  # long ago: the order is not held for the person any more
        for hour in range(10, 20):
            go(app, f"2024-09-13T{hour}:10")
            assert screen.children_list.chosen == chosen
            assert app.focused is screen.children_list
        assert list(screen.children_list.keys) != before
        assert chosen in screen.children_list.keys  # also after release, until the person moves


async def test_the_order_is_kept_for_a_while_after_a_move(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    at = [1_000.0]
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T09:00")
    async with app.run_test(size=MEDIUM) as pilot:
        screen = top(app)
        screen.wall = lambda: at[0]
        await pilot.press("j")
        before = list(screen.children_list.keys)
        at[0] += 4.9
        go(app, "2024-09-13T11:00")
        kept = [name for name in screen.children_list.keys if name in before]
        assert kept == [name for name in before if name in kept]
        at[0] += 0.2
        screen.sort()
        assert [n for n in screen.children_list.keys if n in before] != kept


async def test_a_new_alert_is_acknowledged_by_the_one_who_saw_it_only(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(BUSY, ruleset, durable)
    app = board(desk, "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("tab")
        screen = top(app)
        held = screen.alerts[screen.feed.chosen or ""]
        assert held.state == "new"
        await pilot.press("a")
        assert isinstance(app.screen, AskAct)
        new = {each.key for each in desk.alerts() if each.state == "new"} - {held.key}
        await pilot.press("f3", "tab", *"18:40", "enter")
        await pilot.pause()
        now = {each.key: each for each in desk.alerts()}
        assert now[held.key].state == "acknowledged"
        assert now[held.key].reason == "on the way"
        assert now[held.key].until == instant("2024-09-13T18:40")
        assert {key for key in new if now[key].state == "new"} == new
        go(app, "2024-09-13T18:40:01")
        assert next(e for e in desk.alerts() if e.key == held.key).state == "new"


async def test_an_act_never_applies_to_an_alert_that_came_after_the_key(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable)
    app = board(desk, "2024-09-13T00:31")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("a")
        assert isinstance(app.screen, AskAct)
        held = app.screen._alert
        go(app, "2024-09-13T09:00")  # more alerts, graver ones, while the dialog is open
        assert desk.alerts()[0].key != held.key
        await pilot.press(*"seen", "enter")
        await pilot.pause()
        taken = [each.key for each in desk.alerts() if each.state == "acknowledged"]
        assert taken in ([held.key], [])


async def test_what_cannot_be_shelved_says_why_and_the_dialog_stays(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(BUSY, ruleset, durable)
    app = board(desk, "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("tab", "s", "enter")
        await pilot.pause()
        assert isinstance(app.screen, AskAct)
        wrong = app.screen.query_one("#wrong", Static)
        assert "a reason is needed" in str(wrong.render())
        app.screen.query_one("#when", Input).value = "tea time"
        await pilot.press(*"busy", "enter")
        assert "write 22:40" in str(wrong.render())
        await pilot.press("escape")
        assert top(app).is_current
        assert not [each for each in desk.alerts() if each.state == "shelved"]


async def test_the_reason_of_a_missed_duty_is_given_and_closes_it(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(SAMPLES / "T07b_no_reason_recorded.jsonl", ruleset, durable)
    app = board(desk, "2025-01-15T09:00")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("l")
        assert "bailed" in shown(app, "list")
        before = {each.key for each in desk.alerts() if each.is_asking}
        await pilot.press("r", *"no officer was free", "enter")
        await pilot.pause()
        left = {each.key for each in desk.alerts() if each.is_asking}
        [done] = before - left
        closed = next(each for each in desk.alerts() if each.key == done)
        assert (closed.state, closed.reason) == ("closed", "no officer was free")


async def test_find_faults_and_suites(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("j")  # away from who is not judged
        await pilot.press("slash", *"2405", "enter")
        await pilot.pause()
        assert "FIND 2405" in shown(app, "head")
        assert any("CR-2405" in each for each in shown(app, "list").splitlines())
        await pilot.press("escape", "x")
        assert "FAULTS ONLY" in shown(app, "head")
        assert "CR-2420" not in shown(app, "list")
        await pilot.press("escape", "1")
        assert "Leamington" in shown(app, "head")
        await pilot.press("9")
        assert "Leamington" in shown(app, "head")
        await pilot.press("0")
        assert "all suites" in shown(app, "head")


async def test_an_empty_suite_says_so(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(
        desk_of(SAMPLES / "T10_certificate_late.jsonl", ruleset, durable), "2024-09-13T10:40"
    )
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        assert "No child in custody at this moment." in painted(app)
        assert "0 children" in shown(app, "head")
        for key in ("j", "a", "s", "r", "v", "o", "y", "enter", "t", "tab", "G"):
            await pilot.press(key)  # nothing to act on is no reason to fall over
        await pilot.press("escape")
        await pilot.press("b")
        assert "No review due falls in presumed sleep." in painted(app)


@pytest.mark.parametrize(
    ("key", "title", "says"),
    [
        ("v", "BEFORE YOU REVIEW", "an inspector or above, not directly involved"),
        ("b", "BRING FORWARD", "Code C Note 15C"),
        ("enter", "DETAIL", "review clock: 12:35 + 6 h = 18:35"),
        ("o", "LAW", "PACE 1984 s.40"),
        ("y", "CUSTODY RECORD", "detention authorised, sergeant"),
        ("n", "TIMELINES", "CR-2413"),
        ("A", "ALL ALERTS", "NEW  "),
        ("h", "HANDOVER", "1 OPEN NOW"),
        ("question_mark", "HELP", "Acknowledge"),
    ],
)
async def test_every_page_opens_with_one_key_and_closes_with_escape(
    ruleset: RuleSet, durable: DurableBackend, key: str, title: str, says: str
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=(140, 60)) as pilot:
        await pilot.press("j", key)
        await pilot.pause()
        assert isinstance(app.screen, Page)
        assert title in shown(app, "title")
        assert says.casefold() in shown(app, "text").casefold()
        go(app, "2024-09-13T18:06")
        await pilot.press("j", "G", "g", "escape")
        await pilot.pause()
        assert top(app).is_current


async def test_replay_of_a_record_has_no_acts_and_comes_back(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("j", "t")
        await pilot.pause()
        replay = top(app)
        assert "REPLAY" in shown(app, "head")
        assert replay.clock.now() == replay.desk.start  # type: ignore[attr-defined]
        assert replay.check_action("acknowledge", ()) is False
        await pilot.press("full_stop", "full_stop")
        assert replay.clock.now() == instant("2024-09-13T12:38")
        await pilot.press("comma")
        first = replay.clock.now()
        assert first < instant("2024-09-13T12:38")
        await pilot.press("colon", *"18:00", "enter")
        await pilot.pause()
        assert replay.clock.now() == instant("2024-09-13T18:00")
        assert "as known" in shown(app, "transport")
        await pilot.press("m")
        assert "as happened" in shown(app, "transport")
        await pilot.press("escape")
        await pilot.pause()
        assert top(app) is not replay
        assert "DEMONSTRATION" in shown(app, "head")


async def test_three_layouts_on_purpose(ruleset: RuleSet, durable: DurableBackend) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=(80, 24)) as pilot:
        for size, there, not_there in (
            ((80, 24), ["brief", "feed"], ["detail", "every"]),
            ((120, 40), ["detail", "feed"], ["brief", "every"]),
            ((200, 50), ["detail", "every", "feed"], ["brief"]),
        ):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert all(app.screen.query_one(f"#{each}").display for each in there)
            assert not any(app.screen.query_one(f"#{each}").display for each in not_there)
            for line in painted(app).splitlines():
                assert len(line) <= size[0]


async def test_ascii_and_no_colour_lose_no_meaning(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(
        desk_of(BUSY, ruleset, durable),
        "2024-09-13T18:05",
        environment={"LANG": "C", "NO_COLOR": "1"},
    )
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        text = painted(app)
        for scrollbar in "▁▂▃▄▅▆▇█▎▊":
            text = text.replace(scrollbar, " ")
        assert text.isascii(), {each for each in text if not each.isascii()}
        assert re.search(r"!!! \d CRIT", text)
        assert "NEW" in text
        assert "MISSED" in text


async def test_the_palette_offers_what_the_keys_do(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T18:05")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("ctrl+p", *"forward")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press("down", "enter")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, Page)
        assert "BRING FORWARD" in shown(app, "title")


def test_the_entries_of_the_day_are_all_read(ruleset: RuleSet) -> None:
    read = [got for got, _ in read_entries([str(BUSY)], ruleset.vocabulary)]
    assert all(isinstance(each, CustodyEvent) for each in read)


async def test_no_child_is_left_out_of_the_picture_of_all_unsaid(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T09:32")
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        here = [each[1:].split()[1] for each in shown(app, "list").splitlines()]
        assert len(here) == 7
        every = painted(app).splitlines()
        assert all(any(each.startswith(name) for each in every) for name in here), here
    app = board(desk_of(BUSY, ruleset, durable), "2024-09-13T17:00")
    async with app.run_test(size=(200, 36)) as pilot:
        await pilot.pause()
        assert "14 children" in shown(app, "head")
        every = painted(app).splitlines()
        drawn = [each for each in every if re.match(r"CR-24\d\d ", each)]
        assert any(each.startswith(f"+{14 - len(drawn)} more") for each in every)


@pytest.mark.parametrize("size", [(80, 24), MEDIUM])
async def test_a_child_under_ten_is_named_and_nothing_untrue_is_said(
    ruleset: RuleSet, durable: DurableBackend, size: tuple[int, int]
) -> None:
    entries = [
        entry(ruleset, 1, "arrived", "2024-09-13T09:40", attrs={"dob": "2016-01-01"}),
        entry(ruleset, 2, "detention_authorised", "2024-09-13T09:50"),
        entry(ruleset, 3, "cell_placed", "2024-09-13T09:55", attrs={"cell": "M2"}),
        entry(ruleset, 4, "released", "2024-09-13T13:00"),
    ]
    app = board(desk_of(entries, ruleset, durable), "2024-09-13T12:00")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "1 under 10: check at once" in shown(app, "head")
        assert "1 child" in shown(app, "head")
        detail = shown(app, "brief" if size[0] < 110 else "detail")
        said = " ".join(detail.split())
        assert "CHECK recorded as under 10: not judged, check at once" in said
        assert "REVIEW  not judged" in detail
        assert "no review is due" not in detail
        assert "age not known" not in detail
        if size[0] > 110:
            assert "authorised 09:50" in detail
        await pilot.press("h")
        assert "1 OPEN NOW  1" in shown(app, "text")
        await pilot.press("escape")
        go(app, "2024-09-13T14:00")
        await pilot.pause()
        assert "check at once" not in shown(app, "head")
        assert "1 under 10 left: see l" in shown(app, "head")
        detail = shown(app, "brief" if size[0] < 110 else "detail")
        assert "left 13:00" in detail
        assert "M2" not in detail
        await pilot.press("v")
        assert "No review is to be held" in shown(app, "text")
