"""Into which category of a table a detention falls: every one into exactly one, so that counts add up.

What the record does not say is "not recorded" where the source carries it, and cannot be told where it
does not; it is never "no".
"""

from __future__ import annotations

from collections.abc import Iterable

from detention_monitor.reports import carried
from detention_monitor.reports.carried import NOT_CARRIED, NOT_RECORDED
from detention_monitor.reports.rows import Request, Row
from detention_monitor.vocabulary import Needs

DAY_MINUTES = 24 * 60
YES, NO = "yes", "no"
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
ADULT_ASKED = ("asked", "came, not asked", "no entry of asking")
NIGHTS = ("before charge only", "after charge only", "before and after charge", "not overnight")
OVER = ("over 24 h, released without charge", "over 24 h, otherwise", "24 h or less", "time held not known")  # fmt: skip
OUTCOMES = (
    "released, not charged", "bailed, not charged", "charged and bailed or released",
    "charged, to court from custody", "charged, moved to the local authority",
    "not charged, to court", "no end on the record",
)  # fmt: skip
TIMES_SEARCHED = ("not searched", "once", "twice", "three times or more")
SEXES = ("female", "male", "other", NOT_RECORDED)
GROUPS = (
    "violence", "sexual", "robbery", "theft", "criminal damage", "drugs", "weapons", "public order",
    "fraud", "miscellaneous", "non-notifiable", NOT_RECORDED,
)  # fmt: skip
ETHNICITIES = ("asian", "black", "mixed", "white", "other", "not stated", NOT_RECORDED)
AGES = tuple(str(age) for age in range(10, 18))
NO_REPLY = "no entry shows a reply"
REPLIES = ("accepted", "no bed", "no secure", "refused", "no reply", "other", NO_REPLY)
LIMBS = (
    "limb (a): impracticable", "limb (b): no secure accommodation", "limb not recorded",
    "none on the record",
)  # fmt: skip
ADULT_THERE = ("adult there: yes", "adult there: no", "adult there: not recorded")


_WORDS = {"pre_charge": "before charge", "post_charge": "after charge",
          "non_notifiable": "non-notifiable"}  # fmt: skip


def _said(row: Row, value: str | None, needs: Needs) -> str:
    """Return a word of the record, or what it means that there is none."""
    blank = value is None or value == "not_recorded"
    return (
        row.silence(needs) if blank or value is None else _WORDS.get(value, value.replace("_", " "))
    )


def _yes(row: Row, value: bool | None, needs: Needs) -> str:
    return row.silence(needs) if value is None else YES if value else NO


def kept(row: Row) -> bool | None:
    """Whether bail was refused; None where it was decided and no entry says how."""
    return row.bail_refused if row.kind == "detained" else False


def kept_here(row: Row) -> bool | None:
    """Whether bail was refused and the child not moved to the local authority."""
    return kept(row) if row.moved is None else False


def searched(row: Row) -> bool:
    """Whether the child was strip searched."""
    return row.kind == "detained" and bool(row.strip_searches)


def kind(row: Row) -> Iterable[str]:
    """Yield what a record is."""
    if row.kind == "no_decision" and not row.carries(carried.AUTHORISED):
        return (NOT_CARRIED,)
    if row.kind == "age_not_recorded" and not row.carries(carried.AGE):
        return ("not judged: age not carried by the source",)
    return (_KINDS.get(row.kind, f"not judged: {row.kind.replace('_', ' ')}"),)


def age(row: Row) -> Iterable[str]:
    """Yield the age at arrival."""
    return (_said(row, None if row.age is None else str(row.age), carried.AGE),)


def sex(row: Row) -> Iterable[str]:
    """Yield the sex last recorded."""
    return (_said(row, row.sex, carried.SEX),)


def ethnicity(row: Row) -> Iterable[str]:
    """Yield the ethnicity last recorded."""
    return (_said(row, row.ethnicity, carried.ETHNICITY),)


def offence(row: Row) -> Iterable[str]:
    """Yield the group of the offence."""
    return (_said(row, row.offence, carried.OFFENCE),)


def adult_asked(row: Row) -> Iterable[str]:
    """Yield whether an adult was asked to come."""
    if row.adult_asked is not None:
        return (ADULT_ASKED[0],)
    return (ADULT_ASKED[1 if row.adult_waited is not None else 2],)


def night(row: Row) -> Iterable[str]:
    """Yield in which nights, by charge, the child was held."""
    phases = set(row.nights)
    if not phases:
        return (NIGHTS[3],)
    if row.bail_refused is None:
        return (NOT_RECORDED,)  # before or after the decision: which it was is not said
    return (NIGHTS[0 if phases == {"pre"} else 1 if phases == {"post"} else 2],)


def overnight(row: Row) -> Iterable[str]:
    """Yield whether a night counts as spent in custody (NIGHT4)."""
    return (YES if row.nights else NO,)


def midnight(row: Row) -> Iterable[str]:
    """Yield whether the child was in police detention at midnight."""
    return (f"{YES if row.midnights > 0 else NO} (MIDNIGHT)",)


def over_24(row: Row) -> Iterable[str]:
    """Yield whether the child was held for more than a day, and then let go without charge."""
    if row.held is None:
        return (OVER[3],)
    if row.held <= DAY_MINUTES:
        return (OVER[2],)
    without = not row.charged and row.outcome in ("released", "bailed")
    return (OVER[0 if without else 1],)


def outcome(row: Row) -> Iterable[str]:
    """Yield how detention ended."""
    if not row.closed or row.outcome is None:
        return (OUTCOMES[6],)
    if row.outcome == "court_appearance":
        return (OUTCOMES[3 if row.charged else 5],)
    if row.outcome == "moved_to_la":
        return (OUTCOMES[4],)
    if row.charged:
        return (OUTCOMES[2],)
    return (OUTCOMES[0 if row.outcome == "released" else 1],)


def times_searched(row: Row) -> Iterable[str]:
    """Yield how often the child was strip searched; "or more" where there was no room for more."""
    times = len(row.strip_searches)
    told = TIMES_SEARCHED[min(times, 3)]
    cut = times in (1, 2) and not row.carries(carried.EVERY_SEARCH)
    return (f"{told} or more" if cut else told,)


def exposed(row: Row) -> Iterable[str]:
    """Yield for each strip search whether intimate parts were exposed."""
    return (_yes(row, each.exposed, carried.EXPOSED) for each in row.strip_searches)


def adult_at_search(row: Row) -> Iterable[str]:
    """Yield for each strip search whether an adult was there."""
    for each in row.strip_searches:
        yield f"adult there: {_yes(row, each.adult, carried.ADULT_AT_SEARCH)}"


def powers(row: Row) -> Iterable[str]:
    """Yield each use of a power."""
    yield from ("intimate search",) * row.intimate_searches
    yield from ("extension to 36 hours authorised",) * row.extensions
    yield from ("warrant of further detention applied for",) * row.warrants_applied
    yield from ("warrant of further detention issued",) * row.warrants


def asked_for(row: Row) -> Iterable[str]:
    """Yield for each request what the local authority was asked for."""
    return (_said(row, each.asked, carried.ASKED_FOR) for each in row.requests)


def stage(row: Row) -> Iterable[str]:
    """Yield for each request at what stage it was made."""
    return (_said(row, each.stage, carried.STAGE) for each in row.requests)


def reply(row: Row) -> Iterable[str]:
    """Yield for each request what was replied."""
    return (_reply(row, each) for each in row.requests)


def _reply(row: Row, request: Request) -> str:
    if request.reply is not None:
        return _said(row, request.reply, carried.REPLY)
    return NO_REPLY if row.carries(carried.REPLIED) else NOT_CARRIED


def wait_for_reply(row: Row) -> Iterable[int | None]:
    """Yield for each request the minutes to the reply; nothing where it cannot be told."""
    told = row.carries(carried.REPLIED)
    return (each.minutes for each in row.requests if told or each.minutes is not None)


def certificate(row: Row) -> Iterable[str]:
    """Yield on which limb the certificate rests."""
    if row.certificate is None:
        return (LIMBS[3],)
    if row.certificate in ("a", "b"):
        return (LIMBS[("a", "b").index(row.certificate)],)
    return (LIMBS[2] if row.carries(carried.LIMB) else NOT_CARRIED,)


def never_seen(row: Row) -> bool | None:
    """Whether no review was held in person; None where one that does not say how might have been."""
    if row.reviews_in_person:
        return False
    return None if row.reviews_without_mode else True
