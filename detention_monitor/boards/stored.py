"""What a desk reads from a store: alerts with what the last person did about them, entries of records, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.in_use import InUse, Told, book_of
from detention_monitor.lawtext import LawText
from detention_monitor.live.acts import WHATS
from detention_monitor.live.intake import Stored, entries
from detention_monitor.live.kept_rules import unpacked
from detention_monitor.live.store import ALERT, ENTRY, LOG, Store, StoreError
from detention_monitor.parameters import load_parameters
from detention_monitor.rulefile import PARAMETERS, load_rules

_CHUNK = 400


def entries_of(connection: sa.Connection, records: Sequence[str]) -> list[Stored]:
    """Return the entries of records of these names, of whatever force, in order of arrival."""
    out: list[Stored] = []
    forces = list(connection.scalars(sa.select(ENTRY.c.force).distinct())) if records else []
    for start in range(0, len(records), _CHUNK):
        part = records[start : start + _CHUNK]
        here = sa.and_(ENTRY.c.force.in_(forces), ENTRY.c.record.in_(part))
        out += _by_number(connection, list(connection.scalars(sa.select(ENTRY.c.seq).where(here))))
    return sorted(out, key=lambda each: each.seq)


def _by_number(connection: sa.Connection, seqs: Sequence[int]) -> list[Stored]:
    """Return stored entries by their numbers, in stretches that lie near each other."""
    wanted, out = set(seqs), []
    ordered = sorted(wanted)
    start = 0
    while start < len(ordered):
        end = start
        while end + 1 < len(ordered) and ordered[end + 1] - ordered[end] <= 200:
            end += 1
        stretch = entries(connection, after=ordered[start] - 1, up_to=ordered[end])
        out += [each for each in stretch if each.seq in wanted]
        start = end + 1
    return out


def _behind(state: str, acts: Mapping[int, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return what was said in the act by which an alert is in its state; those taken back are gone."""
    wanted = ("shelve",) if state == "shelved" else ("acknowledge", "reason")
    fitting = [told for what, told in acts.values() if what in wanted]
    return fitting[-1] if fitting else {}


def _line(row: sa.RowMapping, said: dict[str, Any]) -> AlertLine:
    return AlertLine(
        key=row["key"], detention=row["detention"], record=row["record"], rule=row["rule"],
        duty=row["duty"], severity=row["severity"], authority=row["authority"],
        state=row["state"], since=row["since"], raised_at=row["raised_at"],
        due_at=row["due_at"], message=row["message"] or "", seen=row["seen"],
        active=row["active"], deadline_missed=row["deadline_missed"],
        answered=row["answered"], recorded_late=row["recorded_late"],
        who=str(said.get("who", "")), reason=str(said.get("reason", "")),
        until=said.get("until") if row["expected_at"] is None else row["expected_at"], times=row["times"],
        escalated_at=row["escalated_at"],
    )  # fmt: skip


def rules_kept(store: Store, name: str, texts: Callable[[], Sequence[LawText]]) -> InUse | None:
    """Return the rules of a hash from the store: their numbers now, the rest when it is asked for.

    The words of the law are not kept with them; `texts` gives those of the board's own folder.
    """

    def read() -> Told:
        with unpacked(store, name) as kept:
            if kept is None:
                raise StoreError(f"{store.name}: the rules {name} are not kept any more")
            ruleset = load_rules(*kept)
            book = book_of(ruleset, kept[0])
            return Told(ruleset, lambda: book)

    with unpacked(store, name) as kept:
        if kept is None:
            return None
        folder, policy = kept
        return InUse(name, load_parameters(folder / PARAMETERS, policy), read, texts)


def alert_lines(
    connection: sa.Connection, names: Sequence[str]
) -> Iterator[tuple[str, tuple[int, int, int, str], AlertLine]]:
    """Yield the alerts of some detentions: whose each is, its place in the list, and the alert."""
    here = sa.select(ALERT).where(ALERT.c.detention.in_(names))
    rows = connection.execute(here).mappings().all()
    keys = [row["key"] for row in rows if row["seen"] or row["state"] == "shelved"]
    said: dict[str, dict[int, tuple[str, dict[str, Any]]]] = {}
    for start in range(0, len(keys), _CHUNK):
        acted = sa.and_(LOG.c.key.in_(keys[start : start + _CHUNK]), LOG.c.what.in_(WHATS))
        acts = sa.select(LOG.c.seq, LOG.c.what, LOG.c.key, LOG.c.body).where(acted)
        for seq, what, key, body in connection.execute(acts.order_by(LOG.c.seq)):
            told = orjson.loads(body) if body else {}
            said.setdefault(key, {})[seq] = (what, told)
            said[key].pop(told.get("undoes", 0), None)
    for row in rows:
        line = _line(row, _behind(row["state"], said.get(row["key"], {})))
        yield row["detention"], line.order, line
