"""The board in lines: what is told, what is answered, and the program itself without a terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec.structs import replace

from detention_monitor.boards.clock import StoryClock
from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.plain import Plain
from detention_monitor.durable import DurableBackend
from detention_monitor.live.may_act import ActError
from detention_monitor.rulefile import RuleSet
from tests.boards import BUSY, desk_of, instant


def plain(ruleset: RuleSet, durable: DurableBackend, at: str) -> tuple[Plain, StoryClock]:
    desk = desk_of(BUSY, ruleset, durable)
    clock = StoryClock(desk.start, desk.end, running=False, wall=lambda: 0.0)
    clock.go_to(instant(at))
    return Plain(desk, clock), clock


def test_what_becomes_different_is_told_once(ruleset: RuleSet, durable: DurableBackend) -> None:
    told, clock = plain(ruleset, durable, "2024-09-13T17:49")
    first = list(told.changes())
    assert all(each.startswith("ANN: ") for each in first)
    assert list(told.changes()) == []
    clock.go_to(instant("2024-09-13T17:56"))  # the entry of 17:50 is recorded meanwhile
    new = [each for each in told.changes() if "CR-2415" in each]
    assert len(new) == 1
    assert "NEW, escalated 17:55, critical, CR-2415: Interview from 17:50" in new[0]


def test_at_the_start_it_sums_up_and_then_tells_only_what_changes(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    told, clock = plain(ruleset, durable, "2024-09-13T18:05")
    first = list(told.changes())
    assert first[:4] == [
        "ANN: CR-2425: recorded as under 10: not judged, check at once",
        "ANN: 11 children in custody: 2 CRIT, 1 HIGH, 3 WARN, 5 ok",
        (
            "ANN: 17 alerts wait for a person: 3 critical, 5 high, 9 medium, 6 of them missed; "
            "2 tells them"
        ),
        (
            "ANN: HIGH, CR-2407, aged 14: Review 1, due 18:35, 0:30 left; "
            "alerts: 1 high, 1 medium, 1 of them missed"
        ),
    ]
    assert first[-2:] == [
        "ANN: 5 more children, of whom nothing is asked yet; 1 tells of all",
        "ANN: of children who left, alerts: 1 critical, 4 high, 6 medium, 4 of them missed",
    ]
    assert not [each for each in first if " alert 1, " in each]
    clock.go_to(instant("2024-09-13T21:50"))
    later = list(told.changes())
    assert any("alert 1, NEW" in each for each in later)
    assert any(each.startswith("ANN: ") and ", CR-2421: " in each for each in later)
    standing = [each for each in first if "CR-2416" in each]
    assert len(standing) == 1


def test_of_nobody_it_says_so(ruleset: RuleSet, durable: DurableBackend) -> None:
    told, _ = plain(ruleset, durable, "2024-09-13T00:09")
    assert list(told.changes()) == [
        "ANN: no child in custody",
        "ANN: no alert waits for a person",
    ]


def test_the_list_says_who_is_next_and_of_the_adult_the_visits_and_the_authority(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    told, _ = plain(ruleset, durable, "2024-09-13T18:05")
    lines = told.answer("1")
    assert "HIGH, CR-2407, aged 14: Review 1, due 18:35, 0:30 left" in lines
    place = lines.index("HIGH, CR-2407, aged 14: Review 1, due 18:35, 0:30 left")
    assert lines[place + 1].startswith("  adult scheme here since 17:10; seen never in person")


def test_practice_refuses_what_is_refused_in_earnest(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    now = instant("2024-09-13T17:56")
    desk = desk_of(BUSY, ruleset, durable)

    def alert(record: str, rule: str, state: str = "new") -> AlertLine:
        desk.look(now)
        found = [e for e in desk.alerts() if (e.record, e.rule, e.state) == (record, rule, state)]
        return found[0]

    critical = alert("CR-2415", "C01-interview-without-adult")
    with pytest.raises(ActError, match="it is critical: say in a word what is being done"):
        desk.acknowledge(critical, now, " ", None)
    with pytest.raises(ActError, match="for 5 minutes at most, until Fri 13 Sep 2024 18:01 BST"):
        desk.shelve(critical, now, "at the door", now + 301)
    for _ in range(2):
        desk.shelve(alert("CR-2415", "C01-interview-without-adult"), now, "at the door", now + 60)
        now += 61
    with pytest.raises(ActError, match="it is critical and was put aside 2 times"):
        desk.shelve(alert("CR-2415", "C01-interview-without-adult"), now, "at the door", now + 60)
    with pytest.raises(ActError, match="nothing was missed yet"):
        desk.give_reason(alert("CR-2407", "D01-first-review", "pending"), now, "no inspector")
    with pytest.raises(ActError, match="a missed deadline cannot be put aside"):
        desk.shelve(alert("CR-2411", "D01-first-review"), now, "at lunch", now + 60)
    with pytest.raises(ActError, match="the alert has changed since it was shown"):
        desk.acknowledge(replace(critical, state="acknowledged"), now, "called", None)


def test_acts_by_number(ruleset: RuleSet, durable: DurableBackend) -> None:
    told, _ = plain(ruleset, durable, "2024-09-13T18:05")
    assert told.answer("ack 1 on the way")[0].startswith("not done: no alert has the number")
    first = told.answer("alerts")[0]
    assert "alert 1, NEW" in first
    assert told.answer("ack 1 on the way") == ["kept for this demonstration only"]
    assert any("alert 1, acked by you" in each for each in told.answer("2"))
    assert told.answer("undo") == ["taken back"]
    assert any("alert 1, NEW" in each for each in told.answer("2"))
    assert told.answer("undo") == [
        "not done: nothing was done at this screen that could be taken back"
    ]
    assert any("PACE 1984 s." in each or "Code C" in each for each in told.answer("law 1"))
    assert any(each.startswith("what    3") for each in told.answer("rules"))
    assert told.answer("reload")[0].startswith("not done: no monitor works here")
    assert told.answer("shelve 2 soon") == [
        "not done: say for how many minutes, then why: shelve 12 15 asleep"
    ]
    assert told.answer("nonsense")[0] == "'nonsense' is not a command"
    assert told.answer("sheet CR-2407")[0] == "CR-2407  14  Leamington, juvenile detention room"
    assert told.answer("child nobody") == ["no child is called 'nobody'; 1 lists them"]


def test_the_program_tells_and_answers_without_a_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detention_monitor", "watch", "--demo", "--plain"],
        input="help\n1\nquit\n", capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "DEMONSTRATION: 'help' lists what can be asked" in done.stdout
    assert "everything about a child" in done.stdout
    assert "\x1b" not in done.stdout
