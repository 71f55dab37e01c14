"""Load a folder of rules: every fault of every file at once, each with its place and its cure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.parameters import Parameters, load_parameters
from detention_monitor.plan import CycleError, Plan, attributes_with_marks, make_plan
from detention_monitor.policy_steps import crossed
from detention_monitor.rulecheck import check_file
from detention_monitor.rulemodel import DerivedFact, Rule, RuleFile
from detention_monitor.rulenames import Known
from detention_monitor.values import changed
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wellformed import validated
from detention_monitor.wording import WORDING, Wording
from detention_monitor.yamlfile import LARGEST, Location, YamlFile, read_as_far

VOCABULARY = "vocabulary.yaml"
PARAMETERS = "parameters.yaml"
CATALOGUE = "catalogue.yaml"
QUALITY_CHECK = "quality_check.yaml"
NOT_JUDGED = "not_judged.yaml"


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One rule file as data, as model, and with the places of everything in it."""

    path: Path
    yaml: YamlFile
    model: RuleFile


@dataclass(frozen=True, slots=True, repr=False)
class RuleSet:
    """The rules of a run: checked, planned, and identified by one hash of all that decides."""

    files: tuple[LoadedFile, ...]
    facts: tuple[DerivedFact, ...]
    rules: tuple[Rule, ...]
    plan: Plan
    vocabulary: Vocabulary
    parameters: Parameters
    hash: str
    places: Mapping[str, str] = field(default_factory=dict)
    wording: Wording = field(default_factory=Wording)

    def __repr__(self) -> str:
        return f"RuleSet({self.hash})"

    def place(self, rule: Rule) -> str:
        """Return file:line of a rule."""
        return self.places.get(f"{rule.id}@{rule.in_force.start}", "")

    def only(self, file: LoadedFile) -> RuleSet:
        """Return the rules of one file with the derived facts of all, as its tests are judged."""
        rules = tuple(file.model.rules)
        plan = worded(make_plan(self.facts, rules, self.vocabulary), self.wording)
        return replace(self, rules=rules, plan=plan)


def worded(plan: Plan, wording: Wording) -> Plan:
    """Return a plan whose rules speak by a wording: what is not recorded, and what would clear it."""
    terms = {
        place: changed(
            each, wording=wording, clears=each.rule.clears or wording.quoted(each.looked_for)
        )
        for place, each in plan.terms.items()
    }
    return replace(plan, terms=terms)


def load_rules(folder: Path, policy: Path | None = None) -> RuleSet:
    """Read a rules folder and a force's policy; raise `RuleFileError` with everything wrong."""
    return inspect(folder, policy).ruleset()


@dataclass(frozen=True, slots=True)
class Part:
    """What could be read of one rule file: its sound facts and rules, by their place in the list.

    `model` is None where something in the file is wrong; `named` are the names that stand in it,
    even in parts that could not be read.
    """

    path: Path
    yaml: YamlFile
    model: RuleFile | None
    facts: tuple[tuple[int, DerivedFact], ...]
    rules: tuple[tuple[int, Rule], ...]
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inspected:
    """A rules folder as far as it could be read, and everything that is wrong with it."""

    folder: Path
    policy: Path | None
    parts: tuple[Part, ...]
    vocabulary: Vocabulary | None
    parameters: Parameters | None
    wording: Wording | None
    faults: tuple[Diagnostic, ...]

    def ruleset(self) -> RuleSet:
        """Return the rules as they are run; raise `RuleFileError` where anything is wrong."""
        if self.faults:
            raise RuleFileError(list(self.faults))
        assert self.vocabulary is not None  # without faults everything was read
        assert self.parameters is not None
        assert self.wording is not None
        files = [LoadedFile(each.path, each.yaml, each.model) for each in self.parts if each.model]
        facts = tuple(fact for file in files for fact in file.model.facts)
        rules = tuple(rule for file in files for rule in file.model.rules)
        try:
            plan = worded(make_plan(facts, rules, self.vocabulary), self.wording)
        except CycleError as error:
            raise RuleFileError([_cycle_place(files, str(error))]) from error
        return RuleSet(
            tuple(files), facts, rules, plan, self.vocabulary, self.parameters,
            hash_of(self.folder, self.policy), dict(_places(files)), self.wording,
        )  # fmt: skip


def inspect(folder: Path, policy: Path | None = None) -> Inspected:
    """Read a rules folder and a force's policy as far as they can be read, and check all of it."""
    if not folder.is_dir():
        message = "no such folder; --rules takes the folder that holds vocabulary.yaml"
        fault = Diagnostic(str(folder), 1, 1, "no-rules", message)
        return Inspected(folder, policy, (), None, None, None, (fault,))
    faults: list[Diagnostic] = []
    vocabulary = _read(lambda: Vocabulary.load(folder / VOCABULARY), faults)
    parameters = _read(lambda: load_parameters(folder / PARAMETERS, policy), faults)
    wording = _read(lambda: Wording.load(folder), faults)
    parts = _read_all(folder, faults)
    if vocabulary is not None:
        named = frozenset[str]().union(*(part.named for part in parts))
        facts = tuple(fact for part in parts for _, fact in part.facts)
        table = attributes_with_marks(facts, vocabulary)
        ids = {rule.id for part in parts for _, rule in part.rules}
        known = Known(table, facts, parameters, frozenset(ids), named)
        for part in parts:
            faults.extend(check_file(part.yaml, part.facts, part.rules, known))
    faults.extend(_clashes(parts))
    if parameters is not None and not faults:
        known_ids = {rule.id for part in parts for _, rule in part.rules}
        places = parameters.out_of_service_at.items()
        faults.extend(place for name, place in places if name not in known_ids)
        faults.extend(crossed([rule for part in parts for _, rule in part.rules], parameters))
    return Inspected(
        folder, policy, tuple(parts), vocabulary, parameters, wording, tuple(sorted(faults))
    )


Read = TypeVar("Read")


def _read(reader: Callable[[], Read], faults: list[Diagnostic]) -> Read | None:
    try:
        return reader()
    except RuleFileError as error:
        faults.extend(error.diagnostics)
        return None


def rule_paths(folder: Path) -> list[Path]:
    """Return the rule files of a folder, in order of name."""
    kept = (VOCABULARY, PARAMETERS, CATALOGUE, WORDING, QUALITY_CHECK, NOT_JUDGED)
    return sorted(path for path in folder.glob("*.yaml") if path.name not in kept)


def _read_all(folder: Path, faults: list[Diagnostic]) -> list[Part]:
    parts: list[Part] = []
    paths = rule_paths(folder)
    for path in paths:
        yaml = read_as_far(path)
        faults.extend(yaml.faults)
        parts.append(_part(path, yaml, faults))
    if not paths:
        message = "no rule files here; write one, or name another folder with --rules"
        faults.append(Diagnostic(str(folder), 1, 1, "no-rules", message))
    return parts


def _part(path: Path, yaml: YamlFile, faults: list[Diagnostic]) -> Part:
    model = None
    try:
        model = validated(yaml, RuleFile) if yaml.data is not None or not yaml.faults else None
    except RuleFileError as error:
        faults.extend(yaml.understood(error.diagnostics))
    if model is None or yaml.faults:
        facts, rules = _sound(yaml, "facts", DerivedFact), _sound(yaml, "rules", Rule)
        return Part(path, yaml, None, facts, rules, frozenset(_names_in(path)))
    numbered = tuple(enumerate(model.facts)), tuple(enumerate(model.rules))
    return Part(path, yaml, model, *numbered)


Item = TypeVar("Item", DerivedFact, Rule)


def _sound(yaml: YamlFile, key: str, model: type[Item]) -> tuple[tuple[int, Item], ...]:
    """Return the items of a list that are of good form, each with its place in the list."""
    listed = yaml.data.get(key) if isinstance(yaml.data, dict) else None
    found = []
    for number, raw in enumerate(listed if isinstance(listed, list) else ()):
        with suppress(ValidationError):
            found.append((number, model.model_validate(raw)))
    return tuple(found)


_NAMED = re.compile(rb"\b(?:fact|id): *[\"']?([A-Za-z][A-Za-z0-9_ -]{0,80})")


def _names_in(path: Path) -> Iterator[str]:
    """Yield the names that a file, read as mere text, seems to give to facts and rules."""
    if path.is_file():  # nothing that might never end
        with suppress(OSError), path.open("rb") as file:
            for match in _NAMED.finditer(file.read(LARGEST)):
                yield "-".join(match[1].decode().split())  # as somebody meant who wrote spaces


def _clashes(parts: Iterable[Part]) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every name used twice: facts, and rules in force together."""
    facts: dict[str, str] = {}
    rules: dict[str, list[tuple[Rule, str]]] = {}
    for part in parts:
        for number, fact in part.facts:
            line, column = part.yaml.place(("facts", number, "fact"))
            here = f"{part.yaml.name}:{line}"
            if fact.fact in facts:
                message = f"'{fact.fact}' is defined a second time; first at {facts[fact.fact]}"
                yield Diagnostic(part.yaml.name, line, column, "duplicate-fact", message)
            facts.setdefault(fact.fact, here)
        for number, rule in part.rules:
            line, column = part.yaml.place(("rules", number, "id"))
            for other, place in rules.get(rule.id, []):
                if not _overlap(rule, other):
                    continue
                if rule.in_force.start == other.in_force.start:
                    message = f"there is a rule '{rule.id}' at {place}; choose another id"
                    yield Diagnostic(part.yaml.name, line, column, "duplicate-rule", message)
                else:
                    first = max(rule.in_force.start, other.in_force.start)
                    message = (
                        f"two versions of '{rule.id}' are in force from {first}, this one and the "
                        f"one at {place}; end the earlier with in_force: {{from: ..., to: {first}}}"
                    )
                    at = part.yaml.place(("rules", number, "in_force"))
                    yield Diagnostic(part.yaml.name, *at, "dates-overlap", message)
            rules.setdefault(rule.id, []).append((rule, f"{part.yaml.name}:{line}"))


def _overlap(one: Rule, other: Rule) -> bool:
    first, second = sorted((one.in_force, other.in_force), key=lambda force: force.start)
    return first.to is None or first.to > second.start


def _cycle_place(files: Iterable[LoadedFile], message: str) -> Diagnostic:
    first = message.rsplit(": ", 1)[-1].split(" -> ", 1)[0]
    for file in files:
        for number, fact in enumerate(file.model.facts):
            if fact.fact == first:
                location: Location = ("facts", number, "fact")
                return file.yaml.diagnostic(location, "cycle", message)
    return Diagnostic("rules", 1, 1, "cycle", message)


def _places(files: Iterable[LoadedFile]) -> Iterator[tuple[str, str]]:
    for file in files:
        for number, rule in enumerate(file.model.rules):
            line, _ = file.yaml.place(("rules", number, "id"))
            yield f"{rule.id}@{rule.in_force.start}", f"{file.yaml.name}:{line}"


def hash_of(folder: Path, policy: Path | None) -> str:
    """Return one hash of every file that decides what is found, and in which words it is said."""
    digest = hashlib.sha256()
    told_only = (CATALOGUE, QUALITY_CHECK, NOT_JUDGED)
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name not in told_only]
    paths += [policy] if policy else []
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
