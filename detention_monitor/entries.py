"""An entry of a custody record, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from detention_monitor.values import Immutable

Value = int | bool | str | tuple[str, ...]
"""What an attribute can hold: whole numbers, yes/no, words, lists of words.

Instants are whole seconds since 1970-01-01T00:00Z; durations are whole seconds;
calendar dates stay text (``YYYY-MM-DD``).
"""


class Actor(Immutable, frozen=True, gc=False):
    """Who did the act that an entry records. Every part may be unknown (None)."""

    id: str | None = None
    rank: str | None = None
    acting_rank_s107: str | None = None
    role: str | None = None


class CustodyEvent(Immutable, frozen=True, gc=False):
    """One thing that was written in a custody record; never changed, only amended by another.

    `at` and `recorded_at` are seconds UTC. `also_at` holds the other instants that an
    ambiguous local time (the October hour) can mean; it is empty for every other entry.
    `also_attrs` holds, by name, the later instants that such times among the attributes can mean.
    """

    id: str
    record: str
    kind: str
    at: int
    force: str | None = None
    detention_id: str | None = None
    recorded_at: int | None = None
    by: Actor = Actor()
    amends: str | None = None
    withdraws: str | None = None
    attrs: Mapping[str, Value] = msgspec.field(default_factory=dict)
    at_text: str = ""
    also_at: tuple[int, ...] = ()
    origin: str = ""
    also_attrs: tuple[tuple[str, int], ...] = ()
