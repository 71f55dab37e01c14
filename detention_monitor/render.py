"""The results of one detention as bytes: a table for people, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from detention_monitor.assess import Assessment
from detention_monitor.findings import Finding, as_line, as_record
from detention_monitor.tables import table_of
from detention_monitor.text import cell, in_a_cell

FORMATS = ("table", "jsonl", "csv")
COLUMNS = (
    "refused", "detention", "record", "duty", "rule", "rule_version", "title", "nature", "severity",
    "status", "certainty", "authority", "sources", "verified", "arose_at", "due_at",
    "due_at_latest", "early_at", "done_at", "occurred_at", "minutes_late", "minutes_left", "message", "clears_on", "evidence",
    "absent", "because_of", "unclosed", "judged_by", "ruleset", "key",
)  # fmt: skip


def render(
    result: Assessment, form: str, *, everything: bool = False, colour: bool = False
) -> bytes:
    """Return the results of a detention in a format.

    Machine formats carry every finding; the table shows what a person should act on, and with
    `everything` the rest. A refused record is one line that says why.
    """
    match form:
        case "jsonl":
            if result.refused is not None:
                return orjson.dumps(refusal(result)) + b"\n"
            return b"".join(as_line(finding) for finding in result.findings)
        case "csv":
            return _csv(result)
        case _:
            return table_of(result, everything=everything, colour=colour).encode()


def refusal(result: Assessment) -> dict[str, str]:
    """Return the public object for a record that is not judged."""
    return {
        "refused": result.refused or "",
        "record": ", ".join(result.records),
        "detention": result.detention,
        "message": result.refused_because,
    }


def heading(form: str) -> bytes:
    """Return what stands once before all results: the header of a CSV."""
    return _row(COLUMNS) if form == "csv" else b""


def _csv(result: Assessment) -> bytes:
    if result.refused is not None:
        raw: dict[str, Any] = {**refusal(result)}
        return _row(tuple(cell(str(raw.get(name, ""))) for name in COLUMNS))
    return b"".join(_row(_cells(finding)) for finding in result.findings)


def _cells(finding: Finding) -> tuple[str, ...]:
    record = as_record(finding)
    return tuple(cell(in_a_cell(record.get(name))) for name in COLUMNS)


def _row(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()
