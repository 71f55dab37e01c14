"""What each entry is seen with: what earlier entries, the suite and the child's age say.

These facts need no rule; what rules derive is in derived.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detention_monitor.custody import ENDS, custodies
from detention_monitor.entries import Value
from detention_monitor.people import Person
from detention_monitor.rulefile import RuleSet
from detention_monitor.timeline import ESTABLISHED, Fact

CARRIED_ON = frozenset({
    "detention_basis", "station", "sex", "offence_class", "age", "link_available",
    "station_designated",
})  # fmt: skip
"""What holds from the entry that says it until another says otherwise."""
_OF_ADULT = ("aa_present", "aa_told_when", "notice_to_aa")
"""What an entry of a charge says of the adult."""
_PARTS_CHARGES = ENDS | {"aa_arrived", "aa_left", "charge_repeated"}
"""What lies between two charges that are not one sitting."""


def with_decisions(entries: Sequence[Fact]) -> list[Fact]:
    """Add the decision to keep the child where bail is refused and no entry of its own says so yet.

    Bail refused after charge is detention authorised under s.38(1): the duties that follow arise
    then. An entry `detention_after_charge` of the same minute is that decision; a later one is
    a further one.
    """
    kept = {fact.at // 60 for fact in entries if fact.kind == "detention_after_charge"}
    out: list[Fact] = []
    charged = decided = False
    for fact in entries:
        out.append(fact)
        if fact.kind in ENDS:
            charged = decided = False
        charged = charged or fact.kind == "charged"
        decided = decided or fact.kind == "detention_after_charge"
        refused = fact.kind == "bail_decided" and fact.attrs.get("refused") is True
        if refused and charged and not decided and fact.at // 60 not in kept:
            decided = True
            key = f"{fact.key}:kept"
            out.append(Fact("detention_after_charge", fact.at, {}, ESTABLISHED, fact.evidence, key))
    return out


def with_context(entries: Sequence[Fact], ruleset: RuleSet, person: Person) -> list[Fact]:
    """Add to each entry what earlier entries and the suite say: basis of detention, sex, link."""
    known: dict[str, int | bool | str | tuple[str, ...]] = {"detention_basis": "offence"}
    out = []
    decided = False
    charged: tuple[Value | None, ...] | None = None
    age, birthday = person.age, 0
    suites = ruleset.parameters.suites
    for fact in entries:
        if not CARRIED_ON.isdisjoint(fact.attrs):
            for name in CARRIED_ON & fact.attrs.keys():
                if not _keeps_worse(name, known, fact):
                    known[name] = fact.attrs[name]
        if fact.at >= birthday:
            age, birthday = person.age_on(fact.at)
            if age is not None:
                known["age"] = age
        elif age is not None:
            known["age"] = age  # whatever the entry before said
        attrs: Mapping[str, int | bool | str | tuple[str, ...]] = {**known, **fact.attrs}
        if suites:
            suite = ruleset.parameters.suite(str(known.get("station", "")), fact.at)
            attrs = {**known, **suite, **fact.attrs}
        if fact.kind == "detention_after_charge":
            attrs = {**attrs, "again": decided}
            decided = True
        elif fact.kind == "charged":
            # Several offences charged in one sitting are one act toward the child.
            said = tuple(fact.attrs.get(name) for name in _OF_ADULT)
            attrs = {**attrs, "again": said == charged}
            charged = said
        elif fact.kind in ENDS:
            decided = False
        if fact.kind in _PARTS_CHARGES:
            charged = None
        out.append(fact.saying(attrs))
    return out


def seen_with(new: Sequence[Fact], facts: Sequence[Fact]) -> list[Fact]:
    """Return new facts with what the entries up to each of them said; both in order of time.

    What a measure finds of a night is found of the detention as it was then: on a warrant, though
    the child was afterwards held for something else.
    """
    known: dict[str, Value] = {}
    at, out = 0, []
    for fact in sorted(new, key=lambda each: each.at):
        while at < len(facts) and (not known or facts[at].at <= fact.at):
            said = facts[at].attrs
            known |= {name: said[name] for name in CARRIED_ON if name in said}
            at += 1
        out.append(fact.saying({**known, **fact.attrs}))
    return out


def _keeps_worse(name: str, known: Mapping[str, Value], fact: Fact) -> bool:
    """Whether an offence for which serious harm is defined stays, beside one for which it is not."""
    serious = known.get(name) in ("violent", "sexual", "terrorism")
    return name == "offence_class" and serious and fact.attrs[name] == "other"


def child_facts(facts: Sequence[Fact], person: Person, as_of: int) -> Iterator[Fact]:
    """Yield `child_in_detention` for each time of custody, `age_transition`, `age_conflict`.

    The duties to a child arise when detention is first authorised and again after each bail
    return, never at a transfer; or when the person is first a child, or first treated as one.
    """
    if person.conflict is not None:
        yield person.conflict
    for number, (start, end, evidence, cause, basis) in enumerate(custodies(facts)):
        spans = sorted(
            (each for each in person.intervals if each.name == "child_code_c"),
            key=lambda each: each.start,
        )
        first = next((each for each in spans if each.end > start and each.start <= end), None)
        if first is None or max(start, first.start) > as_of:
            continue
        at = max(start, first.start)
        why = cause if at == start else "became_child"
        attrs = {"cause": why, "detention_basis": basis}
        sex = _sex_at(facts, at)
        if sex is not None:
            attrs["sex"] = sex
        key = f"child_in_detention:{number}"
        yield Fact("child_in_detention", at, attrs, first.certainty, evidence, key)
        eighteenth = person.birthday_18
        if eighteenth is not None and start < eighteenth <= min(as_of, end):
            yield Fact("age_transition", eighteenth, {}, ESTABLISHED, evidence, "age_transition")


def _sex_at(facts: Sequence[Fact], at: int) -> str | None:
    """Return the sex recorded by an instant, or the first recorded after it."""
    said = [(fact.at, str(fact.attrs["sex"])) for fact in facts if fact.attrs.get("sex")]
    by_then = [sex for when, sex in said if when <= at]
    return by_then[-1] if by_then else next((sex for _, sex in said), None)


def station_of(facts: Sequence[Fact]) -> str | None:
    """Return the station named last, if any is."""
    named = [str(fact.attrs["station"]) for fact in facts if fact.attrs.get("station")]
    return named[-1] if named else None
