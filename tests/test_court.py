"""Charge, court and oversight where a rule test cannot say it: sources that leave something out."""

from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.findings import Finding
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant
from detention_monitor.vocabulary import Coverage

DOCUMENTS = "documents"


def found(
    rule: str, coverage: Coverage, ruleset: RuleSet, durable: DurableBackend
) -> list[Finding]:
    """Return what a rule finds of a child reviewed once, kept after charge and then silence."""
    told: tuple[tuple[str, str, dict[str, Value]], ...] = (
        ("arrived", "2024-06-10T08:00", {"dob": "2009-01-01"}),
        ("detention_authorised", "2024-06-10T08:10", {}),
        ("review_held", "2024-06-10T13:00", {"mode": "in_person"}),
        ("charged", "2024-06-10T20:00", {}),
        ("detention_after_charge", "2024-06-10T20:10", {}),
        ("checked", "2024-06-12T08:00", {}),
    )
    entries = tuple(
        CustodyEvent(f"e{place}", "R1", kind, parse_instant(at, "Europe/London")[0], attrs=attrs)
        for place, (kind, at, attrs) in enumerate(told)
    )
    detention = Detention("R1", entries, coverage)
    result = assess(detention, ruleset, end_of(detention, ruleset), backend=durable)
    return [each for each in result.findings if each.rule == rule]


def test_documents_that_no_entry_can_mention_are_not_missed(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    kinds = ("detention_authorised", "review_held", "extension_authorised", "bail_decided")
    coverage = Coverage(attributes_missing=frozenset((kind, DOCUMENTS) for kind in kinds))
    [one] = found("D14-documents-not-noted", coverage, ruleset, durable)
    assert (one.status, one.certainty) == ("cannot_tell", "possible")
    assert "does not carry documents" in one.message


def test_only_entries_that_could_mention_documents_are_counted(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    coverage = Coverage(attributes_missing=frozenset({("review_held", DOCUMENTS)}))
    [one] = found("D14-documents-not-noted", coverage, ruleset, durable)
    assert one.status == "not_recorded"
    assert one.message.startswith("1 of 2 decisions")
    assert one.evidence == ("e1",)


def test_the_gaps_of_a_detention_make_one_finding_with_all_of_them(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    [one] = found("D14-documents-not-noted", Coverage(), ruleset, durable)
    assert one.message.startswith("2 of 2 decisions")
    assert one.evidence == ("e1", "e2")


def test_a_source_without_court_cannot_say_that_a_child_was_not_brought(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    [late] = found("E13-first-sitting", Coverage(), ruleset, durable)
    assert late.status == "overdue"
    coverage = Coverage(kinds_missing=frozenset({"court_appearance"}))
    [untold] = found("E13-first-sitting", coverage, ruleset, durable)
    assert untold.status == "cannot_tell"


def test_what_was_not_due_when_detention_ended_is_not_missed_later(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Before a court half an hour after the decision: no finding changes by itself after that."""
    told = (
        ("arrived", "12:00"),
        ("detention_authorised", "12:10"),
        ("charged", "20:00"),
        ("detention_after_charge", "20:10"),
        ("court_appearance", "20:40"),
    )
    entries = tuple(
        CustodyEvent(
            f"e{place}",
            "R1",
            kind,
            parse_instant(f"2024-06-10T{at}", "Europe/London")[0],
            attrs={"age_recorded": 15} if kind == "arrived" else {},
        )
        for place, (kind, at) in enumerate(told)
    )
    detention = Detention("R1", entries)
    at_once, later = (
        assess(detention, ruleset, end_of(detention, ruleset) + after, backend=durable).findings
        for after in (0, 86_400)
    )
    assert at_once == later
    asked = next(each for each in later if each.rule == "LA_NOT_ASKED")
    assert asked.status == "lapsed"
