"""The life of an alert: a pure function of what was found, what people did, and the time (D8).

Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.live.alerts import (
    Act,
    Alert,
    AlertSettings,
    Change,
    deadlines,
    is_concern,
    sooner,
    stands,
)
from detention_monitor.live.limits import Limits
from detention_monitor.live.out_of_service import freed, silenced
from detention_monitor.live.sounding import Sounding, sounding_of

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
    alone = freed([change for change in history if change.at <= now], terms.pauses)
    known = [change for change in alone if change.at <= now]
    done = [act for act in acts if act.at <= now]
    life = _Life(known, done, now, terms, limits, sounding_of(known, now, terms))
    found = life.alert()
    if found is None:
        return None
    finding = next(each.finding for each in reversed(known) if each.finding)
    found = silenced(found, terms.pauses(finding.rule), now)
    if found.state == "new":
        found = _escalated(found, limits.escalates_after(finding.severity), now)
    later = [act.at for act in acts if act.at > now]  # by a screen whose clock is ahead of ours
    later += [change.at for change in alone if change.at > now]
    return replace(found, changes_at=sooner(found.changes_at, *later)) if later else found


def _escalated(found: Alert, after: int | None, now: int) -> Alert:
    if after is None:
        return found
    at = found.since + after + 1
    if now >= at:
        return replace(found, escalated_at=at)
    return replace(found, changes_at=sooner(found.changes_at, at))


@dataclass(frozen=True, slots=True)
class _Life:
    """What was found and done by an instant, and when the alert sounded."""

    history: Sequence[Change]
    acts: Sequence[Act]
    now: int
    terms: AlertSettings
    limits: Limits
    sounding: Sounding

    def alert(self) -> Alert | None:
        finding = self.history[-1].finding
        if finding is not None and stands(finding):
            return self._standing(finding)
        if finding is not None and _is_late(finding):
            return self._latched(finding, done=True)
        if finding is not None and finding.status == "due_soon" and is_concern(finding):
            return self._pending(finding)
        return self._over(finding)

    def _pending(self, finding: Finding) -> Alert:
        since = self._since_status()
        pending = Alert("pending", since, active=True, seen=self._seen_since(since))
        shelf = self._shelf(finding)
        if shelf is None:
            return pending
        if shelf[1] > self.now:
            return self._shelved(*shelf, pending)
        return replace(pending, since=max(since, shelf[1]))

    def _shelved(self, act: Act, until: int, otherwise: Alert) -> Alert:
        """Return what an alert is while somebody has put it aside; `otherwise` it would be that."""
        return replace(
            otherwise,
            state="shelved",
            since=act.at,
            seen=True,
            owner=act.who,
            expected_at=until,
            changes_at=sooner(until, self.sounding.silent_until),
        )

    def _standing(self, finding: Finding) -> Alert:
        late = finding.due_at is not None and finding.status in ("overdue", "missed")
        since, sounding = self._since_status(), self.sounding
        if finding.because_of:
            active = finding.status != "missed"
            return Alert("suppressed", since, active=active, deadline_missed=late)
        if sounding.raised_at is None or not self._sounded_in_this_run():
            seen, waits = self._seen_since(since), sounding.silent_until
            return Alert("due_not_yet_recorded", since, active=True, seen=seen, changes_at=waits)
        if finding.status == "missed":
            return self._latched(finding, done=False)
        reason = self._reason(finding)
        new = Alert(
            "new",
            sounding.raised_at,
            sounding.raised_at,
            active=True,
            seen=self._seen() is not None,
            deadline_missed=late,
            answered=reason is not None,
            times=sounding.times,
            changes_at=sounding.silent_until,
        )
        if reason and finding.status in ("broken", "matched"):
            return replace(new, state="closed", since=reason.at, active=False)
        shelf = None if late else self._shelf(finding)
        if shelf and shelf[1] > self.now:
            return self._shelved(*shelf, new)
        held = self._act("acknowledge", "reason")
        runs_out = None if held is None else self._runs_out(held, finding)
        if held is None or (runs_out is not None and self.now >= runs_out):
            since = max(new.since, runs_out or 0, shelf[1] if shelf else 0)
            return replace(new, since=since, bell=_rings(finding))
        return replace(
            new,
            state="acknowledged",
            since=held.at,
            owner=held.who,
            expected_at=held.until,
            changes_at=sooner(runs_out, sounding.silent_until),
        )

    def _runs_out(self, held: Act, finding: Finding) -> int | None:
        """Return when somebody's having taken it on counts no longer.

        After the time by which they expected it done; and of a critical one, a margin before its
        next deadline.
        """
        expected = None if held.until is None else held.until + 1
        if finding.severity != "critical":
            return expected
        again = [at - self.limits.shelf_margin for at in deadlines(finding)]
        return sooner(expected, *(at for at in again if at > held.at))

    def _latched(self, finding: Finding, *, done: bool) -> Alert:
        """Return a breach that nothing can undo: seen first, then answered with a reason."""
        seen, reason = self._seen(), self._reason(finding)
        since, raised_at = self._since_status(), self.sounding.raised_at
        missed = Alert(
            "missed",
            max(since, seen.at if seen else 0),
            raised_at,
            seen=seen is not None,
            deadline_missed=True,
            answered=reason is not None,
            times=self.sounding.times,
        )
        if reason is not None:
            return replace(missed, state="closed", since=max(since, reason.at))
        if finding.because_of:
            return replace(missed, state="suppressed", since=since)
        if raised_at is not None and seen is None:
            if done:
                return replace(missed, state="past_unseen", since=since)
            return replace(missed, state="new", since=raised_at, bell=_rings(finding))
        return missed

    def _over(self, finding: Finding | None) -> Alert | None:
        """Return what is left of an alert whose condition has gone: taken back, or over."""
        before = [each.finding for each in self.history[:-1] if each.finding is not None]
        shown = [each for each in before if stands(each) or _is_late(each)]
        if not shown:
            return None
        since, sounding = self._since_status(), self.sounding
        changed_at = since
        if sounding.times > 1 and stands(shown[-1]):  # it chatters: it may come back at once
            since += self.limits.chatter_hold + 1
            if self.now < since:
                held = self._standing(shown[-1])
                return replace(held, changes_at=sooner(held.changes_at, since))
        seen = self._seen()
        gone = Alert(
            "withdrawn",
            since,
            sounding.raised_at,
            seen=seen is not None,
            answered=self._act("reason") is not None,
            times=sounding.times,
        )
        if shown[-1].status == "not_recorded":  # the gap was filled
            if sounding.raised_at is not None and seen is None:
                return replace(gone, state="past_unseen")
            return replace(gone, state="closed", since=max(since, seen.at if seen else 0))
        if finding is not None and finding.done_at is not None:
            late = max(0, (changed_at - finding.done_at) // 60)
            gone = replace(gone, recorded_late=late)
        if seen is not None and seen.at >= since:
            return replace(gone, state="closed", since=seen.at)
        return gone

    # --- what people did ----------------------------------------------------------------------

    def _act(self, *kinds: str) -> Act | None:
        """Return the last act of some kinds upon the alert as it was last raised."""
        fitting = self._acts(*kinds)
        return fitting[-1] if fitting else None

    def _acts(self, *kinds: str) -> list[Act]:
        raised = self.sounding.raised_at
        return [act for act in self.acts if act.what in kinds and act.raised_at == raised]

    def _seen(self) -> Act | None:
        """Return the last act by somebody who thereby has seen the alert."""
        return self._act("acknowledge", "reason", "shelve")

    def _seen_since(self, began: int) -> bool:
        seen = self._seen()
        return seen is not None and seen.at >= began

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

    # --- since when ---------------------------------------------------------------------------

    def _since_status(self) -> int:
        """Return since when the finding has had the status that it has now."""
        last = self.history[-1]
        status = last.finding.status if last.finding else None
        since = last.at
        for change in reversed(self.history):
            if (change.finding.status if change.finding else None) != status:
                break
            since = change.at
        return since

    def _sounded_in_this_run(self) -> bool:
        """Whether it sounded since the condition last began to stand."""
        start = self.history[-1].at
        standing = False
        for change in reversed(self.history):
            if change.finding is None or not stands(change.finding):
                if standing:
                    break
                continue  # it is held though its condition went
            start, standing = change.at, True
        return self.sounding.last_at is not None and self.sounding.last_at >= start


def _rings(finding: Finding) -> bool:
    return _rank(finding) >= _BELL_FROM


def _is_late(finding: Finding) -> bool:
    return is_concern(finding) and finding.status == "met_late"


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)
