"""Write cases as XES (IEEE 1849-2016), the event log that process mining reads.

A detention is a trace, an entry an event: `concept:name` is its kind, `time:timestamp` its instant,
`org:resource` who did it, `org:role` as what. Other attributes keep their names of the vocabulary.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from detention_monitor.exports import Case, LogEvent, said_of
from detention_monitor.text import printable
from detention_monitor.times import rfc3339

_EXTENSIONS = (
    ("Concept", "concept"), ("Time", "time"), ("Lifecycle", "lifecycle"),
    ("Organizational", "org"), ("Identity", "identity"),
)  # fmt: skip
_OF_CASE = ("station", "sex", "detention_basis", "offence_class")
_STANDARD = {"role": "org:role"}
_LONGEST = 20_000
_NOT_IN_XML = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")
"""Characters that XML cannot hold, beside those that are never shown."""


class _Writer:
    """Elements with attributes and an indent, and text that XML can hold."""

    def __init__(self, out: BinaryIO) -> None:
        self._text = io.TextIOWrapper(out, "utf-8", newline="\n", write_through=True)
        self._xml = XMLGenerator(self._text, "utf-8", short_empty_elements=True)
        self._xml.startDocument()
        self._depth = 0

    def _indent(self) -> None:
        self._xml.ignorableWhitespace("  " * self._depth)

    def begin(self, element: str, /, **attributes: str) -> None:
        self._indent()
        self._xml.startElement(element, AttributesImpl(attributes))
        self._xml.ignorableWhitespace("\n")
        self._depth += 1

    def end(self, element: str) -> None:
        self._depth -= 1
        self._indent()
        self._xml.endElement(element)
        self._xml.ignorableWhitespace("\n")

    def empty(self, element: str, /, **attributes: str) -> None:
        self._indent()
        self._xml.startElement(element, AttributesImpl(attributes))
        self._xml.endElement(element)
        self._xml.ignorableWhitespace("\n")

    def attribute(self, type_: str, key: str, value: str) -> None:
        self.empty(type_, key=key, value=printable(value, _LONGEST).translate(_NOT_IN_XML))

    def close(self) -> None:
        self._xml.endDocument()
        self._text.flush()
        self._text.detach()


def write_xes(cases: Iterable[Case], out: BinaryIO) -> int:
    """Write cases as one log, case by case; return how many events were written."""
    xml = _Writer(out)
    xml.begin("log", **{"xes.version": "2.0", "xmlns": "http://www.xes-standard.org/"})
    for name, prefix in _EXTENSIONS:
        uri = f"http://www.xes-standard.org/{prefix}.xesext"
        xml.empty("extension", name=name, prefix=prefix, uri=uri)
    xml.begin("global", scope="trace")
    xml.attribute("string", "concept:name", "UNKNOWN")
    xml.end("global")
    xml.begin("global", scope="event")
    xml.attribute("string", "concept:name", "UNKNOWN")
    xml.attribute("string", "lifecycle:transition", "complete")
    xml.attribute("date", "time:timestamp", "1970-01-01T00:00:00+00:00")
    xml.end("global")
    xml.empty("classifier", name="Kind", scope="event", keys="concept:name")
    xml.attribute("string", "concept:name", "Custody records of children")
    count = 0
    for case in cases:
        xml.begin("trace")
        xml.attribute("string", "concept:name", case.id)
        last = {key: value for key, value, _ in said_of(case, _OF_CASE)}
        for key, value in last.items():
            xml.attribute("string", key, value)
        for event in case.events:
            _event(xml, event)
            count += 1
        xml.end("trace")
    xml.end("log")
    xml.close()
    return count


def _event(xml: _Writer, event: LogEvent) -> None:
    xml.begin("event")
    xml.attribute("string", "concept:name", event.kind)
    xml.attribute("date", "time:timestamp", rfc3339(event.at))
    xml.attribute("string", "lifecycle:transition", "complete")
    xml.attribute("string", "entry", event.id)
    xml.attribute("string", "record", event.record)
    if event.resource is not None:
        xml.attribute("string", "org:resource", event.resource)
    for key, type_, value in event.values:
        if key not in ("entry", "record"):
            xml.attribute(type_, _STANDARD.get(key, key), value)
    xml.end("event")
