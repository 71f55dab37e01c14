"""A dip sample as files: redacted copies and questions for reviewers, the key for the force alone."""

from __future__ import annotations

import csv
import hashlib
import io
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from detention_monitor import webpage
from detention_monitor.errors import RecordError
from detention_monitor.live.reviews import GRADES, Given, Grade, Review
from detention_monitor.questions import QualityCheck
from detention_monitor.reports.answers import REPLIES, Answer
from detention_monitor.reports.page import Column, Section, Table, columns, report_page
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.redaction import RedactedRecord
from detention_monitor.reports.sampling import Drawn, SampleError, Stratum
from detention_monitor.text import printable, several

KEY = "key.json"
"""Which record each copy is of, and what the rules answered: for the force alone."""
ANSWERS = "answers.csv"
FOR_REVIEWERS = "for_reviewers"
DEFINITIONS = (
    (
        "stratum",
        "detentions alike in what the sample is drawn by; each gives its share, at least one",
    ),
    ("stands for", "how many detentions of its stratum each drawn record stands for"),
    ("overnight", "at least 240 minutes in police detention between 22:00 and 07:00"),
    ("severity", "that of the gravest established concern of the rules"),
    ("copy", "no name, reference, date or free text; days are counted from the first"),
)
_GRADE = "grade"
_HEAD = ("record", "question", "answer", "note")
_LONGEST = 1_000_000
_SHORT = {"cannot_tell": "cannot tell", "does_not_apply": "not here"}
"""Answers as the sheets call them, where they are not called by their name."""


class Kept(msgspec.Struct, frozen=True):
    """A drawn record in the key: what the rules would answer, by question."""

    drawn: Drawn
    replies: dict[int, str]


class SampleKey(msgspec.Struct, frozen=True):
    """The key of a sample: its seed and rules, and the records behind its names."""

    seed: str
    ruleset: str
    records: tuple[Kept, ...]

    @property
    def id(self) -> str:
        """What the files of this sample are told by; see `sample_id`."""
        return sample_id(self.seed, self.ruleset, (each.drawn for each in self.records))

    def of(self, name: str) -> Kept | None:
        """Return the record of a name."""
        return next((each for each in self.records if each.drawn.name == name), None)


def sample_id(seed: str, ruleset: str, drawn: Iterable[Drawn]) -> str:
    """Return a name for a sample, which tells nothing of the records in it."""
    said = "\0".join((seed, ruleset, *(each.detention for each in drawn)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def kept(drawn: Drawn, answers: Sequence[Answer]) -> Kept:
    """Return a drawn record with the answers of the rules."""
    return Kept(drawn, {each.question.id: each.reply for each in answers})


def encoded(key: SampleKey) -> str:
    """Return the key as JSON."""
    return msgspec.json.format(msgspec.json.encode(key), indent=1).decode()


def read_key(folder: Path) -> SampleKey:
    """Read the key in the folder of a sample; raise `SampleError` where there is none."""
    path = folder / KEY
    try:
        return msgspec.json.decode(path.read_bytes(), type=SampleKey)
    except FileNotFoundError:
        raise SampleError(f"{folder}: no sample here; {KEY} comes from report sample") from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise SampleError(f"{path}: not the key of a sample: {error}") from error


# --- pages -------------------------------------------------------------------------------------


def copy_page(
    copy: RedactedRecord, check: QualityCheck, sample: str, lacks: Container[str] = ()
) -> str:
    """Return a redacted copy as a page, with the questions beside it; `sample` is the sample's id.

    `lacks` are kinds of entry that the source of the record does not carry: of a question that rests on
    such alone a reviewer is told so, as silence is no answer there.

    The script is that of the page of a record: it saves the answers as a file and sends nothing.
    """
    script, script_hash = webpage.script("review.js")
    return webpage.page(
        "redacted.html", title=f"Custody record {copy.name}", copy=copy, questions=check.questions,
        replies=[(each, _SHORT.get(each, each)) for each in REPLIES], sample=sample,
        untold={each.id for each in check.questions
                if each.look_at and all(kind in lacks for kind in each.look_at)},
        file=f"answers-{copy.name}.yaml", script=script, script_hash=script_hash,
    )  # fmt: skip


def questions_page(check: QualityCheck, first: str = "R1") -> str:
    """Return the sheet of questions, to be printed once for each record; `first` names a copy."""
    replies = ", ".join(REPLIES)
    return webpage.page(
        "questions.html", title="Questions for one custody record", questions=check.questions,
        replies=replies, first=first,
    )  # fmt: skip


def method_page(
    strata: Sequence[Stratum], drawn: Sequence[Drawn], by: Sequence[str], provenance: Provenance,
    folder: str = "SAMPLE",
) -> str:  # fmt: skip
    """Return how the sample was drawn, and which record each copy is of: for the force alone.

    `folder` is where the sample lies, for the commands that take in what its reviewers answer.
    """
    population = sum(each.population for each in strata)
    rows = tuple(
        (printable(each.name), f"{each.population:,}", str(each.drawn),
         f"{each.population / each.drawn:.1f}")
        for each in strata
    )  # fmt: skip
    total = ("all", f"{population:,}", str(len(drawn)), "")
    table = Table(
        columns("stratum", "detentions", "drawn", "stands for"), (*rows, total),
        totals=frozenset({len(rows)}),
        notes=("a figure for all detentions weighs each record by what it stands for",),
    )  # fmt: skip
    names = Table(
        (Column("copy"), Column("record"), Column("stratum")),
        tuple((each.name, printable(", ".join(each.records), 200), printable(each.stratum))
              for each in drawn),
    )  # fmt: skip
    how = f"by {', '.join(by)}" if by else "from all alike"
    return report_page(
        f"Dip sample of {several(len(drawn), 'custody record')}",
        (
            Section("Strata", f"Drawn {how}; within a stratum by chance, from the seed.",
                    tables=(table,)),
            Section("Which copy is of which record", "Keep this from the reviewers.",
                    tables=(names,)),
            Section("When the answers come", "Give out the folder for_reviewers, and nothing else.",
                    notes=_then(folder)),
        ),
        provenance,
        summary=((f"{len(drawn)} of {several(population, 'detention')}, from "
                 f"{several(len(strata), 'stratum', 'strata')}."),),
        marking="OFFICIAL-SENSITIVE: names the records behind the copies; for the force only",
    )  # fmt: skip


def _then(folder: str) -> tuple[str, ...]:
    """Return the commands for the answers of reviewers, which name the folder of the sample."""
    of = f"--sample {shlex.quote(folder)} --db reviews.db"
    return (
        f"stored: detention-monitor report answers answers-*.yaml {of}",
        f"compared: detention-monitor report agreement {of} --out agreement.html",
    )


# --- answers -----------------------------------------------------------------------------------


def blank_answers(drawn: Iterable[Drawn], check: QualityCheck) -> str:
    """Return a table for reviewers to fill: a row for each record and question, and for its grade."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for each in drawn:
        for question in check.questions:
            writer.writerow((each.name, question.id, "", ""))
        writer.writerow((each.name, _GRADE, "", ""))
    return out.getvalue()


def read_answers(path: Path, key: SampleKey) -> list[Review]:
    """Return the reviews in a filled table, one for each record of which something is said.

    Raises `RecordError` with the line of the first thing that is wrong.
    """
    if path.stat().st_size > _LONGEST:
        raise RecordError(f"{path.name}: more than a megabyte; a table of answers is far smaller")
    given: dict[str, list[Given]] = {}
    graded: dict[str, tuple[Grade, str]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = [name for name in _HEAD if name not in (rows.fieldnames or ())]
        if missing:
            raise RecordError(f"{path.name}:1: no column {', '.join(missing)}; see {ANSWERS}")
        for row in rows:
            _take(row, f"{path.name}:{rows.line_num}", key, given, graded)
    return list(_reviews(key, given, graded))


def _take(
    row: Mapping[str, str | None],
    place: str,
    key: SampleKey,
    given: dict[str, list[Given]],
    graded: dict[str, tuple[Grade, str]],
) -> None:
    name, question, answer, note = ((row[each] or "").strip() for each in _HEAD)
    if not answer:
        if note:
            raise RecordError(f"{place}: a note and no answer; write cannot_tell if it is so")
        return
    record = key.of(name)
    if record is None:
        raise RecordError(f"{place}: no record {printable(name, 40)} in this sample")
    said = answer.lower().replace(" ", "_")
    if question == _GRADE:
        if said not in GRADES:
            raise RecordError(
                f"{place}: '{printable(answer, 40)}' is no grade: {', '.join(GRADES)}"
            )
        if not note:
            raise RecordError(f"{place}: a grade needs its reason, in the column note")
        graded[name] = said, note
        return
    if not question.isdecimal() or int(question) not in record.replies:
        raise RecordError(f"{place}: the sheet has no question {printable(question, 40)}")
    if said not in REPLIES:
        known = ", ".join(REPLIES)
        raise RecordError(f"{place}: '{printable(answer, 40)}' is no answer: {known}")
    if any(each.question == int(question) for each in given.get(name, ())):
        raise RecordError(f"{place}: question {question} of {name} is answered twice")
    by_rules = record.replies[int(question)]
    given.setdefault(name, []).append(Given(int(question), said, by_rules, note))


def _reviews(
    key: SampleKey, given: Mapping[str, list[Given]], graded: Mapping[str, tuple[Grade, str]]
) -> Iterator[Review]:
    for record in key.records:
        name = record.drawn.name
        grade, reason = graded.get(name, (None, ""))
        if grade is not None or name in given:
            yield Review(
                record.drawn.detention, key.ruleset, grade, reason,
                answers=tuple(given.get(name, ())), sample=key.seed,
            )  # fmt: skip
