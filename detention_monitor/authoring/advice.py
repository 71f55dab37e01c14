"""Warnings about rules that are sound in form but cannot mean what their author wants.

A rule that can never fire, an exception that can never apply, a duty that nothing discharges, two
rules that say the same, versions with days between them on which no version is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from detention_monitor.conditions import (
    Alternatives,
    Conjunction,
    Literal,
    Scalar,
    conjunction,
    parse,
    three_valued,
)
from detention_monitor.durable import MOST_ALPHAS
from detention_monitor.errors import Diagnostic
from detention_monitor.plan import attributes_with_marks
from detention_monitor.rulefile import LoadedFile, RuleSet
from detention_monitor.rulemodel import Must, Rule, Selector
from detention_monitor.vocabulary import Attribute
from detention_monitor.yamlfile import Location

Attributes = Mapping[str, Mapping[str, Attribute]]


def advise(ruleset: RuleSet) -> list[Diagnostic]:
    """Return a warning for everything in a rule set that cannot mean what it says."""
    table = attributes_with_marks(ruleset.facts, ruleset.vocabulary)
    found: list[Diagnostic] = []
    for file in ruleset.files:
        for number, rule in enumerate(file.model.rules):
            for location, code, message in _of_rule(rule, table):
                found.append(_warning(file, ("rules", number, *location), code, message))
        for number, fact in enumerate(file.model.facts):
            for place, way in enumerate(fact.mark.yes_when if fact.mark else ()):
                if fact.mark and not _possible(way.where, fact.mark.on, table):
                    at: Location = ("facts", number, "mark", "yes_when", place)
                    message = (
                        "this alternative can never be true: its conditions exclude each other"
                    )
                    found.append(_warning(file, at, "unreachable-alternative", message))
    found += _versions(ruleset.files)
    found += _same_twice(ruleset.files)
    return sorted(found)


def _warning(file: LoadedFile, location: Location, code: str, message: str) -> Diagnostic:
    line, column = file.yaml.place(location)
    return Diagnostic(file.yaml.name, line, column, code, message, "warning")


def _of_rule(rule: Rule, table: Attributes) -> Iterator[tuple[Location, str, str]]:
    if rule.arises_on is not None and not _opens(rule.arises_on, table):
        message = "this duty can never arise: the conditions of 'arises_on' exclude each other"
        yield ("arises_on", "where"), "never-fires", message
    if rule.never is not None:
        if not _opens(rule.never, table):
            message = "this rule can never fire: the conditions of 'never' exclude each other"
            yield ("never", "where"), "never-fires", message
        for number, raised in enumerate(rule.raised):
            both = (rule.never.where, raised.where)
            if not _possible_together(both, rule.never.kind, table):
                message = "never applies: it cannot hold together with the condition of 'never'"
                yield ("raised", number), "unreachable-exception", message
    if rule.must is not None and not _possible(rule.must.where, rule.must.happen, table):
        message = "nothing can discharge this duty: the conditions of 'must' exclude each other"
        yield ("must", "where"), "nothing-discharges", message
    for role, selectors in (
        ("excused_by", rule.excused_by),
        ("mitigated_by", rule.mitigated_by),
        ("lapses_on", rule.lapses_on),
    ):
        for number, selector in enumerate(selectors):
            if not _opens(selector, table):
                message = f"this '{role}' can never apply: its conditions exclude each other"
                yield (role, number), "unreachable-exception", message
    for location, selector in _selectors(rule):
        weight = max(_weight(selector, table[kind]) for kind in selector.kind)
        if weight > MOST_ALPHAS:
            message = (
                f"comes down to {weight} rules about one kind of entry; the engine holds at most "
                f"{MOST_ALPHAS}; say it with fewer 'or' and fewer 'unless', or as a derived fact"
            )
            yield location, "set-too-large", message
    if rule.must is not None and not rule.excused_late:
        for number, selector in enumerate(rule.excused_by):
            if _is_discharge(selector, rule.must):
                message = "this excuse is the very act that discharges the duty: it never applies"
                yield ("excused_by", number), "unreachable-exception", message


def _selectors(rule: Rule) -> Iterator[tuple[Location, Selector]]:
    """Yield every selection of entries in a rule, with where it stands."""
    for name in ("arises_on", "never"):
        one = getattr(rule, name)
        if one is not None:
            yield (name,), one
    if rule.must is not None:
        must = rule.must
        selector = Selector(kind=must.happen, where=must.where, unless=must.unless)
        yield ("must",), selector
    for name in ("excused_by", "mitigated_by", "lapses_on"):
        for number, each in enumerate(getattr(rule, name)):
            yield (name, number), each


def _weight(selector: Selector, attributes: Mapping[str, Attribute]) -> int:
    """Return how many rules of the engine a selection comes down to for one kind of entry."""
    values = three_valued(parse(selector.where), attributes) if selector.where else None
    alternatives = len(values.true) + len(values.unknown) if values else 1
    return int(alternatives * 2 ** len(selector.unless))


def _is_discharge(selector: Selector, must: Must) -> bool:
    same_states = selector.during == must.during and selector.unless == must.unless
    unconditional = not must.where and same_states and not must.same
    return unconditional and set(selector.kind) <= set(must.happen)


def _opens(selector: Selector, table: Attributes) -> bool:
    return _possible(selector.where, selector.kind, table)


def _possible(where: str, kinds: Sequence[str], table: Attributes) -> bool:
    return any(_ever(where, table[kind]) for kind in kinds)


def _possible_together(wheres: Iterable[str], kinds: Sequence[str], table: Attributes) -> bool:
    joined = conjunction(*(parse(where) for where in wheres if where))
    return any(_satisfiable(three_valued(joined, table[kind]).true, table[kind]) for kind in kinds)


def _ever(where: str, attributes: Mapping[str, Attribute]) -> bool:
    """Whether some entry makes a condition true; unknown, for want of a word, is not enough."""
    if not where:
        return True
    return _satisfiable(three_valued(parse(where), attributes).true, attributes)


def _satisfiable(alternatives: Alternatives, attributes: Mapping[str, Attribute]) -> bool:
    return any(_holds_somewhere(each, attributes) for each in alternatives)


def _holds_somewhere(together: Conjunction, attributes: Mapping[str, Attribute]) -> bool:
    """Whether one entry can satisfy all of these comparisons at once."""
    by_name: dict[str, list[Literal]] = {}
    for literal in together:
        by_name.setdefault(literal.attribute, []).append(literal)
    return all(_has_value(attributes[name], asked) for name, asked in by_name.items())


def _has_value(attribute: Attribute, asked: Sequence[Literal]) -> bool:
    if any(each.operator == "nex" for each in asked):
        return all(each.operator == "nex" for each in asked)
    return any(all(_fits(each, value) for each in asked) for value in _values(attribute, asked))


def _values(attribute: Attribute, asked: Sequence[Literal]) -> Iterable[Scalar]:
    """Yield values among which one satisfies the comparisons if any does."""
    match attribute.type:
        case "yes_no":
            return (0, 1)
        case "enum":
            return attribute.values
        case "ordered":
            return range(len(attribute.values))
        case _:
            named = [each.value for each in asked if isinstance(each.value, int)]
            around = {value + step for value in named for step in (-1, 0, 1)}
            return sorted(value for value in around if value >= 0) or (1,)


def _fits(literal: Literal, value: Scalar) -> bool:
    wanted = literal.value
    if literal.operator == "ex":
        return True
    if literal.operator == "eq":
        return value == wanted
    if literal.operator == "ne":
        return value != wanted
    assert isinstance(value, int)  # only numbers and ranks have an order
    assert isinstance(wanted, int)
    return {
        "lt": value < wanted, "le": value <= wanted, "gt": value > wanted, "ge": value >= wanted,
    }[literal.operator]  # fmt: skip


# --- between rules -----------------------------------------------------------------------------


def _versions(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a warning where versions of a rule leave days between them without any."""
    versions: dict[str, list[tuple[Rule, LoadedFile, int]]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            versions.setdefault(rule.id, []).append((rule, file, number))
    for known in versions.values():
        known.sort(key=lambda each: each[0].in_force.start)
        for (earlier, _, _), (later, file, number) in pairwise(known):
            ended = earlier.in_force.to
            if ended is not None and ended < later.in_force.start:
                message = (
                    f"between {ended} and {later.in_force.start} no version of '{later.id}' is in "
                    f"force; begin this one on {ended}, or say in a comment why there is none"
                )
                yield _warning(file, ("rules", number, "in_force"), "dates-gap", message)


_OWN = {"id", "title", "says", "message", "do", "clears", "tests", "sources", "severity"}
"""Fields in which two rules may differ and still say the same."""


def _same_twice(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a warning for a rule that repeats what another one says."""
    seen: dict[str, tuple[Rule, str]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            content = rule.model_dump_json(exclude=_OWN)
            line, _ = file.yaml.place(("rules", number, "id"))
            first = seen.setdefault(content, (rule, f"{file.yaml.name}:{line}"))
            if first[0] is not rule and first[0].id != rule.id:
                message = f"'{rule.id}' says the same as '{first[0].id}' at {first[1]}; keep one"
                yield _warning(file, ("rules", number, "id"), "duplicate-meaning", message)
