"""Reviews of detention, before charge and after."""

from __future__ import annotations

from typing import Any

from detention_monitor.synthetic.story import Story
from detention_monitor.times import HOUR


def reviews(story: Story, anchor: int, first: int, until: int, *, charged: bool) -> int:
    """Add the reviews due from an anchor on; return when the last was held."""
    known, due = story.figures, anchor + first
    held = anchor
    while due < until:
        late = story.minutes(1, 120) if story.chance(known.review_late) else 0
        at = due + late if late else due - story.minutes(1, 75)
        if story.chance(known.review_missed) or at >= until:
            break
        _review(story, at, charged=charged)
        held, due = at, at + 9 * HOUR
    return held


def _review(story: Story, at: int, *, charged: bool) -> None:
    known = story.figures
    remote = story.chance(known.review_remote) and not (charged and story.chance(0.9))
    asleep = story.chance(0.35)
    attrs: dict[str, Any] = {
        "mode": story.random.choice(("telephone", "live_link")) if remote else "in_person",
        "asleep": asleep,
        "involved_in_investigation": False,
        "reps_child": "asleep" if asleep else "heard",
        "reps_solicitor": "none_requested",
        "reps_aa": story.random.choice(("heard", "attempted", "not_attempted")),
    }
    if story.chance(known.routine):
        attrs["documents"] = "none_essential"
    if remote:
        attrs["discussed_with_station"] = True
        attrs["link_practicable"] = story.chance(0.5)
        if story.chance(known.reason_recorded):
            attrs["mode_reason"] = "covers two suites"
            attrs["officer_place"] = "force control room"
    if charged:
        attrs["bail_redecided"] = True
        if story.chance(0.6):
            attrs["transfer_redecided"] = True
        story.add("review_held", at, "sergeant", "custody_officer", **attrs)
    else:
        wrong = story.chance(known.review_wrong_rank)
        story.add("review_held", at, "sergeant" if wrong else "inspector", **attrs)
    if asleep and story.chance(0.8):
        woken = at + story.minutes(60, 240)
        story.add("woken", woken)
        story.add("told_after_sleep", woken + story.minutes(5, 80), told_by="PS 7")
