"""From stored entries to assessments, histories of findings, and alerts: all of it repeatable.

What is written here follows from the entries with their times of arrival, the acts, the rule set
and the instant settled at, never from when the monitor happened to run: a detention is assessed at
each arrival and at each `next_change_at`, in order, also when it catches up after a pause. So
`rebuild` makes the same rows again. Another rule set takes over at an instant (`adopt`): what was
found before stays found by the rules of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention
from detention_monitor.live.agenda import Agenda
from detention_monitor.live.alert_rows import By, due, escalate, log_what_differs, show
from detention_monitor.live.alerts import alert_settings
from detention_monitor.live.assessed import Assessed, Judge, assessed, record
from detention_monitor.live.intake import Stored, entries
from detention_monitor.live.joined import Custody
from detention_monitor.live.limits import Limits, packed_limits
from detention_monitor.live.log import append
from detention_monitor.live.publication import Effect
from detention_monitor.live.store import (
    ALERT,
    ASSESSMENT,
    LOG,
    PROGRESS,
    PROJECTIONS,
    Store,
    StoreError,
    plain,
)
from detention_monitor.live.wake import Wake
from detention_monitor.rulefile import RuleSet

TICK = 10
"""Seconds after which the store is told that it is still right, though nothing changed."""
_PART = 20
"""Detentions written in one transaction: a screen that posts an act never waits long."""
_assessment = msgspec.json.Decoder(Assessment).decode
_LOOK = sa.select(
    sa.select(sa.func.max(LOG.c.seq)).scalar_subquery(),
    sa.select(sa.func.min(ALERT.c.changes_at)).scalar_subquery(),
    sa.select(sa.func.max(LOG.c.seq)).where(LOG.c.what == "erase").scalar_subquery(),
)
"""Asked twenty times a second, hence made once: the last row of the log, the next change by time,
the last erasure."""


class Projector:
    """Keeps the projections of a store in step with its entries, its acts and the time."""

    def __init__(self, store: Store, ruleset: RuleSet, judge: Judge) -> None:
        """Go on from where the projections of the store stand, or from nothing."""
        self._store, self._judge = store, judge
        self._by = By(ruleset, alert_settings(ruleset.parameters))
        self._wake = Wake(store)
        self._quiet_until = 0
        """Before this instant nothing changes, unless somebody writes."""
        self._before: dict[str, str] | None = None
        """The states of alerts before a rebuild, while it goes on: only what differs is news."""
        self.adopted: list[Effect] = []
        """What other rules changed since this was last emptied."""
        self.reload_asked = False
        """Whether somebody asked for the rules to be loaded anew since this was last put down."""
        self._begin()

    def _begin(self) -> None:
        self.custody = Custody()
        self._detentions: dict[str, Detention] = {}
        self._agenda = Agenda()
        self._entry_seq = self._log_seq = self._ticked = self._erasure = 0
        self._adopts_from: str | None = None
        self._load()

    @property
    def log_seq(self) -> int:
        """The last row of the log that was seen."""
        return self._log_seq

    @property
    def _logs(self) -> bool:
        return self._before is None

    @property
    def limits(self) -> Callable[[int], Limits]:
        """The limits of the live monitor, by instant."""
        return self._by.settings.limits

    def _load(self) -> None:
        with self._store.read() as connection:
            row = connection.execute(sa.select(PROGRESS)).mappings().one_or_none()
            self._erasure = _last_erasure(connection)
        if row is None or not row["ruleset"]:
            self._forget()
            return
        if row["ruleset"] != self._by.ruleset.hash:
            self._adopts_from = row["ruleset"]
        self._entry_seq, self._log_seq = row["entry_seq"], row["log_seq"]
        with self._store.read() as connection:
            roots = self.custody.add(entries(connection, up_to=self._entry_seq))
            wanted = sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.next_change_at)
            clocks = dict(connection.execute(wanted).all())
        for root in roots:
            detention, _ = self.custody.detention(root)
            self._detentions[detention.id] = detention
            self._agenda.set(detention.id, clocks.get(detention.id))

    def _forget(self) -> None:
        """Begin the projections anew; entries and log stay, and with them what people did."""
        with self._store.write() as connection:
            old = dict(connection.execute(sa.select(ALERT.c.key, ALERT.c.state)).all())
            for table in PROJECTIONS:
                connection.execute(sa.delete(table))
            connection.execute(
                sa.insert(PROGRESS).values(
                    id=1, entry_seq=0, log_seq=0, settled_at=0, ruleset=self._by.ruleset.hash,
                    version=0, limits=packed_limits(self._by.settings.limits(0)), fault=None,
                )
            )  # fmt: skip
        self._before = old

    @property
    def next_change_at(self) -> int | None:
        """When something changes with no new entry (seconds UTC); None: never."""
        return self._agenda.next_at

    def settle(self, now: int, *, arrived: bool = True) -> bool:
        """Bring everything to an instant; return whether anything was written.

        Without `arrived` the caller knows that no entry was stored since the last time.
        Raises `StoreError` if the store fails; make a new projector then.
        """
        stirred = self._wake.asks()
        if not arrived and not stirred and now < self._quiet_until:
            return False
        moved = False
        if self._was_erased():
            self._begin()  # what was erased is in nobody's memory
            arrived = moved = True
        if arrived:
            with self._store.read() as connection:
                waiting = list(entries(connection, after=self._entry_seq))
            for at, together in groupby(waiting, key=lambda each: each.received_at):
                self._arrivals(at, list(together))
                now, moved = max(now, at), True
        moved |= self._clocks(now)
        if self._adopts_from is not None:
            self._take_over(self._adopts_from, now)
            self._adopts_from, moved = None, True
        moved |= self._alerts(now)
        if moved:
            escalate(self._store, now)
        if self._before is not None:
            log_what_differs(self._store, self._by.ruleset.hash, now, self._before)
            self._before = None
        return moved

    def _was_erased(self) -> bool:
        with self._store.read() as connection:
            return _last_erasure(connection) != self._erasure

    def adopt(self, ruleset: RuleSet, judge: Judge, now: int) -> Effect:
        """Judge by other rules from an instant on (seconds UTC), and all open detentions at once.

        All of it or nothing: raises `StoreError` and goes on by the old rules if it cannot be
        written. What became different is logged, with both hashes.
        """
        self.settle(now)
        before = self._by, self._judge
        self._by, self._judge = By(ruleset, alert_settings(ruleset.parameters)), judge
        try:
            self._take_over(before[0].ruleset.hash, now)
        except BaseException:
            self._by, self._judge = before
            raise
        return self.adopted[-1]

    def _take_over(self, old: str, now: int) -> None:
        effect = Effect(old, self._by.ruleset.hash)
        work = []
        for name, was in self._open():
            work.append(assessed(self._detentions[name], now, self._judge))
            effect.compare(was, work[-1].result)
        with self._store.write() as connection:
            self._check_erasure(connection)
            for each in work:
                record(connection, each, self._by, logs=self._logs)
            append(connection, now, "rules", None, effect.told())
            values = {"ruleset": self._by.ruleset.hash, "fault": None, "settled_at": now}
            limits = packed_limits(self._by.settings.limits(now))
            _progress(connection, {**values, "limits": limits})
        for each in work:
            self._agenda.set(each.detention, each.next_change_at)
        self.adopted.append(effect)

    def _open(self) -> list[tuple[str, Assessment]]:
        """Return the detentions that may still change, or of which a person is asked something."""
        asked = sa.select(ALERT.c.detention).where(ALERT.c.state.not_in(("closed", "withdrawn")))
        wanted = sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.body).where(
            sa.or_(
                ASSESSMENT.c.unclosed,
                ASSESSMENT.c.next_change_at.is_not(None),
                ASSESSMENT.c.detention.in_(asked),
            )
        )
        with self._store.read() as connection:
            found = connection.execute(wanted.order_by(ASSESSMENT.c.detention)).all()
        return [(name, _assessment(body)) for name, body in found if name in self._detentions]

    def tell_fault(self, fault: str | None) -> None:
        """Show on every screen why the rules could not be loaded anew; None: they could."""
        with self._store.write() as connection:
            _progress(connection, {"fault": plain(fault)})

    def _check_erasure(self, connection: Connection) -> None:
        """Write nothing that was read before an erasure; the caller begins again."""
        if _last_erasure(connection) != self._erasure:
            raise StoreError(f"{self._store.name}: entries were erased meanwhile")

    def _arrivals(self, at: int, arrived: Sequence[Stored]) -> None:
        """Run all clocks up to just before some entries arrived, then take the entries."""
        self._clocks(at - 1)
        work: list[Assessed] = []
        for root in sorted(self.custody.add(arrived)):
            detention, former = self.custody.detention(root)
            for name in sorted(former):  # joined with another record: its findings go there
                self._detentions.pop(name, None)
                self._agenda.set(name, None)
                work.append(Assessed(name, at))
            self._detentions[detention.id] = detention
            work.append(assessed(detention, at, self._judge))
        self._write(work, upto=arrived[-1].seq)

    def _clocks(self, now: int) -> bool:
        moved = False
        while (at := self.next_change_at) is not None and at <= now:
            together = self._agenda.take(_PART)
            self._write([assessed(self._detentions[name], at, self._judge) for name in together])
            moved = True
        return moved

    def _write(self, work: Sequence[Assessed], upto: int | None = None) -> None:
        for start in range(0, len(work), _PART):
            part = work[start : start + _PART]
            with self._store.write() as connection:
                self._check_erasure(connection)
                for each in part:
                    record(connection, each, self._by, logs=self._logs)
                if upto is not None and start + _PART >= len(work):
                    self._entry_seq = upto
                _progress(connection, {"entry_seq": self._entry_seq, "settled_at": part[-1].at})
            for each in part:
                self._agenda.set(each.detention, each.next_change_at)

    def _alerts(self, now: int) -> bool:
        """Bring alerts to an instant that changed by time alone, or because a person acted."""
        with self._store.read() as connection:
            last, change, _ = connection.execute(_LOOK).one()
            pairs = []
            if (last or 0) != self._log_seq or (change is not None and change <= now):
                pairs = due(connection, self._log_seq, now)
                asked = sa.select(sa.func.count()).where(
                    LOG.c.seq > self._log_seq, LOG.c.what == "reload"
                )
                self.reload_asked |= bool(connection.scalar(asked))
        self._log_seq = last or 0
        self._quiet_until = 0
        if not pairs:
            self._tick(now)
            after = [each for each in (change, self.next_change_at) if each is not None]
            self._quiet_until = min([*after, self._ticked + TICK])
            return False
        with self._store.write() as connection:
            for name, group_ in groupby(pairs, key=lambda pair: pair[0]):
                keys = [key for _, key in group_]
                show(connection, name, keys, now, self._by, logs=self._logs)
            _progress(connection, {"log_seq": self._log_seq, "settled_at": now})
        self._ticked = now
        return True

    def _tick(self, now: int) -> None:
        """Tell screens now and then that what stands there is still right."""
        if now >= self._ticked + TICK:
            with self._store.write() as connection:
                limits = packed_limits(self._by.settings.limits(now))
                connection.execute(sa.update(PROGRESS).values(settled_at=now, limits=limits))
            self._ticked = now


def _last_erasure(connection: Connection) -> int:
    """Return the number of the last row of the log that says entries were erased, or 0."""
    return int(connection.execute(_LOOK).one()[2] or 0)


def _progress(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(sa.update(PROGRESS).values({**values, "version": PROGRESS.c.version + 1}))


def rebuild(store: Store, ruleset: RuleSet, judge: Judge, now: int) -> None:
    """Make every projection again from entries and acts, as of an instant (seconds UTC)."""
    with store.write() as connection:
        connection.execute(sa.update(PROGRESS).values(ruleset=""))
    Projector(store, ruleset, judge).settle(now)
