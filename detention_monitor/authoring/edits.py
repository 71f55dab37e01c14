"""What was edited between two rule sets, in words: the numbers, rules and facts that differ, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from detention_monitor.rulefile import RuleSet


def edits(old: RuleSet, new: RuleSet) -> Iterator[str]:
    """Yield one line for everything that differs, tests and comments apart: numbers first."""
    if old.vocabulary != new.vocabulary:
        yield "the vocabulary"
    before, after = old.parameters.declared, new.parameters.declared
    for name in _either(before, after):
        values = [_values(each.get(name)) for each in (before, after)]
        if values[0] != values[1]:
            yield f"${name}: {values[0]} became {values[1]}"
    rules = [{f"{r.id} (from {r.in_force.start})": r for r in each.rules} for each in (old, new)]
    facts = [{f"fact {f.fact}": f for f in each.facts} for each in (old, new)]
    for found in (rules, facts):
        for name in _either(*found):
            yield from _edit(name, found[0].get(name), found[1].get(name))


def first_days(old: RuleSet, new: RuleSet) -> Iterator[tuple[str, date]]:
    """Yield what was edited, numbers and rules, and the first day on which it can tell."""
    before, after = old.parameters.declared, new.parameters.declared
    for name in _either(before, after):
        values = [
            {*each[name].values.items()} if name in each else set() for each in (before, after)
        ]
        if values[0] != values[1]:
            yield f"${name}", min(day for day, _ in values[0] ^ values[1])
    rules = [{(r.id, r.in_force.start): r for r in each.rules} for each in (old, new)]
    for key in sorted({*rules[0], *rules[1]}):
        versions = [
            each[key].model_dump(exclude={"tests"}) if key in each else {} for each in rules
        ]
        differ = {
            name
            for each in versions
            for name in each
            if versions[0].get(name) != versions[1].get(name)
        }
        ends = [rule.in_force.to for each in rules if (rule := each.get(key)) and rule.in_force.to]
        if differ:
            yield key[0], min(ends) if differ == {"in_force"} else key[1]


def _either(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    return sorted({*before, *after})


def _values(parameter: Any) -> str:
    if parameter is None:
        return "nothing"
    dated = sorted(parameter.values.items())
    return ", ".join(f"{value} from {day}" for day, value in dated)


def _edit(name: str, before: BaseModel | None, after: BaseModel | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{name}: {'new' if before is None else 'taken out'}"
        return
    one, other = (each.model_dump(by_alias=True, exclude={"tests"}) for each in (before, after))
    parts = [_part(key, one[key], other[key]) for key in one if one[key] != other[key]]
    if parts:
        yield f"{name}: {', '.join(parts)}"


def _part(key: str, before: Any, after: Any) -> str:
    """Return a field that differs, with both values if they are short."""
    plain = all(isinstance(each, str | int) and len(str(each)) <= 40 for each in (before, after))
    return f"{key} {before} became {after}" if plain else key
