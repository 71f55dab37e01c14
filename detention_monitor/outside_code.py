"""Children to whom Code C applies in its sections 8 and 9 alone (Code C 1.12; 0010).

Who is detained for immigration or kept for the Prison Service is owed the conditions and treatment
of those sections "as the minimum standards", the checks that Note 15B names them for, and what
statutes and policy say of every child in a police station. The rest of the Code is not theirs, and
a finding that cites it would be false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from detention_monitor.corrections import Problem
from detention_monitor.terms import Terms
from detention_monitor.timeline import Conclusions, Fact

OUTSIDE = frozenset({"immigration", "prison_lodger"})
"""Bases of detention that 1.12(iii) and (iv) leave out."""
_SAY_THE_BASIS = frozenset({"detention_authorised", "transferred_in", "bail_answered"})
_OF_THE_CODE = ("code", "annex", "note")
_OWED_TO_ALL = re.compile(r"Code C .*?(?<![\d.])[89]\.\d|Code C .*?Note [89][A-Z]|Note 15B")
"""Citations of sections 8 and 9, of their notes, and of Note 15B."""


def outside(facts: Sequence[Fact]) -> frozenset[int]:
    """Return the places of the facts at which the child was held outside the Code."""
    said = [fact.attrs.get("detention_basis") for fact in facts if fact.kind in _SAY_THE_BASIS]
    if OUTSIDE.isdisjoint(said):
        return frozenset()
    if OUTSIDE.issuperset(said):
        return frozenset(range(len(facts)))  # what came before the authority too
    return frozenset(
        place for place, fact in enumerate(facts) if fact.attrs.get("detention_basis") in OUTSIDE
    )


def is_left_out(terms: Terms) -> bool:
    """Whether a rule rests on a part of the Code that is not theirs."""
    return terms.authority in _OF_THE_CODE and not any(map(_OWED_TO_ALL.search, terms.cites))


def within_the_code(
    found: Conclusions, rules: Mapping[int, Terms], places: frozenset[int]
) -> Conclusions:
    """Return what was found without what rules of the rest of the Code began at some places."""
    left_out = {number for number, terms in rules.items() if is_left_out(terms)}
    opened = {
        key: kept
        for key, chosen in found.opened.items()
        if (
            kept := {
                p: sure for p, sure in chosen.items() if not (key[0] in left_out and p in places)
            }
        )
    }
    return Conclusions(opened, found.closed)


def told(facts: Sequence[Fact]) -> list[Problem]:
    """Return the problem that says which duties are not judged, once a detention."""
    for fact in facts:
        if fact.kind in _SAY_THE_BASIS and fact.attrs.get("detention_basis") in OUTSIDE:
            basis = str(fact.attrs["detention_basis"]).replace("_", " ")
            message = (
                f"detained as {basis}: Code C 1.12 leaves such detention out of all but its sections "
                "8 and 9, so that duties under the rest of the Code are not judged"
            )
            return [Problem("OUTSIDE_THE_CODE", fact.evidence[0], fact.at, message)]
    return []
