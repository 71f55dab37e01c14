"""The appropriate adult comes, tells and is told, and the child is interviewed."""

from __future__ import annotations

from typing import Any

from detention_monitor.synthetic.story import Story
from detention_monitor.times import HOUR, MINUTE


def adult_and_interview(story: Story) -> None:
    """Ask for an adult, have them come, and question the child in their presence or without."""
    known = story.figures
    asked = story.authorised + (
        story.minutes(31, 120) if story.chance(known.adult_asked_late) else story.minutes(3, 29)
    )
    story.add("aa_contacted", asked, relation="mother", result="agreed")
    wait = max(20 * MINUTE, story.hours(known.adult_median, known.adult_sigma))
    came = story.authorised + wait
    if wait > 2 * HOUR and story.chance(known.reason_recorded):
        story.add("aa_delay_reason", asked + story.minutes(30, 100), reason="nobody free sooner")
    story.add("aa_arrived", came, in_person=True, relation="mother", capacity="parent")
    drawn = story.minutes(2, 50) // MINUTE - 2
    again = 2 + drawn * drawn // known.rights_again_spread
    story.add("rights_given", came + again * MINUTE, aa_present=True)
    told: list[tuple[str, dict[str, Any]]] = [
        ("aa_duties_told", {}),
        ("record_access_given", {"to": "adult"}),
        ("private_talk_offered", {"aa_involved": True}),
        ("aa_role_explained", {}),
    ]
    if not story.wants_advice:
        told.append(("aa_advice_right_told", {"wanted": False}))
    for kind, attrs in told:
        after = story.minutes(1, 15)
        if story.chance(known.routine):
            story.add(kind, came + after, **attrs)
    alone = story.chance(known.interviewed_alone)
    begins = came + story.minutes(20, 150)
    if story.chance(known.routine):
        story.add("fitness_assessed", begins - story.minutes(2, 15), fit=True)
    story.add("caution_given", begins, aa_present=not alone)
    story.add("interview_started", begins, aa_present=not alone)
    story.interview = begins, begins + story.minutes(15, 70)
    story.add("interview_ended", story.interview[1])
    story.adult = came, begins + story.minutes(71, 150)
    story.add("aa_left", story.adult[1])
