"""The report on one record: the quality check, the story, the findings, the feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detention_monitor.assess import Assessment
from detention_monitor.boards.child import Child, child_of
from detention_monitor.catalogue import load_catalogue
from detention_monitor.checklist import Checklist
from detention_monitor.detention import Detention
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.questions import load_questions
from detention_monitor.reports.answers import Answer, answers, beside, is_praise
from detention_monitor.reports.feedback import Feedback, feedback
from detention_monitor.rulefile import RuleSet
from detention_monitor.telling import Teller, Told
from detention_monitor.values import Immutable
from detention_monitor.wording import Wording


class Night(Immutable, frozen=True, gc=False):
    """A night in police detention as the rules count it: its evening, and before or after charge."""

    evening: str
    phase: str
    minutes: int


@dataclass(frozen=True, slots=True)
class RecordReport:
    """What the page about one record shows. `concerns` are gravest first, causes before effects."""

    result: Assessment
    child: Child
    answers: tuple[Answer, ...]
    concerns: tuple[Finding, ...]
    praise: tuple[Finding, ...]
    beside: tuple[Finding, ...]
    feedback: tuple[Feedback, ...]
    entries: tuple[Told, ...]
    nights: tuple[Night, ...]

    def count(self, severity: str) -> int:
        """Return how many concerns there are of a severity."""
        return sum(each.severity == severity for each in self.concerns)

    def following(self, key: str) -> list[Finding]:
        """Return the concerns that follow from another, and those that follow from them."""
        out = []
        for each in self.concerns:
            if each.because_of == key and each.key != key:
                out += [each, *self.following(each.key)]
        return out

    @property
    def causes(self) -> list[Finding]:
        """The concerns that follow from none of the others; first those with the gravest effects."""
        keys = {each.key for each in self.concerns}
        causes = [each for each in self.concerns if each.because_of not in keys]
        return sorted(causes, key=self._gravity, reverse=True)

    def _gravity(self, finding: Finding) -> tuple[int, int, bool]:
        whole = [finding, *self.following(finding.key)]
        worst = max(SEVERITIES.index(each.severity) for each in whole)
        return worst, SEVERITIES.index(finding.severity), finding.certainty == "established"


class Reporter:
    """Makes reports on records by one rules folder."""

    def __init__(self, ruleset: RuleSet, folder: Path) -> None:
        """Read the list of questions, the catalogue and the wording beside the rules."""
        self.ruleset = ruleset
        self.check = load_questions(folder)
        self.catalogue = load_catalogue(folder)
        self.teller = Teller(ruleset.vocabulary, Wording.load(folder))
        self._checklist = Checklist(ruleset, folder)

    def answers(self, result: Assessment, child: Child) -> list[Answer]:
        """Return what rules and record say to each question of the list."""
        return answers(
            self.check, result, child.facts, self._checklist, self.catalogue, self.teller
        )

    def names(self, result: Assessment) -> dict[str, str]:
        """Return by key of a finding what it is about, in a word."""
        asked = ((each.key, self.check.of(each)) for each in result.findings)
        return {key: question.short for key, question in asked if question is not None}

    def report(self, result: Assessment, detention: Detention) -> RecordReport:
        """Return the report on an assessed record, which must not have been refused."""
        child = child_of(result, detention, self.ruleset.parameters)
        concerns = sorted((f for f in result.findings if f.is_breach), key=_gravest_first)
        return RecordReport(
            result=result,
            child=child,
            answers=tuple(self.answers(result, child)),
            concerns=tuple(concerns),
            praise=tuple(f for f in result.findings if is_praise(f)),
            beside=tuple(beside(self.check, result)),
            feedback=tuple(feedback(result.findings, self.ruleset, detention.entries)),
            entries=tuple(self.teller.told(fact) for fact in child.facts),
            nights=tuple(nights(result)),
        )


def nights(result: Assessment) -> Sequence[Night]:
    """Return the nights in police detention that an assessment counted (NIGHT4, domain.md 2.11)."""
    out = []
    for fact in result.facts:
        minutes = fact.attrs.get("minutes")
        if fact.kind == "night" and isinstance(minutes, int):
            phase = str(fact.attrs.get("phase", ""))
            out.append(Night(str(fact.attrs.get("evening", "")), phase, minutes))
    return out


def _gravest_first(finding: Finding) -> tuple[object, ...]:
    possible = finding.certainty == "possible"
    return (-SEVERITIES.index(finding.severity), possible, *finding.sort_key()[1:])
