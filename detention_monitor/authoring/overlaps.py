"""Warnings about rules beside each other: the same said twice, two that find one thing, days between.

Two rules overlap where whatever makes one of them fire makes the other fire as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, permutations

from pydantic import BaseModel

from detention_monitor.authoring.satisfiable import Attributes, covers
from detention_monitor.errors import Diagnostic
from detention_monitor.rulefile import LoadedFile
from detention_monitor.rulemodel import Rule, Selector

Placed = tuple[Rule, LoadedFile, int]
"""A rule, its file, and its place in the list of the file."""


def beside_each_other(files: Iterable[LoadedFile], table: Attributes) -> Iterator[Diagnostic]:
    """Yield a warning for everything that one rule, or fact, makes of another."""
    listed = tuple(files)
    yield from _versions(listed)
    yield from _same_twice(listed)
    yield from _overlapping(listed, table)


def _warning(
    file: LoadedFile, location: tuple[int | str, ...], code: str, message: str
) -> Diagnostic:
    line, column = file.yaml.place(location)
    return Diagnostic(file.yaml.name, line, column, code, message, "warning")


def _versions(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a warning where versions of a rule leave days between them without any."""
    versions: dict[str, list[Placed]] = {}
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
    """Yield a warning for a rule or a derived fact that repeats what another one says."""
    seen: dict[str, tuple[Rule, str]] = {}
    facts: dict[str, tuple[str, str]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            content = rule.model_dump_json(exclude=_OWN)
            line, _ = file.yaml.place(("rules", number, "id"))
            first = seen.setdefault(content, (rule, f"{file.yaml.name}:{line}"))
            if first[0] is not rule and first[0].id != rule.id:
                message = f"'{rule.id}' says the same as '{first[0].id}' at {first[1]}; keep one"
                yield _warning(file, ("rules", number, "id"), "duplicate-meaning", message)
        for number, fact in enumerate(file.model.facts):
            content = fact.model_dump_json(exclude={"fact", "about"})
            line, _ = file.yaml.place(("facts", number, "fact"))
            known = facts.setdefault(content, (fact.fact, f"{file.yaml.name}:{line}"))
            if known[0] != fact.fact:
                message = f"'{fact.fact}' says the same as '{known[0]}' at {known[1]}; keep one"
                yield _warning(file, ("facts", number, "fact"), "duplicate-meaning", message)


_ASIDE = {
    *_OWN, "arises_on", "never", "counts", "sequence", "authority", "in_force", "who", "certainty",
    "warn", "grades", "measures", "because_of", "relies_on", "cannot_tell_without", "when_unknown",
    "raised", "mitigated_by", "doubted_by", "needs_time", "excused_by", "lapses_on",
}  # fmt: skip
"""Fields that decide how a finding is told, or that are compared by themselves."""


def _overlapping(files: Iterable[LoadedFile], table: Attributes) -> Iterator[Diagnostic]:
    """Yield a warning for a rule that finds nothing which another does not find too."""
    known: dict[str, list[Placed]] = {}
    for file in files:
        for number, rule in enumerate(file.model.rules):
            group = f"{rule.shape} {rule.model_dump_json(exclude=_ASIDE)}"
            known.setdefault(group, []).append((rule, file, number))
    for alike in known.values():
        for (wide, first, place), (narrow, file, number) in permutations(alike, 2):
            if (
                wide.id != narrow.id
                and _in_force_together(wide, narrow)
                and _finds_all(wide, narrow, table)
            ):
                line, _ = first.yaml.place(("rules", place, "id"))
                raised = ", or make this a 'raised' of it" if narrow.never else ""
                message = (
                    f"whenever '{narrow.id}' fires, '{wide.id}' at {first.yaml.name}:{line} fires "
                    f"on the same entry; narrow that one{raised}"
                )
                yield _warning(file, ("rules", number, "id"), "overlapping-rules", message)


def _in_force_together(one: Rule, other: Rule) -> bool:
    ends = [rule.in_force.to for rule in (one, other) if rule.in_force.to is not None]
    return not ends or max(one.in_force.start, other.in_force.start) < min(ends)


def _finds_all(wide: Rule, narrow: Rule, table: Attributes) -> bool:
    """Whether one rule certainly fires wherever another, that is otherwise like it, does.

    Two that begin with the very same entries are told only if something else makes one narrower:
    rules that differ in no more than their steps or their authority are one law and a local target.
    """
    outer, inner = _beginning(wide), _beginning(narrow)
    if not covers(outer, inner, table):
        return False
    narrower = outer != inner
    for role in ("excused_by", "lapses_on"):
        fewer, more = _dumped(getattr(wide, role)), _dumped(getattr(narrow, role))
        if not fewer <= more:
            return False
        narrower = narrower or fewer < more
    if wide.counts is not None and narrow.counts is not None:
        same = wide.counts.among == narrow.counts.among
        return narrower and same and wide.counts.grades == narrow.counts.grades
    if wide.sequence is not None and narrow.sequence is not None:
        one, other = wide.sequence, narrow.sequence
        return narrower and one.steps == other.steps and one.without == other.without
    return narrower


def _beginning(rule: Rule) -> Selector:
    """Return which entries a rule begins with."""
    if rule.counts is not None:
        return rule.counts.of
    if rule.sequence is not None:
        return rule.sequence.first
    begins = rule.arises_on or rule.never
    assert begins is not None  # a rule has one of four shapes
    return begins


def _dumped(selectors: Iterable[BaseModel]) -> set[str]:
    return {each.model_dump_json() for each in selectors}
