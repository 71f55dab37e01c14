"""Whether a condition can ever hold, and whether one holds wherever another does.

Reasoned from the vocabulary: a yes_no attribute has two values, an enum those declared, a number
those round the numbers it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from detention_monitor.conditions import conjunction, parse
from detention_monitor.meaning import Alternatives, Conjunction, Literal, Scalar, three_valued
from detention_monitor.rulemodel import Selector
from detention_monitor.vocabulary import Attribute

Attributes = Mapping[str, Mapping[str, Attribute]]


def opens(selector: Selector, table: Attributes) -> bool:
    """Whether some entry can be selected."""
    return possible(selector.where, selector.kind, table)


def possible(where: str, kinds: Sequence[str], table: Attributes) -> bool:
    """Whether a condition can hold of an entry of one of some kinds."""
    return any(_ever(where, table[kind]) for kind in kinds)


def possible_together(wheres: Iterable[str], kinds: Sequence[str], table: Attributes) -> bool:
    """Whether several conditions can hold of one entry of one of some kinds."""
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


def covers(outer: Selector, inner: Selector, table: Attributes) -> bool:
    """Whether every entry that one selection certainly takes is taken by another, too."""
    states = {*outer.during} <= {*inner.during} and {*outer.unless} <= {*inner.unless}
    if not states or outer.same != inner.same or not {*inner.kind} <= {*outer.kind}:
        return False
    if not outer.where or outer.where == inner.where:
        return True
    if not inner.where:
        return False
    return all(
        all(
            any(part <= each for part in three_valued(parse(outer.where), table[kind]).true)
            for each in three_valued(parse(inner.where), table[kind]).true
        )
        for kind in inner.kind
    )
