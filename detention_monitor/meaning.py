"""What a condition means: values as the engine compares them, and the three values of a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from detention_monitor.conditions import (
    OPERATORS,
    Both,
    Condition,
    ConditionError,
    Either,
    Not,
    Test,
)
from detention_monitor.entries import Value
from detention_monitor.times import parse_duration


class AttributeType(Protocol):
    """What this module asks of an attribute of the vocabulary."""

    @property
    def type(self) -> str:
        """One of yes_no, enum, ordered, whole_number, duration, time, date, text, list_of."""
        ...

    @property
    def values(self) -> tuple[str, ...]:
        """The words allowed, lowest first for `ordered`."""
        ...


Scalar = int | str
"""What crosses the boundary to an engine: whole numbers and short words of the vocabulary."""


def encode(attribute: AttributeType, value: Value | None) -> Scalar | None:
    """Return the form in which an engine sees a value; None when it is absent or empty.

    yes/no becomes 1/0, an ordered word its rank, text and lists only 1 for "there is some".
    """
    if value is None or value in ("", ()):
        return None
    match attribute.type:
        case "yes_no":
            return int(bool(value))
        case "ordered":
            return attribute.values.index(str(value))
        case "enum":
            return str(value)
        case "whole_number" | "duration" | "time":
            return int(value) if isinstance(value, int | str) else None
        case _:
            return 1


def constant(attribute: AttributeType, word: str) -> Scalar:
    """Return the encoded form of a value written in a condition; ValueError says what is wrong."""
    match attribute.type:
        case "yes_no":
            if word not in ("true", "false", "yes", "no"):
                message = f"'{word}' is not true or false"
                raise ValueError(message)
            return int(word in ("true", "yes"))
        case "ordered":
            if word not in attribute.values:
                message = f"'{word}' is not one of {', '.join(attribute.values)}"
                raise ValueError(message)
            return attribute.values.index(word)
        case "enum":
            if word not in attribute.values:
                message = f"'{word}' is not one of {', '.join(attribute.values)}"
                raise ValueError(message)
            return word
        case "whole_number":
            if not word.isdigit() or len(word) > 15:
                message = f"'{word}' is not a whole number"
                raise ValueError(message)
            return int(word)
        case "duration":
            return parse_duration(word)
        case other:
            message = f"an attribute of type {other} can only be asked 'exists' or 'missing'"
            raise ValueError(message)


def allowed(attribute: AttributeType) -> tuple[str, ...]:
    """Return the operators that make sense for an attribute's type."""
    match attribute.type:
        case "yes_no":
            return ("is", "is not")
        case "enum":
            return ("is", "is not", "in", "not in")
        case "ordered" | "whole_number" | "duration":
            return OPERATORS
        case _:
            return ()


@dataclass(frozen=True, slots=True, order=True)
class Literal:
    """The smallest question an engine answers: `attribute` `operator` `value`.

    Operators: eq ne lt le gt ge (false when the attribute is absent), ex, nex.
    """

    attribute: str
    operator: str
    value: Scalar = 0


Conjunction = frozenset[Literal]
Alternatives = frozenset[Conjunction]
_NOTHING: Alternatives = frozenset()
_EVERYTHING: Alternatives = frozenset({frozenset()})


@dataclass(frozen=True, slots=True)
class ThreeValued:
    """When a condition is true, false and unknown: each a set of alternatives to match."""

    true: Alternatives
    false: Alternatives
    unknown: Alternatives


def three_valued(condition: Condition, attributes: Mapping[str, AttributeType]) -> ThreeValued:
    """Return the alternatives under which a condition is true, false and unknown (Kleene)."""
    match condition:
        case Test():
            return _of_test(condition, attributes[condition.attribute])
        case Not(part):
            inner = three_valued(part, attributes)
            return ThreeValued(inner.false, inner.true, inner.unknown)
        case Both(parts):
            result = ThreeValued(_EVERYTHING, _NOTHING, _NOTHING)
            for part in parts:
                result = _both_of(result, three_valued(part, attributes))
            return result
        case Either(parts):
            result = ThreeValued(_NOTHING, _EVERYTHING, _NOTHING)
            for part in parts:
                other = three_valued(part, attributes)
                result = _opposite(_both_of(_opposite(result), _opposite(other)))
            return result


def _opposite(value: ThreeValued) -> ThreeValued:
    return ThreeValued(value.false, value.true, value.unknown)


def _both_of(left: ThreeValued, right: ThreeValued) -> ThreeValued:
    unknown = (
        _meet(left.true, right.unknown)
        | _meet(left.unknown, right.true)
        | _meet(left.unknown, right.unknown)
    )
    return ThreeValued(_meet(left.true, right.true), left.false | right.false, unknown)


_MOST_ALTERNATIVES = 300


def _meet(left: Alternatives, right: Alternatives) -> Alternatives:
    if len(left) * len(right) > _MOST_ALTERNATIVES:
        message = "too many alternatives; split the condition over several rules or derived facts"
        raise ConditionError(message, 0)
    joined = (one | other for one, other in product(left, right))
    return frozenset(each for each in joined if not _contradicts(each))


def _contradicts(conjunction_: Conjunction) -> bool:
    absent = {each.attribute for each in conjunction_ if each.operator == "nex"}
    present = {each.attribute for each in conjunction_ if each.operator != "nex"}
    if absent & present:
        return True
    equal: dict[str, Scalar] = {}
    for each in conjunction_:
        if each.operator == "eq" and equal.setdefault(each.attribute, each.value) != each.value:
            return True
    return any(
        each.operator == "ne" and equal.get(each.attribute) == each.value for each in conjunction_
    )


_PAIRS = {"at least": ("ge", "lt"), "at most": ("le", "gt"), "under": ("lt", "ge"),
          "over": ("gt", "le")}  # fmt: skip


def _of_test(test: Test, attribute: AttributeType) -> ThreeValued:
    name = test.attribute

    def one(operator: str, value: Scalar = 0) -> Alternatives:
        return frozenset({frozenset({Literal(name, operator, value)})})

    if test.operator == "exists":
        return ThreeValued(one("ex"), one("nex"), _NOTHING)
    if test.operator == "missing":
        return ThreeValued(one("nex"), one("ex"), _NOTHING)
    values = [constant(attribute, word) for word in test.values]
    if test.operator in _PAIRS:
        yes, no = _PAIRS[test.operator]
        return ThreeValued(one(yes, values[0]), one(no, values[0]), one("nex"))
    among = frozenset(frozenset({Literal(name, "eq", value)}) for value in values)
    outside = frozenset({frozenset(Literal(name, "ne", value) for value in values)})
    if test.operator in ("is", "in"):
        return ThreeValued(among, outside, one("nex"))
    return ThreeValued(outside, among, one("nex"))
