"""Warnings about rules that are sound in form but cannot mean what their author wants.

A rule that can never fire, an exception that can never apply, a duty that nothing discharges, two
rules that say the same or fire together, versions with days between them on which no version is in
force; and names that are declared and never used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, permutations

from detention_monitor.authoring.newrule import TO_DO, TO_SAY
from detention_monitor.conditions import (
    Alternatives,
    Conjunction,
    Literal,
    Scalar,
    conjunction,
    parse,
    three_valued,
)
from detention_monitor.errors import Diagnostic
from detention_monitor.parameters import MONITOR, NEEDED
from detention_monitor.plan import OLDEST_CODE, attributes_with_marks
from detention_monitor.rulefile import CATALOGUE, PARAMETERS, VOCABULARY, LoadedFile, RuleSet
from detention_monitor.rulemodel import Must, Rule, RuleTest, Selector
from detention_monitor.shards import MOST_ALPHAS
from detention_monitor.vocabulary import Attribute
from detention_monitor.yamlfile import Location, YamlFile, read_yaml

Attributes = Mapping[str, Mapping[str, Attribute]]


def advise(ruleset: RuleSet) -> list[Diagnostic]:
    """Return a warning for everything in a rule set that cannot mean what it says."""
    table = attributes_with_marks(ruleset.facts, ruleset.vocabulary)
    found: list[Diagnostic] = []
    for file in ruleset.files:
        for number, rule in enumerate(file.model.rules):
            for location, code, message in _of_rule(rule, table):
                found.append(_warning(file, ("rules", number, *location), code, message))
        for number, fact in enumerate(file.model.facts):
            for place, way in enumerate(fact.mark.yes_when if fact.mark else ()):
                if fact.mark and not _possible(way.where, fact.mark.on, table):
                    at: Location = ("facts", number, "mark", "yes_when", place)
                    message = (
                        "this alternative can never be true: its conditions exclude each other"
                    )
                    found.append(_warning(file, at, "unreachable-alternative", message))
    found += _versions(ruleset.files)
    found += _same_twice(ruleset.files)
    found += _overlapping(ruleset.files, table)
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
    for location, what, selector in _begins(rule):
        if not _opens(selector, table):
            message = f"{what} never fires: the conditions of '{location[-1]}' exclude each other"
            yield (*location, "where"), "never-fires", message
    yield from _states(rule)
    for name, left in (("says", TO_SAY), ("do", TO_DO)):
        if getattr(rule, name) == left:
            yield (name,), "still-to-fill", f"'{name}' is as 'rules new' left it; write your own"
    if rule.never is not None:
        for number, raised in enumerate(rule.raised):
            both = (rule.never.where, raised.where)
            if not _possible_together(both, rule.never.kind, table):
                message = "never applies: it cannot hold together with the condition of 'never'"
                yield ("raised", number), "unreachable-exception", message
    if rule.must is not None and not _possible(rule.must.where, rule.must.happen, table):
        message = "nothing can discharge this duty: the conditions of 'must' exclude each other"
        yield ("must", "where"), "nothing-discharges", message
    if rule.sequence is not None:
        for number, step in enumerate(rule.sequence.steps):
            if not _possible(step.where, step.then, table):
                message = "this step can never be taken: its conditions exclude each other"
                yield ("sequence", "steps", number, "where"), "never-fires", message
    for role in ("excused_by", "mitigated_by", "lapses_on"):
        for number, selector in enumerate(getattr(rule, role)):
            if not _opens(selector, table):
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
            if _is_discharge(selector, rule.must):
                message = "this excuse is the very act that discharges the duty: it never applies"
                yield ("excused_by", number), "unreachable-exception", message


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
    for name in ("excused_by", "mitigated_by", "lapses_on"):
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


def _opens(selector: Selector, table: Attributes) -> bool:
    return _possible(selector.where, selector.kind, table)


def _possible(where: str, kinds: Sequence[str], table: Attributes) -> bool:
    return any(_ever(where, table[kind]) for kind in kinds)


def _possible_together(wheres: Iterable[str], kinds: Sequence[str], table: Attributes) -> bool:
    joined = conjunction(*(parse(where) for where in wheres if where))
    return any(_satisfiable(three_valued(joined, table[kind]).true, table[kind]) for kind in kinds)


def _ever(where: str, attributes: Mapping[str, Attribute]) -> bool:
    """Whether some entry makes a condition true; unknown, for want of a word, is not enough."""
    if not where:
        return True
    return _satisfiable(three_valued(parse(where), attributes).true, attributes)


def _satisfiable(alternatives: Alternatives, attributes: Mapping[str, Attribute]) -> bool:
    return any(_holds_somewhere(each, attributes) for each in alternatives)


def _holds_somewhere(together: Conjunction, attributes: Mapping[str, Attribute]) -> bool:
    """Whether one entry can satisfy all of these comparisons at once."""
    by_name: dict[str, list[Literal]] = {}
    for literal in together:
        by_name.setdefault(literal.attribute, []).append(literal)
    return all(_has_value(attributes[name], asked) for name, asked in by_name.items())


def _has_value(attribute: Attribute, asked: Sequence[Literal]) -> bool:
    if any(each.operator == "nex" for each in asked):
        return all(each.operator == "nex" for each in asked)
    return any(all(_fits(each, value) for each in asked) for value in _values(attribute, asked))


def _values(attribute: Attribute, asked: Sequence[Literal]) -> Iterable[Scalar]:
    """Yield values among which one satisfies the comparisons if any does."""
    match attribute.type:
        case "yes_no":
            return (0, 1)
        case "enum":
            return attribute.values
        case "ordered":
            return range(len(attribute.values))
        case _:
            named = [each.value for each in asked if isinstance(each.value, int)]
            around = {value + step for value in named for step in (-1, 0, 1)}
            return sorted(value for value in around if value >= 0) or (1,)


def _fits(literal: Literal, value: Scalar) -> bool:
    wanted = literal.value
    if literal.operator == "ex":
        return True
    if literal.operator == "eq":
        return value == wanted
    if literal.operator == "ne":
        return value != wanted
    assert isinstance(value, int)  # only numbers and ranks have an order
    assert isinstance(wanted, int)
    return {
        "lt": value < wanted, "le": value <= wanted, "gt": value > wanted, "ge": value >= wanted,
    }[literal.operator]  # fmt: skip


# --- between rules -----------------------------------------------------------------------------


def _versions(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a warning where versions of a rule leave days between them without any."""
    versions: dict[str, list[tuple[Rule, LoadedFile, int]]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            versions.setdefault(rule.id, []).append((rule, file, number))
    for known in versions.values():
        known.sort(key=lambda each: each[0].in_force.start)
        for (earlier, _, _), (later, file, number) in pairwise(known):
            ended = earlier.in_force.to
            if ended is not None and ended < later.in_force.start:
                message = (
                    f"between {ended} and {later.in_force.start} no version of '{later.id}' is in "
                    f"force; begin this one on {ended}, or say in a comment why there is none"
                )
                yield _warning(file, ("rules", number, "in_force"), "dates-gap", message)


_OWN = {"id", "title", "says", "message", "do", "clears", "tests", "sources", "severity"}
"""Fields in which two rules may differ and still say the same."""


def _same_twice(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a warning for a rule that repeats what another one says."""
    seen: dict[str, tuple[Rule, str]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            content = rule.model_dump_json(exclude=_OWN)
            line, _ = file.yaml.place(("rules", number, "id"))
            first = seen.setdefault(content, (rule, f"{file.yaml.name}:{line}"))
            if first[0] is not rule and first[0].id != rule.id:
                message = f"'{rule.id}' says the same as '{first[0].id}' at {first[1]}; keep one"
                yield _warning(file, ("rules", number, "id"), "duplicate-meaning", message)


def _overlapping(files: Iterable[LoadedFile], table: Attributes) -> Iterator[Diagnostic]:
    """Yield a warning for a prohibition that finds nothing which another does not find too."""
    known: dict[tuple[object, ...], list[tuple[Rule, LoadedFile, int]]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            if rule.never is not None:
                group = (rule.duty, rule.child_by, rule.age_at, rule.finds, rule.only_if)
                known.setdefault(group, []).append((rule, file, number))
    for group_ in known.values():
        for (wide, first, place), (narrow, file, number) in permutations(group_, 2):
            if (
                wide.id != narrow.id
                and _in_force_together(wide, narrow)
                and _covers(wide, narrow, table)
            ):
                line, _ = first.yaml.place(("rules", place, "id"))
                message = (
                    f"whenever '{narrow.id}' fires, '{wide.id}' at {first.yaml.name}:{line} fires "
                    "on the same entry; narrow that one, or make this a 'raised' of it"
                )
                yield _warning(file, ("rules", number, "id"), "overlapping-rules", message)


def _in_force_together(one: Rule, other: Rule) -> bool:
    ends = [rule.in_force.to for rule in (one, other) if rule.in_force.to is not None]
    return not ends or max(one.in_force.start, other.in_force.start) < min(ends)


def _covers(wide: Rule, narrow: Rule, table: Attributes) -> bool:
    """Whether one prohibition certainly fires wherever another does."""
    assert wide.never is not None  # only prohibitions are compared
    assert narrow.never is not None
    outer, inner = wide.never, narrow.never
    same = outer.model_copy(update={"where": inner.where}) == inner
    states = {*outer.during} <= {*inner.during} and {*outer.unless} <= {*inner.unless}
    if not states or not {*inner.kind} <= {*outer.kind} or (same and outer.where == inner.where):
        return False
    if not outer.where:
        return True
    if not inner.where:
        return False
    return all(
        all(
            any(part <= each for part in three_valued(parse(outer.where), table[kind]).true)
            for each in three_valued(parse(inner.where), table[kind]).true
        )
        for kind in inner.kind
    )


# --- what nobody uses --------------------------------------------------------------------------

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

    Parameters and kinds are looked at in a whole rules folder only, one with its catalogue.
    """
    said, names = _used(ruleset)
    for file in ruleset.files:
        for number, fact in enumerate(file.model.facts):
            if said[fact.fact] < 2 and fact.fact not in names | BY_PROGRAM:
                message = f"nothing uses '{fact.fact}'; take it out, or use it in a rule"
                yield _warning(file, ("facts", number, "fact"), "unused-fact", message)
    folder = ruleset.files[0].path.parent
    if not (folder / CATALOGUE).exists():
        return
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


def _at_key(file: YamlFile, location: Location, code: str, message: str) -> Diagnostic:
    line, column = file.key_place(location)
    return Diagnostic(file.name, line, column, code, message, "warning")
