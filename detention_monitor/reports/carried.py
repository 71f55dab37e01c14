"""What statistics and reports read of a record, by name: where a source does not carry it, they say so.

A figure names what it rests on (`Needs`); a detention keeps which of these names its source left out.
One question serves kinds of entry and attributes: `Coverage.holds`.
"""

from __future__ import annotations

from functools import lru_cache

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention, shown_until
from detention_monitor.vocabulary import AFTER, EVERY, Coverage, Needs

NOT_RECORDED = "not recorded"
NOT_CARRIED = "cannot tell: not carried by the source"


def _of(attribute: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"{kind}.{attribute}" for kind in kinds)


_BEGINS = ("arrived", "detention_authorised")
AGE: Needs = ((*_of("dob", *_BEGINS), *_of("age_recorded", *_BEGINS)),)
SEX: Needs = (_of("sex", *_BEGINS),)
ETHNICITY: Needs = (_of("ethnicity", *_BEGINS),)
STATION: Needs = (_of("station", *_BEGINS),)
OFFENCE: Needs = (_of("offence_group", "arrested", "detention_authorised"),)
OFFENCE_CLASS: Needs = (
    _of("offence_class", "arrested", "charged", "detention_after_charge", "la_requested"),
)
AUTHORISED: Needs = (("detention_authorised",),)
CAME: Needs = (("aa_arrived",),)
ASKED: Needs = (*CAME, ("aa_contacted", "aa_requested"))
CHARGED: Needs = (("charged",),)
REFUSED: Needs = (("detention_after_charge", "bail_decided.refused"),)
KEPT: Needs = (*CHARGED, *REFUSED)
BAIL_GROUND: Needs = (("bail_decided.ground",),)
ENDED: Needs = (("released", "bailed", "moved_to_la", "court_appearance"),)
SEARCHES: Needs = (("strip_search_started",),)
EVERY_SEARCH: Needs = (("every strip_search_started",),)
EXPOSED: Needs = (("strip_search_started.intimate_parts_exposed",),)
ADULT_AT_SEARCH: Needs = (("strip_search_started.aa_present", "aa_arrived"),)
POWERS: Needs = (
    ("intimate_search_started",), ("extension_authorised",), ("warrant_issued",), ("warrant_applied",),
)  # fmt: skip
LIMITS: Needs = (("review_held",), ("extension_authorised",), ("warrant_issued",))
REVIEWS: Needs = (("review_held",),)
EVERY_REVIEW: Needs = (("every review_held",),)
SEEN: Needs = (("every review_held",), ("review_held.mode",))
MOVE_AGAIN: Needs = (("review_held.transfer_redecided",),)
REQUESTS: Needs = (("la_requested",),)
ASKED_FOR: Needs = (("la_requested.request_type",),)
STAGE: Needs = (("la_requested.stage",),)
AUTHORITY: Needs = (_of("authority", "la_requested") + _of("asked_of", "la_requested"),)
REPLIED: Needs = (("every la_replied",),)
REPLY: Needs = (("la_replied.reply",),)
MOVED: Needs = (("moved_to_la",),)
CERTIFICATE: Needs = (("certificate_made",),)
LIMB: Needs = (("certificate_made.limb",),)
CERTIFICATE_GROUND: Needs = (("certificate_made.ground",),)
PRODUCED: Needs = (("certificate_produced",),)
COURT: Needs = (("court_appearance",),)

COUNTED: tuple[Needs, ...] = (
    AGE, SEX, ETHNICITY, STATION, OFFENCE, AUTHORISED, ASKED, KEPT, ENDED, SEARCHES, EXPOSED,
    ADULT_AT_SEARCH, POWERS, LIMITS, SEEN, REQUESTS, ASKED_FOR, STAGE, REPLIED, REPLY, MOVED, CERTIFICATE,
    LIMB, PRODUCED,
)  # fmt: skip
"""All that statistics count."""
TOLD_TO_PARTNERS: tuple[Needs, ...] = (
    AGE, SEX, OFFENCE_CLASS, CHARGED, BAIL_GROUND, ENDED, REVIEWS, MOVE_AGAIN, REQUESTS, AUTHORITY,
    ASKED_FOR, STAGE, REPLIED, REPLY, MOVED, CERTIFICATE, LIMB, CERTIFICATE_GROUND, PRODUCED, COURT,
)  # fmt: skip
"""All that partners are told."""


@lru_cache(maxsize=8)
def names_in(every: tuple[Needs, ...]) -> frozenset[str]:
    """Return the names that figures rest on, without `every`."""
    return frozenset(
        name.removeprefix(EVERY) for needs in every for group in needs for name in group
    )


def left_out(detention: Detention, judged: Assessment, every: tuple[Needs, ...]) -> tuple[str, ...]:
    """Return which names that figures rest on a source does not carry, as it declares them."""
    coverage = detention.coverage
    if coverage.is_whole:
        return ()
    record_of = {each.id: each.record for each in detention.entries}
    full = shown_until(coverage, judged.facts, record_of)
    names = names_in(every)
    kinds = {name.partition(".")[0] for name in names}
    said = coverage.of_full(full).names
    return tuple(name for name in said if name in names or name.partition(AFTER)[0] in kinds)


@lru_cache(maxsize=1_024)
def _coverage(names: tuple[str, ...]) -> Coverage:
    return Coverage.of_names(names)


def carries(not_carried: tuple[str, ...], needs: Needs) -> bool:
    """Whether a source that leaves some names out carries what a figure rests on."""
    return not not_carried or _coverage(not_carried).holds(needs)


def silence(not_carried: tuple[str, ...], needs: Needs) -> str:
    """Return what it means that the record does not say something."""
    return NOT_RECORDED if carries(not_carried, needs) else NOT_CARRIED
