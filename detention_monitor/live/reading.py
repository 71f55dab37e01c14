"""What a screen reads from the store: assessments and alerts, as the monitor last settled them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson
import sqlalchemy as sa

from detention_monitor.assess import Assessment
from detention_monitor.live.feeds import Health, health
from detention_monitor.live.limits import Limits, read_limits
from detention_monitor.live.store import (
    ALERT,
    ASSESSMENT,
    FEED,
    LOG,
    PROGRESS,
    Store,
    StoreError,
)
from detention_monitor.live.wake import Wake

_PROGRESS = sa.select(
    PROGRESS.c.version, PROGRESS.c.settled_at, PROGRESS.c.limits, PROGRESS.c.fault,
    PROGRESS.c.ruleset,
)  # fmt: skip
_FEEDS = sa.select(FEED.c.name, FEED.c.heartbeat_at, FEED.c.problem, FEED.c.last_entry_at).order_by(
    FEED.c.name
)
_assessment = msgspec.json.Decoder(Assessment).decode
_CHUNK = 400


class StoredAssessments:
    """Every detention that a monitor keeps in a store, each with its last assessment.

    They are read again only when the monitor wrote something.
    """

    def __init__(self, store: Store) -> None:
        """Read nothing yet."""
        self._store = store
        self._by_detention: dict[str, Assessment] = {}
        self._version: int | None = None
        self._bodies: dict[str, str] = {}
        self._as_of: dict[str, int] = {}
        self.settled_at = 0
        """The instant for which what was read is right."""
        self._read_at = 0
        self._failure = ""
        self._wake, self._behind = Wake(store), False
        self._limits: Limits | None = None
        self.fault: str | None = None
        """Why the monitor could not load the rules anew, if it could not."""
        self.moved: set[str] = set()
        """The detentions that the last `advance` read or lost."""
        self.rules_in_use = ""
        """The hash of the rules by which the monitor judges."""

    def is_behind(self) -> bool:
        """Whether the monitor wrote something since the last `advance`.

        Where it only said that what stands there is still right, that counts at once.
        """
        if self._wake.asks():
            version, settled_at = self._progress()
            self._behind = version != self._version
            if not self._behind:
                self.settled_at = settled_at
        return self._behind

    def _progress(self) -> tuple[int | None, int]:
        """Return the version of what is written, and the instant for which it is right."""
        try:
            with self._store.read() as connection:
                row = connection.execute(_PROGRESS).one_or_none()
        except StoreError as error:  # what is shown stays, and says that it is old
            self._failure = str(error)
            return self._version, self.settled_at
        self._failure = ""
        if row is None:
            return None, 0
        # a store that was just brought to a new schema has no limits until the monitor starts
        self._limits = read_limits(row[2]) if row[2] else None
        self.fault, self.rules_in_use = row[3], row[4]
        return row[0], row[1]

    def assessments(self) -> list[Assessment]:
        """Return the last assessment of every detention."""
        return [each for each in self._by_detention.values() if each.refused != "no_entries"]

    def advance(self) -> None:
        """Read what the monitor has written: the assessments that are not as they were."""
        version, settled_at = self._progress()
        self._behind, self.moved = False, set()
        if version == self._version:
            self.settled_at = settled_at
            return
        if version is None or self._version is None or version < self._version:
            self._as_of.clear()  # the projection was made anew
        with self._store.read() as connection:
            wanted = sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.as_of)
            as_of = dict(connection.execute(wanted).all())
            changed = [
                name for name, at in as_of.items()
                if self._as_of.get(name) != at or at >= self._read_at
            ]  # fmt: skip
            bodies: dict[str, str] = {}
            for start in range(0, len(changed), _CHUNK):
                here = ASSESSMENT.c.detention.in_(changed[start : start + _CHUNK])
                rows = connection.execute(
                    sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.body).where(here)
                )
                bodies |= dict(rows.all())
        self.moved = {*changed, *(self._bodies.keys() - as_of.keys())}
        for name in self._bodies.keys() - as_of.keys():
            del self._bodies[name]
            self._by_detention.pop(name, None)
        for name, body in bodies.items():
            if self._bodies.get(name) != body:
                self._bodies[name] = body
                self._by_detention[name] = _assessment(body)
        self._as_of, self._version = as_of, version
        self.settled_at = self._read_at = settled_at

    def warning(self, now: int) -> str | None:
        """Return why what is shown may be out of date, if it may."""
        if self._failure:
            return f"OUT OF DATE: {self._failure}"
        if self._limits is None or now - self.settled_at > self._limits.monitor_silent:
            return "OUT OF DATE: no monitor works on this store"
        for each in self._feeds(now):
            name = each.name.rsplit("/", 1)[-1]
            if each.problem:
                return f"{name}: {each.problem}"
            if each.health.word == "stale":
                return f"{name} gives no sign of life for {each.health.age} s"
        if self.fault:
            return f"the new rules are not in use: {self.fault}"
        try:
            why = escalation_fault(self._store)
        except StoreError:  # said at the next look
            return None
        return f"the last escalation was not sent: {why}" if why else None

    def _feeds(self, now: int) -> list[FeedState]:
        try:
            return feeds(self._store, now)
        except StoreError:  # said at the next look
            return []


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed: its health, why it cannot be read, when it last gave an entry."""

    name: str
    health: Health
    problem: str | None
    last_entry_at: int | None


def feeds(store: Store, now: int) -> list[FeedState]:
    """Return the feeds of a store, by name."""
    with store.read() as connection:
        rows = connection.execute(_FEEDS).all()
        text = connection.scalar(sa.select(PROGRESS.c.limits))
    limit = read_limits(text).heartbeat_limit if text else 0  # no monitor yet: nothing is certain
    return [
        FeedState(name, health(heartbeat_at, now, limit), problem, last_entry_at)
        for name, heartbeat_at, problem, last_entry_at in rows
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """How many alerts were raised of late, and whether that is more than a person can take in."""

    recent: int
    within: int
    """Seconds over which they are counted."""
    flood: bool


def load_of(store: Store, now: int) -> Load:
    """Return the load of alerts at an instant: of medium severity or more, each counted once.

    In a flood a screen groups by child, gravest first, and rings for critical alerts only.
    """
    with store.read() as connection:
        text = connection.scalar(sa.select(PROGRESS.c.limits))
        if not text:
            return Load(0, 0, flood=False)
        limits = read_limits(text)
        recent = connection.scalar(
            sa.select(sa.func.count()).where(
                ALERT.c.raised_at > now - limits.flood_within, ALERT.c.raised_at <= now,
                ALERT.c.severity != "info", ALERT.c.state.not_in(("suppressed", "out_of_service")),
            )
        )  # fmt: skip
    return Load(recent or 0, limits.flood_within, flood=(recent or 0) > limits.flood_size)


@dataclass(frozen=True, slots=True)
class Publication:
    """An attempt to load other rules (`at` seconds UTC): what it changed, or why it was refused.

    `said` is the body of the log's row: `from`, `to`, `detentions`, `rules` (gained, lost and moved
    by rule) and `findings`; where `refused`, `kept` and `faults`.
    """

    seq: int
    at: int
    refused: bool
    said: Mapping[str, Any]


def publications(store: Store, most: int = 20) -> list[Publication]:
    """Return the last attempts to load other rules, the latest first."""
    whats = ("rules", "rules_refused")
    wanted = sa.select(LOG.c.seq, LOG.c.at, LOG.c.what, LOG.c.body).where(LOG.c.what.in_(whats))
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(LOG.c.seq.desc()).limit(most)).all()
    return [
        Publication(seq, at, what == "rules_refused", orjson.loads(body))
        for seq, at, what, body in rows
    ]


def under_ten(store: Store) -> list[tuple[str, str]]:
    """Return the children here, as far as is known, who are recorded as under 10: who, and why."""
    stored = StoredAssessments(store)
    stored.advance()
    return sorted(
        (each.detention, each.refused_because or "")
        for each in stored.assessments()
        if each.refused == "under_10" and (each.unclosed or each.ended_at is None)
    )


def escalation_fault(store: Store) -> str | None:
    """Return why the last escalation could not be sent, if it could not."""
    whats = ("escalation_sent", "escalation_failed")
    wanted = sa.select(LOG.c.body).where(LOG.c.what.in_(whats), LOG.c.body.is_not(None))
    with store.read() as connection:
        body = connection.scalar(wanted.order_by(LOG.c.seq.desc()).limit(1))
    return orjson.loads(body)["why"] or None if body else None


def alerts(store: Store) -> list[Mapping[str, Any]]:
    """Return the alerts as they are, those raised last first."""
    with store.read() as connection:
        wanted = sa.select(ALERT).order_by(ALERT.c.since.desc(), ALERT.c.key)
        return [dict(row) for row in connection.execute(wanted).mappings()]
