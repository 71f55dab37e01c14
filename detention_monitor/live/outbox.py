"""A table in the custody system's own PostgreSQL, which it fills and we read (outbox.sql).

A notification only wakes us: we ask once a second in any case. Rows are read in the order of their
transactions, and none while a transaction that could come before it still runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from detention_monitor.live.feed_lines import Lines
from detention_monitor.live.intake import Batch
from detention_monitor.live.store import StoreError, address
from detention_monitor.sources import Read
from detention_monitor.vocabulary import Vocabulary

if TYPE_CHECKING:
    import psycopg

MOST = 1_000
"""Rows taken at a time."""
_AGAIN = 5
"""Seconds between attempts to reach a database that does not answer."""
_NEXT = """
    SELECT id, xact::text, body, extract(epoch FROM written_at)::bigint
    FROM custody_outbox
    WHERE (xact, id) > (%s::xid8, %s) AND xact < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xact, id LIMIT %s
"""
_NEWEST = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


@dataclass(slots=True)
class _Place:
    xact: int = 0
    id: int = 0
    source: Any = None
    undeclared: tuple[str, str] | None = None


class Outbox:
    """Follows the table `custody_outbox` of a database."""

    def __init__(self, url: str, vocabulary: Vocabulary, position: str = "") -> None:
        """Go on from a stored position, or from the beginning; connect at the first look."""
        self._url = address(url).set(drivername="postgresql")
        self.name = self._url.render_as_string(hide_password=True)
        self._place = _Place(**orjson.loads(position)) if position else _Place()
        self._lines = Lines(vocabulary, "custody_outbox")
        self._lines.declare(self._place.source, self._place.undeclared)
        self._connection: psycopg.Connection[Any] | None = None
        self._problem: str | None = None
        self._retry_at = self._asked_at = self._eager_until = 0

    def descriptor(self) -> int | None:
        """Return the connection's descriptor: it becomes readable when rows were written."""
        return None if self._connection is None else self._connection.fileno()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def poll(self, now: int) -> Iterator[Batch]:
        """Yield the rows that were written and are certain to be next."""
        if self._connection is None and now < self._retry_at:
            return
        import psycopg

        try:
            connection = self._connected(now)
            if not self._is_time(connection, now):
                return
            while rows := connection.execute(
                _NEXT, (str(self._place.xact), self._place.id, MOST)
            ).fetchall():
                yield self._batch(rows, now)
            if self._problem:
                self._problem = None
                yield self._said()
        except psycopg.Error as error:
            self.close()
            self._retry_at = now + _AGAIN
            problem = f"the outbox does not answer: {' '.join(str(error).split())[:200]}"
            if problem != self._problem:
                self._problem = problem
                yield self._said()

    def _connected(self, now: int) -> psycopg.Connection[Any]:
        import psycopg

        if self._connection is None:
            whole = self._url.render_as_string(hide_password=False)
            self._connection = psycopg.connect(whole, autocommit=True, connect_timeout=5)
            self._connection.execute("LISTEN custody_outbox")
            [newest] = self._connection.execute(_NEWEST).fetchone() or ("0",)
            if int(newest) < self._place.xact:  # restored from a copy: its numbers began again
                self._place.xact = self._place.id = 0
            self._eager_until = now
        return self._connection

    def _is_time(self, connection: psycopg.Connection[Any], now: int) -> bool:
        if any(True for _ in connection.notifies(timeout=0)):
            self._eager_until = now + 1  # what was announced may not be certain at once
        if now == self._asked_at and now > self._eager_until:
            return False
        self._asked_at = now
        return True

    def _batch(self, rows: list[tuple[int, str, str | None, int]], now: int) -> Batch:
        items: list[Read] = []
        beat: int | None = None
        for number, xact, body, written_at in rows:
            self._place.id, self._place.xact = number, int(xact)
            if body is None:
                beat = min(now, written_at)
                continue
            item = self._lines.item(body.encode(), number)
            items += [item] if item else []
        if self._lines.beat:
            beat, self._lines.beat = now, False
        self._place.source = self._lines.declared
        self._place.undeclared = self._lines.undeclared
        return Batch(self.name, items, self._position(), beat, self._lines.problem)

    def _said(self) -> Batch:
        problem = self._problem or self._lines.problem
        return Batch(self.name, (), self._position(), None, problem)

    def _position(self) -> str:
        return orjson.dumps(asdict(self._place)).decode()


def is_outbox(path: str) -> bool:
    """Whether a path to follow is the address of a database."""
    return path.startswith(("postgresql:", "postgres:"))


def outbox(url: str, vocabulary: Vocabulary, position: str = "") -> Outbox:
    """Return the feed; raise `StoreError` where the driver is not installed."""
    try:
        import psycopg  # noqa: F401 - an extra, not always there
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs its driver: pip install 'detention-monitor[postgresql]'"
        ) from error
    return Outbox(url, vocabulary, position)
