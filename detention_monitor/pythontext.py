"""Write selections as Python: the text that the compiled back-end runs.

For each kind of fact there are two functions. `said` gathers all by which the selections can tell
two facts of the kind apart, so that what was decided once is kept; `decide` goes through the
selections one by one. The text is made of names that match `_NAME`, of local variables numbered by
us, and of `repr` of whole numbers, words of the vocabulary and yes or no: nothing that a rule file
or a record says can be run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detention_monitor.conditions import Both, Condition, Either, Not, Test, tests
from detention_monitor.meaning import constant
from detention_monitor.timeline import FAR
from detention_monitor.vocabulary import Attribute
from detention_monitor.watches import Selection

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_NUMBERS = ("whole_number", "duration", "time")
_COMPARED = ("yes_no", "enum", "ordered", *_NUMBERS)
Bits = Mapping[str, int]
"""Place of each state in the number that says which states a minute lies in (two bits each)."""


@dataclass(frozen=True, slots=True)
class KindText:
    """The text of the two functions of a kind, and the states (bits) that matter to it."""

    text: str
    states: int


def kind_text(
    selections: Iterable[tuple[int, Selection]],
    attributes: Mapping[str, Attribute],
    bits: Bits,
) -> KindText:
    """Return the functions `said(get, at, inside)` and `decide(get, at, inside)` of one kind.

    `selections` are those that name the kind, each with its number; `get` looks up an attribute of
    the fact, `at` is its instant (seconds UTC), `inside` the states of its minute. `decide` returns
    pairs of a selection's number and 2 (surely of it) or 1 (perhaps). `said` looks in a mapping
    `kept` for what was decided of a fact that tells the same, or has `decided` keep it.
    """
    chosen = list(selections)
    asked = sorted({test.attribute for _, each in chosen for test in tests(each.condition)})
    names = {name: f"v{number}" for number, name in enumerate(asked)}
    states = sum({3 << bits[n] for _, each in chosen for n in (*each.during, *each.unless)})
    parts = list(_parts(chosen, asked, names, attributes, states))
    lines = [
        "def said(get, at, inside):",
        f"    told = ({''.join(f'{part}, ' for part in parts)})",
        "    return kept.get(told) or decided(told, decide(get, at, inside))",
        "def decide(get, at, inside):",
        "    found = []",
        *(f"    {names[each]} = {_value(each, attributes[each])}" for each in asked),
    ]
    for number, select in chosen:
        lines += _selected(number, select, names, attributes, bits)
    return KindText("\n".join([*lines, "    return found", ""]), states)


def _checked(name: str) -> str:
    """Return the name of an attribute as a constant; anything else would be our own mistake."""
    if not _NAME.fullmatch(name):
        message = f"not the name of an attribute: {name!r:.80}"
        raise ValueError(message)
    return repr(name)


def _value(name: str, attribute: Attribute) -> str:
    """Return the look-up of an attribute: None when it is absent or empty."""
    got = f"get({_checked(name)})"
    return got if attribute.type in ("yes_no", *_NUMBERS) else f"{got} or None"


# --- what tells two facts apart ----------------------------------------------------------------


def _parts(
    chosen: Sequence[tuple[int, Selection]],
    asked: Sequence[str],
    names: Mapping[str, str],
    attributes: Mapping[str, Attribute],
    states: int,
) -> Iterator[str]:
    """Yield what is told: values, the range a number lies in, states, and the period in force."""
    every = [test for _, each in chosen for test in tests(each.condition)]
    for name in asked:
        attribute = attributes[name]
        if attribute.type in _NUMBERS:
            limits = sorted(
                {
                    limit
                    for test in every
                    if test.attribute == name
                    for limit in _limits(test, attribute)
                }
            )
            got = f"({names[name]} := get({_checked(name)}))"
            counted = " + ".join(f"({names[name]} >= {limit!r})" for limit in limits) or "0"
            yield f"None if {got} is None else {counted}"
        elif attribute.type in _COMPARED:
            yield f"get({_checked(name)})"
        else:
            yield f"not get({_checked(name)})"
    bounds = sorted({bound for _, each in chosen for bound in (each.start, each.end)} - {0, FAR})
    if bounds:
        yield " + ".join(f"(at >= {bound!r})" for bound in bounds)
    if states:
        yield "inside"


def _limits(test: Test, attribute: Attribute) -> Iterator[int]:
    """Yield the numbers at which the answer of a comparison changes."""
    for word in test.values:
        value = constant(attribute, word)
        assert isinstance(value, int)  # by the type of the attribute
        if test.operator not in ("at most", "over"):
            yield value
        if test.operator not in ("at least", "under"):
            yield value + 1


# --- what is decided ---------------------------------------------------------------------------


def _selected(
    number: int,
    select: Selection,
    names: Mapping[str, str],
    attributes: Mapping[str, Attribute],
    bits: Bits,
) -> Iterator[str]:
    """Yield the lines that decide one selection: perhaps of it, and if so, whether surely."""
    guard, surely = [], []
    if select.start > 0:
        guard.append(f"at >= {select.start!r}")
    if select.end < FAR:
        guard.append(f"at < {select.end!r}")
    perhaps_in = sum({1 << bits[name] for name in select.during})
    surely_in = sum({3 << bits[name] for name in select.during})
    surely_out = sum({2 << bits[name] for name in select.unless})
    perhaps_out = sum({3 << bits[name] for name in select.unless})
    if perhaps_in | surely_out:  # a state that is both asked for and forbidden is never surely so
        guard.append(f"inside & {perhaps_in | surely_out!r} == {perhaps_in!r}")
        wanted = (
            "False"
            if perhaps_out & surely_in
            else f"inside & {surely_in | perhaps_out!r} == {surely_in!r}"
        )
        surely.append(wanted)
    if select.condition != Both(()):
        guard.append(_holds(select.condition, names, attributes, unknown=True))
        surely.append(_holds(select.condition, names, attributes, unknown=False))
    indent = "    "
    if guard:
        yield f"    if {' and '.join(guard)}:"
        indent = "        "
    certainty = f"2 if {' and '.join(surely)} else 1" if surely else "2"
    yield f"{indent}found.append(({number!r}, {certainty}))"


def _holds(
    condition: Condition,
    names: Mapping[str, str],
    attributes: Mapping[str, Attribute],
    *,
    unknown: bool,
) -> str:
    """Return an expression: whether a condition is true, or (`unknown`) true or unknown (Kleene)."""
    match condition:
        case Test():
            return _test(condition, names[condition.attribute], attributes, unknown=unknown)
        case Not(part):
            return f"(not {_holds(part, names, attributes, unknown=not unknown)})"
        case Both(parts):
            held = [_holds(part, names, attributes, unknown=unknown) for part in parts]
            return f"({' and '.join(held)})" if held else "True"
        case Either(parts):
            held = [_holds(part, names, attributes, unknown=unknown) for part in parts]
            return f"({' or '.join(held)})" if held else "False"


_SIGNS = {"at least": ">=", "at most": "<=", "under": "<", "over": ">"}


def _test(test: Test, name: str, attributes: Mapping[str, Attribute], *, unknown: bool) -> str:
    if test.operator in ("missing", "exists"):
        return f"({name} is None)" if test.operator == "missing" else f"({name} is not None)"
    attribute = attributes[test.attribute]
    if attribute.type not in _COMPARED:
        message = f"an attribute of type {attribute.type} cannot be compared"
        raise ValueError(message)
    values = [constant(attribute, word) for word in test.values]
    if attribute.type in _NUMBERS and test.operator in _SIGNS:
        compared = f"{name} {_SIGNS[test.operator]} {values[0]!r}"
        return (
            f"({name} is None or {compared})" if unknown else f"({name} is not None and {compared})"
        )
    return _among(name, _words(test, attribute, values), unknown=unknown)


def _words(
    test: Test, attribute: Attribute, values: Sequence[int | str]
) -> tuple[bool, tuple[int | bool | str, ...]]:
    """Return whether a comparison is with these values or with any others, and the values."""
    if test.operator in _SIGNS:  # of words in order
        limit = values[0]
        assert isinstance(limit, int)  # the rank of a word
        ranks = {
            "at least": attribute.values[limit:],
            "at most": attribute.values[: limit + 1],
            "under": attribute.values[:limit],
            "over": attribute.values[limit + 1 :],
        }
        return True, ranks[test.operator]
    own: Iterable[int | bool | str] = values
    if attribute.type == "ordered":
        own = [attribute.values[value] for value in values if isinstance(value, int)]
    elif attribute.type == "yes_no":
        own = [bool(value) for value in values]
    return test.operator in ("is", "in"), tuple(own)


def _among(name: str, words: tuple[bool, tuple[int | bool | str, ...]], *, unknown: bool) -> str:
    """Return whether a value is (or is not) among words; None is `unknown` in both cases."""
    among, values = words
    listed = (*values, None) if among == unknown else values
    if not listed:
        return "False" if among else "True"
    if len(listed) == 1:
        sign = "==" if among else "!="
        return f"({name} {sign} {listed[0]!r})"
    return f"({name} {'in' if among else 'not in'} {listed!r})"
