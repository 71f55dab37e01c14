"""Agreement of reviewers with each other and with the rules, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detention_monitor.live.reviews import GRADES, Stored
from detention_monitor.questions import QualityCheck
from detention_monitor.reports.agreement import Alpha, Compared, Grades, Share, compared, grades
from detention_monitor.reports.charts import styled
from detention_monitor.reports.page import SENSITIVE, Column, Section, Table, report_page
from detention_monitor.reports.provenance import Provenance
from detention_monitor.text import several
from detention_monitor.webpage import altair, drawing

DEFINITIONS = (
    (
        "same as the rules",
        (
            "share of equal answers where both decided, with its 95 % Wilson interval, as if no two were "
            "about one record"
        ),
    ),
    (
        "alpha",
        "Krippendorff's: 1 perfect, 0 chance; below 0.667 draw no conclusion (his advice, 2011)",
    ),
    ("alpha near 0", "also where nearly all answers are the same: read the share then"),
    (
        "its interval",
        (
            "95 %, by a bootstrap over records; none, but the number of records, where these are fewer "
            "than five or every draw is the same; a dash: nothing could differ"
        ),
    ),
    (
        "missed",
        "reviewers said no where the rules saw nothing against the record, or nothing to judge",
    ),
    ("alarms", "the rules said no where reviewers said yes, or that it does not arise"),
)


def share_text(found: Share) -> str:
    """Return a share with its interval, for a table."""
    if found.value is None:
        return "never both decided"
    return f"{found.part} of {found.whole} ({100 * found.low:.0f} to {100 * found.high:.0f} %)"


def alpha_text(found: Alpha) -> str:
    """Return an alpha with its interval, for a table."""
    of = several(found.units, "record")
    if found.value is None:
        return f"- ({of})"
    if found.low is None or found.high is None:
        return f"{found.value:.2f} ({of})"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def agreement_page(found: Sequence[Stored], check: QualityCheck, provenance: Provenance) -> str:
    """Return the page; raise `DetentionMonitorError` where the extra `reports` is not installed."""
    questions = compared(found)
    titles = {each.id: each.short for each in check.questions}
    graded = grades(found)
    people = {(each.who, each.host) for each in found}
    records = {each.review.detention for each in found}
    count = sum(sum(each.table.values()) for each in questions)
    summary = (
        (
            f"{several(len(people), 'reviewer')}, {several(len(records), 'record')}, "
            f"{several(count, 'answer')}."
        ),
    )
    sections = [_of_questions(questions, titles)] if questions else []
    if graded.records:
        sections.append(_of_grades(graded))
    return report_page(
        "Agreement of reviewers and rules", sections, provenance, summary=summary, marking=SENSITIVE
    )


def _of_questions(questions: Sequence[Compared], titles: dict[int, str]) -> Section:
    rows = tuple(
        (f"{each.question} {titles.get(each.question, '')}", str(sum(each.table.values())),
         _in_two_lines(share_text(each.same)), _in_two_lines(alpha_text(each.with_rules)),
         _in_two_lines(alpha_text(each.people)),
         str(each.missed), str(each.alarms))
        for each in questions
    )  # fmt: skip
    heads = (
        Column("question"), Column("answers", numeric=True), Column("same as the rules"),
        Column("alpha with the rules"), Column("alpha of reviewers"),
        Column("missed", numeric=True), Column("alarms", numeric=True),
    )  # fmt: skip
    return Section(
        "By question",
        "Where the interval is wide, review more records before a rule is changed.",
        chart=_chart(questions, titles),
        tables=(Table(heads, rows),),
    )


def _in_two_lines(told: str) -> str:
    """Return a figure with its interval below, for a narrow column."""
    return told.replace(" (", "\n").removesuffix(")")


def _chart(questions: Sequence[Compared], titles: dict[int, str]) -> Any:
    """Return the shares of equal answers with their intervals, question by question."""
    alt = altair()
    rows = [
        {"question": f"{each.question} {titles.get(each.question, '')}", "place": place,
         "share": each.same.value, "low": each.same.low, "high": each.same.high}
        for place, each in enumerate(questions) if each.same.value is not None
    ]  # fmt: skip
    if not rows:
        return None
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("question:N", sort=alt.EncodingSortField("place"), title=None,
                axis=alt.Axis(labelLimit=330))
    )  # fmt: skip
    x = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", title="answers equal to those of the rules (line: 95 % interval)")
    chart = base.mark_rule(color="#4a4f57").encode(
        x=alt.X("low:Q", scale=x, axis=axis), x2="high:Q"
    ) + base.mark_point(filled=True, size=60, color="#1d4f91").encode(x=alt.X("share:Q", scale=x))
    told = "Share of answers equal to those of the rules, by question; the table says the same."
    return drawing(styled(chart.properties(width=460)), told)


def _of_grades(graded: Grades) -> Section:
    rows = tuple(
        (grade.replace("_", " "), str(graded.counts[grade]))
        for grade in GRADES if grade in graded.counts
    )  # fmt: skip
    given = several(sum(graded.counts.values()), "grade")
    return Section(
        "Grades",
        f"{given} of {several(graded.records, 'record')}; agreement of reviewers (ordinal alpha) "
        f"{alpha_text(graded.people)}.",
        tables=(Table((Column("grade"), Column("reviews", numeric=True)), rows),),
    )
