"""The form on which a reviewer says what they hold of a record: YAML, to be filled in any editor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detention_monitor.assess import Assessment
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import Finding
from detention_monitor.live.reviews import Given, Grade, Opinion, Review, Verdict
from detention_monitor.reports.answers import STANDINGS, Answer, Reply
from detention_monitor.text import printable
from detention_monitor.times import local_text
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml

_WIDTH = 96


class FormError(DetentionMonitorError):
    """A form that does not fit the record or the rules; says why and what to do."""


def _blank(value: object) -> object:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_blank), Field(max_length=2_000)]


class Closed(BaseModel):
    """A part of a form that says nothing it should not."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _OfFinding(Closed):
    key: str = Field(min_length=8, max_length=64)
    opinion: Opinion | None = None
    reason: Text = ""


class OfQuestion(Closed):
    """The answer to one question of the list."""

    id: int
    answer: Reply | None = None
    note: Text = ""


class Form(Closed):
    """A form as filled in: what was left blank is None or empty."""

    format: Literal["custody-review/1"]
    detention: str
    ruleset: str
    as_of: int | None = None
    """The instant as of which the record was judged (seconds UTC)."""
    reviewer: Text = ""
    """Who filled it in, where they said so; whoever stores it may say otherwise (`--as`)."""
    grade: Grade | None = None
    reason: Text = ""
    findings: tuple[_OfFinding, ...] = ()
    questions: tuple[OfQuestion, ...] = ()


def blank_form(
    result: Assessment, ruleset: str, findings: Sequence[Finding], answers: Sequence[Answer]
) -> str:
    """Return an empty form for a record, with every finding and question as comments."""
    return "\n".join(_lines(result, ruleset, findings, answers)) + "\n"


def _lines(
    result: Assessment, ruleset: str, findings: Sequence[Finding], answers: Sequence[Answer]
) -> Iterator[str]:
    yield f"# Review of {printable(result.detention, 100)}. Fill in what you hold; what is blank is not counted."
    yield "# Then: detention-monitor report review THIS_FILE RECORDS --db reviews.db"
    yield "format: custody-review/1"
    yield f"detention: {_quoted(result.detention)}"
    yield f"ruleset: '{ruleset}'"
    yield f"as_of: {result.as_of}    # {local_text(result.as_of)}"
    yield "reviewer:   # your name; blank: who stores it, or --as"
    yield ""
    yield "grade:      # good, requires_improvement or inadequate"
    yield "reason:     # why; a grade needs one"
    yield ""
    yield "# Each finding of the rules: agree or disagree; to disagree needs a reason."
    yield "findings:" if findings else "findings: []"
    for each in findings:
        sure = "possible " if each.certainty == "possible" else ""
        status = each.status.replace("_", " ")
        head = f"{each.duty or ''} {each.title}: {sure}{status}, {each.severity}. {each.message}"
        yield from _comment(head, "  ")
        yield f"  - key: '{each.key}'"
        yield "    opinion:"
        yield "    reason:"
    yield ""
    yield "# The quality check: yes (good), no, cannot_tell or does_not_apply."
    yield "questions:"
    for answer in answers:
        words = STANDINGS[answer.standing][1]
        yield from _comment(f"{answer.question.ask} Rules: {words}.", "  ")
        yield f"  - id: {answer.question.id}"
        yield "    answer:"
        yield "    note:"


def _quoted(text: str) -> str:
    shown = printable(text, 1_000).replace("'", "''")
    return f"'{shown}'"


def _comment(text: str, indent: str) -> Iterator[str]:
    lead = f"{indent}# "
    yield from (lead + line for line in wrap(printable(text, 600), _WIDTH - len(lead)))


def read_form(path: Path) -> Form:
    """Read a filled form; raise `RuleFileError` with line and column of every fault."""
    return validated(read_yaml(path), Form)


def review_of(
    form: Form, ruleset: str, findings: Sequence[Finding], answers: Sequence[Answer]
) -> Review:
    """Return the review that a form gives of a record as it is judged now.

    Raises `FormError` where rules have changed since the form was made, or it names a finding or a
    question that is not there.
    """
    if form.ruleset != ruleset:
        raise FormError(
            f"the form was made with ruleset {printable(form.ruleset, 40)}, these rules are "
            f"{ruleset}: what you saw may not be what is found now; make the form anew, or give "
            "the rules of that time (--rules, --policy)"
        )
    by_key = {each.key: each for each in findings}
    by_id = {each.question.id: each for each in answers}
    verdicts = []
    for said in form.findings:
        finding = by_key.get(said.key)
        if finding is None:
            raise FormError(
                f"no finding of {printable(form.detention, 100)} has the key "
                f"{printable(said.key, 40)}; has the record changed? Make the form anew"
            )
        if said.opinion is not None:
            verdicts.append(_verdict(finding, said.opinion, said.reason))
        elif said.reason.strip():
            raise FormError(f"{said.key[:10]} has a reason but no opinion: agree or disagree")
    given = []
    for answered in form.questions:
        question = by_id.get(answered.id)
        if question is None:
            raise FormError(f"the quality check has no question {answered.id}")
        if answered.answer is not None:
            given.append(Given(answered.id, answered.answer, question.reply, answered.note))
    return Review(form.detention, ruleset, form.grade, form.reason, tuple(verdicts), tuple(given))


def _verdict(finding: Finding, opinion: Opinion, reason: str) -> Verdict:
    return Verdict(
        finding.key, finding.rule, finding.rule_version, finding.duty, finding.severity,
        finding.status, finding.certainty, opinion, reason,
    )  # fmt: skip
