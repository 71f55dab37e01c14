"""A clock that hospital pauses: what is left, and the early alert (domain.md 2.1, 2.4, T05)."""

from pathlib import Path

import pytest

from detention_monitor.assess import Assessment, assess
from detention_monitor.clocks import Span
from detention_monitor.detention import group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import Finding
from detention_monitor.review_chain import Authority, Review, ReviewDue, review_chain
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import parse_instant
from tests.boards import MEDIUM, board, desk_of, go, shown
from tests.conftest import SAMPLES

H, M = 3600, 60
T05 = SAMPLES / "T05_hospital.jsonl"
"""Authorised 17:20, out to hospital 21:00, back 01:30; the relevant time is 17:00."""


def at(local: str) -> int:
    return parse_instant(local, "Europe/London")[0]


def chain(held: list[int], away: Span, again: list[int] | None = None) -> list[ReviewDue]:
    """Return the links from an authority at 0, with one stay in hospital."""
    found = review_chain(
        [Authority(0, "a"), *(Authority(each, "b") for each in again or [])],
        [Review(each, f"r{each}") for each in held], [], [], [away], 6 * H, 9 * H, [],
    )  # fmt: skip
    return found.dues


def judged(path: Path, local: str, ruleset: RuleSet, durable: DurableBackend) -> Assessment:
    read = [got for got, _ in read_entries([str(path)], ruleset.vocabulary)]
    [one] = group(got for got in read if isinstance(got, CustodyEvent))
    return assess(one, ruleset, at(local), backend=durable)


def of(rule: str, result: Assessment) -> Finding:
    return next(each for each in result.findings if each.rule == rule)


def test_a_paused_link_says_what_is_left_and_when_it_would_be_due() -> None:
    [link] = chain([], Span(3 * H + 40 * M))
    assert (link.due, link.left, link.early) == (None, 2 * H + 20 * M, 6 * H)


def test_once_the_clock_goes_on_nothing_is_left_over() -> None:
    [link] = chain([], Span(3 * H + 40 * M, 8 * H + 10 * M))
    assert (link.due, link.left, link.early) == (10 * H + 30 * M, None, 6 * H)


def test_a_clock_that_never_paused_has_no_early_alert() -> None:
    first, second = chain([5 * H], Span(20 * H, 21 * H))
    assert (first.early, second.early) == (None, None)


def test_t05_the_early_alert_has_a_chain_of_its_own() -> None:
    """17:20 + 6 h = 23:20; held 01:50: 23:20 + 9 h = 08:20, against 10:50."""
    _, second = chain([8 * H + 30 * M], Span(3 * H + 40 * M, 8 * H + 10 * M))
    assert (second.due, second.early) == (17 * H + 30 * M, 15 * H)


def test_an_early_alert_for_what_is_over_already_is_none() -> None:
    """Away 3:00 to 18:00, due at 21:00, held 18:30: 6:00 + 9 h was 15:00, before the review."""
    _, second = chain([18 * H + 30 * M], Span(3 * H, 18 * H))
    assert (second.due, second.early) == (27 * H + 30 * M, None)


def test_of_two_readings_one_may_be_paused_and_the_other_past() -> None:
    """Held 40 min late: 15:00 or 15:40. Hospital from 15:20 pauses the second only."""
    _, second = chain([6 * H + 40 * M], Span(15 * H + 20 * M))
    assert (second.due, second.due_latest, second.certainty) == (15 * H, None, 1)
    assert second.left is None


def test_back_from_bail_the_early_alert_is_the_earlier_of_both_readings() -> None:
    _, again = chain([], Span(H, 2 * H), again=[4 * H])
    assert (again.due, again.due_latest, again.early) == (7 * H, 10 * H, 6 * H)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2024-05-09T21:00", "open"),
        ("2024-05-09T22:19:59", "open"),
        ("2024-05-09T22:20", "due_soon"),
        ("2024-05-09T23:20:01", "due_soon"),
        ("2024-05-10T01:29:59", "due_soon"),
    ],
)
def test_t05_while_out_the_early_alert_warns_and_is_never_overdue(
    now: str, status: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    found = of("D01-first-review", judged(T05, now, ruleset, durable))
    assert (found.status, found.due_at, found.minutes_left) == (status, None, 140)
    assert found.early_at == at("2024-05-09T23:20")
    assert found.message == (
        "First review due 2 h 20 min after the paused clock goes on; held: no entry shows it. "
        "Early alert: Thu 9 May 2024 23:20 BST, as if hospital had not paused the clock."
    )


def test_t05_the_limit_of_detention_is_paused_as_well(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """17:00 to 21:00 used: 20 h left; without the pause until 17:00 the next day."""
    found = of("D09-custody-limit", judged(T05, "2024-05-09T22:00", ruleset, durable))
    assert (found.status, found.due_at, found.minutes_left) == ("open", None, 20 * 60)
    assert found.early_at == at("2024-05-10T17:00")


def test_t05_when_back_it_is_due_and_the_early_alert_stays_said(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    found = of("D01-first-review", judged(T05, "2024-05-10T01:30", ruleset, durable))
    assert (found.status, found.minutes_left) == ("due_soon", None)
    assert found.due_at == at("2024-05-10T03:50")
    assert found.early_at == at("2024-05-09T23:20")
    second = of("D02-later-review", judged(T05, "2024-05-10T07:19:59", ruleset, durable))
    assert (second.status, second.due_at) == ("open", at("2024-05-10T10:50"))
    assert second.early_at == at("2024-05-10T08:20")
    second = of("D02-later-review", judged(T05, "2024-05-10T07:20", ruleset, durable))
    assert second.status == "due_soon"


def test_t05_done_there_is_no_alert_left(ruleset: RuleSet, durable: DurableBackend) -> None:
    found = of("D01-first-review", judged(T05, "2024-05-10T01:50", ruleset, durable))
    assert (found.status, found.early_at, found.minutes_left) == ("met", None, None)


def test_t05_a_note_written_while_the_clock_was_paused_puts_nothing_off(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Held 04:10, due 03:50: the note of 23:15 was not needed and excuses nothing."""
    late = tmp_path / "late.jsonl"
    late.write_text(T05.read_text().replace("2024-05-10T01:50", "2024-05-10T04:10"))
    found = of("D01-first-review", judged(late, "2024-05-10T05:00", ruleset, durable))
    assert (found.status, found.minutes_late, found.severity) == ("met_late", 20, "medium")


async def test_the_board_says_paused_what_is_left_and_the_early_alert(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    app = board(desk_of(T05, ruleset, durable), "2024-05-09T22:30")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        assert shown(app, "list").split()[3:7] == ["Review", "1", "paused", "2:20"]
        detail = " ".join(shown(app, "detail").split())
        assert "REVIEW paused; alert 23:20 2:20 when back" in detail
        assert "2 h 20 min after the paused clock goes on" in detail

        go(app, "2024-05-10T01:31")
        assert shown(app, "list").split()[3:7] == ["Review", "1", "03:50", "2:19"]
