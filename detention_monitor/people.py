"""Who is judged: whether the person is a child, by which law, from when, and how surely.

The Code tests whether a person *appears* to be under the age (C23 1.5); Part IV of PACE uses the
same test (s.37(15)). A date of birth settles it; being treated as a child on the record does too,
whatever the date of birth says. Ages of 17 came in step by step: for the Code on 27 October 2013,
for Part IV of PACE on 26 October 2015, for the rest of PACE (consent under s.65, the adult at a
drug test under s.63B) on 3 April 2017 (domain.md section 1). The Children Act 1989 always meant
everyone under 18; a child of any age may be in police protection, which is not police detention.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date

from detention_monitor.errors import UnsupportedRecordError
from detention_monitor.timeline import ESTABLISHED, FAR, POSSIBLE, Fact, Interval
from detention_monitor.times import age_at, birthday_start, start_of_day
from detention_monitor.values import Immutable

CODE_AGE = date(2013, 10, 27)
PACE_AGE = date(2015, 10, 26)
PACE_OTHER_AGE = date(2017, 4, 3)
CHILDREN_ACT = date(1991, 10, 14)
AGES = {
    "child_code_c": CODE_AGE,
    "child_pace_part_iv": PACE_AGE,
    "child_pace_other": PACE_OTHER_AGE,
    "child_children_act": CHILDREN_ACT,
}
"""States of being a child by each law, with the day from which that law counts those of 17."""
OLDEST_CODE = date(2012, 7, 10)
YOUNGEST = 10
NOT_JUDGED = {
    "mca_s128": "detention under s.128 of the Magistrates' Courts Act has its own review",
    "police_protection": "a child in police protection is not in police detention",
}
_CUSTODY = ("arrested", "arrived", "detention_authorised", "transferred_in", "bail_answered")
_CLAIMS = frozenset({"dob", "age_recorded", "treated_as", "doubt_about_age", "apparent_age"})


class Person(Immutable, frozen=True, gc=False):
    """What the record says of the person's age, and the intervals in which they are a child."""

    intervals: tuple[Interval, ...]
    birthday_18: int | None = None
    age: int | None = None
    sex: str | None = None
    dob: date | None = None
    conflict: Fact | None = None
    next_instants: tuple[int, ...] = ()

    def age_on(self, at: int) -> tuple[int | None, int]:
        """Return the age in whole years at an instant, and until when (seconds UTC) it is that."""
        if self.dob is None:
            return self.age, FAR
        age = age_at(self.dob, at)
        return age, birthday_start(self.dob, age + 1)


class _Claim(Immutable, frozen=True, gc=False):
    at: int
    dob: date | None
    age: int | None
    treated_as: str | None
    doubted: bool
    apparent: int | None
    evidence: tuple[str, ...]

    def is_child(self, at: int, limit: int) -> int:
        """Return 2 where this claim makes the person a child at an instant, 1 perhaps, 0 not."""
        if self.treated_as == "child":
            return ESTABLISHED
        if self.dob is not None:
            return ESTABLISHED if at < birthday_start(self.dob, limit) else 0
        if self.age is not None:
            return ESTABLISHED if self.age < limit else 0
        apparently = self.apparent is not None and self.apparent < limit
        return POSSIBLE if self.doubted or apparently else 0

    @property
    def is_empty(self) -> bool:
        return (
            self.dob is None and self.age is None and self.treated_as is None
            and not self.doubted and self.apparent is None
        )  # fmt: skip


def judge_person(
    facts: Sequence[Fact], ended_at: int | None, as_of: int, *, as_known: bool = False
) -> Person:
    """Say who the person is; raise `UnsupportedRecordError` for those who are not judged.

    `facts` are the entries in order of time; a corrected age counts as true from the start, but
    only as possible before it was corrected; as known it counts from when it was recorded
    (domain.md 2.9, age corrected; T18).
    """
    begun = facts[0].at
    # One entry dated years too early must not make a child of 15 an infant.
    came = next((fact.at for fact in facts if fact.kind in _CUSTODY), begun)
    claims = list(_claims(facts, as_known=as_known))
    protected = is_police_protection(facts)
    if claims:
        # A child under 10 is shown first, whatever else is wrong.
        _refuse_age(claims[-1], came, youngest=0 if protected else YOUNGEST)
    _refuse_scope(facts, came)
    if not claims and protected:  # the constable had to believe that this was a child
        claims = [_Claim(begun, None, None, None, True, None, facts[0].evidence)]
    if not claims:
        message = "no date of birth, age, or treatment as a child is recorded"
        raise UnsupportedRecordError("age_not_recorded", message)
    latest = claims[-1]
    end = ended_at if ended_at is not None else FAR
    age = latest.age if latest.dob is None else age_at(latest.dob, came)
    intervals = tuple(
        interval
        for name, raised in AGES.items()
        if not protected or name == "child_children_act"
        for interval in _child_intervals(name, raised, claims, begun, as_known=as_known)
    )
    known = [each for each in intervals if each.start <= max(end, begun) and each.end > begun]
    if not any(
        each.name == ("child_children_act" if protected else "child_code_c") for each in known
    ):
        if latest.is_empty or (latest.age is None and latest.dob is None and not latest.treated_as):
            message = "neither the age nor an appearance of youth is recorded"
            raise UnsupportedRecordError("age_not_recorded", message)
        shown = f" ({age})" if age is not None else ""
        message = f"an adult{shown} by the law in force: this monitor judges children only"
        raise UnsupportedRecordError("adult", message)
    eighteenth = None if latest.dob is None else birthday_start(latest.dob, 18)
    future = [at for at in (eighteenth, *map(start_of_day, AGES.values())) if at]
    sex = next((str(f.attrs["sex"]) for f in reversed(facts) if f.attrs.get("sex")), None)
    return Person(
        intervals, eighteenth, age, sex, latest.dob, _conflict(latest, came),
        tuple(at for at in future if at > as_of),
    )  # fmt: skip


def is_police_protection(facts: Sequence[Fact]) -> bool:
    """Whether this is a record of police protection and of nothing else."""
    kinds = {fact.kind for fact in facts}
    return "taken_into_police_protection" in kinds and kinds.isdisjoint(_CUSTODY)


def _refuse_age(claim: _Claim, begun: int, *, youngest: int) -> None:
    age = claim.age if claim.dob is None else age_at(claim.dob, begun)
    if age is not None and not 0 <= age <= 120:
        message = f"age recorded as {age}: correct the date of birth"
        raise UnsupportedRecordError("age_not_recorded", message)
    if age is not None and age < youngest:
        message = f"age recorded as {age}: a child under 10 cannot be guilty of an offence"
        raise UnsupportedRecordError("under_10", message)


def _refuse_scope(facts: Sequence[Fact], begun: int) -> None:
    if begun < start_of_day(OLDEST_CODE):
        message = "before 10 July 2012: the Codes of that time are not encoded"
        raise UnsupportedRecordError("code_before_2012", message)
    for fact in facts:
        basis = fact.attrs.get("detention_basis")
        if basis in NOT_JUDGED:
            raise UnsupportedRecordError(f"basis_{basis}", NOT_JUDGED[str(basis)])


def _claims(facts: Sequence[Fact], *, as_known: bool) -> Iterator[_Claim]:
    """Yield what was claimed of the person's age, each with what earlier entries had said.

    As known, a claim counts from when it was recorded, but not before the first entry.
    """
    dob: date | None = None
    age: int | None = None
    treated: str | None = None
    doubted, apparent = False, None
    for fact in facts:
        if _CLAIMS.isdisjoint(fact.attrs):
            continue
        given = {name: fact.attrs[name] for name in _CLAIMS if fact.attrs.get(name) is not None}
        if fact.kind == "age_corrected" and "dob" in given:
            age = None  # what was said before is what is corrected
        if "dob" in given:
            dob = date.fromisoformat(str(given["dob"]))
        if isinstance(given.get("age_recorded"), int):
            age = int(str(given["age_recorded"]))
            dob = dob if "dob" in given else (dob if dob and age_at(dob, fact.at) == age else None)
        if "treated_as" in given:
            treated = str(given["treated_as"])
        elif "dob" in given or "age_recorded" in given:
            treated = None if fact.kind == "age_corrected" else treated
        doubted = bool(given.get("doubt_about_age", doubted))
        if isinstance(given.get("apparent_age"), int):
            apparent = int(str(given["apparent_age"]))
        recorded = fact.attrs.get("recorded_at")
        known = recorded if as_known and isinstance(recorded, int) else fact.at
        yield _Claim(max(known, fact.at), dob, age, treated, doubted, apparent, fact.evidence)


def _child_intervals(
    name: str, raised: date, claims: Sequence[_Claim], begun: int, *, as_known: bool
) -> Iterator[Interval]:
    """Yield when the person was a child, under 17 before the day `raised` and under 18 after."""
    change = start_of_day(raised)
    latest = claims[-1]
    birthdays = [birthday_start(latest.dob, limit) for limit in (17, 18)] if latest.dob else []
    cuts = sorted({begun, change, *birthdays, *(claim.at for claim in claims)})
    cuts = [begun, *(cut for cut in cuts if cut > begun), FAR]
    for start, end in itertools.pairwise(cuts):
        limit = 17 if start < change else 18
        sure = latest.is_child(start, limit)
        said = [claim for claim in claims if claim.at <= start]
        then = (said[-1] if said else claims[0]).is_child(start, limit)
        if sure and not then:
            sure = 0 if as_known else POSSIBLE
        if sure:
            yield Interval(name, start, end, sure, latest.evidence)


def _conflict(claim: _Claim, begun: int) -> Fact | None:
    """Return the fact that date of birth, age given and treatment do not agree (A05)."""
    by_dob = None if claim.dob is None else age_at(claim.dob, begun)
    years = by_dob if by_dob is not None else claim.age
    if claim.treated_as == "child" and years is not None and years >= 18:
        what = "adult_as_child"
    elif claim.treated_as == "adult" and years is not None and years < 18:
        what = "child_as_adult"
    elif claim.treated_as == "adult" and years is None and claim.doubted:
        what = "doubted"
    elif by_dob is not None and claim.age is not None and claim.age != by_dob:
        what = "ages_differ"
    else:
        return None
    return Fact(
        "age_conflict", claim.at, {"what": what}, ESTABLISHED, claim.evidence, "age_conflict"
    )
