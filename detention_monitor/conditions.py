"""The closed language of conditions: how one is written and read; its meaning is in meaning.py.

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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
