"""A desk over the store of a live monitor: it reads what the monitor wrote, and posts acts.

The screens never assess here, but for the one child that is looked at, whose reasons need the
facts that the store does not keep; the reference interpreter works them out, which cannot crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import sqlalchemy as sa
from msgspec import structs

from detention_monitor.assess import Assessment, assess
from detention_monitor.boards.desk import AlertLine, Desk, FeedLine, NotHereError
from detention_monitor.boards.in_use import InUse
from detention_monitor.boards.stored import alert_lines, entries_of, rules_kept
from detention_monitor.detention import Detention, without_duplicates
from detention_monitor.errors import DetentionMonitorError, RuleFileError
from detention_monitor.live.access import Action, note
from detention_monitor.live.acts import (
    WHATS,
    Held,
    Person,
    acknowledge,
    ask_reload,
    give_reason,
    shelve,
    undo,
    unshelve,
    version_of,
)
from detention_monitor.live.intake import entries
from detention_monitor.live.joined import Custody
from detention_monitor.live.not_taken import SetAside, SetAsides, see, set_asides
from detention_monitor.live.reading import Publication, StoredAssessments, feeds, publications
from detention_monitor.live.store import ALERT, ENTRY, LOG, Store, StoreError
from detention_monitor.reference import ReferenceBackend
from detention_monitor.times import DAY, HOUR

AFTER_RELEASE = 24 * HOUR
"""How long a child stays in the list of those who left (seconds)."""
_CHUNK = 400
_ASIDE_AGAIN = 5
"""Seconds after which it is asked again what was set aside."""
_ALL_AGAIN = 60
"""Seconds after which all alerts are read again, though nothing says that they changed."""


class StoreDesk(Desk):
    """See the module."""

    def __init__(self, store: Store, rules: InUse, who: Person) -> None:
        """Read nothing yet; `rules` serve until the monitor's own are known, and where it kept none."""
        super().__init__(rules)
        self._store, self._who, self._own = store, who, rules
        self._rules_of = ""
        self._stored = StoredAssessments(store)
        self._custody = Custody()
        self._loaded: set[str] = set()
        self._seq = 0
        self._detentions: dict[str, Detention] = {}
        self._lines: list[AlertLine] = []
        self._read: dict[str, list[tuple[tuple[int, int, int, str], AlertLine]]] = {}
        self._log_seq = self._all_read_at = 0
        self._shown: list[Assessment] = []
        self._reference: ReferenceBackend | None = None
        self._judged: dict[str, tuple[Assessment, Assessment]] = {}
        self._problem = ""
        self._aside, self._aside_at = SetAsides(0, ()), -_ASIDE_AGAIN
        self._line_keys: dict[str, int] = {}
        self._last: int | None = None

    def look(self, now: int) -> bool:
        """Read what the monitor has written since; what cannot be read stays, and is said."""
        try:
            if not self._stored.is_behind():
                return False
            self._stored.advance()
            self._take_rules()
            self._shown = [
                each
                for each in self._stored.assessments()
                if each.unclosed or each.ended_at is None or now - each.ended_at <= AFTER_RELEASE
            ]
            changed = self._load()
            for name in changed:  # a child is made again of new entries, though judged the same
                self._children.pop(name, None)
            self._lines = self._read_alerts(now)
            self._problem = ""
        except StoreError as error:
            self._problem = str(error)
        return True

    def assessments(self) -> Sequence[Assessment]:
        """Return the assessments of children in custody, and of those who left within a day."""
        return self._shown

    def detention(self, name: str) -> Detention | None:
        """Return the entries of a detention."""
        return self._detentions.get(name)

    def day(self, start: int, end: int) -> Sequence[Detention]:
        """Return whole every detention with an entry between two instants, from all the store holds."""
        between = sa.and_(ENTRY.c.at >= start, ENTRY.c.at < end, ENTRY.c.erased_by.is_(None))
        with self._store.read() as connection:
            touched = set(connection.scalars(sa.select(ENTRY.c.record).where(between).distinct()))
        every = (each.records for each in self._stored.assessments())
        groups = [group for group in every if touched.intersection(group)]
        records = {record for group in groups for record in group}
        whole = Custody()
        with self._store.read() as connection:
            found = whole.add(entries_of(connection, sorted(records)))
        kept = (whole.detention(root)[0] for root in sorted(found))
        return [
            Detention(each.id, tuple(without_duplicates(each.entries)[0]), each.coverage)
            for each in kept
            if any(start <= entry.at < end for entry in each.entries)
        ]

    def alerts(self) -> Sequence[AlertLine]:
        """Return the alerts as they stand, those that ask for something first."""
        return self._lines

    def warning(self, now: int) -> str:
        """Return why what is shown may be out of date, if it may."""
        if self._problem:
            return f"OUT OF DATE: {self._problem}"
        return self._stored.warning(now) or ""

    def feeds(self, now: int) -> Sequence[FeedLine]:
        """Return how the feeds do."""
        try:
            found = feeds(self._store, now)
        except StoreError:  # said by `warning`
            return ()
        return [
            FeedLine(
                each.name.rsplit("/", 1)[-1], each.health.word, each.health.age,
                each.problem or "", each.last_entry_at,
            )
            for each in found
        ]  # fmt: skip

    @property
    def rules_hash(self) -> str:
        """The hash of the rules by which the monitor judges."""
        return self._stored.rules_in_use or "not known yet"

    def judged(self, name: str, now: int) -> Assessment | None:  # noqa: ARG002
        """Assess one detention again for the facts behind what the store says of it."""
        result = next((each for each in self._shown if each.detention == name), None)
        detention = self._detentions.get(name)
        if result is None or detention is None:
            return result
        known = self._judged.get(name)
        if known is not None and known[0] is result:
            return known[1]
        ruleset = self.ruleset
        if self._reference is None:
            self._reference = ReferenceBackend(ruleset.plan)
        try:
            again = assess(detention, ruleset, result.as_of, backend=self._reference)
        except DetentionMonitorError:  # refused: there is nothing to explain by facts
            again = result
        self._judged = {name: (result, again)}
        return again

    # --- reading -------------------------------------------------------------------------------

    def _take_rules(self) -> None:
        """Explain by the rules by which the monitor judges: it keeps their files in the store."""
        name = self._stored.rules_in_use
        if not name or name == self._rules_of:
            return
        self._rules_of = name
        self._reference, self._judged = None, {}
        if name == self._own.hash:
            self.rules = self._own
            return
        why = "did not keep"
        try:
            kept = rules_kept(self._store, name, self._own.texts)
        except RuleFileError:  # a newer monitor's
            kept, why = None, "keeps in a form that this program cannot read"
        self.rules = kept or self._own
        if kept is None:
            self.rules.note = (
                f"The monitor judges by rules {name}, which it {why}. Reasons and law are told by "
                f"rules {self._own.hash}."
            )

    def _load(self) -> set[str]:
        """Read the entries of what is shown; return the detentions that have new ones."""
        wanted = {record for each in self._shown for record in each.records}
        missing = sorted(wanted - self._loaded)
        with self._store.read() as connection:
            fresh = [
                each for each in entries(connection, after=self._seq)
                if each.entry.record in self._loaded
            ] if self._seq else []  # fmt: skip
            top = connection.scalar(sa.select(sa.func.max(ENTRY.c.seq))) or 0
            fresh += entries_of(connection, missing)
        self._seq = top
        self._loaded |= set(missing)
        changed = set()
        for root in self._custody.add(sorted(fresh, key=lambda each: each.seq)):
            found, former = self._custody.detention(root)
            for name in former:
                self._detentions.pop(name, None)
            kept, _, _ = without_duplicates(found.entries)
            self._detentions[found.id] = Detention(found.id, tuple(kept), found.coverage)
            changed.add(found.id)
        return changed

    def _read_alerts(self, now: int) -> list[AlertLine]:
        """Read the alerts of detentions of which something is new; all of them now and then.

        An alert changes with an assessment, or with a row of the log.
        """
        shown = {each.detention for each in self._shown}
        with self._store.read() as connection:
            top = connection.scalar(sa.select(sa.func.max(LOG.c.seq))) or 0
            wanted = (shown - self._read.keys()) | (self._stored.moved & shown)
            if now >= self._all_read_at + _ALL_AGAIN or now < self._all_read_at:
                wanted, self._all_read_at = shown, now
            elif top != self._log_seq:
                new = sa.and_(LOG.c.seq > self._log_seq, LOG.c.what.in_(("alert", *WHATS)))
                keys = sa.select(LOG.c.key).where(new)
                of = sa.select(ALERT.c.detention).where(ALERT.c.key.in_(keys)).distinct()
                wanted |= shown.intersection(connection.scalars(of))
            for name in wanted:
                self._read[name] = []
            names = sorted(wanted)
            for start in range(0, len(names), _CHUNK):
                part = names[start : start + _CHUNK]
                for name, order, line in alert_lines(connection, part):
                    self._read[name].append((order, line))
        self._log_seq = top
        self._read = {name: lines for name, lines in self._read.items() if name in shown}
        every = [pair for lines in self._read.values() for pair in lines]
        return [line for _, line in sorted(every, key=itemgetter(0))]

    # --- acts ----------------------------------------------------------------------------------

    def looked(self, action: Action, now: int, name: str | None = None, detail: str = "") -> None:
        """Log that a person looked."""
        note(self._store, self._who, now, action, detention=name, detail=detail)

    def reload(self, now: int) -> str:
        """Ask the monitor to load its rules anew."""
        number = ask_reload(self._store, self._who, now)
        return f"asked the monitor to load its rules anew (row {number} of the log)"

    def publications(self) -> Sequence[Publication]:
        """Return what the monitor did with other rules, the latest first."""
        try:
            return publications(self._store)
        except StoreError:  # said by `warning`
            return ()

    def seal(self) -> tuple[int, str] | None:
        """Return how many rows the log has and the digest of the last."""
        wanted = sa.select(LOG.c.seq, LOG.c.digest).order_by(LOG.c.seq.desc()).limit(1)
        try:
            with self._store.read() as connection:
                row = connection.execute(wanted).one_or_none()
        except StoreError:  # said by `warning`
            return None
        return None if row is None else (row[0], row[1])

    def fault(self) -> str:
        """Return why the monitor does not use the rules in its files, if it does not."""
        return self._stored.fault or ""

    def acknowledge(self, alert: AlertLine, now: int, reason: str, until: int | None) -> str:
        """Take an alert on."""
        held = _held(alert)
        number = acknowledge(self._store, held, self._who, now, reason=reason, until=until)
        return self._acted(number)

    def shelve(self, alert: AlertLine, now: int, reason: str, until: int) -> str:
        """Put an alert aside for a while."""
        return self._acted(shelve(self._store, _held(alert), self._who, now, reason, until))

    def unshelve(self, alert: AlertLine, now: int) -> str:
        """Take an alert down from the shelf before its time."""
        return self._acted(unshelve(self._store, _held(alert), self._who, now))

    def set_aside(self, now: int) -> SetAsides:
        """Return what the feeds gave within a day and the monitor could not take."""
        if not self._aside_at <= now < self._aside_at + _ASIDE_AGAIN:
            try:
                self._aside, self._aside_at = set_asides(self._store, now - DAY), now
            except StoreError:  # said by `warning`
                return self._aside
            for each in reversed(self._aside.last):
                self._line_keys.setdefault(each.key, len(self._line_keys) + 1)
        return self._aside

    def line_number(self, line: SetAside) -> int | None:
        """Return the number of a line: the first that was shown has 1."""
        return self._line_keys.get(line.key)

    def see_line(self, number: int, now: int, reason: str) -> str:
        """Tick off a line that was not taken."""
        key = next((each for each, held in self._line_keys.items() if held == number), None)
        if key is None:
            raise NotHereError(f"no line has the number {number} here")
        done = self._acted(see(self._store, key, self._who, now, reason))
        self._aside_at = -_ASIDE_AGAIN
        return f"line {number} is ticked off: {done}"

    def give_reason(self, alert: AlertLine, now: int, reason: str) -> str:
        """Say why a deadline was missed."""
        return self._acted(give_reason(self._store, _held(alert), self._who, now, reason))

    def undo(self, now: int) -> str:
        """Take back the last act of this screen, within the seconds that the rules allow."""
        if self._last is None:
            raise NotHereError("nothing was done at this screen that could be taken back")
        number = undo(self._store, self._last, self._who, now)
        self._aside_at = -_ASIDE_AGAIN  # it may have been a line
        before, self._last = self._last, None
        return f"act {before} is taken back (act {number} in the log)"

    def _acted(self, number: int) -> str:
        self._last = number
        return f"act {number} in the log, by {self._who.name}"


def _held(alert: AlertLine) -> Held:
    """Return an alert as it stood on the screen: an act is refused where it is anything else now."""
    return Held(alert.key, alert.raised_at, version_of(structs.asdict(alert)))
