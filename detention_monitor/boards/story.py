"""A desk over entries that are played by a clock: the demonstration, and replay of what was.

As known, an entry counts from when it was recorded (from when it happened where that is not
known); as happened, the corrected record counts from the beginning, up to the instant shown.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.boards.desk import AlertLine, Desk, NotHereError, PassedOver
from detention_monitor.boards.in_use import InUse
from detention_monitor.boards.story_alerts import StoryAlerts
from detention_monitor.detention import Detention, Reading, detentions_of
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.links import record_name
from detention_monitor.live.alerts import Act
from detention_monitor.live.not_taken import SetAside, SetAsides
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.vocabulary import Coverage

Judge = Callable[[Detention, int], Assessment]
"""What assesses a detention as of an instant (seconds UTC)."""


def judging(ruleset: RuleSet, backend: Backend) -> Judge:
    """Return what assesses here, with the facts behind each finding."""
    return lambda detention, as_of: assess(detention, ruleset, as_of, backend=backend)


def arrival(entry: CustodyEvent) -> int:
    """Return when an entry became known (seconds UTC)."""
    return entry.at if entry.recorded_at is None else entry.recorded_at


def coverage_of(pairs: Iterable[tuple[CustodyEvent, Coverage]]) -> dict[str, Coverage]:
    """Return by record what its sources together do not carry, from entries and what theirs carries."""
    parts: dict[str, set[Coverage]] = {}
    for entry, coverage in pairs:
        parts.setdefault(record_name(entry.force, entry.record), set()).add(coverage)
    return {name: Coverage.of_all(found) for name, found in parts.items()}


def coverage_by(detentions: Iterable[Detention]) -> dict[str, Coverage]:
    """Return by record what its sources do not carry, of whole detentions."""
    return coverage_of((entry, each.coverage) for each in detentions for entry in each.entries)


class StoryDesk(Desk):
    """See the module. With `practice`, acts are taken, kept in memory and nowhere else."""

    live = False

    def __init__(
        self,
        entries: Iterable[CustodyEvent],
        ruleset: RuleSet,
        judge: Judge,
        *,
        reading: Reading = "as_known",
        practice: bool = False,
        title: str = "REPLAY",
        coverage: Mapping[str, Coverage] = MappingProxyType({}),
        ready: Callable[[], bool] = lambda: True,
        aside: Sequence[SetAside] = (),
    ) -> None:
        """Put the entries in order of arrival; nothing has arrived yet.

        `coverage`: by record (as `record_name` names it), what its source does not carry.
        `ready`: whether what judges can answer at once; until then a look judges nothing.
        `aside`: the lines of the story that could not be read.
        """
        super().__init__(InUse.of(ruleset))
        self.acts, self.title = practice, title
        self._judge_by, self.coverage, self._ready = judge, coverage, ready
        self._aside = tuple(aside)
        self.jumped: PassedOver | None = None
        """What came up between the ends of the last jump ahead."""
        self._round, self._judged_in = 0, dict[str, int]()
        self._entries = sorted(entries, key=lambda each: (arrival(each), each.at))
        self._arrivals = [arrival(each) for each in self._entries]
        self._reading: Reading = reading
        self._count = -1
        self._now = -1
        self._detentions: dict[str, Detention] = {}
        self._known: dict[str, tuple[Detention, Assessment]] = {}
        self._alerts = StoryAlerts(ruleset.parameters)
        self._reference: ReferenceBackend | None = None
        self._explained: tuple[Assessment | None, Assessment | None] = (None, None)

    @property
    def start(self) -> int:
        """When the first entry arrived or happened (seconds UTC)."""
        return min((each.at for each in self._entries), default=0)

    @property
    def end(self) -> int:
        """When the last entry arrived or happened, or the last thing was due that came after."""
        return max((max(each.at, arrival(each)) for each in self._entries), default=0)

    @property
    def entries(self) -> Sequence[CustodyEvent]:
        """All entries, in order of arrival."""
        return self._entries

    @property
    def reading(self) -> Reading:
        """How the past is read."""
        return self._reading

    @property
    def undated(self) -> int:
        """How many entries do not say when they were recorded."""
        return sum(each.recorded_at is None for each in self._entries)

    def read(self, reading: Reading) -> None:
        """Read the past in the other way, from the next look on."""
        self._reading, self._count, self.jumped, self._known = reading, -1, None, {}
        self._alerts.forget()

    def assessments(self) -> Sequence[Assessment]:
        """Return the last assessment of every detention that has begun."""
        return [result for _, result in self._known.values() if result.refused != "no_entries"]

    def set_aside(self, now: int) -> SetAsides:  # noqa: ARG002
        """Return the lines of the story that could not be read."""
        return SetAsides(len(self._aside), self._aside[:100])

    def passed_over(self) -> PassedOver | None:
        """Return what came and went again in the last jump ahead; nothing while children wait."""
        if self.jumped is None or self.pending is not None:
            return None
        standing = {each.key for each in self._alerts.lines if each.state != "withdrawn"}
        came = tuple(each for each in self.jumped.came if each[3] not in standing)
        return PassedOver(self.jumped.start, self.jumped.end, came)

    def detention(self, name: str) -> Detention | None:
        """Return the entries of a detention, as far as they count."""
        return self._detentions.get(name)

    def look(self, now: int) -> bool:
        """Bring everything to an instant; it may lie before the last one."""
        before, self._now = self._now, now
        count = len(self._entries)
        if self._reading == "as_known":
            count = bisect_right(self._arrivals, now)
        if count != self._count:
            self._count = count
            found = detentions_of(self._entries[:count], self.coverage)
            self._detentions = {each.id: each for each in found}
        back = now < before
        if back:
            self._alerts.forget(now)
        moved = self._judge(now) or back
        if moved or now >= self._alerts.shown_until:
            self._alerts.show(now)
        return moved

    def _judge(self, now: int) -> bool:
        """Judge what does not hold any more, as far as patience goes, the longest waiting first."""
        known = {name: self._known[name] for name in self._detentions if name in self._known}
        moved = known.keys() != self._known.keys()
        stale = [
            name for name, each in self._detentions.items()
            if name not in known or not _holds(known[name], each, now)
        ]  # fmt: skip
        stale.sort(key=lambda name: self._judged_in.get(name, 0))
        end, left = time.monotonic() + self.patience, len(stale)
        self._round += 1
        for name in stale if self._ready() else ():
            known[name] = (self._detentions[name], self._assessed(self._detentions[name], now))
            self._alerts.remember(name, known[name][1], now)
            self._judged_in[name] = self._round
            left -= 1
            if time.monotonic() >= end:
                break
        whole = len(self._detentions)
        self.pending = (whole - left, whole) if left else None
        self._known = {name: known[name] for name in self._detentions if name in known}
        return moved or left < len(stale)

    def _assessed(self, detention: Detention, now: int) -> Assessment:
        try:
            return self._judge_by(detention, now)
        except DetentionMonitorError as error:
            return Assessment(
                detention.id, detention.records, now,
                refused="cannot_judge", refused_because=str(error),
            )  # fmt: skip

    def alerts(self) -> Sequence[AlertLine]:
        """Return the alerts as they stand, those that ask for something first."""
        return self._alerts.lines

    def judged(self, name: str, now: int) -> Assessment | None:  # noqa: ARG002
        """Return the assessment with its facts: worked out again where it came without them."""
        known = self._known.get(name)
        if known is None or known[1].facts or known[1].refused is not None:
            return known[1] if known else None
        if self._reference is None:
            self._reference = ReferenceBackend(self.ruleset.plan)
        if self._explained[0] is not known[1]:
            detention, result = known
            again = assess(detention, self.ruleset, result.as_of, backend=self._reference)
            self._explained = (result, again)
        return self._explained[1]

    # --- practice ------------------------------------------------------------------------------

    def acknowledge(self, alert: AlertLine, now: int, reason: str, until: int | None) -> str:
        """Take an alert on, for practice."""
        return self._act(Act(now, "acknowledge", alert.raised_at, until), reason, alert)

    def shelve(self, alert: AlertLine, now: int, reason: str, until: int) -> str:
        """Put an alert aside, for practice."""
        return self._act(Act(now, "shelve", alert.raised_at, until), reason, alert)

    def unshelve(self, alert: AlertLine, now: int) -> str:
        """Take an alert down from the shelf, for practice."""
        return self._act(Act(now, "unshelve", alert.raised_at), "", alert)

    def give_reason(self, alert: AlertLine, now: int, reason: str) -> str:
        """Say why a deadline was missed, for practice."""
        return self._act(Act(now, "reason", alert.raised_at), reason, alert)

    def undo(self, now: int) -> str:
        """Take back what was done last, for practice."""
        self._alerts.undo(now)
        return "taken back"

    def _act(self, act: Act, reason: str, alert: AlertLine) -> str:
        if not self.acts:
            raise NotHereError("no acts here: this board plays back what was")
        self._alerts.take(act, reason, alert)
        return "kept for this demonstration only"


def _holds(known: tuple[Detention, Assessment], detention: Detention, now: int) -> bool:
    """Whether an assessment still holds: the same entries, and no change since."""
    before, result = known
    same = before is detention or before.entries == detention.entries
    changed = result.next_change_at is not None and now >= result.next_change_at
    return same and not changed and now >= result.as_of
