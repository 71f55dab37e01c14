"""Detentions as event logs: what XES and OCEL are written from, corrected and, if asked, pseudonymised.

Amendments are applied and entries taken back are left out, as for the as-happened reading. Free text
is left out unless it is asked for: names stand in it (design D13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.links import record_name
from detention_monitor.timeline import FAR, Fact
from detention_monitor.times import rfc3339
from detention_monitor.vocabulary import Vocabulary

LOG_TYPES = {
    "yes_no": "boolean", "whole_number": "int", "duration": "int", "time": "date",
}  # fmt: skip
"""Types of attributes in the words of XES; all others are strings."""
TEXT = ("text", "list_of")
STATION = "station"
"""A name that is written as text, and kept: without it nothing could be compared by station.

Who wants no ids gets a pseudonym for it: somebody may have written anything there.
"""
_IDENTIFYING = ("date",)
"""Types left out of what is pseudonymised: a date of birth names a child."""
Name = Callable[[str], str]
"""Gives what stands for a name."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One entry, corrected; `values` are name, type in the words of XES, and value as text."""

    id: str
    kind: str
    at: int
    record: str
    resource: str | None
    values: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One detention, its entries in order of time."""

    id: str
    events: tuple[LogEvent, ...]


def plain(name: str) -> str:
    """Return a name as it is."""
    return name


def case_of(
    detention: Detention,
    vocabulary: Vocabulary,
    tolerance: int,
    *,
    name: Name = plain,
    with_text: bool = False,
) -> Case:
    """Return a detention as a case; `tolerance` (seconds) is that of entries dated ahead.

    With a `name` other than `plain` ids are replaced by it, and dates of birth are left out.
    """
    view = detention.view(FAR, "as_happened", tolerance)
    by_id = {entry.id: entry for entry in detention.entries}
    left_out = (() if with_text else TEXT) + (() if name is plain else _IDENTIFYING)
    events = tuple(_event(fact, by_id, vocabulary, left_out, name) for fact in view.readings[0])
    return Case(name(detention.id), events)


def _event(
    fact: Fact,
    by_id: Mapping[str, CustodyEvent],
    vocabulary: Vocabulary,
    left_out: Sequence[str],
    name: Name,
) -> LogEvent:
    root = by_id[fact.evidence[0]]
    who = next((i for each in reversed(fact.evidence) if (i := by_id[each].by.id)), None)
    own = record_name(root.force, root.record)
    attributes = vocabulary.kinds[fact.kind].attributes
    values = tuple(
        (key, LOG_TYPES.get(attributes[key].type, "string"),
         name(f"station/{value}") if key == STATION and name is not plain
         else _text(attributes[key].type, value))
        for key, value in fact.attrs.items()
        if key in attributes and key != "continues"
        and (key == STATION or attributes[key].type not in left_out)
    )  # fmt: skip
    resource = (
        None if who is None else name(f"{root.force or ''}/{who}" if name is not plain else who)
    )
    return LogEvent(name(f"{own}/{root.id}"), fact.kind, fact.at, name(own), resource, values)


def _text(type_: str, value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return "; ".join(value)
        case int() if type_ == "time":
            return rfc3339(value)
        case _:
            return str(value)


def said_of(case: Case, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Yield what the entries of a case say of it: name, value, instant, each time it changes."""
    known: dict[str, str] = {}
    for event in case.events:
        for key, _, value in event.values:
            if key in names and known.get(key) != value:
                known[key] = value
                yield key, value, event.at
