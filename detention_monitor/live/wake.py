"""The wake-up between processes: whether a store may have been written to, without a query."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

from detention_monitor.live.store import CHANNEL, Store

if TYPE_CHECKING:
    import psycopg

_COARSE = 1_000_000_000
"""Nanoseconds within which two writes may leave a file with the same time."""
_ASK_ANYWAY = 1.0
"""Seconds after which PostgreSQL is asked though nothing was heard: a wake-up may be lost."""
_AGAIN = 15.0
"""Seconds between attempts to listen."""


class Wake:
    """Tells cheaply whether a store may have been written to.

    SQLite notifies nobody. But every write of any process goes into its journal, `PATH-wal`, so one
    `stat` of that file (2 microseconds, where a query takes 200) tells whether to ask. A file that
    was written a moment ago is asked about in any case: its time may be no finer than that.
    PostgreSQL notifies whoever listens at the end of each transaction that writes (`Store.write`);
    while nobody can listen the answer is yes.
    """

    def __init__(self, store: Store) -> None:
        """Know nothing yet: the first answer is yes."""
        self._url = store.url
        sqlite = store.url.get_backend_name() == "sqlite"
        self._journal = Path(f"{store.url.database}-wal") if sqlite else None
        self._last: tuple[int, int, int] | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._closing: finalize[[], Wake] | None = None
        self._listen_at = self._asked_at = -_AGAIN

    def close(self) -> None:
        """Stop listening; whoever forgets it does so by letting go of this."""
        self._connection = None
        if self._closing is not None:
            self._closing()

    def asks(self) -> bool:
        """Whether something may have been written since the last time."""
        if self._journal is None:
            return self._heard(time.monotonic())
        try:
            found = self._journal.stat()
        except OSError:
            return True
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        fresh = time.time_ns() - found.st_mtime_ns < _COARSE
        same, self._last = stamp == self._last, stamp
        return fresh or not same

    def _heard(self, now: float) -> bool:
        import psycopg

        try:
            if self._connection is None:
                if now < self._listen_at + _AGAIN:
                    return True
                self._listen_at = now
                whole = self._url.set(drivername="postgresql")
                text = whole.render_as_string(hide_password=False)
                self._connection = psycopg.connect(text, autocommit=True, connect_timeout=5)
                self._closing = finalize(self, self._connection.close)
                self._connection.execute(f"LISTEN {CHANNEL}")
                return True
            heard = any(True for _ in self._connection.notifies(timeout=0))
        except psycopg.Error:
            self.close()
            return True
        if heard or now >= self._asked_at + _ASK_ANYWAY:
            self._asked_at = now
            return True
        return False
