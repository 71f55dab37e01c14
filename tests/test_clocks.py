"""The clock arithmetic, with figures worked out by hand (domain.md 2 and 9)."""

from datetime import date, timedelta

import pytest

from detention_monitor.clocks import Span, elapsed, live, union
from detention_monitor.court_days import court_by, good_friday, last_day_for_court
from detention_monitor.nights import night, rest_lost
from detention_monitor.review_chain import Authority, Postponement, Review, review_chain
from detention_monitor.times import parse_instant

H, M = 3600, 60


def chain(
    held: list[int],
    *,
    postponed: list[int] | None = None,
    decided: list[int] | None = None,
    again: list[int] | None = None,
    excluded: list[Span] | None = None,
) -> list[tuple[int, str, int | None, int | None]]:
    """Return ordinal, phase, due and later reading of every link, from an authority at 0."""
    found = review_chain(
        [Authority(0, "a"), *(Authority(at, "b") for at in again or [])],
        [Review(at, f"r{at}") for at in held],
        [Postponement(at, f"p{at}") for at in postponed or []],
        [Authority(at, "d") for at in decided or []],
        excluded or [],
        6 * H,
        9 * H,
    )
    return [(due.ordinal, due.phase, due.due, due.due_latest) for due in found.dues]


def test_a_timely_review_moves_the_chain_to_nine_hours_after_it() -> None:
    assert chain([5 * H])[1] == (2, "before_charge", 14 * H, None)


def test_a_review_at_the_due_second_is_timely() -> None:
    assert chain([6 * H])[1] == (2, "before_charge", 15 * H, None)


def test_a_review_one_second_late_leaves_two_readings() -> None:
    assert chain([6 * H + 1])[1] == (2, "before_charge", 15 * H, 15 * H + 1)


def test_a_postponed_review_does_not_move_the_chain() -> None:
    assert chain([6 * H + 40 * M], postponed=[5 * H + 55 * M])[1][2:] == (15 * H, None)


def test_a_decision_to_detain_after_charge_keeps_the_due_time_of_an_open_link() -> None:
    assert chain([5 * H], decided=[11 * H])[1:] == [
        (2, "before_charge", 14 * H, None),
        (2, "after_charge", 14 * H, None),
    ]


def test_after_a_missed_review_the_next_after_charge_has_two_readings() -> None:
    assert chain([], decided=[7 * H])[1] == (2, "after_charge", 15 * H, 16 * H)


def test_hospital_time_is_left_out_of_the_review_clock() -> None:
    """T05: authorised 17:20, away 21:00 to 01:30: due 03:50."""
    away = Span(3 * H + 40 * M, 8 * H + 10 * M)
    assert chain([], excluded=[away])[0][2] == 10 * H + 30 * M


def test_an_open_exclusion_pauses_the_clock() -> None:
    assert chain([], excluded=[Span(H, None)])[0][2] is None


def test_a_return_from_bail_leaves_the_chain_and_a_fresh_six_hours() -> None:
    """T15: review 15:50, bailed 17:00, back after 14 days less 8 h at 09:00, authorised 09:15."""
    bailed, back = 7 * H, 7 * H + 1000 * H
    links = chain([5 * H + 50 * M], again=[back + 15 * M], excluded=[Span(bailed, back)])
    assert links[-1] == (2, "before_charge", back + 6 * H + 15 * M, back + 7 * H + 50 * M)


def test_overlapping_exclusions_count_once() -> None:
    assert union([Span(5, 9), Span(0, 6), Span(9, 12)]) == [Span(0, 12)]
    assert elapsed(0, 20, [Span(5, 9), Span(0, 6), Span(9, 12)]) == 8


@pytest.mark.parametrize("start", [0, 4, 7])
def test_live_is_the_inverse_of_elapsed(start: int) -> None:
    excluded = [Span(3, 6), Span(10, 15)]
    for seconds in range(1, 12):
        due = live(start, seconds, excluded)
        assert due is not None
        assert elapsed(start, due, excluded) == seconds
        assert elapsed(start, due - 1, excluded) < seconds


def test_a_night_needs_240_minutes_to_the_second() -> None:
    window = Span(22 * H, 31 * H)
    assert night(window, [Span(27 * H + 1, 31 * H)], None, 4 * H, 40 * H) is None
    found = night(window, [Span(27 * H, 31 * H)], None, 4 * H, 40 * H)
    assert found is not None
    assert (found.minutes, found.reached_at) == (240, 31 * H)


@pytest.mark.parametrize(
    ("decision", "phase"),
    [(27 * H, "post"), (27 * H + 1, "pre"), (None, "pre")],
)
def test_a_night_is_after_charge_from_240_minutes_on(decision: int | None, phase: str) -> None:
    found = night(Span(22 * H, 31 * H), [Span(20 * H, 31 * H)], decision, 4 * H, 40 * H)
    assert found is not None
    assert found.phase(4 * H) == phase


def test_a_night_with_neither_part_long_enough_is_mixed() -> None:
    found = night(Span(22 * H, 31 * H), [Span(24 * H, 31 * H)], 27 * H + 30 * M, 4 * H, 40 * H)
    assert found is not None
    assert found.phase(4 * H) == "mixed"


def test_eight_hours_of_rest_keep_the_window_whole_for_sixteen_more() -> None:
    rest = [[Span(10 * H, 18 * H)]]
    assert rest_lost(0, rest, 34 * H).at is None
    assert rest_lost(0, rest, 34 * H + 1).at == 34 * H + 1


def test_a_child_who_sleeps_at_the_same_hour_each_night_loses_no_rest() -> None:
    """10 to 18 of one day, 34 to 42 of the next: 16 hours apart, as every night is from the next."""
    nights = [[Span(10 * H, 18 * H)], [Span(34 * H, 42 * H)]]
    assert rest_lost(0, nights, 42 * H).at is None
    assert rest_lost(0, nights, 58 * H).at is None
    assert rest_lost(0, nights, 58 * H + 1).at == 58 * H + 1


def test_a_second_night_too_short_is_lost_16_hours_after_the_first() -> None:
    nights = [[Span(10 * H, 18 * H)], [Span(34 * H, 42 * H - 1)]]
    assert rest_lost(0, nights, 42 * H).at == 34 * H + 1


def test_a_second_night_begun_too_late_is_lost() -> None:
    nights = [[Span(10 * H, 18 * H)], [Span(34 * H + 2, 43 * H)]]
    assert rest_lost(0, nights, 43 * H).at == 34 * H + 1


def test_while_the_second_night_goes_on_it_is_known_when_it_will_be_whole() -> None:
    nights = [[Span(10 * H, 18 * H)], [Span(34 * H)]]
    going_on = rest_lost(0, nights, 36 * H)
    assert (going_on.at, going_on.next_at) == (None, 42 * H)
    assert rest_lost(0, nights, 42 * H).at is None


def test_a_first_rest_begun_too_late_for_the_first_24_hours_is_lost() -> None:
    assert rest_lost(0, [[Span(17 * H, 26 * H)]], 26 * H).at == 24 * H


def test_rest_a_second_short_is_lost_when_the_first_24_hours_end() -> None:
    lost = rest_lost(0, [[Span(10 * H, 18 * H - 1)]], 24 * H)
    assert (lost.at, lost.longest) == (24 * H, 8 * H - 1)


def test_before_24_hours_have_passed_no_rest_is_lost() -> None:
    assert rest_lost(0, [], 24 * H - 1).at is None
    assert rest_lost(0, [], 24 * H).at == 24 * H


EASTERS = (
    "1986-03-30 2012-04-08 2013-03-31 2014-04-20 2015-04-05 2016-03-27 2017-04-16 2018-04-01 "
    "2019-04-21 2020-04-12 2021-04-04 2022-04-17 2023-04-09 2024-03-31 2025-04-20 2026-04-05 "
    "2027-03-28 2028-04-16 2029-04-01 2030-04-21 2035-03-25 2038-04-25 2049-04-18 2076-04-19"
)
"""Easter Sundays as printed in almanacs, with the latest day possible (2038) and years in which
the two exceptions of the computus bite (2049, 2076)."""


@pytest.mark.parametrize("sunday", EASTERS.split())
def test_good_friday_is_two_days_before_easter(sunday: str) -> None:
    easter = date.fromisoformat(sunday)
    assert good_friday(easter.year) == easter - timedelta(days=2)


@pytest.mark.parametrize(
    ("charged", "last"),
    [
        ("2024-06-10", "2024-06-11"),  # Monday: the day after
        ("2024-06-14", "2024-06-15"),  # Friday: Saturday is not passed over
        ("2024-06-15", "2024-06-17"),  # Saturday: Sunday is
        ("2024-06-16", "2024-06-17"),  # Sunday
        ("2024-03-28", "2024-03-30"),  # Maundy Thursday: Good Friday is
        ("2024-03-30", "2024-04-01"),  # Holy Saturday: Easter Monday is not
        ("2024-12-24", "2024-12-26"),  # Christmas Eve: Boxing Day is not passed over
        ("2021-12-24", "2021-12-27"),  # Christmas Day was a Saturday, then came a Sunday
        ("2022-12-24", "2022-12-26"),  # Christmas Day was the Sunday
        ("2024-12-31", "2025-01-01"),  # New Year's Day is not passed over
    ],
)
def test_the_last_day_for_court(charged: str, last: str) -> None:
    assert last_day_for_court(date.fromisoformat(charged)) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("charged", "until"),
    [
        ("2024-06-10T00:00:00+01:00", "2024-06-11T23:59:59+01:00"),
        ("2024-06-10T23:59:59+01:00", "2024-06-11T23:59:59+01:00"),
        ("2024-06-11T00:00:00+01:00", "2024-06-12T23:59:59+01:00"),
        ("2025-10-25T12:00:00+01:00", "2025-10-27T23:59:59+00:00"),  # over the clock change
        ("2026-03-28T12:00:00+00:00", "2026-03-30T23:59:59+01:00"),
    ],
)
def test_court_is_due_by_the_last_second_of_a_local_day(charged: str, until: str) -> None:
    assert court_by(parse_instant(charged)[0]) == parse_instant(until)[0]
