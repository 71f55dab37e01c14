"""The tests that stand beside the rules, and what every rule of the repository must have."""

import re
from datetime import date

import pytest

from detention_monitor.authoring.coverage import coverage
from detention_monitor.authoring.probes import probe
from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import RuleTest
from detention_monitor.ruletests import Case, Outcome, cases, run_tests
from tests.conftest import RULES

OUTCOMES = list(run_tests(RULES))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda each: f"{each.file}-{each.line}")
def test_beside_a_rule(outcome: Outcome) -> None:
    assert outcome.faults == (), outcome.name


def test_there_are_tests_in_every_rule_file(ruleset: RuleSet) -> None:
    """A file of facts alone is tried by the rules that use them."""
    with_rules = {file.yaml.name for file in ruleset.files if file.model.rules}
    assert {outcome.file for outcome in OUTCOMES} == with_rules


def test_a_number_of_policy_is_never_printed_as_law(ruleset: RuleSet) -> None:
    """A step that begins at a parameter has the authority that the parameter declares."""
    declared = ruleset.parameters.declared
    for rule in ruleset.rules:
        for grade in rule.grades if isinstance(rule.grades, tuple) else ():
            if grade.at and grade.at.startswith("$"):
                assert grade.authority == declared[grade.at[1:]].authority, (rule.id, grade.name)
        within = rule.must.within if rule.must else None
        if within and within.startswith("$"):
            stated = declared[within[1:]].authority
            assert rule.authority == stated or rule.certainty == "possible", rule.id


def test_a_note_for_guidance_is_cited_as_one(ruleset: RuleSet) -> None:
    for rule in ruleset.rules:
        notes_only = all(re.search(r"\bNote \d", source.cite) for source in rule.sources)
        assert not notes_only or rule.authority in ("note", "quality", "policy"), rule.id


CODE_READ = date(2023, 12, 20)


def test_no_code_paragraph_is_verified_before_the_code_that_was_read(ruleset: RuleSet) -> None:
    """Nothing older than the Code of 20 December 2023 was read. Whoever adds a paragraph may say
    that it is not verified (false), or from which later day it is, never that it always was.
    """
    for rule in ruleset.rules:
        for source in rule.sources:
            if source.cite.startswith("Code C"):
                for mark in (source.text_verified, source.number_verified):
                    said = f"{rule.id}: of '{source.cite}' write false, or the day of the Code you read"
                    assert mark is not True, said
                    assert mark is False or mark >= CODE_READ, said


AMENDED = {
    "PACE 1984 s.37(1)-(3), (10)": date(2022, 10, 28),  # Police, Crime, Sentencing and Courts Act
    "PACE 1984 ss.37(15), 38": date(2015, 10, 26),  # Criminal Justice and Courts Act 2015 s.42
    "PACE 1984 s.38(6A)": date(2026, 4, 7),  # the list of offences, in the text that was read
    "PACE 1984 s.40A(2)": date(2020, 4, 2),  # "live link", in the text of s.45A of that day
    "PACE 1984 ss.40A(1), 45A": date(2020, 4, 2),
    "PACE 1984 s.45ZA": date(2020, 4, 2),
    "PACE 1984 s.41(1), (7)": date(2017, 4, 3),  # Policing and Crime Act 2017, bail
    "PACE 1984 ss.43, 44": date(2022, 10, 28),
    "PACE 1984 s.44": date(2022, 10, 28),
    "PACE 1984 s.63B": date(2017, 4, 3),  # Policing and Crime Act 2017 s.73
    "PACE 1984 s.63B(5A)": date(2017, 4, 3),
    "Policing and Crime Act 2017 s.73": date(2017, 4, 3),
    "CYPA 1933 s.34": date(2015, 10, 26),  # those of 17; the instrument was not seen
}
"""Sections changed since July 2012 of which no older text was read, and from when it was."""


def test_an_amended_section_is_unverified_before_the_text_that_was_read(ruleset: RuleSet) -> None:
    sources = [source for rule in ruleset.rules for source in rule.sources]
    assert {each.cite for each in sources} >= AMENDED.keys()
    for source in sources:
        if source.cite in AMENDED and source.text_verified is not False:
            marks = {source.text_verified, source.number_verified}
            assert marks == {AMENDED[source.cite]}, source.cite


@pytest.mark.parametrize(("day", "verified"), [("2017-04-02", False), ("2017-04-03", True)])
def test_a_finding_is_verified_from_the_day_on(day: str, verified: bool, ruleset: RuleSet) -> None:
    """The limit of 24 hours arises at the relevant time, by the text of s.41 of that day."""
    timeline = ("12:00 arrived", "12:10 detention_authorised", "+1 12:05 released")
    test = RuleTest(name="a second day", on=date.fromisoformat(day), timeline=timeline, expect=())
    case = Case("", 1, None, test, ruleset)
    found = case.judged(DurableBackend(ruleset.plan)).findings
    limits = [each for each in found if each.rule == "D09-custody-limit"]
    assert [each.verified for each in limits] == [verified]


def test_everything_in_a_rule_is_reached_by_a_test_beside_it(ruleset: RuleSet) -> None:
    """That it fires and stays silent, each excuse, step, warning, blank and dated number."""
    found = coverage(ruleset)
    assert len(found) > 300
    assert not {(each.rule, point) for each in found for point in each.missing}


def test_both_sides_of_every_deadline_and_effective_day(ruleset: RuleSet) -> None:
    tried = [
        each
        for own, found in cases(ruleset)
        for backend in (DurableBackend(own.plan),)
        for case in found
        for each in probe(case, backend)
    ]
    assert [each for each in tried if each.fault] == []
    assert len(tried) > 900
