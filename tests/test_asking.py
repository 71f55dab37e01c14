"""A standard without a number: a local line makes us ask, and never prints as a time of the law."""

from __future__ import annotations

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.counterfactual import suppose, supposed_entry
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.explain import explain
from detention_monitor.findings import Finding
from detention_monitor.live.alert_life import alert_of
from detention_monitor.live.alerts import Change, alert_settings
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import RuleTest
from detention_monitor.ruletests import timeline
from detention_monitor.times import parse_instant
from detention_monitor.vocabulary import Coverage

LAW = ("statute", "code", "annex", "note")
ASKS = ("AA_DELAY_UNEXPLAINED", "A04-not-immediate", "A06-delay-reason")


def told(ruleset: RuleSet, *lines: str) -> Detention:
    test = RuleTest(name="a story", timeline=lines, expect=())
    entries = tuple(timeline(test, ruleset.vocabulary))
    return Detention(entries[0].record, entries)


def found(
    ruleset: RuleSet, backend: DurableBackend, story: Detention, rule: str, at: int | None = None
) -> Finding:
    as_of = end_of(story, ruleset) if at is None else at
    judged = assess(story, ruleset, as_of, backend=backend)
    return next(each for each in judged.findings if each.rule == rule)


def at(text: str) -> int:
    return parse_instant(f"2024-06-10T{text}", "Europe/London")[0]


def test_no_rule_of_law_takes_its_time_from_a_number_of_the_force(ruleset: RuleSet) -> None:
    ours = {name for name, each in ruleset.parameters.declared.items()
            if each.authority in ("policy", "quality")}  # fmt: skip
    spans = {
        (rule.id, rule.must.within)
        for rule in ruleset.rules
        if rule.must and rule.authority in LAW and rule.must.within
    }
    assert spans
    assert not {rule for rule, span in spans if span.removeprefix("$") in ours}
    assert {rule.id for rule in ruleset.rules if rule.must and rule.must.asks_after} == {*ASKS}


@pytest.mark.parametrize("rule", ASKS)
def test_what_is_asked_has_no_due_time_and_says_whose_the_line_is(
    ruleset: RuleSet, durable: DurableBackend, rule: str
) -> None:
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised", "14:00 grounds_ceased",
                 "16:00 meal_offered")  # fmt: skip
    finding = found(ruleset, durable, story, rule)

    assert finding.status in ("broken", "not_recorded")
    assert (finding.certainty, finding.due_at, finding.minutes_late) == ("possible", None, None)
    assert finding.authority in LAW
    assert [(each.name, each.authority, each.passed) for each in finding.grades] == [
        ("asked", "policy", True)
    ]
    assert finding.asked_at == finding.occurred_at == finding.grades[0].at
    assert "a local line" in finding.message
    assert "gives no number" in finding.message
    assert finding.is_breach


def test_before_the_line_it_is_open_without_an_hour_and_changes_just_after_it(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised")
    before = assess(story, ruleset, at("15:10:00"), backend=durable)
    finding = next(each for each in before.findings if each.rule == "AA_DELAY_UNEXPLAINED")
    assert (finding.status, finding.due_at, finding.asked_at) == ("open", None, None)
    assert before.next_change_at is not None
    assert before.next_change_at <= at("15:10:01")
    after = found(ruleset, durable, story, "AA_DELAY_UNEXPLAINED", at("15:10:01"))
    assert after.status == "not_recorded"
    assert after.clears_on == "the reason for the delay"


def test_the_reason_answers_the_question_while_the_child_is_there(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised", "15:30 meal_offered")
    entry = supposed_entry("aa_delay_reason reason=nobody at 15:40", story, ruleset.vocabulary)
    answered = suppose(entry, story, ruleset, at("15:30:00"), durable).given
    assert "excused" in [each.status for each in answered.findings
                         if each.rule == "AA_DELAY_UNEXPLAINED"]  # fmt: skip


def test_a_source_that_does_not_carry_reasons_cannot_tell(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised", "15:30 released")
    part = Detention(
        story.entries[0].record, story.entries, Coverage(frozenset({"aa_delay_reason"}))
    )
    finding = found(ruleset, durable, part, "AA_DELAY_UNEXPLAINED")
    assert finding.status == "cannot_tell"


def test_explain_and_the_table_tell_a_question_as_one(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised", "15:30 released")
    judged = assess(story, ruleset, end_of(story, ruleset), backend=durable)
    finding = next(each for each in judged.findings if each.rule == "AA_DELAY_UNEXPLAINED")
    why = " ".join(explain(finding, judged, story, ruleset).split())
    assert "13:10 BST + 2 h ($aa_amber) = Mon 10 Jun 2024 15:10 BST, a local line" in why
    assert " due " not in why


def test_an_alert_waits_as_long_for_what_is_asked_as_for_what_is_due(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """The act may only not be recorded yet (design D8)."""
    story = told(ruleset, "13:00 arrived", "13:10 detention_authorised")
    finding = found(ruleset, durable, story, "AA_DELAY_UNEXPLAINED", at("15:10:01"))
    settings = alert_settings(ruleset.parameters)
    history = [Change(at("15:10:01"), finding)]
    grace = settings.grace(at("15:10:00"))
    early = alert_of(history, [], at("15:10:00") + grace, settings)
    later = alert_of(history, [], at("15:10:00") + grace + 1, settings)
    assert early is not None
    assert later is not None
    assert (early.state, later.state) == ("due_not_yet_recorded", "new")
