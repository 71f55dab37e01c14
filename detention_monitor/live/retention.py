"""What is old is erased, but for what is under a legal hold; tombstones stay, and the chains hold.

Erased are the entries of detentions that have ended and whose last entry is older than a day, what
the log says of them (who acted and why, who looked), lines that were set aside, and all that was
derived. Left are the numbers of rows, when they came and from where, and their digests: enough to
tell what was erased, when and by whom, and that nothing else was changed. A row of the log comes
first; the database refuses any other change of a row (see the migrations).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.links import record_name
from detention_monitor.live.acts import Person
from detention_monitor.live.chain import detention_key, erased_id
from detention_monitor.live.intake import Stored, entries
from detention_monitor.live.joined import Custody
from detention_monitor.live.log import append
from detention_monitor.live.may_act import ActError
from detention_monitor.live.store import (
    ALERT,
    ASSESSMENT,
    ENTRY,
    FINDING,
    LOG,
    SET_ASIDE,
    Store,
    plain,
)
from detention_monitor.yamlfile import suggestion

_CHUNK = 400
_KEPT = ("erase", "rules", "rules_refused", "reload")
"""Rows of the log that hold nothing of any child."""


@dataclass(frozen=True, slots=True)
class Old:
    """A detention whose last entry is older than the day, and what becomes of it."""

    detention: str
    last_at: int
    entries: int
    why_kept: str
    """Empty: it is erased. Else why it is not."""
    unanswered: int
    """Missed deadlines for which nobody gave a reason."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on a detention."""

    detention: str
    at: int
    who: str
    reason: str


@dataclass(slots=True)
class Erased:
    """What was erased: detentions, their entries, texts of the log, lines set aside."""

    detentions: int = 0
    entries: int = 0
    rows: int = 0
    lines: int = 0
    leftover: str = ""
    """Why the file may still hold old pages, if it may."""


# --- legal hold --------------------------------------------------------------------------------


def hold(store: Store, detention: str, who: Person, now: int, reason: str) -> int:
    """Keep a detention from being erased until it is released; return the number of the row.

    `detention` is its id, or one of its records (`44/CR-0001`). Raises `ActError`.
    """
    return _set_hold(store, "hold", detention, who, now, reason)


def release(store: Store, detention: str, who: Person, now: int, reason: str) -> int:
    """End a legal hold; return the number of the row. Raises `ActError` where there is none."""
    return _set_hold(store, "hold_released", detention, who, now, reason)


def _set_hold(store: Store, what: str, detention: str, who: Person, now: int, reason: str) -> int:
    if not reason.strip():
        raise ActError("a reason is needed for a legal hold, and for ending one")
    with store.write() as connection:
        known = [names for names, _ in _detentions(connection)]
        names = next((each for each in known if detention in each), None)
        if names is None:
            near = suggestion(detention[:100], [*chain.from_iterable(known)])
            raise ActError(f"no detention or record is called '{detention[:100]}'{near}")
        held = _held(connection)
        under = [name for name in names if detention_key(name) in held]
        if what == "hold" and under:
            raise ActError(f"{under[0]} is under a legal hold already")
        if what == "hold_released" and not under:
            raise ActError(f"{detention} is under no legal hold")
        body = {
            "who": plain(who.name), "verified": who.verified, "host": plain(who.host),
            "reason": plain(reason), "detention": plain(under[0] if under else names[0]),
        }  # fmt: skip
        number = 0
        for name in under or names[:1]:
            number = append(connection, now, what, detention_key(name), body)
        return number


def holds(store: Store) -> list[Hold]:
    """Return the legal holds in force, the oldest first."""
    with store.read() as connection:
        found = _held(connection)
    return [Hold(b["detention"], at, b["who"], b["reason"]) for at, b in found.values()]


def _held(connection: Connection) -> dict[str, tuple[int, Mapping[str, Any]]]:
    """Return the holds in force, by the digest of their detention."""
    out: dict[str, tuple[int, Mapping[str, Any]]] = {}
    wanted = sa.select(LOG.c.at, LOG.c.what, LOG.c.key, LOG.c.body).where(
        LOG.c.what.in_(("hold", "hold_released")), LOG.c.body.is_not(None)
    )
    for at, what, key, body in connection.execute(wanted.order_by(LOG.c.seq)):
        if what == "hold":
            out[key] = at, orjson.loads(body)
        else:
            out.pop(key, None)
    return out


# --- what is old -------------------------------------------------------------------------------


def _detentions(connection: Connection) -> Iterator[tuple[list[str], list[Stored]]]:
    """Yield each detention's names (its id first) and its entries."""
    custody = Custody()
    roots: set[str] = set()
    for each in entries(connection):
        roots |= custody.add([each])
    for root in sorted(roots):
        if custody.stands(root):
            detention, _ = custody.detention(root)
            held = custody.stored(root)
            records = {record_name(each.entry.force, each.entry.record) for each in held}
            yield [detention.id, *sorted(records - {detention.id})], held


def survey(store: Store, before: int) -> list[Old]:
    """Return the detentions whose last entry is older than an instant (seconds UTC)."""
    with store.read() as connection:
        return [old for old, _, _ in _old(connection, before)]


def _old(connection: Connection, before: int) -> Iterator[tuple[Old, list[str], list[Stored]]]:
    held = _held(connection)
    wanted = sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.unclosed)
    unclosed = dict(connection.execute(wanted).all())
    missed = sa.select(ALERT.c.detention, sa.func.count()).where(
        ALERT.c.deadline_missed, sa.not_(ALERT.c.answered)
    )
    unanswered: dict[str, int] = dict(connection.execute(missed.group_by(ALERT.c.detention)).all())
    for names, stored in _detentions(connection):
        last = max(max(each.entry.at, each.received_at) for each in stored)
        if last >= before:
            continue
        why = ""
        if any(detention_key(name) in held for name in names):
            why = "legal hold"
        elif names[0] not in unclosed:
            why = "not assessed yet"
        elif unclosed[names[0]]:
            why = "no entry shows that it ended"
        old = Old(names[0], last, len(stored), why, unanswered.get(names[0], 0))
        yield old, names, stored


# --- erasing -----------------------------------------------------------------------------------


def erase(store: Store, before: int, who: Person, now: int) -> Erased:
    """Erase what `survey` says; all of it or nothing. Raises `ActError` for a time to come."""
    if before > now:
        raise ActError("give a day that has passed: what may be erased is old")
    out = Erased()
    with store.write() as connection:
        by = {"who": plain(who.name), "verified": who.verified, "host": plain(who.host)}
        for old, names, stored in list(_old(connection, before)):
            if old.why_kept:
                continue
            body = {**by, "before": before, "entries": len(stored)}
            cause = append(connection, now, "erase", detention_key(names[0]), body)
            _erase_entries(connection, stored, cause)
            out.rows += _erase_detention(connection, names, cause)
            out.detentions += 1
            out.entries += len(stored)
        cause = append(connection, now, "erase", None, {**by, "before": before, "entries": 0})
        left = list(_detentions(connection))
        out.rows += _erase_rest(connection, before, cause, [n for names, _ in left for n in names])
        records = {each.entry.record for _, stored in left for each in stored}
        out.lines = _drop_lines(connection, before, records)
    out.leftover = store.forget_old_pages()
    return out


def _erase_entries(connection: Connection, stored: Iterable[Stored], cause: int) -> None:
    for each in stored:
        row = sa.select(ENTRY.c.force, ENTRY.c.source, ENTRY.c.id).where(ENTRY.c.seq == each.seq)
        force, source, name = connection.execute(row).one()
        tombstone = {
            "id": erased_id(force, source, name), "record": "", "kind": "", "at": 0,
            "recorded_at": None, "not_carried": "", "body": "", "salt": "", "erased_by": cause,
        }  # fmt: skip
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == each.seq).values(tombstone))


def _erase_detention(connection: Connection, names: Sequence[str], cause: int) -> int:
    found = sa.select(FINDING.c.key).where(FINDING.c.detention.in_(names)).distinct()
    keys = [*connection.scalars(found), *map(detention_key, names)]
    count = 0
    for start in range(0, len(keys), _CHUNK):
        part = LOG.c.key.in_(keys[start : start + _CHUNK])
        count += _erase_rows(connection, part, cause)
    for table in (ASSESSMENT, FINDING, ALERT):
        connection.execute(sa.delete(table).where(table.c.detention.in_(names)))
    return count


def _erase_rest(connection: Connection, before: int, cause: int, left: Iterable[str]) -> int:
    """Erase old texts of the log that are about no detention that is left."""
    known = {*connection.scalars(sa.select(FINDING.c.key).distinct())}
    known |= {*map(detention_key, left)}
    wanted = sa.select(LOG.c.seq, LOG.c.key).where(LOG.c.at < before, LOG.c.body.is_not(None))
    seqs = [seq for seq, key in connection.execute(wanted) if key not in known]
    return sum(
        _erase_rows(connection, LOG.c.seq.in_(seqs[start : start + _CHUNK]), cause)
        for start in range(0, len(seqs), _CHUNK)
    )


def _erase_rows(connection: Connection, which: Any, cause: int) -> int:
    chosen = sa.and_(which, LOG.c.body.is_not(None), LOG.c.what.not_in(_KEPT))
    change = sa.update(LOG).where(chosen).values(body=None, erased_by=cause)
    return connection.execute(change).rowcount


def _drop_lines(connection: Connection, before: int, kept: set[str]) -> int:
    old = SET_ASIDE.c.at < before
    wanted = sa.select(SET_ASIDE.c.digest, SET_ASIDE.c.record).where(old)
    gone = [digest for digest, record in connection.execute(wanted) if record not in kept]
    for start in range(0, len(gone), _CHUNK):
        part = SET_ASIDE.c.digest.in_(gone[start : start + _CHUNK])
        connection.execute(sa.delete(SET_ASIDE).where(part))
    return len(gone)
