"""Read a folder of rules through, as its author would want it read: everything, and to the end."""

from __future__ import annotations

from pathlib import Path

from detention_monitor.authoring.advice import advise
from detention_monitor.authoring.testcheck import check_tests
from detention_monitor.catalogue import check_catalogue, load_catalogue
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.questions import check_questions, load_questions
from detention_monitor.rulefile import inspect
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
    except RuleFileError as error:
        return list(error.diagnostics)
    return misfits or advise(ruleset)
