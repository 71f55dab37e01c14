"""Read the tests beside the rules as text: a line that is no entry, a rule that does not exist.

`rules test` would say so as well, one test after the other; here each fault has its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import get_args

from detention_monitor.errors import Diagnostic, RecordError
from detention_monitor.findings import SEVERITIES, Status
from detention_monitor.parameters import Parameters, number
from detention_monitor.records import entry_from
from detention_monitor.rulefile import Part
from detention_monitor.rulemodel import Rule, RuleTest
from detention_monitor.ruletests import ENTRY, EXPECTABLE, INSTANTS, expected_of, instant, raw_entry
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.yamlfile import Location, suggestion

Fault = tuple[Location, int, str, str]
"""Where in a test, how many characters into it, code and message."""


def check_tests(
    parts: Iterable[Part], vocabulary: Vocabulary, parameters: Parameters | None
) -> list[Diagnostic]:
    """Return everything wrong with the tests of rule files that can be seen without running them."""
    found = []
    for part in parts:
        own = [rule for _, rule in part.rules]
        for location, test in _tests(part):
            faults = [*_timeline(test, vocabulary), *_settings(test, parameters)]
            faults += _expectations(test, own, part.named)
            found += [
                part.yaml.diagnostic((*location, *inner), code, message, offset=offset)
                for inner, offset, code, message in faults
            ]
    return found


def _tests(part: Part) -> Iterator[tuple[Location, RuleTest]]:
    for number_, rule in part.rules:
        for place, test in enumerate(rule.tests):
            yield ("rules", number_, "tests", place), test
    for place, test in enumerate(part.model.tests if part.model else ()):
        yield ("tests", place), test


def _timeline(test: RuleTest, vocabulary: Vocabulary) -> Iterator[Fault]:
    for place, line in enumerate(test.timeline):
        at: Location = ("timeline", place)
        try:
            raw = raw_entry(line, place + 1, test.on, vocabulary) if isinstance(line, str) else line
            entry_from(raw, vocabulary)
        except (RecordError, ValueError, OverflowError) as error:
            match = ENTRY.fullmatch(line.strip()) if isinstance(line, str) else None
            if match is not None and match["kind"] not in vocabulary.kinds:
                yield at, _into(str(line), match["kind"]), "unknown-kind", str(error)
            else:
                yield at, _into(str(line), _named(str(error))), "test-line", str(error)


def _named(message: str) -> str:
    """Return the last word in quotes before any proposal: the word that is wrong."""
    words = message.split("; did you mean", maxsplit=1)[0].split("'")[1::2]
    return words[-1] if words else ""


def _into(line: str, word: str) -> int:
    """Return how far into a line a word stands, or 0."""
    place = line.find(word) if word else -1
    return max(0, place)


def _settings(test: RuleTest, parameters: Parameters | None) -> Iterator[Fault]:
    if test.as_of is not None:
        try:
            instant(test.on, test.as_of)
        except (ValueError, OverflowError) as error:
            yield ("as_of",), 0, "test-line", str(error)
    if parameters is None:
        return
    for name, value in test.parameters.items():
        declared = parameters.declared.get(name)
        if declared is None:
            hint = suggestion(name, list(parameters.declared))
            message = f"no parameter is called '{name}'{hint}"
            yield ("parameters", name), 0, "unknown-parameter", message
            continue
        try:
            number(declared.unit, value)
        except ValueError as error:
            yield ("parameters", name), 0, "parameter-value", str(error)


def _expectations(test: RuleTest, rules: Sequence[Rule], named: frozenset[str]) -> Iterator[Fault]:
    own = {rule.id for rule in rules}
    for place, wanted in enumerate(test.expect):
        at: Location = ("expect", place)
        if isinstance(wanted, str) and len(wanted.split()) < 2:
            yield at, 0, "test-expect", f"'{wanted}' is not RULE status [severity] [possible]"
            continue
        said = expected_of(wanted)
        rule = str(said.get("rule", ""))
        if rule not in own | named:
            hint = suggestion(rule, sorted(own)) or "; a test lists what the rules of its file find"
            yield at, 0, "unknown-rule", f"no rule of this file is called '{rule}'{hint}"
        elif outside := _not_in_force(test, [each for each in rules if each.id == rule]):
            yield at, 0, "test-expect", f"'{rule}' {outside}"
        for name, value in said.items():
            key = at if isinstance(wanted, str) else (*at, name)
            yield from _expected(key, name, value, test, str(wanted))


def _not_in_force(test: RuleTest, versions: Sequence[Rule]) -> str:
    """Return why a test expects in vain: no version is in force on any of its days. Empty if one is."""
    days = [
        int(match[1]) for line in test.timeline if (match := re.match(r"\+(\d{1,3}) ", str(line)))
    ]
    last = test.on + timedelta(days=max(days, default=0))
    spans = [each.in_force for each in versions]
    if not spans or any(
        each.start <= last and (each.to is None or test.on < each.to) for each in spans
    ):
        return ""
    later = sorted(each.start for each in spans if each.start > last)
    if later:
        return f"is in force from {later[0]}, and this test is of {test.on}; write on: {later[0]}"
    ended = max(each.to for each in spans if each.to)
    return (
        f"is in force until {ended}, not including it, and this test is of {test.on}; expect nothing "
        "of it, or write an earlier on:"
    )


def _expected(
    at: Location, name: str, value: object, test: RuleTest, wanted: str
) -> Iterator[Fault]:
    words: Sequence[str] = {
        "status": get_args(Status), "severity": SEVERITIES,
        "certainty": ("established", "possible"),
    }.get(name, ())  # fmt: skip
    if name not in EXPECTABLE:
        hint = (
            suggestion(name, sorted(EXPECTABLE)) or f"; it can be {', '.join(sorted(EXPECTABLE))}"
        )
        yield at, 0, "test-expect", f"nothing of a finding is called '{name}'{hint}"
    elif words and value not in words:
        hint = suggestion(str(value), words) or f"; it can be {', '.join(words)}"
        offset = wanted.find(str(value)) if len(at) == 2 else 0
        yield at, max(0, offset), "test-expect", f"{name}: '{value}' is not known here{hint}"
    elif name in INSTANTS and value is not None:
        try:
            instant(test.on, str(value))
        except (ValueError, OverflowError) as error:
            yield at, 0, "test-expect", str(error)
