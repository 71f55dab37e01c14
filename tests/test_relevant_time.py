"""When the clocks begin and what they leave out, worked out by hand from domain.md 2.3, 2.4, 2.8."""

from typing import Any

import pytest

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import Finding
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant

Entry = tuple[str, str, dict[str, Any]]


def at(local: str) -> int:
    return parse_instant(local, "Europe/London")[0]


@pytest.fixture(params=["durable", "reference"])
def backend(request: pytest.FixtureRequest) -> Backend:
    found: Backend = request.getfixturevalue(request.param)
    return found


def judged(ruleset: RuleSet, backend: Backend, as_of: str, *entries: Entry) -> Assessment:
    made = [
        CustodyEvent(f"e{place}", "R1", kind, at(when), attrs=attrs)
        for place, (when, kind, attrs) in enumerate(entries, start=1)
    ]
    return assess(Detention("R1", tuple(made)), ruleset, at(as_of), backend=backend)


def of(result: Assessment, *rules: str) -> list[Finding]:
    return [each for each in result.findings if each.rule in rules]


def due(result: Assessment, rule: str) -> int | None:
    """Return when the last duty of a rule is due."""
    return max(of(result, rule), key=lambda each: each.arose_at or 0).due_at


CHILD = {"dob": "2009-09-01", "grounds": "to question"}
REVIEWS = ("D01-first-review", "D02-later-review")


# --- arrested for not answering bail (s.46A) ---------------------------------------------------


def bailed_once(arrived: str, back: dict[str, Any], *then: Entry) -> tuple[Entry, ...]:
    """Held from arrival to 04:00, so for four hours or so; back on 10 November at 09:00."""
    return (
        (arrived, "arrived", CHILD),
        ("2022-10-28T00:10", "detention_authorised", CHILD),
        ("2022-10-28T04:00", "bailed", {}),
        ("2022-11-10T09:00", "bail_answered", back),
        ("2022-11-10T09:10", "detention_authorised", CHILD),
        *then,
    )


@pytest.mark.parametrize(
    ("arrived", "back", "limit"),
    [
        # 00:00 to 04:00 is 4 h; 20 h are left, from 12:00 after the three hours of s.47(6A).
        ("2022-10-28T00:00:00", {"arrested_s46a": True}, "2022-11-11T08:00:00"),
        # A second earlier is the day before commencement: no three hours, and 4 h 1 s are used.
        ("2022-10-27T23:59:59", {"arrested_s46a": True}, "2022-11-11T04:59:59"),
        ("2022-10-28T00:00:00", {"arrested_s46a": False}, "2022-11-11T05:00:00"),
        ("2022-10-28T00:00:00", {}, "2022-11-11T05:00:00"),
    ],
    ids=["from-commencement", "a-second-before", "answered-bail", "not-recorded"],
)
def test_after_an_arrest_under_s46a_three_hours_do_not_count(
    arrived: str, back: dict[str, Any], limit: str, ruleset: RuleSet, backend: Backend
) -> None:
    result = judged(ruleset, backend, "2022-11-10T13:00", *bailed_once(arrived, back))

    assert due(result, "D09-custody-limit") == at(limit)


def test_hospital_within_the_three_hours_is_left_out_once(
    ruleset: RuleSet, backend: Backend
) -> None:
    """09:00-12:00 and 10:00-13:00 are four hours together: 13:00 + 20 h = 09:00."""
    entries = bailed_once(
        "2022-10-28T00:00", {"arrested_s46a": True},
        ("2022-11-10T10:00", "hospital_out", {"purpose": "medical"}),
        ("2022-11-10T13:00", "hospital_back", {}),
    )  # fmt: skip
    result = judged(ruleset, backend, "2022-11-10T14:00", *entries)

    assert due(result, "D09-custody-limit") == at("2022-11-11T09:00")


def test_the_three_hours_are_left_out_of_reviews_too(ruleset: RuleSet, backend: Backend) -> None:
    """No review was due before bail. One chain: 00:10 to 04:00 is 3 h 50 min, the other 2 h 10 min
    of six from 12:00 end at 14:10; a fresh authority at 09:10 gives six hours from 12:00, 18:00."""
    entries = bailed_once("2022-10-28T00:00", {"arrested_s46a": True})
    result = judged(ruleset, backend, "2022-11-10T13:00", *entries)

    reviews = sorted({f.due_at for f in of(result, *REVIEWS) if f.due_at} - {None})
    assert at("2022-11-10T14:10") in reviews
    assert not [f for f in of(result, *REVIEWS) if f.status in ("overdue", "missed")]


# --- transferred in, the first half not in the data --------------------------------------------


def second_half(
    carried: dict[str, Any], as_of: str = "2024-06-12T12:00"
) -> tuple[str, *tuple[Entry, ...]]:
    return (
        as_of,
        ("2024-06-10T17:00", "transferred_in", {"continues": "44/ABSENT", **carried}),
        ("2024-06-10T17:05", "arrived", CHILD),
        ("2024-06-10T17:10", "detention_authorised", CHILD),
        ("2024-06-12T12:00", "checked", {}),
    )


def test_a_transfer_that_carries_the_relevant_time_only_has_no_review_clock(
    ruleset: RuleSet, backend: Backend
) -> None:
    """Two days on, not one review is entered; when the first authority was is not known."""
    told = {"relevant_time": at("2024-06-10T09:00")}
    result = judged(ruleset, backend, *second_half(told))

    assert [f.due_at for f in of(result, "D09-custody-limit")] == [at("2024-06-11T09:00")]
    assert [f.status for f in of(result, "D09-custody-limit")] == ["overdue"]
    assert of(result, *REVIEWS) == []
    [unknown] = of(result, "REVIEW_CLOCK_UNKNOWN")
    assert (unknown.duty, unknown.status) == ("D01", "cannot_tell")
    assert of(result, "CUSTODY_CLOCK_UNKNOWN") == []


def test_a_transfer_that_carries_the_first_authority_only_has_no_custody_clock(
    ruleset: RuleSet, backend: Backend
) -> None:
    told = {"first_authorised_at": at("2024-06-10T12:30")}
    result = judged(ruleset, backend, *second_half(told))

    first = of(result, "D01-first-review")
    assert [(f.due_at, f.status) for f in first] == [(at("2024-06-10T18:30"), "overdue")]
    assert of(result, "D09-custody-limit") == []
    [unknown] = of(result, "CUSTODY_CLOCK_UNKNOWN")
    assert (unknown.duty, unknown.status) == ("D09", "cannot_tell")
    assert of(result, "REVIEW_CLOCK_UNKNOWN") == []


@pytest.mark.parametrize(
    ("as_of", "status"), [("2024-06-10T18:30:00", "due_soon"), ("2024-06-10T18:30:01", "overdue")]
)
def test_the_authority_carried_counts_to_the_second(
    as_of: str, status: str, ruleset: RuleSet, backend: Backend
) -> None:
    told = {"first_authorised_at": at("2024-06-10T12:30")}
    result = judged(ruleset, backend, *second_half(told, as_of))
    assert [f.status for f in of(result, "D01-first-review")] == [status]


def test_a_transfer_that_carries_nothing_has_neither_clock_and_restarts_none(
    ruleset: RuleSet, backend: Backend
) -> None:
    result = judged(ruleset, backend, *second_half({}))

    assert of(result, *REVIEWS, "D09-custody-limit") == []
    unknown = of(result, "REVIEW_CLOCK_UNKNOWN", "CUSTODY_CLOCK_UNKNOWN")
    assert {f.status for f in unknown} == {"cannot_tell"}
    assert len(unknown) == 2


def test_before_a_return_from_bail_alone_no_time_carried_tells_a_clock(
    ruleset: RuleSet, backend: Backend
) -> None:
    """How long the child was on bail is not in the data; two weeks of it are no breach."""
    carried = {
        "relevant_time": at("2024-06-01T09:00"),
        "first_authorised_at": at("2024-06-01T09:10"),
    }
    result = judged(
        ruleset, backend, "2024-06-14T12:00",
        ("2024-06-14T09:00", "bail_answered", {"continues": "44/ABSENT"}),
        ("2024-06-14T09:10", "detention_authorised", {**CHILD, **carried}),
        ("2024-06-14T12:00", "checked", {}),
    )  # fmt: skip

    assert of(result, *REVIEWS, "D09-custody-limit") == []
    unknown = of(result, "REVIEW_CLOCK_UNKNOWN", "CUSTODY_CLOCK_UNKNOWN")
    assert {f.rule for f in unknown} == {"REVIEW_CLOCK_UNKNOWN", "CUSTODY_CLOCK_UNKNOWN"}


# --- hospital ----------------------------------------------------------------------------------


def in_hospital(purpose: dict[str, Any]) -> tuple[Entry, ...]:
    """At the station 09:00, authorised 09:10; in hospital from 11:00 to 14:00."""
    return (
        ("2024-06-10T09:00", "arrived", CHILD),
        ("2024-06-10T09:10", "detention_authorised", CHILD),
        ("2024-06-10T11:00", "hospital_out", purpose),
        ("2024-06-10T14:00", "hospital_back", {}),
        ("2024-06-10T16:00", "checked", {}),
    )


@pytest.mark.parametrize(
    ("purpose", "review", "limit", "status", "certainty"),
    [
        ({"purpose": "medical"}, "2024-06-10T18:10", "2024-06-11T12:00", "due_soon", "established"),
        ({"purpose": "evidential"}, "2024-06-10T15:10", "2024-06-11T09:00", "overdue", "established"),
        ({}, "2024-06-10T15:10", "2024-06-11T09:00", "overdue", "possible"),
    ],
    ids=["treatment", "evidence", "not-stated"],
)  # fmt: skip
def test_hospital_without_a_stated_purpose_pauses_nothing_and_leaves_a_doubt(
    purpose: dict[str, Any], review: str, limit: str, status: str, certainty: str,
    ruleset: RuleSet, backend: Backend,
) -> None:  # fmt: skip
    """Due 09:10 + 6 h = 15:10; with three hours of treatment left out, 18:10. Judged at 16:00.

    While treatment puts the review off, 15:10 is an early alert (domain.md 2.1): `due_soon`.
    """
    result = judged(ruleset, backend, "2024-06-10T16:00", *in_hospital(purpose))

    [first] = of(result, "D01-first-review")
    assert (first.due_at, first.status, first.certainty) == (at(review), status, certainty)
    [custody] = of(result, "D09-custody-limit")
    assert (custody.due_at, custody.certainty) == (at(limit), certainty)


def test_a_visit_of_unknown_purpose_after_the_due_time_casts_no_doubt(
    ruleset: RuleSet, backend: Backend
) -> None:
    entries: tuple[Entry, ...] = (
        ("2024-06-10T09:00", "arrived", CHILD),
        ("2024-06-10T09:10", "detention_authorised", CHILD),
        ("2024-06-10T15:10", "hospital_out", {}),
        ("2024-06-10T16:00", "checked", {}),
    )
    result = judged(ruleset, backend, "2024-06-10T16:00", *entries)
    [first] = of(result, "D01-first-review")
    assert (first.status, first.certainty) == ("overdue", "established")
