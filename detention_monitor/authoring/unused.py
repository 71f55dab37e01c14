"""Warnings about what nobody uses: numbers, derived facts, kinds of entry; and rules nobody tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from detention_monitor.errors import Diagnostic
from detention_monitor.parameters import MONITOR, NEEDED
from detention_monitor.rulefile import CATALOGUE, PARAMETERS, VOCABULARY, RuleSet
from detention_monitor.rulemodel import RuleTest
from detention_monitor.ruletests import expected_of
from detention_monitor.yamlfile import Location, YamlFile, read_yaml

BY_PROGRAM = frozenset({
    # numbers
    *NEEDED, *MONITOR, "entry_late", "entry_very_late",
    # derived facts
    "valid_review", "disputed_review", "lawful_postponement", "valid_extension",
    "valid_certificate",
    # kinds of entry
    "age_corrected", "questioning_started", "cell_left", "warrant_applied", "yjs_contacted",
    "clock_unknown",
    # attributes of derived kinds
    "due_latest", "paused", "minutes_post", "early", "left", "clock",
})  # fmt: skip
"""Names of rules/ that the program itself reads: no rule need use them."""
_PROSE = {"title", "says", "message", "do", "clears", "who", "about", "sources", "tests", "id",
          "duty", "because_of", "theme"}  # fmt: skip
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def unused(ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Yield a warning for every derived fact, parameter and kind that nothing reads.

    Parameters, kinds and tests are looked at in a whole rules folder only, one with its catalogue.
    """
    said, names = _used(ruleset)
    for file in ruleset.files:
        for number, fact in enumerate(file.model.facts):
            if said[fact.fact] < 2 and fact.fact not in names | BY_PROGRAM:
                message = f"nothing uses '{fact.fact}'; take it out, or use it in a rule"
                yield _told(
                    file.yaml, file.yaml.place(("facts", number, "fact")), "unused-fact", message
                )
    folder = ruleset.files[0].path.parent
    if not (folder / CATALOGUE).exists():
        return
    yield from _untested(ruleset)
    parameters, vocabulary = read_yaml(folder / PARAMETERS), read_yaml(folder / VOCABULARY)
    used = {*said} | names | BY_PROGRAM
    for name in ruleset.parameters.declared:
        if name not in used:
            message = f"no rule reads '${name}'; take it out, or use it in a rule"
            yield _at_key(parameters, ("parameters", name), "unused-parameter", message)
    told = "".join(str(test.timeline) for test in _tests(ruleset))
    for kind in ruleset.vocabulary.kinds.values():
        at: Location = ("derived" if kind.derived else "kinds", kind.name)
        if kind.name not in used and not re.search(rf"\b{kind.name}\b", told):
            message = f"no rule and no test uses '{kind.name}'; take it out, or use it in a rule"
            yield _at_key(vocabulary, at, "unused-kind", message)
        elif kind.derived:
            for name in sorted(kind.own - used):
                message = f"no rule asks for '{name}' of '{kind.name}'; take it out, or use it"
                yield _at_key(vocabulary, (*at, "attributes", name), "unused-attribute", message)


def _used(ruleset: RuleSet) -> tuple[Counter[str], set[str]]:
    """Return how often each word stands in what rules mean, and the placeholders of messages."""
    models = (*ruleset.rules, *ruleset.facts)
    said = Counter(
        word for each in models for word in _WORD.findall(each.model_dump_json(exclude=_PROSE))
    )
    messages = "".join(rule.message for rule in ruleset.rules)
    return said, set(re.findall(r"\{([^}]*)\}", messages))


def _tests(ruleset: RuleSet) -> Iterator[RuleTest]:
    for file in ruleset.files:
        yield from file.model.tests
        for rule in file.model.rules:
            yield from rule.tests


def _untested(ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Yield a warning for every rule that no test of its file makes fire."""
    for file in ruleset.files:
        every = [*file.model.tests, *(test for rule in file.model.rules for test in rule.tests)]
        fired = {str(expected_of(each).get("rule")) for test in every for each in test.expect}
        for number, rule in enumerate(file.model.rules):
            if rule.id not in fired:
                message = (
                    f"no test makes '{rule.id}' fire; write one that does, one that stays silent "
                    "and one at the last second"
                )
                place = file.yaml.place(("rules", number, "id"))
                yield _told(file.yaml, place, "tests-missing", message)


def _at_key(file: YamlFile, location: Location, code: str, message: str) -> Diagnostic:
    return _told(file, file.key_place(location), code, message)


def _told(file: YamlFile, place: tuple[int, int], code: str, message: str) -> Diagnostic:
    return Diagnostic(file.name, *place, code, message, "warning")
