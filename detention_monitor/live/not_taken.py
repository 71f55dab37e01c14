"""Lines of the feeds that were not taken: which there are, and which of them a person has seen.

That a line was seen is an act like those upon alerts: a row of the log with who, when and why, which
can be taken back for a short time. The line stays in the store; it only waits no longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.live.acts import LINE_SEEN, Person, by, checked_reason
from detention_monitor.live.log import append
from detention_monitor.live.may_act import ActError
from detention_monitor.live.store import LOG, SET_ASIDE, Store

SHORT = 10
"""Characters of a key that tell lines apart."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Who has seen a line, when (seconds UTC), and what they said of it."""

    at: int
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line of a feed that was not taken, and why (`at` seconds UTC); of the line itself nothing."""

    at: int
    origin: str
    record: str | None
    reason: str
    key: str = ""
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class SetAsides:
    """The lines that were not taken: `count` of those nobody has seen, and the last of both kinds.

    The latest come first.
    """

    count: int
    last: tuple[SetAside, ...]
    seen: tuple[SetAside, ...] = ()


_ROW = (
    SET_ASIDE.c.at,
    SET_ASIDE.c.origin,
    SET_ASIDE.c.record,
    SET_ASIDE.c.reason,
    SET_ASIDE.c.digest,
)


def set_asides(store: Store, since: int, most: int = 100) -> SetAsides:
    """Return the lines that feeds gave after an instant and that were not taken."""
    recent = SET_ASIDE.c.at > since
    ordered = sa.select(*_ROW).order_by(SET_ASIDE.c.at.desc(), SET_ASIDE.c.digest)
    with store.read() as connection:
        seen, undone = _seen(connection)
        acted = sa.exists().where(LOG.c.what == LINE_SEEN, LOG.c.key == SET_ASIDE.c.digest)
        waits = sa.and_(recent, sa.or_(sa.not_(acted), SET_ASIDE.c.digest.in_(undone)))
        count = connection.scalar(sa.select(sa.func.count()).where(waits)) or 0
        rows = connection.execute(ordered.where(waits).limit(most)).all() if count else []
        done = sa.and_(recent, acted, SET_ASIDE.c.digest.not_in(undone))
        ticked = connection.execute(ordered.where(done).limit(most)).all() if seen else []
    return SetAsides(
        count,
        tuple(SetAside(*row) for row in rows),
        tuple(SetAside(*row, seen.get(row.digest)) for row in ticked),
    )


def lines_set_aside(store: Store, since: int) -> Iterator[Mapping[str, Any]]:
    """Yield the lines that were not taken from an instant on, whole, in order of time.

    `key` names a line, for `detention-monitor set-aside seen`; `seen` says who has, if anybody.
    """
    wanted = sa.select(*_ROW, SET_ASIDE.c.feed, SET_ASIDE.c.line).where(SET_ASIDE.c.at >= since)
    with store.read() as connection:
        seen, _ = _seen(connection)
        for row in connection.execute(wanted.order_by(SET_ASIDE.c.at, SET_ASIDE.c.digest)):
            yield {
                "key": row.digest[:SHORT], "at": row.at, "feed": row.feed, "origin": row.origin,
                "record": row.record, "reason": row.reason, "line": row.line,
                "seen": seen.get(row.digest),
            }  # fmt: skip


def key_of_line(store: Store, name: str) -> str:
    """Return the whole key of a line by what stands before it; raise `ActError` if there is none."""
    if len(name) < SHORT or not name.isalnum():
        raise ActError(f"'{name[:60]}' names no line; use the key that `set-aside` prints")
    with store.read() as connection:
        found = connection.scalars(
            sa.select(SET_ASIDE.c.digest).where(SET_ASIDE.c.digest.startswith(name))
        ).all()
    if len(found) != 1:
        raise ActError(f"no line has the key {name[:70]}")
    return str(found[0])


def see(store: Store, key: str, who: Person, now: int, reason: str) -> int:
    """Say that a line was seen and what is done about it; return the number of the act."""
    said = checked_reason(reason, "say in a word what is done about the line")
    with store.write() as connection:
        row = connection.execute(
            sa.select(SET_ASIDE.c.record).where(SET_ASIDE.c.digest == key)
        ).one_or_none()
        if row is None:
            raise ActError(f"no line has the key {key[:70]}")
        before = _seen(connection, key)[0].get(key)
        if before is not None:
            raise ActError(f"{before.who} has seen it already: {before.reason}")
        return append(
            connection, now, LINE_SEEN, key, {**by(who), "reason": said, "record": row.record}
        )


def _seen(connection: Connection, key: str | None = None) -> tuple[dict[str, Seen], list[str]]:
    """Return which lines were seen, by whom; and those of which that was taken back."""
    whats = sa.select(LOG.c.seq, LOG.c.at, LOG.c.what, LOG.c.key, LOG.c.body).order_by(LOG.c.seq)
    lines = sa.select(LOG.c.key).where(LOG.c.what == LINE_SEEN)
    wanted = sa.or_(LOG.c.what == LINE_SEEN, sa.and_(LOG.c.what == "undo", LOG.c.key.in_(lines)))
    if key is not None:
        wanted = sa.and_(wanted, LOG.c.key == key)
    acts: dict[int, tuple[str, Seen]] = {}
    every: set[str] = set()
    for seq, at, what, of, body in connection.execute(whats.where(wanted)):
        said = orjson.loads(body) if body else {}
        if what == "undo":
            acts.pop(said.get("undoes", 0), None)
            continue
        every.add(of)
        acts[seq] = (of, Seen(at, said.get("who") or "", said.get("reason") or ""))
    seen = dict(acts.values())
    return seen, sorted(every - seen.keys())
