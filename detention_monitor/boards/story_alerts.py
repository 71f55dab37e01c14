"""The alerts of a story: what was found as its clock was moved, and what was done about it in practice."""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor.assess import Assessment
from detention_monitor.boards.desk import AlertLine, NotHereError
from detention_monitor.findings import Finding
from detention_monitor.live.alert_life import alert_of
from detention_monitor.live.alerts import Act, Alert, Change, alert_settings, is_near
from detention_monitor.live.may_act import ActError, check_act
from detention_monitor.parameters import Parameters

_Taken = tuple[Act, str]
"""An act, and the reason that was given."""


class StoryAlerts:
    """Alerts as they stand at the instant shown last; instants are seconds UTC."""

    def __init__(self, parameters: Parameters) -> None:
        """Know of nothing found, and of nothing done."""
        self.lines: Sequence[AlertLine] = ()
        """As they stand, those that ask for something first."""
        self.shown_until = -1
        """When one of them changes by time alone."""
        self._terms = alert_settings(parameters)
        self._histories: dict[str, list[Change]] = {}
        self._of: dict[str, str] = {}
        self._judged_at: dict[str, int] = {}
        """Up to which instant the alerts of a detention are known."""
        self._taken: dict[str, list[_Taken]] = {}
        self._last: tuple[str, Act] | None = None

    def forget(self, beyond: int = -1) -> None:
        """Drop the alerts of every detention that was judged at an instant beyond this one.

        They are worked out from its beginning, so that they are the same from wherever one comes.
        """
        ahead = {name for name, at in self._judged_at.items() if at > beyond}
        for name in ahead:
            del self._judged_at[name]
        for key in [key for key in self._histories if self._of[key] in ahead]:
            del self._histories[key]

    def remember(self, name: str, result: Assessment, now: int) -> None:
        """Add what was found of a detention; the child may have waited for it since another look."""
        before = self._judged_at.get(name, -1)
        self._judged_at[name] = now
        found = {each.key: each for each in result.findings}
        for key, finding in found.items():
            if key not in self._histories and not is_near(finding):
                continue
            history = self._histories.setdefault(key, [])
            self._of[key] = name
            if not history or history[-1].finding != finding:
                history.append(Change(_when(finding, before, now), finding))
        for key, history in self._histories.items():
            if self._of[key] == name and key not in found and history[-1].finding is not None:
                history.append(Change(now, None))

    def show(self, now: int) -> None:
        """Bring the lines to an instant."""
        lines, turns = [], []
        for key, history in self._histories.items():
            taken = self._taken.get(key, ())
            known = [each for each in history if each.at <= now]
            alert = alert_of(known, [act for act, _ in taken], now, self._terms)
            last = next((each.finding for each in reversed(known) if each.finding), None)
            if alert is None or last is None:
                continue
            if alert.changes_at is not None:
                turns.append(alert.changes_at)
            done = [each for each in taken if each[0].at <= now]
            lines.append(_line(self._of[key], last, alert, done[-1] if done else None))
        self.lines = sorted(lines, key=lambda each: each.order)
        self.shown_until = min(turns, default=2**62)

    def take(self, act: Act, reason: str, alert: AlertLine) -> None:
        """Keep an act upon an alert as it was shown; raise `ActError` as in earnest."""
        current = next((each for each in self.lines if each.key == alert.key), None)
        if current is None or _as_shown(current) != _as_shown(alert):
            raise ActError("the alert has changed since it was shown; look at it first")
        before = [each for each, _ in self._taken.get(alert.key, ())]
        shelved = sum(a.what == "shelve" and a.raised_at == act.raised_at for a in before)
        check_act(act, reason, alert, self._terms.limits(act.at), shelved)
        self._taken.setdefault(alert.key, []).append((act, reason))
        self._last = (alert.key, act)
        self.show(act.at)

    def undo(self, now: int) -> None:
        """Take back what was done last, within the same seconds as in earnest."""
        if self._last is None:
            raise NotHereError("nothing was done at this screen that could be taken back")
        key, act = self._last
        most = self._terms.limits(now).alert_undo
        if now - act.at > most:
            raise ActError(f"it can be taken back for {most} seconds only; act upon it anew")
        self._taken[key] = [each for each in self._taken[key] if each[0] is not act]
        self._last = None
        self.show(now)


def _line(name: str, finding: Finding, alert: Alert, taken: _Taken | None) -> AlertLine:
    act, reason = taken or (None, "")
    return AlertLine(
        key=finding.key, detention=name, record=finding.record, rule=finding.rule,
        duty=finding.duty, severity=finding.severity, authority=finding.authority,
        state=alert.state, since=alert.since, raised_at=alert.raised_at,
        due_at=finding.due_at, message=finding.message, seen=alert.seen,
        active=alert.active, deadline_missed=alert.deadline_missed,
        answered=alert.answered, recorded_late=alert.recorded_late,
        who="you" if act else "", reason=reason, until=act.until if act else None,
        times=alert.times, escalated_at=alert.escalated_at,
    )  # fmt: skip


def _when(finding: Finding, before: int, now: int) -> int:
    """Return when a finding became what it is, between two judgings that may lie far apart."""
    match finding.status:
        case "overdue" | "missed":
            at = _as_grave_from(finding) or now
        case "met_late":
            at = finding.done_at or now
        case "broken" | "matched" | "not_recorded":
            at = finding.occurred_at or finding.arose_at or now
        case _:
            return now
    return min(now, max(at, before + 1))


def _as_grave_from(finding: Finding) -> int | None:
    """Return since when a finding has been as grave: a later step may only change whose law it is."""
    if finding.due_at is None:
        return None
    passed = [each for each in finding.grades if each.passed and each.at is not None]
    now = [each.severity for each in passed if each.at == finding.due_at]
    alike = [each.at for each in passed if each.severity in now and each.at is not None]
    return min(alike, default=finding.due_at) + 1


def _as_shown(alert: AlertLine) -> tuple[object, ...]:
    """Return what an act is held to: an alert that became anything else must be looked at first."""
    return alert.state, alert.raised_at, alert.severity, alert.due_at, alert.deadline_missed
