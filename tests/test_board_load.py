"""How many alerts come, what chatters, and when the bell rings."""

from __future__ import annotations

from detention_monitor.boards import feed
from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.lines import text_of
from detention_monitor.boards.load import BELL_EVERY, Bell, by_tens, load_line, load_of
from detention_monitor.live.limits import Limits
from detention_monitor.rulefile import RuleSet
from detention_monitor.values import changed
from tests.boards import instant

NOW = instant("2025-06-10T14:00")
ONE = AlertLine(
    key="k", detention="44/CR-1", record="CR-1", rule="A", duty="D01", severity="high",
    authority="code", state="new", since=NOW, raised_at=NOW, due_at=None, message="late",
)  # fmt: skip


def limits(ruleset: RuleSet) -> Limits:
    return Limits.of(ruleset.parameters, NOW)


def raised(*ago: int, **more: object) -> list[AlertLine]:
    return [
        changed(ONE, key=f"k{each}", since=NOW - each, raised_at=NOW - each, **more) for each in ago
    ]


def test_the_rate_counts_what_was_put_before_a_person(ruleset: RuleSet) -> None:
    alerts = [
        *raised(0, 599, 600, 3_599, 3_600),
        *raised(10, severity="info"), *raised(20, state="suppressed"),
        *raised(30, state="out_of_service"), *raised(40, state="closed"),
    ]  # fmt: skip
    load = load_of(alerts, limits(ruleset), NOW)
    assert (load.recent, load.hour, load.flood) == (3, 5, False)
    assert load.oldest == NOW - 3_600
    assert text_of(load_line(load, NOW)) == "alerts: 3 in 10 min, 5 in 1 h, one unseen for 1 h"


def test_more_than_ten_in_ten_minutes_are_called_a_flood(ruleset: RuleSet) -> None:
    ten, eleven = raised(*range(10)), raised(*range(11))
    assert not load_of(ten, limits(ruleset), NOW).flood
    load = load_of(eleven, limits(ruleset), NOW)
    assert load.flood
    assert text_of(load_line(load, NOW)) == "FLOOD 11 alerts in 10 min: gravest first"


def test_the_last_hours_by_tens() -> None:
    assert by_tens(raised(0, 1, 2, 599, 601, 1_800), NOW, 4) == ". .="
    assert by_tens([], NOW, 3) == "   "


def test_what_chatters_is_one_line_and_nothing_else_is(ruleset: RuleSet) -> None:
    """Three in sixty seconds (chatter_times, chatter_within)."""
    shown = feed.lines(raised(60, 30, 0), limits(ruleset))
    assert list(shown.values()) == [3]
    assert list(feed.lines(raised(61, 30, 0), limits(ruleset)).values()) == [1, 1, 1]
    apart = [*raised(60, 30), *raised(0, detention="44/CR-2")]
    assert sorted(feed.lines(apart, limits(ruleset)).values()) == [1, 1, 1]
    of_two_rules = [*raised(60, 30), *raised(0, rule="B")]
    assert sorted(feed.lines(of_two_rules, limits(ruleset)).values()) == [1, 1, 1]
    [line] = [
        text_of(feed.cells(ONE, NOW, 60, named=True, times=times))
        for times in feed.lines(raised(0, times=4), limits(ruleset)).values()
    ]
    assert "x4 late" in line


def test_the_bell_rings_for_what_is_new_and_grave_and_seldom() -> None:
    bell = Bell()
    stands = raised(100)
    assert not bell.rings(stands, 0.0, flood=False)  # what stood there when the board was opened
    assert not bell.rings([*stands, *raised(1, severity="medium")], 1.0, flood=False)
    two = [*stands, *raised(0)]
    assert bell.rings(two, 2.0, flood=False)
    assert not bell.rings(two, 3.0, flood=False)
    three = [*two, *raised(-1)]
    assert not bell.rings(three, 4.0, flood=False)
    assert not bell.rings(three, 1.9 + BELL_EVERY, flood=False)
    assert bell.rings(three, 2.0 + BELL_EVERY, flood=False)  # told late, not never
    again = [changed(each, raised_at=NOW + 5) for each in three]
    assert bell.rings(again, 3.0 + 2 * BELL_EVERY, flood=False)


def test_in_a_flood_only_what_is_critical_rings() -> None:
    bell = Bell()
    assert not bell.rings([], 0.0, flood=True)
    assert not bell.rings(raised(1), 100.0, flood=True)
    assert bell.rings([*raised(1), *raised(0, severity="critical")], 200.0, flood=True)


def test_who_is_acknowledged_in_the_pause_does_not_ring_after_it() -> None:
    bell = Bell()
    bell.rings([], 0.0, flood=False)
    assert bell.rings(raised(1), 1.0, flood=False)
    assert not bell.rings([*raised(1), *raised(0)], 2.0, flood=False)
    assert not bell.rings([*raised(1), *raised(0, state="acknowledged")], 100.0, flood=False)


def test_what_was_escalated_says_so() -> None:
    late = changed(ONE, escalated_at=instant("2025-06-10T13:40"))
    assert "NEW ESC" in text_of(feed.cells(late, NOW, 80, named=True))
    taken = changed(late, state="acknowledged", who="Smith", reason="on the way")
    assert "ESC" not in text_of(feed.cells(taken, NOW, 80, named=True))
