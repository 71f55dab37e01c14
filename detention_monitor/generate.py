"""Synthetic custody records: plausible, deterministic, calibrated where figures are published.

No record is of a real child. Each number of `figures.py` says whether it is published (and where) or
invented; nothing that is invented may be quoted as a finding about real custody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from detention_monitor.figures import Figures
from detention_monitor.times import HOUR, MINUTE, at_local
from detention_monitor.untidy import Mess, untidy

SUITES = ("Ashwick", "Brackley Road", "Coldmoor", "Dunsford", "Eastgate")
"""Invented names of custody suites."""


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
    different ones, as ids must be. With a mess, a declaration of the source comes first: some of its times have
    no offset.
    """
    tidy = mess or Mess()
    if tidy.no_offset:
        yield {"source": {"name": "synthetic, untidy", "zone": "Europe/London"}}
    for number in range(count):
        random = Random(f"{seed}/{number}")  # noqa: S311 - synthetic data, not secrets
        about = Random(f"{seed}/{number}/about")  # noqa: S311 - of its own: changes no other draw
        story = _Story(random, f"{name}-{number + 1:07d}", first, about)
        story.tell()
        yield from untidy(story.entries, tidy, random)


@dataclass(slots=True)
class _Story:
    """One detention on its way from arrival to its end; times are seconds UTC."""

    random: Random
    record: str
    first: date
    about: Random
    figures: Figures = field(default_factory=Figures)
    entries: list[dict[str, Any]] = field(default_factory=list)
    arrived: int = 0
    authorised: int = 0
    end: int = 0
    sex: str = "male"
    wants_advice: bool = True
    adult: tuple[int, int] = (0, 0)
    interview: tuple[int, int] = (0, 0)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def minutes(self, low: int, high: int) -> int:
        return self.random.randint(low, high) * MINUTE

    def hours(self, median: float, sigma: float) -> int:
        drawn = self.random.lognormvariate(math.log(median), sigma)
        return int(drawn * 60) * MINUTE

    def add(self, kind: str, at: int, /, rank: str = "", role: str = "", **attrs: Any) -> None:
        """Add an entry, unless the child has gone by then."""
        if self.end and at > self.end:
            return
        entry: dict[str, Any] = {
            "id": f"{self.record}-{len(self.entries) + 1:03d}",
            "force": "99",
            "record": self.record,
            "kind": kind,
            "at": at,
            "recorded_at": at + self.minutes(0, 9),
        }
        by = {key: value for key, value in (("rank", rank), ("role", role)) if value}
        if by:
            entry["by"] = by
        if attrs:
            entry["attrs"] = attrs
        self.entries.append(entry)

    def tell(self) -> None:
        """Draw the whole story."""
        draw, known = self.random, self.figures
        day = self.first + timedelta(days=draw.randrange(365))
        hour = draw.choices(range(24), weights=[3, 2, 2, 1, 1, 1, 2, 4, 5, 5, 5, 5,
                                                5, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3])[0]  # fmt: skip
        self.arrived = at_local(day, hour * HOUR + draw.randrange(60) * MINUTE)
        self.authorised = self.arrived + self.minutes(5, 40)
        stay = max(HOUR, self.hours(known.stay_median, known.stay_sigma))
        limit = self.arrived + 24 * HOUR - self.minutes(1, 40)
        outcome = draw.random()
        charged = outcome < known.charged
        leaves = min(self.authorised + stay, limit)
        self.end = 0 if charged else leaves
        self._arrive(day)
        self._adult()
        self._stay(leaves)
        if charged:
            self._charge(leaves)
        else:
            self._reviews(self.authorised, 6 * HOUR, leaves, charged=False)
            unsettled = outcome >= known.charged + known.no_further_action + known.out_of_court
            nfa = outcome < known.charged + known.no_further_action
            if self.chance(known.routine):
                self.add("pre_release_risk_assessed", leaves - self.minutes(2, 25))
            received = {"received_by": "mother"} if self.chance(known.routine) else {}
            if unsettled:
                self.add("bailed", leaves, reason="further enquiries", **received)
            else:
                how = "no further action" if nfa else "out of court"
                self.add("released", leaves, outcome=how, **received)
        self.entries.sort(key=lambda entry: (entry["at"], entry["id"]))
        ends = [e["at"] for e in self.entries if e["kind"] in ("bailed", "moved_to_la")]
        if ends:  # what was drawn for later than the child's leaving never came to pass
            self.entries = [e for e in self.entries if e["at"] <= ends[0]]

    def _arrive(self, day: date) -> None:
        draw, known = self.random, self.figures
        ages, weights = zip(*known.ages, strict=True)
        age = draw.choices(ages, weights=weights)[0]
        born = day - timedelta(days=age * 365 + age // 4 + draw.randrange(1, 360))
        girl = self.chance(known.girls)
        self.sex = "female" if girl else "male"
        suite = draw.choice(SUITES)
        self.add(
            "arrived", self.arrived, dob=born.isoformat(), sex=self.sex,
            station=suite, **self._described("ethnicity", known.ethnicities),
        )  # fmt: skip
        contact = self.random.randint(1, (self.authorised - self.arrived) // MINUTE)
        self.add("first_co_contact", self.arrived + contact * MINUTE)
        link = Random(suite).random() < known.link_at_suite  # noqa: S311 - the same for a suite
        self.add(
            "detention_authorised", self.authorised, "sergeant", "custody_officer",
            grounds="to secure evidence and to question", in_child_presence=True,
            link_available=link, documents="none_essential",
            **self._described("offence_group", known.offences),
        )  # fmt: skip
        if girl:
            self.add("woman_assigned", self.authorised + self.minutes(5, 90), carer="DO 1")
        self.add("rights_given", self.authorised + self.minutes(1, 15))
        self.add("resp_person_informed", self.authorised + self.minutes(5, 75), result="told")
        self._book_in(girl=girl)

    def _described(self, name: str, shares: tuple[tuple[str, int], ...]) -> dict[str, str]:
        """Return an attribute drawn by its shares; one left blank is not on the record."""
        values, weights = zip(*shares, strict=True)
        drawn = self.about.choices(values, weights=weights)[0]
        return {name: drawn} if drawn else {}

    def usually(self, kind: str, low: int, high: int, **attrs: Any) -> None:
        """Add what is done as a matter of course, minutes after authority, unless it is forgotten."""
        after = self.minutes(low, high)
        if self.chance(self.figures.routine):
            self.add(kind, self.authorised + after, **attrs)

    def _book_in(self, *, girl: bool) -> None:
        """Add what a custody officer does for every child."""
        known = self.figures
        wanted = self.wants_advice = self.chance(known.solicitor)
        self.usually("legal_advice_offered", 1, 15, wanted=wanted)
        if wanted:
            called = self.minutes(3, 40)
            self.add("legal_advice_called", self.authorised + called)
            self.add(
                "legal_advice_given", self.authorised + called + self.minutes(10, 120),
                mode="telephone",
            )  # fmt: skip
        self.usually("aa_need_explained", 2, 20, duties_told=True, private_talk_told=True)
        self.usually("pnc_checked", 2, 25)
        self.usually(
            "communication_needs_asked", 3, 30, need_found=False,
            learning_asked=self.chance(known.routine),
        )  # fmt: skip
        self.usually("risk_assessed", 4, 40, no_specific_risks=True)
        self.usually("exploitation_screened", 5, 60, flag="none")
        self.usually("yjs_informed", 10, 90)
        self.usually("liaison_diversion_offered", 20, 120, accepted=self.chance(0.5))
        words = (
            {"own_words": "wants to go home"}
            if self.chance(known.own_words)
            else {"declined": True}
        )
        self.usually("welfare_talk_held", 20, 150, demeanour="quiet", **words)
        self._referral()
        if girl:
            self.usually("girl_needs_asked", 10, 100, by_carer=True)

    def _referral(self) -> None:
        """Add the referral to social care; drawn apart, so that the rest of a story stays as it was."""
        known, apart = self.figures, Random(f"referral/{self.record}/{self.arrived}")  # noqa: S311
        after = self.minutes(40, 240)
        if not self.chance(known.routine) or apart.random() > known.referral_sent:
            return
        about = apart.random()
        needs = known.referral_about_needs
        focus = (
            "needs" if about < needs else "offence" if about < needs + (1 - needs) / 2 else "both"
        )
        self.add("cra_submitted", self.authorised + after, focus=focus, sent_by="police")

    def _adult(self) -> None:
        known = self.figures
        asked = self.authorised + (
            self.minutes(31, 120) if self.chance(known.adult_asked_late) else self.minutes(3, 29)
        )
        self.add("aa_contacted", asked, relation="mother", result="agreed")
        wait = max(20 * MINUTE, self.hours(known.adult_median, known.adult_sigma))
        came = self.authorised + wait
        if wait > 2 * HOUR and self.chance(known.reason_recorded):
            self.add("aa_delay_reason", asked + self.minutes(30, 100), reason="nobody free sooner")
        self.add("aa_arrived", came, in_person=True, relation="mother", capacity="parent")
        drawn = self.minutes(2, 50) // MINUTE - 2
        again = 2 + drawn * drawn // known.rights_again_spread
        self.add("rights_given", came + again * MINUTE, aa_present=True)
        told: list[tuple[str, dict[str, Any]]] = [
            ("aa_duties_told", {}),
            ("record_access_given", {"to": "adult"}),
            ("private_talk_offered", {"aa_involved": True}),
            ("aa_role_explained", {}),
        ]
        if not self.wants_advice:
            told.append(("aa_advice_right_told", {"wanted": False}))
        for kind, attrs in told:
            after = self.minutes(1, 15)
            if self.chance(known.routine):
                self.add(kind, came + after, **attrs)
        alone = self.chance(known.interviewed_alone)
        begins = came + self.minutes(20, 150)
        if self.chance(known.routine):
            self.add("fitness_assessed", begins - self.minutes(2, 15), fit=True)
        self.add("caution_given", begins, aa_present=not alone)
        self.add("interview_started", begins, aa_present=not alone)
        self.interview = begins, begins + self.minutes(15, 70)
        self.add("interview_ended", self.interview[1])
        self.adult = came, begins + self.minutes(71, 150)
        self.add("aa_left", self.adult[1])

    def _stay(self, leaves: int) -> None:
        """Add meals, searches, hospital, rest."""
        known = self.figures
        for at in range(self.authorised + 2 * HOUR, leaves, 5 * HOUR):
            meal = "main" if (at - self.authorised) // HOUR == 7 else "light"
            self.add("meal_offered", at + self.minutes(0, 59), meal=meal)
        placed = self.authorised + self.minutes(10, 50)
        if self.chance(known.in_cell):
            reason = {"reason": "no other secure room"} if self.chance(known.routine) else {}
            self.add("cell_placed", placed, adult_there=False, **reason)
            every = 25 * MINUTE if self.chance(known.half_hourly) else 55 * MINUTE
            for at in range(placed + every, leaves, every):
                if not self.chance(known.check_missed):
                    self.add("checked", at + self.minutes(-4, 4), response="in order")
        else:
            self.add("kept_outside_cell", placed, place="juvenile detention room")
        if leaves - self.authorised > 8 * HOUR:
            self.add("exercise_offered", self.authorised + self.minutes(120, 400))
        if self.chance(known.searched):
            self.add(
                "strip_search_started", self.authorised + self.minutes(1, 20),
                intimate_parts_exposed=self.chance(0.5), persons_present=2,
                alternatives_considered=self.chance(0.7), reason="drugs warning marker",
                result="nothing found", searcher_sex=self.sex, out_of_view=True,
            )  # fmt: skip
        if self.chance(known.hospital) and leaves - self.authorised > 6 * HOUR:
            out = self.authorised + self.minutes(60, 180)
            self.add("hospital_out", out, purpose="medical")
            self.add("hospital_back", out + self.minutes(60, 150))
        if leaves - self.authorised > 9 * HOUR:
            begins = self.authorised + self.minutes(60, 90)
            if self.interview[0] < begins + 8 * HOUR:
                begins = max(begins, self.interview[1] + 10 * MINUTE)
            self.add("rest_started", begins)
            self.add("rest_ended", begins + 8 * HOUR, reason="care")

    def _reviews(self, anchor: int, first: int, until: int, *, charged: bool) -> int:
        """Add the reviews due from an anchor on; return when the last was held."""
        known, due = self.figures, anchor + first
        held = anchor
        while due < until:
            late = self.minutes(1, 120) if self.chance(known.review_late) else 0
            at = due + late if late else due - self.minutes(1, 75)
            if self.chance(known.review_missed) or at >= until:
                break
            self._review(at, charged=charged)
            held, due = at, at + 9 * HOUR
        return held

    def _review(self, at: int, *, charged: bool) -> None:
        known = self.figures
        remote = self.chance(known.review_remote) and not (charged and self.chance(0.9))
        asleep = self.chance(0.35)
        attrs: dict[str, Any] = {
            "mode": self.random.choice(("telephone", "live_link")) if remote else "in_person",
            "asleep": asleep,
            "involved_in_investigation": False,
            "reps_child": "asleep" if asleep else "heard",
            "reps_solicitor": "none_requested",
            "reps_aa": self.random.choice(("heard", "attempted", "not_attempted")),
        }
        if self.chance(known.routine):
            attrs["documents"] = "none_essential"
        if remote:
            attrs["discussed_with_station"] = True
            attrs["link_practicable"] = self.chance(0.5)
            if self.chance(known.reason_recorded):
                attrs["mode_reason"] = "covers two suites"
                attrs["officer_place"] = "force control room"
        if charged:
            attrs["bail_redecided"] = True
            if self.chance(0.6):
                attrs["transfer_redecided"] = True
            self.add("review_held", at, "sergeant", "custody_officer", **attrs)
        else:
            wrong = self.chance(known.review_wrong_rank)
            self.add("review_held", at, "sergeant" if wrong else "inspector", **attrs)
        if asleep and self.chance(0.8):
            woken = at + self.minutes(60, 240)
            self.add("woken", woken)
            self.add("told_after_sleep", woken + self.minutes(5, 80), told_by="PS 7")

    def _charge(self, at: int) -> None:
        known = self.figures
        held = self._reviews(self.authorised, 6 * HOUR, at, charged=False)
        offence = self.random.choices(("other", "violent", "sexual"), weights=(75, 20, 5))[0]
        with_adult = self.chance(0.6)
        came, left = self.adult
        if with_adult and not came <= at <= left:
            again = max(at - 5 * MINUTE, min(left + MINUTE, at))
            self.add("aa_arrived", again, in_person=True, relation="mother", capacity="parent")
        self.add(
            "charged", at, offence_ref="A", offence_class=offence, aa_present=with_adult,
            notice_to_aa=True,
        )  # fmt: skip
        decided = at + self.minutes(5, 25)
        refused = self.chance(known.bail_refused)
        self.add(
            "bail_decided", decided, "sergeant", "custody_officer", refused=refused,
            in_child_presence=True, documents="none_essential",
            **({"grounds": "would fail to appear", "ground": "fail_to_appear"} if refused else {}),
        )  # fmt: skip
        if not refused:
            self.end = decided + self.minutes(5, 40)
            self.add("pre_release_risk_assessed", self.end - self.minutes(1, 4))
            self.add("bailed", self.end, reason="to court", received_by="mother")
            return
        self.add(
            "detention_after_charge", decided, "sergeant", "custody_officer",
            offence_ref="A", offence_class=offence, grounds="would fail to appear",
        )  # fmt: skip
        self._after_charge(decided, held)

    def _after_charge(self, decided: int, held: int) -> None:
        known, draw = self.figures, self.random
        court = (decided // (24 * HOUR) + 1) * 24 * HOUR + 10 * HOUR
        if self.chance(known.la_asked):
            asked = decided + self.minutes(5, 110)
            kind = "both" if self.chance(known.la_ambiguous) else "alternative"
            if self.chance(known.la_secure):
                kind = "secure"
            attrs: dict[str, Any] = {"request_type": kind, "stage": "post_charge"}
            if kind == "secure" and self.chance(0.6):
                attrs["serious_harm_reason"] = "threat to the victim"
            self.add("la_requested", asked, authority="county council", **attrs)
            moved = self.chance(known.moved)
            reply = "accepted" if moved else draw.choice(("no_bed", "no_secure", "no_reply"))
            self.add(
                "la_replied", asked + self.minutes(20, 180), reply=reply,
                officer="duty social worker", reason="as told by telephone",
            )  # fmt: skip
            if moved:
                self.end = asked + self.minutes(190, 400)
                self._reviews(held, 9 * HOUR, self.end, charged=True)
                self.add("moved_to_la", self.end)
                return
        self._reviews(held, 9 * HOUR, court - 2 * HOUR, charged=True)
        if self.chance(known.certificate):
            limb = draw.choice(("a", "a", "b"))
            made: dict[str, Any] = {"limb": limb}
            if limb == "a":
                made["ground"] = draw.choice(("no_bed", "no_transport", "weather", "other"))
                made["circumstances"] = "as recorded"
            elif self.chance(0.5):
                made["serious_harm_reason"] = "threat to the victim"
                made["nonsecure_inadequate_reason"] = "lives next door"
            self.add("certificate_made", decided + self.minutes(20, 600), **made)
        self.add("left_for_court", court - self.minutes(45, 100))
        if self.chance(known.certificate_produced):
            self.add("certificate_produced", court - self.minutes(-30, 40), channel="email")
        self.end = 0
        self.add("court_appearance", court)
