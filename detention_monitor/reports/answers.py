"""The quality check of one record: what rules answer to each question, and what a person must read.

Nothing is judged here: the answers come from the findings of an assessment and from the checklist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from detention_monitor.assess import Assessment
from detention_monitor.catalogue import Catalogue
from detention_monitor.checklist import Checklist
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.questions import QualityCheck, Question
from detention_monitor.telling import Teller, Told
from detention_monitor.timeline import Fact
from detention_monitor.values import Immutable

Standing = Literal[
    "concern", "possible", "note", "unclear", "pending", "partly", "in_order", "person", "none"
]
STANDINGS: dict[Standing, tuple[str, str]] = {
    "concern": ("\N{BALLOT X}", "concern"),
    "possible": ("?!", "possible concern"),
    "note": ("i", "to note"),
    "unclear": ("?", "cannot tell"),
    "pending": ("\N{HORIZONTAL ELLIPSIS}", "not due yet"),
    "partly": ("\N{CHECK MARK}?", "nothing against it, in part not told"),
    "in_order": ("\N{CHECK MARK}", "nothing against it"),
    "person": ("\N{LOWER RIGHT PENCIL}", "for a person"),
    "none": ("\N{EN DASH}", "no entry shows that it arose"),
}
"""Sign and words of each standing of a question, the worst first; none is told by colour alone."""
Reply = Literal["yes", "no", "cannot_tell", "does_not_apply"]
REPLIES: tuple[Reply, ...] = ("yes", "no", "cannot_tell", "does_not_apply")
"""What may be answered to a question, by a reviewer or by the rules; yes is good."""
_REPLY: dict[Standing, Reply] = {
    "concern": "no", "possible": "cannot_tell", "note": "yes", "unclear": "cannot_tell",
    "pending": "cannot_tell", "partly": "yes", "in_order": "yes", "person": "cannot_tell",
    "none": "does_not_apply",
}  # fmt: skip
_IN_ORDER = ("done", "nothing found", "excused", "fell away")
_UNTOLD = {"cannot_tell", "open", "due_soon"}
_NOT_LAW = ("policy", "quality")
_LEAST = "medium"
"""The least severity that makes a breach a concern rather than something to note."""


class DutyAnswer(Immutable, frozen=True, gc=False):
    """How one duty stands: its label of the checklist, and what entries cannot decide of it."""

    id: str
    title: str
    label: str
    detail: str
    person: str


class Answer(Immutable, frozen=True, gc=False):
    """What rules and record say to one question.

    `law` tells whether the gravest concern is one of law, rather than of policy or good practice.
    """

    question: Question
    standing: Standing
    severity: str | None
    law: bool
    duties: tuple[DutyAnswer, ...]
    concerns: tuple[Finding, ...]
    praise: tuple[Finding, ...]
    entries: tuple[Told, ...]

    @property
    def reply(self) -> Reply:
        """What the rules would answer a reviewer who does not know them."""
        return _REPLY[self.standing]


def answers(
    check: QualityCheck,
    result: Assessment,
    facts: Sequence[Fact],
    checklist: Checklist,
    catalogue: Catalogue,
    teller: Teller,
) -> list[Answer]:
    """Return the answer to each question of the list for an assessed record.

    `facts` are the entries as corrected, of `Detention.view`.
    """
    sorted_out: dict[int, list[Finding]] = {each.id: [] for each in check.questions}
    for finding in result.findings:
        question = check.of(finding)
        if question is not None:
            sorted_out[question.id].append(finding)
    return [
        _answer(each, sorted_out[each.id], result, facts, checklist, catalogue, teller)
        for each in check.questions
    ]


def beside(check: QualityCheck, result: Assessment) -> list[Finding]:
    """Return the concerns that no question asks about, such as an entry dated ahead."""
    return [each for each in result.findings if each.is_breach and check.of(each) is None]


def _answer(
    question: Question,
    findings: Sequence[Finding],
    result: Assessment,
    facts: Sequence[Fact],
    checklist: Checklist,
    catalogue: Catalogue,
    teller: Teller,
) -> Answer:
    concerns = tuple(each for each in findings if each.is_breach)
    praise = tuple(each for each in findings if is_praise(each))
    duties = tuple(
        DutyAnswer(name, catalogue.duties[name].title, label, detail or "",
                   catalogue.duties[name].person)
        for name in question.duties if not name.startswith("GP")
        for label, detail in (checklist.standing(name, result),)
    )  # fmt: skip
    standing = _standing(findings, [each.label for each in duties])
    worst = gravest_of(concerns)
    return Answer(
        question=question,
        standing=standing,
        severity=worst.severity if worst else None,
        law=any(each.authority not in _NOT_LAW for each in concerns if _counts(each)),
        duties=duties,
        concerns=concerns,
        praise=praise,
        entries=tuple(_entries(question, (*concerns, *praise), facts, teller)),
    )


def _standing(findings: Sequence[Finding], labels: Sequence[str]) -> Standing:
    concerns = [each for each in findings if each.is_breach]
    counted = [each for each in concerns if _counts(each)]
    if any(each.certainty == "established" for each in counted):
        return "concern"
    if counted:
        return "possible"
    if concerns:
        return "note"
    # A rule that was moved here from another question speaks by its findings, not by its duty.
    statuses = {each.status for each in findings if each.nature == "concern"}
    told = (
        any(each in _IN_ORDER for each in labels)
        or bool(statuses - _UNTOLD)
        or any(map(is_praise, findings))
    )
    if "cannot tell" in labels or "cannot_tell" in statuses:
        return "partly" if told else "unclear"
    if told:
        return "in_order"
    if "not due yet" in labels or statuses & {"open", "due_soon"}:
        return "pending"
    return "person" if labels and set(labels) == {"for a person"} else "none"


def is_praise(finding: Finding) -> bool:
    """Whether a finding is of good practice that was found."""
    return finding.nature == "good_practice" and finding.status == "matched"


def gravest_of(findings: Iterable[Finding]) -> Finding | None:
    """Return the most serious of some findings, the first of those that are equally so."""
    return max(findings, key=lambda each: SEVERITIES.index(each.severity), default=None)


def _counts(finding: Finding) -> bool:
    return SEVERITIES.index(finding.severity) >= SEVERITIES.index(_LEAST)


def _entries(
    question: Question, findings: Sequence[Finding], facts: Sequence[Fact], teller: Teller
) -> Iterator[Told]:
    """Yield the entries to read: those the question names, and those that findings rest on."""
    relied = {name for each in findings for name in each.evidence}
    for fact in facts:
        if fact.kind in question.look_at or not relied.isdisjoint(fact.evidence):
            yield teller.told(fact)
