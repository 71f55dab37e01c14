"""Who looked at what: opening a child, searching, exporting, screenshots (DPA 2018 s.62).

Rows of the same log as acts, sealed with them. A row names the detention by a digest, so that
nothing of it is left there once its text is erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import orjson
import sqlalchemy as sa

from detention_monitor.live.acts import Person
from detention_monitor.live.chain import detention_key
from detention_monitor.live.log import append
from detention_monitor.live.may_act import ActError
from detention_monitor.live.store import LOG, Store, plain

Action = Literal["opened", "searched", "exported", "screenshot"]
ACTIONS: tuple[Action, ...] = get_args(Action)
_LONGEST = 500
"""Characters of a detail that are kept."""


@dataclass(frozen=True, slots=True)
class Access:
    """One look: when (seconds UTC), who, what, and at which detention."""

    seq: int
    at: int
    who: str
    verified: bool
    host: str
    action: Action
    detention: str | None
    detail: str


def note(
    store: Store, who: Person, now: int, action: Action, *, detention: str | None = None,
    detail: str = "",
) -> int:  # fmt: skip
    """Log that a person looked; `detail`: what was searched for, or where an export went.

    Returns the number of the row. Raises `StoreError` where it cannot be logged: then do not show.
    """
    if action not in ACTIONS:
        raise ActError(f"'{action}' is no way of looking; one of {', '.join(ACTIONS)}")
    body = {
        "who": plain(who.name), "verified": who.verified, "host": plain(who.host),
        "action": action, "detention": plain(detention), "detail": plain(detail[:_LONGEST]),
    }  # fmt: skip
    key = None if detention is None else detention_key(detention)
    with store.write() as connection:
        return append(connection, now, "access", key, body)


def accesses(
    store: Store, *, detention: str | None = None, since: int | None = None
) -> Iterator[Access]:
    """Yield who looked, in order; those erased under the retention rules are no longer there."""
    wanted = sa.select(LOG.c.seq, LOG.c.at, LOG.c.body).where(
        LOG.c.what == "access", LOG.c.body.is_not(None)
    )
    if detention is not None:
        wanted = wanted.where(LOG.c.key == detention_key(detention))
    if since is not None:
        wanted = wanted.where(LOG.c.at >= since)
    with store.read() as connection:
        for seq, at, body in connection.execute(wanted.order_by(LOG.c.seq)):
            said = orjson.loads(body)
            yield Access(
                seq, at, said["who"], said["verified"], said["host"], said["action"],
                said["detention"], said["detail"],
            )  # fmt: skip
