"""The report on one record as a page: one glance, then the findings, the questions, the entries."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from detention_monitor import webpage
from detention_monitor.checklist import LABELS
from detention_monitor.clock_facts import detained
from detention_monitor.findings import Finding
from detention_monitor.live.reviews import Stored
from detention_monitor.people import is_police_protection
from detention_monitor.reports import carried
from detention_monitor.reports.answers import REPLIES, STANDINGS, Answer, gravest_of
from detention_monitor.reports.feedback import TONES, basis_of
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.record import Night, RecordReport
from detention_monitor.reports.timeline import timeline
from detention_monitor.telling import Told
from detention_monitor.text import printable, several
from detention_monitor.times import clock_text, day_of, in_words, local_text
from detention_monitor.wording import day_in_words

MARKING = "OFFICIAL-SENSITIVE: about a child; for the force only"
SIGNS = {"critical": "\N{BLACK DIAMOND}", "high": "\N{BLACK UP-POINTING TRIANGLE}",
         "medium": "\N{BLACK CIRCLE}", "info": "\N{WHITE CIRCLE}"}  # fmt: skip
DEFINITIONS = (
    (
        "concern",
        "no entry shows a timely act, an act must not be, or a gap; established or possible",
    ),
    ("severity", "critical, high, medium or info: set beside each rule; of timing by how late"),
    ("night", "at least 240 minutes in police detention between 22:00 and 07:00, by its evening"),
    (
        "after charge",
        "of a night: at least 240 of its minutes follow the decision to keep the child",
    ),
    (
        "not law",
        "force standards and good practice are told as such, never as a breach of the Code",
    ),
    (
        "for a person",
        "what entries cannot decide; the question is printed with the entries to read",
    ),
)
_TONES = {"critical": "#a3002a", "high": "#b34700", "medium": "#735a00"}
_STATUSES = {**LABELS, "matched": "found"}
_LACKED = re.compile(r"This source does not carry ([^.:;]+)")
_FIRST = 3
_MOST = 10
"""Entries shown under a question; the whole record stands at the end."""


def record_page(
    report: RecordReport,
    provenance: Provenance,
    *,
    reviews: Sequence[Stored] = (),
    names: dict[str, str] | None = None,
    paths: Sequence[str] = (),
    options: Sequence[str] = (),
    at: Sequence[str] = (),
    db: str = "reviews.db",
) -> str:
    """Return the page; `reviews` are those stored already, `names` says what a finding is about.

    `paths` and `options` are what the commands need that are printed on it: the same records and
    column map, rules and policy; `at` is the time as of which it was judged, if one was given.

    Raises `DetentionMonitorError` where the extra `reports` is not installed.
    """
    worst = gravest_of(report.concerns)
    titles = dict.fromkeys(f"{each.duty} {each.title}" for each in report.praise)
    record = report.result.records[0] if report.result.records else report.result.detention
    given = shlex.join([*paths, "--record", record, *options, *at])
    first = [each for each in report.causes if each.severity != "info"][:_FIRST]
    script, script_hash = webpage.script("review.js")
    review_file = f"review-{re.sub('[^A-Za-z0-9._-]+', '-', record)[:80]}.yaml"
    return webpage.page(
        "record.html",
        title=f"Quality check of {report.child.name}",
        marking=MARKING,
        names=report.child.name,
        report=report,
        facts=_facts(report),
        tone=_TONES.get(worst.severity if worst else "", "#1b6b3a"),
        first=first,
        more=_more(report, first),
        praised="; ".join(titles),
        pictures=timeline(report.child, report.concerns, names or {}),
        statuses=_STATUSES,
        standings=STANDINGS, signs=SIGNS, tones=TONES, basis=basis_of,
        late=_late, untold=_untold(report), titles=_titles, blanks=_blanks, most=_MOST, shown=_all_shown,
        relied={each.key: _relied(each, report.entries) for each in report.concerns},
        by_day=_by_day(report.entries),
        reviews=[_review(each) for each in reviews],
        form_command=f"detention-monitor report record {given} --form {review_file}",
        review_command="detention-monitor report review "
                       + shlex.join([review_file, *paths, *options, "--db", db]),
        review_file=review_file, replies=[(each, each.replace("_", " ")) for each in REPLIES], script=script, script_hash=script_hash,
        provenance=provenance,
    )  # fmt: skip


def _facts(report: RecordReport) -> list[tuple[str, str]]:
    child, result = report.child, report.result
    out = [("age", child.silence(*carried.AGE) if child.age is None else str(child.age))]
    sex = [str(fact.attrs["sex"]) for fact in child.facts if fact.attrs.get("sex")]
    if sex:
        out.append(("sex", printable(sex[-1], 20)))
    out.append(("station", child.suite or child.silence(*carried.STATION)))
    begun = child.authorised_at
    protected = is_police_protection(child.facts)
    if protected:
        taken = next(f.at for f in child.facts if f.kind == "taken_into_police_protection")
        out.append(("taken into police protection", local_text(taken)))
    else:
        blank = child.silence(*carried.AUTHORISED)
        out.append(("detention authorised", blank if begun is None else local_text(begun)))
    if result.unclosed or child.ended is None:
        told = child.told(*carried.ENDED)
        out.append(("ended", "no entry shows that it ended" if told else "not carried"))
    else:
        kind, at = child.ended
        what = next((each.what for each in report.entries if each.kind == kind), kind)
        out.append((what[:1].lower() + what[1:].replace("_", " "), local_text(at)))
        if begun is not None:
            spans = [each for each in detained(child.facts) if each.end is not None]
            # Bail parts a detention: time on bail is no time held.
            out.append(
                (
                    "held, time on bail left out",
                    in_words(sum(e.end - e.start for e in spans if e.end)),
                )
                if len(spans) > 1
                else ("held since authorised", in_words(at - begun))
            )
    if not protected:
        out.append(("nights in custody", _nights(report.nights)))
    out.append(("judged as of", local_text(result.as_of)))
    return out


def _nights(found: Sequence[Night]) -> str:
    words = {"pre": "before charge", "post": "after charge", "mixed": "partly after charge"}
    said = [
        f"{day_in_words(date.fromisoformat(each.evening))}, {words.get(each.phase, each.phase)}"
        for each in found
    ]
    return f"{len(found)} ({'; '.join(said)})" if said else "none"


def _more(report: RecordReport, first: Sequence[Finding]) -> str:
    told = {each.key for cause in first for each in (cause, *report.following(cause.key))}
    left = sum(each.key not in told and each.severity != "info" for each in report.concerns)
    return f"{left} more below" if left else ""


def _late(finding: Finding) -> str:
    """Return how late an act was, or how long overdue one that was not done."""
    word = "overdue" if finding.status in ("missed", "overdue") else "late"
    return f"{in_words(60 * (finding.minutes_late or 0))} {word}"


def _untold(report: RecordReport) -> str:
    """Return how many questions nothing can be told of: no concern is no praise then."""
    left = sum(each.standing == "unclear" for each in report.answers)
    if not left:
        return ""
    return (
        f"{left} of the {several(len(report.answers), 'question')} cannot be told from this record."
    )


def _titles(findings: Iterable[Finding]) -> str:
    """Return findings by duty and title, each with how it stands: a title alone says what should be."""
    told = (
        f"{each.duty or ''} {each.title}".strip()
        + ("" if each.nature == "good_practice" else f" ({_STATUSES[each.status]})")
        for each in findings
    )
    return "; ".join(dict.fromkeys(told))


def _blanks(answer: Answer) -> list[str]:
    """Return what the record does not tell, duty by duty, and what its source does not carry, once."""
    told, lacked = [], []
    for each in answer.duties:
        if each.label == "cannot tell" and each.detail:
            kinds = [
                kind for said in _LACKED.findall(each.detail) for kind in re.split(", | or ", said)
            ]
            lacked += kinds
            told += [] if kinds else [f"{each.id} {each.detail.rstrip('.')}"]
    if lacked:
        told.append(f"its source does not carry {', '.join(dict.fromkeys(lacked))}")
    return list(dict.fromkeys(printable(each, 2_000) for each in told))


def _shown(told: Told, *, day: bool) -> dict[str, object]:
    when = local_text(told.at) if day else clock_text(told.at)
    return {"when": when, "what": told.what, "by": told.by, "said": told.said}


def _all_shown(entries: Iterable[Told]) -> list[dict[str, object]]:
    return [_shown(each, day=True) for each in entries]


def _relied(finding: Finding, entries: Sequence[Told]) -> list[dict[str, object]]:
    return [_shown(each, day=True) for each in entries if each.id in finding.evidence]


def _by_day(entries: Sequence[Told]) -> list[tuple[str, list[dict[str, object]]]]:
    out = []
    for day, told in groupby(entries, key=lambda each: day_of(each.at)):
        out.append((f"{day:%A} {day.day} {day:%B %Y}", [_shown(each, day=False) for each in told]))
    return out


def _review(stored: Stored) -> dict[str, object]:
    """Return a stored review as the page shows it: who, when, the grade, what they disagree with."""
    review = stored.review
    agreed = sum(each.opinion == "agree" for each in review.verdicts)
    lines = [f"agrees with {agreed} of {len(review.verdicts)} findings"] if review.verdicts else []
    lines += [
        f"disagrees with {each.duty or each.rule} ({each.key[:10]}): {printable(each.reason)}"
        for each in review.verdicts if each.opinion == "disagree"
    ]  # fmt: skip
    lines += [
        f"question {each.question}: {each.answer.replace('_', ' ')}"
        + (f" ({printable(each.note)})" if each.note else "")
        for each in review.answers if each.note or each.answer == "no"
    ]  # fmt: skip
    name = printable(stored.who, 100) + ("" if stored.verified else " (name not verified)")
    grade = f"Graded {review.grade.replace('_', ' ')} by " if review.grade else "Reviewed by "
    return {
        "grade_text": grade, "who_text": name, "when": local_text(stored.at),
        "reason": printable(review.reason, 2_000), "lines": lines,
    }  # fmt: skip
