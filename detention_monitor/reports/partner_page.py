"""The report for partners as a page: what was asked and answered, a picture, and each child's case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from detention_monitor import webpage
from detention_monitor.checklist import LABELS
from detention_monitor.reports import carried
from detention_monitor.reports.charts import styled
from detention_monitor.reports.intervals import wilson
from detention_monitor.reports.partner import Asked, Case, Concern, Unsure
from detention_monitor.reports.partner_table import by_authority
from detention_monitor.reports.provenance import Provenance
from detention_monitor.text import several
from detention_monitor.times import HOUR, clock_text, day_of, in_words, local_text
from detention_monitor.vocabulary import Needs
from detention_monitor.webpage import altair, drawing

MARKING = "OFFICIAL-SENSITIVE: about individual children, under pseudonyms; for the partners it was made for"
DEFINITIONS = (
    (
        "bail refused",
        "detention after charge was authorised (PACE s.38) for a child whom s.38(6) covered then",
    ),
    (
        "answered",
        "the first reply after a request and before the next one; that none came is no answer",
    ),
    (
        "night",
        "at least 240 minutes in custody between 22:00 and 07:00, some or all after the refusal",
    ),
    ("concern", "what the rules found against the record; law, or a standard that is not law"),
    (
        "child",
        "a pseudonym (keyed hash for this report alone); the force can find the record again",
    ),
    (
        "left out",
        "names, references, birth dates, stations, free text; authorities by the list only",
    ),
    (
        "for whom",
        (
            "partners of an agreement on sharing data; not to be published, nor given to a reader of the "
            "statistics: numbers hidden there can be counted here"
        ),
    ),
    ("share", "with its 95 % interval (Wilson), which is wide where children are few"),
)
_WANTED = {"alternative": "alternative", "secure": "secure", "both": "both named",
           "unclear": "unclear"}  # fmt: skip
_STAGES = {"pre_charge": "before charge", "at_charge": "at charge", "post_charge": "after charge"}
_REPLIES = {"accepted": "accepted", "no_bed": "no bed", "no_secure": "no secure bed",
            "refused": "refused", "no_reply": "no reply came", "other": "other"}  # fmt: skip
_REFUSED_FOR = {"fail_to_appear": "would fail to appear"}
_STATUSES = {**LABELS, "matched": "found"}
_TIMES = {2: "twice"}
_GROUNDS = {"no_bed": "no bed", "no_secure_bed": "no secure bed", "court_imminent": "court imminent",
            "no_transport": "no transport"}  # fmt: skip
_LACKED = {
    "la_requested": "requests to the local authority", "la_replied": "its answers",
    "moved_to_la": "moves to accommodation", "certificate_made": "certificates",
    "certificate_produced": "the production of certificates to the court", "review_held": "reviews",
}  # fmt: skip
_SIGNS = {
    "asked: alternative": ("circle", "#1d4f91", "#1d4f91"),
    "asked: secure": ("diamond", "#a3002a", "#a3002a"),
    "asked: both or not clear": ("cross", "#b34700", "#b34700"),
    "answer: accepted": ("square", "#1b6b3a", "#1b6b3a"),
    "answer: any other, or not told": ("square", "#ffffff", "#1a1a1a"),
    "moved": ("triangle-up", "#1b6b3a", "#1b6b3a"),
    "court": ("M0,-1L0,1", "#1a1a1a", "#1a1a1a"),
}
"""Shape, colour and edge of each mark; the template draws the same signs in words."""
_DRAWN = 40
"""Children in the picture, which must fit a printed page; the cases below are all of them."""
_BEFORE, _LONGEST = 12, 48
"""Hours before and after the refusal that the picture shows."""


def partner_page(
    cases: Sequence[Case], provenance: Provenance, unsure: Sequence[Unsure] = ()
) -> str:
    """Return the page; raise `DetentionMonitorError` where the extra `reports` is not installed.

    Who is `unsure` is on no line of it; that there are such children is said.
    """
    return webpage.page(
        "partner.html",
        title="Children charged and refused bail",
        marking=MARKING,
        figures=_figures(cases),
        lead=_lead(cases),
        unsure=_unsure(unsure),
        by_authority=by_authority(cases),
        picture=_picture(cases) if cases else None,
        shown=min(len(cases), _DRAWN),
        cases=[_case(each) for each in cases],
        provenance=provenance,
    )


def _figures(cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Return the figures at the top: number, what it is, and its share with the interval."""

    def of(
        has: Callable[[Case], bool], words: str, needs: Needs,
        among: Callable[[Case], bool] = lambda _: True, whom: str = "",
    ) -> tuple[str, str, str]:  # fmt: skip
        told = [each for each in cases if each.carries(needs)]
        if cases and not told:
            return "-", words, "not carried by the source"
        asked = [each for each in told if among(each)]
        count, whole = sum(map(has, asked)), len(asked)
        found = wilson(count, whole)
        left = " whose source carries it" if len(told) < len(cases) else ""
        share = f"of {whole:,}{whom}{left}"
        if found is not None:
            share += f": {count / whole:.0%} ({found[0]:.0%} to {found[1]:.0%})"
        return str(count), words, share

    return [
        (str(len(cases)), f"{'child' if len(cases) == 1 else 'children'} charged and refused bail", ""),
        of(lambda each: bool(each.asked), "local authority asked", carried.REQUESTS),
        of(lambda each: each.moved_at is not None, "moved to accommodation", carried.MOVED),
        of(lambda each: each.nights > 0, "spent a night in a cell after charge", carried.ENDED),
        of(
            lambda each: each.produced_at is not None, "certificate produced to the court",
            (*carried.PRODUCED, *carried.MOVED),
            among=lambda each: each.moved_at is None, whom=" not moved",
        ),
    ]  # fmt: skip


def _lead(cases: Sequence[Case]) -> str:
    types = Counter(_wanted(case, each) for case in cases for each in case.asked)
    stages = Counter(_stage(case, each) for case in cases for each in case.asked)
    if not types and cases and not any(each.carries(carried.REQUESTS) for each in cases):
        return "The source does not carry what was asked of local authorities."
    if not types:
        return "No request to a local authority is on record."
    said = ", ".join(f"{n} {name}" for name, n in types.most_common())
    when = ", ".join(f"{n} {name}" for name, n in stages.most_common())
    return f"{several(sum(types.values()), 'request')}: {said}; {when}."


def _unsure(unsure: Sequence[Unsure]) -> list[str]:
    """Return how many more there may be, and why that is not known."""
    told = (
        (True, "no entry says whether bail was refused"),
        (False, "the source does not carry whether bail was refused"),
    )
    counts = Counter(each.carried for each in unsure)
    return [
        f"{'1 more child' if counts[known] == 1 else f'{counts[known]:,} more children'} may belong on "
        f"this page: {why}."
        for known, why in told
        if counts[known]
    ]


def _wanted(case: Case, asked: Asked) -> str:
    return _WANTED.get(asked.wanted) or _blank(case, asked.wanted, "type", carried.ASKED_FOR)


def _stage(case: Case, asked: Asked) -> str:
    return _STAGES.get(asked.stage) or _blank(case, asked.stage, "stage", carried.STAGE)


def _blank(case: Case, word: str, what: str, needs: Needs) -> str:
    """Return a word of the record, or that there is none, and why."""
    return _said(word) if word else f"{what} {case.silence(needs)}"


# --- the picture -------------------------------------------------------------------------------


def _picture(cases: Sequence[Case]) -> Any:
    """Return each child's hours from the refusal of bail: requests, answers, move, court."""
    alt = altair()
    shown = cases[-_DRAWN:]
    order = [each.child for each in shown]
    bars = [
        {"child": each.child, "from": 0.0, "to": min(_LONGEST, max(0.1, each.hours or _LONGEST)),
         "night": "a night in a cell" if each.nights else "no night"}
        for each in shown
    ]  # fmt: skip
    marks = [mark for each in shown for mark in _marks(each)]
    x = alt.Scale(domain=[-_BEFORE, _LONGEST], nice=False)
    axis = alt.Axis(title="hours after bail was refused", values=list(range(-12, 49, 6)), grid=True)
    y = alt.Y("child:N", sort=order, title=None, axis=alt.Axis(labelFont="monospace", ticks=False))
    base = alt.Chart(alt.Data(values=bars)).encode(y=y)
    held = base.mark_bar(height=7).encode(
        alt.X("from:Q", scale=x, axis=axis), alt.X2("to:Q"),
        alt.Color("night:N", legend=None,
                  scale=alt.Scale(domain=["a night in a cell", "no night"],
                                  range=["#8a909a", "#d3d6dc"])),
    )  # fmt: skip
    signs, colours, edges = (alt.Scale(domain=[*_SIGNS], range=[*each])
                             for each in zip(*_SIGNS.values(), strict=True))  # fmt: skip
    points = (
        alt.Chart(alt.Data(values=marks))
        .mark_point(filled=True, size=75, opacity=1, strokeWidth=1.5)
        .encode(
            alt.X("at:Q", scale=x, axis=axis), y,
            alt.Shape("what:N", scale=signs, legend=None),
            alt.Fill("what:N", scale=colours, legend=None),
            alt.Stroke("what:N", scale=edges, legend=None),
        )
    )  # fmt: skip
    chart = alt.layer(held, points).properties(width=760, height={"step": 20})
    told = (
        f"Hours of {several(len(shown), 'child', 'children')} from the refusal of bail: when the authority was asked, "
        "its answer, the move, the court. The cases below say the same."
    )
    return drawing(styled(chart), told)


def _marks(case: Case) -> Iterable[dict[str, object]]:
    for each in case.asked:
        kind = each.wanted if each.wanted in ("alternative", "secure") else "both or not clear"
        yield _mark(case, each.at, f"asked: {kind}")
        if each.replied_at is not None and each.answered_after is not None:
            accepted = "accepted" if each.reply == "accepted" else "any other, or not told"
            yield _mark(case, each.replied_at, f"answer: {accepted}")
    if case.moved_at is not None:
        yield _mark(case, case.moved_at, "moved")
    if case.court_at is not None:
        yield _mark(case, case.court_at, "court")


def _mark(case: Case, at: int, what: str) -> dict[str, object]:
    hours = max(-_BEFORE, min(_LONGEST, (at - case.refused_at) / HOUR))
    return {"child": case.child, "at": hours, "what": what}


# --- the cases ---------------------------------------------------------------------------------


def _case(case: Case) -> dict[str, object]:
    first = [f"aged {case.age}" if case.age is not None else f"age {case.silence(carried.AGE)}"]
    first += [case.sex] if case.sex else []
    first += [f"class of offence: {_said(case.offence)}"] if case.offence else []
    return {
        "child": case.child,
        "who": ", ".join(first),
        "charged": local_text(case.charged_at)
        if case.charged_at is not None
        else case.silence(carried.CHARGED),
        "refused": local_text(case.refused_at),
        "ground": _REFUSED_FOR.get(case.ground)
        or _blank(case, case.ground, "ground", carried.BAIL_GROUND),
        "asked": [_request(case, each) for each in case.asked],
        "unasked": case.unasked_replies,
        "reviews": _reviews(case),
        "moved": "" if case.moved_at is None else _later(case, case.moved_at),
        "certificates": _certificates(case),
        "nights": case.nights if case.carries(carried.ENDED) else "not carried",
        "court": "" if case.court_at is None else _later(case, case.court_at),
        "hours": "" if case.hours is None else in_words(int(case.hours * HOUR)),
        "law": _concerns(each for each in case.concerns if each.law),
        "other": _concerns(each for each in case.concerns if not each.law),
        "lacks": [words for kind, words in _LACKED.items() if kind in case.not_carried],
        "requests_told": case.carries(carried.REQUESTS),
        "move_told": case.carries(carried.MOVED),
        "end_told": case.carries(carried.ENDED),
    }


def _request(case: Case, asked: Asked) -> dict[str, str]:
    told = case.carries(carried.REPLIED)
    answer = "no answer on record" if told else "whether it answered is not carried"
    if asked.replied_at is not None:
        reply = asked.reply or ""
        said = _REPLIES.get(reply) or _blank(case, reply, "reply", carried.REPLY)
        same_day = day_of(asked.replied_at) == day_of(asked.at)
        when = clock_text(asked.replied_at) if same_day else local_text(asked.replied_at)
        answer = f"{said} by {when}"
        if asked.answered_after is not None:
            answer = f"{said}, {when} (after {in_words(asked.answered_after)})"
    return {
        "at": local_text(asked.at), "authority": asked.authority,
        "wanted": _wanted(case, asked), "stage": _stage(case, asked), "answer": answer,
    }  # fmt: skip


def _reviews(case: Case) -> str:
    if not case.reviews:
        return "none" if case.carries(carried.EVERY_REVIEW) else "not carried"
    number = f"{len(case.reviews)}{'' if case.carries(carried.EVERY_REVIEW) else ' or more'}"
    if not case.carries(carried.MOVE_AGAIN):
        return f"{number}; whether the move was decided again is not carried"
    again = Counter(each.again for each in case.reviews)
    parts = [f"the move was decided again at {again[True]}"]
    parts += [f"not at {again[False]}"] if again[False] else []
    parts += [f"not said of {again[None]}"] if again[None] else []
    return f"{number} ({', '.join(parts)})"


def _certificates(case: Case) -> str:
    if not case.certificates:
        none = "none on record" if case.carries(carried.CERTIFICATE) else "not carried"
        if case.produced_at is None:
            return none
        return f"{none}, though one was produced to the court {local_text(case.produced_at)}"
    last = case.certificates[-1]
    limb = f"limb ({last.limb})" if last.limb else f"limb {case.silence(carried.LIMB)}"
    said = _GROUNDS.get(last.ground) or _blank(
        case, last.ground, "ground", carried.CERTIFICATE_GROUND
    )
    ground = f", {said}" if last.limb != "b" else ""
    produced = (
        "no entry shows that the court got it"
        if case.carries(carried.PRODUCED)
        else "whether the court got it is not carried"
    )
    if case.produced_at is not None:
        produced = f"produced to the court {local_text(case.produced_at)}"
    return f"{local_text(last.at)}, {limb}{ground}; {produced}"


def _later(case: Case, at: int) -> str:
    return f"{local_text(at)}, {in_words(max(0, at - case.refused_at))} after the refusal"


def _concerns(concerns: Iterable[Concern]) -> list[str]:
    """Return what was found, once each; how often, if it was more than once."""
    told = Counter(
        f"{each.duty} {each.title} ({'possibly ' if each.possible else ''}"
        f"{_STATUSES.get(each.status, _said(each.status))}, {each.severity})"
        for each in concerns
    )
    return [
        text if n == 1 else f"{text}, {_TIMES.get(n, f'{n} times')}" for text, n in told.items()
    ]


def _said(word: str) -> str:
    return word.replace("_", " ")
