"""What an observer filled in beside a redacted copy: saved by the page, one file for each record."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from detention_monitor.live.reviews import Given, Grade, Review
from detention_monitor.reports.form import Closed, FormError, OfQuestion, Text
from detention_monitor.reports.sample import SampleKey
from detention_monitor.text import printable
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml


class Observed(Closed):
    """The answers to the questions about one copy, as saved; what was left blank is None or empty."""

    format: Literal["custody-answers/1"]
    sample: str
    """Which sample the copy is of (`SampleKey.id`): its names, R1 and so on, are in every sample."""
    record: str
    reviewer: Text = ""
    grade: Grade | None = None
    reason: Text = ""
    questions: tuple[OfQuestion, ...] = ()


def read_observed(path: Path, key: SampleKey) -> tuple[str, Review]:
    """Return who filled in a file, if they said so, and their review.

    Raises `RuleFileError` with line and column of what is no such file, `FormError` for one of another
    sample, or that says what the sheet does not ask.
    """
    said = validated(read_yaml(path), Observed)
    if said.sample != key.id:
        raise FormError(f"{path.name}: answers about another sample than that of seed {key.seed}")
    record = key.of(said.record)
    if record is None:
        raise FormError(f"{path.name}: no record {printable(said.record, 40)} in this sample")
    if said.grade is not None and not said.reason.strip():
        raise FormError(f"{path.name}: a grade needs its reason")
    given: list[Given] = []
    for each in said.questions:
        if each.id not in record.replies:
            raise FormError(f"{path.name}: the sheet has no question {each.id}")
        if any(other.question == each.id for other in given):
            raise FormError(f"{path.name}: question {each.id} is answered twice")
        if each.answer is not None:
            given.append(Given(each.id, each.answer, record.replies[each.id], each.note))
        elif each.note.strip():
            raise FormError(f"{path.name}: question {each.id} has a note and no answer")
    if not given and said.grade is None:
        raise FormError(f"{path.name}: nothing is answered in it")
    review = Review(
        record.drawn.detention, key.ruleset, said.grade, said.reason, answers=tuple(given),
        sample=key.seed,
    )  # fmt: skip
    return said.reviewer.strip(), review


def twice(found: Iterable[tuple[Path, str, Review]]) -> None:
    """Raise `FormError` where two files are of one person and one record."""
    seen: dict[tuple[str, str], Path] = {}
    for path, who, review in found:
        first = seen.setdefault((who, review.detention), path)
        if first != path:
            raise FormError(
                f"{path.name} and {first.name} are about the same record, by the same person; "
                "give only the one that counts"
            )
