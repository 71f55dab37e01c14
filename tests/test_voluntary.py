"""A voluntary interview is not detention: it is judged, and no duty of custody comes of it."""

from typing import Any

import pytest

from detention_monitor.assess import Assessment, assess
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant

Entry = tuple[str, str, dict[str, Any]]
IN_ORDER = {
    "dob": "2009-01-01", "place": "police_station", "aa_present": True, "informed_with_aa": True,
    "child_agreed": True, "agreed_with_aa": True, "parent_agreed": True,
}  # fmt: skip


def at(clock: str) -> int:
    return parse_instant(f"2024-06-10T{clock}", "Europe/London")[0]


@pytest.fixture
def judged(ruleset: RuleSet, durable: DurableBackend) -> Any:
    def judge(*entries: Entry) -> Assessment:
        made = [
            CustodyEvent(f"e{place}", "V1", kind, at(clock), attrs=attrs)
            for place, (clock, kind, attrs) in enumerate(entries)
        ]
        return assess(Detention("V1", tuple(made)), ruleset, at("23:00"), backend=durable)

    return judge


def test_one_in_order_is_not_refused_and_nothing_is_found(judged: Any) -> None:
    result = judged(
        ("16:00", "voluntary_interview_started", IN_ORDER),
        ("16:30", "voluntary_interview_ended", {}),
    )

    assert result.refused is None
    assert result.age == 15
    assert result.findings == ()


def test_nobody_is_shown_in_custody_for_it(judged: Any) -> None:
    result = judged(("16:00", "voluntary_interview_started", {**IN_ORDER, "parent_agreed": False}))

    assert [each.rule for each in result.findings] == ["C09-parent"]
    assert not result.unclosed
    assert not result.findings[0].unclosed


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"dob": "2000-01-01"}, "adult"),
        ({"dob": "2015-01-01"}, "under_10"),
        ({}, "age_not_recorded"),
    ],
)
def test_age_is_asked_of_it_as_of_any_record(judged: Any, said: dict[str, Any], code: str) -> None:
    assert judged(("16:00", "voluntary_interview_started", said)).refused == code


def test_arrest_in_its_course_begins_detention(judged: Any) -> None:
    """C23 3.21(a): from then on the duties of custody run, from the authority."""
    result = judged(
        ("16:00", "voluntary_interview_started", IN_ORDER),
        ("16:20", "arrested", {"reason": "necessary"}),
        ("16:25", "arrived", {}),
        ("16:40", "detention_authorised", {"grounds": "to question"}),
    )
    review = next(each for each in result.findings if each.rule == "D01-first-review")

    assert result.unclosed
    assert review.due_at == at("22:40")
