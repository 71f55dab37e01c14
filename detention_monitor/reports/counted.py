"""What statistics count, as data: each figure with its title, whom it is about, and its definition.

Published series: Home Office, Police powers and procedures, detentions of children in custody. The
hour by which that series calls a night "overnight" was not found, so that two counts stand side by
side (domain.md 2.11). Every row falls into exactly one category of a breakdown: counts add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detention_monitor.reports import carried, labels
from detention_monitor.reports.rows import Row
from detention_monitor.vocabulary import Needs

NIGHT = "{night}"
"""Stands in a definition for what counts as a night by the parameters in force (`night_in_words`)."""


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
    among: Callable[[Row], bool | None] = lambda row: row.kind == "detained"
    unit: str = "detentions"
    label: str = "category"
    across: Callable[[Row], Iterable[str]] | None = None
    columns: tuple[str, ...] = ()
    needs: Needs = ()
    """Where the source does not carry these, a detention cannot be told, and is in no other category."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in minutes: quantiles, and how many in each band.

    `edges` part the bands, in minutes; a value at an edge belongs to the band above it. `nothing`
    is what it means that there is no value; those are counted, and are in no quantile. Of a row that
    yields nothing it cannot be told; nor of one whose source does not carry what `needs` names.
    """

    id: str
    title: str
    of: Callable[[Row], Iterable[int | None]]
    definition: str
    edges: tuple[int, ...]
    among: Callable[[Row], bool | None] = lambda row: row.kind == "detained"
    nothing: str = carried.NOT_RECORDED
    unit: str = "detentions"
    needs: Needs = ()


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many something is true; None where the record does not say: then it is in neither.

    Nor is a detention whose source does not carry what this `needs`, or what is needed to know
    whether it is one `of_whom` this is counted.
    """

    id: str
    title: str
    has: Callable[[Row], bool | None]
    definition: str
    among: Callable[[Row], bool | None] = lambda row: row.kind == "detained"
    base: str = "detentions"
    """What it is a share of, as the head of a column tells it."""
    needs: Needs = ()
    of_whom: Needs = ()


BREAKDOWNS: tuple[Breakdown, ...] = (
    Breakdown("read", "Records read, by what they are", labels.kind,
              "Each detention once, however many custody records it spans.",
              ("detained", "detention refused by the custody officer"), among=lambda _: True,
              unit="records", label="what it is"),
    Breakdown("age_sex", "Detentions of children, by age and sex", labels.age,
              "Age in years at arrival at the station; sex as last recorded.",
              labels.AGES, label="age", across=labels.sex, columns=labels.SEXES),
    Breakdown("ethnicity", "Detentions of children, by ethnicity", labels.ethnicity,
              "As the child defines it, in the five groups of the census; 'not stated' is an answer, "
              "'not recorded' a blank.", labels.ETHNICITIES, label="ethnicity"),
    Breakdown("offence", "Detentions of children, by offence", labels.offence,
              "Group of the gravest offence for which the child was arrested.", labels.GROUPS,
              label="offence"),
    Breakdown("adult_asked", "Appropriate adult called", labels.adult_asked,
              "An entry shows that somebody was asked to come, or a scheme was asked to send one; or that "
        "an adult came though none shows that one was asked; or neither.",
              labels.ADULT_ASKED, label="adult", needs=carried.ASKED),
    Breakdown("overnight", "Held overnight, before and after charge", labels.night,
              f"NIGHT4: {NIGHT}. A night is after charge if so long a time of it is after the decision to "
              "keep the child; before charge if so long is before it; otherwise both.",
              labels.NIGHTS, label="night", needs=(*carried.KEPT, *carried.ENDED)),
    Breakdown("overnight_midnight", "Overnight by two counts", labels.overnight,
              "MIDNIGHT: in police detention at 00:00 local; published series may mean that. It "
              "counts a child released at 00:20 and leaves out one held from 00:40 to 06:30.",
              (labels.YES, labels.NO), label="overnight (NIGHT4)",
              across=labels.midnight,
              columns=("yes (MIDNIGHT)", "no (MIDNIGHT)"), needs=carried.ENDED),
    Breakdown("outcome", "How detention ended", labels.outcome,
              "The last end on the record; bail before charge that was answered is followed to "
              "its end.", labels.OUTCOMES, label="outcome",
              needs=(*carried.ENDED, *carried.CHARGED)),
    Breakdown("over_24", "Held for more than 24 hours, then released without charge", labels.over_24,
              "Time held counts from arrival at the station to the end of police detention, time on "
              "bail left out, hospital not left out (compare PACE s.50); released includes bail.",
              labels.OVER, label="time held",
              needs=(*carried.CHARGED, *carried.ENDED)),
    Breakdown("searched", "Children strip searched, by how often", labels.times_searched,
              "Searches that exposed more than outer clothing, and removal of clothing for safety.",
              labels.TIMES_SEARCHED, label="strip searched",
              needs=carried.SEARCHES),
    Breakdown("searches", "Strip searches, by exposure and adult",
              labels.exposed,
              "One count for each search; whether an adult was there is said by the entry, else by "
              "the adult's coming and going.", (labels.YES, labels.NO, carried.NOT_RECORDED), labels.searched, "searches",
              "intimate parts exposed",
              labels.adult_at_search,
              labels.ADULT_THERE,
              needs=carried.SEARCHES),
    Breakdown("searched_age_sex", "Children strip searched, by age and sex", labels.age,
              "Each detention with a strip search once.", labels.AGES, labels.searched, label="age",
              across=labels.sex, columns=labels.SEXES,
              needs=carried.SEARCHES),
    Breakdown("searched_ethnicity", "Children strip searched, by ethnicity",
              labels.ethnicity, "Each detention with a strip search once.",
              labels.ETHNICITIES, labels.searched, label="ethnicity",
              needs=carried.SEARCHES),
    Breakdown("powers", "Other powers used", labels.powers, "One count for each act on the record.",
              ("intimate search", "extension to 36 hours authorised",
               "warrant of further detention applied for", "warrant of further detention issued"),
              unit="acts", label="power",
              needs=carried.POWERS),
    Breakdown("requests", "Requests to the local authority, by type and stage",
              labels.asked_for,
              "One count for each request; type and stage as the entry says.",
              ("alternative", "secure", "both", "unclear", carried.NOT_RECORDED), unit="requests",
              label="asked for",
              across=labels.stage,
              columns=("before charge", "at charge", "after charge", carried.NOT_RECORDED),
              needs=carried.REQUESTS),
    Breakdown("replies", "What the local authority replied",
              labels.reply,
              "To each request: the first reply after it and before the next request; no reply: an entry "
              "says that none came.",
              labels.REPLIES, unit="requests", label="reply",
              needs=(*carried.REQUESTS, *carried.REPLIED)),
    Breakdown("certificates", "Certificates under s.38(7) for children kept", labels.certificate,
              "Of children refused bail and not moved to the local authority.",
              labels.LIMBS, labels.kept_here,
              label="certificate",
              needs=(*carried.KEPT, *carried.MOVED, *carried.CERTIFICATE)),
)  # fmt: skip

_HOURS = tuple(hour * 60 for hour in (1, 2, 3, 4, 6, 9, 12, 18))

SPREADS: tuple[Spread, ...] = (
    Spread("adult_waited", "Time for the adult to arrive",
           lambda row: (row.adult_waited,),
           "From the first authority to detain until an adult is at the station in person; 0 where "
           "one was there already. A telephone call is not arrival. Hospital is not left out. No adult "
        "came: no entry shows that one did.",
           _HOURS, nothing="no adult came", needs=carried.CAME),
    Spread("adult_from_request", "Time from asking the adult to arrival",
           lambda row: (row.adult_from_request,),
           "From the first entry that an adult was asked until one is at the station in person.",
           _HOURS, lambda row: row.kind == "detained" and row.adult_asked is not None,
           "no adult came", needs=carried.CAME),
    Spread("held", "Time held", lambda row: (row.held,),
           "From arrival at the station to the end of police detention, time on bail left out.",
           tuple(hour * 60 for hour in (3, 6, 9, 12, 15, 18, 24, 36)),
           nothing="no end on the record",
              needs=carried.ENDED),
    Spread("replied", "Time from request to the local authority's reply",
           labels.wait_for_reply,
           "To the first reply after the request and before the next request.",
           (30, 60, 120, 240, 480), nothing="no reply", unit="requests",
              needs=(*carried.REQUESTS, *carried.REPLIED)),
    Spread("after_charge", "Time held after charge, bail refused", lambda row: (row.after_charge,),
           "From the first charge to the end of police detention, of children refused bail.",
           tuple(hour * 60 for hour in (1, 3, 6, 9, 12, 18, 24, 48)), labels.kept,
           "no end on the record",
              needs=(*carried.KEPT, *carried.ENDED)),
    Spread("unlawful", "Minutes of possibly unlawful detention", lambda row: (row.unlawful or None,) if row.unlawful_is_told else (),
           "Minutes of police detention in which a review under s.40 or a limit of ss.41 to 44 was "
           "past its instant on every reading of the law; stretches that overlap count once. A "
           "possible finding for a person to decide, not a ruling.",
           (5, 30, 120, 360), nothing="none",
              needs=carried.LIMITS),
)  # fmt: skip


SHARES: tuple[Share, ...] = (
    Share("adult_came", "An adult came in person",
          lambda row: row.adult_waited is not None,
          "Before the end of detention.", needs=carried.CAME),
    Share("adult_in_2h", "An adult there within two hours",
          lambda row: row.adult_waited is not None and row.adult_waited <= 120,
          "Of the first authority to detain. Two hours are a target, not law.", needs=carried.CAME),
    Share("overnight", "Held overnight", lambda row: bool(row.nights), f"NIGHT4: {NIGHT}.",
          needs=carried.ENDED),
    Share("overnight_post", "Held overnight after charge",
          lambda row: None if row.nights and row.bail_refused is None
          else any(each != "pre" for each in row.nights),
          "NIGHT4, at least part of a night after the decision to keep the child.",
          needs=(*carried.KEPT, *carried.ENDED)),
    Share("charged", "Charged", lambda row: row.charged, "An entry shows a charge.",
          needs=carried.CHARGED),
    Share("bail_refused", "Bail refused", lambda row: row.bail_refused,
          "Of children charged.", lambda row: row.kind == "detained" and row.charged, "children charged",
          needs=carried.KEPT, of_whom=carried.CHARGED),
    Share("asked", "Local authority asked for accommodation", lambda row: bool(row.requests),
          "At any stage, of children refused bail.", labels.kept, "children refused bail",
          needs=carried.REQUESTS, of_whom=carried.KEPT),
    Share("moved", "Moved to local authority accommodation", lambda row: row.moved is not None,
          "Of children refused bail.", labels.kept, "children refused bail",
          needs=carried.MOVED, of_whom=carried.KEPT),
    Share("certified", "Certificate made", lambda row: row.certificate is not None,
          "Of children refused bail and not moved.", labels.kept_here, "children kept",
          needs=carried.CERTIFICATE, of_whom=(*carried.KEPT, *carried.MOVED)),
    Share("produced", "Certificate produced to the court", lambda row: row.produced,
          "Of children with a certificate.",
          lambda row: labels.kept_here(row) if row.certificate is not None else False,
          "children with a certificate",
          needs=carried.PRODUCED, of_whom=(*carried.KEPT, *carried.MOVED, *carried.CERTIFICATE)),
    Share("unlawful", "Any possibly unlawful minute",
          lambda row: row.unlawful > 0 if row.unlawful_is_told else None,
          "A review under s.40 or a limit of ss.41 to 44 was past its instant, on every reading of the "
          "law. A possible finding for a person to decide, not a ruling.", needs=carried.LIMITS),
    Share("never_seen", "Reviewed, never in person", labels.never_seen,
          "Of children with at least one review that counts. Where none is said to be in person, and of "
          "one it is not said how it was held, it cannot be told.",
          lambda row: row.kind == "detained" and row.reviews > 0, "children reviewed",
          needs=carried.SEEN, of_whom=carried.REVIEWS),
    Share("searched", "Strip searched", lambda row: bool(row.strip_searches), "At least once.",
          needs=carried.SEARCHES),
    Share("over_24", "Over 24 hours, released without charge",
          lambda row: None if row.held is None else labels.over_24(row) == (labels.OVER[0],),
          "Held for more than 24 hours from arrival at the station, time on bail left out, then "
          "released or bailed, and not charged.", base="detentions with a time",
          needs=(*carried.CHARGED, *carried.ENDED)),
    Share("by_law", "Any possible breach of statute or Code, on every reading",
          lambda row: "law" in row.duties.values(),
          "At least one finding that rests on an Act or on the Code, not on a local target, and "
          "holds on every reading of the record. What a source does not carry is found of nobody: "
          "with such a source it is the least there can have been."),
)  # fmt: skip
"""The last is told of every detention: what it is of is how many there were."""
ALWAYS = "by_law"
