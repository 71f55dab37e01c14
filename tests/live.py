"""What the tests of the live monitor share: lines of records, and waiting for a condition."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from detention_monitor.live.store import Store
from detention_monitor.times import rfc3339

START = 1_726_200_000
"""2024-09-13 04:00 UTC, 05:00 in London."""


def line(number: int, record: str = "CR-1", kind: str = "arrived", **more: Any) -> bytes:
    """Return an entry as one line of JSON, without its end."""
    raw: dict[str, Any] = {
        "id": f"e{number}",
        "force": "44",
        "record": record,
        "kind": kind,
        "at": f"2024-09-13T05:{number % 60:02}:00+01:00",
        **more,
    }
    return json.dumps(raw).encode()


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for a condition, never for a time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)


def rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    """Return everything in a table, in order of its key."""
    chosen = SQLModel.metadata.tables[table]
    with store.read() as connection:
        wanted = sa.select(chosen).order_by(*chosen.primary_key)
        return [tuple(row) for row in connection.execute(wanted)]


def column(store: Store, table: str, name: str) -> list[Any]:
    """Return one column of a table, in order of its key."""
    chosen = SQLModel.metadata.tables[table]
    with store.read() as connection:
        wanted = sa.select(chosen.c[name]).order_by(*chosen.primary_key)
        return list(connection.scalars(wanted))


def today(entry: bytes, now: int) -> bytes:
    """Return an entry as if it had been made and recorded ten minutes ago, of somebody of 16."""
    raw = json.loads(entry)
    raw |= {"at": rfc3339(now - 600), "recorded_at": rfc3339(now - 600)}
    if "attrs" in raw:
        raw["attrs"] = {"dob": f"{int(rfc3339(now)[:4]) - 17}-12-31"}
    return json.dumps(raw).encode()
