"""What statistics count, as data: each figure with its title, whom it is about, and its definition.

Published series: Home Office, Police powers and procedures, detentions of children in custody. The
hour by which that series calls a night "overnight" was not found, so that two counts stand side by
side (domain.md 2.11). Every row falls into exactly one category of a breakdown: counts add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detention_monitor.reports.rows import Row

NOT_RECORDED = "not recorded"
NOT_CARRIED = "cannot tell: not carried by the source"
NIGHT = "{night}"
"""Stands in a definition for what counts as a night by the parameters in force (`night_in_words`)."""
DAY_MINUTES = 24 * 60
YES, NO = "yes", "no"

Needs = tuple[tuple[str, ...], ...]
"""Kinds of entry on which a figure rests: of each group the source has to carry one. Where it does
not, that nothing is recorded says nothing, and the detention is counted as such or in no figure."""
_CAME: Needs = (("aa_arrived",),)
_ASKED: Needs = (*_CAME, ("aa_contacted", "aa_requested"))
_CHARGED: Needs = (("charged",),)
_KEPT: Needs = (*_CHARGED, ("detention_after_charge", "bail_decided"))
_ENDED: Needs = (("released", "bailed", "moved_to_la", "court_appearance"),)
_SEARCHES: Needs = (("strip_search_started",),)
_LIMITS: Needs = (("review_held",), ("extension_authorised",), ("warrant_issued",))
_REQUESTS: Needs = (("la_requested",),)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How many of each category; `across` makes it a table of two ways.

    `of` gives a label for each thing that is counted in a row: one, unless the unit is an act.
    `order` are the labels that are shown even where none was counted; others follow.
    """

    id: str
    title: str
    of: Callable[[Row], Iterable[str]]
    definition: str
    order: tuple[str, ...] = ()
    among: Callable[[Row], bool] = lambda row: row.kind == "detained"
    unit: str = "detentions"
    label: str = "category"
    across: Callable[[Row], Iterable[str]] | None = None
    columns: tuple[str, ...] = ()
    needs: Needs = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in minutes: quantiles, and how many in each band.

    `edges` part the bands, in minutes; a value at an edge belongs to the band above it. `nothing`
    is what it means that there is no value; those are counted, and are in no quantile.
    """

    id: str
    title: str
    of: Callable[[Row], Iterable[int | None]]
    definition: str
    edges: tuple[int, ...]
    among: Callable[[Row], bool] = lambda row: row.kind == "detained"
    nothing: str = NOT_RECORDED
    unit: str = "detentions"
    needs: Needs = ()


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many something is true; None where the source cannot tell: then it is in neither."""

    id: str
    title: str
    has: Callable[[Row], bool | None]
    definition: str
    among: Callable[[Row], bool] = lambda row: row.kind == "detained"
    base: str = "detentions"
    """What it is a share of, as the head of a column tells it."""
    needs: Needs = ()


_WORDS = {"pre_charge": "before charge", "post_charge": "after charge",
          "non_notifiable": "non-notifiable"}  # fmt: skip


def _said(value: str) -> str:
    return _WORDS.get(value, value.replace("_", " "))


def _one(value: str | None) -> tuple[str]:
    return (NOT_RECORDED if value is None else _said(value),)


def _yes(value: bool | None) -> str:
    return NOT_RECORDED if value is None else YES if value else NO


def _kept(row: Row) -> bool:
    return row.kind == "detained" and row.bail_refused


_KINDS = {
    "detained": "detained",
    "detention_refused": "detention refused by the custody officer",
    "voluntary": "voluntary interview, not detained",
    "police_protection": "police protection, not police detention",
    "no_decision": "neither authorised nor refused on the record",
    "under_10": "not judged: recorded as under 10",
    "adult": "not judged: an adult",
    "age_not_recorded": "not judged: age not recorded",
}
_ADULT_ASKED = ("asked", "came, not asked", "no entry of asking")
_NIGHTS = ("before charge only", "after charge only", "before and after charge", "not overnight")
_OVER = ("over 24 h, released without charge", "over 24 h, otherwise", "24 h or less", "time held not known")  # fmt: skip
_OUTCOMES = (
    "released, not charged", "bailed, not charged", "charged and bailed or released",
    "charged, to court from custody", "charged, moved to the local authority",
    "not charged, to court", "no end on the record",
)  # fmt: skip
_TIMES_SEARCHED = ("not searched", "once", "twice", "three times or more")
_SEXES = ("female", "male", "other", NOT_RECORDED)


def _kind(row: Row) -> Iterable[str]:
    return (_KINDS.get(row.kind, f"not judged: {row.kind.replace('_', ' ')}"),)


def _adult_asked(row: Row) -> Iterable[str]:
    if row.adult_asked is not None:
        return (_ADULT_ASKED[0],)
    return (_ADULT_ASKED[1 if row.adult_waited is not None else 2],)


def _night(row: Row) -> Iterable[str]:
    phases = set(row.nights)
    if not phases:
        return (_NIGHTS[3],)
    return (_NIGHTS[0 if phases == {"pre"} else 1 if phases == {"post"} else 2],)


def _over_24(row: Row) -> Iterable[str]:
    if row.held is None:
        return (_OVER[3],)
    if row.held <= DAY_MINUTES:
        return (_OVER[2],)
    without = not row.charged and row.outcome in ("released", "bailed")
    return (_OVER[0 if without else 1],)


def _outcome(row: Row) -> Iterable[str]:
    if not row.closed or row.outcome is None:
        return (_OUTCOMES[6],)
    if row.outcome == "court_appearance":
        return (_OUTCOMES[3 if row.charged else 5],)
    if row.outcome == "moved_to_la":
        return (_OUTCOMES[4],)
    if row.charged:
        return (_OUTCOMES[2],)
    return (_OUTCOMES[0 if row.outcome == "released" else 1],)


def _times_searched(row: Row) -> Iterable[str]:
    return (_TIMES_SEARCHED[min(len(row.strip_searches), 3)],)


def _powers(row: Row) -> Iterable[str]:
    yield from ("intimate search",) * row.intimate_searches
    yield from ("extension to 36 hours authorised",) * row.extensions
    yield from ("warrant of further detention applied for",) * row.warrants_applied
    yield from ("warrant of further detention issued",) * row.warrants


def _certificate(row: Row) -> Iterable[str]:
    if row.certificate is None:
        return ("none on the record",)
    limb = {"a": "limb (a): impracticable", "b": "limb (b): no secure accommodation"}
    return (limb.get(row.certificate, "limb not recorded"),)


def _age(row: Row) -> Iterable[str]:
    return (NOT_RECORDED if row.age is None else f"{row.age}",)


_searched = lambda row: row.kind == "detained" and bool(row.strip_searches)  # noqa: E731 - as the others
_GROUPS = (
    "violence", "sexual", "robbery", "theft", "criminal damage", "drugs", "weapons", "public order",
    "fraud", "miscellaneous", "non-notifiable", NOT_RECORDED,
)  # fmt: skip
_ETHNICITIES = ("asian", "black", "mixed", "white", "other", "not stated", NOT_RECORDED)
_AGES = tuple(str(age) for age in range(10, 18))

BREAKDOWNS: tuple[Breakdown, ...] = (
    Breakdown("read", "Records read, by what they are", _kind,
              "Each detention once, however many custody records it spans.",
              ("detained", "detention refused by the custody officer"), among=lambda _: True,
              unit="records", label="what it is"),
    Breakdown("age_sex", "Detentions of children, by age and sex", _age,
              "Age in years at arrival at the station; sex as last recorded.",
              _AGES, label="age", across=lambda row: _one(row.sex), columns=_SEXES),
    Breakdown("ethnicity", "Detentions of children, by ethnicity", lambda row: _one(row.ethnicity),
              "As the child defines it, in the five groups of the census; 'not stated' is an answer, "
              "'not recorded' a blank.", _ETHNICITIES, label="ethnicity"),
    Breakdown("offence", "Detentions of children, by offence", lambda row: _one(row.offence),
              "Group of the gravest offence for which the child was arrested.", _GROUPS,
              label="offence"),
    Breakdown("adult_asked", "Appropriate adult called", _adult_asked,
              "An entry shows that somebody was asked to come, or a scheme was asked to send one; or that "
        "an adult came though none shows that one was asked; or neither.",
              _ADULT_ASKED, label="adult", needs=_ASKED),
    Breakdown("overnight", "Held overnight, before and after charge", _night,
              f"NIGHT4: {NIGHT}. A night is after charge if so long a time of it is after the decision to "
              "keep the child; before charge if so long is before it; otherwise both.",
              _NIGHTS, label="night",
              needs=_KEPT),
    Breakdown("overnight_midnight", "Overnight by two counts", lambda row: (_yes(bool(row.nights)),),
              "MIDNIGHT: in police detention at 00:00 local; published series may mean that. It "
              "counts a child released at 00:20 and leaves out one held from 00:40 to 06:30.",
              (YES, NO), label="overnight (NIGHT4)",
              across=lambda row: (f"{_yes(row.midnights > 0)} (MIDNIGHT)",),
              columns=("yes (MIDNIGHT)", "no (MIDNIGHT)")),
    Breakdown("outcome", "How detention ended", _outcome,
              "The last end on the record; bail before charge that was answered is followed to "
              "its end.", _OUTCOMES, label="outcome",
              needs=(*_ENDED, *_CHARGED)),
    Breakdown("over_24", "Held for more than 24 hours, then released without charge", _over_24,
              "Time held counts from arrival at the station to the end of police detention, time on "
              "bail left out, hospital not left out (compare PACE s.50); released includes bail.",
              _OVER, label="time held",
              needs=_CHARGED),
    Breakdown("searched", "Children strip searched, by how often", _times_searched,
              "Searches that exposed more than outer clothing, and removal of clothing for safety.",
              _TIMES_SEARCHED, label="strip searched",
              needs=_SEARCHES),
    Breakdown("searches", "Strip searches, by exposure and adult",
              lambda row: (_yes(each.exposed) for each in row.strip_searches),
              "One count for each search; whether an adult was there is said by the entry, else by "
              "the adult's coming and going.", (YES, NO, NOT_RECORDED), _searched, "searches",
              "intimate parts exposed",
              lambda row: (f"adult there: {_yes(each.adult)}" for each in row.strip_searches),
              ("adult there: yes", "adult there: no", "adult there: not recorded"),
              needs=_SEARCHES),
    Breakdown("searched_age_sex", "Children strip searched, by age and sex", _age,
              "Each detention with a strip search once.", _AGES, _searched, label="age",
              across=lambda row: _one(row.sex), columns=_SEXES,
              needs=_SEARCHES),
    Breakdown("searched_ethnicity", "Children strip searched, by ethnicity",
              lambda row: _one(row.ethnicity), "Each detention with a strip search once.",
              _ETHNICITIES, _searched, label="ethnicity",
              needs=_SEARCHES),
    Breakdown("powers", "Other powers used", _powers, "One count for each act on the record.",
              ("intimate search", "extension to 36 hours authorised",
               "warrant of further detention applied for", "warrant of further detention issued"),
              unit="acts", label="power",
              needs=(("intimate_search_started",), *_LIMITS[1:], ("warrant_applied",))),
    Breakdown("requests", "Requests to the local authority, by type and stage",
              lambda row: (each.asked.replace("_", " ") for each in row.requests),
              "One count for each request; type and stage as the entry says.",
              ("alternative", "secure", "both", "unclear", NOT_RECORDED), unit="requests",
              label="asked for",
              across=lambda row: (_said(each.stage) for each in row.requests),
              columns=("before charge", "at charge", "after charge", NOT_RECORDED),
              needs=_REQUESTS),
    Breakdown("replies", "What the local authority replied",
              lambda row: ((each.reply or "no entry shows a reply").replace("_", " ")
                           for each in row.requests),
              "To each request: the first reply after it and before the next request; no reply: an entry "
              "says that none came.",
              ("accepted", "no bed", "no secure", "refused", "no reply", "other",
               "no entry shows a reply"), unit="requests", label="reply",
              needs=(*_REQUESTS, ("la_replied",))),
    Breakdown("certificates", "Certificates under s.38(7) for children kept", _certificate,
              "Of children refused bail and not moved to the local authority.",
              ("limb (a): impracticable", "limb (b): no secure accommodation", "limb not recorded",
               "none on the record"), lambda row: _kept(row) and row.moved is None,
              label="certificate",
              needs=(("certificate_made",), ("moved_to_la",))),
)  # fmt: skip

_HOURS = tuple(hour * 60 for hour in (1, 2, 3, 4, 6, 9, 12, 18))

SPREADS: tuple[Spread, ...] = (
    Spread("adult_waited", "Time for the adult to arrive",
           lambda row: (row.adult_waited,),
           "From the first authority to detain until an adult is at the station in person; 0 where "
           "one was there already. A telephone call is not arrival. Hospital is not left out. No adult "
        "came: no entry shows that one did.",
           _HOURS, nothing="no adult came", needs=_CAME),
    Spread("adult_from_request", "Time from asking the adult to arrival",
           lambda row: (row.adult_from_request,),
           "From the first entry that an adult was asked until one is at the station in person.",
           _HOURS, lambda row: row.kind == "detained" and row.adult_asked is not None,
           "no adult came", needs=_CAME),
    Spread("held", "Time held", lambda row: (row.held,),
           "From arrival at the station to the end of police detention, time on bail left out.",
           tuple(hour * 60 for hour in (3, 6, 9, 12, 15, 18, 24, 36)),
           nothing="no end on the record",
              needs=_ENDED),
    Spread("replied", "Time from request to the local authority's reply",
           lambda row: (each.minutes for each in row.requests),
           "To the first reply after the request and before the next request.",
           (30, 60, 120, 240, 480), nothing="no reply", unit="requests",
              needs=(*_REQUESTS, ("la_replied",))),
    Spread("after_charge", "Time held after charge, bail refused", lambda row: (row.after_charge,),
           "From the first charge to the end of police detention, of children refused bail.",
           tuple(hour * 60 for hour in (1, 3, 6, 9, 12, 18, 24, 48)), _kept,
           "no end on the record",
              needs=_KEPT),
    Spread("unlawful", "Minutes of possibly unlawful detention", lambda row: (row.unlawful or None,),
           "Minutes of police detention in which a review under s.40 or a limit of ss.41 to 44 was "
           "past its instant on every reading of the law; stretches that overlap count once. A "
           "possible finding for a person to decide, not a ruling.",
           (5, 30, 120, 360), nothing="none",
              needs=_LIMITS),
)  # fmt: skip


SHARES: tuple[Share, ...] = (
    Share("adult_came", "An adult came in person",
          lambda row: row.adult_waited is not None,
          "Before the end of detention.", needs=_CAME),
    Share("adult_in_2h", "An adult there within two hours",
          lambda row: row.adult_waited is not None and row.adult_waited <= 120,
          "Of the first authority to detain. Two hours are a target, not law.", needs=_CAME),
    Share("overnight", "Held overnight", lambda row: bool(row.nights), f"NIGHT4: {NIGHT}."),
    Share("overnight_post", "Held overnight after charge",
          lambda row: any(each != "pre" for each in row.nights),
          "NIGHT4, at least part of a night after the decision to keep the child.",
              needs=_KEPT),
    Share("charged", "Charged", lambda row: row.charged, "An entry shows a charge.",
              needs=_CHARGED),
    Share("bail_refused", "Bail refused", lambda row: row.bail_refused,
          "Of children charged.", lambda row: row.kind == "detained" and row.charged, "children charged",
              needs=_KEPT),
    Share("asked", "Local authority asked for accommodation", lambda row: bool(row.requests),
          "At any stage, of children refused bail.", _kept, "children refused bail",
              needs=_REQUESTS),
    Share("moved", "Moved to local authority accommodation", lambda row: row.moved is not None,
          "Of children refused bail.", _kept, "children refused bail",
              needs=(("moved_to_la",),)),
    Share("certified", "Certificate made", lambda row: row.certificate is not None,
          "Of children refused bail and not moved.",
          lambda row: _kept(row) and row.moved is None, "children kept",
              needs=(("certificate_made",),)),
    Share("produced", "Certificate produced to the court", lambda row: row.produced,
          "Of children with a certificate.",
          lambda row: _kept(row) and row.moved is None and row.certificate is not None,
          "children with a certificate",
              needs=(("certificate_produced",),)),
    Share("unlawful", "Any possibly unlawful minute", lambda row: row.unlawful > 0,
          "A review under s.40 or a limit of ss.41 to 44 was past its instant, on every reading of the "
          "law. A possible finding for a person to decide, not a ruling.",
              needs=_LIMITS),
    Share("never_seen", "Reviewed, never in person", lambda row: row.reviews_in_person == 0,
          "Of children with at least one review that counts.",
          lambda row: row.kind == "detained" and row.reviews > 0, "children reviewed"),
    Share("searched", "Strip searched", lambda row: bool(row.strip_searches), "At least once.",
              needs=_SEARCHES),
    Share("over_24", "Over 24 hours, released without charge",
          lambda row: None if row.held is None else _over_24(row) == (_OVER[0],),
          "Held for more than 24 hours from arrival at the station, time on bail left out, then "
          "released or bailed, and not charged.", base="detentions with a time",
              needs=_CHARGED),
    Share("by_law", "Any possible breach of statute or Code, on every reading",
          lambda row: "law" in row.duties.values(),
          "At least one finding that rests on an Act or on the Code, not on a local target, and "
          "holds on every reading of the record."),
)  # fmt: skip
