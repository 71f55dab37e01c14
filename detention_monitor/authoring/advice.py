"""Warnings about rules that are sound in form but cannot mean what their author wants.

A rule that can never fire, an exception that can never apply, a duty that nothing discharges, steps
that stand in the wrong order. What rules make of each other is in `overlaps.py`, what nobody uses in
`unused.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from detention_monitor.authoring.newrule import TO_DO, TO_SAY
from detention_monitor.authoring.overlaps import beside_each_other
from detention_monitor.authoring.satisfiable import Attributes, opens, possible, possible_together
from detention_monitor.authoring.unused import unused
from detention_monitor.conditions import parse
from detention_monitor.errors import Diagnostic
from detention_monitor.meaning import three_valued
from detention_monitor.parameters import Parameters
from detention_monitor.plan import attributes_with_marks
from detention_monitor.rulefile import LoadedFile, RuleSet
from detention_monitor.rulemodel import Must, Rule, Selector
from detention_monitor.shards import MOST_ALPHAS
from detention_monitor.times import in_words
from detention_monitor.vocabulary import Attribute
from detention_monitor.watches import OLDEST_CODE
from detention_monitor.yamlfile import Location

_FAR = date(2100, 1, 1)
"""No law is made so long before it is in force: a year was mistyped."""


def advise(ruleset: RuleSet) -> list[Diagnostic]:
    """Return a warning for everything in a rule set that cannot mean what it says."""
    table = attributes_with_marks(ruleset.facts, ruleset.vocabulary)
    found: list[Diagnostic] = []
    for file in ruleset.files:
        for number, rule in enumerate(file.model.rules):
            for location, code, message in (
                *_of_rule(rule, table), *_times(rule, ruleset.parameters),
            ):  # fmt: skip
                found.append(_warning(file, ("rules", number, *location), code, message))
        for number, fact in enumerate(file.model.facts):
            for place, way in enumerate(fact.mark.yes_when if fact.mark else ()):
                if fact.mark and not possible(way.where, way.kind or fact.mark.on, table):
                    at: Location = ("facts", number, "mark", "yes_when", place)
                    message = (
                        "this alternative can never be true: its conditions exclude each other"
                    )
                    found.append(_warning(file, at, "unreachable-alternative", message))
    found += beside_each_other(ruleset.files, table)
    found += unused(ruleset)
    return sorted(found)


def _warning(file: LoadedFile, location: Location, code: str, message: str) -> Diagnostic:
    line, column = file.yaml.place(location)
    return Diagnostic(file.yaml.name, line, column, code, message, "warning")


def _of_rule(rule: Rule, table: Attributes) -> Iterator[tuple[Location, str, str]]:
    if rule.in_force.to is not None and rule.in_force.to <= OLDEST_CODE:
        message = (
            f"never fires: records before {OLDEST_CODE} are not judged, and this rule ends before"
        )
        yield ("in_force", "to"), "never-fires", message
    if rule.in_force.start >= _FAR:
        message = f"never fires: in force from {rule.in_force.start} only; mend the year"
        yield ("in_force", "from"), "never-fires", message
    for location, what, selector in _begins(rule):
        if not opens(selector, table):
            message = f"{what} never fires: the conditions of '{location[-1]}' exclude each other"
            yield (*location, "where"), "never-fires", message
    yield from _states(rule)
    for name, left in (("says", TO_SAY), ("do", TO_DO)):
        if getattr(rule, name) == left:
            yield (name,), "still-to-fill", f"'{name}' is as 'rules new' left it; write your own"
    if rule.never is not None:
        for number, raised in enumerate(rule.raised):
            both = (rule.never.where, raised.where)
            if not possible_together(both, rule.never.kind, table):
                message = "never applies: it cannot hold together with the condition of 'never'"
                yield ("raised", number), "unreachable-exception", message
    if rule.must is not None and not possible(rule.must.where, rule.must.happen, table):
        message = "nothing can discharge this duty: the conditions of 'must' exclude each other"
        yield ("must", "where"), "nothing-discharges", message
    if rule.sequence is not None:
        for number, step in enumerate(rule.sequence.steps):
            if not possible(step.where, step.then, table):
                message = "this step can never be taken: its conditions exclude each other"
                yield ("sequence", "steps", number, "where"), "never-fires", message
    for role in ("excused_by", "mitigated_by", "doubted_by", "lapses_on"):
        for number, selector in enumerate(getattr(rule, role)):
            if not opens(selector, table):
                message = f"this '{role}' can never apply: its conditions exclude each other"
                yield (role, number), "unreachable-exception", message
    for location, selector in _selectors(rule):
        weight = max(_weight(selector, table[kind]) for kind in selector.kind)
        if weight > MOST_ALPHAS:
            message = (
                f"comes down to {weight} rules about one kind of entry; the engine holds at most "
                f"{MOST_ALPHAS}; say it with fewer 'or' and fewer 'unless', or as a derived fact"
            )
            yield location, "set-too-large", message
    if rule.must is not None and not rule.excused_late:
        for number, selector in enumerate(rule.excused_by):
            if _is_discharge(selector, rule.must) and opens(selector, table):
                message = "this excuse is the very act that discharges the duty: it never applies"
                yield ("excused_by", number), "unreachable-exception", message


def _times(rule: Rule, parameters: Parameters) -> Iterator[tuple[Location, str, str]]:
    """Yield a warning where steps come in the wrong order, or warnings before the duty itself.

    Numbers are those of today: the latest of each parameter.
    """
    latest = max((each[-1].start for each in parameters.values.values() if each), default=0)
    first = None
    steps = rule.grades if isinstance(rule.grades, tuple) else ()
    for number, step in enumerate(steps):
        if step.name in [each.name for each in steps[:number]]:
            message = f"there is a step '{step.name}' above; give this one a name of its own"
            yield ("grades", number, "name"), "times-order", message
        if step.at is None:
            continue
        at = parameters.span(step.at, latest)
        if first is not None and at <= first[1]:
            message = (
                f"'{step.name}' begins after {in_words(at)}, not later than '{first[0]}' above it "
                f"({in_words(first[1])}); put the steps in order of time"
            )
            yield ("grades", number, "at"), "times-order", message
        first = (step.name, at)
    spans = [step.at for step in steps[:1] if step.at]
    spans += [rule.must.within] if rule.must is not None and rule.must.within else []
    for number, warning in enumerate(rule.warn if spans else ()):
        whole, early = parameters.span(spans[0], latest), parameters.span(warning, latest)
        if early >= whole:
            message = (
                f"a warning {in_words(early)} before a time of {in_words(whole)} would stand from "
                "the start; write a shorter one"
            )
            yield ("warn", number), "times-order", message


def _begins(rule: Rule) -> Iterator[tuple[Location, str, Selector]]:
    """Yield the selections without which a rule finds nothing, and what to call the rule."""
    if rule.arises_on is not None:
        yield ("arises_on",), "this duty", rule.arises_on
    if rule.never is not None:
        yield ("never",), "this rule", rule.never
    if rule.counts is not None:
        yield ("counts", "of"), "this count", rule.counts.of
    if rule.sequence is not None:
        yield ("sequence", "first"), "this sequence", rule.sequence.first


def _states(rule: Rule) -> Iterator[tuple[Location, str, str]]:
    """Yield a warning where a state is both wanted (while) and not wanted (unless)."""
    for location, selector in _selectors(rule):
        for state in sorted({*selector.during} & {*selector.unless}):
            message = f"'{state}' stands under both 'while' and 'unless': this can never be"
            if location == ("must",):
                yield location, "nothing-discharges", message
            elif location[0] in ("arises_on", "never"):
                yield location, "never-fires", message
            else:
                yield location, "unreachable-exception", message


def _selectors(rule: Rule) -> Iterator[tuple[Location, Selector]]:
    """Yield every selection of entries in a rule, with where it stands."""
    for name in ("arises_on", "never"):
        one = getattr(rule, name)
        if one is not None:
            yield (name,), one
    if rule.must is not None:
        must = rule.must
        selector = Selector.model_construct(
            kind=must.happen, where=must.where, during=must.during, unless=must.unless
        )
        yield ("must",), selector
    for name in ("excused_by", "mitigated_by", "doubted_by", "lapses_on"):
        for number, each in enumerate(getattr(rule, name)):
            yield (name, number), each


def _weight(selector: Selector, attributes: Mapping[str, Attribute]) -> int:
    """Return how many rules of the engine a selection comes down to for one kind of entry."""
    values = three_valued(parse(selector.where), attributes) if selector.where else None
    alternatives = len(values.true) + len(values.unknown) if values else 1
    return int(alternatives * 2 ** len(selector.unless))


def _is_discharge(selector: Selector, must: Must) -> bool:
    same_states = selector.during == must.during and selector.unless == must.unless
    unconditional = not must.where and same_states and not must.same
    return unconditional and set(selector.kind) <= set(must.happen)
