"""What rule files name: kinds, states, parameters, durations and conditions, each against what there is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from detention_monitor.conditions import ConditionError, parse, tests
from detention_monitor.errors import Diagnostic
from detention_monitor.meaning import allowed, constant, three_valued
from detention_monitor.parameters import Parameters
from detention_monitor.plan import PROVIDED
from detention_monitor.rulemodel import DerivedFact, Must, RuleTest, Selector, Step
from detention_monitor.times import parse_duration
from detention_monitor.vocabulary import Attribute
from detention_monitor.yamlfile import Location, YamlFile, suggestion

Attributes = Mapping[str, Mapping[str, Attribute]]
_SPANS = ("within", "asks_after", "at", "after", "warn", "established_for")
"""Fields that hold a duration, where they hold a text."""


@dataclass(frozen=True, slots=True)
class Known:
    """What rules may speak of; `named` are names in files that could not be read."""

    attributes: Attributes
    facts: Sequence[DerivedFact]
    parameters: Parameters | None
    rules: frozenset[str]
    named: frozenset[str] = frozenset()


class NameChecker:
    """Collects what is wrong with names in one file; `found` grows as its parts are checked."""

    def __init__(self, file: YamlFile, known: Known) -> None:
        """Find nothing yet."""
        self.found: list[Diagnostic] = []
        self._file = file
        self._known = known
        self._attributes = known.attributes
        self._states = (*PROVIDED, *(fact.fact for fact in known.facts if fact.interval))

    def _say(self, location: Location, code: str, message: str, offset: int = 0) -> None:
        """Note a fault at a place."""
        self.found.append(self._file.diagnostic(location, code, message, offset=offset))

    def walk(self, part: BaseModel, location: Location) -> None:
        """Check every kind, state, condition and parameter named anywhere inside a model."""
        if isinstance(part, RuleTest):
            return
        if isinstance(part, Selector):
            self.kinds(part.kind, (*location, "kind"))
            self.condition(part.where, part.kind, (*location, "where"))
        elif isinstance(part, Must):
            self.kinds(part.happen, (*location, "happen"))
            self.condition(part.where, part.happen, (*location, "where"))
            self.condition(part.doubted_where, part.happen, (*location, "doubted_where"))
        elif isinstance(part, Step):
            self.kinds(part.then, (*location, "then"))
            self.condition(part.where, part.then, (*location, "where"))
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            here = (*location, field.alias or name)
            if name in ("during", "unless", "pauses_while") and value:
                self.states((value,) if isinstance(value, str) else value, here)
            if name in ("before", "on", "already_since", "relies_on") and value:
                self.kinds((value,) if isinstance(value, str) else value, here)
            for text, at in _texts(value, here):
                if re.fullmatch(r"\$[a-z][a-z0-9_]*", text):
                    self.parameter(text[1:], at)
                elif name in _SPANS:
                    self.span(text, at)
            for inner, at in _models(value, here):
                self.walk(inner, at)

    def kinds(self, kinds: Iterable[str], location: Location) -> None:
        """Check that kinds of entry are declared."""
        for number, kind in enumerate(kinds):
            if kind not in self._attributes:
                at = self._inside(location, number)
                hint = suggestion(kind, list(self._attributes)) or (
                    "; declare it in vocabulary.yaml, under 'kinds'"
                )
                self._say(at, "unknown-kind", f"no kind of entry is called '{kind}'{hint}")

    def states(self, names: Iterable[str], location: Location) -> None:
        """Check that intervals are declared."""
        for number, name in enumerate(names):
            if name not in self._states and name not in self._known.named:
                at = self._inside(location, number)
                hint = suggestion(name, self._states)
                self._say(at, "unknown-state", f"no interval fact is called '{name}'{hint}")

    def parameter(self, name: str, location: Location) -> None:
        """Check that a parameter is declared."""
        parameters = self._known.parameters
        if parameters is not None and name not in parameters.declared:
            hint = suggestion(f"${name}", [f"${each}" for each in parameters.declared])
            message = f"no parameter is called '${name}'{hint or '; declare it in parameters.yaml'}"
            self._say(location, "unknown-parameter", message)

    def span(self, text: str, location: Location) -> None:
        """Check the form of a duration."""
        try:
            parse_duration(text)
        except ValueError as error:
            short = f"{text[:20]}..." if len(text) > 20 else text
            self._say(location, "wrong-form", str(error).replace(text, short))

    def condition(self, text: str, kinds: Sequence[str], location: Location) -> None:
        """Check one condition against every kind it is asked of."""
        if not text or any(kind not in self._attributes for kind in kinds):
            return
        try:
            parsed = parse(text)
        except ConditionError as error:
            near = text[max(0, error.column - 30) : error.column + 30]
            said = f"{error} in '{text if len(text) <= 200 else near}'"
            self._say(location, "condition-syntax", said, error.column)
            return
        for test in tests(parsed):
            if test.attribute in self._known.named:
                continue
            for kind in kinds:
                own = self._attributes[kind]
                if test.attribute not in own:
                    hint = suggestion(test.attribute, list(own))
                    message = f"'{kind}' has no attribute '{test.attribute}'{hint}"
                    self._say(location, "unknown-attribute", message, test.column)
                    break
                fault = _fault(own[test.attribute], test.operator, test.values)
                if fault:
                    self._say(location, "wrong-value", fault, test.column)
                    return
        for kind in kinds:
            own = self._attributes[kind]
            if any(test.attribute not in own for test in tests(parsed)):
                return
            try:
                three_valued(parsed, own)
            except ConditionError as error:
                self._say(location, "condition-size", str(error))
                return

    def _inside(self, location: Location, number: int) -> Location:
        """Return the place of one of several, or of the whole where one is written without a list."""
        inner = (*location, number)
        return inner if inner in self._file.places else location


def _fault(attribute: Attribute, operator: str, values: Sequence[str]) -> str:
    if operator in ("exists", "missing"):
        return ""
    fitting = allowed(attribute)
    if operator not in fitting:
        can = ", ".join((*fitting, "exists", "missing"))
        return f"'{attribute.name}' ({attribute.type}) cannot be asked '{operator}'; it can: {can}"
    for word in values:
        try:
            constant(attribute, word)
        except ValueError as error:
            return f"{attribute.name}: {error}{suggestion(word, attribute.values)}"
    return ""


def _texts(value: object, location: Location) -> Iterator[tuple[str, Location]]:
    if isinstance(value, str):
        yield value, location
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            if isinstance(each, str):
                yield each, (*location, number)


def _models(value: object, location: Location) -> Iterator[tuple[BaseModel, Location]]:
    if isinstance(value, BaseModel):
        yield value, location
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            if isinstance(each, BaseModel):
                yield each, (*location, number)
