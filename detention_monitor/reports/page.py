"""A report as one page that stands alone: sections of charts with their tables, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detention_monitor import webpage
from detention_monitor.reports.counted import NIGHT
from detention_monitor.reports.provenance import Provenance
from detention_monitor.text import printable

SENSITIVE = "OFFICIAL-SENSITIVE: about named children or small numbers; for the force only"
"""The marking of a report that must not leave the force as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand at its right edge."""

    name: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is shown: the first cell of a row names it; `totals` are rows, from 0."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    totals: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: what it says, a chart (SVG from `webpage.drawing`), and its tables.

    `beside` says how many of the tables stand beside the chart, where there is room; others below.
    """

    heading: str
    lead: str = ""
    chart: Any = None
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    beside: int = 0


def columns(first: str, *numeric: str) -> tuple[Column, ...]:
    """Return the columns of a table of numbers: what a row is, then its numbers."""
    return (Column(first), *(Column(name, numeric=True) for name in numeric))


def report_page(
    title: str,
    sections: Sequence[Section],
    provenance: Provenance,
    *,
    summary: Sequence[str] = (),
    marking: str = "",
) -> str:
    """Return a report as HTML; raise `DetentionMonitorError` where the extra is not installed."""
    text = webpage.page(
        "report.html", title=printable(title), summary=summary, sections=sections,
        provenance=provenance, marking=marking,
    )  # fmt: skip
    return text.replace(NIGHT, provenance.night)
