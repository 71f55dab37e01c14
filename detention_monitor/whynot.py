"""Why a rule found nothing: no entry to begin with, or which condition failed on each that there was."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from detention_monitor.assess import Assessment
from detention_monitor.conditions import parse, tests
from detention_monitor.entries import Value
from detention_monitor.meaning import AttributeType
from detention_monitor.reference import holds
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule, Selector
from detention_monitor.text import in_a_cell, printable
from detention_monitor.timeline import Fact
from detention_monitor.times import day_of, local_text

OUTCOMES = {2: "yes", 1: "not recorded", 0: "no"}
_WIDTH = 100


def why_not(rule: Rule, result: Assessment, ruleset: RuleSet) -> str:
    """Return why a rule found nothing in an assessment, as text for a person."""
    lines = [f"{', '.join(result.records)}  {rule.id}: nothing found"]
    for line in _reasons(rule, result, ruleset):
        lines += wrap(printable(line, 400), _WIDTH, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(lines) + "\n"


def _reasons(rule: Rule, result: Assessment, ruleset: RuleSet) -> Iterator[str]:
    if rule.only_if is not None and not ruleset.parameters.value(rule.only_if[1:], result.as_of):
        yield f"switched off: the force has not set {rule.only_if}"
        return
    kinds = opening_kinds(rule)
    facts = [fact for fact in result.facts if fact.kind in kinds]
    if not facts:
        yield f"there is no {' or '.join(kinds)}, with which it begins"
        return
    for fact in facts:
        yield f"{fact.kind} at {local_text(fact.at)}: {'; '.join(_asked(rule, fact, result, ruleset))}"


def _asked(rule: Rule, fact: Fact, result: Assessment, ruleset: RuleSet) -> list[str]:
    """Return what the rule asked of one entry that it might have begun with, and the answers."""
    out = []
    day = day_of(fact.at)
    if day < rule.in_force.start or (rule.in_force.to is not None and day >= rule.in_force.to):
        out.append(f"not in force on {day}")
    selector = _opening(rule)
    states = [*selector.during, *([f"child_{rule.child_by}"] if rule.child_by else [])]
    for name, wanted in (*((n, True) for n in states), *((n, False) for n in selector.unless)):
        held = _holds_then(name, fact, result)
        if held != wanted:
            out.append(f"{name}: {'held' if held else 'did not hold'}")
    attributes = ruleset.plan.attributes[fact.kind]
    for test in dict.fromkeys(tests(parse(selector.where))) if selector.where else ():
        said = given(fact.attrs.get(test.attribute), attributes[test.attribute])
        out.append(
            f"{test}? {OUTCOMES[holds(test, fact.attrs, attributes)]}{said and f' ({said})'}"
        )
    if not out:
        later = rule.shape in ("count", "sequence")
        out.append("it counts, but the rest of the pattern is not there" if later else "it applies")
    return out


def given(value: Value | None, attribute: AttributeType) -> str:
    """Return what an entry says for an attribute, in words; nothing where it is blank."""
    if value in (None, "", ()):
        return ""
    if attribute.type == "time" and isinstance(value, int):
        return local_text(value, seconds=True)
    return in_a_cell(value, ", ")


def _opening(rule: Rule) -> Selector:
    for selector in (rule.arises_on, rule.never):
        if selector is not None:
            return selector
    if rule.counts is not None:
        return rule.counts.of
    assert rule.sequence is not None  # a rule has one of the four shapes
    return rule.sequence.first


def _holds_then(name: str, fact: Fact, result: Assessment) -> bool:
    minute = fact.at // 60
    return any(
        each.name == name and each.first_minute <= minute <= each.last_minute
        for each in result.intervals
    )
