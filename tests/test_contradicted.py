"""A record that contradicts itself establishes nothing by that alone, and the finding names the entry."""

from __future__ import annotations

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.backends import backend_for
from detention_monitor.detention import Detention
from detention_monitor.findings import Finding, as_line
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import RuleTest
from detention_monitor.ruletests import timeline
from detention_monitor.values import changed


def found(ruleset: RuleSet, engine: str, *lines: str) -> list[Finding]:
    test = RuleTest(name="a story", timeline=lines, expect=())
    entries = tuple(timeline(test, ruleset.vocabulary))
    story = Detention(entries[0].record, entries)
    backend = backend_for(engine, ruleset.plan)
    return list(assess(story, ruleset, end_of(story, ruleset), backend=backend).findings)


def of(findings: list[Finding], rule: str) -> Finding:
    return next(each for each in findings if each.rule == rule)


SEARCHED = ("13:00 arrived", "13:10 detention_authorised", "14:20 strip_search_started aa_present=true",
            "17:30 released")  # fmt: skip
ASKED = (
    "09:00 arrived",
    "09:10 detention_authorised",
    "09:30 rights_given aa_present=true",
    "10:00 interview_started",
    "10:30 interview_ended",
)


@pytest.mark.parametrize("rule", ["B01-adult-informed", "B02-adult-present"])
def test_a_miss_that_an_entry_contradicts_is_possible_and_says_by_which(
    ruleset: RuleSet, rule: str
) -> None:
    findings = found(ruleset, "durable_rules", *SEARCHED)
    finding = of(findings, rule)
    contradiction = of(findings, "AA_PRESENCE_CONTRADICTED")
    assert (finding.status, finding.certainty) == ("missed", "possible")
    assert "By the entry 'strip search started' of Mon 10 Jun 2024 14:20 BST" in finding.message
    assert contradiction.certainty == "established"
    assert contradiction.evidence[0] in finding.evidence


@pytest.mark.parametrize("rule", ["B01-adult-informed", "B02-adult-present"])
@pytest.mark.parametrize("said", ["", " aa_present=false"])
def test_where_no_entry_says_that_an_adult_was_there_it_is_established(
    ruleset: RuleSet, rule: str, said: str
) -> None:
    lines = [line.replace(" aa_present=true", said) for line in SEARCHED]
    finding = of(found(ruleset, "durable_rules", *lines), rule)
    assert (finding.status, finding.certainty) == ("missed", "established")
    assert "may be otherwise" not in finding.message


def test_what_must_not_happen_without_the_adult_is_possible_where_another_entry_has_one_there(
    ruleset: RuleSet,
) -> None:
    finding = of(found(ruleset, "durable_rules", *ASKED), "C01-interview-without-adult")
    assert finding.certainty == "possible"
    assert finding.message.endswith(
        "Not sure: whether the adult was there; see the entry 'rights given' of Mon 10 Jun 2024 09:30 BST."
    )
    assert len(finding.evidence) == 2


@pytest.mark.parametrize("lines", [SEARCHED, ASKED], ids=["searched", "asked"])
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_every_engine_finds_the_same(ruleset: RuleSet, lines: tuple[str, ...], engine: str) -> None:
    def plain(name: str) -> list[bytes]:
        return [as_line(changed(each, judged_by="")) for each in found(ruleset, name, *lines)]

    assert plain(engine) == plain("durable_rules")
