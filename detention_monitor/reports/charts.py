"""The charts of reports, as SVG to put into a page; each is drawn from a table that stands below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from detention_monitor import webpage
from detention_monitor.reports.disclosure import HIDDEN

MAIN, SECOND, THIRD, PALE, INK = "#1d4f91", "#c05a00", "#5f6b7a", "#b8c7dc", "#1a1a1a"
SERIES = ("#16407a", "#f2b561", "#2f8f83", "#d9e2ef", "#7a4a8c", "#9aa0a8")
"""Colours that stay apart in grey print (by lightness 27, 78, 54, 89, 38, 66) and for most who do not
see all colours."""
WIDTH = 640
NARROW = 500
"""Of a chart beside its table: it must not be shrunk there, nor its letters, least of all in print."""
_MOST_TOLD = 15
"""Points of a line whose values are written at them; of more, the table alone tells them."""
_FONT = "Helvetica Neue, Arial, Liberation Sans, sans-serif"
Counts = Sequence[tuple[str, float | None]]


class Point(NamedTuple):
    """A share (or a time) with its interval; `low` and `high` are None where there is none."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    told: str = ""
    """The value as it stands in the table."""


class Box(NamedTuple):
    """How a time spreads at one place, in hours: tenth, quarter, median, three quarters, nine tenths."""

    label: str
    tenth: float
    quarter: float
    middle: float
    three_quarters: float
    nine_tenths: float
    told: str = ""
    """The median as it stands in the table."""


def bars(counts: Counts, title: str, told: str, *, narrow: bool = False) -> Any:
    """Return horizontal bars, one for each label, with their numbers; None where none has a length.

    Hidden numbers are not drawn.
    """
    alt = webpage.altair()
    rows = _rows(counts)
    if not rows:
        return None
    base = alt.Chart(
        alt.InlineData(values=rows),
        width=_width(320, narrow=narrow, beside=240),
        height=alt.Step(24),
    ).encode(y=alt.Y("label:N", sort=None, title=None), x=_length(rows, title))
    drawn = base.mark_bar(color=MAIN, height={"band": 0.72}) + base.mark_text(
        align="left", dx=4, color=INK
    ).encode(text="told:N")
    return webpage.drawing(styled(drawn), told)


def columns(counts: Counts, title: str, told: str, *, narrow: bool = False) -> Any:
    """Return upright bars in the order given: bands of a time, months; None where all are 0 or hidden."""
    alt = webpage.altair()
    rows = _rows(counts)
    if not rows:
        return None
    base = alt.Chart(
        alt.InlineData(values=rows), width=_width(140, narrow=narrow), height=220
    ).encode(
        x=alt.X("label:N", sort=None, title=None, axis=_turned(rows)),
        y=alt.Y("n:Q", title=title, axis=_counted()),
    )
    drawn = base.mark_bar(color=MAIN) + base.mark_text(dy=-6, color=INK).encode(text="told:N")
    return webpage.drawing(styled(drawn), told)


def stacked(
    series: Sequence[tuple[str, Counts]], title: str, told: str, *, side_by_side: bool = False
) -> Any:
    """Return upright bars of several series, upon or beside each other; None where there are none."""
    alt = webpage.altair()
    rows = [
        {"label": label, "series": name, "n": number, "order": place}
        for place, (name, counts) in enumerate(series)
        for label, number in counts
        if number is not None
    ]
    if not any(row["n"] for row in rows):
        return None
    names, labels = [name for name, _ in series], [label for label, _ in series[0][1]]
    colour = alt.Color("series:N", sort=names, title=None,
                       scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])),
                       legend=alt.Legend(orient="top", labelLimit=320))  # fmt: skip
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=WIDTH, height=220)
        .mark_bar(stroke="#ffffff", strokeWidth=1)
        .encode(
            x=alt.X("label:N", sort=labels, scale=alt.Scale(domain=labels), title=None,
                    axis=_turned(rows)),
            y=alt.Y("n:Q", title=title, axis=_counted()),
            color=colour,
            order=alt.Order("order:Q"),
        )
    )  # fmt: skip
    if side_by_side:
        chart = chart.encode(xOffset=alt.XOffset("series:N", sort=names))
    return webpage.drawing(styled(chart), told)


def boxes(found: Sequence[Box], title: str, told: str) -> Any:
    """Return one box for each place: a line from the tenth to nine tenths, the middle half, the median."""
    alt = webpage.altair()
    if not found:
        return None
    rows = [each._asdict() for each in found]
    base = alt.Chart(alt.InlineData(values=rows), width=WIDTH - 150, height=alt.Step(42)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    )
    line = base.mark_rule(color=THIRD).encode(
        x=alt.X("tenth:Q", title=title, axis=alt.Axis(tickCount=8), scale=alt.Scale(zero=True)),
        x2="nine_tenths:Q",
    )
    half = base.mark_bar(color=PALE, height={"band": 0.5}).encode(
        x="quarter:Q", x2="three_quarters:Q"
    )
    middle = base.mark_tick(color=MAIN, thickness=3, size=16).encode(x="middle:Q")
    value = base.mark_text(dy=-17, color=INK, fontSize=11).encode(x="middle:Q", text="told:N")
    return webpage.drawing(styled(line + half + middle + value), told)


def line(
    points: Sequence[Point],
    title: str,
    told: str,
    *,
    change: tuple[str, float] | None = None,
    narrow: bool = False,
) -> Any:
    """Return a line through the months with its interval.

    `change` is the month of a change, and how much of it had passed by then. The line breaks at a
    month without a value: nothing is known there, and nothing is drawn across it.
    """
    alt = webpage.altair()
    rows = [{**each._asdict(), "run": run} for run, each in _runs(points) if each.value is not None]
    if not rows:
        return None
    labels, width = [each.label for each in points], _width(140, narrow=narrow)
    x = alt.X("label:O", sort=labels, scale=alt.Scale(domain=labels), title=None,
              axis=alt.Axis(labelAngle=-45 if len(labels) > (6 if narrow else 8) else 0,
                            labelOverlap="parity"))  # fmt: skip
    base = alt.Chart(
        alt.InlineData(values=rows), width=width, height=150 if narrow else 190
    ).encode(x=x)
    shown = (
        base.mark_area(color=PALE, opacity=0.6).encode(
            y=alt.Y("low:Q", title=title), y2="high:Q", detail="run:N"
        )
        + base.mark_rule(color=PALE, strokeWidth=2).encode(y="low:Q", y2="high:Q")
        + base.mark_line(color=MAIN).encode(
            y=alt.Y("value:Q", scale=alt.Scale(zero=True)), detail="run:N"
        )
        + base.mark_point(color=MAIN, filled=True, size=40).encode(y="value:Q")
    )
    if len(rows) <= _MOST_TOLD:
        shown += base.mark_text(dy=-10, fontSize=10, color=INK).encode(y="value:Q", text="told:N")
    if change is not None:
        month, passed = change
        aside = (passed - 0.5) * width / len(labels)  # the point of a month stands in its middle
        at = alt.Chart(alt.InlineData(values=[{"label": month, "told": "change"}])).encode(x=x)
        shown += at.mark_rule(color=SECOND, strokeDash=[5, 3], strokeWidth=2, xOffset=aside)
        shown += at.mark_text(
            color=SECOND, align="left", dx=aside + 4, dy=-68 if narrow else -88
        ).encode(text="told:N")
    return webpage.drawing(styled(shown), told)


def dots(
    points: Sequence[Point],
    title: str,
    told: str,
    *,
    all_of: float | None = None,
    narrow: bool = False,
) -> Any:
    """Return one dot with its interval for each place; `all_of` is the value for all of them."""
    alt = webpage.altair()
    rows = [each._asdict() for each in points if each.value is not None]
    if not rows:
        return None
    base = alt.Chart(
        alt.InlineData(values=rows), width=_width(150, narrow=narrow), height=alt.Step(34)
    ).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=150 if narrow else 260))
    )
    shown = (
        base.mark_rule(color=THIRD, strokeWidth=2).encode(
            x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=8), scale=alt.Scale(zero=True)),
            x2="high:Q",
        )
        + base.mark_point(color=MAIN, filled=True, size=70).encode(x="value:Q")
        + base.mark_text(dy=-11, fontSize=11, color=INK).encode(x="value:Q", text="told:N")
    )
    if all_of is not None:
        mean = alt.Chart(alt.InlineData(values=[{"x": all_of}]))
        shown += mean.mark_rule(color=SECOND, strokeDash=[4, 3]).encode(x="x:Q")
    return webpage.drawing(styled(shown), told)


def _runs(points: Sequence[Point]) -> Iterator[tuple[int, Point]]:
    """Yield each point with the number of its run: a point without a value ends one.

    >>> [run for run, _ in _runs([Point("1", 5), Point("2", None), Point("3", 6)])]
    [0, 1, 1]
    """
    run = 0
    for each in points:
        run += each.value is None
        yield run, each


def _rows(counts: Counts) -> list[dict[str, Any]]:
    """Return counts for a chart, none where there is nothing to draw; a hidden one has its sign."""
    if not any(number for _, number in counts):
        return []
    return [
        {"label": label, "n": number or 0, "told": HIDDEN if number is None else f"{number:,.0f}"}
        for label, number in counts
    ]


def _length(rows: Sequence[dict[str, Any]], title: str) -> Any:
    alt = webpage.altair()
    most = max(row["n"] for row in rows)
    return alt.X("n:Q", title=title, axis=_counted(), scale=alt.Scale(domain=[0, most * 1.12]))


def _turned(rows: Sequence[dict[str, Any]]) -> Any:
    """Return an axis whose labels are turned where they would not fit beside each other."""
    alt = webpage.altair()
    labels = {row["label"] for row in rows}
    long = sum(len(label) for label in labels) > 60
    return alt.Axis(labelAngle=-35 if long else 0, labelLimit=220)


def _width(labels: int, *, narrow: bool, beside: int | None = None) -> int:
    """Return how wide the drawing is without its labels, which take `labels` (`beside` a table)."""
    return NARROW - (labels if beside is None else beside) if narrow else WIDTH - labels


def styled(chart: Any) -> Any:
    """Return a chart with the letters and lines of every chart of a report."""
    return (
        chart.configure(font=_FONT, background="transparent")
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
                        labelLimit=430, gridColor="#e3e5e8", domainColor="#8a9099",
                        tickColor="#8a9099", labelColor=INK, titleColor="#4a4f57")
        .configure_legend(labelFontSize=12, labelColor=INK)
        .configure_view(stroke=None)
        .configure_text(font=_FONT, fontSize=12)
    )  # fmt: skip


def _counted() -> Any:
    """Return an axis of counts, which has no halves to name: of few, a step may be less than one."""
    whole = "datum.value % 1 ? '' : format(datum.value, ',.0f')"
    return webpage.altair().Axis(labelExpr=whole)
