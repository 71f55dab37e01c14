"""What an alert is at an instant: a pure function of a finding's history, acts, and the time (D8).

Three facts are independent: is the condition active, has somebody seen it, was it answered (a
breach stays until a person gives a reason). The state is one word made of them for screens. Nothing
here reads a clock or a database; instants are seconds UTC; a limit is passed one second after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from detention_monitor.findings import SEVERITIES, Finding

State = Literal[
    "pending", "due_not_yet_recorded", "new", "acknowledged", "past_unseen", "missed",
    "withdrawn", "shelved", "suppressed", "closed",
]  # fmt: skip
"""`pending`: due soon. `past_unseen`: over before anybody saw it. `missed`: stays until a reason is
given. `withdrawn`: the record now shows that nothing was wrong. `suppressed`: follows from another.
`closed`: nothing is left to do about it."""
ATTENTION: tuple[State, ...] = ("new", "past_unseen", "missed")
"""States in which a person is asked for something."""
_LASTING = ("overdue", "missed", "broken", "matched", "not_recorded")
_BELL_FROM = SEVERITIES.index("medium")
SHELF_MARGIN = 600
"""A shelf ends this many seconds before the deadline at the latest."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a finding became at an instant; None: it is no longer found."""

    at: int
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did about an alert, as it was when they pressed the key (`raised_at`)."""

    at: int
    what: Literal["acknowledge", "reason", "shelve"]
    raised_at: int | None
    until: int | None = None
    """Acknowledged: when it is expected to be done. Shelved: for how long."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert at an instant; `changes_at` is when it changes by time alone."""

    state: State
    since: int
    raised_at: int | None = None
    active: bool = False
    seen: bool = False
    deadline_missed: bool = False
    answered: bool = False
    recorded_late: int | None = None
    """Whole minutes between the act and the entry that shows it, of what was withdrawn."""
    changes_at: int | None = None
    bell: bool = False


Grace = Callable[[int], int]
"""Seconds within which an act due at an instant may still be recorded without an alarm."""


def alert_of(
    history: Sequence[Change], acts: Sequence[Act], now: int, grace: Grace
) -> Alert | None:
    """Return the alert that a finding is at an instant; None where it was never one.

    `history` in order of time, a change for each instant at which the finding became different.
    """
    known = [change for change in history if change.at <= now]
    if not known or all(change.finding is None for change in known):
        return None
    found = _Life(known, [act for act in acts if act.at <= now], now, grace).alert()
    later = [act.at for act in acts if act.at > now]  # by a screen whose clock is ahead of ours
    if found is None or not later:
        return found
    return replace(found, changes_at=_sooner(found.changes_at, min(later)))


@dataclass(frozen=True, slots=True)
class _Raise:
    at: int
    severity: int


class _Life:
    def __init__(
        self, history: Sequence[Change], acts: Sequence[Act], now: int, grace: Grace
    ) -> None:
        self.history, self.acts, self.now, self.grace = history, acts, now, grace
        self.last = history[-1]
        self.raised, self.silent_until = self._raises()

    def _raises(self) -> tuple[_Raise | None, int | None]:
        """Return when the alert was last raised, and until when it is silent if it is not yet."""
        raised: _Raise | None = None
        told = -1
        waits: int | None = None
        for change, following in zip_longest(self.history, self.history[1:]):
            waits = None
            finding = change.finding
            if finding is None or not stands(finding):
                told = -1
                continue
            rank = SEVERITIES.index(finding.severity)
            if rank <= told or finding.because_of:
                continue
            at = self._sounds_at(change.at, finding)
            if following is not None and at >= following.at:
                continue  # it became something else within the grace
            if at > self.now:
                waits = at
            else:
                raised, told = _Raise(at, rank), rank
        return raised, waits

    def _sounds_at(self, at: int, finding: Finding) -> int:
        if finding.status != "overdue" or finding.due_at is None:
            return at
        return max(at, finding.due_at + self.grace(finding.due_at) + 1)

    def _act(self, *kinds: str) -> Act | None:
        """Return the last act of some kinds upon the alert as it was last raised."""
        raised = self.raised.at if self.raised else None
        fitting = [act for act in self.acts if act.what in kinds and act.raised_at == raised]
        return fitting[-1] if fitting else None

    def alert(self) -> Alert | None:
        finding = self.last.finding
        if finding is not None and stands(finding):
            return self._standing(finding)
        if finding is not None and finding.status == "met_late" and is_concern(finding):
            return self._latched(finding, done=True)
        if finding is not None and finding.status == "due_soon" and is_concern(finding):
            return self._pending(finding)
        return self._over(finding)

    def _pending(self, finding: Finding) -> Alert:
        shelf = self._act("shelve")
        if shelf and (until := _shelf_end(shelf, finding)) > self.now:
            return Alert("shelved", shelf.at, active=True, seen=True, changes_at=until)
        return Alert("pending", self._since_status(), active=True)

    def _standing(self, finding: Finding) -> Alert:
        late = finding.due_at is not None and finding.status in ("overdue", "missed")
        if finding.because_of:
            since = self._since_status()
            return Alert("suppressed", since, active=_active(finding), deadline_missed=late)
        if self.raised is None or not self._raised_in_this_run():
            waits = self.silent_until
            since = self._since_status()
            return Alert("due_not_yet_recorded", since, active=True, changes_at=waits)
        if finding.status == "missed":
            return self._latched(finding, done=False)
        seen, reason = self._act("acknowledge", "reason", "shelve"), self._act("reason")
        whole: dict[str, object] = {
            "raised_at": self.raised.at,
            "active": True,
            "seen": seen is not None,
            "deadline_missed": late,
            "answered": reason is not None,
        }
        if reason and finding.status in ("broken", "matched"):
            return _alert("closed", reason.at, whole | {"active": False}, self.silent_until)
        shelf = self._act("shelve")
        if shelf and not late and (until := _shelf_end(shelf, finding)) > self.now:
            return _alert("shelved", shelf.at, whole, _sooner(until, self.silent_until))
        held = self._act("acknowledge", "reason")
        if held is None or (held.until is not None and self.now > held.until):
            since = self.raised.at if held is None or held.until is None else held.until + 1
            since = max(since, _shelf_end(shelf, finding) if shelf else 0)
            whole |= {"seen": held is not None, "bell": self._rings(finding)}
            return _alert("new", since, whole, self.silent_until)
        runs_out = None if held.until is None else held.until + 1
        return _alert("acknowledged", held.at, whole, _sooner(runs_out, self.silent_until))

    def _latched(self, finding: Finding, *, done: bool) -> Alert:
        """Return a breach that nothing can undo: seen first, then answered with a reason."""
        seen, reason = self._act("acknowledge", "reason", "shelve"), self._act("reason")
        raised = self.raised.at if self.raised else None
        whole: dict[str, object] = {
            "raised_at": raised,
            "seen": seen is not None,
            "deadline_missed": True,
            "answered": reason is not None,
        }
        if reason is not None:
            return _alert("closed", reason.at, whole, None)
        if finding.because_of:
            return _alert("suppressed", self._since_status(), whole, None)
        if self.raised is not None and seen is None:
            if done:
                return _alert("past_unseen", self._since_status(), whole, None)
            return _alert("new", self.raised.at, whole | {"bell": self._rings(finding)}, None)
        since = max(self._since_status(), seen.at if seen else 0)
        return _alert("missed", since, whole, None)

    def _over(self, finding: Finding | None) -> Alert | None:
        """Return what is left of an alert whose condition has gone: taken back, or over."""
        before = [each.finding for each in self.history[:-1] if each.finding is not None]
        shown = [each for each in before if stands(each) or _is_late(each)]
        if not shown:
            return None
        seen = self._act("acknowledge", "reason", "shelve")
        whole: dict[str, object] = {
            "raised_at": self.raised.at if self.raised else None,
            "seen": seen is not None,
            "answered": self._act("reason") is not None,
        }
        since = self._since_status()
        if shown[-1].status == "not_recorded":  # the gap was filled
            if self.raised is not None and seen is None:
                return _alert("past_unseen", since, whole, None)
            return _alert("closed", max(since, seen.at if seen else 0), whole, None)
        done = finding.done_at if finding is not None else None
        late = None if done is None else max(0, (since - done) // 60)
        return _alert("withdrawn", since, whole | {"recorded_late": late}, None)

    def _since_status(self) -> int:
        """Return since when the finding has had the status that it has now."""
        status = self.last.finding.status if self.last.finding else None
        since = self.last.at
        for change in reversed(self.history):
            if (change.finding.status if change.finding else None) != status:
                break
            since = change.at
        return since

    def _raised_in_this_run(self) -> bool:
        """Whether the alert was raised since the condition last began to stand."""
        start = self.last.at
        for change in reversed(self.history):
            if change.finding is None or not stands(change.finding):
                break
            start = change.at
        return self.raised is not None and self.raised.at >= start

    def _rings(self, finding: Finding) -> bool:
        return SEVERITIES.index(finding.severity) >= _BELL_FROM


def _alert(state: State, since: int, facts: Mapping[str, object], changes_at: int | None) -> Alert:
    return Alert(state, since, changes_at=changes_at, **facts)  # type: ignore[arg-type]


def is_concern(finding: Finding) -> bool:
    """Whether a finding is about something to be put right, not good practice."""
    return finding.nature == "concern"


def stands(finding: Finding) -> bool:
    """Whether a finding says that something is wrong which is not yet done."""
    return is_concern(finding) and finding.status in _LASTING


def _active(finding: Finding) -> bool:
    return finding.status != "missed"


def _is_late(finding: Finding) -> bool:
    return is_concern(finding) and finding.status == "met_late"


def _sooner(*instants: int | None) -> int | None:
    return min((each for each in instants if each is not None), default=None)


def _shelf_end(shelf: Act, finding: Finding) -> int:
    """Return when a shelf ends: never later than a margin before the next deadline."""
    until = shelf.until if shelf.until is not None else shelf.at
    ahead = [grade.at for grade in finding.grades if grade.at is not None and not grade.passed]
    ahead += [finding.due_at] if finding.due_at is not None else []
    limits = [at - SHELF_MARGIN for at in ahead if at > shelf.at]
    return min([until, *limits])
