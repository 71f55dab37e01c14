"""The impact of an edit, told: a table for a terminal, plain data, a page to attach to an approval."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from detention_monitor import webpage
from detention_monitor.authoring.impact import KINDS, SHIFT, SUITE, Change, Impact
from detention_monitor.findings import Finding, as_record
from detention_monitor.text import printable
from detention_monitor.times import clock_text, local_text
from detention_monitor.wording import day_in_words

WIDTH = 100


def table(found: Impact) -> str:
    """Return the impact as a person reads it in a terminal."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Impact) -> Iterator[str]:
    yield from wrap(summary(found), WIDTH)
    if found.compared:
        yield totals(found)
        yield from wrap(attention(found), WIDTH)
        yield from wrap(unreached(found), WIDTH)
    if found.edits:
        yield ""
        yield "Edited:"
        for each in found.edits:
            yield from wrap(printable(each), WIDTH, initial_indent="  ", subsequent_indent="    ")
    for name, before, after in found.refusals:
        yield f"  {printable(name)}: {before} before, {after} after"
    if not found.changes:
        return
    yield ""
    yield f"{'rule':<34}{'gained':>9}{'lost':>9}{'moved':>9}"
    for rule in found.rules():
        counts = "".join(f"{found.count(rule, kind) or '.':>9}" for kind in KINDS)
        yield f"{rule:<34}{counts}"
    for rule in found.rules():
        for kind in KINDS:
            for change in found.examples(rule, kind):
                yield ""
                yield f"{kind.upper()}  {rule}  {printable(change.detention)}"
                for label, finding in (("before", change.before), ("after", change.after)):
                    yield from _told(label, finding)


def _told(label: str, finding: Finding | None) -> Iterator[str]:
    if finding is None:
        yield f"  {label:<7} nothing"
        return
    yield f"  {label:<7} {stand(finding)}"
    for line in wrap(printable(finding.message), WIDTH - 10):
        yield f"          {line}"


def stand(finding: Finding) -> str:
    """Return how a finding stands, in a few words: status, severity, due and done."""
    sure = "" if finding.certainty == "established" else "possible "
    parts = [f"{sure}{finding.status.replace('_', ' ')}, {finding.severity}, {finding.authority}"]
    if finding.due_at is not None:
        parts.append(f"due {local_text(finding.due_at)}")
    if finding.done_at is not None:
        parts.append(f"done {clock_text(finding.done_at)}")
    if finding.because_of is not None:
        parts.append("follows from another breach")
    return "; ".join(parts)


def summary(found: Impact) -> str:
    """Return what was compared, in a sentence."""
    head = (
        f"{found.detentions:,} detentions ({found.entries:,} entries), rules {found.old} to "
        f"{found.new}{_numbers(found)}"
    )
    if not found.compared:
        return f"{head}: no rule means anything else; nothing would change."
    return f"{head}; {len(found.compared)} rules could differ and were compared."


def _numbers(found: Impact) -> str:
    """Return whose policies the two were judged by; one that both have is named once."""
    old, new = (each or "the rules themselves" for each in found.numbers)
    if not any(found.numbers):
        return ""
    return f", numbers of {old}" + ("" if old == new else f" to those of {new}")


def totals(found: Impact) -> str:
    """Return how much would change, in a sentence."""
    changed = ", ".join(f"{sum(c.kind == kind for c in found.changes)} {kind}" for kind in KINDS)
    return f"Findings: {changed}; {found.touched():,} detentions touched."


def unreached(found: Impact) -> str:
    """Return which edits the records cannot show, being older; empty if there are none."""
    days = sorted({day for _, day in found.unreached})
    if not days:
        return ""
    told = ", ".join(f"{name} (from {day_in_words(day)})" for name, day in found.unreached)
    return (
        f"NOT SHOWN HERE: no record reaches the day from which this tells: {told}. That nothing changes "
        f"above says nothing of it. Records of that time: detention-monitor generate --year {days[0].year} ..."
    )


def attention(found: Impact) -> str:
    """Return what the edit would cost an inspector in attention."""
    before, after = found.interruptions
    return (
        f"Interruptions of an inspector by these rules, per shift of {SHIFT} hours with {SUITE} "
        f"children: {before:.1f} before, {after:.1f} after, counted in {found.watched} detentions."
    )


def as_data(found: Impact) -> dict[str, Any]:
    """Return the impact as plain data, with every change."""
    return {
        "old": found.old,
        "new": found.new,
        "numbers": {"old": found.numbers[0] or None, "new": found.numbers[1] or None},
        "compared": list(found.compared),
        "edits": list(found.edits),
        "detentions": found.detentions,
        "entries": found.entries,
        "touched": found.touched(),
        "not_reached": [{"what": name, "from": day.isoformat()} for name, day in found.unreached],
        "interruptions_per_shift": {"before": found.interruptions[0],
                                    "after": found.interruptions[1]},
        "rules": [
            {"rule": rule, **{kind: found.count(rule, kind) for kind in KINDS}}
            for rule in found.rules()
        ],
        "changes": [_change(each) for each in found.changes],
        "refusals": [
            {"detention": name, "before": before, "after": after}
            for name, before, after in found.refusals
        ],
    }  # fmt: skip


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "rule": change.rule,
        "detention": change.detention,
        "before": None if change.before is None else as_record(change.before),
        "after": None if change.after is None else as_record(change.after),
    }


def page(found: Impact, command: str) -> str:
    """Return the impact as one HTML page that needs nothing else; `command` is how it was made.

    Text of records is escaped. Raises `DetentionMonitorError` where the charts are not installed.
    """
    rules = [
        (rule, _title(found, rule), [found.count(rule, kind) for kind in KINDS], [
            {"kind": kind, "detention": printable(change.detention),
             "sides": [_side("before", change.before), _side("after", change.after)]}
            for kind in KINDS
            for change in found.examples(rule, kind)
        ])
        for rule in found.rules()
    ]  # fmt: skip
    sums = [sum(each.kind == kind for each in found.changes) for kind in KINDS]
    figures = [(f"{total:,}", f"findings {kind}") for total, kind in zip(sums, KINDS, strict=True)]
    figures.append((f"{found.touched():,}", f"of {found.detentions:,} detentions touched"))
    return webpage.page(
        "impact.html", title="Impact of a change of rules", summary=summary(found),
        attention=attention(found) if found.compared else "", kinds=KINDS, rules=rules,
        chart=_chart(found) if rules else "", totals=sums, figures=figures if rules else [],
        edits=[printable(each) for each in found.edits],
        refusals=[(printable(name), *both) for name, *both in found.refusals], command=command,
        unreached=unreached(found) if found.compared else "",
        none=totals(found),
    )  # fmt: skip


def _title(found: Impact, rule: str) -> str:
    """Return the title of a rule, as its findings have it; the new one if there are both."""
    each = next(change for change in found.changes if change.rule == rule)
    finding = each.after or each.before
    return "" if finding is None else finding.title


def _side(label: str, finding: Finding | None) -> tuple[str, str, str]:
    if finding is None:
        return label, "nothing", ""
    return label, stand(finding), printable(finding.message)


def _chart(found: Impact) -> Any:
    """Return a bar chart of the changes by rule as SVG, safe to put into a page."""
    alt = webpage.altair()
    rows = [
        {"rule": rule, "change": kind, "findings": found.count(rule, kind)}
        for rule in found.rules()[:20]
        for kind in KINDS
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=600, height=alt.Step(26))
        .mark_bar()
        .encode(
            y=alt.Y("rule:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("findings:Q", title="findings that would change"),
            color=alt.Color(
                "change:N",
                scale=alt.Scale(domain=list(KINDS), range=["#b35900", "#005fb3", "#888888"]),
                title=None,
                legend=alt.Legend(orient="top"),
            ),
        )
        .configure_axis(labelFontSize=13, titleFontSize=13, titleFontWeight="normal")
        .configure_legend(labelFontSize=13)
        .configure_view(stroke=None)
    )
    return webpage.drawing(chart, "How many findings of each rule would change, as in the table")
