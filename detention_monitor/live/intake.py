"""What feeds give, taken into the store and read again: entries, lines not taken, how far each is read."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.entries import CustodyEvent
from detention_monitor.live.chain import FIRST, entry_content, entry_digest, erased_id
from detention_monitor.live.store import ENTRY, FEED, SET_ASIDE, Store, StoreError, packed, plain
from detention_monitor.records import Source
from detention_monitor.sources import Read, SetAside, why_used_before
from detention_monitor.times import rfc3339
from detention_monitor.values import changed
from detention_monitor.vocabulary import WHOLE, Coverage

CLOCK_MAY_STEP = 300
"""Seconds by which our clock may step back; beyond that nothing is stored, lest all be judged ahead."""
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it lies in the store: its number, and when it arrived (seconds UTC)."""

    seq: int
    received_at: int
    entry: CustodyEvent
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read from a feed at one time: what was taken, what was not, and how far it is read.

    `heartbeat_at`: the last sign of life, if the feed gives any; `problem`: why it cannot be read.
    """

    feed: str
    items: Sequence[Read] = ()
    position: str = ""
    heartbeat_at: int | None = None
    problem: str | None = None
    more: bool = False


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    stored: int = 0
    again: int = 0
    set_aside: list[SetAside] = field(default_factory=list)


_entry = msgspec.json.Decoder(CustodyEvent).decode


def ingest(store: Store, batch: Batch, now: int) -> Taken:
    """Store what a feed gave, together with how far it is read: all of it or nothing.

    An entry that was stored before is passed over; one that uses the id of another is set aside.
    """
    taken = Taken()
    with store.write() as connection:
        last_seq, last_at, seal = connection.execute(_LAST).one_or_none() or (0, 0, FIRST)
        at = max(now, last_at)  # the order of arrival holds though our clock may step back
        if at > now + CLOCK_MAY_STEP:
            raise StoreError(
                f"{store.name}: its last entry arrived at {rfc3339(at)}, and the clock of this "
                f"machine says {rfc3339(now)}; put the clock right"
            )
        known = _known(connection, batch)
        rows: list[dict[str, Any]] = []
        for got, source in batch.items:
            if isinstance(got, SetAside):
                taken.set_aside.append(got)
                continue
            counted_by = _counted_by(source, batch.feed)
            clash = _clash(got, counted_by, known)
            if clash is None:
                row = _row(got, source, batch.feed, counted_by, last_seq + len(rows) + 1, at)
                seal = _seal(row, seal)
                rows.append(row)
                known.setdefault(got.id, []).append((got.force or "", counted_by, got))
            elif clash:
                taken.set_aside.append(SetAside(got.origin, clash, "", got.record))
            else:
                taken.again += 1
        if rows:
            connection.execute(sa.insert(ENTRY), rows)
            taken.stored = len(rows)
        set_aside(connection, batch.feed, taken.set_aside, at)
        _advance_feed(connection, batch, at if rows else None)
    return taken


_LAST = sa.select(ENTRY.c.seq, ENTRY.c.received_at, ENTRY.c.digest).order_by(
    ENTRY.c.seq.desc()
).limit(1)  # fmt: skip
_Known = dict[str, list[tuple[str, str, CustodyEvent | None]]]


def _counted_by(source: Source, feed: str) -> str:
    """Return what counts its own ids: a source by its name, a feed without one (`Source.identity`)."""
    return source.name or feed


def _known(connection: Connection, batch: Batch) -> _Known:
    """Return what is stored under the ids of entries: force, source and the entry; None: erased."""
    ids: dict[str, str] = {}
    for got, source in batch.items:
        if isinstance(got, CustodyEvent):
            ids[got.id] = got.id
            counted_by = _counted_by(source, batch.feed)
            ids[erased_id(got.force or "", counted_by, got.id)] = got.id
    out: _Known = {}
    names = list(ids)
    for start in range(0, len(names), _CHUNK):
        wanted = sa.select(ENTRY.c.force, ENTRY.c.source, ENTRY.c.id, ENTRY.c.body).where(
            ENTRY.c.id.in_(names[start : start + _CHUNK])
        )
        for force, source_name, name, body in connection.execute(wanted):
            entry = _entry(body) if body else None
            out.setdefault(ids[name], []).append((force, source_name, entry))
    return out


def _clash(entry: CustodyEvent, counted_by: str, known: _Known) -> str | None:
    """Return None for a new entry, "" for one stored before, else why it cannot be taken."""
    for force, name, first in known.get(entry.id, ()):
        if force != (entry.force or ""):
            continue
        if first is None:  # it was erased; what it said is not there to compare
            if name == counted_by:
                return ""
            continue
        if name != counted_by and first.record != entry.record:
            continue  # ids are counted by each source for itself
        if changed(first, origin="") == changed(entry, origin=""):
            return ""
        return why_used_before(entry.id, first.origin)
    return None


def _seal(row: dict[str, Any], before: str) -> str:
    """Seal a row into the chain of entries; return its digest."""
    said = [
        row[name] for name in ("id", "record", "kind", "at", "recorded_at", "not_carried", "body")
    ]
    row["salt"] = secrets.token_hex(8)
    row["content"] = entry_content(row["salt"], said)
    name = (row["feed"], row["force"], row["source"])
    row["digest"] = entry_digest(before, row["seq"], row["received_at"], name, row["content"])
    return str(row["digest"])


def _row(
    entry: CustodyEvent, source: Source, feed: str, counted_by: str, seq: int, at: int
) -> dict[str, Any]:
    return {
        "seq": seq,
        "received_at": at,
        "feed": feed,
        "force": entry.force or "",
        "source": counted_by,
        "id": entry.id,
        "record": entry.record,
        "kind": entry.kind,
        "at": entry.at,
        "recorded_at": entry.recorded_at,
        "not_carried": packed([*source.coverage.names]),
        "body": packed(entry),
    }


def _coverage(text: str) -> Coverage:
    return WHOLE if text == "[]" else Coverage.of_names(orjson.loads(text))


def set_aside(connection: Connection, feed: str, lines: Iterable[SetAside], at: int) -> None:
    """Keep lines that were not taken, each once."""
    for each in lines:
        parts = (feed, each.origin, each.reason, each.line)
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
        same = SET_ASIDE.c.digest == digest
        if connection.scalar(sa.select(sa.literal(1)).where(sa.exists().where(same))) is None:
            row = {"digest": digest, "at": at, "feed": feed, "origin": each.origin,
                   "reason": plain(each.reason), "line": plain(each.line),
                   "record": plain(each.record)}  # fmt: skip
            connection.execute(sa.insert(SET_ASIDE).values(row))


def _advance_feed(connection: Connection, batch: Batch, entry_at: int | None) -> None:
    values: dict[str, Any] = {"position": batch.position, "problem": plain(batch.problem)}
    if batch.heartbeat_at is not None:
        values["heartbeat_at"] = batch.heartbeat_at
    if entry_at is not None:
        values["last_entry_at"] = entry_at
    changed = connection.execute(
        sa.update(FEED).where(FEED.c.name == batch.feed).values(values)
    ).rowcount
    if not changed:
        whole = {"heartbeat_at": None, "last_entry_at": None, **values, "name": batch.feed}
        connection.execute(sa.insert(FEED).values(whole))


def positions(store: Store) -> Mapping[str, str]:
    """Return how far each feed was read."""
    with store.read() as connection:
        rows = connection.execute(sa.select(FEED.c.name, FEED.c.position))
        return dict(rows.all())


def entries(
    connection: Connection, *, after: int = 0, up_to: int | None = None
) -> Iterator[Stored]:
    """Yield stored entries in order of arrival, by their numbers; not those that were erased."""
    columns = (ENTRY.c.seq, ENTRY.c.received_at, ENTRY.c.not_carried, ENTRY.c.body)
    wanted = sa.select(*columns).where(ENTRY.c.seq > after, ENTRY.c.erased_by.is_(None))
    if up_to is not None:
        wanted = wanted.where(ENTRY.c.seq <= up_to)
    for seq, received_at, missing, body in connection.execute(wanted.order_by(ENTRY.c.seq)):
        yield Stored(seq, received_at, _entry(body), _coverage(missing))
