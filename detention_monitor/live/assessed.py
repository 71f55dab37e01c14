"""What an assessment changes in the store: its row, the histories of its findings, their alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention, without_duplicates
from detention_monitor.findings import Finding
from detention_monitor.live.alert_rows import By, rows_of, show
from detention_monitor.live.alerts import is_near
from detention_monitor.live.intake import set_aside
from detention_monitor.live.store import ASSESSMENT, FINDING, packed
from detention_monitor.sources import SetAside
from detention_monitor.values import changed


class Judge(Protocol):
    """What assesses a detention; it never fails."""

    def __call__(self, detention: Detention, as_of: int) -> Assessment:
        """Return the assessment as of an instant (seconds UTC)."""
        ...


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment to be written, and what was set aside on the way to it.

    None in its place: what was found of this detention is found of another now.
    """

    detention: str
    at: int
    result: Assessment | None = None
    aside: list[SetAside] = field(default_factory=list)

    @property
    def next_change_at(self) -> int | None:
        """When the detention changes with no new entry; None: never."""
        return None if self.result is None else self.result.next_change_at


def assessed(detention: Detention, at: int, judge: Judge) -> Assessed:
    """Judge a detention as of an instant (seconds UTC), each of its entries once."""
    kept, _, conflicts = without_duplicates(detention.entries)
    result = judge(changed(detention, entries=tuple(kept)), at)
    aside = [
        SetAside(
            each.entry.origin,
            f"id {each.entry.id} was used before for another entry of this detention "
            f"({each.first.origin}); it is stored, and not judged",
            "",
            each.entry.record,
        )
        for each in conflicts
    ]
    return Assessed(detention.id, at, result, aside)


def record(connection: Connection, each: Assessed, by: By, *, logs: bool) -> None:
    """Write an assessment, what it changed in the findings, and the alerts that follow.

    What became of alerts is logged if it `logs`.
    """
    name, at, result, rules = each.detention, each.at, each.result, by.ruleset.hash
    set_aside(connection, "assessment", each.aside, at)
    connection.execute(sa.delete(ASSESSMENT).where(ASSESSMENT.c.detention == name))
    if result is not None:
        row = {
            "detention": name, "as_of": at, "next_change_at": result.next_change_at,
            "unclosed": result.unclosed, "ruleset": rules,
            "body": packed(changed(result, facts=())),
        }  # fmt: skip
        connection.execute(sa.insert(ASSESSMENT).values(row))
    here = sa.and_(FINDING.c.detention == name, FINDING.c.at >= at)
    redone = set(connection.scalars(sa.select(FINDING.c.key).where(here)))
    connection.execute(sa.delete(FINDING).where(here))  # a second write in the same second
    last = {key: body for key, _, body in rows_of(connection, name)}
    found = {} if result is None else {each.key: each for each in result.findings}
    altered = dict(_changes(last, found))
    if altered:
        rows = [
            {"key": key, "at": at, "detention": name, "body": body, "ruleset": rules}
            for key, body in altered.items()
        ]
        connection.execute(sa.insert(FINDING), rows)
    show(connection, name, sorted({*last, *redone, *altered}), at, by, logs=logs)


def _changes(
    last: Mapping[str, str | None], found: Mapping[str, Finding]
) -> Iterator[tuple[str, str | None]]:
    """Yield what became of findings; those that were never near an alarm are left out."""
    for key, finding in found.items():
        known = last.get(key)
        if key not in last and not is_near(finding):
            continue
        body = packed(changed(finding, ruleset="", judged_by=""))
        if body != known:
            yield key, body
    for key, old in last.items():
        if key not in found and old is not None:
            yield key, None
