"""From stored entries to assessments, histories of findings, and alerts: all of it repeatable.

What is written here follows from the entries with their times of arrival, the acts, the rule set
and the instant settled at, never from when the monitor happened to run: a detention is assessed at
each arrival and at each `next_change_at`, in order, also when it catches up after a pause. So
`rebuild` makes the same rows again. Another rule set takes over at an instant (`adopt`): what was
found before stays found by the rules of its time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import Any, Protocol

import msgspec
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention, group, without_duplicates
from detention_monitor.findings import BREACHES, Finding
from detention_monitor.links import Links, record_name
from detention_monitor.live.acts import WHATS, acts_of
from detention_monitor.live.alerts import Alert, Change, alert_of, is_concern, terms_of
from detention_monitor.live.limits import Limits, packed_limits
from detention_monitor.live.log import append
from detention_monitor.live.publication import Effect
from detention_monitor.live.store import (
    ALERT,
    ASSESSMENT,
    FINDING,
    LOG,
    PROGRESS,
    PROJECTIONS,
    Store,
    Stored,
    StoreError,
    entries,
    packed,
    plain,
    set_aside,
)
from detention_monitor.live.wake import Wake
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import SetAside
from detention_monitor.values import changed
from detention_monitor.vocabulary import Coverage

TICK = 10
"""Seconds after which the store is told that it is still right, though nothing changed."""
_PART = 20
"""Detentions written in one transaction: a screen that posts an act never waits long."""
_finding = msgspec.json.Decoder(Finding).decode
_assessment = msgspec.json.Decoder(Assessment).decode
_ESCALATED = (
    "detention", "record", "rule", "duty", "severity", "authority", "due_at", "raised_at", "since",
    "state", "ruleset",
)  # fmt: skip
"""What an escalation says of an alert: references only (D13)."""
_LOOK = sa.select(
    sa.select(sa.func.max(LOG.c.seq)).scalar_subquery(),
    sa.select(sa.func.min(ALERT.c.changes_at)).scalar_subquery(),
    sa.select(sa.func.max(LOG.c.seq)).where(LOG.c.what == "erase").scalar_subquery(),
)
"""Asked twenty times a second, hence made once: the last row of the log, the next change by time,
the last erasure."""
_OLD = 86_400
"""Seconds after which nobody is called for what was due or has stood so long: it is history that is
being loaded, or a night in which nothing could be sent; it is on the screens."""


class Judge(Protocol):
    """What assesses a detention; it never fails."""

    def __call__(self, detention: Detention, as_of: int) -> Assessment:
        """Return the assessment as of an instant (seconds UTC)."""
        ...


class Custody:
    """All entries so far by record, and which records make one detention."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._links = Links()
        self._entries: dict[str, list[Stored]] = {}
        self._members: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}

    def add(self, arrived: Iterable[Stored]) -> set[str]:
        """Take entries; return the records that stand for the detentions they touch."""
        touched = set()
        for each in arrived:
            entry = each.entry
            name = record_name(entry.force, entry.record)
            before = {name}
            if entry.detention_id or entry.attrs.get("continues"):
                before |= self._roots_named(entry.force, entry.detention_id, entry)
            before = {self._links.root(one) for one in before}
            self._links.add(
                entry.force, entry.record, entry.detention_id, entry.attrs.get("continues")
            )
            self._entries.setdefault(name, []).append(each)
            root = self._links.root(name)
            members = self._members.setdefault(root, [])
            for old in before - {root}:
                members += self._members.pop(old, [])
            if name not in members:
                members.append(name)
            touched.add(name)
        return {self._links.root(name) for name in touched}

    def _roots_named(self, force: str | None, detention_id: str | None, entry: Any) -> set[str]:
        out = {f"id:{detention_id}"} if detention_id else set()
        continues = entry.attrs.get("continues")
        if isinstance(continues, str) and continues:
            whole = "/" in continues or force is None
            out.add(continues if whole else record_name(force, continues))
        return out

    def stands(self, root: str) -> bool:
        """Whether a record still stands for a detention, and has not become part of another."""
        return root in self._members

    def stored(self, root: str) -> list[Stored]:
        """Return the entries of a detention, in order of arrival."""
        names = self._members[root]
        held = (each for name in names for each in self._entries.get(name, ()))
        return sorted(held, key=lambda each: each.seq)

    def detention(self, root: str) -> tuple[Detention, set[str]]:
        """Return a detention as it is now, and other names under which its records were known."""
        names, held = self._members[root], self.stored(root)
        coverage: dict[str, Coverage] = {}
        for each in held:
            name = record_name(each.entry.force, each.entry.record)
            known = coverage.get(name)
            if known is None or known == each.coverage:
                coverage[name] = each.coverage
            else:
                coverage[name] = Coverage.of_all([known, each.coverage])
        [whole] = group([each.entry for each in held], coverage)
        former = {self._names.get(name, whole.id) for name in names} - {whole.id}
        for name in names:
            self._names[name] = whole.id
        return whole, former


@dataclass(slots=True)
class _Work:
    """One assessment to be written, and what was set aside on the way to it."""

    detention: str
    at: int
    result: Assessment | None
    conflicts: list[SetAside] = field(default_factory=list)


class Projector:
    """Keeps the projections of a store in step with its entries, its acts and the time."""

    def __init__(self, store: Store, ruleset: RuleSet, judge: Judge) -> None:
        """Go on from where the projections of the store stand, or from nothing."""
        self._store, self._ruleset, self._judge = store, ruleset, judge
        self._terms = terms_of(ruleset.parameters)
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
        self._next: dict[str, int] = {}
        self._clock: list[tuple[int, str]] = []
        self._entry_seq = self._log_seq = self._ticked = self._erasure = 0
        self._adopts_from: str | None = None
        self._load()

    @property
    def log_seq(self) -> int:
        """The last row of the log that was seen."""
        return self._log_seq

    @property
    def limits(self) -> Callable[[int], Limits]:
        """The limits of the live monitor, by instant."""
        return self._terms.limits

    def _load(self) -> None:
        with self._store.read() as connection:
            row = connection.execute(sa.select(PROGRESS)).mappings().one_or_none()
            self._erasure = connection.execute(_LOOK).one()[2] or 0
        if row is None or not row["ruleset"]:
            self._forget()
            return
        if row["ruleset"] != self._ruleset.hash:
            self._adopts_from = row["ruleset"]
        self._entry_seq, self._log_seq = row["entry_seq"], row["log_seq"]
        with self._store.read() as connection:
            roots = self.custody.add(entries(connection, up_to=self._entry_seq))
            wanted = sa.select(ASSESSMENT.c.detention, ASSESSMENT.c.next_change_at)
            clocks = dict(connection.execute(wanted).all())
        for root in roots:
            detention, _ = self.custody.detention(root)
            self._detentions[detention.id] = detention
            self._set_clock(detention.id, clocks.get(detention.id))

    def _forget(self) -> None:
        """Begin the projections anew; entries and log stay, and with them what people did."""
        with self._store.write() as connection:
            old = dict(connection.execute(sa.select(ALERT.c.key, ALERT.c.state)).all())
            for table in PROJECTIONS:
                connection.execute(sa.delete(table))
            connection.execute(
                sa.insert(PROGRESS).values(
                    id=1, entry_seq=0, log_seq=0, settled_at=0, ruleset=self._ruleset.hash,
                    version=0, limits=packed_limits(self._terms.limits(0)), fault=None,
                )
            )  # fmt: skip
        self._before = old

    def _set_clock(self, detention: str, at: int | None) -> None:
        if at is None:
            self._next.pop(detention, None)
        else:
            self._next[detention] = at
            heapq.heappush(self._clock, (at, detention))

    @property
    def next_change_at(self) -> int | None:
        """When something changes with no new entry (seconds UTC); None: never."""
        while self._clock and self._next.get(self._clock[0][1]) != self._clock[0][0]:
            heapq.heappop(self._clock)
        return self._clock[0][0] if self._clock else None

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
            self._escalate(now)
        if self._before is not None:
            self._log_what_differs(now, self._before)
            self._before = None
        return moved

    def _was_erased(self) -> bool:
        with self._store.read() as connection:
            return bool((connection.execute(_LOOK).one()[2] or 0) != self._erasure)

    def adopt(self, ruleset: RuleSet, judge: Judge, now: int) -> Effect:
        """Judge by other rules from an instant on (seconds UTC), and all open detentions at once.

        All of it or nothing: raises `StoreError` and goes on by the old rules if it cannot be
        written. What became different is logged, with both hashes.
        """
        self.settle(now)
        before = self._ruleset, self._judge, self._terms
        self._ruleset, self._judge, self._terms = ruleset, judge, terms_of(ruleset.parameters)
        try:
            self._take_over(before[0].hash, now)
        except BaseException:
            self._ruleset, self._judge, self._terms = before
            raise
        return self.adopted[-1]

    def _take_over(self, old: str, now: int) -> None:
        effect = Effect(old, self._ruleset.hash)
        work = []
        for name, was in self._open():
            work.append(self._assess(self._detentions[name], now))
            effect.compare(was, work[-1].result)
        with self._store.write() as connection:
            self._check_erasure(connection)
            for each in work:
                self._record(connection, each)
            append(connection, now, "rules", None, effect.told())
            values = {"ruleset": self._ruleset.hash, "fault": None, "settled_at": now}
            limits = packed_limits(self._terms.limits(now))
            _progress(connection, {**values, "limits": limits})
        for each in work:
            change = None if each.result is None else each.result.next_change_at
            self._set_clock(each.detention, change)
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
        if (connection.execute(_LOOK).one()[2] or 0) != self._erasure:
            raise StoreError(f"{self._store.name}: entries were erased meanwhile")

    def _escalate(self, now: int) -> None:
        """Log each alert that nobody has taken on for too long, once, while the child is here."""
        here = sa.select(ASSESSMENT.c.detention).where(ASSESSMENT.c.unclosed)
        late = sa.and_(
            ALERT.c.escalated_at > now - _OLD,
            sa.or_(ALERT.c.due_at.is_(None), ALERT.c.due_at > now - _OLD),
            ALERT.c.detention.in_(here),
        )
        with self._store.read() as connection:
            found = connection.execute(sa.select(ALERT).where(late)).mappings().all()
            told = set()
            if found:
                keys = [row["key"] for row in found]
                told = {(key, said["at"]) for key, said in _escalations(connection, keys)}
        new = [row for row in found if (row["key"], row["escalated_at"]) not in told]
        if new:
            with self._store.write() as connection:
                for row in sorted(new, key=lambda each: (each["detention"], each["key"])):
                    body = {name: row[name] for name in _ESCALATED}
                    append(
                        connection, now, "escalate", row["key"], {**body, "at": row["escalated_at"]}
                    )

    def _log_what_differs(self, now: int, before: Mapping[str, str]) -> None:
        with self._store.write() as connection:
            wanted = sa.select(ALERT.c.key, ALERT.c.state)
            after = dict(connection.execute(wanted).all())
            for key in sorted({*before, *after}):
                if before.get(key) != after.get(key):
                    self._log(connection, now, key, before.get(key), after.get(key))

    def _log(
        self, connection: Connection, now: int, key: str, was: str | None, became: str | None
    ) -> None:
        body = {"from": was, "to": became, "ruleset": self._ruleset.hash}
        append(connection, now, "alert", key, body)

    def _arrivals(self, at: int, arrived: Sequence[Stored]) -> None:
        """Run all clocks up to just before some entries arrived, then take the entries."""
        self._clocks(at - 1)
        work: list[_Work] = []
        for root in sorted(self.custody.add(arrived)):
            detention, former = self.custody.detention(root)
            for name in sorted(former):  # joined with another record: its findings go there
                self._detentions.pop(name, None)
                self._set_clock(name, None)
                work.append(_Work(name, at, None))
            self._detentions[detention.id] = detention
            work.append(self._assess(detention, at))
        self._write(work, upto=arrived[-1].seq)

    def _clocks(self, now: int) -> bool:
        moved = False
        while (at := self.next_change_at) is not None and at <= now:
            work: list[_Work] = []
            while self.next_change_at == at and len(work) < _PART:
                _, name = heapq.heappop(self._clock)
                del self._next[name]
                work.append(self._assess(self._detentions[name], at))
            self._write(work)
            moved = True
        return moved

    def _assess(self, detention: Detention, at: int) -> _Work:
        kept, _, conflicts = without_duplicates(detention.entries)
        result = self._judge(changed(detention, entries=tuple(kept)), at)
        aside = [
            SetAside(
                each.entry.origin,
                f"id {each.entry.id} was used before for another entry of this detention "
                f"({each.first.origin}); it is stored, and not judged",
                "",
                each.entry.record,
            )
            for each in conflicts
        ]
        return _Work(detention.id, at, result, aside)

    def _write(self, work: Sequence[_Work], upto: int | None = None) -> None:
        for start in range(0, len(work), _PART):
            part = work[start : start + _PART]
            with self._store.write() as connection:
                self._check_erasure(connection)
                for each in part:
                    self._record(connection, each)
                if upto is not None and start + _PART >= len(work):
                    self._entry_seq = upto
                _progress(connection, {"entry_seq": self._entry_seq, "settled_at": part[-1].at})
            for each in part:
                change = None if each.result is None else each.result.next_change_at
                self._set_clock(each.detention, change)

    def _record(self, connection: Connection, work: _Work) -> None:
        """Write an assessment, what it changed in the findings, and the alerts that follow."""
        name, at, result = work.detention, work.at, work.result
        set_aside(connection, "assessment", work.conflicts, at)
        connection.execute(sa.delete(ASSESSMENT).where(ASSESSMENT.c.detention == name))
        if result is not None:
            row = {
                "detention": name, "as_of": at, "next_change_at": result.next_change_at,
                "unclosed": result.unclosed, "ruleset": self._ruleset.hash,
                "body": packed(changed(result, facts=())),
            }  # fmt: skip
            connection.execute(sa.insert(ASSESSMENT).values(row))
        here = sa.and_(FINDING.c.detention == name, FINDING.c.at >= at)
        redone = set(connection.scalars(sa.select(FINDING.c.key).where(here)))
        connection.execute(sa.delete(FINDING).where(here))  # a second write in the same second
        last = {key: body for key, _, body in _rows(connection, name)}
        found = {} if result is None else {each.key: each for each in result.findings}
        altered = list(_changes(last, found))
        if altered:
            rules = self._ruleset.hash
            rows = [
                {"key": k, "at": at, "detention": name, "body": b, "ruleset": rules}
                for k, b in altered
            ]
            connection.execute(sa.insert(FINDING), rows)
        keys = sorted({*last, *redone, *(key for key, _ in altered)})
        self._show(connection, name, keys, at)

    def _alerts(self, now: int) -> bool:
        """Bring alerts to an instant that changed by time alone, or because a person acted."""
        with self._store.read() as connection:
            last, change, _ = connection.execute(_LOOK).one()
            pairs = []
            if (last or 0) != self._log_seq or (change is not None and change <= now):
                pairs = self._due(connection, now)
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
                self._show(connection, name, [key for _, key in group_], now)
            _progress(connection, {"log_seq": self._log_seq, "settled_at": now})
        self._ticked = now
        return True

    def _due(self, connection: Connection, now: int) -> list[tuple[str, str]]:
        """Return the detention and key of every alert that an act or the time may have changed."""
        acted = sa.select(LOG.c.key).where(LOG.c.seq > self._log_seq, LOG.c.what.in_(WHATS))
        timed = sa.select(ALERT.c.key).where(ALERT.c.changes_at <= now)
        keys = sorted(set(connection.scalars(sa.union(acted, timed))))
        wanted = sa.select(FINDING.c.detention, FINDING.c.key).distinct()
        parts = (keys[start : start + 400] for start in range(0, len(keys), 400))
        return sorted(
            (name, key)
            for part in parts
            for name, key in connection.execute(wanted.where(FINDING.c.key.in_(part)))
        )

    def _tick(self, now: int) -> None:
        """Tell screens now and then that what stands there is still right."""
        if now >= self._ticked + TICK:
            with self._store.write() as connection:
                limits = packed_limits(self._terms.limits(now))
                connection.execute(sa.update(PROGRESS).values(settled_at=now, limits=limits))
            self._ticked = now

    def _show(self, connection: Connection, name: str, keys: Sequence[str], now: int) -> None:
        """Write the alerts of some findings of a detention; log what became different."""
        if not keys:
            return
        histories: dict[str, list[Change]] = {key: [] for key in keys}
        paused = bool(self._ruleset.parameters.out_of_service)
        rules: dict[str, str] = {}
        for key, at, body in _rows(connection, name):
            if key in histories or paused:
                finding = _finding(body) if body else None
                if finding is not None:
                    rules[key] = finding.rule
                if key in histories:
                    histories[key].append(Change(at, finding))
        if paused:
            histories = {key: _with_causes(each, rules) for key, each in histories.items()}
        acts = acts_of(connection, list(keys))
        wanted = sa.select(ALERT).where(ALERT.c.detention == name)
        stored = {row["key"]: dict(row) for row in connection.execute(wanted).mappings()}
        gone: list[str] = []
        new: list[dict[str, Any]] = []
        for key in keys:
            alert = alert_of(histories[key], acts.get(key, ()), now, self._terms)
            old = stored.get(key)
            row = None if alert is None else self._row(histories[key], alert)
            if row == old:
                continue
            if old is not None:
                gone.append(key)
            if row is not None:
                new.append(row)
            was = None if old is None else str(old["state"])
            became = None if row is None else str(row["state"])
            if was != became and self._before is None:
                self._log(connection, now, key, was, became)
        for start in range(0, len(gone), 400):
            part = gone[start : start + 400]
            connection.execute(sa.delete(ALERT).where(ALERT.c.key.in_(part)))
        if new:
            connection.execute(sa.insert(ALERT), new)

    def _row(self, history: Sequence[Change], alert: Alert) -> dict[str, Any]:
        finding = next(each.finding for each in reversed(history) if each.finding is not None)
        facts = asdict(alert)
        del facts["bell"]
        return {
            "key": finding.key,
            "detention": finding.detention,
            "record": finding.record,
            "rule": finding.rule,
            "duty": finding.duty,
            "severity": finding.severity,
            "authority": finding.authority,
            "due_at": finding.due_at,
            "because_of": finding.because_of,
            "message": plain(finding.message),
            "ruleset": self._ruleset.hash,
            **facts,
        }


def _with_causes(history: Sequence[Change], rules: Mapping[str, str]) -> list[Change]:
    """Name the rule of what each finding follows from."""
    return [
        replace(each, cause=rules.get(each.finding.because_of or "", "") if each.finding else "")
        for each in history
    ]


def _escalations(
    connection: Connection, keys: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was escalated before, of some alerts."""
    for start in range(0, len(keys), 400):
        wanted = sa.select(LOG.c.key, LOG.c.body).where(
            LOG.c.key.in_(keys[start : start + 400]), LOG.c.what == "escalate",
            LOG.c.body.is_not(None),
        )  # fmt: skip
        for key, body in connection.execute(wanted):
            yield key, orjson.loads(body)


def _rows(connection: Connection, name: str) -> Iterator[tuple[str, int, str | None]]:
    wanted = sa.select(FINDING.c.key, FINDING.c.at, FINDING.c.body).where(
        FINDING.c.detention == name
    )
    yield from connection.execute(wanted.order_by(FINDING.c.at, FINDING.c.key))


def _changes(
    last: Mapping[str, str | None], found: Mapping[str, Finding]
) -> Iterator[tuple[str, str | None]]:
    """Yield what became of findings; those that were never near an alarm are left out."""
    for key, finding in found.items():
        known = last.get(key)
        if key not in last and not _is_near(finding):
            continue
        body = packed(changed(finding, ruleset="", judged_by=""))
        if body != known:
            yield key, body
    for key, old in last.items():
        if key not in found and old is not None:
            yield key, None


def _is_near(finding: Finding) -> bool:
    return is_concern(finding) and (finding.status in BREACHES or finding.status == "due_soon")


def _progress(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(sa.update(PROGRESS).values({**values, "version": PROGRESS.c.version + 1}))


def rebuild(store: Store, ruleset: RuleSet, judge: Judge, now: int) -> None:
    """Make every projection again from entries and acts, as of an instant (seconds UTC)."""
    with store.write() as connection:
        connection.execute(sa.update(PROGRESS).values(ruleset=""))
    Projector(store, ruleset, judge).settle(now)
