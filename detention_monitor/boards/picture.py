"""The detention as a picture: time to the right, one track each for what goes on and what is done.

Detention, adult, cell, interviews, reviews, charge and nights, each with its own sign, so that it
reads without colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detention_monitor.boards.child import Child
from detention_monitor.boards.lines import Glyphs, Line, Piece, Tone
from detention_monitor.clocks import Span
from detention_monitor.custody import ENDS
from detention_monitor.times import DAY, HOUR, clock_text, night_windows
from detention_monitor.values import Immutable

_STEPS = (900, 1_800, 3_600, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
_LABEL = 10
_IN_CELL = ("cell_placed",)
_OUT_OF_CELL = ("cell_left", "kept_outside_cell", "interview_started", "hospital_out",
                "left_for_court", *ENDS)  # fmt: skip


class Scale(Immutable, frozen=True, gc=False):
    """Columns of a picture: each stands for the same length of time."""

    start: int
    end: int
    columns: int

    def column(self, at: int) -> int:
        """Return the column of an instant; beyond the edges, the edge."""
        span = max(1, self.end - self.start)
        place = (at - self.start) * self.columns // span
        return max(0, min(self.columns - 1, place))

    def holds(self, at: int) -> bool:
        """Whether an instant lies in the picture."""
        return self.start <= at <= self.end


def scale_of(child: Child, now: int, columns: int) -> Scale:
    """Return the stretch that is shown: from the arrival to what is due next, at least to now."""
    begun = child.arrived_at or child.authorised_at or now
    ahead = [clock.due for clock in (child.review, child.limit) if clock and clock.due]
    end = max(now + HOUR, *ahead) if ahead else now + HOUR
    if child.ended is not None:
        end = max(child.ended[1], begun + HOUR)
    start = begun - begun % HOUR
    return Scale(start, end, max(10, columns))


def picture(child: Child, now: int, width: int, glyphs: Glyphs, *, tracks: int = 9) -> list[Line]:
    """Return the picture in lines of at most `width` cells: tracks and the hours below them."""
    scale = scale_of(child, now, width - _LABEL)
    wanted = [
        ("detained", _spans(scale, [_detained(child, now)], glyphs.line), ""),
        ("adult", _adult(scale, child, now, glyphs), "good"),
        ("cell", _spans(scale, _cell(child, now), glyphs.cell), "soon"),
        ("interview", _spans(scale, _pairs(child, "interview_started", ("interview_ended",), now),
                             glyphs.interview), "bold"),
        ("rest", _spans(scale, _pairs(child, "rest_started", ("rest_ended", "woken"), now),
                        glyphs.rest), ""),
        ("hospital", _spans(scale, _pairs(child, "hospital_out", ("hospital_back",), now),
                            glyphs.away), "soon"),
        ("reviews", _reviews(scale, child, glyphs), "bold"),
        ("charge", _points(scale, child, now), "bold"),
        ("night", _spans(scale, _nights(scale), glyphs.night), "dim"),
    ]  # fmt: skip
    always = ("detained", "adult", "reviews")
    kept = [each for each in wanted if each[0] in always or each[1].strip()][:tracks]
    out: list[Line] = []
    at_now = scale.column(now) if scale.holds(now) and child.ended is None else None
    for name, drawn, tone in kept:
        out.append((Piece(f"{name:<{_LABEL}}", "dim"), *_with_now(drawn, at_now, tone, glyphs)))  # type: ignore[arg-type]
    return [*out, *_hours(scale)]


def _with_now(drawn: str, now: int | None, tone: Tone, glyphs: Glyphs) -> Line:
    if now is None or drawn[now] not in f" {glyphs.line}{glyphs.night}":
        return (Piece(drawn, tone),)
    return Piece(drawn[:now], tone), Piece(glyphs.now, "warn"), Piece(drawn[now + 1 :], tone)


def _spans(scale: Scale, spans: Iterable[Span], mark: str) -> str:
    cells = [" "] * scale.columns
    for span in spans:
        end = scale.end if span.end is None else span.end
        if end < scale.start or span.start > scale.end:
            continue
        for place in range(scale.column(span.start), scale.column(end) + 1):
            cells[place] = mark
    return "".join(cells)


def _detained(child: Child, now: int) -> Span:
    begun = child.authorised_at or child.arrived_at or now
    return Span(begun, child.ended[1] if child.ended else now)


def _adult(scale: Scale, child: Child, now: int, glyphs: Glyphs) -> str:
    sure = [Span(a, min(b, now)) for a, b, certain in child.adult.here if certain and a <= now]
    maybe = [Span(a, min(b, now)) for a, b, certain in child.adult.here if not certain and a <= now]
    drawn = list(_spans(scale, maybe, "?"))
    for place, mark in enumerate(_spans(scale, sure, glyphs.present)):
        if mark != " ":
            drawn[place] = mark
    if child.adult.asked_at is not None and scale.holds(child.adult.asked_at):
        place = scale.column(child.adult.asked_at)
        if drawn[place] == " ":
            drawn[place] = "a"
    return "".join(drawn)


def _pairs(child: Child, begins: str, ends: Sequence[str], now: int) -> list[Span]:
    out: list[Span] = []
    since: int | None = None
    for fact in child.facts:
        if fact.kind == begins and since is None:
            since = fact.at
        elif since is not None and (fact.kind in ends or fact.kind in ENDS):
            out.append(Span(since, fact.at))
            since = None
    if since is not None:
        out.append(Span(since, now))
    return out


def _cell(child: Child, now: int) -> list[Span]:
    out: list[Span] = []
    since: int | None = None
    for fact in child.facts:
        if fact.kind in _IN_CELL and since is None:
            since = fact.at
        elif since is not None and fact.kind in _OUT_OF_CELL:
            out.append(Span(since, fact.at))
            since = None
    return out if since is None else [*out, Span(since, now)]


def _put(cells: list[str], scale: Scale, at: int, mark: str) -> None:
    if scale.holds(at):
        cells[scale.column(at)] = mark


def _reviews(scale: Scale, child: Child, glyphs: Glyphs) -> str:
    """Reviews held: R in person, r from afar, h if that is not said; due: a ring; the limit: X."""
    cells = [" "] * scale.columns
    for fact in child.facts:
        if fact.kind == "review_held":
            mode = fact.attrs.get("mode")
            _put(cells, scale, fact.at, "R" if mode == "in_person" else "r" if mode else "h")
        elif fact.kind == "visited" and fact.attrs.get("mode") == "in_person":
            _put(cells, scale, fact.at, "v")
    if child.limit is not None and child.limit.due is not None:
        _put(cells, scale, child.limit.due, "X")
    if child.review is not None and child.review.due is not None:
        _put(cells, scale, child.review.due, glyphs.due)
    return "".join(cells)


def _points(scale: Scale, child: Child, now: int) -> str:
    """Charge C, the local authority asked L and its answer l, the move M; past acts only."""
    cells = [" "] * scale.columns
    marks = {"charged": "C", "la_requested": "L", "la_replied": "l", "moved_to_la": "M"}
    for fact in child.facts:
        if fact.kind in marks and fact.at <= now:
            _put(cells, scale, fact.at, marks[fact.kind])
    return "".join(cells)


def _nights(scale: Scale) -> list[Span]:
    windows = night_windows(scale.start, scale.end, 22 * HOUR, 7 * HOUR)
    return [Span(max(start, scale.start), min(end, scale.end)) for _, start, end in windows]


def _hours(scale: Scale) -> list[Line]:
    """Return the scale: a time of day wherever there is room for one."""
    step = next(
        (each for each in _STEPS if each * scale.columns >= 6 * (scale.end - scale.start)), DAY
    )
    cells = [" "] * scale.columns
    first = -(-scale.start // step) * step
    for at in range(first, scale.end + 1, step):
        place = scale.column(at)
        if place + 5 <= len(cells) and not "".join(cells[max(0, place - 1) : place + 5]).strip():
            cells[place : place + 5] = clock_text(at)
    text = "".join(cells).rstrip()
    return [(Piece(" " * _LABEL + text, "dim"),)]


LEGEND = (
    "a asked  R review in person  r from afar  h held, not said how  v visit by an inspector  "
    "o or ring: due  X limit  C charge  L authority asked  l its answer  M moved  ? adult may have left"
)
"""What the letters stand for, for the help."""


def strip(child: Child, now: int, scale: Scale, glyphs: Glyphs) -> str:
    """Return one child in one line, for the picture of all children on one scale."""
    drawn = list(_spans(scale, [_detained(child, now)], glyphs.line))
    for place, mark in enumerate(_adult(scale, child, now, glyphs)):
        if mark != " ":
            drawn[place] = mark
    for marks in (_points(scale, child, now), _reviews(scale, child, glyphs)):
        for place, mark in enumerate(marks):
            if mark != " ":
                drawn[place] = mark
    return "".join(drawn)


def overview(
    children: Sequence[Child], now: int, width: int, glyphs: Glyphs, most: int = 10_000
) -> list[Line]:
    """Return all children on one scale: twelve hours back and twelve ahead, now in the middle.

    Beside the scale stands how many there are beyond `most`.
    """
    scale = Scale(now - 12 * HOUR, now + 12 * HOUR, max(10, width - _LABEL))
    middle = scale.column(now)
    out: list[Line] = []
    for child in children[:most]:
        drawn = strip(child, now, scale, glyphs)
        name = f"{child.name[: _LABEL - 1]:<{_LABEL}}"
        before, at, after = drawn[:middle], drawn[middle], drawn[middle + 1 :]
        sign = glyphs.now if at in f" {glyphs.line}" else at
        out.append((Piece(name), Piece(before), Piece(sign, "warn"), Piece(after)))
    [hours_] = _hours(scale)
    if len(children) > most:
        more = f"+{len(children) - most} more"[: _LABEL - 1]
        hours_ = (Piece(f"{more:<{_LABEL}}", "warn"), Piece(hours_[0].text[_LABEL:], "dim"))
    return [*out, hours_]


def tracks(child: Child, now: int) -> dict[str, list[Span]]:
    """Return the stretches of each track, for a picture that is drawn elsewhere; open ones end now."""
    here = [(Span(start, min(end, now)), sure) for start, end, sure in child.adult.here]
    return {
        "detained": [_detained(child, now)],
        "adult": [span for span, sure in here if sure and span.start <= now],
        "adult, perhaps": [span for span, sure in here if not sure and span.start <= now],
        "cell": _cell(child, now),
        "interview": _pairs(child, "interview_started", ("interview_ended",), now),
        "rest": _pairs(child, "rest_started", ("rest_ended", "woken"), now),
        "hospital": _pairs(child, "hospital_out", ("hospital_back",), now),
    }


def hours(scale: Scale) -> list[int]:
    """Return the instants at which a scale is labelled: those of the text picture."""
    step = next(
        (each for each in _STEPS if each * scale.columns >= 6 * (scale.end - scale.start)), DAY
    )
    return [*range(-(-scale.start // step) * step, scale.end + 1, step)]
