"""The timeline of one record as a picture for a page: time to the right, one row for each matter.

The same tracks as the picture in a terminal (`boards/picture.py`). Every row has its name, every
act its word and every concern its duty and a sign, so that it reads in black and white.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from detention_monitor.boards.child import Child
from detention_monitor.boards.picture import Scale, hours, tracks
from detention_monitor.clock_facts import detained
from detention_monitor.clocks import Span
from detention_monitor.findings import Finding
from detention_monitor.people import is_police_protection
from detention_monitor.times import HOUR, clock_text, day_of, night_windows, start_of_day
from detention_monitor.values import Immutable
from detention_monitor.webpage import altair, drawing

_WIDTH = 850
"""Pixels for the time itself; the names of the rows stand left of it."""
_NAMES = 92
_ROW = 22
_NEAR = 12 * HOUR
"""How long before and after a stay acts are drawn, and stays are drawn together."""
_LETTER = 6.1
"""Pixels that a letter takes, on the wide side: labels must not run into each other."""
_COLOURS = {
    "detained": "#9aa0a8", "adult": "#1b6b3a", "adult, perhaps": "#8cc2a0", "cell": "#4a4f57",
    "interview": "#b07a00", "rest": "#7fa8d6", "hospital": "#b05f9a",
}  # fmt: skip
_SEVERITY = {"critical": "#a3002a", "high": "#c24d00", "medium": "#8a6d00", "info": "#6b7078"}
_SIGNS = {"critical": "\N{BLACK DIAMOND}", "high": "\N{BLACK UP-POINTING TRIANGLE}",
          "medium": "\N{BLACK CIRCLE}"}  # fmt: skip
_ACTS = {
    "arrived": "arrived", "detention_authorised": "authorised", "charged": "charged",
    "la_requested": "authority asked", "la_replied": "answer", "moved_to_la": "moved",
    "certificate_made": "certificate", "certificate_produced": "produced",
    "left_for_court": "left for court", "court_appearance": "court", "released": "released",
    "bailed": "bailed", "transferred_out": "left station", "transferred_in": "next station",
    "bail_answered": "returned", "strip_search_started": "strip search", "force_used": "force",
    "extension_authorised": "extended", "warrant_issued": "warrant", "cra_submitted": "referral",
    "detention_after_charge": "kept", "taken_into_police_protection": "taken into protection",
    "placed_in_protection": "placed", "la_told_of_protection": "authority told",
    "protection_reviewed": "looked at", "police_protection_ended": "protection ended",
}  # fmt: skip
"""The acts that are named in the picture."""
_MODES = {"in_person": "in person", "telephone": "telephone", "live_link": "link",
          "papers_only": "papers only"}  # fmt: skip
_REVIEWS = ("D01", "D02", "E14")
_NO_NAMES: Mapping[str, str] = {}


class Mark(Immutable, frozen=True, gc=False):
    """A word at an instant (seconds UTC), with its colour."""

    at: int
    text: str
    colour: str = "#1a1a1a"
    before: bool = False
    """Whether the word stands before its instant: where a bar begins, or the picture ends."""


class Row(Immutable, frozen=True, gc=False):
    """One row: bars from and to (each with its colour), and words at instants."""

    name: str
    bars: tuple[tuple[int, int, str], ...] = ()
    marks: tuple[Mark, ...] = ()


def stays(child: Child) -> list[Span]:
    """Return the times in custody to draw, each a picture of its own: bail parts them.

    A stay begins with the arrival before it; one that no entry ends goes on until the last.
    """
    spans = detained(child.facts)
    if not spans:
        first = child.facts[0].at if child.facts else child.as_of
        return [Span(first, child.as_of)]
    out: list[Span] = []
    for span in spans:
        came = [f.at for f in child.facts if f.kind == "arrived" and 0 <= span.start - f.at < _NEAR]
        start = min([span.start, *came])
        end = child.as_of if span.end is None else span.end
        if out and out[-1].end is not None and start - out[-1].end < _NEAR:
            out[-1] = Span(out[-1].start, end)
        else:
            out.append(Span(start, end))
    return out


def rows(
    child: Child, concerns: Sequence[Finding], scale: Scale, names: Mapping[str, str] = _NO_NAMES
) -> list[Row]:
    """Return what is drawn on a scale, from above to below; rows without anything are left out.

    `names` says by key of a finding what it is about, in a word.
    """
    found = tracks(child, child.as_of)
    protected = is_police_protection(child.facts)
    held = detained(child.facts) or ([] if protected else found["detained"])
    out = [
        Row("detained", _bars(held, "detained", child.as_of)),
        Row("protection", _bars(_protection(child) if protected else [], "detained", child.as_of)),
        Row("adult", (*_bars(found["adult, perhaps"], "adult, perhaps", child.as_of),
                      *_bars(found["adult"], "adult", child.as_of)), tuple(_asked(child, scale))),
        *(Row(name, _bars(found[name], name, child.as_of))
          for name in ("cell", "interview", "rest", "hospital")),
        Row("reviews", tuple(_late(child.findings, child.as_of)), tuple(_reviews(child))),
    ]  # fmt: skip
    out = [_within(each, scale) for each in out]
    out = [each for each in out if each.bars or each.marks]
    acts = [Mark(fact.at, _ACTS[fact.kind]) for fact in child.facts if fact.kind in _ACTS]
    out += _in_lanes("acts", acts, scale)
    return out + _in_lanes("concerns", list(_concerns(concerns, names)), scale)


def _protection(child: Child) -> list[Span]:
    """Return the time in police protection, for a record of nothing else."""
    taken = (f.at for f in child.facts if f.kind == "taken_into_police_protection")
    ended = (f.at for f in child.facts if f.kind == "police_protection_ended")
    return [Span(next(taken), next(ended, None))]


def _within(row: Row, scale: Scale) -> Row:
    """Return a row with what falls on the scale."""
    bars = [
        (max(start, scale.start), min(end, scale.end), colour)
        for start, end, colour in row.bars
        if start < scale.end and end >= scale.start
    ]
    return Row(row.name, tuple(bars), tuple(each for each in row.marks if scale.holds(each.at)))


def _bars(spans: Iterable[Span], name: str, now: int) -> tuple[tuple[int, int, str], ...]:
    colour = _COLOURS[name]
    return tuple((span.start, span.end if span.end is not None else now, colour) for span in spans)


def _asked(child: Child, scale: Scale) -> Iterator[Mark]:
    """Yield the first call for an adult on the scale."""
    for fact in child.facts:
        if fact.kind in ("aa_contacted", "aa_requested") and scale.holds(fact.at):
            yield Mark(fact.at, "asked", "#1b6b3a", before=True)
            return


def _reviews(child: Child) -> Iterator[Mark]:
    for fact in child.facts:
        if fact.kind == "review_held":
            mode = str(fact.attrs.get("mode", ""))
            far = mode != "in_person"
            sign = "?" if not mode else "\N{WHITE CIRCLE}" if far else "\N{BLACK CIRCLE}"
            blank = f"mode {child.silence(('review_held.mode',))}"
            yield Mark(fact.at, f"{sign} {_MODES.get(mode, blank)}",
                       "#8a3d00" if far else "#1a1a1a")  # fmt: skip


def _late(findings: Iterable[Finding], now: int) -> Iterator[tuple[int, int, str]]:
    """Yield the stretches in which a review was overdue; of one that was never held as long as it was due."""
    for each in findings:
        if each.duty not in _REVIEWS or not each.due_at:
            continue
        if each.status == "met_late" and each.done_at:
            yield each.due_at, each.done_at, _SEVERITY["critical"]
        elif each.status == "missed" and each.minutes_late:
            yield each.due_at, each.due_at + 60 * each.minutes_late, _SEVERITY["critical"]
        elif each.status == "overdue":
            yield each.due_at, now, _SEVERITY["critical"]


def _concerns(concerns: Iterable[Finding], names: Mapping[str, str]) -> Iterator[Mark]:
    """Yield each serious concern once: at the time when it happened or was due."""
    seen: set[tuple[str, int]] = set()
    for each in concerns:
        at = each.due_at if each.due_at is not None else each.occurred_at or each.arose_at
        key = (each.duty or each.rule, at or 0)
        if at is None or each.severity not in _SIGNS or key in seen:
            continue
        seen.add(key)
        sure = "?" if each.certainty == "possible" else ""
        text = f"{_SIGNS[each.severity]} {each.duty or ''}{sure} {names.get(each.key, '')}".rstrip()
        yield Mark(at, text, _SEVERITY[each.severity])


def _in_lanes(name: str, marks: Sequence[Mark], scale: Scale) -> list[Row]:
    """Return marks in as many rows as they need so that no word covers another."""
    lanes: list[list[Mark]] = []
    ends: list[float] = []
    held = [each for each in marks if scale.holds(each.at)]
    for mark in sorted(held, key=lambda each: each.at):
        start = _left(mark, scale)
        lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
        if lane == len(ends):
            ends.append(0)
            lanes.append([])
        ends[lane] = start + _width(mark) + 6
        lanes[lane].append(mark)
    return [Row(name if n == 0 else "", marks=tuple(lane)) for n, lane in enumerate(lanes)]


def _width(mark: Mark) -> float:
    return _LETTER * len(mark.text)


def _x(at: int, scale: Scale) -> float:
    return (at - scale.start) * _WIDTH / max(1, scale.end - scale.start)


def _left(mark: Mark, scale: Scale) -> float:
    """Return where a word begins: at its instant, or before it."""
    x = _x(mark.at, scale)
    return max(0.0, x - _width(mark)) if _is_before(mark, scale) else x


def _is_before(mark: Mark, scale: Scale) -> bool:
    if mark.before and _x(mark.at, scale) >= _width(mark):
        return True
    return _x(mark.at, scale) + _width(mark) > _WIDTH + 6


def scale_for(stay: Span, child: Child, concerns: Sequence[Finding]) -> Scale:
    """Return the stretch to draw: the stay, and acts and concerns within hours of it.

    Checks and meetings of the days after stand in the record, not in the picture.
    """
    end = child.as_of if stay.end is None else stay.end
    instants = [fact.at for fact in child.facts]
    instants += [each.due_at for each in concerns if each.due_at is not None]
    near = [at for at in instants if stay.start - _NEAR < at < end + _NEAR]
    first, last = min([stay.start, *near]), max([end, *near])
    first -= (last - first) // 16  # room for a word before the first act
    return Scale(first - first % HOUR, max(last, first + HOUR) + HOUR // 2, _WIDTH // 8)


def timeline(
    child: Child, concerns: Sequence[Finding], names: Mapping[str, str] = _NO_NAMES
) -> list[Any]:
    """Return the timeline as pictures (SVG for a page), one for each stay; `names` as in `rows`.

    Raises `DetentionMonitorError` where the extra `reports` is not installed.
    """
    return [
        _picture(scale_for(each, child, concerns), child, concerns, names) for each in stays(child)
    ]


def _picture(
    scale: Scale, child: Child, concerns: Sequence[Finding], names: Mapping[str, str]
) -> Any:
    alt = altair()
    drawn = rows(child, concerns, scale, names)
    height = _ROW * len(drawn)
    chart = (
        alt.layer(*_background(alt, scale, height), *_layers(alt, drawn, scale))
        .properties(
            width=_WIDTH, height=height,
            padding={"left": _NAMES, "right": 12, "top": 18, "bottom": 30},
        )
        .configure_view(stroke=None)
        .configure(font="Arial", autosize="none")
    )  # fmt: skip
    return drawing(chart, _told(child, concerns))


def _told(child: Child, concerns: Sequence[Finding]) -> str:
    """Return the picture in a sentence, for those who do not see it."""
    begun = "authorised not recorded"
    if child.authorised_at is not None:
        begun = f"authorised {clock_text(child.authorised_at)}"
    elif is_police_protection(child.facts):
        begun = f"taken into police protection {clock_text(_protection(child)[0].start)}"
    duties = ", ".join(dict.fromkeys(each.duty or each.rule for each in concerns))
    ended = "still in custody" if child.ended is None else (
        f"{child.ended[0].replace('_', ' ')} {clock_text(child.ended[1])}")  # fmt: skip
    return (
        f"Timeline of {child.name}: {begun}, {ended}; concerns: {duties or 'none'}. "
        "The entries and findings below say the same in words."
    )


def _background(alt: Any, scale: Scale, height: int) -> Iterator[Any]:
    x = alt.Scale(domain=[scale.start, scale.end], nice=False)
    y = alt.Scale(domain=[height, 0], nice=False)
    nights = [
        {"from": max(start, scale.start), "to": min(end, scale.end), "top": 0, "bottom": height}
        for _, start, end in night_windows(scale.start, scale.end, 22 * HOUR, 7 * HOUR)
        if start < scale.end and end > scale.start
    ]  # fmt: skip
    labels = {str(at): clock_text(at) for at in hours(scale)}
    said = "{" + ", ".join(f"'{at}': '{text}'" for at, text in labels.items()) + "}[datum.value]"
    axis = alt.Axis(
        values=[int(at) for at in labels], labelExpr=said, title=None, grid=True,
        gridColor="#e4e6ea", tickColor="#9aa0a8", domainColor="#9aa0a8", labelFontSize=11,
        labelColor="#1a1a1a", orient="bottom", labelOverlap="greedy",
    )  # fmt: skip
    yield (
        alt.Chart(alt.Data(values=nights or [{"from": scale.start, "to": scale.start,
                                              "top": 0, "bottom": 0}]))
        .mark_rect(color="#e9ecf4")
        .encode(alt.X("from:Q", scale=x, axis=axis), alt.X2("to:Q"),
                alt.Y("top:Q", scale=y, axis=None), alt.Y2("bottom:Q"))
    )  # fmt: skip
    first = start_of_day(day_of(scale.start))
    days = [{"at": scale.start, "day": _day(scale.start)}]
    while (first := start_of_day(day_of(first + 26 * HOUR))) < scale.end:
        days.append({"at": first, "day": _day(first)})
    if len(days) > 1 and _x(days[1]["at"], scale) < 70:  # type: ignore[arg-type]
        del days[0]
    base = alt.Chart(alt.Data(values=days)).encode(alt.X("at:Q", scale=x))
    yield base.mark_text(align="left", dx=2, fontSize=11, fontWeight="bold", color="#1a1a1a",
                         baseline="bottom").encode(y=alt.value(-4), text="day:N")  # fmt: skip
    yield base.mark_rule(color="#6b7078", strokeDash=[2, 2])


def _day(at: int) -> str:
    day = day_of(at)
    return f"{day:%a} {day.day} {day:%b}"


def _layers(alt: Any, drawn: Sequence[Row], scale: Scale) -> Iterator[Any]:
    x = alt.Scale(domain=[scale.start, scale.end], nice=False)
    y = alt.Scale(domain=[_ROW * len(drawn), 0], nice=False)
    names = [{"y": _ROW * n + _ROW / 2, "name": row.name} for n, row in enumerate(drawn)]
    yield (
        alt.Chart(alt.Data(values=names))
        .mark_text(align="right", baseline="middle", fontSize=12, color="#1a1a1a")
        .encode(x=alt.value(-8), y=alt.Y("y:Q", scale=y, axis=None), text="name:N")
    )
    bars = [
        {"from": max(start, scale.start), "to": min(max(end, start + 60), scale.end),
         "y": _ROW * n + 5, "y2": _ROW * (n + 1) - 5, "colour": colour}
        for n, row in enumerate(drawn) for start, end, colour in row.bars
    ]  # fmt: skip
    if bars:
        yield (
            alt.Chart(alt.Data(values=bars))
            .mark_rect(stroke="#ffffff", strokeWidth=0.5)
            .encode(alt.X("from:Q", scale=x), alt.X2("to:Q"), alt.Y("y:Q", scale=y, axis=None),
                    alt.Y2("y2:Q"), alt.Color("colour:N", scale=None))
        )  # fmt: skip
    marks = [
        {"at": mark.at, "y": _ROW * n + _ROW / 2, "text": mark.text, "colour": mark.colour,
         "before": _is_before(mark, scale)}
        for n, row in enumerate(drawn) for mark in row.marks
    ]  # fmt: skip
    if marks:
        data = alt.Chart(alt.Data(values=marks)).encode(
            alt.X("at:Q", scale=x),
            alt.Y("y:Q", scale=y, axis=None),
            alt.Color("colour:N", scale=None),
        )
        yield data.mark_tick(thickness=1.5, size=_ROW - 6)
        for before, align, dx in ((False, "left", 4), (True, "right", -4)):
            yield (
                data.transform_filter(f"datum.before == {str(before).lower()}")
                .mark_text(align=align, baseline="middle", fontSize=11, dx=dx)
                .encode(alt.Text("text:N"))
            )
