"""Random detentions for property tests: any kinds, any attributes, by the minute, over four days."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from detention_monitor.detention import Detention
from detention_monitor.entries import Actor, CustodyEvent, Value
from detention_monitor.rulefile import load_rules
from detention_monitor.times import parse_instant
from detention_monitor.vocabulary import Attribute, Vocabulary
from tests.conftest import RULES

VOCABULARY: Vocabulary = load_rules(RULES).vocabulary
BEGINS = {
    day: parse_instant(day)[0]
    for day in ("2024-06-10T13:00:00Z", "2025-10-25T15:00:00Z", "2026-03-28T15:00:00Z",
                "2014-11-12T10:00:00Z", "2015-10-25T18:00:00Z")
}  # fmt: skip
LONGEST = 4 * 24 * 60
_NOT_DRAWN = {"continues", "dob", "age_recorded", "relevant_time", "first_authorised_at"}
_COMMON = VOCABULARY.kinds["arrived"].attributes


def _value(attribute: Attribute, begin: int) -> st.SearchStrategy[Value]:
    match attribute.type:
        case "yes_no":
            return st.booleans()
        case "enum" | "ordered":
            return st.sampled_from(attribute.values)
        case "whole_number":
            return st.integers(0, 24)
        case "time":
            return st.integers(0, LONGEST).map(lambda minute: begin + 60 * minute)
        case "date":
            return st.just("2009-03-01")
        case _:
            return st.just("something")


@st.composite
def _attrs(draw: st.DrawFn, own: Mapping[str, Attribute], begin: int) -> dict[str, Value]:
    names = draw(st.lists(st.sampled_from(sorted(own)), unique=True, max_size=8)) if own else []
    return {name: draw(_value(own[name], begin)) for name in names}


@st.composite
def detentions(
    draw: st.DrawFn, *, without: frozenset[str] = frozenset(), most: int = 25
) -> Detention:
    """Draw a detention that begins with an arrival and an authority; `without` some kinds.

    A dozen kinds are drawn first and the entries from among them: of a hundred kinds taken at
    random hardly two would have to do with each other. Some are records of police protection.
    """
    begin = BEGINS[draw(st.sampled_from(sorted(BEGINS)))]
    born = draw(st.sampled_from(["2009-03-01", "2007-06-12", "1997-05-01", "1998-05-01"]))
    if begin < parse_instant("2020-01-01T00:00:00Z")[0]:
        born = draw(st.sampled_from(["1999-05-01", "1997-11-14", "1998-05-01"]))
    kinds = sorted(
        name for name, kind in VOCABULARY.kinds.items() if not kind.derived and name not in without
    )
    kinds = sorted(draw(st.sets(st.sampled_from(kinds), min_size=4, max_size=12)))
    if draw(st.integers(0, 9)) == 0:
        taken = "taken_into_police_protection"
        entries = [CustodyEvent("e00", "R1", taken, begin, attrs={"dob": born})]
    else:
        authorised = begin + 60 * draw(st.integers(0, 90))
        entries = [
            CustodyEvent("e00", "R1", "arrived", begin, attrs={"dob": born}),
            CustodyEvent("e01", "R1", "detention_authorised", authorised, attrs={}),
        ]
    for number in range(draw(st.integers(0, most))):
        kind = VOCABULARY.kinds[draw(st.sampled_from(kinds))]
        own = {name: kind.attributes[name] for name in sorted(kind.own) if name not in _NOT_DRAWN}
        actor = Actor(
            rank=draw(st.none() | st.sampled_from(_COMMON["rank"].values)),
            acting_rank_s107=draw(st.none() | st.sampled_from(("inspector", "superintendent"))),
            role=draw(st.none() | st.sampled_from(("custody_officer", "review_officer"))),
        )
        minute = draw(st.integers(0, LONGEST))
        attrs = draw(_attrs(own, begin))
        entries.append(
            CustodyEvent(
                f"e{number + 2:02d}", "R1", kind.name, begin + 60 * minute, by=actor, attrs=attrs
            )
        )
    return Detention("R1", tuple(entries))
