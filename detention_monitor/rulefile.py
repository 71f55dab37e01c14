"""Load a folder of rules: every fault of every file at once, each with its place and its cure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.parameters import Parameters, load_parameters
from detention_monitor.plan import CycleError, Plan, attributes_with_marks, make_plan
from detention_monitor.rulecheck import check_file
from detention_monitor.rulemodel import DerivedFact, Rule, RuleFile
from detention_monitor.vocabulary import Attribute, Vocabulary
from detention_monitor.yamlfile import Location, YamlFile, read_yaml, validated

VOCABULARY = "vocabulary.yaml"
PARAMETERS = "parameters.yaml"
CATALOGUE = "catalogue.yaml"
WORDING = "wording.yaml"


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

    def __repr__(self) -> str:
        return f"RuleSet({self.hash})"

    def place(self, rule: Rule) -> str:
        """Return file:line of a rule."""
        return self.places.get(f"{rule.id}@{rule.in_force.start}", "")

    def only(self, file: LoadedFile) -> RuleSet:
        """Return the rules of one file with the derived facts of all, as its tests are judged."""
        rules = tuple(file.model.rules)
        return replace(self, rules=rules, plan=make_plan(self.facts, rules, self.vocabulary))


def load_rules(folder: Path, policy: Path | None = None) -> RuleSet:
    """Read a rules folder and a force's policy; raise `RuleFileError` with everything wrong."""
    if not folder.is_dir():
        message = "no such folder; --rules takes the folder that holds vocabulary.yaml"
        raise RuleFileError([Diagnostic(str(folder), 1, 1, "no-rules", message)])
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    parameters = load_parameters(folder / PARAMETERS, policy)
    files, faults = _read_all(folder)
    facts = tuple(fact for file in files for fact in file.model.facts)
    table = attributes_with_marks(facts, vocabulary)
    for file in files:
        faults.extend(check_file(file.yaml, file.model, table, facts, parameters))
    faults.extend(_clashes(files))
    if not faults:
        known = {rule.id for file in files for rule in file.model.rules}
        named = parameters.out_of_service_at.items()
        faults.extend(place for name, place in named if name not in known)
    if faults:
        raise RuleFileError(faults)
    rules = tuple(rule for file in files for rule in file.model.rules)
    try:
        plan = make_plan(facts, rules, vocabulary)
    except CycleError as error:
        raise RuleFileError([_cycle_place(files, str(error))]) from error
    return RuleSet(
        tuple(files), facts, rules, plan, vocabulary, parameters, hash_of(folder, policy),
        dict(_places(files)),
    )  # fmt: skip


def rule_paths(folder: Path) -> list[Path]:
    """Return the rule files of a folder, in order of name."""
    kept = (VOCABULARY, PARAMETERS, CATALOGUE, WORDING)
    return sorted(path for path in folder.glob("*.yaml") if path.name not in kept)


def _read_all(folder: Path) -> tuple[list[LoadedFile], list[Diagnostic]]:
    files: list[LoadedFile] = []
    faults: list[Diagnostic] = []
    for path in rule_paths(folder):
        try:
            yaml = read_yaml(path)
            files.append(LoadedFile(path, yaml, validated(yaml, RuleFile)))
        except RuleFileError as error:
            faults.extend(error.diagnostics)
    if not files and not faults:
        message = "no rule files here; write one, or name another folder with --rules"
        faults.append(Diagnostic(str(folder), 1, 1, "no-rules", message))
    return files, faults


def _clashes(files: Iterable[LoadedFile]) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every name used twice: facts, and rules in force together."""
    facts: dict[str, str] = {}
    rules: dict[str, list[tuple[Rule, str]]] = {}
    for file in files:
        for number, fact in enumerate(file.model.facts):
            line, column = file.yaml.place(("facts", number, "fact"))
            here = f"{file.yaml.name}:{line}"
            if fact.fact in facts:
                message = f"'{fact.fact}' is defined a second time; first at {facts[fact.fact]}"
                yield Diagnostic(file.yaml.name, line, column, "duplicate-fact", message)
            facts.setdefault(fact.fact, here)
        for number, rule in enumerate(file.model.rules):
            line, column = file.yaml.place(("rules", number, "id"))
            for other, place in rules.get(rule.id, []):
                if _overlap(rule, other):
                    message = (
                        f"rule '{rule.id}' is in force on days when the one at {place} is too; "
                        "end that one with in_force: {to: ...} or choose another id"
                    )
                    yield Diagnostic(file.yaml.name, line, column, "duplicate-rule", message)
            rules.setdefault(rule.id, []).append((rule, f"{file.yaml.name}:{line}"))


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
    """Return one hash of every file that decides what is found."""
    digest = hashlib.sha256()
    told_only = (CATALOGUE, WORDING)
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name not in told_only]
    paths += [policy] if policy else []
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


Attributes = Mapping[str, Mapping[str, Attribute]]
