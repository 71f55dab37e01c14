"""The closed language of conditions: parse, check, and reason about them in three values.

A condition reads as English and can only compare attributes of one entry with fixed values::

    mode is in_person and not (asleep is true)
    rank at least inspector or (exists acting_rank and acting_rank at least inspector)
    request_type in (both, unclear)

Nothing in it can run code. A comparison with an absent attribute is *unknown*, not false
(design D7); only ``exists x`` and ``missing x`` are always true or false.

>>> print(parse("mode is in_person and missing rank"))
(mode is in_person and missing rank)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Protocol

from detention_monitor.entries import Value
from detention_monitor.times import parse_duration

OPERATORS = ("is not", "is", "not in", "in", "at least", "at most", "under", "over")
_TOKEN = re.compile(r"\s*([(),]|[A-Za-z_$][A-Za-z0-9_.$-]*|\d+[A-Za-z0-9]*|\"[^\"]*\"|\S)")
_KEYWORDS = {"and", "or", "not", "missing", "exists", "is", "in", "at", "under", "over"}


class ConditionError(ValueError):
    """A condition that cannot be read; `column` counts characters from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: `attribute` `operator` `values`; `column` is where it stands."""

    attribute: str
    operator: str
    values: tuple[str, ...] = ()
    column: int = 0

    def __str__(self) -> str:
        if self.operator in ("missing", "exists"):
            return f"{self.operator} {self.attribute}"
        if self.operator in ("in", "not in"):
            return f"{self.attribute} {self.operator} ({', '.join(self.values)})"
        return f"{self.attribute} {self.operator} {self.values[0]}"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition; the opposite of unknown is unknown."""

    part: Condition

    def __str__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts hold."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the parts holds."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.parts)) + ")"


Condition = Test | Not | Both | Either
ALWAYS: Condition = Both(())


def conjunction(*parts: Condition) -> Condition:
    """Return the condition that all the parts hold, without needless nesting."""
    kept = tuple(part for part in parts if part != ALWAYS)
    return kept[0] if len(kept) == 1 else Both(kept)


def tests(condition: Condition) -> Iterator[Test]:
    """Yield every comparison in a condition."""
    match condition:
        case Test():
            yield condition
        case Not(part):
            yield from tests(part)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from tests(part)


# --- reading -----------------------------------------------------------------------------------


@dataclass
class _Reader:
    text: str
    tokens: list[tuple[str, int]]
    place: int = 0

    @property
    def here(self) -> tuple[str, int]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", len(self.text))

    def take(self) -> tuple[str, int]:
        token = self.here
        self.place += 1
        return token

    def expect(self, word: str) -> None:
        got, column = self.take()
        if got != word:
            found = f"'{got}'" if got else "the end"
            message = f"expected '{word}' but found {found}"
            raise ConditionError(message, column)

    def name(self, what: str) -> tuple[str, int]:
        token, column = self.take()
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token) or token in _KEYWORDS:
            found = f"'{token}'" if token else "the end"
            message = f"expected {what} but found {found}"
            raise ConditionError(message, column)
        return token, column


_DEEPEST = 20


@lru_cache(maxsize=4_096)
def parse(text: str) -> Condition:
    """Read a condition; raise `ConditionError` with the column at which it stops making sense."""
    if len(text) > 2_000:
        message = "a condition may have at most 2,000 characters; split the rule"
        raise ConditionError(message, 0)
    found = [(match[1], match.start(1)) for match in _TOKEN.finditer(text)]
    reader = _Reader(text, found)
    condition = _either(reader, 0)
    left, column = reader.here
    if left:
        message = f"did not expect '{left}' here; join comparisons with 'and' or 'or'"
        raise ConditionError(message, column)
    return condition


def _either(reader: _Reader, depth: int) -> Condition:
    parts = [_both(reader, depth)]
    while reader.here[0] == "or":
        reader.take()
        parts.append(_both(reader, depth))
    return parts[0] if len(parts) == 1 else Either(tuple(parts))


def _both(reader: _Reader, depth: int) -> Condition:
    parts = [_single(reader, depth)]
    while reader.here[0] == "and":
        reader.take()
        parts.append(_single(reader, depth))
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _single(reader: _Reader, depth: int) -> Condition:
    word, column = reader.here
    if depth > _DEEPEST:
        message = f"brackets may be nested at most {_DEEPEST} deep"
        raise ConditionError(message, column)
    if word == "not":
        reader.take()
        return Not(_single(reader, depth + 1))
    if word == "(":
        reader.take()
        inside = _either(reader, depth + 1)
        reader.expect(")")
        return inside
    if word in ("missing", "exists"):
        reader.take()
        name, at = reader.name("the name of an attribute")
        return Test(name, word, (), at)
    return _comparison(reader)


def _comparison(reader: _Reader) -> Condition:
    name, column = reader.name("the name of an attribute")
    operator = _operator(reader)
    if operator in ("in", "not in"):
        reader.expect("(")
        values = [_value(reader)]
        while reader.here[0] == ",":
            reader.take()
            values.append(_value(reader))
        reader.expect(")")
        return Test(name, operator, tuple(values), column)
    return Test(name, operator, (_value(reader),), column)


def _operator(reader: _Reader) -> str:
    word, column = reader.take()
    if word == "is":
        if reader.here[0] == "not":
            reader.take()
            return "is not"
        return "is"
    if word in ("in", "under", "over"):
        return word
    if word == "not":
        reader.expect("in")
        return "not in"
    if word == "at" and reader.here[0] in ("least", "most"):
        return f"at {reader.take()[0]}"
    found = f"'{word}'" if word else "the end"
    message = f"expected one of {', '.join(OPERATORS)} but found {found}"
    raise ConditionError(message, column)


def _value(reader: _Reader) -> str:
    token, column = reader.take()
    if not token or token in ("(", ")", ",", "and", "or"):
        found = f"'{token}'" if token else "the end"
        message = f"expected a value but found {found}"
        raise ConditionError(message, column)
    return token.strip('"')


# --- meaning -----------------------------------------------------------------------------------


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
