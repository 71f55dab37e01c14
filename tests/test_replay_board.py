"""Replay on the board: the clock of a story, marks to jump between, and a person's own keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detention_monitor.boards.clock import StoryClock
from detention_monitor.boards.marks import Mark, marks, next_mark, ruler
from detention_monitor.boards.story import StoryDesk, judging
from detention_monitor.detention import detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import RuleSet
from tests.boards import BUSY, board, desk_of, entry, instant, shown
from tests.conftest import ROOT, SAMPLES
from tui.keys import KeysError, keymap
from tui.watch import story

D = "2024-09-13T"


def test_the_clock_of_a_story_is_worked_out_not_counted() -> None:
    wall = [100.0]
    clock = StoryClock(1_000, 5_000, speed=60, wall=lambda: wall[0])
    wall[0] += 10
    assert clock.now() == 1_600
    clock.faster()
    wall[0] += 1
    assert (clock.speed, clock.now()) == (300, 1_900)
    clock.pause()
    wall[0] += 1_000
    assert clock.now() == 1_900
    clock.pause()
    clock.slower()
    wall[0] += 2
    assert clock.now() == 2_020
    clock.go_to(9_999)
    assert (clock.now(), clock.ended) == (5_000, True)
    clock.pause()  # at the end it begins again
    assert clock.now() == 1_000


def test_marks_stand_where_a_monitor_would_have_told(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Authorised 10:00; the review due 16:00 is near from 15:00, late from a second past 16:00."""
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00"),
    ]
    found = marks(
        detentions_of(entries), judging(ruleset, durable), instant(f"{D}17:00"), "as_known"
    )
    review = [(each.what, each.at) for each in found if each.text.startswith("D01 ")]
    assert review == [("near", instant(f"{D}15:00")), ("breach", instant(f"{D}16:00") + 1)]


def test_the_next_mark_and_the_one_before() -> None:
    found = [Mark(10, "near", "A", ""), Mark(20, "breach", "A", ""), Mark(30, "near", "A", "")]
    assert next_mark(found, 10, 1, breaches=False) == found[1]
    assert next_mark(found, 10, 1, breaches=True) == found[1]
    assert next_mark(found, 20, 1, breaches=True) is None
    assert next_mark(found, 30, -1, breaches=False) == found[1]
    assert next_mark(found, 10, -1, breaches=False) is None
    assert ruler(found, 10, 30, 30, 21, "*") == ".---------!---------*"


async def test_a_jump_ahead_tells_what_came_and_went_in_between(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """The review came near at 15:00 and was held in time; the child was never seen to eat."""
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00"),
        entry(ruleset, 3, "review_held", f"{D}15:30", attrs={"mode": "in_person"},
              by={"rank": "inspector", "role": "review_officer"}),
        entry(ruleset, 4, "meal_offered", f"{D}17:00"),
    ]  # fmt: skip
    desk = desk_of(entries, ruleset, durable)
    app = board(desk, f"{D}14:00")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.board
        assert screen is not None
        screen._have(marks(detentions_of(entries), judging(ruleset, durable), desk.end))
        await pilot.press("colon", *"16:30", "enter", "h")
        said = " ".join(shown(app, "text").split())
        part = said.partition("CAME AND WENT IN THE JUMP FROM 14:00 TO 16:30")[2]
        part = part.partition("OPEN NOW")[0]
        assert "CR-1 15:00 D01 First review of detention" in part
        standing = {each.duty for each in desk.alerts() if each.is_asking}
        assert "B01" in standing  # no adult was ever asked: it is told as open
        assert "B01" not in part
        await pilot.press("escape", "colon", *"14:00", "enter", "h")
        assert "CAME AND WENT" not in shown(app, "text")


async def test_replay_jumps_to_the_next_breach(ruleset: RuleSet, durable: DurableBackend) -> None:
    desk = desk_of(SAMPLES / "T16_not_a_review.jsonl", ruleset, durable)
    app = board(desk, "2025-06-10T09:00")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.board
        assert screen is not None
        await pilot.press("right_curly_bracket")
        assert screen.clock.now() == instant("2025-06-10T09:00")  # not looked through yet
        late = Mark(instant("2025-06-10T14:00") + 1, "breach", "T16", "D01 First review")
        screen._have([late])
        assert "!" in shown(app, "transport")
        await pilot.press("right_curly_bracket")
        assert screen.clock.now() == late.at
        await pilot.press("right_curly_bracket")
        assert screen.clock.now() == late.at


async def test_an_alert_seen_in_as_known_goes_when_the_record_shows_it_was_in_time(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", recorded_at=f"{D}09:40:00+01:00",
              attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00", recorded_at=f"{D}10:00:00+01:00"),
        entry(ruleset, 3, "review_held", f"{D}15:50", recorded_at=f"{D}16:40:00+01:00",
              by={"rank": "inspector", "role": "review_officer"}, attrs={"mode": "in_person"}),
    ]  # fmt: skip
    desk = desk_of(entries, ruleset, durable)
    desk.look(instant(f"{D}16:14"))
    states = {each.rule: each.state for each in desk.alerts()}
    assert states["D01-first-review"] == "due_not_yet_recorded"
    desk.look(instant(f"{D}16:16"))
    assert {each.rule: each.state for each in desk.alerts()}["D01-first-review"] == "new"
    desk.look(instant(f"{D}16:41"))
    gone = next(each for each in desk.alerts() if each.rule == "D01-first-review")
    assert (gone.state, gone.recorded_late) == ("withdrawn", 51)
    desk.read("as_happened")
    desk.look(instant(f"{D}16:16"))
    assert "D01-first-review" not in {each.rule for each in desk.alerts() if each.is_asking}


def test_a_persons_own_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    assert keymap(path) == {}
    path.write_text('acknowledge = "f5"\ndown = "j,n"\n')
    assert keymap(path) == {"acknowledge": "f5", "down": "j,n"}
    path.write_text('acknowlege = "f5"\n')
    with pytest.raises(KeysError, match="did you mean 'acknowledge'"):
        keymap(path)
    path.write_text("acknowledge = 5\n")
    with pytest.raises(KeysError, match="write the key as text"):
        keymap(path)
    path.write_text("acknowledge = \n")
    with pytest.raises(KeysError, match=r"keys\.toml"):
        keymap(path)


async def test_another_key_does_the_same(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    folder = tmp_path / "detention-monitor"
    folder.mkdir()
    (folder / "keys.toml").write_text('handover = "f6"\n')
    desk = desk_of(SAMPLES / "T16_not_a_review.jsonl", ruleset, durable)
    environment = {"LANG": "C.UTF-8", "XDG_CONFIG_HOME": str(tmp_path)}
    app = board(desk, "2025-06-10T12:00", environment=environment)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("h")
        assert app.board is app.screen
        await pilot.press("f6")
        await pilot.pause()
        assert "HANDOVER" in shown(app, "title")


def test_a_story_is_judged_in_parts_and_says_how_far(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk, now = desk_of(BUSY, ruleset, durable), instant(f"{D}18:05")
    whole = desk_of(BUSY, ruleset, durable)
    whole.look(now)
    desk.patience = 0  # one a look
    seen = []
    while desk.look(now):
        seen.append(desk.pending)
        assert len(seen) < 100
    count = len(whole.assessments())
    assert seen == [(done, count) for done in range(1, count)] + [None]
    assert {each.detention: each.findings for each in desk.assessments()} == {
        each.detention: each.findings for each in whole.assessments()
    }


def test_while_a_story_runs_on_no_child_waits_for_ever(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk, now = desk_of(BUSY, ruleset, durable), instant(f"{D}12:00")
    desk.patience = 0
    desk.read("as_happened")
    for second in range(60):
        desk.look(now + 3_600 * second)  # at each look most of it has become stale
    assert len(desk.assessments()) == len(desk._detentions)


async def test_replay_waits_for_its_judge_without_standing_still(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    ready = [False]
    desk = desk_of(SAMPLES / "T16_not_a_review.jsonl", ruleset, durable)
    desk._ready = lambda: ready[0]
    app = board(desk, "2025-06-10T12:00")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "JUDGING, 0 of 1 done" in shown(app, "head")
        ready[0] = True
        app.tick()
        await pilot.pause()
        assert "JUDGING" not in shown(app, "head")
        assert "T16" in shown(app, "list")


def _judged_whole(desk: StoryDesk, at: int) -> dict[str, tuple[int, bool]]:
    """Bring a story to an instant, one child a look; return since when what is asked."""
    desk.patience = 0
    desk.look(at)
    while desk.pending is not None:
        desk.look(at)
    return {
        each.key: (each.since, each.escalated_at is not None)
        for each in desk.alerts()
        if each.is_asking
    }


def test_alerts_are_the_same_from_wherever_one_comes(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Jumped to in parts, and gone back to; played through, some come by the grace later."""
    at = instant(f"{D}21:50")
    jumped = desk_of(BUSY, ruleset, durable)
    jumped.look(jumped.start)
    asking = _judged_whole(jumped, at)
    assert sum(since > at - 600 for since, _ in asking.values()) == 0
    _judged_whole(jumped, instant(f"{D}23:30"))
    assert _judged_whole(jumped, at) == asking

    played = desk_of(BUSY, ruleset, durable)
    for now in range(played.start, at, 60):
        played.look(now)
    through = _judged_whole(played, at)
    assert through.keys() == asking.keys()
    for key, (since, escalated) in asking.items():
        assert 0 <= through[key][0] - since <= 15 * 60, key
        assert through[key][1] == escalated, key


def _not_carried(folder: Path, missing: str) -> Path:
    """Return a file of a child for whom nothing but the adult is recorded, which the source leaves out."""
    made = {
        "id": "e1",
        "force": "44",
        "record": "CR-1",
        "kind": "arrived",
        "attrs": {"dob": "2009-01-01"},
    }
    lines = [
        {"source": {"name": "Extract", "not_carried": [missing]}},
        {**made, "at": "2024-09-13T08:00:00+01:00"},
        {
            **made,
            "id": "e2",
            "kind": "detention_authorised",
            "attrs": {},
            "at": "2024-09-13T08:10:00+01:00",
        },
    ]
    path = folder / "story.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_what_a_source_does_not_carry_is_no_breach_in_a_story(tmp_path: Path) -> None:
    def told(missing: str) -> set[str]:
        path = _not_carried(tmp_path, missing)
        desk, clock, _ = story(path, ROOT / "rules", None, 60, lambda _: None, practice=False)
        assert isinstance(desk, StoryDesk)
        now = instant("2024-09-13T18:00")
        desk.look(now)
        assert clock.now() < now
        found = marks(
            detentions_of(desk.entries, desk.coverage), desk._judge_by, now, "as_happened"
        )
        late = {each.text.split()[0] for each in found if each.what == "breach"}
        assert {each.duty for each in desk.alerts() if each.state == "new"} <= late | {None}
        return late

    assert "B02" in told("visited")
    assert "B02" not in told("aa_arrived")
