"""Why a rule found nothing: no entry to begin with, or which condition failed on each that there was."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from detention_monitor.asked_of import questions
from detention_monitor.assess import Assessment
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule, Selector
from detention_monitor.text import printable
from detention_monitor.timeline import Fact
from detention_monitor.times import day_of, local_text

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
        yield f"there is no {ruleset.wording.quoted(kinds)}, with which it begins"
        return
    for fact in facts:
        yield f"{ruleset.wording.quoted([fact.kind])} at {local_text(fact.at)}: {'; '.join(_asked(rule, fact, result, ruleset))}"


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
            said = ruleset.wording.quoted([name])
            out.append(f"{said} {'held' if held else 'did not hold'}")
    if selector.where:
        out += questions(selector.where, fact, ruleset)
    if not out:
        later = rule.shape in ("count", "sequence")
        out.append("it counts, but the rest of the pattern is not there" if later else "it applies")
    return out


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
