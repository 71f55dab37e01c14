"""The log: what people did and what alerts became, one row after another, each sealing the last.

A row is never changed. Its digest covers the row and the digest before it, through the digest of
its body, so that the chain still holds where a body was erased under the retention rules. An act
names the finding by its key and the alert as the person saw it (`raised_at`): it never applies to
one that arrived in that moment.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.alerts import SHELF_MARGIN, Act
from detention_monitor.live.store import ALERT, LOG, Store, plain
from detention_monitor.times import rfc3339

WHATS = ("acknowledge", "reason", "shelve")
_FIRST = "0" * 64
_LONGEST_REASON = 2_000


class ActError(DetentionMonitorError):
    """An act that cannot be taken; says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: the user of the operating system, or a name that was typed (`verified` False)."""

    name: str
    verified: bool
    host: str

    @classmethod
    def here(cls) -> Person:
        """Return the person at this terminal, as the operating system names them."""
        number = os.getuid()
        try:
            name = pwd.getpwuid(number).pw_name  # never the environment, which anybody may set
        except KeyError:
            name = f"uid {number}"
        return cls(name, verified=True, host=socket.gethostname())


@dataclass(frozen=True, slots=True)
class Held:
    """An alert as it stood on the screen when a person pressed the key."""

    key: str
    raised_at: int | None


def acknowledge(
    store: Store, held: Held, who: Person, now: int, *, reason: str = "", until: int | None = None
) -> int:
    """Take it on, to be done by `until` (seconds UTC); return the number of the act."""
    if until is not None and until <= now:
        raise ActError(f"expected by {rfc3339(until)}: give a time to come")
    return _act(store, "acknowledge", held, who, now, reason, until)


def give_reason(store: Store, held: Held, who: Person, now: int, reason: str) -> int:
    """Say why a deadline was missed; return the number of the act."""
    if not reason.strip():
        raise ActError("a reason is needed; an empty one says nothing")
    return _act(store, "reason", held, who, now, reason, None)


def shelve(store: Store, held: Held, who: Person, now: int, reason: str, until: int) -> int:
    """Put it aside for a while; return the number of the act.

    Refused for a missed deadline, and beyond ten minutes before one to come.
    """
    if not reason.strip():
        raise ActError("a reason is needed to put an alert aside")
    if until <= now:
        raise ActError(f"until {rfc3339(until)}: give a time to come")
    return _act(store, "shelve", held, who, now, reason, until)


def _act(
    store: Store, what: str, held: Held, who: Person, now: int, reason: str, until: int | None
) -> int:
    if len(reason) > _LONGEST_REASON:
        raise ActError(f"a reason of {len(reason):,} characters; at most {_LONGEST_REASON:,}")
    with store.write() as connection:
        alert = connection.execute(sa.select(ALERT).where(ALERT.c.key == held.key)).mappings()
        row = alert.one_or_none()
        if row is None:
            raise ActError(f"no alert has the key {held.key[:40]}")
        if row["raised_at"] != held.raised_at:
            raise ActError("the alert has been raised again since it was shown; look at it first")
        if what == "shelve":
            _may_shelve(row, until)
        body = {
            "who": plain(who.name), "verified": who.verified, "host": plain(who.host),
            "reason": plain(reason), "raised_at": held.raised_at, "until": until,
            "state": row["state"], "severity": row["severity"], "ruleset": row["ruleset"],
        }  # fmt: skip
        return append(connection, now, what, held.key, body)


def _may_shelve(row: sa.RowMapping, until: int | None) -> None:
    due = row["due_at"]
    if row["deadline_missed"] or row["state"] in ("missed", "past_unseen"):
        raise ActError("a missed deadline cannot be put aside; give its reason")
    if due is not None and until is not None and until > due - SHELF_MARGIN:
        latest = rfc3339(due - SHELF_MARGIN)
        raise ActError(f"it is due at {rfc3339(due)}; put it aside until {latest} at the latest")


# --- the chain ---------------------------------------------------------------------------------


def append(
    connection: Connection, at: int, what: str, key: str | None, body: Mapping[str, Any]
) -> int:
    """Append a row to the log within a transaction that writes; return its number."""
    last = connection.execute(
        sa.select(LOG.c.seq, LOG.c.digest).order_by(LOG.c.seq.desc()).limit(1)
    ).one_or_none()
    number, before = last or (0, _FIRST)
    salted = {**body, "salt": secrets.token_hex(8)}  # a digest alone must not tell what was erased
    text = orjson.dumps(salted, option=orjson.OPT_SORT_KEYS).decode()
    content = _sha(text)
    row = {"seq": number + 1, "at": at, "what": what, "key": key, "body": text, "content": content}
    connection.execute(sa.insert(LOG).values(**row, digest=_seal(before, row)))
    return cast("int", number + 1)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _seal(before: str, row: Mapping[str, Any] | sa.RowMapping) -> str:
    return _sha(orjson.dumps([before, *(row[name] for name in _SEALED)]).decode())


_SEALED = ("seq", "at", "what", "key", "content")


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the chain holds: how many rows, and the first place where it does not.

    Rows cut off at the end do not show: compare `digest`, the last one, with what was kept elsewhere.
    """

    rows: int
    broken_at: int | None = None
    why: str = ""
    digest: str = ""


def verify(store: Store) -> Verified:
    """Check every row of the log against those before it."""
    before, number = _FIRST, 0
    with store.read() as connection:
        for row in connection.execute(sa.select(LOG).order_by(LOG.c.seq)).mappings():
            number += 1
            if row["seq"] != number:
                return Verified(number, number, f"row {number} is not there")
            if row["body"] is not None and _sha(row["body"]) != row["content"]:
                return Verified(number, number, f"row {number}: its text was changed")
            if _seal(before, row) != row["digest"]:
                return Verified(number, number, f"row {number}: it or a row before was changed")
            before = row["digest"]
    return Verified(number, digest=before)


def acts_of(connection: Connection, keys: list[str]) -> dict[str, list[Act]]:
    """Return the acts upon some findings, by key, in order."""
    out: dict[str, list[Act]] = {}
    for start in range(0, len(keys), 400):
        wanted = sa.select(LOG.c.at, LOG.c.what, LOG.c.key, LOG.c.body).where(
            LOG.c.key.in_(keys[start : start + 400]), LOG.c.what.in_(WHATS)
        )
        for at, what, key, body in connection.execute(wanted.order_by(LOG.c.seq)):
            said = orjson.loads(body) if body else {}
            kind = cast('Literal["acknowledge", "reason", "shelve"]', what)
            out.setdefault(key, []).append(Act(at, kind, said.get("raised_at"), said.get("until")))
    return out
