"""Who is judged, and by which rules: police detention, police protection, neither."""

from collections.abc import Callable

import pytest

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant

Said = tuple[str, str, dict[str, Value]]
"""Kind, time and attributes of an entry."""
Judge = Callable[..., Assessment]


@pytest.fixture
def judge(ruleset: RuleSet, durable: DurableBackend) -> Judge:
    def judged(*entries: Said) -> Assessment:
        events = tuple(
            CustodyEvent(f"e{n}", "R1", kind, parse_instant(at)[0], attrs=attrs)
            for n, (kind, at, attrs) in enumerate(entries)
        )
        whole = Detention("R1", events)
        return assess(whole, ruleset, end_of(whole, ruleset), backend=durable)

    return judged


def _duties(result: Assessment) -> set[str]:
    return {str(finding.duty)[0] for finding in result.findings if finding.duty}


def test_police_protection_is_judged_by_its_own_rules_only(judge: Judge) -> None:
    result = judge(
        ("taken_into_police_protection", "2024-06-10T10:00:00Z", {"dob": "2019-01-01"}),
        ("police_protection_ended", "2024-06-10T12:00:00Z", {}),
    )

    assert result.refused is None
    assert _duties(result) == {"F"}


def test_police_protection_with_no_age_recorded_is_possible(judge: Judge) -> None:
    result = judge(
        ("taken_into_police_protection", "2024-06-10T10:00:00Z", {}),
        ("police_protection_ended", "2024-06-10T12:00:00Z", {}),
    )

    told = next(each for each in result.findings if each.rule == "F02-authority-told")
    assert (told.status, told.certainty) == ("missed", "possible")


def test_an_adult_in_police_protection_is_refused_by_name(judge: Judge) -> None:
    result = judge(("taken_into_police_protection", "2024-06-10T10:00:00Z", {"dob": "2000-01-01"}))

    assert result.refused == "adult"


def test_a_child_under_ten_arrested_out_of_police_protection_is_refused(judge: Judge) -> None:
    result = judge(
        ("taken_into_police_protection", "2024-06-10T10:00:00Z", {"dob": "2016-01-01"}),
        ("police_protection_ended", "2024-06-10T12:00:00Z", {}),
        ("arrested", "2024-06-10T12:00:00Z", {}),
    )

    assert result.refused == "under_10"


def test_one_record_of_both_is_judged_by_both(judge: Judge) -> None:
    result = judge(
        ("taken_into_police_protection", "2024-06-10T10:00:00Z", {"dob": "2010-01-01"}),
        ("police_protection_ended", "2024-06-10T12:00:00Z", {}),
        ("arrived", "2024-06-10T12:30:00Z", {}),
        ("detention_authorised", "2024-06-10T12:40:00Z", {}),
    )

    assert {"B", "D", "F"} <= _duties(result)
    assert result.unclosed


def test_a_custody_record_with_police_protection_as_its_basis_is_refused(judge: Judge) -> None:
    result = judge(
        ("arrived", "2024-06-10T12:30:00Z", {"dob": "2010-01-01"}),
        ("detention_authorised", "2024-06-10T12:40:00Z", {"detention_basis": "police_protection"}),
    )

    assert result.refused == "basis_police_protection"


def test_a_child_held_under_the_mental_health_act_is_judged_but_by_no_clock(judge: Judge) -> None:
    """Code C applies to those removed to a station as a place of safety (1.10), section 15 not."""
    result = judge(
        ("arrived", "2014-09-01T20:00:00+01:00", {"dob": "1998-02-01", "sex": "female"}),
        (
            "detention_authorised",
            "2014-09-01T20:10:00+01:00",
            {"detention_basis": "mha_s135_136"},
        ),
        ("released", "2014-09-04T00:00:00+01:00", {}),
    )

    found = {
        each.rule: each.status for each in result.findings if each.status not in ("met", "lapsed")
    }
    assert result.refused is None
    assert found["B02-adult-present"] == "missed"
    assert found["A13-meals-not-recorded"] == "not_recorded"
    assert found["D15-first-check"] == "missed"
    assert not {"D01-first-review", "D09-custody-limit", "A03-grounds"} & set(found)


def _rules(result: Assessment) -> set[str]:
    return {each.rule for each in result.findings}


@pytest.mark.parametrize("basis", ["immigration", "prison_lodger"])
def test_whom_the_code_leaves_out_is_owed_sections_8_and_9_alone(judge: Judge, basis: str) -> None:
    result = judge(
        ("arrived", "2024-06-10T10:00:00Z", {"dob": "2009-01-01"}),
        ("detention_authorised", "2024-06-10T10:10:00Z", {"detention_basis": basis}),
        ("cell_placed", "2024-06-10T10:20:00Z", {}),
        ("visited", "2024-06-10T14:00:00Z", {}),
        ("released", "2024-06-11T10:00:00Z", {}),
    )

    # neither adult (1.7, 3.15) nor rights (3.1), welfare as at 3.6, or reviews
    assert {rule[:3] for rule in _rules(result)}.isdisjoint(
        {"AA_", "A06", "A19", "B01", "B02", "B03", "B05", "B06", "D01"}
    )
    # visits of 9.3, a cell and 8.8, the checks of Note 15B, and what statute asks for every child
    owed = {"A11-hourly", "A10-reason", "D15-first-check", "B07-responsible-person"}
    assert owed <= _rules(result)
    [told] = [each for each in result.findings if each.rule == "OUTSIDE_THE_CODE"]
    assert (told.severity, told.status, told.is_breach) == ("info", "cannot_tell", False)
    assert "Code C 1.12" in told.message
    assert told.evidence == ("e1",)


def test_held_for_an_offence_first_the_duties_that_arose_then_stay(judge: Judge) -> None:
    offence: tuple[Said, ...] = (
        ("arrived", "2024-06-10T10:00:00Z", {"dob": "2009-01-01"}),
        ("detention_authorised", "2024-06-10T10:10:00Z", {}),
    )
    interview: Said = ("interview_started", "2024-06-10T21:00:00Z", {})
    released: Said = ("released", "2024-06-11T10:00:00Z", {})
    passed_on: Said = (
        "detention_authorised",
        "2024-06-10T20:00:00Z",
        {"detention_basis": "immigration"},
    )
    whole = judge(*offence, interview, released)
    part = judge(*offence, passed_on, interview, released)

    assert {"C01-interview-without-adult", "B02-adult-present"} <= _rules(whole)
    assert "OUTSIDE_THE_CODE" not in _rules(whole)
    assert "B02-adult-present" in _rules(part)
    assert "C01-interview-without-adult" not in _rules(part)
    assert "OUTSIDE_THE_CODE" in _rules(part)
