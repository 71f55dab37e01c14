"""Read a folder of rules through, as its author would want it read: everything, and to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from detention_monitor.authoring.advice import advise
from detention_monitor.authoring.lawcheck import check_law
from detention_monitor.authoring.testcheck import check_tests
from detention_monitor.authoring.words import left_behind, mistyped
from detention_monitor.catalogue import check_catalogue, load_catalogue
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.lawtext import LAW
from detention_monitor.questions import check_questions, load_questions
from detention_monitor.rulefile import Part, inspect
from detention_monitor.ruletests import HIDDEN
from detention_monitor.wording import Wording


def read_through(folder: Path, policy: Path | None = None) -> list[Diagnostic]:
    """Return everything wrong in a folder of rules and a policy; where nothing is, advice.

    Whatever could be read is checked, so that one fault does not hide another. Nothing is compiled.
    """
    found = inspect(folder, policy)
    faults = [*found.faults]
    if found.vocabulary is not None:
        faults += check_tests(found.parts, found.vocabulary, found.parameters)
    for read in (load_catalogue, Wording.load, load_questions) if folder.is_dir() else ():
        try:
            read(folder)
        except RuleFileError as error:
            faults += error.diagnostics
    if faults:
        return sorted(set(faults))
    try:
        ruleset = found.ruleset()
        misfits = [*check_catalogue(folder, ruleset), *check_questions(folder, ruleset)]
        law = [*check_law(folder, ruleset)]
    except RuleFileError as error:
        return list(error.diagnostics)
    seen = [*_hidden(found.parts), *mistyped(found.parts), *left_behind(ruleset)]
    return misfits or sorted([*advise(ruleset), *_overlooked(folder), *seen, *law])


def _overlooked(folder: Path) -> Iterator[Diagnostic]:
    """Yield a warning for every YAML file that looks like one of rules or of law and is not read."""
    for path in sorted([*folder.iterdir(), *folder.glob("*/*")]):
        beside = path.parent == folder
        if path.suffix.lower() not in (".yaml", ".yml") or (beside and path.suffix == ".yaml"):
            continue
        cure = f"name it {path.stem}.yaml" if beside else f"put it into {folder.name} itself"
        message = f"this file is not read; {cure}, or keep it elsewhere"
        name = path.relative_to(folder).as_posix()
        yield Diagnostic(name, 1, 1, "file-not-read", message, "warning")
    for path in sorted((folder / LAW).glob("*")):
        if path.suffix != ".md" and not path.name.startswith("."):
            message = f"this file is not read; name it {path.stem}.md, or keep it elsewhere"
            yield Diagnostic(f"{LAW}/{path.name}", 1, 1, "file-not-read", message, "warning")


def _hidden(parts: Iterable[Part]) -> Iterator[Diagnostic]:
    """Yield a warning for every line of a rule file that holds a character nobody can see."""
    for part in parts:
        for number, line in enumerate(part.yaml.lines, 1):
            match = HIDDEN.search(line)
            if match is not None:
                message = f"a character that nobody can see (U+{ord(match[0]):04X}); take it out"
                place = number, match.start() + 1
                yield Diagnostic(part.yaml.name, *place, "hidden-character", message, "warning")
