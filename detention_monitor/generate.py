"""Synthetic custody records: plausible, deterministic, calibrated where figures are published.

No record is of a real child. Each number of `synthetic/figures.py` says whether it is published (and
where) or invented; nothing that is invented may be quoted as a finding about real custody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from detention_monitor.synthetic.adult import adult_and_interview
from detention_monitor.synthetic.arrival import arrive
from detention_monitor.synthetic.charge import charge
from detention_monitor.synthetic.reviews import reviews
from detention_monitor.synthetic.stay import stay
from detention_monitor.synthetic.story import Story
from detention_monitor.times import HOUR, MINUTE, at_local
from detention_monitor.untidy import Mess, untidy


def generate(
    count: int,
    seed: int,
    *,
    first: date = date(2024, 1, 1),
    mess: Mess | None = None,
    name: str = "SYN",
) -> Iterator[dict[str, Any]]:
    """Yield the entries of `count` detentions spread over a year, ready to be written as JSON.

    The same `seed` gives the same entries on every machine; detention n does not depend on how
    many there are. Records are called `name` and their number: files that are read together need
    different ones, as ids must be. With a mess, a declaration of the source comes first: some of its
    times have no offset.
    """
    tidy = mess or Mess()
    if tidy.no_offset:
        yield {"source": {"name": "synthetic, untidy", "zone": "Europe/London"}}
    for number in range(count):
        random = Random(f"{seed}/{number}")  # noqa: S311 - synthetic data, not secrets
        about = Random(f"{seed}/{number}/about")  # noqa: S311 - of its own: changes no other draw
        story = Story(random, f"{name}-{number + 1:07d}", first, about)
        _tell(story)
        yield from untidy(story.entries, tidy, random)


def _tell(story: Story) -> None:
    """Draw the whole story."""
    draw, known = story.random, story.figures
    day = story.first + timedelta(days=draw.randrange(365))
    hour = draw.choices(range(24), weights=[3, 2, 2, 1, 1, 1, 2, 4, 5, 5, 5, 5,
                                            5, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3])[0]  # fmt: skip
    story.arrived = at_local(day, hour * HOUR + draw.randrange(60) * MINUTE)
    story.authorised = story.arrived + story.minutes(5, 40)
    lasts = max(HOUR, story.hours(known.stay_median, known.stay_sigma))
    limit = story.arrived + 24 * HOUR - story.minutes(1, 40)
    outcome = draw.random()
    charged = outcome < known.charged
    leaves = min(story.authorised + lasts, limit)
    story.end = 0 if charged else leaves
    arrive(story, day)
    adult_and_interview(story)
    stay(story, leaves)
    if charged:
        charge(story, leaves)
    else:
        reviews(story, story.authorised, 6 * HOUR, leaves, charged=False)
        unsettled = outcome >= known.charged + known.no_further_action + known.out_of_court
        nfa = outcome < known.charged + known.no_further_action
        if story.chance(known.routine):
            story.add("pre_release_risk_assessed", leaves - story.minutes(2, 25))
        received = {"received_by": "mother"} if story.chance(known.routine) else {}
        if unsettled:
            story.add("bailed", leaves, reason="further enquiries", **received)
        else:
            how = "no further action" if nfa else "out of court"
            story.add("released", leaves, outcome=how, **received)
    story.entries.sort(key=lambda entry: (entry["at"], entry["id"]))
    ends = [e["at"] for e in story.entries if e["kind"] in ("bailed", "moved_to_la")]
    if ends:  # what was drawn for later than the child's leaving never came to pass
        story.entries = [e for e in story.entries if e["at"] <= ends[0]]
