"""What the rules can see of a detention: facts in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

import msgspec

from detention_monitor.entries import Value
from detention_monitor.values import Immutable

ESTABLISHED = 2
POSSIBLE = 1
FAR = 253_402_300_799
"""The end of an interval that has not ended: 9999-12-31T23:59:59Z, in seconds."""


class Fact(Immutable, frozen=True, gc=False):
    """An entry, or something derived from entries, at one instant (seconds UTC).

    `evidence` are the ids of the entries it rests on; `key` tells facts of one kind apart
    when entries are amended: the root id of an entry, or kind and ordinal of a derived fact.
    """

    kind: str
    at: int
    attrs: Mapping[str, Value] = msgspec.field(default_factory=dict)
    certainty: int = ESTABLISHED
    evidence: tuple[str, ...] = ()
    key: str = ""

    def saying(self, attrs: Mapping[str, Value]) -> Fact:
        """Return the same fact with other attributes."""
        return Fact(self.kind, self.at, attrs, self.certainty, self.evidence, self.key)


class Interval(Immutable, frozen=True, gc=False):
    """A named state that held from `start` until `end` (seconds UTC).

    Records are kept by the minute, and within one what enables wins (design D4). Where being in
    the state enables an act (an adult is present), the minutes of `start` and `end` belong to it;
    where it forbids one (found unfit for interview), neither does. Otherwise the minute of `end`
    does not.
    """

    name: str
    start: int
    end: int = FAR
    certainty: int = ESTABLISHED
    evidence: tuple[str, ...] = ()
    enabling: bool = False
    forbidding: bool = False

    @property
    def first_minute(self) -> int:
        """The first clock minute in the state, counted from 1970."""
        return self.start // 60 + self.forbidding

    @property
    def last_minute(self) -> int:
        """The last clock minute in the state, counted from 1970."""
        if self.enabling or self.forbidding:
            return self.end // 60 - self.forbidding
        return (self.end - 1) // 60


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts by instant; facts of one instant keep their order."""
    return sorted(facts, key=attrgetter("at"))


class Conclusions(msgspec.Struct, gc=False):
    """What a back-end found in one stratum; facts are named by their place, from 0.

    `opened` maps (subject, role) to places and certainties. `closed` maps (subject, place of the
    opening) to roles, each with the first certain closing and the first unsure one before it.
    """

    opened: dict[tuple[int, str], dict[int, int]] = msgspec.field(default_factory=dict)
    closed: dict[tuple[int, int], dict[str, Closing]] = msgspec.field(default_factory=dict)

    def close(self, subject: int, role: str, place: int, closing: Closing) -> None:
        """Note the closing in a role of what a subject opened at a place."""
        self.closed.setdefault((subject, place), {})[role] = closing

    def closings_of(self, subject: int, place: int) -> Mapping[str, Closing]:
        """Return the closings of one opening of a subject, by role."""
        return self.closed.get((subject, place), _NONE)

    def subjects(self) -> set[int]:
        """Return every subject with an opening."""
        return {subject for subject, _ in self.opened}

    def open(self, key: tuple[int, str], chosen: Mapping[int, int]) -> None:
        """Add openings in a role; of several ways in which a mark holds, the surest counts."""
        held = self.opened.setdefault(key, {})
        for place, certainty in chosen.items():
            held[place] = max(certainty, held.get(place, 0))


class Closing(Immutable, frozen=True, gc=False):
    """The first closings of one opening: places of facts, or None."""

    certain: int | None = None
    unsure: int | None = None


_NONE: Mapping[str, Closing] = {}
