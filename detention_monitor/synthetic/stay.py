"""Hours in custody: meals, cell and checks, searches, hospital, rest."""

from __future__ import annotations

from detention_monitor.synthetic.story import Story
from detention_monitor.times import HOUR, MINUTE


def stay(story: Story, leaves: int) -> None:
    """Add meals, searches, hospital, rest."""
    known = story.figures
    for at in range(story.authorised + 2 * HOUR, leaves, 5 * HOUR):
        meal = "main" if (at - story.authorised) // HOUR == 7 else "light"
        story.add("meal_offered", at + story.minutes(0, 59), meal=meal)
    placed = story.authorised + story.minutes(10, 50)
    if story.chance(known.in_cell):
        reason = {"reason": "no other secure room"} if story.chance(known.routine) else {}
        story.add("cell_placed", placed, adult_there=False, **reason)
        every = 25 * MINUTE if story.chance(known.half_hourly) else 55 * MINUTE
        for at in range(placed + every, leaves, every):
            if not story.chance(known.check_missed):
                story.add("checked", at + story.minutes(-4, 4), response="in order")
    else:
        story.add("kept_outside_cell", placed, place="juvenile detention room")
    if leaves - story.authorised > 8 * HOUR:
        story.add("exercise_offered", story.authorised + story.minutes(120, 400))
    if story.chance(known.searched):
        story.add(
            "strip_search_started", story.authorised + story.minutes(1, 20),
            intimate_parts_exposed=story.chance(0.5), persons_present=2,
            alternatives_considered=story.chance(0.7), reason="drugs warning marker",
            result="nothing found", searcher_sex=story.sex, out_of_view=True,
        )  # fmt: skip
    if story.chance(known.hospital) and leaves - story.authorised > 6 * HOUR:
        out = story.authorised + story.minutes(60, 180)
        story.add("hospital_out", out, purpose="medical")
        story.add("hospital_back", out + story.minutes(60, 150))
    if leaves - story.authorised > 9 * HOUR:
        begins = story.authorised + story.minutes(60, 90)
        if story.interview[0] < begins + 8 * HOUR:
            begins = max(begins, story.interview[1] + 10 * MINUTE)
        story.add("rest_started", begins)
        story.add("rest_ended", begins + 8 * HOUR, reason="care")
