"""Visits due and late, and meals in 24 hours, with instants worked out by hand."""

from collections.abc import Mapping

import pytest

from detention_monitor.assess import Assessment, assess
from detention_monitor.detention import Detention
from detention_monitor.entries import Actor, CustodyEvent, Value
from detention_monitor.meals import meals
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import load_rules
from detention_monitor.timeline import Fact
from detention_monitor.times import parse_instant
from detention_monitor.visits import visits
from detention_monitor.vocabulary import Coverage
from tests.conftest import RULES

M, H = 60, 3600
SETTINGS = {"visit_hourly": H, "visit_half_hourly": 30 * M, "visit_level": 30 * M}
RULESET = load_rules(RULES)
REFERENCE = ReferenceBackend(RULESET.plan)
Line = tuple[int, str] | tuple[int, str, Mapping[str, Value]]
PLACED: Line = (0, "cell_placed")


def fact(line: Line) -> Fact:
    at, kind, *attrs = line
    return Fact(kind, at, attrs[0] if attrs else {}, 2, (f"{kind}@{at}",), f"{kind}@{at}")


def worked_out(*lines: Line, coverage: Coverage | None = None) -> list[tuple[object, ...]]:
    """Return kind, instant, due time and basis of every fact derived from some entries."""
    facts = sorted((fact(line) for line in lines), key=lambda each: each.at)
    found = visits(facts, lambda name, _: SETTINGS[name], coverage or Coverage())
    return [(each.kind, each.at, each.attrs.get("due"), each.attrs.get("basis")) for each in found]


def due(at: int, every: int, basis: str = "hourly") -> tuple[object, ...]:
    return ("visit_due", at, at + every, basis)


def rouse(at: int, every: int, basis: str = "half_hourly") -> tuple[object, ...]:
    return ("rousing_due", at, at + every, basis)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (H, [due(H, H)]),
        (H + 1, [due(0, H), ("visit_made", H + 1, None, None), due(H + 1, H)]),
    ],
    ids=["on-the-hour", "a-second-later"],
)
def test_a_visit_is_late_from_the_second_after_the_hour(
    seen: int, expected: list[tuple[object, ...]]
) -> None:
    assert worked_out(PLACED, (seen, "checked")) == expected


def test_a_night_of_visits_in_time_leaves_only_the_one_now_due() -> None:
    night = [(hour * H, "checked") for hour in range(1, 11)]
    assert worked_out(PLACED, *night) == [due(10 * H, H)]


def test_visits_never_recorded_are_one_thing_due() -> None:
    assert worked_out(PLACED, (9 * H, "quality_check")) == [due(0, H)]
    assert worked_out(PLACED, (9 * H, "released")) == [due(0, H)]


def test_a_release_within_the_hour_leaves_nothing() -> None:
    assert worked_out(PLACED, (H, "released")) == []


@pytest.mark.parametrize("kind", ["meal_offered", "healthcare_seen", "woken", "rights_given"])
def test_whoever_stands_before_the_child_has_visited(kind: str) -> None:
    assert worked_out(PLACED, (50 * M, kind), (100 * M, "checked")) == [due(100 * M, H)]


@pytest.mark.parametrize(("mode", "late"), [("in_person", False), ("telephone", True)])
def test_a_review_is_a_visit_only_in_person(mode: str, *, late: bool) -> None:
    found = worked_out(PLACED, (50 * M, "review_held", {"mode": mode}), (100 * M, "checked"))
    assert (due(0, H) in found) is late


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("interview_started", "interview_ended"),
        ("questioning_started", "questioning_ended"),
        ("hospital_out", "hospital_back"),
        ("cell_left", "cell_placed"),
        ("kept_outside_cell", "cell_placed"),
    ],
)
def test_the_clock_stops_while_somebody_has_the_child_and_starts_anew(away: str, back: str) -> None:
    found = worked_out(PLACED, (50 * M, away), (5 * H, back), (6 * H, "checked"))
    assert found == [due(6 * H, H)]
    assert worked_out(PLACED, (50 * M, away), (5 * H, "quality_check")) == []


def test_an_interview_ended_after_the_child_was_taken_out_does_not_put_them_in_a_cell() -> None:
    lines: list[Line] = [PLACED, (50 * M, "cell_left"), (60 * M, "interview_started")]
    assert worked_out(*lines, (2 * H, "interview_ended"), (9 * H, "quality_check")) == []


def test_hospital_that_broke_off_an_interview_is_what_the_child_comes_back_from() -> None:
    lines: list[Line] = [PLACED, (10 * M, "interview_started"), (20 * M, "hospital_out")]
    lines.append((25 * M, "interview_ended"))
    assert worked_out(*lines, (3 * H, "questioning_ended")) == []
    assert worked_out(*lines, (3 * H, "hospital_back")) == [due(3 * H, H)]


def test_taking_the_child_out_late_is_a_late_visit() -> None:
    found = worked_out(PLACED, (H + 20 * M, "interview_started"))
    assert found == [due(0, H), ("visit_made", H + 20 * M, None, None)]


def test_a_check_puts_the_child_in_a_cell_where_no_entry_says_so() -> None:
    assert worked_out((0, "checked")) == [due(0, H)]


def test_nothing_is_due_after_release_until_custody_begins_again() -> None:
    assert worked_out(PLACED, (30 * M, "bailed"), (40 * M, "checked")) == []
    back: list[Line] = [(50 * H, "bail_answered"), (51 * H, "cell_placed")]
    assert worked_out(PLACED, (30 * M, "bailed"), *back) == [due(51 * H, H)]


def test_drink_or_drugs_ask_for_a_visit_and_rousing_every_half_hour() -> None:
    found = worked_out((0, "risk_assessed", {"rousing_risk": True}), (5 * M, "cell_placed"))
    assert found == [due(5 * M, 30 * M, "half_hourly"), rouse(5 * M, 30 * M)]


def test_a_visit_without_rousing_leaves_the_rousing_due() -> None:
    risk: Line = (0, "observation_set", {"rousing_risk": True})
    found = worked_out(risk, PLACED, (30 * M, "checked", {"roused": False}))
    assert found == [due(30 * M, 30 * M, "half_hourly"), rouse(0, 30 * M)]


def test_a_visit_with_rousing_left_blank_counts_and_is_told_once() -> None:
    risk: Line = (0, "observation_set", {"rousing_risk": True})
    found = worked_out(risk, PLACED, (30 * M, "checked"), (60 * M, "checked"))
    assert [each[:2] for each in found] == [
        ("visit_due", 60 * M), ("rousing_due", 60 * M), ("rousing_not_recorded", 30 * M),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("attrs", "every", "basis"),
    [
        ({"every_minutes": 15}, 15 * M, "plan"),
        ({"every_minutes": 60}, H, "hourly"),
        ({"every_minutes": 90}, H, "hourly"),
        ({"every_minutes": 0}, H, "hourly"),
        ({"level": "general"}, H, "hourly"),
        ({"level": "intermittent"}, 30 * M, "level"),
        ({"level": "constant"}, 30 * M, "level"),
        ({"level": "intermittent", "every_minutes": 20}, 20 * M, "plan"),
        ({"rousing_risk": True, "every_minutes": 45}, 30 * M, "half_hourly"),
        ({"rousing_risk": True, "every_minutes": 45, "clinical": True}, 45 * M, "plan"),
        ({"rousing_risk": True, "every_minutes": 45, "role": "healthcare"}, 45 * M, "plan"),
        ({"rousing_risk": True, "every_minutes": 90, "clinical": True}, H, "hourly"),
    ],
)
def test_the_plan_may_ask_for_more_and_only_a_clinician_for_less(
    attrs: Mapping[str, Value], every: int, basis: str
) -> None:
    found = worked_out((0, "observation_set", attrs), PLACED)
    assert found[0] == due(0, every, basis)


def test_a_clinician_may_direct_that_the_child_is_not_roused_and_nobody_else() -> None:
    risk: Line = (0, "risk_assessed", {"rousing_risk": True})
    for clinical, kinds in ((True, ["visit_due"]), (False, ["visit_due", "rousing_due"])):
        level: Line = (1, "observation_set", {"rouse": False, "clinical": clinical})
        assert [each[0] for each in worked_out(risk, level, (2, "cell_placed"))] == kinds


def test_a_higher_frequency_counts_from_the_decision() -> None:
    """Placed 0:00, every 15 min decided at 0:10: due 0:25, not 1:00."""
    level: Line = (10 * M, "observation_set", {"every_minutes": 15})
    assert worked_out(PLACED, level) == [due(10 * M, 15 * M, "plan")]


def test_a_visit_due_before_a_higher_frequency_would_ask_for_it_stays_due() -> None:
    """Placed 0:00, every 30 min decided at 0:50: the visit due at 1:00 stays."""
    level: Line = (50 * M, "observation_set", {"every_minutes": 30})
    assert worked_out(PLACED, level) == [due(0, H)]
    assert worked_out(PLACED, level, (H, "checked")) == [due(H, 30 * M, "plan")]


def test_a_lower_frequency_counts_from_the_last_visit() -> None:
    levels: list[Line] = [
        (0, "observation_set", {"every_minutes": 15}), (10 * M, "observation_set", {}),
    ]  # fmt: skip
    assert worked_out(PLACED, *levels) == [due(0, H)]


def test_a_lower_frequency_decided_too_late_does_not_heal_a_visit_already_missed() -> None:
    levels: list[Line] = [
        (0, "observation_set", {"every_minutes": 15}), (15 * M + 1, "observation_set", {}),
    ]  # fmt: skip
    assert worked_out(PLACED, *levels) == [due(0, 15 * M, "plan")]


def test_somebody_who_sits_with_the_child_stops_the_clock_until_they_leave() -> None:
    levels: list[Line] = [
        (10 * M, "observation_set", {"level": "close_proximity"}),
        (5 * H, "observation_set", {"level": "general"}),
    ]
    assert worked_out(PLACED, levels[0], (3 * H, "quality_check")) == []
    assert worked_out(PLACED, *levels) == [due(5 * H, H)]


# --- through the rules -------------------------------------------------------------------------


def judged(
    lines: list[tuple[str, str, dict[str, Value]]], as_of: str, coverage: Coverage | None = None
) -> Assessment:
    entries = []
    for number, (text, kind, attrs) in enumerate(lines):
        first, *others = parse_instant(text, "Europe/London")
        entries.append(
            CustodyEvent(f"e{number:02d}", "R1", kind, first, attrs=attrs, by=Actor(), also_at=(*others,))
        )  # fmt: skip
    detention = Detention("R1", tuple(entries), coverage or Coverage())
    return assess(detention, RULESET, parse_instant(as_of)[0], backend=REFERENCE)


def of_visits(result: Assessment) -> list[tuple[str, str, str, int | None]]:
    return [
        (each.rule, each.status, each.certainty, each.minutes_late)
        for each in result.findings
        if each.rule.startswith("A11")
    ]


def test_the_hour_is_sixty_minutes_through_the_autumn_clock_change() -> None:
    """01:30 BST is 00:30Z; an hour later it is 01:30 again, in GMT, and the visit is in time."""
    begin: list[tuple[str, str, dict[str, Value]]] = [
        ("2025-10-26T00:30:00+01:00", "arrived", {"dob": "2010-01-01"}),
        ("2025-10-26T00:40:00+01:00", "detention_authorised", {}),
        ("2025-10-26T01:30:00+01:00", "cell_placed", {"reason": "violent"}),
    ]
    in_time = [*begin, ("2025-10-26T01:30:00+00:00", "checked", {})]
    late = [*begin, ("2025-10-26T02:00:00+00:00", "checked", {})]

    released: tuple[str, str, dict[str, Value]] = ("2025-10-26T02:20:00+00:00", "released", {})
    assert of_visits(judged([*in_time, released], "2025-10-26T02:20:00Z")) == [
        ("A11-whereabouts", "met", "possible", None)
    ]
    assert of_visits(judged([*late, released], "2025-10-26T02:20:00Z")) == [
        ("A11-hourly", "met_late", "established", 30),
        ("A11-whereabouts", "met", "possible", None),
    ]


def test_a_visit_in_the_hour_that_comes_twice_is_late_in_one_reading_only() -> None:
    """Placed 00:10Z; "01:20" is 00:20Z (in time) or 01:20Z (ten minutes late); the least is given."""
    result = judged(
        [
            ("2025-10-26T00:30:00+01:00", "arrived", {"dob": "2010-01-01"}),
            ("2025-10-26T00:40:00+01:00", "detention_authorised", {}),
            ("2025-10-26T01:10:00+01:00", "cell_placed", {"reason": "violent"}),
            ("2025-10-26T01:20:00", "checked", {}),
            ("2025-10-26T01:20:00+00:00", "released", {}),
        ],
        "2025-10-26T01:20:00Z",
    )
    assert [each for each in of_visits(result) if each[0] == "A11-hourly"] == [
        ("A11-hourly", "met_late", "possible", 10)
    ]


def test_next_change_is_never_later_than_the_warning_and_the_second_after_the_visit_was_due() -> (
    None
):
    lines: list[tuple[str, str, dict[str, Value]]] = [
        ("2024-06-10T12:00:00Z", "arrived", {"dob": "2010-01-01", "sex": "male"}),
        ("2024-06-10T12:00:00Z", "cell_placed", {"reason": "violent"}),
        ("2024-06-10T12:20:00Z", "first_co_contact", {}),
    ]
    warned, late = (parse_instant(f"2024-06-10T{at}Z")[0] for at in ("12:55:00", "13:00:01"))
    for as_of, change in (("12:30:00", warned), ("12:55:00", late), ("13:00:00", late)):
        found = judged(lines, f"2024-06-10T{as_of}Z").next_change_at
        assert found is not None
        assert found <= change
    assert [each[1] for each in of_visits(judged(lines, "2024-06-10T13:00:00Z"))] == ["due_soon"]
    assert [each[1] for each in of_visits(judged(lines, "2024-06-10T13:00:01Z"))] == ["overdue"]


@pytest.mark.parametrize("kind", ["checked", "cell_left", "interview_started"])
def test_a_source_that_does_not_carry_visits_or_where_the_child_is_cannot_tell(kind: str) -> None:
    lines: list[tuple[str, str, dict[str, Value]]] = [
        ("2024-06-10T12:00:00Z", "arrived", {"dob": "2010-01-01"}),
        ("2024-06-10T12:00:00Z", "detention_authorised", {}),
        ("2024-06-10T12:00:00Z", "cell_placed", {"reason": "violent"}),
        ("2024-06-10T20:00:00Z", "released", {}),
    ]
    found = of_visits(
        judged(lines, "2024-06-10T20:00:00Z", Coverage(kinds_missing=frozenset({kind})))
    )
    assert [each[1] for each in found if each[0] == "A11-hourly"] == ["cannot_tell"]


def test_a_source_that_does_not_carry_rousing_cannot_tell_once() -> None:
    lines: list[tuple[str, str, dict[str, Value]]] = [
        ("2024-06-10T12:00:00Z", "arrived", {"dob": "2010-01-01"}),
        ("2024-06-10T12:00:00Z", "risk_assessed", {"rousing_risk": True}),
        ("2024-06-10T12:10:00Z", "cell_placed", {"reason": "violent"}),
        ("2024-06-10T12:30:00Z", "checked", {}),
        ("2024-06-10T12:50:00Z", "checked", {}),
        ("2024-06-10T13:00:00Z", "released", {}),
    ]
    coverage = Coverage(attributes_missing=frozenset({("checked", "roused")}))
    found = of_visits(judged(lines, "2024-06-10T13:00:00Z", coverage))
    assert [each[:2] for each in found if each[1] != "cannot_tell"] == []
    assert ("A11-rousing-record", "cannot_tell", "possible", None) in found


# --- meals -------------------------------------------------------------------------------------

DETAINED: Line = (0, "detention_authorised")
LIGHT: Mapping[str, Value] = {"meal": "light"}
MAIN: Mapping[str, Value] = {"meal": "main"}


def short_at(as_of: int, *lines: Line) -> tuple[int | None, list[int]]:
    found, following = meals([fact(line) for line in sorted(lines, key=lambda x: x[0])], as_of)
    return (found[0].at if found else None), following


def test_no_day_is_judged_before_it_is_over() -> None:
    assert short_at(24 * H - 1, DETAINED) == (None, [24 * H])
    assert short_at(24 * H, DETAINED) == (24 * H, [])


def test_three_meals_last_until_a_day_and_a_second_after_the_first_of_them() -> None:
    offers: list[Line] = [
        (1 * H, "meal_offered", LIGHT), (7 * H, "meal_offered", MAIN),
        (20 * H, "meal_offered", LIGHT),
    ]  # fmt: skip
    assert short_at(25 * H, DETAINED, *offers) == (None, [25 * H + 1])
    assert short_at(25 * H + 1, DETAINED, *offers) == (25 * H + 1, [])
    again: Line = (25 * H, "meal_offered", LIGHT)
    assert short_at(31 * H, DETAINED, *offers, again) == (None, [31 * H + 1])


def test_hospital_and_bail_begin_another_day() -> None:
    away: list[Line] = [(20 * H, "hospital_out"), (26 * H, "hospital_back")]
    assert short_at(49 * H, DETAINED, *away) == (None, [50 * H])
