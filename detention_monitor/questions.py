"""The list of the quality check: what is asked of one custody record, and which duties answer it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.catalogue import load_catalogue, section_of
from detention_monitor.errors import Diagnostic
from detention_monitor.findings import Finding
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import CATALOGUE, QUALITY_CHECK, RuleSet
from detention_monitor.rulemodel import CatalogueId, Identifier, Name
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import YamlFile, read_yaml, suggestion

ELSEWHERE = "F"
"""The section of police protection, which is not police detention: the list does not ask of it."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Closed):
    """One question of the list, to which yes is good.

    Findings of `duties` answer it; `rules` moves single rules here from where their duty stands.
    """

    id: Annotated[int, Field(ge=1, le=99)]
    short: str = Field(min_length=2, max_length=16)
    title: str = Field(min_length=3, max_length=120)
    ask: str = Field(min_length=8, max_length=200)
    duties: tuple[CatalogueId, ...] = ()
    rules: tuple[Identifier, ...] = ()
    look_at: tuple[Name, ...] = ()


class QualityCheck(_Closed):
    """`rules/quality_check.yaml`: the questions in the order in which they are asked."""

    format: Literal["custody-quality-check/1"]
    questions: tuple[Question, ...] = Field(min_length=1)

    def of(self, finding: Finding) -> Question | None:
        """Return the question that a finding answers; None where none asks about it."""
        moved = next((each for each in self.questions if finding.rule in each.rules), None)
        if moved is not None:
            return moved
        return next((each for each in self.questions if finding.duty in each.duties), None)


def load_questions(folder: Path) -> QualityCheck:
    """Read the list of a rules folder, or the one shipped for a folder without its own.

    Raises `RuleFileError` with every fault and its place.
    """
    return _read(folder if (folder / QUALITY_CHECK).exists() else bundled_rules())[1]


def check_questions(folder: Path, ruleset: RuleSet) -> list[Diagnostic]:
    """Return where the list of a folder does not fit its rules; nothing for one without a list."""
    if not (folder / QUALITY_CHECK).exists():
        return []
    file, found = _read(folder)
    misfits = [*_named(file, found, ruleset)]
    if (folder / CATALOGUE).exists():
        misfits += _asked_once(file, found, folder)
    return sorted(misfits)


def _read(folder: Path) -> tuple[YamlFile, QualityCheck]:
    file = read_yaml(folder / QUALITY_CHECK)
    return file, validated(file, QualityCheck)


def _named(file: YamlFile, found: QualityCheck, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every name in the list that nothing has."""
    kinds = [name for name, each in ruleset.vocabulary.kinds.items() if not each.derived]
    rules = [rule.id for rule in ruleset.rules]
    for number, question in enumerate(found.questions):
        for key, named, known, what in (
            ("look_at", question.look_at, kinds, "kind of entry"),
            ("rules", question.rules, rules, "rule"),
        ):
            for place, name in enumerate(named):
                if name not in known:
                    line, column = file.place(("questions", number, key, place))
                    message = f"no {what} is called '{name}'{suggestion(name, known)}"
                    yield Diagnostic(file.name, line, column, "question-misfit", message)


def _asked_once(file: YamlFile, found: QualityCheck, folder: Path) -> Iterator[Diagnostic]:
    """Yield a diagnostic for a duty that is unknown, asked about twice, or not at all."""
    catalogue = load_catalogue(folder)
    first: dict[str, int] = {}
    numbers: dict[int, int] = {}
    for number, question in enumerate(found.questions):
        if question.id in numbers:
            line, column = file.place(("questions", number, "id"))
            message = f"question {question.id} stands here a second time; number it anew"
            yield Diagnostic(file.name, line, column, "question-misfit", message)
        numbers[question.id] = number
        for place, duty in enumerate(question.duties):
            line, column = file.place(("questions", number, "duties", place))
            if duty not in catalogue.duties:
                hint = suggestion(duty, list(catalogue.duties))
                message = f"the catalogue has no duty '{duty}'{hint}"
                yield Diagnostic(file.name, line, column, "question-misfit", message)
            if duty in first:
                message = f"{duty} is asked about by question {first[duty]} too; keep one of them"
                yield Diagnostic(file.name, line, column, "question-misfit", message)
            first.setdefault(duty, question.id)
    line, column = file.place(("questions",))
    for duty in catalogue.duties:
        if duty not in first and section_of(duty) != ELSEWHERE:
            message = f"no question asks about {duty}; name it under 'duties' of one"
            yield Diagnostic(file.name, line, column, "question-misfit", message)
