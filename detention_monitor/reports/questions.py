"""What to ask at the morning meeting about a child held overnight: by state first, then by what was missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor.boards.child import Child
from detention_monitor.boards.rows import when_text
from detention_monitor.findings import Finding

MOST = 6

_CERTIFICATE = "Where is the certificate under s.38(7), and will the court have it?"
OF_DUTIES = {
    "A09": "Where could the child be kept out of sight and hearing of adults?",
    "A10": "Why a cell, and what else was there?",
    "A11": "Why were visits late, and who was to make them?",
    "A14": "Who has asked the child what they want and worry about?",
    "A15": "Has children's social care had a referral that is about the child's needs?",
    "B01": "Why was an adult not asked at once?",
    "B02": "Why did no adult come sooner, and what was tried?",
    "B03": "Was the adult called for the child, or for the interview?",
    "B07": "Why was no parent or carer told sooner?",
    "C01": "Who decided to interview without an adult, and on what ground?",
    "C05": "Why did the child not have eight hours of rest?",
    "D01": "Why was the review late, and what made the detention lawful meanwhile?",
    "D02": "Why was the review late, and what made the detention lawful meanwhile?",
    "D04": "Who should have reviewed, and has that review been held now?",
    "D05": "Why was the review held in this way, and is it good in law?",
    "D06": "Why did no inspector go to see the child?",
    "D07": "Whose views were asked before detention went on?",
    "D09": "By what authority was the child held past the limit?",
    "E02": "Which ground in law was there to refuse bail?",
    "E04": "What made a move impossible, other than that no bed was offered?",
    "E07": "Was the authority told plainly whether secure accommodation is meant?",
    "E10": _CERTIFICATE,
    "E14": "Why was the review after charge late?",
    "E18": "Was the move asked for again at the review?",
}
"""Questions by the duty that was missed."""


def questions(child: Child, findings: Sequence[Finding], now: int) -> Iterator[str]:
    """Yield what to ask, the most pressing first, at most six."""
    asked: list[str] = []
    for each in (*_by_state(child, now), *_by_findings(findings)):
        if each not in asked:
            asked.append(each)
    yield from asked[:MOST]


def _by_state(child: Child, now: int) -> Iterator[str]:
    if child.in_custody:
        if child.charged_at is None:
            yield "What is still to be done before charge or release, by whom and by when?"
        state = child.adult.state(now)[0]
        if state in ("none", "asked"):
            yield "Who is getting an adult here, and when will they come?"
        if child.review is not None and child.review.due is not None:
            due = when_text(child.review.due, now)
            yield f"Who holds the review due {due}, and in person?"
    if child.moved_at is not None or child.bail.state != "refused":
        return
    asked = child.request
    if asked is None and not child.told(("la_requested",)):
        yield "Was the local authority asked for accommodation? This source does not carry it."
    elif asked is None:
        yield "Why was the local authority not asked for accommodation?"
    elif asked.replied_at is None and child.told(("every la_replied",)):
        yield "Who chases the local authority for a reply, and was it escalated?"
    elif asked.replied_at is None:
        yield "What did the local authority reply? This source does not carry it."
    elif asked.reply.startswith("answer not "):
        yield f"What did the local authority reply? It is {asked.reply.removeprefix('answer ')}."
    elif asked.reply == "accepted":
        yield "The authority accepted: why was the child not moved?"
    else:
        yield f"The authority said '{asked.reply}': was it escalated, to whom, and with what answer?"
    made = any(fact.kind == "certificate_made" for fact in child.facts)
    if not made and child.told(("certificate_made",)):
        yield _CERTIFICATE


def _by_findings(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        if each.is_breach and each.because_of is None and each.duty in OF_DUTIES:
            yield OF_DUTIES[each.duty]
