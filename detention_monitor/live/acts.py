"""What people do about alerts: each act a row of the log, with who, when and why.

An act names the finding by its key and the alert as the person saw it (`raised_at`): it never
applies to one that arrived in that moment.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.live.alerts import Act
from detention_monitor.live.chain import sealed
from detention_monitor.live.limits import Limits, read_limits
from detention_monitor.live.log import append
from detention_monitor.live.may_act import ActError, check_act
from detention_monitor.live.store import ALERT, LOG, PROGRESS, Store, plain

WHATS = ("acknowledge", "reason", "shelve", "unshelve", "undo")
"""Acts upon an alert, as the log names them."""
LINE_SEEN = "line_seen"
"""The act upon a line that was not taken (`not_taken.see`)."""
_UNDOABLE = ("acknowledge", "reason", "shelve", "unshelve", LINE_SEEN)
_LONGEST_REASON = 2_000
_LONGEST_NAME = 100
_SHORT = 10
"""Characters of a key that tell alerts apart."""


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

    @classmethod
    def typed(cls, name: str) -> Person:
        """Return a person who only said who they are; `ActError` for a name that is none."""
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise ActError("a name is needed, of 100 characters at most")
        here = cls.here()
        return cls(name.strip(), verified=False, host=f"{here.name}@{here.host}")


@dataclass(frozen=True, slots=True)
class Held:
    """An alert as it stood on the screen when a person pressed the key.

    With `version` (of `version_of`), an act is refused too if the alert became anything else.
    """

    key: str
    raised_at: int | None
    version: str | None = None


def version_of(row: Mapping[str, Any] | sa.RowMapping) -> str:
    """Return a short name of an alert as it is: another state, raise or deadline gives another.

    `row` holds the columns of the table `alert`.
    """
    shown = ("key", "state", "raised_at", "severity", "due_at", "deadline_missed")
    return sealed(*(row[name] for name in shown))[:6]


def handle(row: Mapping[str, Any] | sa.RowMapping) -> str:
    """Return a name for an alert as it is now, short enough to type (`held_by` reads it)."""
    return f"{row['key'][:_SHORT]}.{version_of(row)}"


def held_by(store: Store, name: str) -> Held:
    """Return the alert that a handle names, as it was then; raise `ActError` if there is none.

    It is the act that says whether the alert has become another since.
    """
    key, _, version = name.partition(".")
    if len(key) < _SHORT or not version or not key.isalnum():
        raise ActError(f"'{name[:60]}' names no alert; use what stands before it in the list")
    with store.read() as connection:
        wanted = sa.select(ALERT.c.key, ALERT.c.raised_at).where(ALERT.c.key.startswith(key))
        found = connection.execute(wanted).all()
    if len(found) != 1:
        raise ActError(f"no alert has the key {key[:40]}")
    return Held(found[0][0], found[0][1], version)


def acknowledge(
    store: Store, held: Held, who: Person, now: int, *, reason: str = "", until: int | None = None
) -> int:
    """Take it on, to be done by `until` (seconds UTC); return the number of the act."""
    return _act(store, Act(now, "acknowledge", held.raised_at, until), held, who, reason)


def give_reason(store: Store, held: Held, who: Person, now: int, reason: str) -> int:
    """Say why a deadline was missed; return the number of the act."""
    return _act(store, Act(now, "reason", held.raised_at), held, who, reason)


def shelve(store: Store, held: Held, who: Person, now: int, reason: str, until: int) -> int:
    """Put it aside for a while; return the number of the act."""
    return _act(store, Act(now, "shelve", held.raised_at, until), held, who, reason)


def unshelve(store: Store, held: Held, who: Person, now: int) -> int:
    """Take it down from the shelf before its time: it is new again; return the number of the act."""
    return _act(store, Act(now, "unshelve", held.raised_at), held, who, "")


def ask_reload(store: Store, who: Person, now: int) -> int:
    """Ask the running monitor to load its rules anew; return the number of the request."""
    with store.write() as connection:
        return append(connection, now, "reload", None, by(who))


def answer_to(store: Store, number: int) -> tuple[str, dict[str, Any]] | None:
    """Return what came of a request to load rules: `rules` or `rules_refused`, and its body."""
    wanted = sa.select(LOG.c.what, LOG.c.body).where(
        LOG.c.seq > number, LOG.c.what.in_(("rules", "rules_refused"))
    )
    with store.read() as connection:
        row = connection.execute(wanted.order_by(LOG.c.seq).limit(1)).one_or_none()
    return None if row is None else (row[0], orjson.loads(row[1]))


def undo(store: Store, number: int, who: Person, now: int) -> int:
    """Take back an act of one's own, within a short time; return the number of this act."""
    with store.write() as connection:
        found = connection.execute(sa.select(LOG).where(LOG.c.seq == number)).mappings()
        row = found.one_or_none()
        if row is None or row["what"] not in _UNDOABLE or not row["body"]:
            raise ActError(f"row {number} of the log is no act that can be taken back")
        said = orjson.loads(row["body"])
        if (said["who"], said["host"]) != (plain(who.name), plain(who.host)):
            raise ActError("only who acted can take it back")
        most = _limits(connection).alert_undo
        if now - row["at"] > most:
            raise ActError(f"it can be taken back for {most} seconds only; act upon it anew")
        body = {**by(who), "undoes": number}
        return append(connection, now, "undo", row["key"], body)


def _act(store: Store, act: Act, held: Held, who: Person, reason: str) -> int:
    """Log an act, if the alert is still what it was and takes it (`check_act`)."""
    reason = checked_reason(reason)
    with store.write() as connection:
        alert = connection.execute(sa.select(ALERT).where(ALERT.c.key == held.key))
        row = alert.one_or_none()
        if row is None:
            raise ActError(f"no alert has the key {held.key[:40]}")
        if row.raised_at != held.raised_at:
            raise ActError("the alert has been raised again since it was shown; look at it first")
        if held.version is not None and held.version != version_of(row._mapping):  # noqa: SLF001
            raise ActError(
                f"the alert has changed since it was shown: it is {row.state.replace('_', ' ')} "
                "now; look at it first"
            )
        if held.version is not None and _acted_upon(connection, held.key):
            raise ActError("somebody has acted upon it in this moment; look at it first")
        before = acts_of(connection, [held.key]).get(held.key, [])
        shelved = sum(a.what == "shelve" and a.raised_at == held.raised_at for a in before)
        check_act(act, reason, row, _limits(connection), shelved)
        body = {
            **by(who), "reason": reason, "raised_at": held.raised_at, "until": act.until,
            "state": row.state, "severity": row.severity, "ruleset": row.ruleset,
        }  # fmt: skip
        return append(connection, act.at, act.what, held.key, body)


def checked_reason(reason: str, needed: str = "") -> str:
    """Return a reason as it may be kept; `ActError` where it is too long, or empty and `needed`."""
    if needed and not reason.strip():
        raise ActError(needed)
    if len(reason) > _LONGEST_REASON:
        raise ActError(f"a reason of {len(reason):,} characters; at most {_LONGEST_REASON:,}")
    return plain(reason) or ""


def _acted_upon(connection: Connection, key: str) -> bool:
    """Whether there are acts upon an alert that the monitor has not seen yet."""
    seen = sa.select(PROGRESS.c.log_seq).scalar_subquery()
    wanted = sa.select(sa.func.count()).where(
        LOG.c.key == key, LOG.c.what.in_(WHATS), LOG.c.seq > seen
    )
    return bool(connection.scalar(wanted))


def by(who: Person) -> dict[str, Any]:
    """Return who acts, as the body of a row says it."""
    return {"who": plain(who.name), "verified": who.verified, "host": plain(who.host)}


def _limits(connection: Connection) -> Limits:
    text = connection.scalar(sa.select(PROGRESS.c.limits))
    if not text:
        raise ActError("no monitor has worked on this store yet; start it first")
    return read_limits(text)


def acts_of(connection: Connection, keys: list[str]) -> dict[str, list[Act]]:
    """Return the acts upon some findings, by key, in order; without those taken back."""
    rows: dict[int, tuple[str, Act]] = {}
    for start in range(0, len(keys), 400):
        wanted = sa.select(LOG.c.seq, LOG.c.at, LOG.c.what, LOG.c.key, LOG.c.body).where(
            LOG.c.key.in_(keys[start : start + 400]), LOG.c.what.in_(WHATS)
        )
        for seq, at, what, key, body in connection.execute(wanted.order_by(LOG.c.seq)):
            said = orjson.loads(body) if body else {}
            if what == "undo":
                rows.pop(said.get("undoes", 0), None)
                continue
            kind = cast('Literal["acknowledge", "reason", "shelve", "unshelve"]', what)
            act = Act(
                at, kind, said.get("raised_at"), said.get("until"), said.get("who") or "",
                said.get("severity"),
            )  # fmt: skip
            rows[seq] = (key, act)
    out: dict[str, list[Act]] = {}
    for seq in sorted(rows):
        key, act = rows[seq]
        out.setdefault(key, []).append(act)
    return out
