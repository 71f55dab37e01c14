"""A charge and what follows: bail, or the council, the certificate and the court."""

from __future__ import annotations

from typing import Any

from detention_monitor.synthetic.reviews import reviews
from detention_monitor.synthetic.story import Story
from detention_monitor.times import HOUR, MINUTE


def charge(story: Story, at: int) -> None:
    """Charge the child at an instant (seconds UTC), after the reviews until then."""
    known = story.figures
    held = reviews(story, story.authorised, 6 * HOUR, at, charged=False)
    offence = story.random.choices(("other", "violent", "sexual"), weights=(75, 20, 5))[0]
    with_adult = story.chance(0.6)
    came, left = story.adult
    if with_adult and not came <= at <= left:
        again = max(at - 5 * MINUTE, min(left + MINUTE, at))
        story.add("aa_arrived", again, in_person=True, relation="mother", capacity="parent")
    story.add(
        "charged", at, offence_ref="A", offence_class=offence, aa_present=with_adult,
        notice_to_aa=True,
    )  # fmt: skip
    decided = at + story.minutes(5, 25)
    refused = story.chance(known.bail_refused)
    story.add(
        "bail_decided", decided, "sergeant", "custody_officer", refused=refused,
        in_child_presence=True, documents="none_essential",
        **({"grounds": "would fail to appear", "ground": "fail_to_appear"} if refused else {}),
    )  # fmt: skip
    if not refused:
        story.end = decided + story.minutes(5, 40)
        story.add("pre_release_risk_assessed", story.end - story.minutes(1, 4))
        story.add("bailed", story.end, reason="to court", received_by="mother")
        return
    story.add(
        "detention_after_charge", decided, "sergeant", "custody_officer",
        offence_ref="A", offence_class=offence, grounds="would fail to appear",
    )  # fmt: skip
    _after_charge(story, decided, held)


def _after_charge(story: Story, decided: int, held: int) -> None:
    known, draw = story.figures, story.random
    court = (decided // (24 * HOUR) + 1) * 24 * HOUR + 10 * HOUR
    if story.chance(known.la_asked):
        asked = decided + story.minutes(5, 110)
        kind = "both" if story.chance(known.la_ambiguous) else "alternative"
        if story.chance(known.la_secure):
            kind = "secure"
        attrs: dict[str, Any] = {"request_type": kind, "stage": "post_charge"}
        if kind == "secure" and story.chance(0.6):
            attrs["serious_harm_reason"] = "threat to the victim"
        story.add("la_requested", asked, authority="county council", **attrs)
        moved = story.chance(known.moved)
        reply = "accepted" if moved else draw.choice(("no_bed", "no_secure", "no_reply"))
        story.add(
            "la_replied", asked + story.minutes(20, 180), reply=reply,
            officer="duty social worker", reason="as told by telephone",
        )  # fmt: skip
        if moved:
            story.end = asked + story.minutes(190, 400)
            reviews(story, held, 9 * HOUR, story.end, charged=True)
            story.add("moved_to_la", story.end)
            return
    reviews(story, held, 9 * HOUR, court - 2 * HOUR, charged=True)
    if story.chance(known.certificate):
        limb = draw.choice(("a", "a", "b"))
        made: dict[str, Any] = {"limb": limb}
        if limb == "a":
            made["ground"] = draw.choice(("no_bed", "no_transport", "weather", "other"))
            made["circumstances"] = "as recorded"
        elif story.chance(0.5):
            made["serious_harm_reason"] = "threat to the victim"
            made["nonsecure_inadequate_reason"] = "lives next door"
        story.add("certificate_made", decided + story.minutes(20, 600), **made)
    story.add("left_for_court", court - story.minutes(45, 100))
    if story.chance(known.certificate_produced):
        story.add("certificate_produced", court - story.minutes(-30, 40), channel="email")
    story.end = 0
    story.add("court_appearance", court)
