"""Write cases as OCEL 2.0 JSON (arXiv:2403.01975, section 8): events that concern several objects.

Objects are detentions, the custody records they consist of, stations, and those who acted. The
published schema has every value of an attribute as a string; the declared type says what it means.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from shutil import copyfileobj
from typing import Any, BinaryIO, cast

import orjson

from detention_monitor.exports import LOG_TYPES, STATION, TEXT, Case, LogEvent, said_of
from detention_monitor.times import rfc3339
from detention_monitor.vocabulary import Vocabulary

_OCEL = {"boolean": "boolean", "int": "integer", "date": "time", "string": "string"}
_OF_DETENTION = ("station", "sex", "detention_basis", "offence_class")


def write_ocel(
    cases: Iterable[Case], out: BinaryIO, vocabulary: Vocabulary, *, with_text: bool = False
) -> int:
    """Write cases as one log; return how many events were written.

    Events are written as they come, objects wait on disk; of those who acted and of stations only
    the names are in memory.
    """
    kinds: set[str] = set()
    shared: dict[str, str] = {}
    count = 0
    with tempfile.TemporaryFile() as waiting:
        objects = _Items(cast("BinaryIO", waiting))
        out.write(b'{"events":[')
        events = _Items(out)
        for case in cases:
            for event in case.events:
                kinds.add(event.kind)
                events.put(_event(case, event))
                count += 1
                if event.resource is not None:
                    shared[f"person:{event.resource}"] = "person"
                shared |= {f"station:{name}": "station" for name in _stations(event)}
            for each in _objects(case):
                objects.put(each)
        for name, type_ in sorted(shared.items()):
            objects.put({"id": name, "type": type_})
        out.write(b'\n],"objects":[')
        waiting.seek(0)
        copyfileobj(waiting, out)
    types = {
        "eventTypes": [_event_type(kind, vocabulary, with_text=with_text) for kind in sorted(kinds)],
        "objectTypes": [
            {"name": "detention", "attributes": [_declared(name, "string") for name in _OF_DETENTION]},
            *({"name": each, "attributes": []} for each in ("custody record", "person", "station")),
        ],
    }  # fmt: skip
    out.write(b"\n]," + orjson.dumps(types)[1:] + b"\n")
    return count


class _Items:
    """The items of a JSON array, one on a line."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._before = out, b"\n"

    def put(self, item: dict[str, Any]) -> None:
        self._out.write(self._before + orjson.dumps(item))
        self._before = b",\n"


def _event(case: Case, event: LogEvent) -> dict[str, Any]:
    to = [("detention", case.id, "about"), ("record", event.record, "written in")]
    if event.resource is not None:
        to.append(("person", event.resource, "done by"))
    to += [("station", name, "at") for name in _stations(event)]
    return {
        "id": event.id,
        "type": event.kind,
        "time": rfc3339(event.at),
        "attributes": [{"name": key, "value": value} for key, _, value in event.values],
        "relationships": [
            {"objectId": f"{type_}:{name}", "qualifier": qualifier} for type_, name, qualifier in to
        ],
    }


def _stations(event: LogEvent) -> Iterator[str]:
    yield from (value for key, _, value in event.values if key == STATION and value)


def _objects(case: Case) -> Iterator[dict[str, Any]]:
    records = sorted({event.record for event in case.events})
    yield {
        "id": f"detention:{case.id}",
        "type": "detention",
        "attributes": [
            {"name": key, "value": value, "time": rfc3339(at)}
            for key, value, at in said_of(case, _OF_DETENTION)
        ],
        "relationships": [
            {"objectId": f"record:{record}", "qualifier": "consists of"} for record in records
        ],
    }
    for record in records:
        yield {"id": f"record:{record}", "type": "custody record"}


def _event_type(kind: str, vocabulary: Vocabulary, *, with_text: bool) -> dict[str, Any]:
    return {
        "name": kind,
        "attributes": [
            _declared(name, _OCEL[LOG_TYPES.get(each.type, "string")])
            for name, each in sorted(vocabulary.kinds[kind].attributes.items())
            if name != "continues" and (with_text or name == STATION or each.type not in TEXT)
        ],
    }


def _declared(name: str, type_: str) -> dict[str, str]:
    return {"name": name, "type": type_}
