"""Records named on a command line: read, put together to detentions, found by name."""

from __future__ import annotations

from collections.abc import Iterable

import click

from detention_monitor.detention import Detention, detentions_of
from detention_monitor.entries import CustodyEvent
from detention_monitor.links import record_name
from detention_monitor.sources import Read, SetAside
from detention_monitor.vocabulary import Coverage


def gathered(read: Iterable[Read]) -> list[Detention]:
    """Return the detentions of what was read, each with what its sources do not carry."""
    entries: list[CustodyEvent] = []
    coverage: dict[str, Coverage] = {}
    lost = 0
    for got, source in read:
        if isinstance(got, SetAside):
            lost += 1
            continue
        entries.append(got)
        name = record_name(got.force, got.record)
        if coverage.get(name) != source.coverage:
            known = [coverage[name]] if name in coverage else []
            coverage[name] = Coverage.of_all([*known, source.coverage])
    if lost:
        click.echo(f"{lost} lines could not be read; see replay", err=True)
    return detentions_of(entries, coverage)


def is_of(detention: Detention, record: str) -> bool:
    """Whether a detention is meant by a name: its own, or that of one of its records."""
    names = {record_name(entry.force, entry.record) for entry in detention.entries}
    return record in {detention.id, *detention.records, *names}
