"""A child arrives: authority to detain, and what is done for every child."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from detention_monitor.synthetic.story import Story
from detention_monitor.times import MINUTE

SUITES = ("Ashwick", "Brackley Road", "Coldmoor", "Dunsford", "Eastgate")
"""Invented names of custody suites."""


def arrive(story: Story, day: date) -> None:
    """Begin a story: who the child is, where and why held, and the booking in."""
    draw, known = story.random, story.figures
    ages, weights = zip(*known.ages, strict=True)
    age = draw.choices(ages, weights=weights)[0]
    born = day - timedelta(days=age * 365 + age // 4 + draw.randrange(1, 360))
    girl = story.chance(known.girls)
    story.sex = "female" if girl else "male"
    suite = draw.choice(SUITES)
    story.add(
        "arrived", story.arrived, dob=born.isoformat(), sex=story.sex,
        station=suite, **story.described("ethnicity", known.ethnicities),
    )  # fmt: skip
    contact = story.random.randint(1, (story.authorised - story.arrived) // MINUTE)
    story.add("first_co_contact", story.arrived + contact * MINUTE)
    link = Random(suite).random() < known.link_at_suite  # noqa: S311 - the same for a suite
    story.add(
        "detention_authorised", story.authorised, "sergeant", "custody_officer",
        grounds="to secure evidence and to question", in_child_presence=True,
        link_available=link, documents="none_essential",
        **story.described("offence_group", known.offences),
    )  # fmt: skip
    if girl:
        story.add("woman_assigned", story.authorised + story.minutes(5, 90), carer="DO 1")
    story.add("rights_given", story.authorised + story.minutes(1, 15))
    story.add("resp_person_informed", story.authorised + story.minutes(5, 75), result="told")
    _book_in(story, girl=girl)


def _book_in(story: Story, *, girl: bool) -> None:
    """Add what a custody officer does for every child."""
    known = story.figures
    wanted = story.wants_advice = story.chance(known.solicitor)
    story.usually("legal_advice_offered", 1, 15, wanted=wanted)
    if wanted:
        called = story.minutes(3, 40)
        story.add("legal_advice_called", story.authorised + called)
        story.add(
            "legal_advice_given", story.authorised + called + story.minutes(10, 120),
            mode="telephone",
        )  # fmt: skip
    story.usually("aa_need_explained", 2, 20, duties_told=True, private_talk_told=True)
    story.usually("pnc_checked", 2, 25)
    story.usually(
        "communication_needs_asked", 3, 30, need_found=False,
        learning_asked=story.chance(known.routine),
    )  # fmt: skip
    story.usually("risk_assessed", 4, 40, no_specific_risks=True)
    story.usually("exploitation_screened", 5, 60, flag="none")
    story.usually("yjs_informed", 10, 90)
    story.usually("liaison_diversion_offered", 20, 120, accepted=story.chance(0.5))
    words = (
        {"own_words": "wants to go home"} if story.chance(known.own_words) else {"declined": True}
    )
    story.usually("welfare_talk_held", 20, 150, demeanour="quiet", **words)
    _referral(story)
    if girl:
        story.usually("girl_needs_asked", 10, 100, by_carer=True)


def _referral(story: Story) -> None:
    """Add the referral to social care; drawn apart, so that the rest of a story stays as it was."""
    known, apart = story.figures, Random(f"referral/{story.record}/{story.arrived}")  # noqa: S311
    after = story.minutes(40, 240)
    if not story.chance(known.routine) or apart.random() > known.referral_sent:
        return
    about = apart.random()
    needs = known.referral_about_needs
    focus = "needs" if about < needs else "offence" if about < needs + (1 - needs) / 2 else "both"
    story.add("cra_submitted", story.authorised + after, focus=focus, sent_by="police")
