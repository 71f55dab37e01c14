"""Rules in plain English: conditions as sentences, entries as a reader calls them.

What stands in 'quotes' is a kind of entry, a derived fact or a number; whoever prints a rule
explains each of them once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from detention_monitor.conditions import Both, Condition, Either, Not, Test, parse
from detention_monitor.rulemodel import Selector
from detention_monitor.vocabulary import Attribute
from detention_monitor.wording import Wording, listed


class Speaker:
    """Says selectors and conditions of one rule set in English."""

    def __init__(
        self,
        wording: Wording,
        attributes: Mapping[str, Mapping[str, Attribute]],
        marks: Collection[str] = (),
    ) -> None:
        self.wording = wording
        self._attributes = attributes
        self._marks = marks

    def selector(self, selector: Selector) -> str:
        """Return which entries are meant: kinds, condition, states, what must be the same."""
        return self.entries(
            selector.kind, selector.where, selector.during, selector.unless, selector.same
        )

    def any_of(self, selectors: Sequence[Selector]) -> str:
        """Return several selectors, of which one is enough."""
        if all(is_plain(each) for each in selectors):
            return self.wording.quoted(kind for each in selectors for kind in each.kind)
        return "; or ".join(self.selector(each) for each in selectors)

    def entries(
        self,
        kinds: Sequence[str],
        where: str = "",
        during: Sequence[str] = (),
        unless: Sequence[str] = (),
        same: Sequence[str] = (),
    ) -> str:
        """Return kinds of entry with all that is asked of them, as one phrase."""
        out = self.wording.quoted(kinds)
        if where:
            out += f", where {self.condition(where, kinds)}"
        for state in during:
            out += f", while '{self.wording.name(state)}' holds"
        for state in unless:
            out += f", unless '{self.wording.name(state)}' holds"
        if same:
            nouns = [self.wording.noun(each, kinds[0]) for each in same]
            out += f", with the same {listed(nouns, 'and')}"
        return out

    def condition(self, text: str, kinds: Sequence[str]) -> str:
        """Return a condition as a clause, to stand after "where"."""
        return self.said(parse(text), kinds)

    def said(self, condition: Condition, kinds: Sequence[str], *, inside: str = "") -> str:
        """Return a parsed condition as a clause; in brackets where it stands `inside` another word."""
        match condition:
            case Test():
                return self._test(condition, kinds)
            case Not(part):
                return self.said(_opposite(part), kinds, inside=inside)
            case Both(parts):
                said = self._parts(parts, "exists", "blank: taken not to be so", kinds, "and")
                word = "and"
            case Either(parts):
                said = self._parts(parts, "missing", "blank: taken to be so", kinds, "or")
                word = "or"
        joined = f" {word} ".join(said)
        return f"({joined})" if inside not in ("", word) and len(said) > 1 else joined

    def _parts(
        self, parts: Sequence[Condition], asked: str, remark: str, kinds: Sequence[str], word: str
    ) -> list[str]:
        """Return each part said; `exists x and x is y` (or `missing x or x is y`) is said as one."""
        compared = [part for part in parts if _compares(part)]
        about = {part.attribute for part in compared if isinstance(part, Test)}
        told = {
            part.attribute
            for part in parts
            if isinstance(part, Test) and part.operator == asked and part.attribute in about
        }
        out = []
        for part in parts:
            if isinstance(part, Test) and part.attribute in told:
                if part.operator == asked:
                    continue
                out.append(f"{self._test(part, kinds)} ({remark})")
            else:
                out.append(self.said(part, kinds, inside=word if len(parts) > 1 else ""))
        return out

    def _test(self, test: Test, kinds: Sequence[str]) -> str:
        kind = next((k for k in kinds if test.attribute in self._attributes.get(k, {})), "")
        attribute = self._attributes.get(kind, {}).get(test.attribute)
        if attribute is not None and attribute.type == "yes_no":
            return self._yes_or_no(test, kind)
        noun = f"the {self.wording.noun(test.attribute, kind)}"
        noun += " are" if noun.endswith("s") and not noun.endswith(("ss", "is")) else " is"
        if test.operator in ("missing", "exists"):
            return f"{noun} {'not ' if test.operator == 'missing' else ''}recorded"
        values = [self.wording.value(value) for value in test.values]
        match test.operator:
            case "is" | "in":
                return f"{noun} {listed(values)}"
            case "is not" | "not in":
                return f"{noun} not {listed(values)}"
            case "at least" | "at most" if attribute is not None and attribute.type == "ordered":
                return (
                    f"{noun} {values[0]} or {'above' if test.operator == 'at least' else 'below'}"
                )
            case _:
                return f"{noun} {test.operator} {values[0]}"

    def _yes_or_no(self, test: Test, kind: str) -> str:
        meant = self.wording.yes_or_no(test.attribute, kind)
        name = f"'{self.wording.noun(test.attribute, kind)}'"
        if test.operator in ("missing", "exists"):
            said = f"whether {meant.yes}" if meant else name
            return f"{said} is {'not ' if test.operator == 'missing' else ''}recorded"
        wanted = (test.values[0] in ("true", "yes")) == (test.operator == "is")
        if meant is not None:
            return meant.yes if wanted else meant.no
        if test.attribute not in self._marks:
            return f"the entry says {'yes' if wanted else 'no'} to {name}"
        return f"{name} holds" if wanted else f"{name} does not hold"


def is_plain(selector: Selector) -> bool:
    """Whether a selector names kinds of entry and asks nothing of them."""
    return selector == Selector(kind=selector.kind)


def _compares(part: Condition) -> bool:
    return isinstance(part, Test) and part.operator not in ("missing", "exists")


_OPPOSITES = {
    "missing": "exists", "exists": "missing", "is": "is not", "is not": "is", "in": "not in",
    "not in": "in", "at least": "under", "under": "at least", "at most": "over", "over": "at most",
}  # fmt: skip


def _opposite(condition: Condition) -> Condition:
    """Return the opposite with every "not" moved to the comparisons (true of three values too)."""
    match condition:
        case Test(attribute, operator, values, column):
            return Test(attribute, _OPPOSITES[operator], values, column)
        case Not(part):
            return part
        case Both(parts):
            return Either(tuple(map(_opposite, parts)))
        case Either(parts):
            return Both(tuple(map(_opposite, parts)))
