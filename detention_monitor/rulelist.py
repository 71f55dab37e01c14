"""The rules as a list, and the work list for a lawyer: what is not verified, and for which days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import InForce, Rule, Verified
from detention_monitor.wording import day_in_words


def rows(ruleset: RuleSet) -> Iterator[dict[str, Any]]:
    """Yield one row a rule: id, duty, authority, since when, place, law, what is not verified."""
    for rule in ruleset.rules:
        gaps = [*unverified(rule)]
        yield {
            "rule": rule.id,
            "duty": rule.duty,
            "title": rule.title,
            "authority": rule.authority,
            "in_force": rule.in_force.start.isoformat(),
            "place": ruleset.place(rule),
            "source": "; ".join(source.cite for source in rule.sources),
            "verified": not gaps,
            "unverified": gaps,
        }


def unverified(rule: Rule) -> Iterator[str]:
    """Yield each citation of a rule with what of it is not verified, and for which of its days."""
    for source in rule.sources:
        text = _period(source.text_verified, rule.in_force)
        number = _period(source.number_verified, rule.in_force)
        if text and text == number:
            yield f"{source.cite}: text and number, {text}"
            continue
        if text:
            yield f"{source.cite}: text, {text}"
        if number:
            yield f"{source.cite}: number, {number}"


def _period(verified: Verified, force: InForce) -> str:
    """Return the days in force for which something is not verified; nothing if there are none."""
    if isinstance(verified, bool):
        return "" if verified else _days(force)
    if verified <= force.start:
        return ""
    if force.to is not None and verified >= force.to:
        return _days(force)
    return f"from {day_in_words(force.start)} until {day_in_words(verified)}"


def _days(force: InForce) -> str:
    if force.to is None:
        return f"all days, from {day_in_words(force.start)}"
    return f"from {day_in_words(force.start)} until {day_in_words(force.to)}"


def lines(row: dict[str, Any], *, work_list: bool) -> Iterator[str]:
    """Yield a row for people; the work list tells below each rule what is not verified."""
    yield (
        f"{row['rule']:<28} {row['duty'] or '-':<5} {row['authority']:<8} "
        f"{row['in_force']:<11} {row['place']:<22} {row['source']}"
    )
    if work_list:
        yield from (f"    {gap}" for gap in row["unverified"])
