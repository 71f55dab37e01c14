"""What a rule asked of an entry, and what it looked for in vain, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator

from detention_monitor.conditions import Test, parse, tests
from detention_monitor.reference import holds
from detention_monitor.rulefile import RuleSet
from detention_monitor.speaking import Speaker
from detention_monitor.telling import Teller
from detention_monitor.timeline import Fact

_OUTCOMES = {2: "yes", 1: "not recorded", 0: "no"}


def questions(where: str, fact: Fact, ruleset: RuleSet) -> Iterator[str]:
    """Yield each comparison of a condition as a question, with its answer and what the entry says.

    Of a yes or no the answer says it all: `the rank is inspector or above? no (officer's rank: sergeant)`.
    """
    attributes = ruleset.plan.attributes[fact.kind]
    speaker = speaker_of(ruleset)
    for test in dict.fromkeys(tests(parse(where))):
        outcome = _OUTCOMES[holds(test, fact.attrs, attributes)]
        said = speaker.said(test, (fact.kind,))
        yield f"{said}? {outcome}{_given(test, fact, ruleset)}"


def _given(test: Test, fact: Fact, ruleset: RuleSet) -> str:
    value = fact.attrs.get(test.attribute)
    if value in (None, "", ()) or isinstance(value, bool):
        return ""
    teller = Teller(ruleset.vocabulary, ruleset.wording)
    return f" ({teller.attribute(fact.kind, test.attribute, value)})"


def absent_in_words(text: str, kind: str, ruleset: RuleSet) -> str:
    """Return what was looked for in vain: kinds of entry with a condition, or an attribute of `kind`."""
    name, _, where = text.partition(" where ")
    if name not in ruleset.vocabulary.kinds:
        return ruleset.wording.gap(text, kind)
    quoted = ruleset.wording.quoted([name])
    return f"{quoted} where {speaker_of(ruleset).condition(where, (name,))}" if where else quoted


def speaker_of(ruleset: RuleSet) -> Speaker:
    """Return who says conditions in the words of a rule set."""
    return Speaker(ruleset.wording, ruleset.plan.attributes, ruleset.plan.marks)
