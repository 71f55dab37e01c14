"""The log: what people did and what alerts became, one row after another, each sealing the last.

A row is never changed. Its digest covers the row and the digest before it, through the digest of
its body, so that the chain still holds where a body was erased under the retention rules.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.live.chain import FIRST, entry_content, entry_digest, sealed, sha
from detention_monitor.live.store import ENTRY, LOG, Store


def append(
    connection: Connection, at: int, what: str, key: str | None, body: Mapping[str, Any]
) -> int:
    """Append a row to the log within a transaction that writes; return its number."""
    last = connection.execute(
        sa.select(LOG.c.seq, LOG.c.digest).order_by(LOG.c.seq.desc()).limit(1)
    ).one_or_none()
    number, before = last or (0, FIRST)
    salted = {**body, "salt": secrets.token_hex(8)}  # a digest alone must not tell what was erased
    text = orjson.dumps(salted, option=orjson.OPT_SORT_KEYS).decode()
    content = sha(text)
    row = {"seq": number + 1, "at": at, "what": what, "key": key, "body": text, "content": content}
    connection.execute(sa.insert(LOG).values(**row, digest=_seal(before, row)))
    return cast("int", number + 1)


def _seal(before: str, row: Mapping[str, Any] | sa.RowMapping) -> str:
    return sealed(before, *(row[name] for name in _SEALED))


_SEALED = ("seq", "at", "what", "key", "content")


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the chains hold: how many rows of the log, and the first place where one does not.

    Rows cut off at the end do not show: compare `digest`, the last one, with what was kept
    elsewhere. `entries` and `erased` count entries and those erased under the retention rules.
    """

    rows: int
    broken_at: int | None = None
    why: str = ""
    digest: str = ""
    entries: int = 0
    erased: int = 0
    entries_digest: str = ""


def verify(store: Store) -> Verified:
    """Check every row of the log, and every entry, against those before it."""
    with store.read() as connection:
        found = _verified_log(connection)
        return found if found.broken_at is not None else _verified_entries(connection, found)


def _verified_log(connection: Connection) -> Verified:
    before, number = FIRST, 0
    causes: set[int] = set()
    for row in connection.execute(sa.select(LOG).order_by(LOG.c.seq)).mappings():
        number += 1
        if row["seq"] != number:
            return Verified(number, number, f"row {number} is not there")
        if row["what"] == "erase":
            causes.add(number)
        if row["body"] is not None and sha(row["body"]) != row["content"]:
            return Verified(number, number, f"row {number}: its text was changed")
        if _seal(before, row) != row["digest"]:
            return Verified(number, number, f"row {number}: it or a row before was changed")
        before = row["digest"]
    lost = connection.execute(
        sa.select(LOG.c.seq, LOG.c.erased_by).where(LOG.c.body.is_(None)).order_by(LOG.c.seq)
    )
    for seq, by in lost:
        if by not in causes:
            return Verified(number, seq, f"row {seq}: its text was taken out, and no row says why")
    return Verified(number, digest=before)


_SAID = ("id", "record", "kind", "at", "recorded_at", "not_carried", "body")


def _verified_entries(connection: Connection, log: Verified) -> Verified:
    before, number, erased = FIRST, 0, 0
    erasures = sa.select(LOG.c.seq, LOG.c.body).where(LOG.c.what == "erase")
    left = {seq: int(orjson.loads(body)["entries"]) for seq, body in connection.execute(erasures)}
    for row in connection.execute(sa.select(ENTRY).order_by(ENTRY.c.seq)).mappings():
        number += 1
        why = ""
        if row["seq"] != number:
            return Verified(log.rows, number, f"entry {number} is not there")
        if row["erased_by"] is not None:
            erased += 1
            left[row["erased_by"]] = left.get(row["erased_by"], 0) - 1
            if left[row["erased_by"]] < 0 or row["body"]:
                why = f"entry {number} was erased, and no row of the log says so"
        elif entry_content(row["salt"], [row[name] for name in _SAID]) != row["content"]:
            why = f"entry {number}: what it says was changed"
        name = (row["feed"], row["force"], row["source"])
        seal = entry_digest(before, number, row["received_at"], name, row["content"])
        if not why and seal != row["digest"]:
            why = f"entry {number}: it or an entry before was changed"
        if why:
            return Verified(log.rows, number, why)
        before = row["digest"]
    for seq, count in left.items():
        if count:
            return Verified(log.rows, seq, f"row {seq} erased entries that are not there: {count}")
    return Verified(log.rows, None, "", log.digest, number, erased, before)
