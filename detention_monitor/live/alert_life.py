"""The life of an alert: when it sounds, and what it is after what was found and what people did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.live.alerts import (
    Act,
    Alert,
    AlertSettings,
    Change,
    Pauses,
    State,
    deadlines,
    is_concern,
    stands,
)
from detention_monitor.values import changed

_BELL_FROM = SEVERITIES.index("medium")


def alert_of(
    history: Sequence[Change], acts: Sequence[Act], now: int, terms: AlertSettings
) -> Alert | None:
    """Return the alert that a finding is at an instant; None where it was never one.

    `history` in order of time, a change for each instant at which the finding became different.
    The limits are those in force when it was first found; of a shelf, when it was put aside.
    """
    if not any(change.finding for change in history if change.at <= now):
        return None
    limits = terms.limits(history[0].at)
    freed = _freed([change for change in history if change.at <= now], terms.pauses)
    known = [change for change in freed if change.at <= now]
    found = _Life(known, [act for act in acts if act.at <= now], now, terms).alert()
    if found is None:
        return None
    finding = next(each.finding for each in reversed(known) if each.finding)
    found = _in_service(found, terms.pauses(finding.rule), now)
    if found.state == "new":
        found = _escalated(found, limits.escalates_after(finding.severity), now)
    later = [act.at for act in acts if act.at > now]  # by a screen whose clock is ahead of ours
    later += [change.at for change in freed if change.at > now]
    return replace(found, changes_at=_sooner(found.changes_at, *later)) if later else found


def _freed(history: Sequence[Change], pauses: Pauses) -> list[Change]:
    """Let a finding stand by itself while the rule of its cause is out of service.

    Otherwise nobody would hear of either. The ends of such times may lie in the future.
    """
    out: list[Change] = []
    for change, following in zip_longest(history, history[1:]):
        out.append(change)
        finding, end = change.finding, following.at if following else None
        if finding is None or not finding.because_of:
            continue
        alone = changed(finding, because_of=None)
        for begin, stop in sorted(pauses(change.cause)):
            start = max(begin, change.at)
            if stop <= start or (end is not None and start >= end):
                continue
            if out[-1].at == start:
                out.pop()
            out.append(Change(start, alone))
            if end is None or stop < end:
                out.append(replace(change, at=stop))
    return out


def _in_service(found: Alert, pauses: Sequence[tuple[int, int]], now: int) -> Alert:
    """Silence an alert while its rule is out of service; afterwards it is as if it came then."""
    for start, stop in sorted(pauses):
        if now < start:
            found = replace(found, changes_at=_sooner(found.changes_at, start))
        elif found.state in ("closed", "withdrawn"):
            continue
        elif now < stop:
            change = _sooner(found.changes_at, stop)
            since = max(found.since, start)
            found = replace(
                found, state="out_of_service", since=since, bell=False, changes_at=change
            )
        elif start <= found.since < stop:
            found = replace(found, since=stop)
    return found


def _escalated(found: Alert, after: int | None, now: int) -> Alert:
    if after is None:
        return found
    at = found.since + after + 1
    if now >= at:
        return replace(found, escalated_at=at)
    return replace(found, changes_at=_sooner(found.changes_at, at))


@dataclass(frozen=True, slots=True)
class _Raise:
    at: int
    severity: int


class _Life:
    def __init__(
        self,
        history: Sequence[Change],
        acts: Sequence[Act],
        now: int,
        terms: AlertSettings,
    ) -> None:
        self.history, self.acts, self.now, self.terms = history, acts, now, terms
        self.limits = terms.limits(history[0].at)
        self.last = history[-1]
        self.raised: _Raise | None = None
        """When it was last raised, so that what people did before counts no longer."""
        self.sounded: list[_Raise] = []
        self.times = 1
        self.silent_until = self._raises()

    def _raises(self) -> int | None:
        """Find when the alert sounded; return until when it is silent if it does not yet."""
        told = -1
        fell: int | None = None
        waits: int | None = None
        for change, following in zip_longest(self.history, self.history[1:]):
            waits = None
            finding = change.finding
            if finding is None or not stands(finding):
                told = -1
                fell = change.at if fell is None else fell
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
                self._sound(_Raise(at, rank), fell)
                told, fell = rank, None
        return waits

    def _sounds_at(self, at: int, finding: Finding) -> int:
        due = finding.due_at if finding.status == "overdue" else finding.asked_at
        return at if due is None else max(at, due + self.terms.grace(due) + 1)

    def _sound(self, new: _Raise, fell: int | None) -> None:
        """Raise it, unless it chatters: then it is one alert, and who took it on still has it."""
        burst = [each for each in self.sounded if new.at - each.at <= self.limits.chatter_within]
        held = self.times > 1 and fell is not None and new.at <= fell + self.limits.chatter_hold
        if held:
            self.times += 1
        else:
            chatters = len(burst) + 1 >= self.limits.chatter_times
            self.times = len(burst) + 1 if chatters else 1
        told = [each.severity for each in self.sounded if self.raised and each.at >= self.raised.at]
        if self.times == 1 or new.severity > max(told):
            self.raised = new
        self.sounded.append(new)

    def _act(self, *kinds: str) -> Act | None:
        """Return the last act of some kinds upon the alert as it was last raised."""
        fitting = self._acts(*kinds)
        return fitting[-1] if fitting else None

    def _acts(self, *kinds: str) -> list[Act]:
        raised = self.raised.at if self.raised else None
        return [act for act in self.acts if act.what in kinds and act.raised_at == raised]

    def _reason(self, finding: Finding) -> Act | None:
        """Return why the deadline was missed: nobody can say so before it passed."""
        due = finding.due_at if finding.status in ("overdue", "missed", "met_late") else None
        fitting = [act for act in self._acts("reason") if due is None or act.at > due]
        return fitting[-1] if fitting else None

    def _shelf(self, finding: Finding) -> tuple[Act, int] | None:
        """Return the last shelving that still counts, and when it ends.

        It ends as soon as the alert becomes more serious or a person takes it down again, and a
        margin before the next deadline.
        """
        shelves = self._acts("shelve")
        if not shelves:
            return None
        shelf = shelves[-1]
        limits = self.terms.limits(shelf.at)
        if finding.severity == "critical" and len(shelves) > limits.shelf_times_critical:
            return None
        graver = shelf.severity is not None and _rank(finding) > SEVERITIES.index(shelf.severity)
        later = self._act("acknowledge", "reason")
        if graver or (later is not None and later.at > shelf.at):
            return None
        longest = shelf.at + limits.shelf(finding.severity)
        ends = [shelf.until if shelf.until is not None else shelf.at, longest]
        ends += [at - limits.shelf_margin for at in deadlines(finding) if at > shelf.at]
        last = self._acts("shelve", "unshelve")[-1]
        ends += [last.at] if last.what == "unshelve" else []
        return shelf, max(shelf.at, min(ends))

    def alert(self) -> Alert | None:
        finding = self.last.finding
        if finding is not None and stands(finding):
            return self._standing(finding)
        if finding is not None and _is_late(finding):
            return self._latched(finding, done=True)
        if finding is not None and finding.status == "due_soon" and is_concern(finding):
            return self._pending(finding)
        return self._over(finding)

    def _pending(self, finding: Finding) -> Alert:
        shelf = self._shelf(finding)
        if shelf and shelf[1] > self.now:
            return self._shelved(*shelf, {"active": True})
        since = max(self._since_status(), shelf[1] if shelf else 0)
        return Alert("pending", since, active=True, seen=self._seen_since(self._since_status()))

    def _seen_since(self, began: int) -> bool:
        seen = self._act("acknowledge", "reason", "shelve")
        return seen is not None and seen.at >= began

    def _shelved(self, act: Act, until: int, facts: Mapping[str, object]) -> Alert:
        whole = {**facts, "seen": True, "owner": act.who, "expected_at": until}
        return _alert("shelved", act.at, whole, _sooner(until, self.silent_until))

    def _standing(self, finding: Finding) -> Alert:
        late = finding.due_at is not None and finding.status in ("overdue", "missed")
        since = self._since_status()
        if finding.because_of:
            return Alert("suppressed", since, active=_active(finding), deadline_missed=late)
        if self.raised is None or not self._sounded_in_this_run():
            waits, seen = self.silent_until, self._seen_since(since)
            return Alert("due_not_yet_recorded", since, active=True, seen=seen, changes_at=waits)
        if finding.status == "missed":
            return self._latched(finding, done=False)
        seen_by, reason = self._act("acknowledge", "reason", "shelve"), self._reason(finding)
        whole: dict[str, object] = {
            "raised_at": self.raised.at,
            "active": True,
            "seen": seen_by is not None,
            "deadline_missed": late,
            "answered": reason is not None,
            "times": self.times,
        }
        if reason and finding.status in ("broken", "matched"):
            return _alert("closed", reason.at, whole | {"active": False}, self.silent_until)
        shelf = None if late else self._shelf(finding)
        if shelf and shelf[1] > self.now:
            return self._shelved(*shelf, whole)
        held = self._act("acknowledge", "reason")
        runs_out = None if held is None else self._runs_out(held, finding)
        if held is None or (runs_out is not None and self.now >= runs_out):
            since = max(self.raised.at, runs_out or 0, shelf[1] if shelf else 0)
            return _alert("new", since, whole | {"bell": self._rings(finding)}, self.silent_until)
        whole |= {"owner": held.who, "expected_at": held.until}
        return _alert("acknowledged", held.at, whole, _sooner(runs_out, self.silent_until))

    def _runs_out(self, held: Act, finding: Finding) -> int | None:
        """Return when somebody's having taken it on counts no longer.

        After the time by which they expected it done; and of a critical one, a margin before its
        next deadline.
        """
        expected = None if held.until is None else held.until + 1
        if finding.severity != "critical":
            return expected
        again = [at - self.limits.shelf_margin for at in deadlines(finding) if at > held.at]
        return _sooner(expected, *(at for at in again if at > held.at))

    def _latched(self, finding: Finding, *, done: bool) -> Alert:
        """Return a breach that nothing can undo: seen first, then answered with a reason."""
        seen, reason = self._act("acknowledge", "reason", "shelve"), self._reason(finding)
        raised = self.raised.at if self.raised else None
        whole: dict[str, object] = {
            "raised_at": raised,
            "seen": seen is not None,
            "deadline_missed": True,
            "answered": reason is not None,
            "times": self.times,
        }
        since = self._since_status()
        if reason is not None:
            return _alert("closed", max(since, reason.at), whole, None)
        if finding.because_of:
            return _alert("suppressed", since, whole, None)
        if self.raised is not None and seen is None:
            if done:
                return _alert("past_unseen", since, whole, None)
            return _alert("new", self.raised.at, whole | {"bell": self._rings(finding)}, None)
        return _alert("missed", max(since, seen.at if seen else 0), whole, None)

    def _over(self, finding: Finding | None) -> Alert | None:
        """Return what is left of an alert whose condition has gone: taken back, or over."""
        before = [each.finding for each in self.history[:-1] if each.finding is not None]
        shown = [each for each in before if stands(each) or _is_late(each)]
        if not shown:
            return None
        since = self._since_status()
        if self.times > 1 and stands(shown[-1]):  # it chatters: what went may come back at once
            freed = since + self.limits.chatter_hold + 1
            if self.now < freed:
                held = self._standing(shown[-1])
                return replace(held, changes_at=_sooner(held.changes_at, freed))
            since = freed
        seen = self._act("acknowledge", "reason", "shelve")
        whole: dict[str, object] = {
            "raised_at": self.raised.at if self.raised else None,
            "seen": seen is not None,
            "answered": self._act("reason") is not None,
            "times": self.times,
        }
        if shown[-1].status == "not_recorded":  # the gap was filled
            if self.raised is not None and seen is None:
                return _alert("past_unseen", since, whole, None)
            return _alert("closed", max(since, seen.at if seen else 0), whole, None)
        done = finding.done_at if finding is not None else None
        late = None if done is None else max(0, (self._since_status() - done) // 60)
        whole |= {"recorded_late": late}
        if seen is not None and seen.at >= since:
            return _alert("closed", seen.at, whole, None)
        return _alert("withdrawn", since, whole, None)

    def _since_status(self) -> int:
        """Return since when the finding has had the status that it has now."""
        status = self.last.finding.status if self.last.finding else None
        since = self.last.at
        for change in reversed(self.history):
            if (change.finding.status if change.finding else None) != status:
                break
            since = change.at
        return since

    def _sounded_in_this_run(self) -> bool:
        """Whether it sounded since the condition last began to stand."""
        start = self.last.at
        standing = False
        for change in reversed(self.history):
            if change.finding is None or not stands(change.finding):
                if standing:
                    break
                continue  # it is held though its condition went
            start, standing = change.at, True
        return self.sounded[-1].at >= start

    def _rings(self, finding: Finding) -> bool:
        return _rank(finding) >= _BELL_FROM


def _alert(state: State, since: int, facts: Mapping[str, object], changes_at: int | None) -> Alert:
    return Alert(state, since, changes_at=changes_at, **facts)  # type: ignore[arg-type]


def _active(finding: Finding) -> bool:
    return finding.status != "missed"


def _is_late(finding: Finding) -> bool:
    return is_concern(finding) and finding.status == "met_late"


def _sooner(*instants: int | None) -> int | None:
    return min((each for each in instants if each is not None), default=None)


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)
