"""The sheet before a review and the bring-forward adviser; every expected time is worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from detention_monitor.boards.adviser import advise
from detention_monitor.boards.sheet import Item, modes, next_review, rests, sheet
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.rulefile import RuleSet, load_rules
from tests.boards import desk_of, entry, instant, row_of
from tests.conftest import RULES

D = "2024-09-13T"
INSPECTOR = {"by": {"rank": "inspector", "role": "review_officer"}}
SERGEANT = {"by": {"rank": "sergeant", "role": "custody_officer"}}


def begun(ruleset: RuleSet, *more: CustodyEvent, **attrs: object) -> list[CustodyEvent]:
    """Return a detention authorised at 10:00 of a boy of 15."""
    return [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01", "sex": "male",
                                                        "station": "Leamington"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00",
              attrs={"grounds": "to secure evidence", **attrs}),
        *more,
    ]  # fmt: skip


def texts(items: list[Item], part: str, label: str) -> list[str]:
    return [each.text for each in items if each.part == part and each.label == label]


def test_a_review_in_time_makes_the_next_nine_hours_later(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    child = row_of(desk_of(begun(ruleset), ruleset, durable), f"{D}15:00").child
    held = next_review(child, ruleset, instant(f"{D}15:00"))
    assert (held.strict, held.literal) == (instant("2024-09-14T00:00"),) * 2
    at_due = next_review(child, ruleset, instant(f"{D}16:00"))  # at the due instant it is in time
    assert (at_due.strict, at_due.literal) == (instant("2024-09-14T01:00"),) * 2


def test_a_late_review_leaves_two_readings(ruleset: RuleSet, durable: DurableBackend) -> None:
    child = row_of(desk_of(begun(ruleset), ruleset, durable), f"{D}16:00").child
    late = next_review(child, ruleset, instant(f"{D}16:00") + 1)
    assert late.strict == instant("2024-09-14T01:00")
    assert late.literal == instant("2024-09-14T01:00") + 1


def test_hospital_that_is_over_is_not_counted(ruleset: RuleSet, durable: DurableBackend) -> None:
    out = entry(ruleset, 3, "hospital_out", f"{D}11:00", attrs={"purpose": "medical"})
    back = entry(ruleset, 4, "hospital_back", f"{D}13:30")
    child = row_of(desk_of(begun(ruleset, out, back), ruleset, durable), f"{D}14:00").child
    assert child.review is not None
    assert child.review.due == instant(f"{D}18:30")
    held = next_review(child, ruleset, instant(f"{D}18:00"))
    assert held.strict == instant("2024-09-14T03:00")


def test_while_the_clock_stands_still_the_next_cannot_be_told(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    out = entry(ruleset, 3, "hospital_out", f"{D}11:00", attrs={"purpose": "medical"})
    child = row_of(desk_of(begun(ruleset, out), ruleset, durable), f"{D}14:00").child
    assert next_review(child, ruleset, instant(f"{D}14:00")).strict is None
    items = sheet(child, ruleset, instant(f"{D}14:00"))
    assert texts(items, "review", "due") == ["the clock stands still; 5 h left when it goes on"]


@pytest.mark.parametrize(
    ("attrs", "charged", "link", "telephone"),
    [
        ({"link_available": True}, False, True, False),  # 15.9B
        ({"link_available": False}, False, False, True),  # s.40A
        ({}, False, None, None),  # not recorded: never guessed
        ({"link_available": True}, True, False, False),  # Note 15F, s.45A(2),(4)
        ({"link_available": True, "station_designated": False}, True, None, False),
    ],
)
def test_how_a_review_may_be_held_now(
    ruleset: RuleSet, durable: DurableBackend, attrs: dict[str, object],
    charged: bool, link: bool | None, telephone: bool | None,
) -> None:  # fmt: skip
    more = [entry(ruleset, 3, "charged", f"{D}12:00")] if charged else []
    child = row_of(desk_of(begun(ruleset, *more, **attrs), ruleset, durable), f"{D}14:00").child
    found = modes(child, ruleset, instant(f"{D}14:00"))
    assert (found.in_person, found.link, found.telephone) == (True, link, telephone)


def test_what_a_force_says_of_a_suite_decides_where_the_record_does_not(
    tmp_path: Path, durable: DurableBackend
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters: {}\nsuites:\n"
        "  Leamington: [{from: 2024-09-13, link_available: true}]\n"
    )
    ruleset = load_rules(RULES, policy)
    child = row_of(
        desk_of(begun(ruleset), ruleset, DurableBackend(ruleset.plan)), f"{D}14:00"
    ).child
    assert modes(child, ruleset, instant(f"{D}14:00")).telephone is False
    assert modes(child, ruleset, instant("2024-09-12T14:00")).telephone is None


def test_the_sheet_says_what_was_decided_and_what_must_be_asked(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    reviewed = entry(
        ruleset, 3, "review_held", f"{D}15:30", **INSPECTOR,
        attrs={"mode": "live_link", "reps_child": "heard", "reps_aa": "not_attempted",
               "outcome": "further detention"},
    )  # fmt: skip
    rest = entry(ruleset, 4, "rest_started", f"{D}20:00")
    asked = entry(
        ruleset, 5, "aa_contacted", f"{D}10:30", attrs={"relation": "mother", "result": "no_reply"}
    )
    meal = entry(ruleset, 6, "meal_offered", f"{D}13:00", attrs={"meal": "main"})
    desk = desk_of(begun(ruleset, reviewed, rest, asked, meal), ruleset, durable)
    now = instant(f"{D}23:15")
    items = sheet(row_of(desk, f"{D}23:15").child, ruleset, now)
    assert texts(items, "review", "due") == [
        "Later review of detention: by Sat 00:30, 1:15 left (from review 15:30)"
    ]
    assert texts(items, "review", "by") == [
        "an inspector or above, not directly involved in the investigation"
    ]
    assert texts(items, "know", "seen") == [
        "never in person by an inspector, detained for 13 h 15 min"
    ]
    assert texts(items, "know", "adult") == ["not here: mother asked 10:30, no reply"]
    assert texts(items, "know", "rest") == [
        "longest in 24 hours 3 h 15 min; 4 h 45 min short of 8 hours"
    ]
    assert texts(items, "know", "meals") == ["13:00"]
    assert "resting since 20:00" in texts(items, "know", "asleep")[0]
    assert texts(items, "ask", "child")[0].startswith(
        "representations about the detention, unless asleep"
    )
    assert "reach them in time" in texts(items, "ask", "adult")[0]
    assert texts(items, "ask", "bail") == []  # nobody is charged
    assert texts(items, "before", "10:00") == ["detention authorised: to secure evidence"]
    [held] = texts(items, "before", "15:30")
    assert held == (
        "review, live link, by inspector, child heard, solicitor: nothing recorded, "
        "adult not attempted, outcome: further detention"
    )
    assert texts(items, "next", "held now") == ["makes the next one due by Sat 08:15"]
    assert texts(items, "next", "at Sat 00:30") == ["makes the next one due by Sat 09:30"]


def test_after_charge_bail_and_the_move_are_decided_afresh(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    more = [
        entry(ruleset, 3, "charged", f"{D}12:00"),
        entry(ruleset, 4, "detention_after_charge", f"{D}12:05", **SERGEANT),
        entry(ruleset, 5, "la_requested", f"{D}12:30", attrs={"request_type": "alternative"}),
    ]
    child = row_of(desk_of(begun(ruleset, *more), ruleset, durable), f"{D}14:00").child
    items = sheet(child, ruleset, instant(f"{D}14:00"))
    assert texts(items, "review", "by") == ["the custody officer"]
    assert texts(items, "ask", "bail") == ["decide bail afresh"]
    assert texts(items, "know", "authority") == ["asked 12:30: alternative; no reply yet"]


def test_rests_end_with_an_interview(ruleset: RuleSet, durable: DurableBackend) -> None:
    more = [
        entry(ruleset, 3, "rest_started", f"{D}12:00"),
        entry(ruleset, 4, "interview_started", f"{D}14:00"),
        entry(ruleset, 5, "interview_ended", f"{D}14:30"),
        entry(ruleset, 6, "rest_started", f"{D}15:00"),
    ]
    child = row_of(desk_of(begun(ruleset, *more), ruleset, durable), f"{D}15:45").child
    assert rests(child, instant(f"{D}15:45")) == [
        (instant(f"{D}12:00"), instant(f"{D}14:00")),
        (instant(f"{D}15:00"), instant(f"{D}15:45")),
    ]


# --- bring forward -----------------------------------------------------------------------------


def authorised(ruleset: RuleSet, at: str, *more: CustodyEvent) -> list[CustodyEvent]:
    return [
        entry(ruleset, 1, "arrived", at, attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", at),
        *more,
    ]


@pytest.mark.parametrize(
    ("begins", "advised"),
    [
        (f"{D}15:59", False),  # due 21:59
        (f"{D}16:00", False),  # due 22:00, when the night begins: still awake
        (f"{D}16:01", True),  # due 22:01
        ("2024-09-14T00:59", True),  # due 06:59
        ("2024-09-14T01:00", False),  # due 07:00, when the night ends
    ],
)
def test_a_review_inside_the_night_is_to_be_brought_forward(
    ruleset: RuleSet, durable: DurableBackend, begins: str, advised: bool
) -> None:
    now = begins[:-2] + f"{int(begins[-2:]):02d}"
    desk = desk_of(authorised(ruleset, begins), ruleset, durable)
    child = row_of(desk, now).child
    found = advise(
        [child], ruleset, instant(f"{D}21:00") if begins < "2024-09-14" else instant(begins)
    )
    assert bool(found) is advised


def test_the_latest_time_is_when_the_night_begins_and_what_then(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(authorised(ruleset, f"{D}18:30"), ruleset, durable)
    [advice] = advise([row_of(desk, f"{D}20:00").child], ruleset, instant(f"{D}20:00"))
    assert advice.due == instant("2024-09-14T00:30")
    assert advice.latest == instant(f"{D}22:00")
    assert advice.next_due == instant("2024-09-14T07:00")  # nine hours on: the night is over
    assert not advice.next_in_sleep


def test_once_the_night_has_begun_there_is_no_time_that_avoids_it(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(authorised(ruleset, f"{D}18:30"), ruleset, durable)
    child = row_of(desk, f"{D}22:30").child
    [at_ten] = advise([child], ruleset, instant(f"{D}22:00"))
    assert at_ten.latest is None
    [before] = advise([child], ruleset, instant(f"{D}21:59"))
    assert before.latest == instant(f"{D}22:00")


def test_a_rest_by_day_is_sleep_for_eight_hours(ruleset: RuleSet, durable: DurableBackend) -> None:
    rest = entry(ruleset, 3, "rest_started", f"{D}09:00")
    desk = desk_of(authorised(ruleset, f"{D}08:00", rest), ruleset, durable)  # due 14:00
    [advice] = advise([row_of(desk, f"{D}10:00").child], ruleset, instant(f"{D}10:00"))
    assert (advice.asleep_from, advice.asleep_to) == (instant(f"{D}09:00"), instant(f"{D}17:00"))
    assert advice.latest is None


def test_a_review_that_is_late_already_is_no_advice(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    desk = desk_of(authorised(ruleset, f"{D}17:00"), ruleset, durable)  # due 23:00
    assert advise([row_of(desk, f"{D}23:30").child], ruleset, instant(f"{D}23:30")) == []


def test_the_night_of_the_clock_change_is_ten_hours_long(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    begins = "2024-10-26T23:30"  # due 5 h by the clock later: 04:30, as an hour comes twice
    desk = desk_of(authorised(ruleset, begins), ruleset, durable)
    [advice] = advise(
        [row_of(desk, "2024-10-26T23:40").child], ruleset, instant("2024-10-26T21:00")
    )
    assert advice.due == instant("2024-10-27T04:30")
    assert advice.asleep_to - advice.asleep_from == 10 * 3600
